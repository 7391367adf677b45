"""Sums and rows across the processes of torch.distributed; in a single process nothing changes."""

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor


def world_size() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def averaged(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the means over all processes."""
    size = world_size()
    if size == 1:
        return list(tensors)
    flat = torch.cat([tensor.flatten() for tensor in tensors]) / size
    dist.all_reduce(flat)
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]


def gathered(rows: Tensor) -> tuple[Tensor, slice]:
    """Return the rows of all processes, in the order of their ranks, and where those of this process are."""
    size = world_size()
    if size == 1:
        return rows, slice(None)
    counts = [torch.zeros(1, dtype=torch.long, device=rows.device) for _ in range(size)]
    dist.all_gather(counts, torch.tensor([len(rows)], device=rows.device))
    lengths = [int(count) for count in counts]
    padded = rows.new_zeros((max(lengths), *rows.shape[1:]))
    padded[: len(rows)] = rows
    parts = [torch.empty_like(padded) for _ in range(size)]
    dist.all_gather(parts, padded)
    start = sum(lengths[: dist.get_rank()])
    return torch.cat([part[:n] for part, n in zip(parts, lengths, strict=True)]), slice(start, start + len(rows))
