"""The metric of an optimiser: the diagonal P, where it steps along P times its averaged gradients.

Under such an optimiser the desired loss falls at the speed sum_n gamma[n] <P grad L, grad l_n>, so contributions are
taken along P grad L. Momentum and weight decay are left out. A scale common to all parameters changes no weight.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

#: From the state and the settings of a parameter to the diagonal of P; None for P = 1.
Diagonal = Callable[[dict[str, Any], dict[str, Any], Tensor], Tensor | None]


def in_metric(
    optimizer: Optimizer | Sequence[Optimizer], parameters: Sequence[Tensor], direction: Sequence[Tensor]
) -> list[Tensor]:
    """Return P direction; P is the metric of the optimiser, or of several that share the parameters.

    P is 1 before the first step, and for optimisers without a diagonal metric (said once). The learning rates of
    parameter groups count in relation to the largest; parameters that no optimiser holds do not move, so P = 0.
    """
    optimizers = [optimizer] if isinstance(optimizer, Optimizer) else list(optimizer)
    groups = {p: (one, group) for one in optimizers for group in one.param_groups for p in group["params"]}
    largest = max((float(group["lr"]) for _, group in groups.values()), default=0.0)
    return [_scaled(groups.get(p), p, d, largest) for p, d in zip(parameters, direction, strict=True)]


def _scaled(holder: tuple[Optimizer, dict[str, Any]] | None, parameter: Tensor, d: Tensor, largest: float) -> Tensor:
    if holder is None:
        return torch.zeros_like(d)
    optimizer, group = holder
    state = optimizer.state.get(parameter, {})
    moved = bool(state) and float(state.get("step", 1)) > 0
    known = _diagonal(optimizer)  # asked before there is a state: wrappers may have none
    diagonal = known(state, group, parameter) if moved else None
    if diagonal is not None:
        d = d * diagonal
    share = float(group["lr"]) / largest if largest > 0 else 1.0
    return d if share == 1 else d * share


def _diagonal(optimizer: Optimizer) -> Diagonal:
    for kind in type(optimizer).__mro__:
        name = kind.__name__ if kind.__module__.startswith("torch.optim") else None
        if name in DIAGONALS:
            return DIAGONALS[name]
    name = type(optimizer).__name__
    warnings.warn(
        f"online weights: {name} has no diagonal metric that is known, so contributions are taken in the plain one.",
        stacklevel=2,
    )
    return _identity


def _identity(state: dict[str, Any], group: dict[str, Any], parameter: Tensor) -> None:
    return None


def _adam(state: dict[str, Any], group: dict[str, Any], parameter: Tensor) -> Tensor:
    """1 / (sqrt(v / (1 - beta_2^t)) + epsilon), with the largest v so far where amsgrad is on."""
    square: Tensor = state["max_exp_avg_sq"] if "max_exp_avg_sq" in state else state["exp_avg_sq"]
    bias = 1 - group["betas"][1] ** float(state["step"])
    scale: Tensor = 1 / (_seen(square / bias).sqrt() + group["eps"])
    return scale


def _radam(state: dict[str, Any], group: dict[str, Any], parameter: Tensor) -> Tensor | None:
    """As Adam, once its averages are long enough (until then the steps are those of plain momentum)."""
    beta, step = group["betas"][1], float(state["step"])
    length = 2 / (1 - beta) - 1 - 2 * step * beta**step / (1 - beta**step)
    return _adam(state, group, parameter) if length > 5 else None


def _adamax(state: dict[str, Any], group: dict[str, Any], parameter: Tensor) -> Tensor:
    """1 / u, with the decayed maximum u of absolute gradients, which includes epsilon."""
    scale: Tensor = 1 / _seen(state["exp_inf"], group["eps"])
    return scale


def _rmsprop(state: dict[str, Any], group: dict[str, Any], parameter: Tensor) -> Tensor:
    """1 / (sqrt(v) + epsilon), less the squared mean where it is centred."""
    square: Tensor = state["square_avg"]
    if group["centered"]:
        square = (square - state["grad_avg"].square()).clamp(min=0)
    scale: Tensor = 1 / (_seen(square).sqrt() + group["eps"])
    return scale


def _adagrad(state: dict[str, Any], group: dict[str, Any], parameter: Tensor) -> Tensor:
    """1 / (sqrt(sum of squared gradients) + epsilon)."""
    scale: Tensor = 1 / (_seen(state["sum"]).sqrt() + group["eps"])
    return scale


def _adadelta(state: dict[str, Any], group: dict[str, Any], parameter: Tensor) -> Tensor:
    """sqrt(average of squared steps + epsilon) / sqrt(v + epsilon)."""
    squares: Tensor = (state["acc_delta"] + group["eps"]) / (_seen(state["square_avg"]) + group["eps"])
    return squares.sqrt()


def _adafactor(state: dict[str, Any], group: dict[str, Any], parameter: Tensor) -> Tensor:
    """max(epsilon_2, rms(theta)) / sqrt(v), with v the product of row and column averages of a matrix."""
    tiny, least = group["eps"]
    tiny = torch.finfo(parameter.dtype).eps if tiny is None else tiny
    if "variance" in state:
        square = state["variance"]
    else:
        rows = state["row_var"]
        square = rows @ state["col_var"] / rows.mean(dim=-2, keepdim=True).clamp(min=tiny)
    size = max(least, float(parameter.norm() / parameter.numel() ** 0.5))
    scale: Tensor = size / _seen(square, tiny * tiny).clamp(min=tiny * tiny).sqrt()
    return scale


def _seen(square: Tensor, zero: float = 0.0) -> Tensor:
    """Return average squares, with their mean where they are 0: there the optimiser knows no scale.

    Rows of an embedding that only desired examples use have never had a gradient. 1 / epsilon, which stands there,
    would make the direction thousands of times too long. A tensor of zeros becomes infinite, so that P = 0.
    """
    square = square.to(torch.promote_types(square.dtype, torch.float32))
    unseen = square <= zero
    if not bool(unseen.any()):
        return square
    return torch.where(unseen, math.inf if bool(unseen.all()) else square.mean(), square)


#: By class of torch.optim; subclasses elsewhere inherit the metric.
DIAGONALS: dict[str, Diagonal] = {
    "SGD": _identity,
    "ASGD": _identity,
    "Adam": _adam,
    "AdamW": _adam,
    "NAdam": _adam,
    "SparseAdam": _adam,
    "RAdam": _radam,
    "Adamax": _adamax,
    "RMSprop": _rmsprop,
    "Adagrad": _adagrad,
    "Adadelta": _adadelta,
    "Adafactor": _adafactor,
}
