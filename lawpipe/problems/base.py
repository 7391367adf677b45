"""What the engine needs to know of a learning problem.

A problem holds N training examples, some reference sets (desired, test, validation) and the loss of one
example under parameters theta, a flat vector of P numbers. Everything else (the training run, the gradient
with respect to the policy, the search) is built on the few products below.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lawpipe.run.errors import InputError

#: Blocks of adjoint contributions, [B, N], each with the first of its steps; returns the adjoint at the start, [P].
#: Of S runs together: blocks [S, B, N], adjoints [S, P].
Backward = Generator[tuple[int, Tensor], None, Tensor]

#: The derivative of an objective's own term at parameters [B, P], [B, P].
Source = Callable[[Tensor], Tensor]


#: Steps between two looks at whether a training run has diverged: each waits for the device.
LOOK = 16


def share_of(count: int, place: int, of: int) -> slice:
    """Return the rows of one of some parts of `count` examples, as even as can be: all, if there are too few."""
    return slice(place * count // of, (place + 1) * count // of) if count >= of else slice(0, count)


def diverged(theta: Tensor) -> bool:
    """Return whether parameters are no longer finite: no later ones of the run will be."""
    return not bool(torch.isfinite(theta).all())


def alone(mine: Tensor) -> Tensor:
    """Return the total of one process: what it has."""
    return mine


class Problem(ABC):
    """The training and reference examples of one experiment and seed, with the derivatives of their losses.

    Losses are in nats. All tensors have the problem's dtype and device unless said otherwise.
    """

    dtype: torch.dtype
    device: torch.device
    #: N, the number of training examples.
    examples: int
    #: P, the number of parameters.
    parameters: int
    #: The reference sets, and the number of examples in each.
    references: Mapping[str, int]
    #: Adds up, in place, a sum over the training examples where several processes share them.
    total: Callable[[Tensor], Tensor] = staticmethod(alone)

    def share(self, place: int, of: int) -> Self:
        """Return the problem of one of some shares of every set of examples, those of `share_of`.

        Raises InputError if the problem is for one process.
        """
        raise InputError(f"processes is {of}, but {type(self).__name__} is a problem for one process: set it to 1.")

    @abstractmethod
    def losses(self, theta: Tensor) -> Tensor:
        """Return the loss of every training example, [N]."""

    @abstractmethod
    def gradient_norms(self, theta: Tensor) -> Tensor:
        """Return the Euclidean norm of every training example's gradient, [N]."""

    @abstractmethod
    def contributions(self, theta: Tensor, direction: Tensor) -> Tensor:
        """Return every <grad l_n(theta), direction>, [N]: one directional derivative."""

    @abstractmethod
    def weighted_gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] grad l_n(theta), [P]."""

    @abstractmethod
    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return `contributions` along a direction and sum_n weights[n] Hess l_n(theta) direction, [P], together."""

    @abstractmethod
    def reference_losses(self, against: str, thetas: Tensor) -> npt.NDArray[np.float64]:
        """Return the mean loss on a reference set at each of S parameter vectors [S, P], [S]."""

    @abstractmethod
    def reference_gradients(self, against: str, thetas: Tensor) -> Tensor:
        """Return the gradient of the mean loss on a reference set at each of S parameter vectors, [S, P]."""

    @abstractmethod
    def half_gradients(self, against: str, theta: Tensor) -> Tensor:
        """Return the gradients of the mean losses on the even and on the odd examples of a reference set, [2, P].

        Of a set with a single example both are its gradient.
        """

    def descend(self, theta: Tensor, weights: Tensor, learning_rates: Sequence[float]) -> Tensor:
        """Run weighted gradient descent and return all parameters on the way, [T+1, P].

        theta[t+1] = theta[t] - learning_rates[t] sum_n weights[t, n] grad l_n(theta[t])

        A run that has diverged ends there: the parameters after it are NaN.
        """
        thetas = torch.empty(len(learning_rates) + 1, self.parameters, dtype=self.dtype, device=self.device)
        thetas[0] = theta
        for step, rate in enumerate(learning_rates):
            if step % LOOK == 0 and diverged(thetas[step]):
                thetas[step + 1 :] = torch.nan
                break
            self.step(thetas[step], weights[step], rate, thetas[step + 1])
        return thetas

    def step(self, theta: Tensor, weights: Tensor, learning_rate: float, out: Tensor) -> None:
        """Write theta - learning_rate sum_n weights[n] grad l_n(theta), [P], to `out`: one step of `descend`."""
        torch.sub(theta, self.weighted_gradient(theta, weights), alpha=learning_rate, out=out)

    def backward(
        self,
        thetas: Tensor,
        weights: Tensor,
        learning_rates: Sequence[float],
        adjoint: Tensor,
        source: Source,
    ) -> Backward:
        """Go back over S consecutive steps and yield the adjoint contributions, last steps first.

        `thetas` [S, P], `weights` [S, N] and `learning_rates` are those of the steps, `adjoint` [P] is that of the
        parameters after the last, and `source` gives the objective's own derivative at parameters [B, P]:

            adjoint[t] = source(theta[t]) + adjoint[t+1] - learning_rates[t] Hess_weighted(theta[t]) adjoint[t+1]

        Yields pairs of a step, counted from the first of `thetas`, and a block [B, N] of
        <adjoint[t+1], grad l_n(theta[t])> for the B steps from there on; a block is valid until the next is asked
        for. Returns the adjoint of the first of `thetas`.
        """
        for step in reversed(range(len(learning_rates))):
            contributions, product = self.adjoint_product(thetas[step], weights[step], adjoint)
            product = self.total(product)
            yield step, contributions.unsqueeze(0)
            # Update and source are added one after the other: a fused add rounds worse over thousands of steps.
            adjoint = adjoint.sub(product, alpha=learning_rates[step]).add_(source(thetas[step : step + 1])[0])
        return adjoint

    def descend_many(
        self, thetas: Tensor, weights: Sequence[Tensor], learning_rates: Sequence[Sequence[float]]
    ) -> Tensor:
        """Run `descend` from each of S parameters [S, P] under its own weights and rates; return [S, T+1, P].

        A problem that is cheaper for many runs at once overrides this: rounding may differ, nothing else.
        """
        runs = zip(thetas, weights, learning_rates, strict=True)
        return torch.stack([self.descend(*run) for run in runs])

    def backward_many(
        self,
        thetas: Tensor,
        weights: Sequence[Tensor],
        learning_rates: Sequence[Sequence[float]],
        adjoints: Tensor,
        sources: Sequence[Source],
    ) -> Backward:
        """Go back over S runs of as many steps, `thetas` [S, T, P] and `adjoints` [S, P]; as `sweep` for each.

        Yields blocks [S, B, N] and returns the adjoints of the first steps, [S, P].
        """
        sweeps = [self.backward(*run) for run in zip(thetas, weights, learning_rates, adjoints, sources, strict=True)]
        while True:
            blocks, ends = [], []
            for sweep in sweeps:
                try:
                    step, block = next(sweep)
                    blocks.append(block)
                except StopIteration as end:
                    ends.append(end.value)
            if ends:
                return torch.stack(ends)
            yield step, torch.stack(blocks)


def mapped(sweep: Backward, change: Callable[[int, Tensor], tuple[int, Tensor]]) -> Backward:
    """Change every step and block of a sweep; it ends as before."""
    while True:
        try:
            step, block = next(sweep)
        except StopIteration as end:
            adjoint: Tensor = end.value
            return adjoint
        yield change(step, block)
