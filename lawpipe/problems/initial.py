"""Initial parameters of a problem, from the function `draw` of the module `initial` in its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.run import random, registry

#: Name, shape and values of a parameter tensor, a row of theta0.parquet; linear weights are (out, in).
Parameter = tuple[str, tuple[int, ...], npt.NDArray[Any]]


def draw(settings: Mapping[str, Any], train: Path) -> list[Parameter]:
    """Draw the parameter tensors of the problem that the settings name, in the order of theta."""
    parameters: list[Parameter] = registry.load("initial", settings["problem"]).draw(settings, train)
    return parameters


def generator(settings: Mapping[str, Any]) -> np.random.Generator:
    """Return the random generator of the initial parameters: of the seed, and of the draw `initialisation` if set."""
    draw = settings.get("initialisation")
    return random.generator(settings["seed"], "initialisation", *([] if draw is None else [str(draw)]))
