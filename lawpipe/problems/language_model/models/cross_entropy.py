"""The end of a language model, logits = hidden @ head.T and cross-entropy, with its first and second derivative.

Logits are the largest thing in a language model by far: M tokens times V of the vocabulary. Everything here goes
through them in chunks of tokens; a second derivative computes them once more, unless there are few. On a GPU, where
products are of rounded operands, Triton kernels (`fused_cross_entropy`) keep them out of memory altogether. With the
probabilities p of a token, its target's indicator y and d = p - y,

    loss = -log p[target],    grad_hidden = d head,    grad_head = d^T hidden

All functions take hidden [M, H], head [V, H], targets [M], and return losses in nats.
"""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy

from lawpipe.compute import matmul

#: Numbers in a chunk of logits, per device. On a CPU a chunk should stay in cache, but keep rows for a product.
CHUNK = {"cpu": 2**19, "cuda": 2**28}

#: Up to so many probabilities of a call are kept for its second derivative: few cost less to hold than to redo.
KEEP = 2**21

#: Whether the kernels are used: None leaves it to the counts of docs/gpu.md, by which they pay where products are of
#: rounded operands, on CUDA.
FUSED: bool | None = None

#: What Triton calls the products of `lawpipe.compute.matmul`.
TRITON = {"float32": "ieee", "tf32": "tf32", "bfloat16": "bf16"}


@cache
def _installed() -> ModuleType | None:
    """Return the kernels if there is a Triton to compile them."""
    if find_spec("triton") is None:
        return None
    from lawpipe.problems.language_model.models import fused_cross_entropy

    return fused_cross_entropy


def _kernels(hidden: Tensor) -> ModuleType | None:
    """Return the kernels if they are to be used for such hidden states."""
    wanted = hidden.is_cuda and matmul.current() in matmul.ROUNDED if FUSED is None else FUSED
    found = _installed() if wanted else None
    return found if found is not None and found.fits(hidden) else None


def losses(hidden: Tensor, head: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of every token, [M], without a graph for derivatives."""
    if kernels := _kernels(hidden):
        return kernels.losses(hidden, head, targets, TRITON[matmul.current()])  # type: ignore[no-any-return]
    result = torch.empty_like(hidden[:, 0])
    with torch.no_grad():
        for part in _chunks(hidden, head):
            result[part] = cross_entropy(hidden[part] @ head.T, targets[part], reduction="none")
    return result


def gradient(hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradient of sum_m weights[m] loss[m] with respect to hidden and head, without a graph."""
    if kernels := _kernels(hidden):
        precision = TRITON[matmul.current()]
        excess_head, log_sums = kernels.along_head(hidden, head, targets, precision)
        grad = kernels.head_gradient(hidden, head, targets, weights, log_sums, precision)
        return excess_head * weights.unsqueeze(1), grad
    # The gradient of head is summed transposed: products with more columns than rows are faster.
    grad_hidden, grad_head = torch.empty_like(hidden), hidden.new_zeros(head.shape[::-1])
    with torch.no_grad():
        weighted = (hidden * weights.unsqueeze(1)).T
        for part in _chunks(hidden, head):
            excess = _excess_(_probabilities(hidden[part], head), targets[part])
            torch.mm(excess, head, out=grad_hidden[part])
            grad_head.addmm_(weighted[:, part], excess)
    return grad_hidden.mul_(weights.unsqueeze(1)), grad_head.T


def gradient_along(
    hidden: Tensor, head: Tensor, direction: Tensor, targets: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """Return what `gradient` does, the second as its product with a fixed `direction` [V, H], a number.

    Both are differentiable once more, with respect to hidden, head and weights.
    """
    result: tuple[Tensor, Tensor] = _GradientAlong.apply(  # type: ignore[no-untyped-call]
        hidden, head, direction, targets, weights
    )
    return result


class _GradientAlong(Function):
    """(weights d head, sum_m weights[m] <d direction, hidden>[m])."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, head: Tensor, direction: Tensor, targets: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        size = hidden.shape[1]
        both = torch.cat((head, direction), dim=1)
        ctx.kernels, ctx.kept, log_sums = _kernels(hidden), [], None
        if ctx.kernels:
            ctx.precision = TRITON[matmul.current()]
            excess_both, log_sums = ctx.kernels.along_both(hidden, both, targets, ctx.precision)
        else:
            excess_both = torch.empty(len(hidden), 2 * size, dtype=hidden.dtype, device=hidden.device)
            for part in _chunks(hidden, head):
                probabilities = _probabilities(hidden[part], head)
                if ctx.needs_input_grad[0] and len(hidden) * len(head) <= KEEP:
                    ctx.kept.append(probabilities.clone())
                torch.mm(_excess_(probabilities, targets[part]), both, out=excess_both[part])
        excess_head, excess_direction = excess_both[:, :size], excess_both[:, size:]
        slopes = torch.linalg.vecdot(excess_direction, hidden)
        ctx.save_for_backward(hidden, both, targets, weights, excess_both, slopes, log_sums)
        return excess_head * weights.unsqueeze(1), weights.dot(slopes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dhidden: Tensor, factor: Tensor) -> Any:
        # The product of the results with (dhidden, factor) is sum_m weights[m] <d, u>[m], where
        # u = dhidden head^T + hidden (factor direction)^T is the change of the logits along them.
        hidden, both, targets, weights, excess_both, slopes, log_sums = ctx.saved_tensors
        size = hidden.shape[1]
        excess_head, excess_direction = excess_both[:, :size], excess_both[:, size:]
        grad_weights = torch.linalg.vecdot(excess_head, dhidden).add_(slopes * factor)
        if not ctx.needs_input_grad[0]:
            return None, None, None, None, grad_weights
        changes = torch.cat((dhidden, hidden * factor), dim=1)
        heavy = weights.unsqueeze(1)
        if ctx.kernels:
            # <p, u> = <d, u> + u[target], both without the logits.
            means = torch.linalg.vecdot(excess_both + both[targets], changes)
            grad_hidden, grad_head = ctx.kernels.second(
                hidden, dhidden, factor, both, targets, weights, log_sums, means, ctx.precision
            )
        else:
            grad_hidden, grad_head = _second(ctx.kept, hidden, dhidden, changes, both, targets, weights)
        grad_hidden.addcmul_(excess_direction, factor).mul_(heavy)
        return grad_hidden, grad_head, None, None, grad_weights


def _second(
    kept: list[Tensor],
    hidden: Tensor,
    dhidden: Tensor,
    changes: Tensor,
    both: Tensor,
    targets: Tensor,
    weights: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return (change of p) head, [M, H], and the derivative with respect to head, [V, H], chunk by chunk."""
    head, heavy = both[:, : hidden.shape[1]], weights.unsqueeze(1)
    weighted, weighted_change = (hidden * heavy).T, (dhidden * heavy).T
    grad_hidden, grad_head = torch.empty_like(hidden), hidden.new_zeros(head.shape[::-1])
    for place, part in enumerate(_chunks(hidden, head)):
        probabilities = kept[place].clone() if kept else _probabilities(hidden[part], head)
        turn = _turn(changes[part] @ both.T, probabilities)
        torch.mm(turn, head, out=grad_hidden[part])
        grad_head.addmm_(weighted[:, part], turn)
        grad_head.addmm_(weighted_change[:, part], _excess_(probabilities, targets[part]))
    return grad_hidden, grad_head.T


def _chunks(hidden: Tensor, head: Tensor) -> Iterator[slice]:
    """Yield the tokens in chunks."""
    size = max(1, CHUNK.get(hidden.device.type, CHUNK["cpu"]) // len(head))
    for start in range(0, len(hidden), size):
        yield slice(start, start + size)


def _probabilities(hidden: Tensor, head: Tensor) -> Tensor:
    """Return p, [M, V]."""
    return torch.softmax(hidden @ head.T, dim=1)


def _excess_(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Turn p into d = p - y, in place: a copy would be two more passes over numbers of the size of the logits."""
    column = targets.unsqueeze(1)
    return probabilities.scatter_add_(1, column, probabilities.new_full((1, 1), -1).expand_as(column))


def _turn(change: Tensor, probabilities: Tensor) -> Tensor:
    """Return the change of p along a change of the logits, p (change - <p, change>)."""
    return torch.ops.aten._softmax_backward_data(change, probabilities, 1, probabilities.dtype)  # type: ignore[no-any-return]
