"""Example weights computed while training: the Learning Law without a search, for any PyTorch training loop.

    weigh = online.Online(model, losses, examples=len(data), optimizer=optimizer)
    for rows, batch in batches:
        weights, batch_losses = weigh(batch, lambda: (some_desired, other_desired), rows)
        (weights @ batch_losses).backward()
        optimizer.step()
        optimizer.zero_grad()

`losses(model, batch)` returns the loss of each example of a batch. The desired examples are those on which the model
is to become good. Examples whose gradients point along the desired gradient gain weight, the others lose it: `memory`
defines the update, `hooks` computes the products of gradients that it needs.

In a loop of mini-batches each example is seen a few times only, and the gradient of a batch of desired examples is
noisy. `Online` therefore averages desired gradients over past batches, as momentum does, separately for two halves of
the desired examples whose agreement shows how far the average can be trusted.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from lawpipe.online import across, arguments
from lawpipe.online.contributions import Contributions, Losses, double_backward, norm
from lawpipe.online.history import History, Last
from lawpipe.online.hooks import NotCovered
from lawpipe.online.memory import DECAY, RATE, Memory, agreement
from lawpipe.online.metric import in_metric
from lawpipe.online.models import is_compiled, listed, say, unwrapped
from lawpipe.online.ways import ByFunction, ByHooks, Measured, Subject, chosen, fallen_back

#: Steps from one desired gradient to the next, and the share of the old average that a new gradient leaves.
REFRESH, MOMENTUM = 8, 0.9

#: Gradients by hooks are compared with those of autograd at the calls 0, 1, 10, 100, ...
COMPARED = 10


class Online:
    """Weights for the batches of a training loop; an example is in the docstring of this module.

    `last` has the contributions, evidence and weights of the last call, `history` (if asked for) those of all calls.
    Under torch.distributed the contributions of all processes are weighed together, and the desired gradient is the
    mean over the processes. The weights of all processes then sum to their number, because DistributedDataParallel
    takes the mean of the gradients.
    """

    def __init__(
        self,
        model: nn.Module,
        losses: Losses,
        *,
        examples: int | None,
        optimizer: Optimizer | Sequence[Optimizer] | None = None,
        refresh: int = REFRESH,
        momentum: float = MOMENTUM,
        contributions: str | Contributions = "hooks",
        accumulate: int = 1,
        rate: float = RATE,
        decay: float = DECAY,
        history: bool = False,
    ) -> None:
        """Start with equal weights.

        Args:
            model: the model that is trained; DistributedDataParallel and torch.compile are fine.
            losses: `losses(model, batch)` returns the loss of each example of the batch, [B].
            examples: N, the number of training examples; None for data that are seen only once. Then nothing is
                remembered, and a batch has the log-weights to which a constant lead would converge,
                ``u = e r / (1 - decay) (CT - mean) / s``.
            optimizer: if given, contributions are taken in its metric (see `in_metric`); it may be set later.
            refresh: a new desired gradient is computed every `refresh` steps.
            momentum: the share of the average of desired gradients that a new gradient leaves.
            contributions: how contributions are computed. "hooks": exactly, by hooks on the modules, where possible
                (otherwise "double_backward", said once); "deferred" and "fused" are its forms with the least memory
                and the least time. "double_backward" is exact for every model; "difference" is approximate, and
                refused in 16 bits; "forward_mode" is exact. Or a function like these.
            accumulate: the number of batches whose gradients are added before a step of the optimiser. Their
                examples are weighed together: the weights of a batch sum to 1 on average, and less in a bad batch.
                Divide the loss by `accumulate`, as without weights.
            rate: r, see `memory`.
            decay: the share of a log-weight that a step keeps, see `memory`.
            history: keep the weights and contributions of all calls (see `History`).
        """
        arguments.settings(
            model,
            losses,
            examples,
            {"refresh": refresh, "accumulate": accumulate},
            {"momentum": momentum, "decay": decay},
            rate,
        )
        self.subject = Subject(model, losses, unwrapped(model))
        self.examples = examples
        self.optimizer = optimizer
        arguments.optimizers(optimizer)
        self.refresh = refresh
        self.momentum = momentum
        self.accumulate = accumulate
        self.rate = rate
        self.decay = decay
        self.way: ByHooks | ByFunction = chosen(self.subject, contributions)
        self.wanted = self.way
        self.memory = None if examples is None else Memory(examples, rate=rate, decay=decay)
        self.calls = 0
        self.averages = 0
        self.evidence = 0.0
        self.halves: list[dict[str, Tensor]] = [{}, {}]
        self.direction: dict[str, Tensor] = {}
        self.trained: list[str] = []
        self.compared = False
        self.modes: list[bool] | None = None
        self.without_optimizer: list[str] = []
        self.recent: deque[tuple[Tensor, Tensor]] = deque(maxlen=accumulate - 1)
        self.last: Last | None = None
        self.history = History() if history else None
        if is_compiled(model) or hasattr(losses, "_torchdynamo_orig_callable"):
            say("the model runs without torch.compile within the losses, so that hooks see its modules.")
        if across.world_size() > 1 and not isinstance(model, DistributedDataParallel):
            say("several processes train, but model is not in DistributedDataParallel, which averages gradients.")

    def __call__(self, batch: Any, desired: Callable[[], tuple[Any, Any]], rows: Any = None) -> tuple[Tensor, Tensor]:
        """Return the weights of the examples of a batch, [B], and their losses, [B], for the backward pass.

        The weights sum to 1 and have no gradient; examples that are not finite have weight 0. `desired` returns two
        batches of desired examples, each from its own half of them, and fresh ones if there are many; it is called
        only when a new desired gradient is computed. `rows` [B] are the numbers of the batch's examples, None for
        all N.
        """
        shapes = {name: p.shape for name, p in self.subject.trained().items()}
        changed = list(shapes) != self.trained or any(
            name in self.direction and self.direction[name].shape != shape for name, shape in shapes.items()
        )
        modes = [module.training for module in self.subject.plain.modules()]
        switched = self.modes not in (None, modes)
        self.modes = modes
        self._choose_way(batch, changed or switched)
        if changed or self.calls % (self.refresh * self.accumulate) == 0:
            two = arguments.halves(desired, batch)
            if not self.compared:  # the training batch was not finite
                self._choose_way(two[0], False)
            self._update_direction(two)
        self.calls += 1
        measured = self._covered(batch, lambda: self.way.measure(batch, self.direction))
        numbers = arguments.numbers(rows, self.examples, len(measured.losses), across.world_size())
        weights = self._weights(measured, numbers).to(measured.losses.dtype)
        self.last = Last(measured.contributions, self.evidence, weights, measured.losses.detach(), numbers)
        if self.history is not None:
            self.history.add(self.calls - 1, self.last, None if self.memory is None else self.memory.log_weights)
        return weights, measured.losses

    def summary(self) -> dict[str, float]:
        """Return numbers for a log: the evidence, the effective examples, and the share of the lowest tenth.

        With weights that sum to 1, the effective number of examples is 1 / sum of their squares. It is given as a
        share of all examples, or of the last batch without memory. The lowest tenth are those with the least weight;
        they have a tenth of it while weights are equal.
        """
        weights = torch.empty(0) if self.last is None else self.last.weights
        if self.memory is not None:
            weights = self.memory.weights()
        if len(weights) == 0 or not float(weights.sum()) > 0:
            return {"evidence": self.evidence, "effective_share": 0.0, "lowest_tenth": 0.0}
        weights = weights / weights.sum()
        lowest = weights.sort().values[: max(1, len(weights) // 10)].sum()
        effective = 1 / float(weights.square().sum()) / len(weights)
        return {"evidence": self.evidence, "effective_share": effective, "lowest_tenth": float(lowest)}

    def state_dict(self) -> dict[str, Any]:
        """Return all that a resumed run needs; its continuation then has the same bits."""
        return {
            "log_weights": None if self.memory is None else self.memory.log_weights.clone(),
            "calls": self.calls,
            "averages": self.averages,
            "evidence": self.evidence,
            "halves": [dict(half) for half in self.halves],
            "direction": dict(self.direction),
            "trained": list(self.trained),
            "compared": self.compared,
            "recent": list(self.recent),
            "scale": getattr(self.way, "scale", None),
            "fallen_back": self.way is not self.wanted,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state of `state_dict`."""
        if not isinstance(state, dict) or not self.state_dict().keys() <= state.keys():
            raise ValueError("state must be what state_dict() of online weights returned.")
        known = state["log_weights"]
        if (None if known is None else len(known)) != self.examples:
            size = "no" if known is None else str(len(known))
            raise ValueError(f"state is of a run with {size} examples, but examples is {self.examples}.")
        own = self.subject.trained()
        for name, gradient in [pair for half in (*state["halves"], state["direction"]) for pair in half.items()]:
            if name in own and own[name].shape != gradient.shape:
                shapes = f"{list(gradient.shape)} there and {list(own[name].shape)} here"
                raise ValueError(f"state is of a run with another model: {name} has the shape {shapes}.")
        if self.memory is not None:
            self.memory.log_weights = known.clone()
        for name in ("calls", "averages", "evidence", "compared"):
            setattr(self, name, state[name])
        device = self.subject.device()
        self.halves = [{name: g.to(device) for name, g in half.items()} for half in state["halves"]]
        self.direction = {name: d.to(device) for name, d in state["direction"].items()}
        self.trained = list(state["trained"])
        self.recent.clear()
        self.recent.extend((seen.to(device), scores.to(device)) for seen, scores in state["recent"])
        self.way = ByFunction(self.subject, double_backward) if state["fallen_back"] else self.wanted
        if isinstance(self.way, ByHooks) and state["scale"] is not None:
            self.way.scale = state["scale"]

    def _choose_way(self, batch: Any, changed: bool) -> None:
        """Compare hooks with autograd at some calls, and whenever other parameters are trained or modes switched."""
        if changed:
            self.trained = list(self.subject.trained())
            self.way, self.compared = self.wanted, False
        if self.compared and not is_power(self.calls):
            return
        if isinstance(self.way, ByHooks):
            missed = self.way.missed(batch)
            if missed is None:
                return
            if missed:
                self.way = fallen_back(self.subject, missed)
        self.compared = True

    def _covered(self, batch: Any, work: Callable[[], Any]) -> Any:
        """Do some work with a batch, by a double backward pass if hooks turn out not to cover the model there."""
        try:
            return work()
        except Exception as error:
            missed = self.way.missed(batch) if isinstance(self.way, ByHooks) else None
            if not missed and isinstance(error, NotCovered):
                missed = [str(error)]
            if not missed:
                raise
            self.way = fallen_back(self.subject, missed)
            return work()

    def _gradient(self, batch: Any) -> dict[str, Tensor]:
        """Return the gradient of the mean loss of desired examples, by name."""
        gradient: dict[str, Tensor] = self._covered(batch, lambda: self.way.gradient(batch))
        return gradient

    def _update_direction(self, desired: tuple[Any, Any]) -> None:
        """Average in the gradients of two batches of desired examples; ignore them if one is not finite."""
        optimizers = arguments.optimizers(self.optimizer)
        if optimizers:
            missing = arguments.held(optimizers, self.subject.trained())
            if missing and missing != self.without_optimizer:
                say(
                    f"no optimiser holds {listed(missing)}, which do not count in the contributions; after making a "
                    "new optimiser, set `optimizer` of the online weights to it."
                )
            self.without_optimizer = missing
        gradients = [self._gradient(batch) for batch in desired]
        gradients = [dict(zip(g, across.averaged(list(g.values())), strict=True)) for g in gradients]
        if not all(math.isfinite(norm(list(gradient.values()))) for gradient in gradients):
            return
        first, second = (list(gradient.values()) for gradient in gradients)
        arguments.different(first, second)
        # The plain mean of the first gradients, until the newest has the share 1 - momentum.
        self.averages += 1
        new = max(1 - self.momentum, 1 / self.averages)
        for index, (half, gradient) in enumerate(zip(self.halves, gradients, strict=True)):
            self.halves[index] = {
                name: torch.lerp(half[name], g, new) if name in half and half[name].shape == g.shape else g
                for name, g in gradient.items()
            }
        flat = (torch.cat([tensor.flatten() for tensor in half.values()]) for half in self.halves)
        self.evidence = agreement(*flat)
        mean = [(a + b) / 2 for a, b in zip(*(half.values() for half in self.halves), strict=True)]
        if optimizers:
            mean = in_metric(optimizers, list(self.subject.trained().values()), mean)
        self.direction = dict(zip(self.trained, mean, strict=True))

    def _weights(self, measured: Measured, rows: Tensor | None) -> Tensor:
        """Update the memory with the contributions of all processes; return the weights of this one's batch."""
        world = across.world_size()
        contributions, own = across.gathered(measured.contributions)
        finite = across.gathered(measured.finite.to(contributions))[0].bool()
        if rows is not None:
            rows = across.gathered(rows.to(contributions.device))[0]
        memory = self.memory
        if memory is None:
            memory = Memory(len(contributions), rate=self.rate / (1 - self.decay), decay=self.decay)
        memory.log_weights = memory.log_weights.to(contributions)
        if not bool(finite.all()):
            rows = (torch.arange(len(contributions), device=finite.device) if rows is None else rows)[finite]
        weights = torch.zeros_like(contributions)
        weights[finite] = self._shares(memory, contributions[finite], rows)
        return weights[own] * world

    def _shares(self, memory: Memory, contributions: Tensor, rows: Tensor | None) -> Tensor:
        """Update the memory; return weights that sum to 1, or to 1 on average over the last `accumulate` batches."""
        if self.accumulate == 1:
            return memory.update(contributions, self.evidence, rows)
        seen = torch.cat([c for c, _ in self.recent] + [contributions])
        scores = torch.cat([s for _, s in self.recent] + [memory.scores(rows)])
        if len(seen) > 1:
            mean = (scores @ seen) / scores.sum() if float(scores.sum()) > 0 else seen.mean()
            memory.update(contributions, self.evidence, rows, (mean, seen.std()))
        new = memory.scores(rows)
        total = torch.cat([s for _, s in self.recent] + [new])
        self.recent.append((contributions, new))
        mean_score = total.mean() if len(total) else total.sum()
        return new / (len(new) * mean_score) if float(mean_score) > 0 else memory.weights(rows)


def is_power(calls: int) -> bool:
    """Return whether a number is 0, 1, 10, 100, ..."""
    while calls and calls % COMPARED == 0:
        calls //= COMPARED
    return calls == 0 or calls == 1
