"""The two problems of the toy experiments, small enough for numpy: a perceptron, and a table of bigrams.

A model of bigrams is a language model that predicts each token from the one before it alone: logits [V, V], so
losses, gradients of every example and products with the Hessian are a few lines each.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lawpipe.data.specials import PAD

Array = npt.NDArray[np.float64]


class Rows(Protocol):
    """A set of examples with the derivatives of their losses at parameters theta [P]."""

    def losses(self, theta: Array) -> Array:
        """Return the loss of every example, [N]."""
        ...

    def gradients(self, theta: Array) -> Array:
        """Return the gradient of every example's loss, [N, P]."""
        ...

    def hessian_product(self, theta: Array, weights: Array, vector: Array) -> Array:
        """Return the weighted sum of the examples' Hessians times a vector, [P]."""
        ...

    def columns(self, corrupted: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """Return the examples as columns of their artifact table."""
        ...


@dataclass(frozen=True)
class Signed:
    """Signed features z [N, D] of a perceptron: the loss of a row is log(1 + exp(-z . theta))."""

    features: Array

    def losses(self, theta: Array) -> Array:
        return np.logaddexp(0, -(self.features @ theta))

    def _pull(self, theta: Array) -> Array:
        """Return -dl/d(z . theta) = sigmoid(-z . theta)."""
        return np.asarray(1 / (1 + np.exp(self.features @ theta)))

    def gradients(self, theta: Array) -> Array:
        return -self._pull(theta)[:, None] * self.features

    def hessian_product(self, theta: Array, weights: Array, vector: Array) -> Array:
        pull = self._pull(theta)
        return np.asarray((weights * pull * (1 - pull) * (self.features @ vector)) @ self.features)

    def columns(self, corrupted: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"features": self.features, "label": np.ones(len(self.features), np.int8), "flipped": corrupted}


@dataclass(frozen=True)
class Bigrams:
    """Windows of tokens [N, L + 1]: the loss of a row is the mean cross-entropy of each token given the last."""

    tokens: npt.NDArray[np.int32]
    story: npt.NDArray[np.int64]
    vocabulary: int

    @cached_property
    def _counts(self) -> Array:
        """Return how often b follows a in each window, as a share, [N, V, V]; pads are not predicted."""
        shares = np.zeros((len(self.tokens), self.vocabulary, self.vocabulary))
        rows, places = np.nonzero(self.tokens[:, 1:] != PAD)
        np.add.at(shares, (rows, self.tokens[rows, places], self.tokens[rows, places + 1]), 1.0)
        return np.asarray(shares / shares.sum(axis=(1, 2), keepdims=True))

    def _logits(self, theta: Array) -> tuple[Array, Array]:
        """Return log-probabilities and probabilities, [V, V] each."""
        logits = theta.reshape(self.vocabulary, self.vocabulary)
        shifted = logits - logits.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return logs, np.exp(logs)

    def losses(self, theta: Array) -> Array:
        return np.asarray(-np.tensordot(self._counts, self._logits(theta)[0], 2))

    def gradients(self, theta: Array) -> Array:
        counts = self._counts
        _, chances = self._logits(theta)
        return np.asarray((counts.sum(axis=2)[:, :, None] * chances - counts).reshape(len(counts), -1))

    def hessian_product(self, theta: Array, weights: Array, vector: Array) -> Array:
        seen = np.tensordot(weights, self._counts.sum(axis=2), 1)
        _, chances = self._logits(theta)
        along = vector.reshape(chances.shape)
        mean = (chances * along).sum(axis=1, keepdims=True)
        return np.asarray((seen[:, None] * chances * (along - mean)).reshape(-1))

    def columns(self, corrupted: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"tokens": self.tokens, "perturbed": corrupted, "story": self.story}


@dataclass(frozen=True)
class Data:
    """The three splits, which training examples are flipped or perturbed, and where training starts."""

    train: Rows
    desired: Rows
    test: Rows
    corrupted: npt.NDArray[np.bool_]
    theta0: Array


def perceptron(
    generator: np.random.Generator, *, dimension: int, examples: int, evaluated: int, share: float
) -> Data:
    """Draw a teacher, the three splits and the flipped examples."""
    teacher = generator.normal(size=dimension)

    def signed(rows: Array) -> Array:
        return rows * np.sign(rows @ teacher)[:, None]

    train = signed(generator.normal(0, math.sqrt(3.0), (examples, dimension)))
    flipped = np.zeros(examples, dtype=bool)
    flipped[generator.permutation(examples)[: round(share * examples)]] = True
    train[flipped] *= -1
    desired, test = (signed(generator.normal(0.5, 1, (evaluated, dimension))) for _ in range(2))
    theta0 = generator.uniform(-1, 1, dimension) / math.sqrt(dimension)
    return Data(Signed(train), Signed(desired), Signed(test), flipped, theta0)
