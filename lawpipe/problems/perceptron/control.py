"""Training of the perceptron as optimal control: steps to where one wants to be, and dynamic programming. In float64.

The state is theta [D]. A step goes to theta - eta v, and the weights w of a step act through v = sum_n w[n] q_n a_n
alone, a point of a polytope in D dimensions: at most D + 1 examples of a step ever need weight. A search over T x N
weights does not see this. The notation is that of `losses`: a [D] are the signed features of an example and
q = sigmoid(a . theta).

Each sweep forward takes, at every step, the weights that minimise a quadratic model of what follows,

    slope . x + x^T metric x / 2,   x = theta - eta v - target,

over the simplex: a quadratic program in few active examples (`_minimise`). With the identity as metric and no slope
the step comes nearest to a target (`Control.steer`). With the derivatives of the cost to go at an earlier path
(`_cost_to_go`) it is a step of differential dynamic programming (Jacobson and Mayne, 1970; `Control.improve`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from scipy.special import expit
from torch import Tensor

from lawpipe.compute.compiled import compiled
from lawpipe.problems.base import Problem
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.run.errors import InputError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: Examples whose slopes are looked at first, those with the lowest slopes at the last look at all of them.
CANDIDATES = 128

#: A step's weights are optimal if no example's slope is lower than their mean slope by more than this share of it: in
#: steered runs, and in sweeps forward.
STEERING_TOLERANCE, TOLERANCE = 1e-3, 1e-6

#: Steps between two evaluations of the desired loss's Hessian in a sweep backward; the parameters move slowly.
STRIDE = 10


@compiled
def _solve(matrix, vector):
    """Solve matrix x = vector for a positive definite matrix, in place; return whether it is positive definite."""
    size = len(vector)
    for j in range(size):
        pivot = matrix[j, j]
        for i in range(j):
            pivot -= matrix[j, i] * matrix[j, i]
        if not pivot > 0.0:
            return False
        matrix[j, j] = math.sqrt(pivot)
        for i in range(j + 1, size):
            entry = matrix[i, j]
            for k in range(j):
                entry -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = entry / matrix[j, j]
    for j in range(size):
        for i in range(j):
            vector[j] -= matrix[j, i] * vector[i]
        vector[j] /= matrix[j, j]
    for j in range(size - 1, -1, -1):
        for i in range(j + 1, size):
            vector[j] -= matrix[i, j] * vector[i]
        vector[j] /= matrix[j, j]
    return True


@compiled
def _to_optimum(quadratic, linear, weights):
    """Move weights towards the minimum of w' quadratic w / 2 - linear . w on sum w = 1, up to the first that is 0.

    Returns the index of the weight that became 0, or -1 if the minimum was reached.
    """
    size = len(weights)
    largest = np.argmax(weights)
    residual = linear - np.dot(quadratic, weights)
    # The largest weight follows from the others.
    matrix, step = np.empty((size - 1, size - 1)), np.empty(size - 1)
    trace = 0.0
    row = 0
    for i in range(size):
        if i == largest:
            continue
        step[row] = residual[i] - residual[largest]
        column = 0
        for j in range(size):
            if j == largest:
                continue
            matrix[row, column] = (
                quadratic[i, j] - quadratic[i, largest] - quadratic[largest, j] + quadratic[largest, largest]
            )
            column += 1
        trace += matrix[row, row]
        row += 1
    for i in range(size - 1):
        matrix[i, i] += 1e-12 * abs(trace)
    downhill = step.copy()
    if not _solve(matrix, step):
        # No minimum inside: go downhill to the boundary.
        step[:] = downhill * (1e6 / max(1e-300, np.abs(downhill).max()))
    whole, row = np.empty(size), 0
    whole[largest] = -step.sum()
    for i in range(size):
        if i != largest:
            whole[i] = step[row]
            row += 1
    length, first = 1.0, -1
    for i in range(size):
        if weights[i] + length * whole[i] < 0.0:
            length, first = -weights[i] / whole[i], i
    weights += length * whole
    if first >= 0:
        weights[first] = 0.0
    return first


@compiled
def _minimise(features, wrong, metric, slope, offset, rate, rows, weights, count, tolerance, candidates, slopes):
    """Minimise slope . x + x' metric x / 2 over the weights of a step, with x = offset - rate sum_n w[n] q_n a_n.

    `rows` and `weights` hold the first guess and then the solution, in their first `count` entries. An active set
    method: the exact minimum for the active examples, then the example with the lowest slope becomes active, until
    none is lower (Wolfe, Math. Programming 11, 1976). `candidates` and `slopes` are working memory.

    Returns the number of active examples and v = sum_n w[n] q_n a_n.
    """
    most, dimension = len(rows), len(offset)
    start = slope + np.dot(metric, offset)
    gradients, images = np.empty((most, dimension)), np.empty((most, dimension))
    quadratic, linear = np.empty((most, most)), np.empty(most)
    for i in range(count):
        gradients[i] = wrong[rows[i]] * features[rows[i]]
        images[i] = np.dot(metric, gradients[i])
        linear[i] = rate * np.dot(gradients[i], start)
        for j in range(i + 1):
            quadratic[i, j] = rate * rate * np.dot(images[i], gradients[j])
            quadratic[j, i] = quadratic[i, j]
    looked = False
    for _ in range(4 * most):
        while count > 1:
            emptied = _to_optimum(quadratic[:count, :count].copy(), linear[:count], weights[:count])
            if emptied < 0:
                break
            last = count - 1
            weights[emptied], rows[emptied], linear[emptied] = weights[last], rows[last], linear[last]
            gradients[emptied], images[emptied] = gradients[last], images[last]
            for j in range(count):
                quadratic[emptied, j] = quadratic[last, j]
            for j in range(count):
                quadratic[j, emptied] = quadratic[emptied, j]
            quadratic[emptied, emptied] = quadratic[last, last]
            count = last
        weights[:count] /= weights[:count].sum()
        fall = start.copy()
        for i in range(count):
            fall -= rate * weights[i] * images[i]
        # A slope of the model is - rate q_n (a_n . fall): the largest q_n (a_n . fall) is the lowest slope.
        mean = 0.0
        for i in range(count):
            mean += weights[i] * np.dot(gradients[i], fall)
        enough = mean + tolerance * abs(mean) + 1e-300
        best, highest = -1, -np.inf
        if looked:
            for n in candidates:
                value = wrong[n] * np.dot(features[n], fall)
                if value > highest:
                    best, highest = n, value
        if highest <= enough:
            slopes[:] = wrong * np.dot(features, fall)
            best = int(np.argmax(slopes))
            if slopes[best] <= enough:
                break
            candidates[:] = np.argpartition(slopes, len(slopes) - len(candidates))[-len(candidates) :]
            looked = True
        known = False
        for i in range(count):
            known = known or rows[i] == best
        if known or count == most:
            break
        rows[count], weights[count] = best, 0.0
        gradients[count] = wrong[best] * features[best]
        images[count] = np.dot(metric, gradients[count])
        linear[count] = rate * np.dot(gradients[count], start)
        for j in range(count + 1):
            quadratic[count, j] = rate * rate * np.dot(images[count], gradients[j])
            quadratic[j, count] = quadratic[count, j]
        count += 1
    moved = np.zeros(dimension)
    for i in range(count):
        moved += weights[i] * gradients[i]
    return count, moved


@compiled
def _working_memory(features):
    """Return the working memory of `_minimise`."""
    return np.zeros(min(CANDIDATES, len(features)), np.int64), np.empty(len(features))


@compiled
def _wrong(features, theta):
    """Return q of every example, [N]."""
    return 1.0 / (1.0 + np.exp(-np.dot(features, theta)))


@compiled
def _target(points, norms, norm):
    """Return the point of a norm on the line from 0 through `points` [S, D], whose norms [S] > 0 rise.

    Beyond the last point it is that point: where the loss has a minimum, longer parameters are worse.
    """
    after = np.searchsorted(norms, norm)
    if after == 0:
        return points[0] * (norm / norms[0])
    if after == len(norms):
        return points[-1]
    share = (norm - norms[after - 1]) / (norms[after] - norms[after - 1])
    return points[after - 1] * (1 - share) + points[after] * share


@compiled
def _steer(features, rates, points, norms, factor, least, thetas, rows, weights, counts):
    """Fill a path whose steps come nearest to the target of norm max(factor |theta|, least) among `points`."""
    metric, none = np.eye(features.shape[1]), np.zeros(features.shape[1])
    candidates, slopes = _working_memory(features)
    count = 1
    for t in range(len(rates)):
        norm = max(factor * math.sqrt(np.dot(thetas[t], thetas[t])), least)
        target = _target(points, norms, norm)
        if t == 0:
            rows[0, 0], weights[0, 0] = 0, 1.0
        else:
            rows[t], weights[t] = rows[t - 1], weights[t - 1]
        count, moved = _minimise(
            features,
            _wrong(features, thetas[t]),
            metric,
            none,
            thetas[t] - target,
            rates[t],
            rows[t],
            weights[t],
            count,
            STEERING_TOLERANCE,
            candidates,
            slopes,
        )
        counts[t] = count
        thetas[t + 1] = thetas[t] - rates[t] * moved


@compiled
def _forward(features, rates, damping, adjoints, metrics, before, thetas, rows, weights, counts):
    """Fill a path that minimises the model of the cost to go at the path `before` [T+1, D], plus damping |x|^2 / 2.

    `rows`, `weights` and `counts` hold the weights of the path before, the first guess.
    """
    candidates, slopes = _working_memory(features)
    for t in range(len(rates)):
        metric = metrics[t + 1].copy()
        for d in range(len(metric)):
            metric[d, d] += damping
        counts[t], moved = _minimise(
            features,
            _wrong(features, thetas[t]),
            metric,
            adjoints[t + 1],
            thetas[t] - before[t + 1],
            rates[t],
            rows[t],
            weights[t],
            counts[t],
            TOLERANCE,
            candidates,
            slopes,
        )
        thetas[t + 1] = thetas[t] - rates[t] * moved


@compiled
def _term(desired, theta):
    """Return the gradient of the mean loss of the desired examples, [D], and q (1 - q) of each, [K]."""
    wrong = _wrong(desired, theta)
    return np.dot(wrong, desired) / len(desired), wrong * (1.0 - wrong)


@compiled
def _curvature(desired, spread):
    """Return the Hessian of the mean loss of the desired examples, [D, D], from q (1 - q) [K]."""
    scaled = desired * np.sqrt(spread / len(desired)).reshape(-1, 1)
    return np.dot(scaled.T, scaled)


@compiled
def _cost_to_go(features, desired, rates, thetas, rows, weights, counts, adjoints, metrics, exact, damping):
    """Fill the gradients [T+1, D] and the Hessians [T+1, D, D] of the cost to go along a path.

    The cost is the sum over t = 1..T of the desired loss. With F = I - eta H, H the weighted Hessian of step t,

        adjoint[t] = grad L(theta[t]) + F adjoint[t+1]
        metric[t] = Hess L(theta[t]) + F M F - e' (d (M + damping I) d')^+ e,   e = d M F,   M = metric[t+1]

    where the rows of d are the differences of the gradients of the active examples: directions in which the weights
    of step t can still correct the path. These are the Gauss-Newton Hessians. If `exact`, the derivatives of the step
    itself are added: to e the differences of q (1 - q) (a . adjoint[t+1]) a, and to the metric

        - eta sum_n w[n] q (1 - q) (1 - 2 q) (a . adjoint[t+1]) a a'

    The metrics may then be indefinite, and without damping they are far too large where d M d' is nearly singular.
    """
    steps, dimension = len(rates), features.shape[1]
    adjoints[steps], spread = _term(desired, thetas[steps])
    hessian = _curvature(desired, spread)
    metrics[steps] = hessian
    for t in range(steps - 1, -1, -1):
        count, rate = counts[t], rates[t]
        active = np.empty((count, dimension))
        for i in range(count):
            active[i] = features[rows[t, i]]
        wrong = _wrong(active, thetas[t])
        curvature = rate * weights[t, :count] * wrong * (1.0 - wrong)
        slopes = np.dot(active, adjoints[t + 1])
        term = np.zeros(dimension)
        if t > 0:
            term, spread = _term(desired, thetas[t])
            if t % STRIDE == 0:
                hessian = _curvature(desired, spread)
        adjoint, after, metric = adjoints[t + 1], metrics[t + 1], metrics[t]
        adjoints[t] = term + adjoint - np.dot(curvature * slopes, active)
        images = np.dot(active, after)
        inner = np.dot(images, np.ascontiguousarray(active.T))
        # F M F = M + Y + Y' with Y = a' (C a M a' C a / 2 - C a M).
        half = np.empty((count, dimension))
        for i in range(count):
            half[i] = -curvature[i] * images[i]
            if exact:
                half[i] -= 0.5 * curvature[i] * (1.0 - 2.0 * wrong[i]) * slopes[i] * active[i]
            for j in range(count):
                half[i] += 0.5 * curvature[i] * curvature[j] * inner[i, j] * active[j]
        product = np.dot(np.ascontiguousarray(active.T), half)
        for i in range(dimension):
            for j in range(dimension):
                metric[i, j] = after[i, j] + product[i, j] + product[j, i] + (hessian[i, j] if t > 0 else 0.0)
        if count == 1:
            continue
        # e and d (M + damping I) d', from the gradients q a of the active examples.
        along = np.empty((count, dimension))
        for i in range(count):
            along[i] = images[i]
            for j in range(count):
                along[i] -= inner[i, j] * curvature[j] * active[j]
            along[i] *= wrong[i]
            if exact:
                along[i] += wrong[i] * (1.0 - wrong[i]) * slopes[i] * active[i]
        if damping > 0.0:
            inner += damping * np.dot(active, np.ascontiguousarray(active.T))
        differences, square = np.empty((count - 1, dimension)), np.empty((count - 1, count - 1))
        for i in range(1, count):
            differences[i - 1] = along[i] - along[0]
            for j in range(1, count):
                square[i - 1, j - 1] = (
                    wrong[i] * inner[i, j] * wrong[j]
                    - wrong[0] * inner[0, j] * wrong[j]
                    - wrong[i] * inner[i, 0] * wrong[0]
                    + wrong[0] * inner[0, 0] * wrong[0]
                )
        values, vectors = np.linalg.eigh(0.5 * (square + square.T))
        for k in range(count - 1):
            if values[k] > 1e-9 * values[-1]:
                corrected = np.zeros(dimension)
                for i in range(count - 1):
                    corrected += vectors[i, k] * differences[i]
                corrected /= math.sqrt(values[k])
                for i in range(dimension):
                    for j in range(dimension):
                        metric[i, j] -= corrected[i] * corrected[j]


@dataclass(frozen=True)
class Path:
    """A training run of T steps with few active examples a step, in float64."""

    #: theta[0..T], [T+1, D].
    thetas: Floats
    #: The active examples of a step and their weights, [T, most]; entries from the count on mean nothing.
    rows: Indices
    weights: Floats
    #: Number of active examples, [T].
    counts: Indices

    def policy(self, like: Tensor) -> Tensor:
        """Return the weights of all examples, [T, N], a tensor of the same kind as another policy."""
        result = torch.zeros(like.shape, dtype=like.dtype)
        for row, rows, weights, count in zip(result, self.rows, self.weights, self.counts, strict=True):
            row[torch.from_numpy(rows[:count])] = torch.from_numpy(weights[:count]).to(like.dtype)
        return result.div_(result.sum(dim=1, keepdim=True)).to(like.device)


class Control:
    """The training of one perceptron from theta0 at given learning rates, as a problem of optimal control."""

    def __init__(self, problem: Problem, theta0: Tensor, learning_rates: Sequence[float]) -> None:
        """Copy the features to float64.

        Raises InputError for another problem, and for one whose examples are shared by several processes.
        """
        if not isinstance(problem, Perceptron):
            raise InputError("this search method needs a perceptron, and the problem is none: choose another method.")
        if problem.sum_over_processes is not Problem.sum_over_processes:
            raise InputError("processes is above 1, but this search method runs in one process: set it to 1.")
        self._features = _rows(problem.signed_features("train"))
        self._desired = _rows(problem.signed_features("desired"))
        self._theta0: Floats = theta0.double().cpu().numpy()
        self._rates = np.array(learning_rates, np.float64)
        self._cost_to_go: tuple[Path, float | None, Floats, Floats] | None = None

    def objective(self, path: Path) -> float:
        """Return J, the mean over t = 1..T of the desired loss, nats."""
        return float(np.logaddexp(0, path.thetas[1:] @ self._desired.T).mean())

    def targets(self) -> tuple[Floats, Floats]:
        """Return the regularisation path of the desired loss, [S, D], and the norms of its points, rising, [S].

        A point minimises L(theta) + ridge |theta|^2 / 2; the ridge falls from 0.03 to 2e-9.

        Raises InputError if all points are zero.
        """
        point, points = np.zeros(self._desired.shape[1]), []
        for exponent in np.arange(-1.5, -9, -0.25):
            point = minimize(
                self._ridge_loss,
                point,
                (10.0**exponent,),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": 3000, "ftol": 1e-16, "gtol": 1e-12},
            ).x
            points.append(point)
        path = np.array(points)
        norms = np.linalg.norm(path, axis=1)
        rising = np.diff(np.maximum.accumulate(np.append(0.0, norms))) > 0
        if not rising.any():
            raise InputError(
                "the desired examples have their least loss at theta = 0: there is no way to steer to it."
            )
        return path[rising], norms[rising]

    def _ridge_loss(self, theta: Floats, ridge: float) -> tuple[float, Floats]:
        """Return L(theta) + ridge |theta|^2 / 2 and its gradient."""
        margins = self._desired @ theta
        gradient = expit(margins) @ self._desired / len(margins) + ridge * theta
        return float(np.logaddexp(0, margins).mean() + ridge / 2 * theta @ theta), gradient

    def steer(self, targets: tuple[Floats, Floats], factor: float, least: float) -> Path:
        """Return the run whose every step comes nearest to the target of norm max(factor |theta|, least)."""
        path = self._empty()
        _steer(self._features, self._rates, *targets, factor, least, *vars(path).values())
        return path

    def away(self, theta: Tensor, targets: tuple[Floats, Floats], factor: float, least: float) -> Tensor:
        """Return the unit vector from the target of norm max(factor |theta|, least) to parameters theta, [D]."""
        state: Floats = theta.double().cpu().numpy()
        away = state - _target(*targets, max(factor * float(np.linalg.norm(state)), least))
        return torch.from_numpy(away / max(float(np.linalg.norm(away)), 1e-300)).to(theta)

    def unit(self, path: Path) -> float:
        """Return the mean eigenvalue of all Gauss-Newton Hessians of the cost to go along a path."""
        _, metrics = self._derivatives(path, None)
        unit: float = float(np.trace(metrics, axis1=1, axis2=2).mean()) / metrics.shape[1]
        return unit

    def improve(self, path: Path, damping: float, *, exact: bool = False) -> Path:
        """Return the run of one iteration of dynamic programming from a path; its J may be higher.

        `damping` holds the run near the path. By default by Gauss-Newton Hessians; if `exact`, by all second
        derivatives, with the same damping in the sweep backward.
        """
        adjoints, metrics = self._derivatives(path, damping if exact else None)
        result = Path(np.empty_like(path.thetas), path.rows.copy(), path.weights.copy(), path.counts.copy())
        result.thetas[0] = self._theta0
        changed = vars(result).values()
        _forward(self._features, self._rates, damping, adjoints, metrics, path.thetas, *changed)
        return result

    def _derivatives(self, path: Path, damping: float | None) -> tuple[Floats, Floats]:
        """Return the gradients and the Hessians of the cost to go along a path: exact ones if there is a damping.

        The last ones are kept: several runs are tried from one path.
        """
        if self._cost_to_go is None or self._cost_to_go[0] is not path or self._cost_to_go[1] != damping:
            self._cost_to_go = None  # it is as large as the new one
            steps, dimension = len(self._rates), self._features.shape[1]
            adjoints, metrics = np.empty((steps + 1, dimension)), np.empty((steps + 1, dimension, dimension))
            filled = *vars(path).values(), adjoints, metrics
            _cost_to_go(self._features, self._desired, self._rates, *filled, damping is not None, damping or 0.0)
            self._cost_to_go = path, damping, adjoints, metrics
        return self._cost_to_go[2:]

    def _empty(self) -> Path:
        # One more than an optimum needs, because an example is added before another is dropped.
        steps, most = len(self._rates), min(len(self._features), len(self._theta0) + 2)
        thetas = np.empty((steps + 1, len(self._theta0)))
        thetas[0] = self._theta0
        return Path(thetas, np.zeros((steps, most), np.int64), np.zeros((steps, most)), np.zeros(steps, np.int64))


def _rows(features: Tensor) -> Any:
    """Return features [D, N] as rows [N, D] in float64."""
    return features.T.contiguous().double().cpu().numpy()
