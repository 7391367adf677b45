"""Synthetic loss curves that follow the scaling law, and noise for them."""

import math

import numpy as np
from scipy import signal

from lawpipe.analysis.scaling_law import power_law

SHARING = ("conventional", "near_optimal")
#: As published for T = 4000, and a policy in between.
PAPER = {"conventional": (3.16e8, 0.12), "near_optimal": (1.99e7, 0.1424), "search_0004": (9e7, 0.13)}
TOY = {"conventional": (30.0, 0.5), "near_optimal": (8.0, 0.6), "search_0004": (15.0, 0.55)}


def curve(steps, loss_floor, scale, exponent):
    """L[0..T] that follows the law from step 1 on."""
    losses = power_law(np.arange(1, steps + 1), loss_floor, scale, exponent)
    return np.concatenate([[losses[0] + 1], losses])


def curves(steps, loss_floor, laws):
    return {policy: curve(steps, loss_floor, *law) for policy, law in laws.items()}


def noise(rng, steps, memory, deviation):
    """AR(1) noise with a value of 0 for step 0."""
    white = rng.normal(size=steps + 500) * deviation * math.sqrt(1 - memory**2)
    return np.concatenate([[0.0], signal.lfilter([1.0], [1.0, -memory], white)[500:]])
