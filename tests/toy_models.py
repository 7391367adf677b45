"""The two problems of the toy experiments, small enough for numpy: a perceptron, and a table of bigrams.

A bigram model is a language model that predicts each token from the one before it: its parameters are logits [V, V],
so that its losses, gradients and products with the Hessian are a few lines each.
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
    """A set of N examples with the derivatives of their losses at parameters theta [P]."""

    def losses(self, theta: Array) -> Array:
        """Return the loss of every example, [N]; at several parameters [S, P], [S, N]."""
        ...

    def gradient(self, theta: Array, weights: Array) -> Array:
        """Return the weighted sum of the gradients, [P]; at several parameters [S, P], [S, P]."""
        ...

    def contributions(self, theta: Array, vector: Array) -> Array:
        """Return the inner product of every example's gradient with a vector [P], [N]."""
        ...

    def norms(self, theta: Array) -> Array:
        """Return the norm of every example's gradient, [N]."""
        ...

    def hessian_product(self, theta: Array, weights: Array, vector: Array) -> Array:
        """Return the weighted sum of the examples' Hessians times a vector, [P]."""
        ...

    def columns(self, corrupted: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """Return the examples as columns of their artifact table."""
        ...


@dataclass(frozen=True)
class Signed:
    """Signed features z [N, D] of a perceptron: the loss of an example is log(1 + exp(-z . theta))."""

    features: Array

    def losses(self, theta: Array) -> Array:
        return np.logaddexp(0, -(theta @ self.features.T))

    def _pull(self, theta: Array) -> Array:
        """Return -dl/d(z . theta) = sigmoid(-z . theta)."""
        return np.asarray(1 / (1 + np.exp(theta @ self.features.T)))

    def gradient(self, theta: Array, weights: Array) -> Array:
        return -(weights * self._pull(theta)) @ self.features

    def contributions(self, theta: Array, vector: Array) -> Array:
        return -self._pull(theta) * (self.features @ vector)

    def norms(self, theta: Array) -> Array:
        return self._pull(theta) * np.linalg.norm(self.features, axis=1)

    def hessian_product(self, theta: Array, weights: Array, vector: Array) -> Array:
        pull = self._pull(theta)
        return np.asarray((weights * pull * (1 - pull) * (self.features @ vector)) @ self.features)

    def columns(self, corrupted: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"features": self.features, "label": np.ones(len(self.features), np.int8), "flipped": corrupted}


@dataclass(frozen=True)
class Bigrams:
    """Windows of tokens [N, L + 1]: the loss of a window is the mean cross-entropy of each token given the last."""

    tokens: npt.NDArray[np.int32]
    story: npt.NDArray[np.int64]
    vocabulary: int

    @cached_property
    def _pairs(self) -> Array:
        """The share of the pairs (a, b) among those of each window, [N, V * V]; pads are not predicted."""
        counts = np.zeros((len(self.tokens), self.vocabulary, self.vocabulary))
        rows, positions = np.nonzero(self.tokens[:, 1:] != PAD)
        np.add.at(counts, (rows, self.tokens[rows, positions], self.tokens[rows, positions + 1]), 1.0)
        return np.asarray(counts / counts.sum(axis=(1, 2), keepdims=True)).reshape(len(self.tokens), -1)

    @cached_property
    def _firsts(self) -> Array:
        """The share of the pairs that begin with a, [N, V]."""
        return self._square(self._pairs).sum(axis=-1)

    def _square(self, values: Array) -> Array:
        """Return values [..., V * V] as [..., V, V]."""
        return values.reshape(*values.shape[:-1], self.vocabulary, self.vocabulary)

    def _logs(self, theta: Array) -> Array:
        """Return the log-probability of b after a, [..., V, V]."""
        logits = self._square(theta)
        shifted = logits - logits.max(axis=-1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))

    def losses(self, theta: Array) -> Array:
        return np.asarray(-self._logs(theta).reshape(theta.shape) @ self._pairs.T)

    def gradient(self, theta: Array, weights: Array) -> Array:
        chances = np.exp(self._logs(theta))
        return np.asarray(((weights @ self._firsts)[:, None] * chances).reshape(theta.shape) - weights @ self._pairs)

    def contributions(self, theta: Array, vector: Array) -> Array:
        means = (np.exp(self._logs(theta)) * self._square(vector)).sum(axis=1)
        return np.asarray(self._firsts @ means - self._pairs @ vector)

    def norms(self, theta: Array) -> Array:
        chances = np.exp(self._logs(theta))
        return np.linalg.norm((self._firsts[:, :, None] * chances).reshape(self._pairs.shape) - self._pairs, axis=1)

    def hessian_product(self, theta: Array, weights: Array, vector: Array) -> Array:
        chances, along = np.exp(self._logs(theta)), self._square(vector)
        means = (chances * along).sum(axis=1, keepdims=True)
        return np.asarray(((weights @ self._firsts)[:, None] * chances * (along - means)).reshape(-1))

    def columns(self, corrupted: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"tokens": self.tokens, "perturbed": corrupted, "story": self.story}


@dataclass(frozen=True)
class Data:
    """The three splits, which training examples are corrupted, and the initial parameters."""

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
