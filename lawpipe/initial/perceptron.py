"""The perceptron's initial parameters, drawn with NumPy alone: no need to start PyTorch for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lawpipe.data import examples
from lawpipe.initial import Parameter, generator


def draw(settings: Mapping[str, Any], train: Path) -> list[Parameter]:
    """Draw theta0 ~ U(-1/sqrt(D), 1/sqrt(D)), [D], PyTorch's default for a linear layer (the authors' code)."""
    dimension = examples.load(train).features.shape[1]
    bound = dimension**-0.5
    values = generator(settings).uniform(-bound, bound, dimension)
    return [("weight", (1, dimension), values.astype(np.float32))]
