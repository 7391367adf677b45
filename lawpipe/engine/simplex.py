"""Exact Euclidean projection of rows onto the probability simplex."""

import torch
from torch import Tensor

#: Rows projected together: 16 rows of 4,096 float32 numbers fit the second-level cache of a processor.
BLOCK = 16


def project_(rows: Tensor) -> Tensor:
    """Project every row v of [S, N] onto the probability simplex, in place, and return the rows.

        argmin_w |w - v|^2  subject to  w >= 0, sum_n w[n] = 1

    The solution is max(v - tau, 0) with the threshold tau for which the sum is 1. It is computed by Michelot's method
    (J. Optim. Theory Appl. 50, 1986): subtract the excess of the sum in equal parts from all positive entries, set
    entries below zero to zero, and repeat until no entry becomes zero in any row. Each pass works on the entries and
    not on tau, and so corrects the rounding of the pass before. The result is exact up to rounding: it has exact
    zeros, no negative entries, and sums of 1 to 1e-6 in float32.

    Rows with a NaN or an infinity become NaN.
    """
    indicator = torch.empty_like(rows[:BLOCK])
    for block in torch.split(rows, BLOCK):
        _project_block(block, indicator[: len(block)])
    return rows


def _project_block(rows: Tensor, indicator: Tensor) -> None:
    """Project a block of rows; `indicator` is working memory of the same shape."""
    # Only entries less than 1 below the maximum can stay positive: clamping the others loses no digits.
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
        # A negative excess is rounding, and would raise the zeros.
        rows.sub_(excess.clamp_(min=0)).relu_()
    # Entries within rounding of the threshold are zero.
    rounding = rows.amax(dim=1, keepdim=True).mul_(4 * torch.finfo(rows.dtype).eps)
    rows.mul_(torch.gt(rows, rounding, out=indicator))
    rows.div_(rows.sum(dim=1, keepdim=True))
