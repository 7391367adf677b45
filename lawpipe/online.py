"""Example weights computed while training: the Learning Law without a search, for anyone's PyTorch loop.

    weigh = online.Online(model, losses, examples=len(data))          # losses(model, batch): one per example
    for rows, batch in batches:
        weights = weigh(batch, lambda: (some_desired, others_desired), rows)
        (weights @ losses(model, batch)).backward()
        optimizer.step(), optimizer.zero_grad()

Mirror descent on the instantaneous problem. Under weights gamma the desired loss L falls at the speed sum_n gamma[n]
CT[n], with the contributions CT[n] = <grad L, grad l_n>. The exponentiated gradient of that linear objective, with
the weighted mean as its baseline, is the replicator equation

    u[n] <- u[n] + r (CT[n] - sum_m gamma[m] CT[m]) / s,      gamma[n] ~ exp(min(u[n], 0)).

Where u rests the paper's law holds (arXiv 2402.17759, theorem 3.1): examples with weight contribute the same, others
less. Dividing by the standard deviation s of CT over the batch frees it of the scales of loss, gradient and model.

Three things are not in the theory, but heuristic. (a) The bound at 0: no example weighs more than those that
contribute like the average. Ranking the good ones fits the noise of the few desired examples and, as it concentrates
the weight, lengthens the step. (b) Memory: the exact condition has the adjoint in place of grad L, an average of the
desired gradients of the steps to come; u averages those of about 1 / (1 - decay) past steps instead. (c) Evidence:
with the gradients a, b of two halves of the desired examples, <a, b> estimates |grad L|^2 without bias, so

    e = sqrt(max(<a, b>, 0)) / |(a + b) / 2|          in [0, 1]

estimates the cosine between the desired gradient at hand and the one of infinitely many desired examples. It is
small where the weights have fitted those at hand, and then nothing is learned nor forgotten:

    u <- u + e (r (CT - mean) / s - (1 - decay) u).

docs/online.md has what was measured, and what was tried instead.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

#: How far a standard deviation of the contributions moves a log-weight in a step, and what is kept of a log-weight.
RATE, DECAY = 0.5, 0.9

#: Losses of the examples of a batch, [B], from a model that is called as the user's own is, and a batch.
Losses = Callable[[Callable[..., Any], Any], Tensor]

#: Contributions of a batch's examples, [B], along a direction: a tensor for each parameter that is trained.
Contributions = Callable[[nn.Module, Losses, Any, Sequence[Tensor]], Tensor]


class Memory:
    """One number an example, its open log-weight u; the update of this module's docstring."""

    def __init__(self, examples: int, *, rate: float = RATE, decay: float = DECAY) -> None:
        """Begin with all examples alike."""
        self.rate = rate
        self.decay = decay
        self.log_weights = torch.zeros(examples)

    def weights(self, rows: Tensor | None = None) -> Tensor:
        """Return the weights of some examples (all of them), [B], that sum to 1."""
        logs = self.log_weights if rows is None else self.log_weights[rows]
        scores = logs.clamp(max=0).exp_()
        # The best of a batch may be bad, but it is the batch.
        return scores / scores.sum() if scores.sum() > 0 else torch.softmax(logs, dim=0)

    def update(self, contributions: Tensor, evidence: float = 1.0, rows: Tensor | None = None) -> Tensor:
        """Take in the contributions [B] of some examples (all of them) and return their weights, [B].

        `evidence` is between 0 (the contributions are noise) and 1. Where all contributions are the same, or one is
        not finite, nothing is learned.
        """
        self.log_weights = self.log_weights.to(contributions)
        spread = contributions.std()
        if evidence > 0 and len(contributions) > 1 and 0 < spread < float("inf"):
            logs = self.log_weights if rows is None else self.log_weights[rows]
            lead = (contributions - self.weights(rows) @ contributions) / spread
            logs = logs + evidence * (self.rate * lead - (1 - self.decay) * logs)
            if rows is None:
                self.log_weights = logs
            else:
                self.log_weights[rows] = logs
        return self.weights(rows)


def agreement(first: Tensor, second: Tensor) -> float:
    """Return sqrt(max(<a, b>, 0)) / |(a + b) / 2| of the gradients of two independent halves, between 0 and 1."""
    shared = float(torch.dot(first, second))
    size = float((first + second).square().sum()) / 4
    return math.sqrt(min(shared / size, 1.0)) if shared > 0 else 0.0


def forward_mode(model: nn.Module, losses: Losses, batch: Any, direction: Sequence[Tensor]) -> Tensor:
    """Return <grad l_n, direction> of a batch's examples, [B], by one forward-mode product.

    About two forward passes. Not for kernels without a forward-mode derivative, such as scaled_dot_product_attention.
    """
    names, values = _trained(model)

    def along(*values: Tensor) -> Tensor:
        return losses(_Called(model, dict(zip(names, values, strict=True))), batch)

    with torch.no_grad():
        slopes: Tensor = torch.func.jvp(along, values, tuple(direction))[1]
    return slopes


def double_backward(model: nn.Module, losses: Losses, batch: Any, direction: Sequence[Tensor]) -> Tensor:
    """Return the same as the derivative of <sum_n w[n] grad l_n, direction> with respect to w; a pass dearer."""
    names, values = _trained(model)
    leaves = [value.detach().requires_grad_() for value in values]
    with torch.enable_grad():
        found = losses(_Called(model, dict(zip(names, leaves, strict=True))), batch)
        each = torch.ones_like(found, requires_grad=True)
        slopes = torch.autograd.grad(found, leaves, each, create_graph=True, materialize_grads=True)
        along = torch.stack([torch.sum(a * b) for a, b in zip(slopes, direction, strict=True)]).sum()
        (contributions,) = torch.autograd.grad(along, each)
    return contributions.detach()


def difference(
    model: nn.Module, losses: Losses, batch: Any, direction: Sequence[Tensor], share: float = 1e-2
) -> Tensor:
    """Return about the same for any model, from two forward passes: a forward difference along the direction.

        (l_n(theta + h direction) - l_n(theta)) / h,      h |direction| = share |theta|

    Not for losses that differ from call to call, as with dropout.
    """
    names, values = _trained(model)
    with torch.no_grad():
        long = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(each) for each in direction]))
        size = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(each) for each in values]))
        step = float(share * size / long) if long > 0 else 0.0
        there = {
            name: torch.add(value, d, alpha=step) for name, value, d in zip(names, values, direction, strict=True)
        }
        change = losses(_Called(model, there), batch) - losses(model, batch)
    return change / step if step > 0 else change


class Online:
    """Weights for the batches of a training loop; see this module's docstring."""

    def __init__(
        self,
        model: nn.Module,
        losses: Losses,
        *,
        examples: int,
        every: int = 1,
        contributions: Contributions = forward_mode,
        rate: float = RATE,
        decay: float = DECAY,
    ) -> None:
        """Weigh `examples` examples; see that `losses` gives the loss of each of a batch's examples, [B].

        Only every `every`-th call looks at the desired examples and at contributions; the calls between answer from
        memory, at no cost.
        """
        self.model = model
        self.losses = losses
        self.every = every
        self.contributions = contributions
        self.memory = Memory(examples, rate=rate, decay=decay)
        self.calls = 0

    def __call__(self, batch: Any, desired: Callable[[], tuple[Any, Any]], rows: Tensor | None = None) -> Tensor:
        """Return the weights of a batch's examples, [B], a sum of 1; `rows` are their numbers (None: all of them).

        `desired` gives two batches of desired examples that have none in common, fresh ones if there are many.
        """
        self.calls += 1
        if (self.calls - 1) % self.every:
            return self.memory.weights(rows)
        parameters = _trained(self.model)[1]
        first, second = (self._gradient(part, parameters) for part in desired())
        evidence = agreement(_flat(first), _flat(second))
        if evidence == 0:
            return self.memory.weights(rows)
        direction = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
        return self.memory.update(self.contributions(self.model, self.losses, batch, direction), evidence, rows)

    def _gradient(self, batch: Any, parameters: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the gradient of the mean loss of a batch, a tensor for each parameter."""
        return torch.autograd.grad(self.losses(self.model, batch).mean(), parameters, materialize_grads=True)


class _Called:
    """A model that is called with other parameters than its own."""

    def __init__(self, model: nn.Module, parameters: dict[str, Tensor]) -> None:
        self.model = model
        self.parameters = parameters

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return torch.func.functional_call(self.model, self.parameters, args, kwargs)


def _trained(model: nn.Module) -> tuple[list[str], tuple[Tensor, ...]]:
    """Return the names of the parameters that are trained, and these."""
    pairs = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    return [name for name, _ in pairs], tuple(value for _, value in pairs)


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    """Return some tensors as one vector."""
    return torch.cat([tensor.flatten() for tensor in tensors])
