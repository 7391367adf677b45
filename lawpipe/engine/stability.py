"""Whether training under a policy is stable: the sharpness of its steps, and J of the policy replayed.

A policy is what is stored: weights. If training under it amplifies small changes, then its J belongs to the rounding
of one run rather than to the weights, and a derivative of J says nothing about a policy at any distance.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lawpipe.engine import trajectory
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import Problem
from lawpipe.run import random

#: Largest error of an eigenvalue relative to it, by the norm of the residual; the true error is about its square.
TOLERANCE = 0.05
#: Products with the Hessian for one eigenvalue, at least and at most: the first two say little of the largest one.
FEWEST, MOST = 3, 20
#: Share of a fixed random vector in the start of an iteration, so that no eigenvector is orthogonal to it.
FRESH = 0.1
#: Largest relative change of a weight in `moved`.
CHANGE = 1e-6


def measured_steps(steps: int) -> list[int]:
    """Return the steps of 0..T-1 at which the stability is measured: 0, 1, 2, 3, 4, 6, 8, 12, 16, ... and the last.

    They are evenly spaced on a log axis, because the weights are most concentrated, and the steps least stable, at
    the beginning.
    """
    powers = [2**k for k in range(steps.bit_length())]
    spaced = {0, steps - 1, *powers, *(3 * power // 2 for power in powers if power > 1)}
    return sorted(step for step in spaced if step < steps)


def sharpness(run: Trajectory, steps: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return eta[t] times the largest eigenvalue of Hess_gamma(theta[t]) = sum_n gamma[t,n] Hess l_n(theta[t]), [S].

    Gradient descent on the weighted loss multiplies a deviation along an eigenvector by 1 - eta times its eigenvalue,
    so 2 is the edge of stability (Cohen et al., arXiv 2103.00065). The largest eigenvalue is taken, and not the one
    of largest modulus, because only a positive one has that edge.

    By the Lanczos method, which begins at the eigenvector of the step before. The result is a lower bound, in general
    within a per cent. NaN where the parameters are not finite. `steps` are in ascending order.
    """
    problem = run.problem
    fresh = torch.from_numpy(random.generator(0, "sharpness").standard_normal(problem.parameters))
    fresh = (fresh / fresh.norm()).to(problem.device, problem.dtype)
    values, vector = [], torch.zeros_like(fresh)
    for step, theta in zip(steps, run.at(steps), strict=True):

        def product(direction: Tensor, theta: Tensor = theta, step: int = step) -> Tensor:
            return problem.sum_over_processes(problem.adjoint_product(theta, run.weights[step], direction)[1])

        value, vector = largest_eigenvalue(product, vector.add(fresh, alpha=FRESH))
        values.append(run.learning_rates[step] * value)
    return np.array(values)


def largest_eigenvalue(
    product: Callable[[Tensor], Tensor], start: Tensor, tolerance: float = TOLERANCE, most: int = MOST
) -> tuple[float, Tensor]:
    """Return the largest eigenvalue of a symmetric matrix and its eigenvector, [P], by the Lanczos method.

    `product` multiplies the matrix with a vector. All vectors are orthogonalised, and the iteration stops when the
    norm of the residual is at most `tolerance` times the eigenvalue of largest modulus, or after `most` products.
    NaN, and the zero vector, if a product is not finite.
    """
    basis = [start / start.norm()]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        image = product(basis[-1])
        diagonal.append(float(image.dot(basis[-1])))
        rows = torch.stack(basis)
        # Twice, because once loses orthogonality to rounding.
        for _ in range(2):
            image = image - rows.T @ (rows @ image)
        left = float(image.norm())
        if not np.isfinite([diagonal[-1], left]).all():
            return float("nan"), torch.zeros_like(start)
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        residual, scale = left * abs(vectors[-1, -1]), tolerance * np.abs(values).max()
        count = len(basis)
        if left <= 1e-6 * np.abs(values).max() or (count >= FEWEST and residual <= scale) or count >= most:
            largest = torch.from_numpy(vectors[:, -1]).to(rows.device, rows.dtype)
            return float(values[-1]), rows.T @ largest
        beside.append(left)
        basis.append(image / left)


def moved(weights: Tensor, seed: int) -> Tensor:
    """Return a policy [T, N] whose weights differ by random factors within 1 - 1e-6 to 1 + 1e-6.

    Sums of rows differ by as much: with sums of 1, a step with a single example would stay as it is. Exact zeros stay
    zeros. The factors are drawn from a substream of the seed, the same for all policies of one shape.
    """
    generator = random.generator(seed, "stability", "moved")
    result = torch.empty_like(weights)
    for row, changed in zip(weights, result, strict=True):
        factors = generator.random(len(row), dtype=np.float32)
        torch.mul(row, torch.from_numpy(2 * factors - 1).to(row).mul_(CHANGE).add_(1), out=changed)
    return result


@dataclass
class Replays:
    """Training again under a policy as it is stored: is its J more than the rounding of one run?

    In float64 with float64 arithmetic, and in the experiment's precision with weights that are `moved`.
    """

    theta0: Tensor
    seed: int
    #: Makes the same problem and parameters in float64; None if the experiment is in float64 anyway.
    in_float64: Callable[[], tuple[Problem, Tensor]] | None = None

    def changes(self, run: Trajectory, *, exact: bool = True) -> dict[str, float | None]:
        """Return J of each replay over J of a run, minus 1; infinite if the replay or the run diverges.

        The keys are the columns `replay_float64`, None without `exact` and in an experiment in float64, and
        `replay_moved`.
        """
        own, rates = run.objective(), run.learning_rates

        def change(problem: Problem, theta0: Tensor, weights: Tensor) -> float:
            replayed = trajectory.train(problem, theta0, weights, rates).objective()
            return replayed / own - 1 if math.isfinite(replayed) and 0 < own < math.inf else math.inf

        result = self.none()
        result["replay_moved"] = change(run.problem, self.theta0, moved(run.weights, self.seed))
        if exact and self._exact is not None:
            problem, theta0 = self._exact
            exactly = problem.with_desired() if run.problem.joined else problem
            result["replay_float64"] = change(exactly, theta0, run.weights.to(problem.dtype))
        return result

    def none(self) -> dict[str, float | None]:
        """Return the columns of a policy that is not replayed."""
        return {"replay_float64": None, "replay_moved": None}

    @cached_property
    def _exact(self) -> tuple[Problem, Tensor] | None:
        """The problem and the parameters in float64, made once."""
        return None if self.in_float64 is None else self.in_float64()


def described(changes: Mapping[str, float | None]) -> str:
    """Describe the replays of a policy in a part of a line."""
    words = {"replay_float64": "in float64", "replay_moved": "with moved weights"}
    parts = [f"{change:+.1e} {words[name]}" for name, change in changes.items() if change is not None]
    return f", J {' and '.join(parts)} when trained again" if parts else ""
