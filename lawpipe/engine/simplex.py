"""Euclidean projection onto the probability simplex, exact, row by row."""

import torch
from torch import Tensor

#: Rows projected together: 16 rows of 4,096 float32 numbers fit a processor's second-level cache.
BLOCK = 16


def project_(rows: Tensor) -> Tensor:
    """Project every row of [S, N] onto {w >= 0, sum w = 1}, in place, and return it.

    The projection of v is max(v - tau, 0) with the threshold tau that makes the sum 1. The threshold is found
    by Michelot's method (J. Optim. Theory Appl. 50, 1986): subtract the excess of the sum, shared equally by
    the entries still positive; drop those that fall below zero; repeat until no entry drops in any row. As the
    entries themselves are moved, each pass corrects the rounding of the one before. The result is exact up to
    rounding, with exact zeros, no negatives, and sums of 1 to 1e-6 in float32.

    Rows that hold a NaN or an infinity come back as NaN.
    """
    indicator = torch.empty_like(rows[:BLOCK])
    for block in torch.split(rows, BLOCK):
        _project_block(block, indicator[: len(block)])
    return rows


def _project_block(rows: Tensor, indicator: Tensor) -> None:
    """Project a few rows that stay in cache; `indicator` is working space of the same shape."""
    # Only entries within 1 of the row's maximum can stay positive: cutting the rest there loses no digits.
    rows.sub_(rows.amax(dim=1, keepdim=True)).clamp_(min=-1.0)
    rows.sub_((rows.sum(dim=1, keepdim=True) - 1) / rows.shape[1]).relu_()
    support = torch.full_like(rows[:, :1], rows.shape[1])
    while True:
        # Summing ones is several times faster than counting booleans.
        active = torch.gt(rows, 0, out=indicator).sum(dim=1, keepdim=True)
        if not (active < support).any():
            break
        support = active
        excess = (rows.sum(dim=1, keepdim=True) - 1) / active
        # Below zero it is rounding, and would lift the zeros.
        rows.sub_(excess.clamp_(min=0)).relu_()
    # What is left within rounding of the threshold is zero.
    rounding = rows.amax(dim=1, keepdim=True).mul_(4 * torch.finfo(rows.dtype).eps)
    rows.mul_(torch.gt(rows, rounding, out=indicator))
    rows.div_(rows.sum(dim=1, keepdim=True))
