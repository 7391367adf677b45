"""What surrounds a model: its wrappers, its buffers, and the random numbers that it draws."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

#: Parameter names that a message lists.
NAMED = 4


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the model within DistributedDataParallel and torch.compile; other wrappers are refused."""
    if isinstance(model, DistributedDataParallel):
        if model.find_unused_parameters or model.static_graph:
            raise ValueError("model: use DistributedDataParallel without find_unused_parameters and static_graph.")
        return unwrapped(model.module)
    if isinstance(model, DataParallel):
        raise ValueError("model: use DistributedDataParallel, because DataParallel copies the modules.")
    if type(model).__name__ == "OptimizedModule":
        inner: Any = model
        return unwrapped(inner._orig_mod)
    sharded = "FullyShardedDataParallel" in {type(module).__name__ for module in model.modules()}
    if sharded or any(type(parameter).__name__ == "DTensor" for parameter in model.parameters()):
        raise ValueError("model: sharded parameters are not supported; use DistributedDataParallel.")
    return model


def is_compiled(model: nn.Module) -> bool:
    """Return whether torch.compile is applied to a model or a part of it."""
    return any(
        type(module).__name__ == "OptimizedModule" or module._compiled_call_impl is not None
        for module in model.modules()
    )


def eager(model: nn.Module) -> AbstractContextManager[Any]:
    """Return a context in which what torch.compile compiled runs as it is written, so that hooks see every module."""
    is_needed = is_compiled(model) or "torch._dynamo" in sys.modules  # the losses may be compiled, too
    return torch.compiler.set_stance("force_eager") if is_needed else nullcontext()


@contextmanager
def kept_buffers(model: nn.Module) -> Iterator[None]:
    """Use copies of the buffers of a model, such as the running statistics of BatchNorm, within the block.

    The buffers themselves are not touched, because a graph may have saved them, and a model may replace them.
    """
    before = [(module, dict(module._buffers)) for module in model.modules() if module._buffers]
    copies: dict[int, Any] = {}
    for module, buffers in before:
        for name, buffer in buffers.items():
            if buffer is not None:
                module._buffers[name] = copies.setdefault(id(buffer), buffer.detach().clone())
    try:
        yield
    finally:
        for module, buffers in before:
            module._buffers.clear()
            module._buffers.update(buffers)


class RngState:
    """The state of the random number generators at construction, so that dropout can drop the same units again."""

    def __init__(self, device: torch.device) -> None:
        self.devices = [device] if device.type == "cuda" else []
        self.states = [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in self.devices)]

    def has_moved(self) -> bool:
        """Return whether random numbers have been drawn since that state."""
        now = RngState(self.devices[0] if self.devices else torch.device("cpu"))
        return not all(torch.equal(a, b) for a, b in zip(self.states, now.states, strict=True))

    @contextmanager
    def replayed(self) -> Iterator[None]:
        """Repeat, within the block, the random numbers that followed that state; afterwards they go on as before."""
        with torch.random.fork_rng(self.devices):
            torch.set_rng_state(self.states[0])
            for device, state in zip(self.devices, self.states[1:], strict=True):
                torch.cuda.set_rng_state(state, device)
            yield


def listed(names: list[str]) -> str:
    """Return some names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def say(message: str) -> None:
    """Warn the user of the online weights."""
    warnings.warn(f"online weights: {message}", stacklevel=3)
