"""Language models; a new one is a module here and a line in the registry below."""

from collections.abc import Callable, Mapping
from typing import Any

from lawpipe.models.base import Model
from lawpipe.models.transformer import Transformer

__all__ = ["MODELS", "Model"]

#: Makes a model from the experiment's `model` block, the size of the vocabulary and the sequence length L.
Builder = Callable[[Mapping[str, Any], int, int], Model]

MODELS: dict[str, Builder] = {"transformer": Transformer.build}
