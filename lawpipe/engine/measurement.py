"""What is measured of a policy: its curves, and at some steps what each training example contributes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from lawpipe.engine import adjoint
from lawpipe.engine.trajectory import Trajectory

Floats = npt.NDArray[Any]

#: The reference sets that everything is measured against.
AGAINST = ("desired", "test")


@dataclass(frozen=True)
class Measurement:
    """The measurements of one policy at S steps."""

    steps: npt.NDArray[np.int32]
    #: Mean loss on each reference set at theta[0..T], nats.
    curves: dict[str, npt.NDArray[np.float64]]
    #: Loss and gradient norm of every training example, [S, N].
    losses: Floats
    gradient_norms: Floats
    #: Contributions [S, N] by reference set and kind: `instantaneous` <grad L(theta[t]), grad l_n(theta[t])>, and
    #: `adjoint` <adjoint[t+1], grad l_n(theta[t])> with the adjoint of the mean loss J on that set.
    contributions: dict[tuple[str, str], Floats]
    #: The Frank-Wolfe gap on the desired examples, nats.
    gap: float


def measured_steps(steps: int, count: int) -> npt.NDArray[np.int32]:
    """Return at most `count` of the steps 0..T-1, evenly spaced, the first and the last among them.

    Even spacing makes the mean over measured steps an estimate of the mean over all.
    """
    return np.unique(np.linspace(0, steps - 1, min(steps, count)).round()).astype(np.int32)


def measure(trajectory: Trajectory, steps: Sequence[int]) -> Measurement:
    """Measure a policy's training run at the given steps; one reverse sweep for each reference set."""
    problem = trajectory.problem
    thetas = trajectory.thetas[list(steps)]
    found: dict[tuple[str, str], Floats] = {}
    gaps = {}
    for against in AGAINST:
        directions = problem.reference_gradients(against, thetas)
        pairs = zip(thetas, directions, strict=True)
        instantaneous = torch.stack([problem.contributions(theta, direction) for theta, direction in pairs])
        found[against, "instantaneous"] = instantaneous.cpu().numpy()
        along, gaps[against] = adjoint.sample(trajectory, steps, against)
        found[against, "adjoint"] = along.cpu().numpy()
    return Measurement(
        steps=np.asarray(steps, dtype=np.int32),
        curves={against: trajectory.curve(against) for against in AGAINST},
        losses=torch.stack([problem.losses(theta) for theta in thetas]).cpu().numpy(),
        gradient_norms=torch.stack([problem.gradient_norms(theta) for theta in thetas]).cpu().numpy(),
        contributions=found,
        gap=gaps["desired"],
    )
