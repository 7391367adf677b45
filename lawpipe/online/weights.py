"""Example weights computed while training: the Learning Law without a search, for any PyTorch training loop.

    weigh = online.Online(model, losses, examples=len(data), optimizer=optimizer)
    for rows, batch in batches:
        weights, batch_losses = weigh(batch, lambda: (some_desired, other_desired), rows)
        (weights @ batch_losses).backward()
        optimizer.step()
        optimizer.zero_grad()

`losses(model, batch)` returns the loss of each example of a batch. The desired examples are those on which the model
is to become good. Examples whose gradients point along the desired gradient gain weight, the others lose it: `memory`
defines the update, `contributions` computes the products of gradients that it needs.

In a loop of mini-batches each example is seen a few times only, and the gradient of a batch of desired examples is
noisy. `Online` therefore averages desired gradients over past batches, as momentum does, separately for two halves of
the desired examples whose agreement shows how far the average can be trusted.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lawpipe.online.contributions import Contributions, Losses, difference, in_metric, norm, trained_parameters
from lawpipe.online.memory import DECAY, RATE, Memory, agreement

#: Steps from one desired gradient to the next, and the share of the old average that a new gradient leaves.
REFRESH, MOMENTUM = 8, 0.9


class Online:
    """Weights for the batches of a training loop; an example is in the docstring of this module."""

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
        """Start with equal weights.

        Args:
            model: the model that is trained.
            losses: `losses(model, batch)` returns the loss of each example of the batch, [B].
            examples: N, the number of training examples; None for data that are seen only once. Then nothing is
                remembered, and a batch has the log-weights to which a constant lead would converge,
                ``u = e r / (1 - decay) (CT - mean) / s``.
            optimizer: if given, contributions are taken in its metric (see `in_metric`).
            refresh: a new desired gradient is computed every `refresh` calls.
            momentum: the share of the average of desired gradients that a new gradient leaves.
            contributions: how contributions are computed: `difference`, `forward_mode` or `double_backward`.
            rate: r, see `memory`.
            decay: the share of a log-weight that a step keeps, see `memory`.
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
        """Return the weights of the examples of a batch, [B], and their losses, [B], for the backward pass.

        The weights sum to 1 and have no gradient. `desired` returns two batches of desired examples, each from its
        own half of them, and fresh ones if there are many; it is called only when a new desired gradient is computed.
        `rows` [B] are the numbers of the batch's examples, None for all N.
        """
        if self.calls % self.refresh == 0:
            self._update_direction(desired())
        self.calls += 1
        state = RngState(trained_parameters(self.model)[1][0].device)
        current = self.losses(self.model, batch)
        memory = self.memory
        if memory is None:
            memory, rows = Memory(len(current), rate=self.rate / (1 - self.decay), decay=self.decay), None
        memory.log_weights = memory.log_weights.to(current)
        if self.evidence == 0:
            return memory.weights(rows), current
        with state.replayed():
            contributions = self.contributions(self.model, self.losses, batch, self.direction, current)
        return memory.update(contributions.detach(), self.evidence, rows), current

    def _update_direction(self, desired: tuple[Any, Any]) -> None:
        """Average in the gradients of two batches of desired examples; ignore them if one is not finite."""
        _, parameters = trained_parameters(self.model)
        gradients = []
        for batch in desired:
            loss = self.losses(self.model, batch).mean()
            gradients.append(torch.autograd.grad(loss, parameters, materialize_grads=True))
        if not all(math.isfinite(norm(gradient)) for gradient in gradients):
            return
        # The plain mean of the first gradients, until the newest has the share 1 - momentum.
        new = max(1 - self.momentum, 1 / (self.calls // self.refresh + 1))
        for half, gradient in zip(self.halves, gradients, strict=True):
            half[:] = [torch.lerp(old, g, new) for old, g in zip(half, gradient, strict=True)] if half else gradient
        first, second = (torch.cat([tensor.flatten() for tensor in half]) for half in self.halves)
        self.evidence = agreement(first, second)
        mean = [(a + b) / 2 for a, b in zip(*self.halves, strict=True)]
        self.direction = mean if self.optimizer is None else in_metric(self.optimizer, parameters, mean)


class RngState:
    """The state of the random number generators at construction, so that dropout can drop the same units again."""

    def __init__(self, device: torch.device) -> None:
        self.devices = [device] if device.type == "cuda" else []
        self.states = [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in self.devices)]

    @contextmanager
    def replayed(self) -> Iterator[None]:
        """Repeat, within the block, the random numbers that followed that state; afterwards they go on as before."""
        with torch.random.fork_rng(self.devices):
            torch.set_rng_state(self.states[0])
            for device, state in zip(self.devices, self.states[1:], strict=True):
                torch.cuda.set_rng_state(state, device)
            yield
