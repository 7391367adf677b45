"""Interface between a learning problem and the engine.

A problem holds N training examples, some reference sets (desired, test, validation) and the loss l_n of one example
under parameters theta, a flat vector of P numbers. The training run, the gradient with respect to the policy and the
search are built on the products of derivatives below.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lawpipe.run import registry
from lawpipe.run.errors import InputError

#: Called as `on_block(t, block)` with the adjoint contributions [B, N] of steps t..t+B-1; overwritten after the call.
OnBlock = Callable[[int, Tensor], None]

#: Called as `on_block(s, t, block)` with the same for run s of several.
OnBlockOfRun = Callable[[int, int, Tensor], None]

#: The reference set of the desired examples that are held out of training on them: every fourth.
HELD_OUT, EVERY = "held_out", 4

#: From parameters [B, P] to the gradients of an objective's terms at them, [B, P].
TermGradients = Callable[[Tensor], Tensor]


def shard(count: int, rank: int, world_size: int) -> slice:
    """Return the rows of `count` examples that process `rank` holds; all rows if there are fewer than processes.

    The sizes of the shards differ by at most 1.
    """
    if count < world_size:
        return slice(0, count)
    return slice(rank * count // world_size, (rank + 1) * count // world_size)


def held_out(count: int, quarter: int = EVERY - 1) -> npt.NDArray[np.bool_]:
    """Return which of `count` desired examples are held out, bool [K]: of each four the one with number `quarter`.

    With fewer than eight that may be a single one. Its loss is a noisy measure, but the only one that training does
    not fit.

    Raises InputError if there are fewer than four.
    """
    if count < EVERY:
        raise InputError(
            f"data.desired_examples is {count}, expected at least {EVERY} for a policy that trains on the desired "
            "examples and is tuned on a quarter of them: take more, or leave the policy out."
        )
    return np.asarray(np.arange(count) % EVERY == quarter)


def _unchanged(value: Tensor) -> Tensor:
    return value


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
    #: The number of desired examples among the N, the last of them (see `with_desired`).
    joined: int = 0
    #: The number of examples of each reference set.
    references: Mapping[str, int]
    #: Adds a sum over this process's training examples up over all processes, in place.
    sum_over_processes: Callable[[Tensor], Tensor] = staticmethod(_unchanged)

    def shard(self, rank: int, world_size: int) -> Self:
        """Return the problem on the shard of every set of examples that process `rank` holds.

        Raises InputError if the problem cannot be divided among processes.
        """
        raise InputError(
            f"processes is {world_size}, but {type(self).__name__} is a problem for one process: set it to 1."
        )

    def with_desired(self) -> Self:
        """Return the problem whose training examples are followed by the desired ones, to train on both.

        Raises NotImplementedError if the problem cannot.
        """
        raise NotImplementedError(f"{type(self).__name__} does not train on its desired examples")

    def holding_out(self, quarter: int = EVERY - 1) -> Self:
        """Return the problem without the quarter of the desired examples that is `held_out`, a reference set then.

        Raises InputError if there are too few of them, and NotImplementedError if the problem cannot.
        """
        raise NotImplementedError(f"{type(self).__name__} does not divide its desired examples")

    @abstractmethod
    def losses(self, theta: Tensor) -> Tensor:
        """Return l_n(theta) of every training example, [N]."""

    @abstractmethod
    def gradient_norms(self, theta: Tensor) -> Tensor:
        """Return the Euclidean norm |grad l_n(theta)| of every training example, [N]."""

    @abstractmethod
    def contributions(self, theta: Tensor, direction: Tensor) -> Tensor:
        """Return <grad l_n(theta), direction> of every training example, [N]: one directional derivative."""

    @abstractmethod
    def weighted_gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] grad l_n(theta), [P]."""

    @abstractmethod
    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return `contributions(theta, direction)`, [N], and sum_n weights[n] Hess l_n(theta) direction, [P]."""

    @abstractmethod
    def reference_losses(self, against: str, thetas: Tensor) -> npt.NDArray[np.float64]:
        """Return the mean loss on a reference set at each of S parameter vectors [S, P], [S]."""

    @abstractmethod
    def reference_gradients(self, against: str, thetas: Tensor) -> Tensor:
        """Return the gradient of the mean loss on a reference set at each of S parameter vectors [S, P], [S, P]."""

    def reference_terms(self, against: str, thetas: Tensor) -> tuple[npt.NDArray[np.float64] | None, Tensor]:
        """Return `reference_losses`, [S], if they cost nothing beside the gradients, else None; and the gradients.

        Overridden by problems whose gradients give the losses on the way, to the same bits.
        """
        return None, self.reference_gradients(against, thetas)

    @abstractmethod
    def half_gradients(self, against: str, theta: Tensor) -> Tensor:
        """Return the gradients of the mean losses on the even and on the odd examples of a reference set, [2, P].

        Both are the gradient of the single example if the set has only one.
        """

    def backward(
        self,
        thetas: Tensor,
        weights: Tensor,
        learning_rates: Sequence[float],
        adjoint: Tensor,
        term_gradients: TermGradients,
        on_block: OnBlock,
    ) -> Tensor:
        """Go back over S consecutive training steps; compute their adjoint contributions and the adjoint before them.

            contributions[t] = <adjoint[t+1], grad l_n(theta[t])>
            adjoint[t] = term_gradients(theta[t]) + adjoint[t+1]
                         - learning_rates[t] sum_n weights[t,n] Hess l_n(theta[t]) adjoint[t+1]

        `thetas` [S, P] are the theta[t] of the steps, and `adjoint` [P] is the adjoint after the last of them.
        `term_gradients` is called once for each theta[t], in blocks of consecutive steps, the last block first.
        `on_block` receives the contributions, last steps first; steps count from the first row of `thetas`. Returns
        the adjoint at that row, [P].
        """
        for step in reversed(range(len(learning_rates))):
            contributions, product = self.adjoint_product(thetas[step], weights[step], adjoint)
            product = self.sum_over_processes(product)
            on_block(step, contributions.unsqueeze(0))
            # Two additions: a fused one rounds worse over thousands of steps.
            adjoint = adjoint.sub(product, alpha=learning_rates[step]).add_(
                term_gradients(thetas[step : step + 1])[0]
            )
        return adjoint

    def descend_many(
        self, thetas: Tensor, weights: Sequence[Tensor], learning_rates: Sequence[Sequence[float]]
    ) -> Tensor | None:
        """Run gradient descent from each of S parameters [S, P] together; return theta[0..T] of each, [S, T+1, P].

        Each run has its own weights [T, N] and T learning rates. Returns None if the problem has no way to compute so
        many runs together that is faster than one after the other.
        """
        return None

    def backward_many(
        self,
        thetas: Sequence[Tensor],
        weights: Sequence[Tensor],
        learning_rates: Sequence[Sequence[float]],
        adjoints: Tensor,
        term_gradients: Sequence[TermGradients],
        on_block: OnBlockOfRun,
    ) -> Tensor:
        """Run `backward` over each of S runs, each with its `thetas` [T, P]; return their adjoints [S, P].

        Overridden by problems for which several runs together are cheaper; results are equal up to rounding.
        """
        runs = zip(thetas, weights, learning_rates, adjoints, term_gradients, strict=True)
        return torch.stack([self.backward(*run, partial(on_block, index)) for index, run in enumerate(runs)])


def load_problem(settings: Mapping[str, Any], splits: Mapping[str, Path]) -> Problem:
    """Build the problem that the settings of a stage name from the files of its splits, "train" among them."""
    problem: Problem = registry.load("losses", settings["problem"]).load(settings, splits)
    return problem
