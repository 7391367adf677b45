"""Linear classification without a bias, in closed form (arXiv 2402.17759, section 4.1).

The output is o = sigmoid(theta . z), the loss binary cross-entropy. With the signed features
a = (1 - 2 label) z, the loss of an example is softplus(a . theta), and with q = sigmoid(a . theta), the
probability of the wrong label, its gradient is q a and its Hessian q (1 - q) a a^T. Everything below follows.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import softplus

from lawpipe import devices
from lawpipe.data import examples as labelled
from lawpipe.problems.base import Problem, Sweep

#: Steps whose predictions are recomputed together in the reverse sweep, as one matrix product. Sixteen rows of
#: 4,096 examples stay in a processor's second-level cache.
BLOCK = 16


class Perceptron(Problem):
    """The perceptron problem; features are stored signed and transposed, [D, N], the layout that is read fastest."""

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
        self.references = tuple(references)
        self.parameters, self.examples = self._train.shape

    def _signed(self, split: labelled.Examples) -> Tensor:
        """Return a split's signed features (1 - 2 label) z, transposed."""
        features = torch.from_numpy(split.features.T.copy()).to(self.device, self.dtype)
        label = torch.from_numpy(split.label.copy()).to(self.device, self.dtype)
        return features.mul_(1 - 2 * label)

    @classmethod
    def load(cls, settings: Mapping[str, Any], splits: Mapping[str, Path]) -> Self:
        """Build the problem from the tables of its splits."""
        loaded = {name: labelled.load(path) for name, path in splits.items()}
        train = loaded.pop("train")
        dtype = devices.dtype(settings["training"]["precision"])
        return cls(train, loaded, dtype, devices.device(settings["device"]))

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
        wrong = torch.mv(self._train.T, theta).sigmoid_()
        return torch.mv(self._train, wrong.mul_(weights))

    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return q_n (a_n . direction), [N], and sum_n weights[n] q_n (1 - q_n) (a_n . direction) a_n, [P]."""
        wrong = torch.mv(self._train.T, theta).sigmoid_()
        contributions = torch.mv(self._train.T, direction).mul_(wrong)
        return contributions, torch.mv(self._train, contributions * weights * (1 - wrong))

    def reference_losses(self, against: str, thetas: Tensor) -> npt.NDArray[np.float64]:
        """Return the mean loss on a reference set, [S], averaged in float64."""
        losses = softplus(thetas @ self._references[against])
        return losses.mean(dim=1, dtype=torch.float64).cpu().numpy()

    def reference_gradients(self, against: str, thetas: Tensor) -> Tensor:
        """Return the gradient of the mean loss on a reference set, [S, P]."""
        features = self._references[against]
        wrong = torch.sigmoid(thetas @ features)
        return wrong @ features.T / features.shape[1]

    def sweep(
        self,
        thetas: Tensor,
        weights: Tensor,
        learning_rates: Sequence[float],
        adjoint: Tensor,
        source: Callable[[Tensor], Tensor],
    ) -> Sweep:
        """Sweep back as the base class says, with the predictions of a block of steps from one matrix product.

        Per step that leaves two passes over the features (2 N D numbers) beside its share of the product.
        """
        features = self._train
        rates = torch.tensor(learning_rates, dtype=self.dtype, device=self.device).unsqueeze(1)
        along = torch.empty(BLOCK, self.examples, dtype=self.dtype, device=self.device)
        sources = source(thetas)
        for stop in range(len(learning_rates), 0, -BLOCK):
            start = max(0, stop - BLOCK)
            wrong = torch.mm(thetas[start:stop], features).sigmoid_()
            curvature = (1 - wrong).mul_(wrong).mul_(weights[start:stop]).mul_(rates[start:stop])
            for step in reversed(range(start, stop)):
                row = along[step - start]
                torch.mv(features.T, adjoint, out=row)
                product = torch.mv(features, curvature[step - start].mul_(row))
                adjoint = adjoint.sub(product).add_(sources[step])
            yield start, wrong.mul_(along[: stop - start])
        return adjoint


load = Perceptron.load
