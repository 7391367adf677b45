"""Language models: a module each, named like the config's `model.architecture`, with a function `build`."""

from collections.abc import Mapping
from typing import Any

from lawpipe.problems.language_model.models.base import Model
from lawpipe.run import registry

__all__ = ["Model", "build"]


def build(settings: Mapping[str, Any]) -> Model:
    """Make the model of an experiment, for its vocabulary and the length of its sequences."""
    block, data = settings["model"], settings["data"]
    model: Model = registry.load("model", block["architecture"]).build(
        block, data["tokenizer"]["vocabulary"], data["length"]
    )
    return model
