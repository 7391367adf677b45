"""The conventional policy: every example weighs the same at every step (arXiv 2402.17759, section 2.1)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lawpipe.policy import Policy


def make(settings: Mapping[str, Any], examples: int) -> Policy:
    """Return gamma[t, n] = 1/N at the experiment's learning rate."""
    training = settings["training"]
    weights = np.full((training["steps"], examples), 1 / examples, dtype=training["precision"])
    return Policy(weights, np.full(training["steps"], training["learning_rate"], dtype=np.float64))
