"""Storage of the parameters theta[0..T] of a training run, which a backward pass needs in reverse order.

If all of them fit the memory limit of the device, they are stored there. A GPU has its host's memory as a second
store: parameters are moved there in segments and brought back when the backward pass reaches them, which takes less
time than recomputing them. Otherwise only the parameters at the starts of about sqrt(T) segments are stored, and each
segment is recomputed when it is needed (Griewank, Optim. Methods Softw. 1, 1992; Chen et al., arXiv 1604.06174). That
stores about 2 sqrt(T) copies of theta at the cost of one more forward pass, and gives the same bits.
"""

import math
import os
from dataclasses import dataclass

import torch

from lawpipe.compute.limits import PATH_BYTES

#: Share of the memory of a GPU, and of its host, for the same. A search holds two runs at a time.
SHARE = 0.3


@dataclass(frozen=True)
class Budget:
    """Bytes that the parameters of one run may take on its device, and in the host's memory in addition."""

    device: int
    host: int = 0


def budget(device: torch.device) -> Budget:
    """Return the memory for one run's parameters: a share of all memory, so that it does not vary between runs."""
    if device.type != "cuda":
        return Budget(PATH_BYTES)
    host = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Budget(int(SHARE * torch.cuda.get_device_properties(device).total_memory), int(SHARE * host))


@dataclass(frozen=True)
class Plan:
    """The number of steps per segment, and whether the parameters of all steps are stored in the host's memory."""

    segment: int
    on_host: bool


def plan(steps: int, theta_bytes: int, available: Budget) -> Plan:
    """Return one segment of all T steps if T + 1 copies of theta fit the device, otherwise segments of S steps.

    With S = ceil(sqrt(T)), the ceil(T / S) starts and the end are stored, and S + 1 copies of one segment at a time:
    fewer than 2 sqrt(T) + 3 copies in all, at most 2.2 sqrt(T) for T >= 225.
    """
    whole = (steps + 1) * theta_bytes
    if whole <= available.device:
        return Plan(steps, False)
    return Plan(math.isqrt(steps - 1) + 1, whole <= available.host)


def on_host(rows: int, like: torch.Tensor) -> torch.Tensor:
    """Return uninitialised host memory for rows of parameters, pinned if `like` is on a GPU."""
    return torch.empty(rows, like.numel(), dtype=like.dtype, pin_memory=like.is_cuda)
