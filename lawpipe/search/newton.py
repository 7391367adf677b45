"""Newton's method on the free weights, in a trust region: to first-order stationarity, on small problems.

Mirror descent and projected gradients stall at a gap of about a thousandth of J: the Hessian of J along a face
of the simplices is indefinite far from a minimum and badly conditioned near one. Here each iteration minimises the
quadratic model of J over the weights that are free to move, by conjugate gradients that stop at negative curvature
or at the border of a trust region (Steihaug, SIAM J. Numer. Anal. 20, 1983), and then projects. The Hessian's
products are differences of two gradients, one training run and one reverse sweep each, which needs float64.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lawpipe.engine import simplex
from lawpipe.run.errors import InputError
from lawpipe.search.method import State, Step
from lawpipe.search.objective import Objective, Point

#: A zero weight whose slope keeps it there, or one below this (and below the relative gap), is held at zero.
NEARLY_ZERO = 1e-3
#: The largest change of a weight in the difference of two gradients. Rounding and curvature then err about alike.
DIFFERENCE = 1e-6
#: Curvature below this, in the trust region's metric, counts as none.
FLAT = 1e-12


@dataclass(frozen=True)
class Face:
    """The weights that are free to move at a policy, and the metric in which they do.

    Slopes differ by orders of magnitude between early and late steps, so those of each step are measured by
    their root mean square around their mean: |d|^2 = sum_t rms_t sum_n d[t,n]^2.
    """

    #: Which weights are free, bool [T, N]; the others are zero and would fall.
    free: Tensor
    #: 1 / rms_t, [T, 1].
    scale: Tensor

    @classmethod
    def of(cls, point: Point) -> "Face":
        """Find the face at a policy from its weights and slopes."""
        weights, gradient = point.weights, point.gradient
        rising = gradient > (weights * gradient).sum(dim=1, keepdim=True)
        held = (weights <= min(NEARLY_ZERO, point.gap / point.objective)) & rising
        rms = (gradient - gradient.mean(dim=1, keepdim=True)).square().mean(dim=1, keepdim=True).sqrt()
        # A step whose slopes are all equal has no say.
        return cls(~held, 1 / rms.clamp(min=FLAT * float(rms.max())))

    def along(self, direction: Tensor) -> Tensor:
        """Project onto the directions that move free weights only and keep every sum."""
        inside = torch.where(self.free, direction, 0.0)
        mean = inside.sum(dim=1, keepdim=True) / self.free.sum(dim=1, keepdim=True)
        return torch.where(self.free, inside - mean, 0.0)

    def inner(self, left: Tensor, right: Tensor) -> float:
        """Return the inner product of two directions in the metric."""
        return float((left * right / self.scale).sum())

    def project(self, weights: Tensor) -> Tensor:
        """Project onto the simplices of the free weights; the others become exact zeros."""
        # More than 1 below the largest, an entry cannot come back. A zero could, by rounding.
        return simplex.project_(torch.where(self.free, weights, weights.amax(dim=1, keepdim=True) - 2))


@dataclass
class Newton:
    """Truncated Newton steps on the free weights; a step is accepted if J falls.

    A step that raises J is shortened, and so is the radius of the trust region; one that is taken whole
    widens it. Where no length of it lowers J, the projected gradient in the same metric is tried.
    `forcing` is the relative residual at which the conjugate gradients stop (its square root in the gap, near
    the end), `products` the most Hessian products of one iteration.
    """

    forcing: float = 0.1
    products: int = 60
    growth: float = 3.0
    shrinkage: float = 0.3
    attempts: int = 30
    safe: bool = True
    _radius: float = field(default=math.inf, init=False)

    def start(self, weights: Tensor) -> None:
        """Begin with no bound on the step.

        Raises InputError in float32: a difference of two of its gradients holds no digits.
        """
        if weights.dtype != torch.float64:
            raise InputError("training.precision is float32, but the search method newton needs float64: set it so.")
        self._radius = math.inf

    def step(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Try the Newton step at falling lengths, then the gradient step, until one lowers J."""
        face = Face.of(point)
        direction, products = self.direction(point, objective, face)
        length = math.sqrt(face.inner(direction, direction))
        slopes = face.scale * point.gradient
        for attempt in range(2 * self.attempts):
            newton = attempt < self.attempts
            fraction = self.shrinkage ** (attempt if newton else attempt - self.attempts)
            if newton:
                trial = face.project(torch.add(point.weights, direction, alpha=fraction))
            else:
                trial = simplex.project_(torch.sub(point.weights, slopes, alpha=fraction))
            run, value = objective.train(trial)
            if value < point.objective:
                if attempt == 0:
                    self._radius = max(self._radius, self.growth * length)
                else:
                    self._radius = fraction * length if newton else math.inf
                return Step(run, value, fraction, attempt, products)
        return Step(None, point.objective, fraction, 2 * self.attempts, products)

    def direction(self, point: Point, objective: Objective, face: Face) -> tuple[Tensor, int]:
        """Minimise the quadratic model on the face within the radius; return the step and the products spent.

        Conjugate gradients, preconditioned by the face's metric, from zero; their iterates grow in that metric,
        so the first to leave the trust region ends them at its border.
        """
        residual = -face.along(point.gradient)
        scaled = face.scale * residual
        search, step = scaled.clone(), torch.zeros_like(scaled)
        size = start = float((residual * scaled).sum())
        stop = start * min(self.forcing, math.sqrt(point.gap / point.objective)) ** 2
        for count in range(1, self.products + 1):
            product = face.along(hessian_product(point, objective, search))
            curvature = float((search * product).sum())
            metric = face.inner(search, search)
            bent = curvature > FLAT * metric
            if not bent and math.isinf(self._radius):
                # No model to trust, and no radius yet: as far as a weight can go at most.
                return step.add_(search, alpha=1 / float(search.abs().max())), count
            length = size / curvature if bent else math.inf
            border = self._to_border(face, step, search)
            if length >= border:
                return step.add_(search, alpha=border), count
            step.add_(search, alpha=length)
            residual.sub_(product, alpha=length)
            scaled = face.scale * residual
            before, size = size, float((residual * scaled).sum())
            if size <= stop:
                break
            search = torch.add(scaled, search, alpha=size / before)
        return step, count

    def _to_border(self, face: Face, step: Tensor, search: Tensor) -> float:
        """Return how far along `search` the border of the trust region is from `step`."""
        if math.isinf(self._radius):
            return math.inf
        metric, across = face.inner(search, search), face.inner(step, search)
        left = self._radius**2 - face.inner(step, step)
        return (math.sqrt(max(0.0, across**2 + metric * left)) - across) / metric

    def state(self) -> State:
        """Return the radius."""
        return {"radius": self._radius}

    def restore(self, state: State) -> None:
        """Take up what `state` returned."""
        radius = state["radius"]
        assert isinstance(radius, float)
        self._radius = radius


def hessian_product(point: Point, objective: Objective, direction: Tensor) -> Tensor:
    """Return the Hessian of J times a direction, [T, N], as the difference of two gradients.

    The policy moved by DIFFERENCE may have weights a little below zero: J is smooth there too.
    """
    width = DIFFERENCE / float(direction.abs().max())
    run, value = objective.train(torch.add(point.weights, direction, alpha=width))
    return objective.point(run, value).gradient.sub_(point.gradient).div_(width)


def make(settings: Mapping[str, Any]) -> Newton:
    """Return the method of an experiment's `search` block; it has no setting of its own."""
    return Newton()
