"""Example weights computed while training: the Learning Law without a search, for anyone's PyTorch loop.

    weigh = online.Online(model, losses, examples=len(data), optimizer=optimizer)
    for rows, batch in batches:                                       # losses(model, batch): one per example
        weights, found = weigh(batch, lambda: (some_desired, others_desired), rows)
        (weights @ found).backward()
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

In a loop of mini-batches an example is looked at a few times in all, and a batch of desired examples is noisy: there
a and b are averages over past batches, each of its own half of the desired examples, as momentum takes them. Where
the optimiser divides each parameter's step by a scale of its own, as Adam does, the desired loss falls at the speed
sum_n gamma[n] <P grad L, grad l_n> with that diagonal P, so contributions are taken in this metric.

docs/online.md has what was measured, and what was tried instead.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

#: How far a standard deviation of the contributions moves a log-weight in a step, and what is kept of a log-weight.
RATE, DECAY = 0.5, 0.9

#: Steps from one desired gradient to the next in a training loop, and what one leaves of the average of those before.
REFRESH, MOMENTUM = 8, 0.9

#: Losses of the examples of a batch, [B], from a model that is called as the user's own is, and a batch.
Losses = Callable[[Callable[..., Any], Any], Tensor]

#: Contributions of a batch's examples, [B], along a direction: a tensor for each parameter that is trained. The last
#: argument is what the losses gave at the parameters, [B], for the backward pass to come.
Contributions = Callable[[nn.Module, Losses, Any, Sequence[Tensor], Tensor], Tensor]


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


def difference(
    model: nn.Module,
    losses: Losses,
    batch: Any,
    direction: Sequence[Tensor],
    found: Tensor,
    share: float = 3e-4,
) -> Tensor:
    """Return about <grad l_n, direction> of a batch's examples, [B], for any model, by one more forward pass.

        (l_n(theta + h direction) - l_n(theta)) / h,      h |direction| = share |theta|

    The step is short enough for the curvature of the losses, and long enough for float32.
    """
    names, values = _trained(model)
    with torch.no_grad():
        step = share * _norm(values) / long if (long := _norm(direction)) > 0 else 0.0
        there = {
            name: torch.add(value, d, alpha=step) for name, value, d in zip(names, values, direction, strict=True)
        }
        change = losses(_Called(model, there), batch) - found
    return change / step if step > 0 else torch.zeros_like(change)


def forward_mode(model: nn.Module, losses: Losses, batch: Any, direction: Sequence[Tensor], found: Tensor) -> Tensor:
    """Return <grad l_n, direction> by one forward-mode product: about two forward passes.

    Not for kernels without a forward-mode derivative, such as scaled_dot_product_attention.
    """
    names, values = _trained(model)

    def along(*values: Tensor) -> Tensor:
        return losses(_Called(model, dict(zip(names, values, strict=True))), batch)

    with torch.no_grad():
        slopes: Tensor = torch.func.jvp(along, values, tuple(direction))[1]
    return slopes


def double_backward(
    model: nn.Module, losses: Losses, batch: Any, direction: Sequence[Tensor], found: Tensor
) -> Tensor:
    """Return the same as the derivative of <sum_n w[n] grad l_n, direction> in w: two more backward passes."""
    each = torch.ones_like(found, requires_grad=True)
    slopes = torch.autograd.grad(found, _trained(model)[1], each, create_graph=True, materialize_grads=True)
    along = torch.stack([torch.sum(a * b) for a, b in zip(slopes, direction, strict=True)]).sum()
    (contributions,) = torch.autograd.grad(along, each, retain_graph=True)
    return contributions


class Online:
    """Weights for the batches of a training loop; see this module's docstring."""

    def __init__(
        self,
        model: nn.Module,
        losses: Losses,
        *,
        examples: int | None,
        optimizer: torch.optim.Optimizer | None = None,
        refresh: int = REFRESH,
        momentum: float = MOMENTUM,
        contributions: Contributions = difference,
        rate: float = RATE,
        decay: float = DECAY,
    ) -> None:
        """Weigh `examples` examples; see that `losses` gives the loss of each of a batch's examples, [B].

        Every `refresh`-th call takes a desired gradient; every call the contributions along the average of those so
        far, of which each new one leaves `momentum`, and in the metric of the `optimizer` if one is given. `examples`
        None is for data that are seen once: nothing is remembered of them, and the log-weights are those at which an
        example rests whose lead stays as it is.
        """
        self.model = model
        self.losses = losses
        self.optimizer = optimizer
        self.refresh = refresh
        self.momentum = momentum
        self.contributions = contributions
        self.rate = rate
        self.decay = decay
        self.memory = None if examples is None else Memory(examples, rate=rate, decay=decay)
        self.calls = 0
        self.evidence = 0.0
        self.halves: list[list[Tensor]] = [[], []]
        self.direction: Sequence[Tensor] = ()

    def __call__(
        self, batch: Any, desired: Callable[[], tuple[Any, Any]], rows: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the weights of a batch's examples, [B], a sum of 1, and their losses, [B], for the backward pass.

        `desired` gives two batches of desired examples, each from its own half of them, fresh ones if there are many;
        it is called where they are needed. `rows` are the numbers of the batch's examples (None: all of them).
        """
        if self.calls % self.refresh == 0:
            self._look(desired())
        self.calls += 1
        dice = _Dice(_trained(self.model)[1][0].device)
        found = self.losses(self.model, batch)
        memory = self.memory
        if memory is None:
            memory, rows = Memory(len(found), rate=self.rate / (1 - self.decay), decay=self.decay), None
        memory.log_weights = memory.log_weights.to(found)
        if self.evidence == 0:
            return memory.weights(rows), found
        with dice.thrown_again():
            contributions = self.contributions(self.model, self.losses, batch, self.direction, found)
        return memory.update(contributions.detach(), self.evidence, rows), found

    def _look(self, desired: tuple[Any, Any]) -> None:
        """Take in the desired gradient of two batches, and how far the averages of both agree.

        Gradients that are not finite are left out.
        """
        parameters = _trained(self.model)[1]
        gradients = []
        for batch in desired:
            loss = self.losses(self.model, batch).mean()
            gradients.append(torch.autograd.grad(loss, parameters, materialize_grads=True))
        if not all(math.isfinite(_norm(gradient)) for gradient in gradients):
            return
        new = max(1 - self.momentum, 1 / (self.calls // self.refresh + 1))
        for half, gradient in zip(self.halves, gradients, strict=True):
            half[:] = [torch.lerp(old, g, new) for old, g in zip(half, gradient, strict=True)] if half else gradient
        self.evidence = agreement(*(_flat(half) for half in self.halves))
        mean = [(a + b) / 2 for a, b in zip(*self.halves, strict=True)]
        self.direction = mean if self.optimizer is None else in_metric(self.optimizer, parameters, mean)


def in_metric(
    optimizer: torch.optim.Optimizer, parameters: Sequence[Tensor], direction: Sequence[Tensor]
) -> list[Tensor]:
    """Return P direction for an optimiser that steps along P times its averaged gradients; P diagonal.

        P = 1 / (sqrt(v / (1 - beta_2^t)) + epsilon)

    with Adam's v, and 1 for optimisers that have none or have not stepped yet.
    """
    groups = {parameter: group for group in optimizer.param_groups for parameter in group["params"]}
    found = []
    for parameter, d in zip(parameters, direction, strict=True):
        state = optimizer.state.get(parameter, {})
        if "exp_avg_sq" in state:
            bias = 1 - groups[parameter]["betas"][1] ** float(state["step"])
            d = d / ((state["exp_avg_sq"] / bias).sqrt() + groups[parameter]["eps"])
        found.append(d)
    return found


class _Dice:
    """The state of the random numbers here and now, so that dropout drops the same twice."""

    def __init__(self, device: torch.device) -> None:
        self.devices = [device] if device.type == "cuda" else []
        self.states = [torch.get_rng_state(), *(torch.cuda.get_rng_state(each) for each in self.devices)]

    @contextmanager
    def thrown_again(self) -> Iterator[None]:
        """Within the block random numbers are those that came after that state; after it they go on as before."""
        with torch.random.fork_rng(self.devices):
            torch.set_rng_state(self.states[0])
            for device, state in zip(self.devices, self.states[1:], strict=True):
                torch.cuda.set_rng_state(state, device)
            yield


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


def _norm(tensors: Sequence[Tensor]) -> float:
    """Return the Euclidean norm of some tensors together."""
    return float(nn.utils.get_total_norm(tensors))


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    """Return some tensors as one vector."""
    return torch.cat([tensor.flatten() for tensor in tensors])
