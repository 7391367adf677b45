"""The block `training`: the training run that the search differentiates."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat

from lawpipe.config.block import Block, Whole, key


class Training(Block):
    """The training run."""

    steps: Annotated[int, Field(ge=1, le=2**31 - 2), Whole] = key(
        source="Section 4", perceptron=2000, language_model=4000
    )
    """Number of steps of full-batch gradient descent (T)."""
    learning_rate: PositiveFloat = key(0.1, source="Section 4")
    """Learning rate of the training run (eta)."""
    precision: Literal["float32", "float64", "tf32", "bfloat16"] = key("float32")
    """Floating-point type of all computations. `tf32` and `bfloat16` are float32 with matrix products of rounded
    operands, for language models on a GPU: faster and less accurate (docs/gpu.md)."""


def check_perceptron(training: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield a sentence if a perceptron is to round the operands of its matrix products, which would gain nothing."""
    if training["precision"] in ("tf32", "bfloat16"):
        yield (
            f"{path}.precision is {training['precision']}, which is for language models: "
            "the perceptron has no use for it, set float32 or float64."
        )
