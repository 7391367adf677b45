"""Interface of a language model: its parameters, and its hidden states as a function of them."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lawpipe.run import registry

#: Name of the parameter [V, H] of the output layer: logits = hidden @ head.T.
HEAD = "head"


class Model(Protocol):
    """A language model as a function of its parameters.

    `hidden` may use any operation that PyTorch differentiates twice. Fused kernels (scaled_dot_product_attention,
    torch.compile) cannot be; the functions in `layers` can, and are faster than plain operations.
    """

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of every parameter, in the order of theta, HEAD among them; linear weights are (out, in)."""

    def initialise(self, generator: np.random.Generator) -> Mapping[str, npt.NDArray[np.float64]]:
        """Draw the initial values of every parameter."""

    def hidden(self, parameters: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
        """Return the hidden states [B, L, H] of `tokens` [B, L], from which the next tokens are predicted."""


class Loops(Protocol):
    """Compiled loops of a model on a CPU in float32, which need no automatic differentiation.

    A model that has them returns them from a method `loops()`, or None; it is called only where they can be used.
    """

    def losses(self, theta: Tensor, windows: Tensor) -> Tensor:
        """Return the loss of each token of windows [N, L + 1], [N, L]."""

    def gradient(self, theta: Tensor, windows: Tensor, token_weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of each token, [N, L], and the gradient of their sum weighted by `token_weights`, [P]."""

    def along(
        self, theta: Tensor, direction: Tensor, windows: Tensor, token_weights: Tensor, product: Tensor | None
    ) -> Tensor:
        """Return the derivative of each token's loss along a direction [P], [N, L].

        Adds the product of the weighted Hessian with the direction to `product` [P], if it is given.
        """


def build_model(settings: Mapping[str, Any]) -> Model:
    """Build the model that the settings of an experiment name, for its vocabulary and length of sequences."""
    block, data = settings["model"], settings["data"]
    module = registry.load("model", block["architecture"])
    model: Model = module.build(block, data["tokenizer"]["vocabulary"], data["length"])
    return model
