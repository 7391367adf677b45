"""Floating-point operations of the matrix products of a training step, counted from the sizes of an experiment.

A training step, a step of the backward pass and a measured step consist of four kinds of pass over an example. `step`
says how many of each; what one pass takes is a number of operations here and a number of seconds in
lawpipe.cost.estimate.

For a token, a forward pass of the Transformer takes 24 H^2 operations in the linear layers of each layer, 4 L H in
its attention (all L positions: the mask is applied to whole rows) and 2 H V in the head. Every other pass is a
multiple of it, by part of the model: `PASSES` has the multiples of the engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lawpipe.run.splits import REQUIRED


@dataclass(frozen=True)
class Steps:
    """A number for each kind of step: how many there are, or what one costs."""

    #: A training step with the losses on both reference sets after it.
    run: float
    #: A step of the backward pass.
    backward: float
    #: A step at which the contributions to both reference sets are measured.
    measured: float = 0.0

    def times(self, cost: "Steps") -> float:
        """Return the cost of so many steps, where `cost` is that of one."""
        return self.run * cost.run + self.backward * cost.backward + self.measured * cost.measured


def step(examples: Mapping[str, int], cost: Mapping[str, float]) -> Steps:
    """Return the cost of one step of each kind; `cost` is that of a pass over an example, by its name in `PASSES`."""
    train, references = examples["train"], examples["desired"] + examples["test"]
    return Steps(
        run=train * cost["gradient"] + references * cost["forward"],
        backward=train * cost["second"] + examples["desired"] * cost["gradient"],
        measured=train * (cost["forward"] + 2 * cost["contributions"]) + references * cost["gradient"],
    )


@dataclass(frozen=True)
class Pass:
    """The cost of a pass in forward passes, by part of the model."""

    linear: int
    attention: int
    head: int


#: Passes of the engine by PyTorch's operations: the losses; with the weighted gradient; the contributions along a
#: direction; the gradient with the Hessian-vector product and the contributions. The last computes the logits once
#: more. Its linear layers take 9 instead of 8: automatic differentiation also forms each weight's first gradient.
PASSES = {
    "forward": Pass(1, 1, 1),
    "gradient": Pass(3, 3, 3),
    "contributions": Pass(5, 8, 3),
    "second": Pass(9, 10, 9),
}

#: The same with the head's fused kernels, which keep logits in registers and compute them again for each sum.
KERNELS = PASSES | {"gradient": Pass(3, 3, 4), "second": Pass(9, 10, 12)}

#: The same in compiled loops, which differentiate forward first: attention has two products forward, four in its
#: derivative along a direction, and twelve in the derivative of its gradient.
LOOPS = PASSES | {"contributions": Pass(3, 3, 3), "second": Pass(8, 9, 8)}

#: The smallest multiples with which the same can be computed.
LEAST = LOOPS | {"second": Pass(8, 8, 8)}

#: Matrix-vector products of the perceptron in each pass over an example.
PERCEPTRON = {"forward": 1, "gradient": 2, "contributions": 2, "second": 3}


@dataclass(frozen=True)
class Size:
    """The sizes of a language-model experiment: steps T, examples of each split, and the Transformer's."""

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
        """Return the sizes of an experiment from its complete settings, with `problem: language_model`."""
        data, model = settings["data"], settings["model"]
        train, desired, test = (data[f"{split}_examples"] for split in REQUIRED)
        vocabulary, steps = data["tokenizer"]["vocabulary"], settings["training"]["steps"]
        return cls(steps, train, desired, test, vocabulary, data["length"], model["hidden"], model["layers"])

    @property
    def parameters(self) -> int:
        """The number of parameters P of the paper's Transformer."""
        per_layer = 12 * self.hidden**2 + 4 * self.hidden
        return self.hidden * (2 * self.vocabulary + self.length + 2) + self.layers * per_layer

    def operations(self, work: Pass) -> int:
        """Return the operations of a pass over one example."""
        linear = 24 * self.hidden**2 * self.layers * work.linear
        attention = 4 * self.length * self.hidden * self.layers * work.attention
        return self.length * (linear + attention + 2 * self.hidden * self.vocabulary * work.head)

    def step(self, passes: Mapping[str, Pass] = PASSES) -> Steps:
        """Return the operations of one step of each kind, where every example has a weight."""
        examples = {"train": self.examples, "desired": self.desired, "test": self.test}
        return step(examples, {name: self.operations(work) for name, work in passes.items()})

    def iteration(self, passes: Mapping[str, Pass] = PASSES) -> float:
        """Return the operations of an outer iteration: a training run and its backward pass."""
        return self.steps * (self.step(passes).run + self.step(passes).backward)
