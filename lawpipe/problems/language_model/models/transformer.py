"""The paper's Transformer (arXiv 2402.17759, section 4.1, and the authors' public code), with the same parameters.

A pre-norm decoder with learned positions. Each layer has causal attention, with scores scaled by 1/sqrt(H), and a
feed-forward network of width 4 H with ReLU. A final norm and an untied output layer follow. Norms divide by the root
mean square and have a scale and a shift; linear layers have no bias; there is no dropout.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import embedding

from lawpipe.problems.language_model.models.base import HEAD, Loops
from lawpipe.problems.language_model.models.layers import causal_attention, rms_norm
from lawpipe.run.errors import InputError


@dataclass(frozen=True)
class Transformer:
    """A decoder for a `vocabulary` of V tokens, sequences of at most `length` L tokens and `hidden_size` H.

    V = 5000, L = 64, H = 128 and 2 layers give 1,682,688 parameters.
    """

    vocabulary: int
    length: int
    hidden_size: int
    layers: int
    heads: int

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of every parameter, in the order of theta."""
        size = self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {"tokens": (self.vocabulary, size), "positions": (self.length, size)}
        for layer in range(self.layers):
            shapes |= {
                f"{layer}.attention_norm.scale": (size,),
                f"{layer}.attention_norm.shift": (size,),
                f"{layer}.attention.in": (3 * size, size),
                f"{layer}.attention.out": (size, size),
                f"{layer}.forward_norm.scale": (size,),
                f"{layer}.forward_norm.shift": (size,),
                f"{layer}.forward.in": (4 * size, size),
                f"{layer}.forward.out": (size, 4 * size),
            }
        return shapes | {"norm.scale": (size,), "norm.shift": (size,), HEAD: (self.vocabulary, size)}

    def initialise(self, generator: np.random.Generator) -> Mapping[str, npt.NDArray[np.float64]]:
        """Draw every parameter from PyTorch's default distribution.

        Embeddings N(0, 1); linear weights (out, in) U(-1/sqrt(in), 1/sqrt(in)); scales 1; shifts 0. Query, key and
        value are one weight, which has the same distribution as three.
        """
        values = {}
        for name, shape in self.shapes.items():
            if name in ("tokens", "positions"):
                values[name] = generator.standard_normal(shape)
            elif len(shape) == 2:
                values[name] = generator.uniform(-(shape[1] ** -0.5), shape[1] ** -0.5, shape)
            else:
                values[name] = np.full(shape, float(name.endswith("scale")))
        return values

    def hidden(self, parameters: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
        """Return the hidden states [B, L, H] after the final norm."""
        batch, length = tokens.shape
        # Everything except attention works on single tokens, [B L, H].
        x = (embedding(tokens, parameters["tokens"]) + parameters["positions"][:length]).view(batch * length, -1)
        for layer in range(self.layers):

            def weight(name: str, layer: int = layer) -> Tensor:
                return parameters[f"{layer}.{name}"]

            y = rms_norm(x, weight("attention_norm.scale"), weight("attention_norm.shift"))
            y = causal_attention(y @ weight("attention.in").T, length, self.heads, self.hidden_size**-0.5)
            x = torch.addmm(x, y, weight("attention.out").T)
            y = rms_norm(x, weight("forward_norm.scale"), weight("forward_norm.shift"))
            x = torch.addmm(x, (y @ weight("forward.in").T).relu(), weight("forward.out").T)
        return rms_norm(x, parameters["norm.scale"], parameters["norm.shift"]).view(batch, length, -1)

    def loops(self) -> Loops | None:
        """Return the compiled loops of this model; None for a model that computes something else."""
        if type(self) is not Transformer:
            return None
        from lawpipe.problems.language_model.models import compiled_transformer

        sizes = (self.vocabulary, self.hidden_size, self.layers, self.heads)
        return compiled_transformer.Loops(self.shapes, *sizes)


def build(settings: Mapping[str, Any], vocabulary: int, length: int) -> Transformer:
    """Build the Transformer of a `model` block with `hidden`, `layers` and `heads`.

    Raises InputError if the hidden size is not a multiple of the number of heads.
    """
    hidden, heads = settings["hidden"], settings["heads"]
    if hidden % heads:
        raise InputError(
            f"model.hidden is {hidden} and model.heads is {heads}: the heads share out the hidden size, "
            "expected a multiple of their number."
        )
    return Transformer(vocabulary, length, hidden, settings["layers"], heads)
