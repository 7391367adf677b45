"""Measurements of training runs: loss curves, and at some steps what each training example contributes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from lawpipe.engine import adjoint
from lawpipe.engine.adjoint import Growth
from lawpipe.engine.trajectory import Trajectory
from lawpipe.run.splits import REFERENCES

Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class Measurement:
    """The measurements of one training run at S steps, of its N training examples alone."""

    steps: npt.NDArray[np.int32]
    #: Mean loss on each reference set at theta[0..T], nats.
    curves: dict[str, npt.NDArray[np.float64]]
    #: l_n(theta[t]) of every training example, [S, N], nats.
    losses: Floats
    #: |grad l_n(theta[t])| of every training example, [S, N]; None unless asked for.
    gradient_norms: Floats | None
    #: Contributions [S, N] by reference set and kind: `instantaneous` is <grad L(theta[t]), grad l_n(theta[t])>, and
    #: `adjoint` is <adjoint[t+1], grad l_n(theta[t])> with the adjoint of the mean loss J on that set.
    contributions: dict[tuple[str, str], Floats]
    #: The Frank-Wolfe gap on the desired examples, nats.
    gap: float
    #: The growth of the adjoint of J on the desired examples.
    growth: Growth


def measured_steps(steps: int, count: int) -> npt.NDArray[np.int32]:
    """Return at most `count` evenly spaced steps of 0..T-1, the first and the last among them.

    Even spacing makes the mean over the measured steps an estimate of the mean over all steps.
    """
    return np.unique(np.linspace(0, steps - 1, min(steps, count)).round()).astype(np.int32)


def measure(
    runs: Sequence[Trajectory],
    steps: Sequence[int],
    *,
    norms: Sequence[bool],
    adjoints_of: Sequence[str] = REFERENCES,
    growth_at: Sequence[int] = (),
) -> Iterator[Measurement]:
    """Yield the measurements of several training runs of one problem and length; one backward pass serves all runs.

    `steps` are in ascending order. `norms` says for each run whether to compute gradient norms, for which a language
    model needs every single gradient. `adjoints_of` are the reference sets whose adjoint contributions to compute,
    "desired" among them. The growth of the adjoint is measured at t = `growth_at`.
    """
    pairs = [(run, against) for run in runs for against in adjoints_of]
    samples = iter(adjoint.sample(pairs, steps, growth_at))
    for run, with_norms in zip(runs, norms, strict=True):
        yield _measure(run, steps, {against: next(samples) for against in adjoints_of}, with_norms)


def _measure(
    run: Trajectory, steps: Sequence[int], samples: Mapping[str, tuple[torch.Tensor, float, Growth]], with_norms: bool
) -> Measurement:
    """Measure a run, given its sampled adjoint contributions, its gap and its growth by reference set."""
    problem = run.problem
    own = slice(problem.examples - problem.joined)
    losses, norms = [], []
    contributions: dict[tuple[str, str], list[torch.Tensor]] = {}
    for against in REFERENCES:
        contributions[against, "instantaneous"] = []
        if against in samples:
            contributions[against, "adjoint"] = [*samples[against][0]]
    for theta in run.at(steps):
        losses.append(problem.losses(theta)[own])
        if with_norms:
            norms.append(problem.gradient_norms(theta)[own])
        for against in REFERENCES:
            direction = problem.reference_gradients(against, theta.unsqueeze(0))[0]
            contributions[against, "instantaneous"].append(problem.contributions(theta, direction)[own])
    return Measurement(
        steps=np.asarray(steps, dtype=np.int32),
        curves={against: run.curve(against) for against in REFERENCES},
        losses=_table(losses),
        gradient_norms=_table(norms) if with_norms else None,
        contributions={key: _table(rows) for key, rows in contributions.items()},
        gap=samples["desired"][1],
        growth=samples["desired"][2],
    )


def _table(rows: Sequence[torch.Tensor]) -> Floats:
    """Return rows [N] as one array [S, N]."""
    return torch.stack([*rows]).cpu().numpy()
