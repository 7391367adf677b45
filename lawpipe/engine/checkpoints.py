"""Memory against recomputation: which of the parameters theta[0..T] of a training run are kept, and where.

A reverse sweep needs all of them, last first. If they fit a budget they are kept on the device. If not, a GPU has the
host's memory beside its own: they go there in segments and come back when the sweep gets to them, which takes far
less time than the steps between. Else only those at the starts of about sqrt(T) segments are kept, and a segment's
others are computed once more: the same operations on the same numbers, so the same bits. That holds about 2 sqrt(T)
copies of theta, for one more forward pass.
"""

import math
import os
from dataclasses import dataclass

import torch

from lawpipe.compute.limits import PATH_BYTES

#: The share of a GPU's memory, and of its host's, for the same: a search holds two runs at a time.
SHARE = 0.3


@dataclass(frozen=True)
class Budget:
    """Bytes for the parameters of one run on its device, and in the host's memory beside it."""

    device: int
    host: int = 0


def budget(device: torch.device) -> Budget:
    """Return what one run's parameters may take; of all memory, not of what is free: always the same."""
    if device.type != "cuda":
        return Budget(PATH_BYTES)
    host = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Budget(int(SHARE * torch.cuda.get_device_properties(device).total_memory), int(SHARE * host))


@dataclass(frozen=True)
class Plan:
    """Steps S in a segment, and whether the parameters at all of them are kept in the host's memory."""

    segment: int
    on_host: bool


def plan(steps: int, theta_bytes: int, available: Budget) -> Plan:
    """Return one segment of all T steps if T+1 copies of theta fit on the device, or else segments of sqrt(T).

    With S = ceil(sqrt(T)) there are ceil(T / S) starts and the end to keep, and S + 1 of one segment at a time: fewer
    than 2 sqrt(T) + 3 copies, at most 2.2 sqrt(T) from T = 225 on.
    """
    whole = (steps + 1) * theta_bytes
    if whole <= available.device:
        return Plan(steps, False)
    return Plan(math.isqrt(steps - 1) + 1, whole <= available.host)


def on_host(rows: int, like: torch.Tensor) -> torch.Tensor:
    """Return room for rows of parameters in the host's memory, pinned if they come from a GPU."""
    return torch.empty(rows, like.numel(), dtype=like.dtype, pin_memory=like.is_cuda)
