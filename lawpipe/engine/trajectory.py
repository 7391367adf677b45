"""Training runs: gradient descent under a policy, the parameters of its steps, and its losses."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

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

#: A run has diverged if J exceeds this many times the loss at its start, or this many nats if the loss is below 1.
DIVERGED = 1000.0


@dataclass(frozen=True)
class Trajectory:
    """One training run: its policy and its parameters, stored whole or as checkpoints (see `checkpoints`).

    The steps are divided into segments of `segment` steps. `stored` holds

    - theta[0..T], [T+1, P], if there is a single segment;
    - theta[0..T] in the host's memory, with `on_host`;
    - otherwise theta at the start of each segment and theta[T].

    `curves` holds the reference losses that are known: with several segments those of all sets, computed during
    training, otherwise those that were asked for or came with gradients. `gradients` holds the gradients of the mean
    loss on a reference set at theta[0..T], [T+1, P], that are known: those of a run that needed them on its way.
    """

    problem: Problem
    weights: Tensor
    learning_rates: Sequence[float]
    segment: int
    stored: Tensor
    curves: dict[str, Curve]
    on_host: bool = False
    gradients: dict[str, Tensor] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """T, the number of steps."""
        return len(self.learning_rates)

    @property
    def whole(self) -> bool:
        """Whether theta[0..T] is stored on the device."""
        return self.segment == self.steps

    @property
    def first(self) -> Tensor:
        """theta[0], [P]."""
        return self.stored[0].to(self.problem.device)

    @property
    def last(self) -> Tensor:
        """theta[T], [P]."""
        return self.stored[-1].to(self.problem.device)

    def segments(self, *, backwards: bool = False) -> Iterator[tuple[int, Tensor]]:
        """Yield the first step of each segment and theta at its S steps, [S, P], recomputed if necessary."""
        if self.whole:
            yield 0, self.stored[:-1]
            return
        starts = range(0, self.steps, self.segment)
        for start in reversed(starts) if backwards else starts:
            stop = min(start + self.segment, self.steps)
            if self.on_host:
                yield start, self.stored[start:stop].to(self.problem.device, non_blocking=True)
                continue
            # The last step of a segment is not run: it leads to the next segment.
            part = slice(start, stop - 1)
            theta = self.stored[start // self.segment]
            yield start, descend(self.problem, theta, self.weights[part], self.learning_rates[part])

    def at(self, steps: Sequence[int]) -> Iterator[Tensor]:
        """Yield theta[t], [P], for some of the steps t = 0..T-1 in ascending order."""
        for start, thetas in self.segments():
            for step in steps:
                if start <= step < start + len(thetas):
                    yield thetas[step - start]

    def curve(self, against: str) -> Curve:
        """Return the mean loss on a reference set at theta[0..T], [T+1], in nats."""
        if against not in self.curves:
            self.curves[against] = self.problem.reference_losses(against, self.stored)
        return self.curves[against]

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
        return float(self.curve(against)[1:].mean())


def train(
    problem: Problem,
    theta0: Tensor,
    weights: Tensor,
    learning_rates: Sequence[float],
    budget: Budget | None = None,
    write_row: WriteRow | None = None,
) -> Trajectory:
    """Train from theta0 under a policy: T steps of full-batch gradient descent on the weighted loss.

    `budget` is the memory for theta[0..T], by default the device's; if it is exceeded, only some are stored.
    `write_row` decides each row of `weights` [T, N] while the run goes on.
    """
    steps = len(learning_rates)
    available = budget or checkpoints.budget(problem.device)
    plan = checkpoints.plan(steps, theta0.numel() * theta0.element_size(), available)
    segment = plan.segment
    if segment == steps:
        stored = descend(problem, theta0, weights, learning_rates, write_row)
        return Trajectory(problem, weights, learning_rates, segment, stored, {})
    starts = range(0, steps, segment)
    stored = (
        checkpoints.on_host(steps + 1, theta0) if plan.on_host else theta0.new_empty(len(starts) + 1, len(theta0))
    )
    stored[0] = theta = theta0
    losses = {against: [problem.reference_losses(against, theta0.unsqueeze(0))] for against in problem.references}
    for index, start in enumerate(starts):
        part = slice(start, start + segment)
        thetas = descend(problem, theta, weights[part], learning_rates[part], write_row)[1:]
        theta = thetas[-1].clone()
        for against, blocks in losses.items():
            blocks.append(problem.reference_losses(against, thetas))
        rows = slice(start + 1, start + 1 + len(thetas)) if plan.on_host else slice(index + 1, index + 2)
        stored[rows].copy_(thetas if plan.on_host else thetas[-1:])
        # Frees this segment's parameters before the next segment is computed.
        del thetas
    curves = {against: np.concatenate(blocks) for against, blocks in losses.items()}
    return Trajectory(problem, weights, learning_rates, segment, stored, curves, plan.on_host)


def train_many(
    problem: Problem,
    theta0s: Sequence[Tensor],
    weights: Sequence[Tensor],
    learning_rates: Sequence[Sequence[float]],
    budget: Budget | None = None,
) -> list[Trajectory]:
    """Train S times on the same examples, each run with its own theta0, policy and learning rates.

    The runs are computed together if their parameters fit the budget and the problem has a faster way for so many,
    with results equal to those of `train` up to rounding; otherwise one after the other. Runs may share tensors, and
    a policy may be an expanded view: uniform weights are `torch.full((1, 1), 1 / N).expand(T, N)`.

    Raises ValueError if the runs differ in their number of steps.
    """
    if len({len(rates) for rates in learning_rates}) > 1:
        raise ValueError("runs of different lengths cannot be trained together")
    runs = list(zip(theta0s, weights, learning_rates, strict=True))
    available = budget or checkpoints.budget(problem.device)
    size = sum((len(rates) + 1) * theta0.numel() * theta0.element_size() for theta0, _, rates in runs)
    if size > available.device:
        return [train(problem, *run, budget) for run in runs]
    stored = descend_many(problem, torch.stack([*theta0s]), weights, learning_rates)
    return [
        Trajectory(problem, policy, rates, len(rates), path, {})
        for (_, policy, rates), path in zip(runs, stored, strict=True)
    ]


def check_converges(objective: float, start: float) -> None:
    """Raise FloatingPointError if a run has diverged, given its J and the loss at its start, in nats."""
    if not objective <= DIVERGED * max(start, 1.0):
        raise FloatingPointError(f"the mean loss of the run is {objective:.3g} nats, at its start {start:.3g}")


def flatten(theta0: pa.Table, problem: Problem) -> Tensor:
    """Return the values of a theta0 table as one vector, [P], with the problem's dtype and device."""
    values = np.concatenate([row.values.to_numpy() for row in theta0.column("values")])
    return torch.from_numpy(values).to(problem.device, problem.dtype)
