"""Compiled loops of the perceptron on a CPU in float32: each step reads the features from memory once.

PyTorch's operations read the features of a step twice forward and three times backward, and write every intermediate
row. Here a block of examples stays in cache while all of its numbers are computed. The notation is that of `losses`:
a [D] are the signed features of an example and q = sigmoid(a . theta).
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lawpipe.compute.compiled import ONE, array, compiled, exp_, inlined

#: Examples in a block: 256 rows of 128 numbers fill an eighth of a second-level cache of 1 MiB.
SIZE = 256

#: Parameters that are multiplied with their features in one pass over a block's row of sums.
TOGETHER = 4

#: Steps that are computed in one call; their weights are copied to one block of memory if they are not in one.
ROWS = 64

Floats = npt.NDArray[np.float32]


@inlined
def sigmoid_(x, powers):
    """Replace x by 1 / (1 + exp(-x)), by exp_'s limits; `powers` is memory of the same length."""
    for i in range(len(x)):
        x[i] = -x[i]
    exp_(x, powers)
    for i in range(len(x)):
        x[i] = ONE / (ONE + x[i])


@inlined
def accumulate(block, factors, total):
    """Add sum_i factors[i] block[:, i] to total [D]."""
    for d in range(block.shape[0]):
        dot = np.float32(0)
        for i in range(block.shape[1]):
            dot += block[d, i] * factors[i]
        total[d] += dot


@inlined
def padded(vector, length):
    """Return a vector with zeros after it."""
    result = np.zeros(length, np.float32)
    result[: len(vector)] = vector
    return result


@compiled
def gradient(blocks, theta, weights, total):
    """Set total to sum_n weights[n] q_n a_n, padded."""
    count, dimension, size = blocks.shape
    wrong, powers = np.empty(size, np.float32), np.empty(size, np.float32)
    theta = padded(theta, dimension)
    total[:] = 0
    for b in range(count):
        block = blocks[b]
        wrong[:] = 0
        for d in range(0, dimension, TOGETHER):
            t0, t1, t2, t3 = theta[d], theta[d + 1], theta[d + 2], theta[d + 3]
            for i in range(size):
                wrong[i] += block[d, i] * t0 + block[d + 1, i] * t1 + block[d + 2, i] * t2 + block[d + 3, i] * t3
        sigmoid_(wrong, powers)
        row = weights[b * size : b * size + size]
        for i in range(len(row)):
            wrong[i] *= row[i]
        accumulate(block, wrong, total)


@compiled
def adjoint_product(blocks, theta, weights, direction, contributions, total):
    """Set contributions c_n [N] to q_n (a_n . direction), and total to sum_n weights[n] (1 - q_n) c_n a_n."""
    count, dimension, size = blocks.shape
    wrong, along, powers = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    theta, direction = padded(theta, dimension), padded(direction, dimension)
    total[:] = 0
    for b in range(count):
        block = blocks[b]
        wrong[:] = 0
        along[:] = 0
        for d in range(0, dimension, 2):
            t0, t1, d0, d1 = theta[d], theta[d + 1], direction[d], direction[d + 1]
            for i in range(size):
                first, second = block[d, i], block[d + 1, i]
                wrong[i] += first * t0 + second * t1
                along[i] += first * d0 + second * d1
        sigmoid_(wrong, powers)
        row, result = weights[b * size : b * size + size], contributions[b * size : b * size + size]
        for i in range(len(row)):
            result[i] = wrong[i] * along[i]
            along[i] = result[i] * (ONE - wrong[i]) * row[i]
        accumulate(block, along, total)


@compiled
def descend(blocks, path, weights, rates):
    """Set path[1..T] [T, D] to the parameters after the steps of weighted descent from path[0]."""
    total = np.empty(blocks.shape[1], np.float32)
    for t in range(len(rates)):
        gradient(blocks, path[t], weights[t], total)
        for d in range(path.shape[1]):
            path[t + 1, d] = path[t, d] - rates[t] * total[d]


@compiled
def backward(blocks, thetas, weights, rates, terms, adjoint, contributions):
    """Set contributions [T, N], and adjoint [D] from the one after T steps to the one before them."""
    total = np.empty(blocks.shape[1], np.float32)
    for t in range(len(rates) - 1, -1, -1):
        adjoint_product(blocks, thetas[t], weights[t], adjoint, contributions[t], total)
        for d in range(len(adjoint)):
            adjoint[d] = adjoint[d] - rates[t] * total[d] + terms[t, d]


class Features:
    """The signed features of N examples, in blocks [N / SIZE, D, SIZE] for the loops above.

    N is padded to a multiple of SIZE and D to one of TOGETHER, with zeros, which add nothing to any sum.
    """

    def __init__(self, features: Tensor) -> None:
        """Copy features [D, N]."""
        self._shape = features.shape
        whole = torch.nn.functional.pad(features, (0, -self._shape[1] % SIZE, 0, -self._shape[0] % TOGETHER))
        self._blocks = whole.view(len(whole), -1, SIZE).transpose(0, 1).contiguous().numpy()

    def gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] q_n a_n, [D]."""
        dimension, examples = self._shape
        total = np.empty(self._blocks.shape[1], np.float32)
        gradient(self._blocks, array(theta, dimension), array(weights, examples), total)
        return torch.from_numpy(total[:dimension])

    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return q_n (a_n . direction), [N], and sum_n weights[n] (1 - q_n) q_n (a_n . direction) a_n, [D]."""
        dimension, examples = self._shape
        total, contributions = np.empty(self._blocks.shape[1], np.float32), np.empty(examples, np.float32)
        vectors = array(theta, dimension), array(weights, examples), array(direction, dimension)
        adjoint_product(self._blocks, *vectors, contributions, total)
        return torch.from_numpy(contributions), torch.from_numpy(total[:dimension])

    def descend(self, theta: Tensor, weights: Tensor, rates: Sequence[float]) -> Tensor:
        """Return the parameters of T steps of weighted descent from theta, [T+1, D]; weights are [T, N]."""
        dimension, examples = self._shape
        path = np.empty((len(rates) + 1, dimension), np.float32)
        path[0] = array(theta, dimension)
        for start in range(0, len(rates), ROWS):
            steps = _rates(rates[start : start + ROWS])
            rows = array(weights[start : start + ROWS], len(steps), examples)
            descend(self._blocks, path[start : start + len(steps) + 1], rows, steps)
        return torch.from_numpy(path)

    def backward(
        self,
        thetas: Tensor,
        weights: Tensor,
        rates: Sequence[float],
        adjoint: Tensor,
        terms: Tensor,
        on_block: Callable[[int, Tensor], None],
    ) -> Tensor:
        """Go back over T steps as `Problem.backward` does, with the gradients `terms` [T, D] of the objective."""
        dimension, examples = self._shape
        result = array(adjoint, dimension).copy()
        contributions = np.empty((ROWS, examples), np.float32)
        for start in reversed(range(0, len(rates), ROWS)):
            part = slice(start, start + ROWS)
            steps = _rates(rates[part])
            count = len(steps)
            rows = array(thetas[part], count, dimension), array(weights[part], count, examples)
            backward(self._blocks, *rows, steps, array(terms[part], count, dimension), result, contributions[:count])
            on_block(start, torch.from_numpy(contributions[:count]))
        return torch.from_numpy(result)


def _rates(rates: Sequence[float]) -> Floats:
    return np.array(rates, np.float32)
