"""What a language model has to provide: its parameters, and its hidden states as a function of them."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lawpipe.run import registry

#: The name of the parameter [V, H] that turns hidden states into logits: logits = hidden @ head.T.
HEAD = "head"


class Model(Protocol):
    """A language model, written as a function of its parameters.

    `hidden` may use any operation that PyTorch differentiates twice. Fused kernels (scaled_dot_product_attention,
    torch.compile) are not among them; `lawpipe.problems.language_model.models.layers` has faster ones that are.
    """

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The name and shape of every parameter, in the order of theta; linear weights are (out, in).

        One of them is "head", [V, H], for the logits.
        """

    def initialise(self, generator: np.random.Generator) -> Mapping[str, npt.NDArray[np.float64]]:
        """Draw the initial value of every parameter."""

    def hidden(self, parameters: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
        """Return the hidden states [B, L, H] that predict the token after each of `tokens` [B, L]."""


def build_model(settings: Mapping[str, Any]) -> Model:
    """Build the model that the settings of an experiment name, for its vocabulary and length of sequences."""
    block, data = settings["model"], settings["data"]
    module = registry.load("model", block["architecture"])
    model: Model = module.build(block, data["tokenizer"]["vocabulary"], data["length"])
    return model
