"""The end of a language model, logits = hidden @ head.T and cross-entropy, with its first and second derivative.

Logits are the largest thing in a language model by far: M tokens times V of the vocabulary. Everything here goes
through them in chunks of tokens; a second derivative computes them once more, unless there are few. With the
probabilities p of a token, its target's indicator y and d = p - y,

    loss = -log p[target],    grad_hidden = d head,    grad_head = d^T hidden

All functions take hidden [M, H], head [V, H], targets [M], and return losses in nats.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy

#: Numbers in a chunk of logits, per device. On a CPU a chunk should stay in cache, but keep rows for a product.
CHUNK = {"cpu": 2**19, "cuda": 2**28}

#: Up to so many probabilities of a call are kept for its second derivative: few cost less to hold than to redo.
KEEP = 2**21


def losses(hidden: Tensor, head: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of every token, [M], without a graph for derivatives."""
    result = torch.empty_like(hidden[:, 0])
    with torch.no_grad():
        for part in _chunks(hidden, head):
            result[part] = cross_entropy(hidden[part] @ head.T, targets[part], reduction="none")
    return result


def gradient(hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradient of sum_m weights[m] loss[m] with respect to hidden and head, without a graph."""
    # The gradient of head is summed transposed: products with more columns than rows are faster.
    grad_hidden, grad_head = torch.empty_like(hidden), hidden.new_zeros(head.shape[::-1])
    with torch.no_grad():
        weighted = (hidden * weights.unsqueeze(1)).T
        for part in _chunks(hidden, head):
            excess = _excess(_probabilities(hidden[part], head), targets[part])
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
        excess_both = torch.empty(len(hidden), 2 * size, dtype=hidden.dtype, device=hidden.device)
        ctx.kept = []
        for part in _chunks(hidden, head):
            probabilities = _probabilities(hidden[part], head)
            torch.mm(_excess(probabilities, targets[part]), both, out=excess_both[part])
            if ctx.needs_input_grad[0] and len(hidden) * len(head) <= KEEP:
                ctx.kept.append(probabilities)
        excess_head, excess_direction = excess_both[:, :size], excess_both[:, size:]
        slopes = torch.linalg.vecdot(excess_direction, hidden)
        ctx.save_for_backward(hidden, both, targets, weights, excess_both, slopes)
        return excess_head * weights.unsqueeze(1), weights.dot(slopes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dhidden: Tensor, factor: Tensor) -> Any:
        # The product of the results with (dhidden, factor) is sum_m weights[m] <d, u>[m], where
        # u = dhidden head^T + hidden (factor direction)^T is the change of the logits along them.
        hidden, both, targets, weights, excess_both, slopes = ctx.saved_tensors
        size = hidden.shape[1]
        head = both[:, :size]
        excess_head, excess_direction = excess_both[:, :size], excess_both[:, size:]
        grad_weights = torch.linalg.vecdot(excess_head, dhidden).add_(slopes * factor)
        if not ctx.needs_input_grad[0]:
            return None, None, None, None, grad_weights
        changes = torch.cat((dhidden, hidden * factor), dim=1)
        heavy = weights.unsqueeze(1)
        weighted, weighted_change = (hidden * heavy).T, (dhidden * heavy).T
        grad_hidden, grad_head = torch.empty_like(hidden), hidden.new_zeros(head.shape[::-1])
        for place, part in enumerate(_chunks(hidden, head)):
            probabilities = ctx.kept[place] if ctx.kept else _probabilities(hidden[part], head)
            turn = _turn(changes[part] @ both.T, probabilities)
            torch.mm(turn, head, out=grad_hidden[part])
            grad_head.addmm_(weighted[:, part], turn)
            grad_head.addmm_(weighted_change[:, part], _excess(probabilities, targets[part]))
        grad_hidden.addcmul_(excess_direction, factor).mul_(heavy)
        return grad_hidden, grad_head.T, None, None, grad_weights


def _chunks(hidden: Tensor, head: Tensor) -> Iterator[slice]:
    """Yield the tokens in chunks."""
    size = max(1, CHUNK.get(hidden.device.type, CHUNK["cpu"]) // len(head))
    for start in range(0, len(hidden), size):
        yield slice(start, start + size)


def _probabilities(hidden: Tensor, head: Tensor) -> Tensor:
    """Return p, [M, V]."""
    return torch.softmax(hidden @ head.T, dim=1)


def _excess(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Return d = p - y."""
    column = targets.unsqueeze(1)
    return probabilities.scatter_add(1, column, probabilities.new_full((1, 1), -1).expand_as(column))


def _turn(change: Tensor, probabilities: Tensor) -> Tensor:
    """Return the change of p along a change of the logits, p (change - <p, change>)."""
    return torch.ops.aten._softmax_backward_data(change, probabilities, 1, probabilities.dtype)  # type: ignore[no-any-return]
