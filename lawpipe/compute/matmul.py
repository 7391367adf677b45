"""Matrix products of rounded operands: faster on a GPU's matrix units, less exact; sums stay in float32.

TF32 keeps 10 of float32's 23 bits after the point, bf16 keeps 7. A GPU rounds by itself (TF32) or gets bf16 numbers
and returns float32; elsewhere the operands are rounded first, which gives the same accuracy and no speed: to see on a
CPU what a setting would do.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

#: What `training.precision` may be beside the types of PyTorch.
ROUNDED = ("tf32", "bfloat16")

_current = "float32"


def current() -> str:
    """Return how products are computed now: `float32` (not rounded, whatever the type), `tf32` or `bfloat16`."""
    return _current


@contextmanager
def rounding(kind: str, device: torch.device) -> Iterator[None]:
    """Round the operands of all matrix products within to `kind`, if it is one of ROUNDED, on a device."""
    global _current
    if kind not in ROUNDED:
        yield
        return
    before, allowed = _current, torch.backends.cuda.matmul.allow_tf32
    _current = kind
    try:
        torch.backends.cuda.matmul.allow_tf32 = kind == "tf32"
        # A card does it by itself.
        with nullcontext() if (kind, device.type) == ("tf32", "cuda") else _Rounding(kind):
            yield
    finally:
        _current, torch.backends.cuda.matmul.allow_tf32 = before, allowed


def to_tf32(x: Tensor) -> Tensor:
    """Round float32 numbers to TF32's 10 bits, to the nearest and halves to even; infinities and NaNs stay."""
    bits = x.contiguous().view(torch.int32)
    rounded = (bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFF
    return torch.where(x.isfinite(), rounded.view(torch.float32), x)


def to_bfloat16(x: Tensor) -> Tensor:
    """Round float32 numbers to bf16."""
    return x.bfloat16().float()


class _Rounding(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Rounds what goes into matrix products, those of derivatives included."""

    def __init__(self, kind: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._round = to_tf32 if kind == "tf32" else to_bfloat16

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, a product on rounded operands; float64 is left as it is."""
        kwargs = kwargs or {}
        place = _OPERANDS.get(func.overloadpacket)
        if place is None or args[place].dtype != torch.float32:
            return func(*args, **kwargs)
        left, right = args[place : place + 2]
        if not left.is_cuda:
            return func(*args[:place], self._round(left), self._round(right), *args[place + 2 :], **kwargs)
        product = torch.bmm if left.ndim == 3 else torch.mm
        return _finish(func, args, kwargs, product(left.bfloat16(), right.bfloat16(), out_dtype=torch.float32))


_ATEN = torch.ops.aten

#: Products, and which of their arguments is the first operand; the second follows.
_OPERANDS: dict[Callable[..., Tensor], int] = {
    _ATEN.mm: 0,
    _ATEN.bmm: 0,
    _ATEN.addmm: 1,
    _ATEN.addmm_: 1,
    _ATEN.baddbmm: 1,
}


def _finish(func: Any, args: Any, kwargs: dict[str, Any], product: Tensor) -> Tensor:
    """Do with a product what an operation does with it: return it, write it where it belongs, or add it."""
    packet = func.overloadpacket
    if "out" in kwargs:
        return kwargs["out"].copy_(product)  # type: ignore[no-any-return]
    if packet is _ATEN.addmm_:
        return args[0].add_(product)  # type: ignore[no-any-return]
    return product if _OPERANDS[packet] == 0 else product.add_(args[0])
