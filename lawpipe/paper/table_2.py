"""The paper's Table 2: how the gain changes with the size of the experiment."""

from typing import Any, NamedTuple

#: The dotted keys of a size.
SIZE = ("training.steps", "data.train_examples", "data.tokenizer.vocabulary")


class Scale(NamedTuple):
    """One row of the paper's Table 2 (Transformer): how the fit improves at one size of the experiment.

    The size is `steps` T, `examples` N and `vocabulary` |V|. `scale_change` is the relative decrease of B and
    `exponent_change` the relative increase of beta.
    """

    steps: int
    examples: int
    vocabulary: int
    scale_change: float
    exponent_change: float
    acceleration: float

    @property
    def task(self) -> dict[str, Any]:
        """The settings, by dotted keys, that make the paper's experiment one of this size."""
        return dict(zip(SIZE, self, strict=False))


TABLE_2: tuple[Scale, ...] = (
    Scale(1000, 2**12, 4000, 0.885, 0.100, 2.16),
    Scale(2000, 2**13, 4500, 0.949, 0.180, 2.31),
    Scale(4000, 2**14, 5000, 0.937, 0.187, 2.41),
    Scale(8000, 2**15, 6000, 0.948, 0.190, 2.48),
)
