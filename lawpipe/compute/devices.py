"""Where and how numbers are computed: device, precision and threads."""

import os
from importlib.util import find_spec

import torch

from lawpipe.run import distributed
from lawpipe.run.errors import InputError

#: Whether the packages of the compiled loops (see `compiled`) are installed, and Numba may compile.
COMPILED = all(find_spec(package) for package in ("numba", "scipy", "threadpoolctl")) and (
    os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"
)


def threads() -> int:
    """Return the number of threads of one process: OMP_NUM_THREADS, by default one."""
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


def device(name: str) -> torch.device:
    """Return the device of a setting; `auto` is CUDA if it is available, otherwise the CPU.

    Also limits PyTorch to OMP_NUM_THREADS threads, by default one: operations are small, and jobs side by side use
    the cores better than threads of one job. Numbers below the smallest normal one (1e-38 in float32) become zero:
    a processor takes many times as long for them, and saturated predictions and tiny weights make many.
    Each process of a job gets a GPU of its own.

    Raises InputError if CUDA is asked for and missing, or there are fewer GPUs than processes.
    """
    torch.set_num_threads(threads())
    torch.set_flush_denormal(True)
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device is {name!r}, but PyTorch finds no CUDA here: set it to 'cpu' or 'auto'.")
    if name != "cuda" or distributed.world_size() == 1:
        return torch.device(name)
    rank, gpus = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if rank >= gpus:
        raise InputError(f"processes is more than {gpus}, the number of GPUs here: set it to {gpus} at most.")
    torch.cuda.set_device(rank)
    return torch.device(name, rank)


def dtype(precision: str) -> torch.dtype:
    """Return the floating-point type of a precision setting: float64 for "float64", float32 for all others."""
    return {"float64": torch.float64}.get(precision, torch.float32)


def compiles(dtype: torch.dtype, device: torch.device) -> bool:
    """Return whether compiled loops can be used for tensors of this kind: float32 on the CPU."""
    return COMPILED and dtype == torch.float32 and device.type == "cpu"
