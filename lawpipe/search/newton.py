"""Newton's method on the free weights in a trust region: to first-order stationarity, on small problems.

First-order methods stall at a gap of about a thousandth of J, because the Hessian of J on a face of the simplices is
indefinite far from a minimum and badly conditioned near one. Each iteration minimises the quadratic model of J over
the weights that are free to move, by conjugate gradients that stop at negative curvature or at the boundary of a
trust region (Steihaug, SIAM J. Numer. Anal. 20, 1983), and projects the result. A Hessian product is the difference
of two gradients, and costs one training run and one backward pass; it needs float64.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lawpipe.engine import simplex
from lawpipe.run.errors import InputError
from lawpipe.search.method import Method, Step
from lawpipe.search.objective import Iterate, Objective

#: A weight is held at zero if it is at most this, and at most gap / J, and its slope would lower it.
NEARLY_ZERO = 1e-3
#: Largest change of a weight in a difference of two gradients; rounding and truncation errors are then about equal.
DIFFERENCE = 1e-6
#: Curvature relative to the trust region's metric below which a direction counts as having none.
FLAT = 1e-12


@dataclass(frozen=True)
class Face:
    """The weights that are free to move at a policy, and a metric for their changes.

    The metric is |d|^2 = sum_t rms_t sum_n d[t,n]^2, where rms_t is the standard deviation of the slopes dJ/dgamma of
    step t: slopes differ by orders of magnitude between early and late steps.
    """

    #: Whether each weight is free, bool [T, N]; the others are held at zero.
    free: Tensor
    #: 1 / rms_t, [T, 1].
    scale: Tensor

    @classmethod
    def of(cls, current: Iterate) -> "Face":
        """Return the face at a policy."""
        weights, gradient = current.weights, current.gradient
        rising = gradient > (weights * gradient).sum(dim=1, keepdim=True)
        held = (weights <= min(NEARLY_ZERO, current.gap / current.objective)) & rising
        rms = (gradient - gradient.mean(dim=1, keepdim=True)).square().mean(dim=1, keepdim=True).sqrt()
        # Bounded from below for a step whose slopes are all equal.
        return cls(~held, 1 / rms.clamp(min=FLAT * float(rms.max())))

    def along(self, direction: Tensor) -> Tensor:
        """Project a direction onto those that change free weights only and keep the sum of every row."""
        inside = torch.where(self.free, direction, 0.0)
        mean = inside.sum(dim=1, keepdim=True) / self.free.sum(dim=1, keepdim=True)
        return torch.where(self.free, inside - mean, 0.0)

    def inner(self, left: Tensor, right: Tensor) -> float:
        """Return the inner product of two directions in the metric."""
        return float((left * right / self.scale).sum())

    def project(self, weights: Tensor) -> Tensor:
        """Project onto the simplices of the free weights; the other weights become exact zeros."""
        # An entry more than 1 below the largest projects to zero. An entry of zero might not, by rounding.
        return simplex.project_(torch.where(self.free, weights, weights.amax(dim=1, keepdim=True) - 2))


@dataclass
class Newton(Method):
    """Truncated Newton steps on the free weights; a step is accepted if J falls.

    A step that raises J is shortened, at most `attempts` times, and so is the radius of the trust region; a step
    accepted at full length enlarges the radius. If no length lowers J, projected gradient steps in the same metric
    are tried. Conjugate gradients stop at the relative residual min(forcing, sqrt(gap / J)), or after `products`
    Hessian products.
    """

    forcing: float = 0.1
    products: int = 60
    growth: float = 3.0
    shrinkage: float = 0.3
    attempts: int = 30
    _radius: float = field(default=math.inf, init=False)

    def start(self, weights: Tensor) -> None:
        """Start without a bound on the step.

        Raises InputError in float32, in which a difference of two gradients has no correct digits.
        """
        if weights.dtype != torch.float64:
            raise InputError("training.precision is float32, but the search method newton needs float64: set it so.")
        self._radius = math.inf

    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try the Newton step at decreasing lengths, then the gradient step, until one lowers J."""
        face = Face.of(current)
        direction, products = self.direction(current, objective, face)
        length = math.sqrt(face.inner(direction, direction))
        slopes = face.scale * current.gradient
        for attempt in range(2 * self.attempts):
            newton = attempt < self.attempts
            fraction = self.shrinkage ** (attempt if newton else attempt - self.attempts)
            if newton:
                trial = face.project(torch.add(current.weights, direction, alpha=fraction))
            else:
                trial = simplex.project_(torch.sub(current.weights, slopes, alpha=fraction))
            run, value = objective.train(trial)
            if value < current.objective:
                if attempt == 0:
                    self._radius = max(self._radius, self.growth * length)
                else:
                    self._radius = fraction * length if newton else math.inf
                return Step(run, value, fraction, attempt, products)
            del run  # before the next one is trained
        return Step(None, current.objective, fraction, 2 * self.attempts, products)

    def direction(self, current: Iterate, objective: Objective, face: Face) -> tuple[Tensor, int]:
        """Minimise the quadratic model on the face within the trust region.

        Conjugate gradients from zero, preconditioned by the face's metric. Their iterates grow in that metric, so
        they end at the boundary as soon as one leaves the trust region.

        Returns the step [T, N] and the number of Hessian products.
        """
        residual = -face.along(current.gradient)
        scaled = face.scale * residual
        search, step = scaled.clone(), torch.zeros_like(scaled)
        size = start = float((residual * scaled).sum())
        stop = start * min(self.forcing, math.sqrt(current.gap / current.objective)) ** 2
        for count in range(1, self.products + 1):
            product = face.along(hessian_product(current, objective, search))
            curvature = float((search * product).sum())
            metric = face.inner(search, search)
            negative_curvature = curvature > FLAT * metric
            if not negative_curvature and math.isinf(self._radius):
                # Negative curvature and no radius yet: the step whose largest change of a weight is 1.
                return step.add_(search, alpha=1 / float(search.abs().max())), count
            length = size / curvature if negative_curvature else math.inf
            boundary = self._to_boundary(face, step, search)
            if length >= boundary:
                return step.add_(search, alpha=boundary), count
            step.add_(search, alpha=length)
            residual.sub_(product, alpha=length)
            scaled = face.scale * residual
            before, size = size, float((residual * scaled).sum())
            if size <= stop:
                break
            search = torch.add(scaled, search, alpha=size / before)
        return step, count

    def _to_boundary(self, face: Face, step: Tensor, search: Tensor) -> float:
        """Return the length a for which step + a search is on the boundary of the trust region."""
        if math.isinf(self._radius):
            return math.inf
        metric, across = face.inner(search, search), face.inner(step, search)
        left = self._radius**2 - face.inner(step, step)
        return (math.sqrt(max(0.0, across**2 + metric * left)) - across) / metric


def hessian_product(current: Iterate, objective: Objective, direction: Tensor) -> Tensor:
    """Return the Hessian of J times a direction, [T, N], by a forward difference of gradients.

    The perturbed policy may have weights slightly below zero, where J is smooth as well.
    """
    width = DIFFERENCE / float(direction.abs().max())
    run, value = objective.train(torch.add(current.weights, direction, alpha=width))
    return objective.differentiate(run, value).gradient.sub_(current.gradient).div_(width)


make = Newton.of
