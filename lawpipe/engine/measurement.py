"""What is measured of a policy: its curves, and at some steps what each training example contributes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from lawpipe.engine import adjoint
from lawpipe.engine.trajectory import Trajectory
from lawpipe.run.splits import REFERENCES

Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class Measurement:
    """The measurements of one policy at S steps."""

    steps: npt.NDArray[np.int32]
    #: Mean loss on each reference set at theta[0..T], nats.
    curves: dict[str, npt.NDArray[np.float64]]
    #: Loss of every training example, [S, N].
    losses: Floats
    #: Norm of every training example's gradient, [S, N]; None unless asked for.
    gradient_norms: Floats | None
    #: Contributions [S, N] by reference set and kind: `instantaneous` <grad L(theta[t]), grad l_n(theta[t])>, and
    #: `adjoint` <adjoint[t+1], grad l_n(theta[t])> with the adjoint of the mean loss J on that set, where asked for.
    contributions: dict[tuple[str, str], Floats]
    #: The Frank-Wolfe gap on the desired examples, nats.
    gap: float


def measured_steps(steps: int, count: int) -> npt.NDArray[np.int32]:
    """Return at most `count` of the steps 0..T-1, evenly spaced, the first and the last among them.

    Even spacing makes the mean over measured steps an estimate of the mean over all.
    """
    return np.unique(np.linspace(0, steps - 1, min(steps, count)).round()).astype(np.int32)


def measure(
    trajectory: Trajectory, steps: Sequence[int], *, norms: bool = True, sweeps: Sequence[str] = REFERENCES
) -> Measurement:
    """Measure a policy's training run at the given steps.

    `norms` asks for the gradient norms, which a language model has only from the gradients of single examples, and
    `sweeps` names the reference sets of the adjoint contributions, a reverse sweep each; "desired" is one of them.
    """
    return next(measure_many([trajectory], steps, norms=[norms], sweeps=sweeps))


def measure_many(
    trajectories: Sequence[Trajectory],
    steps: Sequence[int],
    *,
    norms: Sequence[bool],
    sweeps: Sequence[str] = REFERENCES,
) -> Iterator[Measurement]:
    """Yield what `measure` finds in each of several runs of one problem and length; they are swept back together."""
    pairs = [(trajectory, against) for trajectory in trajectories for against in sweeps]
    sampled = iter(adjoint.sample(pairs, steps))
    for trajectory, asked in zip(trajectories, norms, strict=True):
        yield _measured(trajectory, steps, {against: next(sampled) for against in sweeps}, asked)


def _measured(
    trajectory: Trajectory, steps: Sequence[int], sampled: Mapping[str, tuple[torch.Tensor, float]], norms: bool
) -> Measurement:
    """Measure a run, given the samples of its adjoint contributions and the gap, for each reference set swept for."""
    problem = trajectory.problem
    found: dict[tuple[str, str], Sequence[torch.Tensor]] = {}
    losses, lengths = [], []
    instantaneous: dict[str, list[torch.Tensor]] = {against: [] for against in REFERENCES}
    for theta in trajectory.at(steps):
        losses.append(problem.losses(theta))
        if norms:
            lengths.append(problem.gradient_norms(theta))
        for against in REFERENCES:
            direction = problem.reference_gradients(against, theta.unsqueeze(0))[0]
            instantaneous[against].append(problem.contributions(theta, direction))
    for against in REFERENCES:
        found[against, "instantaneous"] = instantaneous[against]
        if against in sampled:
            found[against, "adjoint"] = [*sampled[against][0]]
    return Measurement(
        steps=np.asarray(steps, dtype=np.int32),
        curves={against: trajectory.curve(against) for against in REFERENCES},
        losses=_table(losses),
        gradient_norms=_table(lengths) if norms else None,
        contributions={key: _table(rows) for key, rows in found.items()},
        gap=sampled["desired"][1],
    )


def _table(rows: Sequence[torch.Tensor]) -> Floats:
    """Return rows [N] as one array [S, N]."""
    return torch.stack([*rows]).cpu().numpy()
