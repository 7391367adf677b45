"""Policies through the logarithms of their weights: what the exponentiated methods share."""

import math

import torch
from torch import Tensor

#: Weights below this share of 1/N count as zero: together less than a thousandth of the mass.
NEGLIGIBLE = 1e-3

#: Rows handled together, so that a block stays in cache.
BLOCK = 16


def take_(log_weights: Tensor, weights: Tensor) -> Tensor:
    """Write the log-weights of a policy; a zero weight gets half the smallest that is not rounded to zero."""
    return log_weights.copy_(weights).clamp_(min=NEGLIGIBLE / (2 * weights.shape[1])).log_()


def policy_(rows: Tensor) -> Tensor:
    """Turn log-weights [S, N] into weights, in place: softmax, negligible weights set to zero, sums of 1.

    The exponential never reaches zero. Weights below NEGLIGIBLE / N become exact zeros; the largest weight of a row
    is at least 1/N, so no row is lost.
    """
    threshold = NEGLIGIBLE / rows.shape[1]
    for block in torch.split(rows, BLOCK):
        torch.softmax(block, dim=1, out=block)
        block.mul_(block >= threshold)
        block.div_(block.sum(dim=1, keepdim=True))
    return rows


def root_mean_square(gradient: Tensor) -> float:
    """Return the root mean square of all entries, block by block: the whole in float64 would be two copies."""
    squares = sum(float(rows.square().sum(dtype=torch.float64)) for rows in torch.split(gradient, BLOCK))
    return math.sqrt(squares / gradient.numel())
