"""Losses of the perceptron: linear classification without a bias, in closed form (arXiv 2402.17759, section 4.1).

The output for features z [D] is sigmoid(theta . z), and the loss is binary cross-entropy. In terms of the signed
features a = (1 - 2 label) z and q = sigmoid(a . theta), the probability of the wrong label,

    l(theta) = softplus(a . theta)
    grad l = q a
    Hess l = q (1 - q) a a^T

All derivatives below are products of these with the matrix A of the signed features of all examples.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import softplus

from lawpipe.compute import devices, matmul
from lawpipe.problems.base import EVERY, HELD_OUT, OnBlock, OnBlockOfRun, Problem, TermGradients, held_out, shard
from lawpipe.problems.perceptron import labelled

if TYPE_CHECKING:
    from lawpipe.problems.perceptron.loops import Features

#: Steps of a backward pass whose q are computed by one matrix product: 16 rows of 4,096 float32 numbers fit the
#: second-level cache of a processor.
BLOCK = 16

#: Rows of N numbers (steps times runs) that several runs together have in memory at a time.
ROWS = 64

#: Smallest number of runs that is computed together: fewer are faster one after the other, in compiled loops or with
#: matrix-vector products.
FEW_COMPILED, FEW = 6, 3


class Perceptron(Problem):
    """The perceptron, with P = D. Signed features are stored as A^T, [D, N], the layout that is read fastest."""

    def __init__(
        self,
        train: labelled.Examples,
        references: Mapping[str, labelled.Examples],
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.dtype = dtype
        self.device = device
        self._train = self._signed(train)
        self._references = {name: self._signed(split) for name, split in references.items()}
        self._count()

    def _count(self) -> None:
        """Set the numbers of examples and parameters, and the features of the compiled loops if they can be used."""
        self.references = {name: features.shape[1] for name, features in self._references.items()}
        self.parameters, self.examples = self._train.shape
        self._loops = _loops(self._train)
        self._few = FEW if self._loops is None else FEW_COMPILED

    def _signed(self, split: labelled.Examples) -> Tensor:
        """Return the signed features (1 - 2 label) z of a split, [D, N]."""
        features = torch.from_numpy(split.features.T.copy()).to(self.device, self.dtype)
        label = torch.from_numpy(split.label.copy()).to(self.device, self.dtype)
        return features.mul_(1 - 2 * label)

    def signed_features(self, split: str) -> Tensor:
        """Return the signed features of "train" or of a reference set, [D, N], without a copy."""
        return self._train if split == "train" else self._references[split]

    @classmethod
    def load(cls, settings: Mapping[str, Any], splits: Mapping[str, Path]) -> Self:
        """Build the problem from the files of its splits."""
        loaded = {name: labelled.load(path) for name, path in splits.items()}
        train = loaded.pop("train")
        dtype = devices.dtype(settings["training"]["precision"])
        return cls(train, loaded, dtype, devices.device(settings["device"]))

    def shard(self, rank: int, world_size: int) -> Self:
        """Return the problem on the shard of every set of examples that process `rank` holds."""

        def part(features: Tensor) -> Tensor:
            return features[:, shard(features.shape[1], rank, world_size)].contiguous()

        result = copy(self)
        result._train = part(self._train)
        result._references = {name: part(features) for name, features in self._references.items()}
        result._count()
        return result

    def with_desired(self) -> Self:
        """Return the problem whose training examples are followed by the desired ones."""
        result = copy(self)
        result._train = torch.cat((self._train, self._references["desired"]), dim=1)
        result.joined = self.references["desired"]
        result._count()
        return result

    def holding_out(self, quarter: int = EVERY - 1) -> Self:
        """Return the problem without a quarter of the desired examples, which are the reference set `held_out`."""
        out = torch.from_numpy(held_out(self.references["desired"], quarter))
        desired = self._references["desired"]
        result = copy(self)
        result._references = self._references | {"desired": desired[:, ~out], HELD_OUT: desired[:, out]}
        result._count()
        return result

    def losses(self, theta: Tensor) -> Tensor:
        """Return softplus(a_n . theta), [N]."""
        losses: Tensor = softplus(self._train.T @ theta)
        return losses

    def gradient_norms(self, theta: Tensor) -> Tensor:
        """Return q_n |a_n|, [N]."""
        norms: Tensor = torch.linalg.vector_norm(self._train, dim=0)
        return torch.sigmoid(self._train.T @ theta) * norms

    def contributions(self, theta: Tensor, direction: Tensor) -> Tensor:
        """Return q_n (a_n . direction), [N]."""
        return torch.mv(self._train.T, theta).sigmoid_().mul_(torch.mv(self._train.T, direction))

    def weighted_gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] q_n a_n, [P]."""
        if self._loops:
            return self._loops.gradient(theta, weights)
        wrong = torch.mv(self._train.T, theta).sigmoid_()
        return torch.mv(self._train, wrong.mul_(weights))

    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return q_n (a_n . direction), [N], and sum_n weights[n] q_n (1 - q_n) (a_n . direction) a_n, [P]."""
        if self._loops:
            return self._loops.adjoint_product(theta, weights, direction)
        wrong = torch.mv(self._train.T, theta).sigmoid_()
        contributions = torch.mv(self._train.T, direction).mul_(wrong)
        return contributions, torch.mv(self._train, contributions * weights * (1 - wrong))

    def reference_losses(self, against: str, thetas: Tensor) -> npt.NDArray[np.float64]:
        """Return the mean of softplus(a . theta) over a reference set, [S], averaged in float64."""
        losses = softplus(matmul.product(thetas, self._references[against]))
        return losses.mean(dim=1, dtype=torch.float64).cpu().numpy()

    def reference_gradients(self, against: str, thetas: Tensor) -> Tensor:
        """Return the mean of q a over a reference set, [S, D]."""
        features = self._references[against]
        wrong = matmul.product(thetas, features).sigmoid_()
        return matmul.product(wrong, features.T) / features.shape[1]

    def half_gradients(self, against: str, theta: Tensor) -> Tensor:
        """Return the gradients of the mean losses on the even and on the odd examples of a reference set, [2, D]."""
        features = self._references[against]
        wrong = torch.sigmoid(theta @ features)
        halves = [(features[:, start::2], wrong[start::2]) for start in (0, min(1, len(wrong) - 1))]
        return torch.stack([torch.mv(half, share) / len(share) for half, share in halves])

    def backward(
        self,
        thetas: Tensor,
        weights: Tensor,
        learning_rates: Sequence[float],
        adjoint: Tensor,
        term_gradients: TermGradients,
        on_block: OnBlock,
    ) -> Tensor:
        """Go back as the base class does, in compiled loops or with q of a block of steps from one matrix product.

        In the second way each step reads the features twice more, 2 N D numbers.
        """
        terms = term_gradients(thetas)
        if self._loops and self.sum_over_processes is Problem.sum_over_processes:
            return self._loops.backward(thetas, weights, learning_rates, adjoint, terms, on_block)
        features = self._train
        rates = torch.tensor(learning_rates, dtype=self.dtype, device=self.device).unsqueeze(1)
        along = torch.empty(BLOCK, self.examples, dtype=self.dtype, device=self.device)
        for stop in range(len(learning_rates), 0, -BLOCK):
            start = max(0, stop - BLOCK)
            wrong = matmul.product(thetas[start:stop], features).sigmoid_()
            curvature = (1 - wrong).mul_(wrong).mul_(weights[start:stop]).mul_(rates[start:stop])
            for step in reversed(range(start, stop)):
                row = along[step - start]
                torch.mv(features.T, adjoint, out=row)
                product = self.sum_over_processes(torch.mv(features, curvature[step - start].mul_(row)))
                adjoint = adjoint.sub(product).add_(terms[step])
            on_block(start, wrong.mul_(along[: stop - start]))
        return adjoint

    def descend_many(
        self, thetas: Tensor, weights: Sequence[Tensor], learning_rates: Sequence[Sequence[float]]
    ) -> Tensor | None:
        """Run few descents one after the other in compiled loops, many together by two matrix products per step."""
        if len(thetas) < self._few:
            if self._loops is None:
                return None
            return torch.stack(
                [self._loops.descend(*run) for run in zip(thetas, weights, learning_rates, strict=True)]
            )
        rows = self._train.T.contiguous()  # [N, D]: matrix products are up to twice as fast with this layout
        rates = torch.tensor(learning_rates, dtype=self.dtype, device=self.device).T.unsqueeze(2)
        steps, count = rates.shape[:2]
        size = max(1, ROWS // count)
        path = torch.empty(steps + 1, count, self.parameters, dtype=self.dtype, device=self.device)
        path[0] = thetas
        wrong = torch.empty(count, self.examples, dtype=self.dtype, device=self.device)
        for start in range(0, steps, size):
            for step, weight in enumerate(_block(weights, start, size), start):
                matmul.product(path[step], rows.T, out=wrong).sigmoid_().mul_(weight)
                torch.sub(path[step], matmul.product(wrong, rows).mul_(rates[step]), out=path[step + 1])
        return path.transpose(0, 1)

    def backward_many(
        self,
        thetas: Sequence[Tensor],
        weights: Sequence[Tensor],
        learning_rates: Sequence[Sequence[float]],
        adjoints: Tensor,
        term_gradients: Sequence[TermGradients],
        on_block: OnBlockOfRun,
    ) -> Tensor:
        """Go back over all runs together, two matrix products per step: one is with all theta and all adjoints."""
        if len(thetas) < self._few:
            return super().backward_many(thetas, weights, learning_rates, adjoints, term_gradients, on_block)
        paths = torch.stack([*thetas])
        rows = self._train.T.contiguous()
        rates = torch.tensor(learning_rates, dtype=self.dtype, device=self.device).T.unsqueeze(2)
        steps, count = rates.shape[:2]
        size = max(1, ROWS // count)
        terms = torch.stack([of_run(path) for of_run, path in zip(term_gradients, paths, strict=True)], dim=1)
        both = torch.empty(2 * count, self.examples, dtype=self.dtype, device=self.device)
        wrong, along = both[:count], both[count:]
        curvature = torch.empty_like(wrong)
        results = torch.empty(count, size, self.examples, dtype=self.dtype, device=self.device)
        for start in reversed(range(0, steps, size)):
            block = _block(weights, start, size)
            for row in reversed(range(len(block))):
                step = start + row
                matmul.product(torch.cat((paths[:, step], adjoints)), rows.T, out=both)
                contributions = torch.mul(along, wrong.sigmoid_(), out=results[:, row])
                torch.addcmul(contributions, contributions, wrong, value=-1, out=curvature)
                product = matmul.product(curvature.mul_(block[row]), rows)
                adjoints = adjoints.sub(product.mul_(rates[step])).add_(terms[step])
            for run, result in enumerate(results):
                on_block(run, start, result[: len(block)])
        return adjoints


def _loops(features: Tensor) -> "Features | None":
    """Return features [D, N] for the compiled loops; None where there are none for them."""
    if not devices.compiles(features.dtype, features.device):
        return None
    from lawpipe.problems.perceptron.loops import Features

    return Features(features)


def _block(weights: Sequence[Tensor], start: int, size: int) -> Tensor:
    """Return the weights of S policies at steps start..start+size-1 (fewer at the end), contiguous, [B, S, N]."""
    return torch.stack([policy[start : start + size] for policy in weights], dim=1)


load = Perceptron.load
