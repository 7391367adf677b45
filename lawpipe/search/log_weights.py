"""Policies represented by the logarithms of their weights."""

import math

import torch
from torch import Tensor

from lawpipe.engine.simplex import BLOCK

#: Weights below this share of 1/N are set to zero: together they hold less than a thousandth of a row's mass.
NEGLIGIBLE = 1e-3


def take_(log_weights: Tensor, weights: Tensor) -> Tensor:
    """Write log(weights) to `log_weights` [T, N], and return them; weights are first raised to NEGLIGIBLE / (2 N).

    So a zero weight has a finite logarithm, and remains zero in `policy_`.
    """
    return log_weights.copy_(weights).clamp_(min=NEGLIGIBLE / (2 * weights.shape[1])).log_()


def policy_(rows: Tensor) -> Tensor:
    """Turn log-weights [S, N] into weights, in place, and return them: a softmax with exact zeros.

    Weights below NEGLIGIBLE / N are set to zero and the others are normalised to a sum of 1. The largest weight of a
    row is at least 1/N, so no row becomes zero.
    """
    threshold = NEGLIGIBLE / rows.shape[1]
    for block in torch.split(rows, BLOCK):
        torch.softmax(block, dim=1, out=block)
        block.mul_(block >= threshold)
        block.div_(block.sum(dim=1, keepdim=True))
    return rows


def root_mean_square(gradient: Tensor) -> float:
    """Return the root mean square of all entries, in float64, block by block to save memory."""
    squares = sum(float(rows.square().sum(dtype=torch.float64)) for rows in torch.split(gradient, BLOCK))
    return math.sqrt(squares / gradient.numel())
