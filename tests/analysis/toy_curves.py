"""Synthetic loss curves that follow the scaling law, and noise for them."""

import math

import numpy as np
from scipy import signal

SHARING = ("conventional", "near_optimal")
#: As published for T = 4000, and a policy in between.
PAPER = {"conventional": (3.16e8, 0.12), "near_optimal": (1.99e7, 0.1424), "search_0004": (9e7, 0.13)}
TOY = {"conventional": (30.0, 0.5), "near_optimal": (8.0, 0.6), "search_0004": (15.0, 0.55)}


def power_law(steps, loss_floor, scale, exponent):
    """L(t) = L0 + (B / t)^beta at steps t >= 1."""
    return loss_floor + np.exp(exponent * (math.log(scale) - np.log(np.asarray(steps, dtype=np.float64))))


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
