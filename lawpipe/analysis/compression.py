"""The objective J (the area under the loss curve) and the compression ratio CR that follows from it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def objective(losses: npt.ArrayLike) -> float:
    """Return the area under the loss curve per step, ``J = (1/T) sum_{t=1..T} L[t]``, in nats (arXiv 2402.17759).

    `losses` are L[0..T] in nats. L[0], before the first step, is the same for every policy and does not count. J is
    NaN if the curve has no step or holds a value that is not finite.
    """
    steps = np.asarray(losses, dtype=np.float64)[1:]
    return float(steps.mean()) if steps.size and np.isfinite(steps).all() else math.nan


def compression_ratio(objective: float, vocabulary: int) -> float:
    """Return the compression ratio of the data, ``CR = ln|V| / J`` (arXiv 2402.17759, section 2).

    A lossless code that is built from the model while it trains takes J nats per token, a uniform code ln|V|.

    |V| is the size of the vocabulary, 2 for two classes. CR has no unit; it is NaN unless J is above 0.
    """
    return math.log(vocabulary) / objective if objective > 0 else math.nan


def vocabulary(settings: Mapping[str, Any]) -> int:
    """Return |V| of an experiment: the number of tokens of a language model, or of labels of the perceptron."""
    return int(settings["data"]["tokenizer"]["vocabulary"]) if settings["problem"] == "language_model" else 2
