"""Where and how numbers are computed: device, precision and threads."""

import os

import torch

from lawpipe.run import distributed
from lawpipe.run.errors import InputError


def device(name: str) -> torch.device:
    """Return the device of a setting: `auto` is CUDA where there is one and else the CPU.

    Also limits PyTorch to the threads given by OMP_NUM_THREADS, one by default: the operations here are small,
    and jobs side by side use the cores better than threads within one. TF32 is off unless a precision asks for it. Of
    the several processes of a job, each has a GPU of its own.
    """
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device is {name!r}, but PyTorch finds no CUDA here: set it to 'cpu' or 'auto'.")
    if name != "cuda" or distributed.world_size() == 1:
        return torch.device(name)
    own, there = distributed.local_rank(), torch.cuda.device_count()
    if own >= there:
        raise InputError(f"processes is more than {there}, the number of GPUs here: set it to {there} at most.")
    torch.cuda.set_device(own)
    return torch.device(name, own)


def dtype(precision: str) -> torch.dtype:
    """Return the floating-point type of a precision setting: float64, or else float32, whatever the products are."""
    return {"float64": torch.float64}.get(precision, torch.float32)
