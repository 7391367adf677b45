"""The initial parameters: a module for each problem, of the same name, with a function `draw`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.run import random, registry

#: A parameter tensor's name, shape and values: a row of theta0.parquet. Linear weights are (out, in).
Parameter = tuple[str, tuple[int, ...], npt.NDArray[Any]]


def draw(settings: Mapping[str, Any], train: Path) -> list[Parameter]:
    """Draw the parameters of a stage's settings, in the order in which they stand in theta."""
    parameters: list[Parameter] = registry.load("initial", settings["problem"]).draw(settings, train)
    return parameters


def generator(settings: Mapping[str, Any]) -> np.random.Generator:
    """Return the random generator of a stage's parameters: that of its seed, or of another draw for the same seed."""
    draw = settings.get("initialisation")
    return random.generator(settings["seed"], "initialisation", *([] if draw is None else [str(draw)]))
