"""Where and how numbers are computed: device, precision and threads."""

import os

import torch

from lawpipe.errors import InputError


def device(name: str) -> torch.device:
    """Return the device of a setting: `auto` is CUDA where there is one and else the CPU.

    Also limits PyTorch to the threads given by OMP_NUM_THREADS, one by default: the operations here are small,
    and jobs side by side use the cores better than threads within one. TF32 is off unless a precision asks for it.
    """
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device is {name!r}, but PyTorch finds no CUDA here: set it to 'cpu' or 'auto'.")
    return torch.device(name)


def dtype(precision: str) -> torch.dtype:
    """Return the floating-point type of a precision setting: float64, or else float32, whatever the products are."""
    return {"float64": torch.float64}.get(precision, torch.float32)
