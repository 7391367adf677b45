"""Initial parameters of the perceptron, drawn without importing PyTorch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lawpipe.problems.initial import Parameter, generator
from lawpipe.problems.perceptron import labelled


def draw(settings: Mapping[str, Any], train: Path) -> list[Parameter]:
    """Draw theta0 ~ U(-1/sqrt(D), 1/sqrt(D)), [D], PyTorch's default for a linear layer (the authors' code)."""
    dimension = labelled.load(train).features.shape[1]
    bound = dimension**-0.5
    values = generator(settings).uniform(-bound, bound, dimension)
    return [("weight", (1, dimension), values.astype(np.float32))]
