"""The similarity of contributions over a run, from rows of the table `similarity`."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def median(steps: Iterable[Mapping[Any, Any]]) -> float:
    """Return the median similarity over the steps with two or more active examples; NaN if none has a similarity.

    It is infinite at a step whose contributions are equal to the last bit.
    """
    values = [
        math.inf if step["std"] == 0 and step["mean"] > 0 else step["similarity"]
        for step in steps
        if step["active"] >= 2
    ]
    known = [value for value in values if value is not None and not math.isnan(value)]
    return float(np.median(known)) if known else math.nan
