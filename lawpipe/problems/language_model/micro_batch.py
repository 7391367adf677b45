"""Size of a micro-batch: as many examples as fit in the memory of a GPU."""

from collections.abc import Callable

import torch

#: Share of a GPU's memory for a micro-batch. It refers to all memory, not to free memory, so that sums over examples
#: have the same order in every run on one kind of GPU.
SHARE = 0.25

#: Examples from which the memory of one example is measured.
PROBE = 64


def rows_that_fit(examples: int, room: int, taken: Callable[[int], int]) -> int:
    """Return the examples per micro-batch for `room` bytes; all micro-batches have about the same size.

    `taken(rows)` runs the most expensive pass on that many examples and returns its peak memory in bytes.
    """
    probe = min(PROBE, examples)
    # The difference of two measurements excludes memory that does not grow with the examples.
    half = max(1, probe // 2)
    fewer, more = taken(half), taken(probe)
    per_example = max(1, (more - fewer) // max(1, probe - half) if probe > half else more)
    most = max(1, room // per_example)
    batches = -(-examples // most)
    return -(-examples // batches)


def room(device: torch.device) -> int:
    """Return the bytes that a micro-batch may take on a CUDA device."""
    return int(SHARE * torch.cuda.get_device_properties(device).total_memory)


def peak(device: torch.device, action: Callable[[], object]) -> int:
    """Return the peak memory of an action on a CUDA device, in bytes above the memory in use before."""
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    action()
    return torch.cuda.max_memory_allocated(device) - before
