"""How matrices are multiplied: by which library, and the precision of the operands of every product.

PyTorch multiplies float32 matrices on a CPU by MKL, which reaches half of the speed of an AMD processor; NumPy's
OpenBLAS reaches nearly all of it. `product` chooses by the maker of the processor, so that a machine always gives the
same bits. Compiled loops use OpenBLAS on every processor (see `compiled`).

With `training.precision` "tf32" or "bfloat16" the float32 operands of matrix products are rounded to 10 or 7 bits
after the point (float32 has 23), and sums are float32. A GPU's matrix units compute such products faster. On a CPU
the operands are rounded first, with the same accuracy and no gain in speed, to test the effect of a setting.
"""

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

#: The values of `training.precision` that round operands.
ROUNDED = ("tf32", "bfloat16")

_current = "float32"


def current() -> str:
    """Return the current rounding of operands: `tf32`, `bfloat16`, or `float32` for none (of any type)."""
    return _current


@cache
def by_numpy() -> bool:
    """Return whether NumPy's BLAS is the faster one here: on processors of AMD."""
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return "AuthenticAMD" in platform.processor()


def product(left: Tensor, right: Tensor, out: Tensor | None = None) -> Tensor:
    """Return left @ right of two matrices, written to `out` if it is given; records no graph."""
    if left.dtype != torch.float32 or left.is_cuda or _current in ROUNDED or not by_numpy():
        return torch.mm(left, right, out=out)
    result = left.new_empty(len(left), right.shape[1]) if out is None else out
    np.matmul(left.numpy(), right.numpy(), out=result.numpy())
    return result


@contextmanager
def rounding(kind: str, device: torch.device) -> Iterator[None]:
    """Round the operands of all matrix products in this context to `kind`; do nothing if it is not in ROUNDED."""
    global _current
    if kind not in ROUNDED:
        yield
        return
    before, allowed = _current, torch.backends.cuda.matmul.allow_tf32
    _current = kind
    try:
        torch.backends.cuda.matmul.allow_tf32 = kind == "tf32"
        # CUDA rounds to TF32 by itself.
        with nullcontext() if (kind, device.type) == ("tf32", "cuda") else _Rounding(kind):
            yield
    finally:
        _current, torch.backends.cuda.matmul.allow_tf32 = before, allowed


def to_tf32(x: Tensor) -> Tensor:
    """Round float32 numbers to TF32, to nearest with ties to even; infinities and NaNs are unchanged."""
    bits = x.contiguous().view(torch.int32)
    rounded = (bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFF
    return torch.where(x.isfinite(), rounded.view(torch.float32), x)


def to_bfloat16(x: Tensor) -> Tensor:
    """Round float32 numbers to bf16, returned as float32."""
    return x.bfloat16().float()


class _Rounding(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Rounds the operands of matrix products, including those of derivatives."""

    def __init__(self, kind: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._round = to_tf32 if kind == "tf32" else to_bfloat16

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation; if it is a product of float32 matrices, with rounded operands."""
        kwargs = kwargs or {}
        first = _FIRST_OPERAND.get(func.overloadpacket)
        if first is None or args[first].dtype != torch.float32:
            return func(*args, **kwargs)
        left, right = args[first : first + 2]
        if not left.is_cuda:
            return func(*args[:first], self._round(left), self._round(right), *args[first + 2 :], **kwargs)
        product = torch.bmm if left.ndim == 3 else torch.mm
        return _finish(func, args, kwargs, product(left.bfloat16(), right.bfloat16(), out_dtype=torch.float32))


_ATEN = torch.ops.aten

#: The operations that are matrix products, with the position of the first operand; the second operand follows.
_FIRST_OPERAND: dict[Callable[..., Tensor], int] = {
    _ATEN.mm: 0,
    _ATEN.bmm: 0,
    _ATEN.addmm: 1,
    _ATEN.addmm_: 1,
    _ATEN.baddbmm: 1,
}


def _finish(func: Any, args: Any, kwargs: dict[str, Any], product: Tensor) -> Tensor:
    """Return a product as the operation `func` returns it: itself, written to `out`, or added to an argument."""
    packet = func.overloadpacket
    if "out" in kwargs:
        return kwargs["out"].copy_(product)  # type: ignore[no-any-return]
    if packet is _ATEN.addmm_:
        return args[0].add_(product)  # type: ignore[no-any-return]
    return product if _FIRST_OPERAND[packet] == 0 else product.add_(args[0])
