"""How many examples go through a model together: as many as a card has room for."""

from collections.abc import Callable

import torch

#: The share of a card's memory that a micro-batch may take; of the whole card, not of what is free, so that the same
#: card always sums in the same order.
SHARE = 0.25

#: Examples with which the memory of an example is measured.
PROBE = 64


def rows_that_fit(examples: int, room: int, taken: Callable[[int], int]) -> int:
    """Return the examples of a micro-batch for `room` bytes, all micro-batches of about the same size.

    `taken(rows)` does the most expensive pass on some examples and returns the bytes that it takes at most.
    """
    probe = min(PROBE, examples)
    # The difference of two is free of what does not grow.
    half = max(1, probe // 2)
    fewer, more = taken(half), taken(probe)
    an_example = max(1, (more - fewer) // max(1, probe - half) if probe > half else more)
    most = max(1, room // an_example)
    batches = -(-examples // most)
    return -(-examples // batches)


def room(device: torch.device) -> int:
    """Return the bytes that a micro-batch may take on a CUDA device."""
    return int(SHARE * torch.cuda.get_device_properties(device).total_memory)


def peak(device: torch.device, action: Callable[[], object]) -> int:
    """Return by how many bytes an action raises the memory in use on a CUDA device at most."""
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    action()
    return torch.cuda.max_memory_allocated(device) - before
