"""A problem from a function: the loss of every example of any data, under any model, differentiated by PyTorch."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.func import grad, jacrev, jvp

from lawpipe.problems.base import Problem

#: The loss of every example under flat parameters: [P] to [N]. Twice differentiable, in PyTorch's operations.
Losses = Callable[[Tensor], Tensor]


class OwnProblem(Problem):
    """Training examples and reference sets given by their losses.

    The gradient of single examples is never formed, except for their norms: contributions are one forward-mode
    derivative, and a Hessian-vector product is a forward-mode derivative of a gradient.
    """

    def __init__(self, train: Losses, references: Mapping[str, Losses], theta0: Tensor) -> None:
        """Take the losses of the training set and of each reference set, "desired" among them.

        Raises ValueError if the losses at theta0 [P] are no vectors of its type, or not finite.
        """
        self.dtype, self.device, self.parameters = theta0.dtype, theta0.device, len(theta0)
        self._train, self._references = train, dict(references)
        self.examples = _count("train", train, theta0)
        self.references = {name: _count(name, losses, theta0) for name, losses in references.items()}

    def losses(self, theta: Tensor) -> Tensor:
        """Return l_n(theta) of every training example, [N]."""
        return self._train(theta)

    def gradient_norms(self, theta: Tensor) -> Tensor:
        """Return |grad l_n(theta)|, [N], from all gradients [N, P]."""
        norms: Tensor = torch.linalg.vector_norm(jacrev(self._train)(theta), dim=1)
        return norms

    def contributions(self, theta: Tensor, direction: Tensor) -> Tensor:
        """Return <grad l_n(theta), direction>, [N]."""
        derivative: Tensor = jvp(self._train, (theta,), (direction,))[1]
        return derivative

    def weighted_gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] grad l_n(theta), [P]."""
        gradient: Tensor = grad(self._weighted(weights))(theta)
        return gradient

    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return <grad l_n(theta), direction>, [N], and sum_n weights[n] Hess l_n(theta) direction, [P]."""
        product: Tensor = jvp(grad(self._weighted(weights)), (theta,), (direction,))[1]
        return self.contributions(theta, direction), product

    def _weighted(self, weights: Tensor) -> Losses:
        """Return the weighted training loss as a function of parameters."""
        return lambda theta: self._train(theta) @ weights

    def reference_losses(self, against: str, thetas: Tensor) -> npt.NDArray[np.float64]:
        """Return the mean loss on a reference set at parameters [S, P], [S], averaged in float64."""
        with torch.no_grad():
            means = [self._references[against](theta).mean(dtype=torch.float64) for theta in thetas]
        return torch.stack(means).cpu().numpy()

    def reference_gradients(self, against: str, thetas: Tensor) -> Tensor:
        """Return the gradient of the mean loss on a reference set at parameters [S, P], [S, P]."""

        def mean(theta: Tensor) -> Tensor:
            return self._references[against](theta).mean()

        gradient = grad(mean)
        return torch.stack([gradient(theta) for theta in thetas])

    def half_gradients(self, against: str, theta: Tensor) -> Tensor:
        """Return the gradients of the mean losses on the even and on the odd examples of a reference set, [2, P]."""

        def half(at: Tensor, start: int) -> Tensor:
            return self._references[against](at)[start::2].mean()

        return torch.stack([grad(half)(theta, start) for start in (0, min(1, self.references[against] - 1))])


def _count(name: str, losses: Losses, theta: Tensor) -> int:
    """Return the number of examples of a set, whose losses must be a vector of finite numbers."""
    with torch.no_grad():
        values = losses(theta)
    if values.ndim != 1 or not len(values):
        raise ValueError(
            f"{name}: the losses have the shape {tuple(values.shape)}, expected one loss per example, [N]: "
            'use reduction="none".'
        )
    if values.dtype != theta.dtype:
        raise ValueError(f"{name}: the losses are {values.dtype} and theta0 is {theta.dtype}: give both one type.")
    if not bool(values.isfinite().all()):
        index = int((~values.isfinite()).nonzero()[0])
        raise ValueError(
            f"{name}: the loss of example {index} at theta0 is {float(values[index])}, expected a number."
        )
    return len(values)
