"""Loops that Numba compiles for a CPU, in float32: how they are compiled, exponentials, and products by BLAS.

A loop that is compiled whole keeps its numbers in the processor's cache; separate operations of PyTorch read and
write memory for each. Numba compiles a function at its first call, in a few seconds, and keeps the machine code for
later processes: in NUMBA_CACHE_DIR if that is set, otherwise in `__pycache__` beside the module, or in the user's
cache folder if that cannot be written to. Modules that import this one need the package numba.
"""

import inspect
import pickle
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import llvmlite.binding
import numba
import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import get_cython_function_address
from threadpoolctl import threadpool_limits
from torch import Tensor

from lawpipe.compute import devices
from lawpipe.run import provenance

#: Sums may be reordered and fused with products. Infinities and NaN keep their meaning in products and sums.
FAST = {"contract", "reassoc", "arcp", "nsz"}
#: Compiled functions are always inlined into one another. Otherwise a process that compiles them calls the machine
#: code of each by its name, and one that reads them calls the copy within its caller, which may add in another order.
OPTIONS: dict[str, Any] = {"fastmath": FAST, "error_model": "numpy", "forceinline": True}

inlined = numba.njit(inline="always")


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function at its first call; keep the machine code if any place for it can be written to.

    Kept code is valid for the digest of the function's module and of all that it imports. (Numba itself looks at the
    date of the module alone, but code of other modules is inlined.)
    """
    result: Any
    try:
        result = numba.njit(function, cache=True, **OPTIONS)
    except RuntimeError:
        result = numba.njit(function, **OPTIONS)
    else:
        cache = result._cache
        cache._cache_file._source_stamp = provenance.code_digest(inspect.getfile(function))
        cache.load_overload = partial(_or_none, cache.load_overload, cache.flush)
        cache.save_overload = partial(_or_none, cache.save_overload, cache.flush)
    return result  # type: ignore[no-any-return]


def _or_none(access: Callable[..., Any], clear: Callable[[], None], *arguments: Any) -> Any:
    """Access kept machine code; if it is damaged or cannot be written, clear it and return None: it is compiled."""
    try:
        return access(*arguments)
    except (OSError, EOFError, pickle.UnpicklingError):
        with suppress(OSError):
            clear()
        return None


def array(tensor: Tensor, *shape: int) -> npt.NDArray[np.float32]:
    """Return a tensor's numbers as an array, contiguous, copied only if they are not.

    Raises ValueError if they are not float32 or not of the shape that is given: loops do not notice.
    """
    numbers: npt.NDArray[np.float32] = tensor.detach().contiguous().numpy()
    if numbers.dtype != np.float32 or numbers.shape != shape:
        raise ValueError(f"found {numbers.dtype} of shape {numbers.shape}, expected float32 of shape {shape}")
    return numbers


ONE, HALF = np.float32(1), np.float32(0.5)
LOWEST, HIGHEST = np.float32(-87), np.float32(88)
LOG2_E, LN2_HIGH, LN2_LOW = np.float32(1.44269504), np.float32(0.693359375), np.float32(-2.12194440e-4)


@inlined
def exp_(x, powers):
    """Replace x by exp(x), relative error 4e-7; `powers` is memory of the same length.

    Below -87 the result is 0, and above 88 that of 88.

    exp(x) = 2^k exp(r) with k the nearest integer to x / ln 2 and |r| <= ln 2 / 2. The polynomial for exp(r) and the
    split of ln 2 are those of Moshier's Cephes library. 2^k is written as its bits, so that the loop is vectorised.
    """
    bits = powers.view(np.int32)
    for i in range(len(x)):
        y = min(max(x[i], LOWEST), HIGHEST)
        k = np.floor(y * LOG2_E + HALF)
        r = y - k * LN2_HIGH - k * LN2_LOW
        p = np.float32(1.9875691500e-4) * r + np.float32(1.3981999507e-3)
        p = p * r + np.float32(8.3334519073e-3)
        p = p * r + np.float32(4.1665795894e-2)
        p = p * r + np.float32(1.6666665459e-1)
        p = p * r + HALF
        bits[i] = (np.int32(k) + np.int32(127)) << np.int32(23) if x[i] > LOWEST else np.int32(0)
        x[i] = p * r * r + r + ONE
    for i in range(len(x)):
        x[i] *= powers[i]


#: SciPy's BLAS, which Numba calls by this name. Its threads are limited like PyTorch's (see `devices`).
SGEMM = "lawpipe_sgemm"
llvmlite.binding.add_symbol(SGEMM, get_cython_function_address("scipy.linalg.cython_blas", "sgemm"))
threadpool_limits(devices.threads(), user_api="blas")
_sgemm = types.ExternalFunction(SGEMM, types.void(*[types.uintp] * 13))

PLAIN, TRANSPOSED = np.int32(ord("N")), np.int32(ord("T"))


@inlined
def product(arguments, left, right, result, left_transposed=False, right_transposed=False, factor=ONE, keep=False):
    """Set result to factor left @ right, plus what it was with `keep`; either operand can be read transposed.

    The operands are matrices whose rows are contiguous, and `arguments` is memory for ten int32 numbers.
    """
    _product(arguments, left, right, result, left_transposed, right_transposed, factor, keep)


@compiled
def _product(arguments, left, right, result, left_transposed, right_transposed, factor, keep):
    """Call BLAS, which stores columns contiguously and is therefore asked for the transposed product."""
    scales = arguments[8:].view(np.float32)
    arguments[0] = TRANSPOSED if right_transposed else PLAIN
    arguments[1] = TRANSPOSED if left_transposed else PLAIN
    arguments[2], arguments[3] = result.shape[1], result.shape[0]
    arguments[4] = left.shape[0] if left_transposed else left.shape[1]
    arguments[5], arguments[6], arguments[7] = right.strides[0] // 4, left.strides[0] // 4, result.strides[0] // 4
    scales[0], scales[1] = factor, ONE if keep else np.float32(0)
    kind_right, kind_left, columns, rows, inner, step_right, step_left, step_result, one, two = pointers(arguments)
    _sgemm(
        kind_right,
        kind_left,
        columns,
        rows,
        inner,
        one,
        right.ctypes.data,
        step_right,
        left.ctypes.data,
        step_left,
        two,
        result.ctypes.data,
        step_result,
    )


@inlined
def pointers(numbers):
    """Return the addresses of ten int32 numbers."""
    at = numbers.ctypes.data
    return at, at + 4, at + 8, at + 12, at + 16, at + 20, at + 24, at + 28, at + 32, at + 36
