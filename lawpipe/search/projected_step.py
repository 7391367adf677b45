"""The projected gradient step that several methods share, with a step size for each row."""

import torch
from torch import Tensor

from lawpipe.engine import simplex


def step_(weights: Tensor, gradient: Tensor, rate: float) -> Tensor:
    """Take a projected gradient step on weights [T, N], in place, and return them.

        w[t] <- Proj_simplex(w[t] - rate_t G[t]),   rate_t = rate / (N max_n (mean(G[t]) - G[t,n]))

    Before the projection, a rate of 1 thus moves the example with the lowest gradient of each row by 1/N relative to
    the mean. `rate` has no units: it does not depend on T, N, eta or the scale of J, and rows with a tiny gradient
    (late steps) move as far as the others.
    """
    blocks = zip(torch.split(weights, simplex.BLOCK), torch.split(gradient, simplex.BLOCK), strict=True)
    for rows, slopes in blocks:
        fall = slopes.mean(dim=1, keepdim=True) - slopes.amin(dim=1, keepdim=True)
        fall.clamp_(min=torch.finfo(fall.dtype).tiny)
        # Division first: a slope of 1e-30 over a fall of 1e-30 is an ordinary number, rate / fall would overflow.
        rows.sub_(slopes / fall, alpha=rate / rows.shape[1])
        simplex.project_(rows)
    return weights
