"""What a language model's passes cost in floating-point operations of matrix products, counted from its sizes.

Once through, a token takes 24 H^2 in the linear layers of each layer, 4 L H in its attention (all L positions: the
mask is laid over whole rows) and 2 H V in the head. Every other pass is a multiple of that one; `PASSES` has the
multiples of the engine as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pass:
    """How many forward passes' products a pass takes, by part of the model."""

    linear: int
    attention: int
    head: int


#: Losses alone; with the weighted gradient; contributions along a direction; these with the Hessian-vector product.
#: The second derivative computes the logits once more. Its linear layers take 9 instead of 8: automatic
#: differentiation forms the first gradient of each weight on the way.
PASSES = {
    "forward": Pass(1, 1, 1),
    "gradient": Pass(3, 3, 3),
    "contributions": Pass(5, 8, 3),
    "second": Pass(9, 10, 9),
}

#: The same with the head's kernels, which keep logits in registers and compute them again for each sum.
KERNELS = {
    "forward": Pass(1, 1, 1),
    "gradient": Pass(3, 3, 4),
    "contributions": Pass(5, 8, 3),
    "second": Pass(9, 10, 12),
}

#: The least multiples with which the same can be computed.
LEAST = {
    "forward": Pass(1, 1, 1),
    "gradient": Pass(3, 3, 3),
    "contributions": Pass(5, 5, 3),
    "second": Pass(8, 8, 8),
}


@dataclass(frozen=True)
class Size:
    """The sizes of an experiment: T steps; training, desired and unseen examples; those of the Transformer."""

    steps: int
    examples: int
    desired: int
    test: int
    vocabulary: int
    length: int
    hidden: int
    layers: int

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Size":
        """Take them from the complete settings of an experiment with `problem: language_model`."""
        data, model = settings["data"], settings["model"]
        return cls(
            settings["training"]["steps"],
            data["train_examples"],
            data["desired_examples"],
            data["test_examples"],
            data["tokenizer"]["vocabulary"],
            data["length"],
            model["hidden"],
            model["layers"],
        )

    @property
    def parameters(self) -> int:
        """P, of the paper's Transformer."""
        per_layer = 12 * self.hidden**2 + 4 * self.hidden
        return self.hidden * (2 * self.vocabulary + self.length + 2) + self.layers * per_layer

    def operations(self, work: Pass) -> int:
        """Return the operations of a pass over one example."""
        linear = 24 * self.hidden**2 * self.layers * work.linear
        attention = 4 * self.length * self.hidden * self.layers * work.attention
        return self.length * (linear + attention + 2 * self.hidden * self.vocabulary * work.head)

    def forward_step(self, passes: Mapping[str, Pass] = PASSES) -> int:
        """Return the operations of a training step and of the losses on desired and unseen examples after it."""
        own = self.examples * self.operations(passes["gradient"])
        return own + (self.desired + self.test) * self.operations(passes["forward"])

    def backward_step(self, passes: Mapping[str, Pass] = PASSES) -> int:
        """Return the operations of a step of the reverse sweep, all examples with weight."""
        own = self.examples * self.operations(passes["second"])
        return own + self.desired * self.operations(passes["gradient"])

    def iteration(self, passes: Mapping[str, Pass] = PASSES) -> int:
        """Return the operations of an outer iteration, a training run and its reverse sweep."""
        return self.steps * (self.forward_step(passes) + self.backward_step(passes))
