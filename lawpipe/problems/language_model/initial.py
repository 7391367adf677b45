"""A language model's initial parameters, as its architecture draws them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lawpipe.problems.initial import Parameter, generator
from lawpipe.problems.language_model.models.base import build_model


def draw(settings: Mapping[str, Any], train: Path) -> list[Parameter]:
    """Draw theta0; the training examples are not needed for it."""
    model = build_model(settings)
    values = model.initialise(generator(settings))
    return [(name, shape, values[name].astype(np.float32).ravel()) for name, shape in model.shapes.items()]
