"""Memory against recomputation: which of the parameters theta[0..T] of a training run are kept.

A reverse sweep needs all of them, last first. If they fit a budget they are kept. If not, only those at the starts of
about sqrt(T) segments are, and a segment's others are computed once more when the sweep comes to it: the same
operations on the same numbers, so the same bits. That holds about 2 sqrt(T) copies of theta, for one more
forward pass.
"""

import math

import torch

#: Bytes that the parameters of one training run may take if they are to be kept whole, per device.
BUDGET = {"cpu": 2**30, "cuda": 2**33}


def budget(device: torch.device) -> int:
    """Return the bytes that one run's parameters may take on a device."""
    return BUDGET.get(device.type, BUDGET["cpu"])


def segment_length(steps: int, theta_bytes: int, available: int) -> int:
    """Return the steps S in a segment: all T of a run if T+1 copies of theta fit into `available` bytes, or sqrt(T).

    With S = ceil(sqrt(T)) there are ceil(T / S) starts and the end to keep, and S + 1 of one segment at a time: fewer
    than 2 sqrt(T) + 3 copies, at most 2.2 sqrt(T) from T = 225 on.
    """
    whole = (steps + 1) * theta_bytes <= available
    return steps if whole else math.isqrt(steps - 1) + 1
