"""Output layer of a language model, logits = hidden @ head.T and cross-entropy, with first and second derivatives.

For each token, with the probabilities p = softmax(logits), the one-hot target y and d = p - y,

    loss = -log p[target],    grad_hidden = d head,    grad_head = d^T hidden

The logits, M tokens times V words, are by far the largest tensor of a language model. They are computed in chunks of
tokens, and once more for the second derivative unless they are few. On a GPU with matrix products of rounded
operands, Triton kernels (`fused_cross_entropy`) compute them without storing them in memory.

All functions take hidden [M, H], head [V, H] and targets [M], and return losses in nats.
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

#: Numbers in a chunk of logits, by device. On a CPU a chunk should fit in cache and have enough rows for a product.
CHUNK = {"cpu": 2**19, "cuda": 2**28}

#: Largest number of probabilities that a call stores for its second derivative instead of recomputing them.
KEEP = 2**21

#: Whether to use the Triton kernels. None: on CUDA with products of rounded operands, where they are faster by the
#: operation counts of docs/gpu.md.
FUSED: bool | None = None

#: Triton's names for the precisions of `lawpipe.compute.matmul`.
TRITON = {"float32": "ieee", "tf32": "tf32", "bfloat16": "bf16"}


@cache
def _installed() -> ModuleType | None:
    """Return the module of the kernels, or None if Triton is not installed."""
    if find_spec("triton") is None:
        return None
    from lawpipe.problems.language_model.models import fused_cross_entropy

    return fused_cross_entropy


def _kernels(hidden: Tensor) -> ModuleType | None:
    """Return the module of the kernels if they are to be used for these hidden states, else None."""
    wanted = hidden.is_cuda and matmul.current() in matmul.ROUNDED if FUSED is None else FUSED
    kernels = _installed() if wanted else None
    return kernels if kernels is not None and kernels.fits(hidden) else None


def losses(hidden: Tensor, head: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of every token, [M], without recording a graph."""
    if kernels := _kernels(hidden):
        return kernels.losses(hidden, head, targets, TRITON[matmul.current()])  # type: ignore[no-any-return]
    result = torch.empty_like(hidden[:, 0])
    with torch.no_grad():
        for part in _chunks(hidden, head):
            result[part] = cross_entropy(hidden[part] @ head.T, targets[part], reduction="none")
    return result


def gradient(hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of sum_m weights[m] loss[m] for hidden, [M, H], and head, [V, H]; records no graph."""
    if kernels := _kernels(hidden):
        precision = TRITON[matmul.current()]
        excess_head, log_sums = kernels.along_head(hidden, head, targets, precision)
        grad = kernels.head_gradient(hidden, head, targets, weights, log_sums, precision)
        return excess_head * weights.unsqueeze(1), grad
    # The gradient of head is accumulated transposed: products with more columns than rows are faster.
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
    """Return the gradient of sum_m weights[m] loss[m] for hidden, [M, H], and <gradient for head, direction>, [].

    `direction` [V, H] is constant. Both results can be differentiated once more, for hidden, head and weights.
    """
    result: tuple[Tensor, Tensor] = _GradientAlong.apply(  # type: ignore[no-untyped-call]
        hidden, head, direction, targets, weights
    )
    return result


class _GradientAlong(Function):
    """The two results of `gradient_along`: weights d head, and sum_m weights[m] <d direction, hidden>[m]."""

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
        # <results, (dhidden, factor)> = sum_m weights[m] <d, u>[m], where
        # u = dhidden head^T + factor hidden direction^T is the change of the logits.
        hidden, both, targets, weights, excess_both, slopes, log_sums = ctx.saved_tensors
        size = hidden.shape[1]
        excess_head, excess_direction = excess_both[:, :size], excess_both[:, size:]
        grad_weights = torch.linalg.vecdot(excess_head, dhidden).add_(slopes * factor)
        if not ctx.needs_input_grad[0]:
            return None, None, None, None, grad_weights
        changes = torch.cat((dhidden, hidden * factor), dim=1)
        token_weights = weights.unsqueeze(1)
        if ctx.kernels:
            # <p, u> = <d, u> + u[target] needs no logits.
            means = torch.linalg.vecdot(excess_both + both[targets], changes)
            grad_hidden, grad_head = ctx.kernels.second(
                hidden, dhidden, factor, both, targets, weights, log_sums, means, ctx.precision
            )
        else:
            grad_hidden, grad_head = _second(ctx.kept, hidden, dhidden, changes, both, targets, weights)
        grad_hidden.addcmul_(excess_direction, factor).mul_(token_weights)
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
    """Return r head, [M, H], and sum_m weights[m] (r hidden + d dhidden)[m], [V, H]; r is the change of p along u."""
    head, token_weights = both[:, : hidden.shape[1]], weights.unsqueeze(1)
    weighted, weighted_change = (hidden * token_weights).T, (dhidden * token_weights).T
    grad_hidden, grad_head = torch.empty_like(hidden), hidden.new_zeros(head.shape[::-1])
    for index, part in enumerate(_chunks(hidden, head)):
        probabilities = kept[index].clone() if kept else _probabilities(hidden[part], head)
        turn = _turn(changes[part] @ both.T, probabilities)
        torch.mm(turn, head, out=grad_hidden[part])
        grad_head.addmm_(weighted[:, part], turn)
        grad_head.addmm_(weighted_change[:, part], _excess_(probabilities, targets[part]))
    return grad_hidden, grad_head.T


def _chunks(hidden: Tensor, head: Tensor) -> Iterator[slice]:
    """Yield slices of the tokens, one per chunk."""
    size = max(1, CHUNK.get(hidden.device.type, CHUNK["cpu"]) // len(head))
    for start in range(0, len(hidden), size):
        yield slice(start, start + size)


def _probabilities(hidden: Tensor, head: Tensor) -> Tensor:
    """Return p = softmax(hidden head^T), [M, V]."""
    return torch.softmax(hidden @ head.T, dim=1)


def _excess_(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Turn p into d = p - y, in place; a copy would cost two more passes over a tensor of the size of the logits."""
    column = targets.unsqueeze(1)
    return probabilities.scatter_add_(1, column, probabilities.new_full((1, 1), -1).expand_as(column))


def _turn(change: Tensor, probabilities: Tensor) -> Tensor:
    """Return the change of p along a change of the logits, p (change - <p, change>), [M, V]."""
    return torch.ops.aten._softmax_backward_data(change, probabilities, 1, probabilities.dtype)  # type: ignore[no-any-return]
