"""The block `model`: the language model."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from lawpipe.config.block import Block, Size, Whole, key

published = partial(key, source="Section 4, Transformer")


class Model(Block):
    """The language model."""

    architecture: Literal["transformer"] = published("transformer")
    """The language model, by the name of its module in lawpipe/problems/language_model/models."""
    hidden: Size = published(128)
    """Dimension of the hidden states; a multiple of the number of heads."""
    layers: Annotated[int, Field(ge=1, le=1000), Whole] = published(2)
    """Number of layers."""
    heads: Size = published(8)
    """Number of attention heads in each layer."""


def check(model: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield a sentence unless the hidden states can be split evenly among the heads."""
    if model["hidden"] % model["heads"]:
        yield f"{path}.hidden is {model['hidden']}, expected a multiple of model.heads, which is {model['heads']}."
