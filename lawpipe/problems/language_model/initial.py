"""Initial parameters of a language model, drawn by its architecture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lawpipe.problems.initial import Parameter, generator
from lawpipe.problems.language_model.models.base import build_model


def draw(settings: Mapping[str, Any], train: Path) -> list[Parameter]:
    """Draw theta0, float32; the training examples are not used."""
    model = build_model(settings)
    values = model.initialise(generator(settings))
    return [(name, shape, values[name].astype(np.float32).ravel()) for name, shape in model.shapes.items()]
