"""The initial parameters of every problem, drawn with NumPy alone: no need to start PyTorch for it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe import seeds
from lawpipe.data import examples

#: A parameter tensor's name, shape and values: a row of theta0.parquet. Linear weights are (out, in).
Parameter = tuple[str, tuple[int, ...], npt.NDArray[Any]]


def perceptron(settings: Mapping[str, Any], train: Path) -> list[Parameter]:
    """Draw theta0 ~ U(-1/sqrt(D), 1/sqrt(D)), [D], PyTorch's default for a linear layer (the authors' code)."""
    dimension = examples.load(train).features.shape[1]
    bound = dimension**-0.5
    values = seeds.generator(settings["seed"], "initialisation").uniform(-bound, bound, dimension)
    return [("weight", (1, dimension), values.astype(np.float32))]


#: How each problem draws its parameters, in the order in which they stand in theta; a new problem adds a line.
INITIALISERS: dict[str, Callable[[Mapping[str, Any], Path], list[Parameter]]] = {"perceptron": perceptron}
