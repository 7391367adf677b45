"""The forward half of the engine: one training run under a policy, and what it is worth."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from lawpipe.engine import checkpoints
from lawpipe.engine.checkpoints import Budget
from lawpipe.engine.descent import WriteRow, descend, descend_many, is_finite
from lawpipe.problems.base import Problem

Curve = npt.NDArray[np.float64]

#: A run has diverged if its mean loss J is above this many times the loss at its start, or this many nats.
DIVERGED = 1000.0


@dataclass(frozen=True)
class Trajectory:
    """One training run: its policy, and the parameters on the way, whole or as checkpoints.

    The parameters come in segments of `segment` steps. With a single segment they are all in `kept`, [T+1, P]. With
    several, `kept` holds theta at the start of each and at the end, or (`on_host`) all of them in the host's memory;
    the losses on the reference sets, which need all of them, were taken in passing.
    """

    problem: Problem
    weights: Tensor
    learning_rates: Sequence[float]
    segment: int
    kept: Tensor
    passing: dict[str, Curve]
    on_host: bool = False

    @property
    def steps(self) -> int:
        """T, the number of steps."""
        return len(self.learning_rates)

    @property
    def whole(self) -> bool:
        """Whether the parameters at all steps are kept."""
        return self.segment == self.steps

    @property
    def first(self) -> Tensor:
        """theta[0], [P]."""
        return self.kept[0].to(self.problem.device)

    @property
    def last(self) -> Tensor:
        """theta[T], [P]."""
        return self.kept[-1].to(self.problem.device)

    @property
    def thetas(self) -> Tensor:
        """The parameters at all steps, [T+1, P]; recomputed where they are not kept, which takes their memory."""
        if self.whole:
            return self.kept
        return torch.cat([*(thetas for _, thetas in self.segments()), self.last.unsqueeze(0)])

    def segments(self, *, backwards: bool = False) -> Iterator[tuple[int, Tensor]]:
        """Yield each segment's first step and the parameters at its steps, [S, P], in either direction."""
        if self.whole:
            yield 0, self.kept[:-1]
            return
        starts = range(0, self.steps, self.segment)
        for start in reversed(starts) if backwards else starts:
            stop = min(start + self.segment, self.steps)
            if self.on_host:
                yield start, self.kept[start:stop].to(self.problem.device, non_blocking=True)
                continue
            # The segment's last step leads to the next segment: it is not needed.
            part = slice(start, stop - 1)
            theta = self.kept[start // self.segment]
            yield start, descend(self.problem, theta, self.weights[part], self.learning_rates[part])

    def at(self, steps: Sequence[int]) -> Iterator[Tensor]:
        """Yield theta at some of the steps 0..T-1, which rise, [P] each."""
        for start, thetas in self.segments():
            for step in steps:
                if start <= step < start + len(thetas):
                    yield thetas[step - start]

    def curve(self, against: str) -> Curve:
        """Return the mean loss on a reference set at theta[0..T], [T+1], in nats."""
        return self.problem.reference_losses(against, self.kept) if self.whole else self.passing[against]

    def training_losses(self) -> Curve:
        """Return the weighted training loss sum_n gamma[t,n] l_n(theta[t]) at t = 0..T-1, [T], in nats."""
        losses = [
            float(self.problem.losses(theta).dot(weights))
            for start, thetas in self.segments()
            for theta, weights in zip(thetas, self.weights[start : start + len(thetas)], strict=True)
        ]
        return np.array(losses)

    def objective(self, against: str = "desired") -> float:
        """Return J = (1/T) sum_{t=1..T} L(theta[t]), in nats; not finite if training diverged."""
        if not is_finite(self.last):
            return math.nan
        if self.whole:
            return float(self.problem.reference_losses(against, self.kept[1:]).mean())
        return float(self.passing[against][1:].mean())


def train(
    problem: Problem,
    theta0: Tensor,
    weights: Tensor,
    learning_rates: Sequence[float],
    budget: Budget | None = None,
    write_row: WriteRow | None = None,
) -> Trajectory:
    """Train from theta0 under the policy `weights` [T, N], one full-batch step for each row.

    Args:
        problem: the problem with N training examples and P parameters.
        theta0: the initial parameters, [P].
        weights: [T, N].
        learning_rates: of the T steps.
        budget: the memory for the parameters of all steps, by default the device's; only some are kept beyond it.
        write_row: decides each row of `weights` while the run goes on.
    """
    steps = len(learning_rates)
    available = budget or checkpoints.budget(problem.device)
    plan = checkpoints.plan(steps, theta0.numel() * theta0.element_size(), available)
    segment = plan.segment
    if segment == steps:
        kept = descend(problem, theta0, weights, learning_rates, write_row)
        return Trajectory(problem, weights, learning_rates, segment, kept, {})
    starts = range(0, steps, segment)
    kept = checkpoints.on_host(steps + 1, theta0) if plan.on_host else theta0.new_empty(len(starts) + 1, len(theta0))
    kept[0] = theta = theta0
    losses = {against: [problem.reference_losses(against, theta0.unsqueeze(0))] for against in problem.references}
    for place, start in enumerate(starts):
        part = slice(start, start + segment)
        thetas = descend(problem, theta, weights[part], learning_rates[part], write_row)[1:]
        theta = thetas[-1].clone()
        for against, found in losses.items():
            found.append(problem.reference_losses(against, thetas))
        rows = slice(start + 1, start + 1 + len(thetas)) if plan.on_host else slice(place + 1, place + 2)
        kept[rows].copy_(thetas if plan.on_host else thetas[-1:])
        # Else this segment would still be held while the next is computed.
        del thetas
    curves = {against: np.concatenate(found) for against, found in losses.items()}
    return Trajectory(problem, weights, learning_rates, segment, kept, curves, plan.on_host)


def train_many(
    problem: Problem,
    theta0s: Sequence[Tensor],
    weights: Sequence[Tensor],
    learning_rates: Sequence[Sequence[float]],
    budget: Budget | None = None,
) -> list[Trajectory]:
    """Train S times on the same examples, each from its own theta0 under its own policy and rates, together.

    Every run is that of `train` up to rounding, and cheaper if the problem gains from it and the parameters of all
    runs fit the budget; else they are trained one by one. Runs may share tensors, and a policy may be a view that
    stores less than T x N numbers: uniform weights at S learning rates are S times
    `torch.full((1, 1), 1 / N).expand(T, N)`. All have the same number of steps; else raises ValueError.
    """
    if len({len(rates) for rates in learning_rates}) > 1:
        raise ValueError("runs of different lengths cannot be trained together")
    runs = list(zip(theta0s, weights, learning_rates, strict=True))
    available = budget or checkpoints.budget(problem.device)
    size = sum((len(rates) + 1) * theta0.numel() * theta0.element_size() for theta0, _, rates in runs)
    if size > available.device:
        return [train(problem, *run, budget) for run in runs]
    kept = descend_many(problem, torch.stack([*theta0s]), weights, learning_rates)
    return [
        Trajectory(problem, policy, rates, len(rates), path, {})
        for (_, policy, rates), path in zip(runs, kept, strict=True)
    ]


def check_converges(objective: float, start: float) -> None:
    """Raise FloatingPointError, with the numbers, if a run of mean loss J that starts at a loss has diverged."""
    if not objective <= DIVERGED * max(start, 1.0):
        raise FloatingPointError(f"the mean loss of the run is {objective:.3g} nats, at its start {start:.3g}")


def flatten(theta0: pa.Table, problem: Problem) -> Tensor:
    """Return the flat parameter vector of a theta0 table, on the problem's device."""
    values = np.concatenate([row.values.to_numpy() for row in theta0.column("values")])
    return torch.from_numpy(values).to(problem.device, problem.dtype)
