"""Three ways to compute the contributions <grad l_n, direction> of a batch where `hooks` do not cover the model.

A way is a function of the model, a function `losses(model, batch)` that returns the loss of each example, [B], the
batch, the direction (one tensor per trained parameter), and the batch's losses at the current parameters with their
graph. It returns the contributions, [B]. `difference` needs one more forward pass and works with every model; the
other two are exact.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

#: The losses of the examples of a batch, [B], from something that is called like the model, and the batch.
Losses = Callable[[Callable[..., Any], Any], Tensor]

#: A way to compute contributions: model, losses, batch, direction and current losses to [B].
Contributions = Callable[[nn.Module, Losses, Any, Sequence[Tensor], Tensor], Tensor]

NO_SECOND = (
    "contributions: a part of the model has no second derivative, as with custom kernels or sparse gradients; "
    "use contributions='difference'."
)


def difference(
    model: nn.Module,
    losses: Losses,
    batch: Any,
    direction: Sequence[Tensor],
    current: Tensor,
    share: float = 3e-4,
) -> Tensor:
    """Return the contributions approximately, as a finite difference: one more forward pass, for any model.

        (l_n(theta + h direction) - l_n(theta)) / h,      h |direction| = share |theta|

    The step h is short enough for the curvature of the losses, and long enough for the rounding of float32.
    """
    names, values = trained_parameters(model)
    with torch.no_grad():
        length = norm(direction)
        step = share * norm(values) / length if length > 0 else 0.0
        moved = {
            name: torch.add(value, d, alpha=step) for name, value, d in zip(names, values, direction, strict=True)
        }
        change = called(losses, _WithParameters(model, moved), batch) - current
    return change / step if step > 0 else torch.zeros_like(change)


def forward_mode(
    model: nn.Module, losses: Losses, batch: Any, direction: Sequence[Tensor], current: Tensor
) -> Tensor:
    """Return the contributions by one forward-mode product, which costs about two forward passes.

    Kernels without a forward-mode derivative, such as scaled_dot_product_attention, raise an error.
    """
    names, values = trained_parameters(model)

    def at(*values: Tensor) -> Tensor:
        return called(losses, _WithParameters(model, dict(zip(names, values, strict=True))), batch)

    with torch.no_grad():
        slopes: Tensor = torch.func.jvp(at, values, tuple(direction))[1]
    return slopes


def double_backward(
    model: nn.Module, losses: Losses, batch: Any, direction: Sequence[Tensor], current: Tensor
) -> Tensor:
    """Return the contributions as the derivative of <sum_n w[n] grad l_n, direction> in w, by two backward passes."""
    weights = torch.ones_like(current, requires_grad=True)
    _, values = trained_parameters(model)
    gradients = torch.autograd.grad(current, values, weights, create_graph=True, materialize_grads=True)
    if any(gradient.is_sparse for gradient in gradients):
        raise ValueError(NO_SECOND)
    product = torch.stack([torch.sum(a * b) for a, b in zip(gradients, direction, strict=True)]).sum()
    try:
        (contributions,) = torch.autograd.grad(product, weights, retain_graph=True)
    except RuntimeError as error:
        if any(words in str(error) for words in ("is not implemented", "Double backwards", "twice a function")):
            raise ValueError(NO_SECOND) from error
        raise
    total, size = float(product.detach()), float(contributions.abs().sum())
    # The gradient is linear in the weights, so that the contributions add up to the product.
    if abs(float(contributions.sum()) - total) > _tolerance([current, *values]) * max(size, abs(total)):
        raise ValueError(NO_SECOND)
    return contributions


def trained_parameters(model: nn.Module) -> tuple[list[str], tuple[Tensor, ...]]:
    """Return the names and values of the parameters that require gradients."""
    pairs = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    return [name for name, _ in pairs], tuple(value for _, value in pairs)


def _tolerance(values: Sequence[Tensor]) -> float:
    """Return the share by which rounding may change a sum of contributions, with room to spare."""
    is_low = torch.is_autocast_enabled(values[0].device.type) or any(v.dtype.itemsize < 4 for v in values)
    return 0.1 if is_low else 0.005


def norm(tensors: Sequence[Tensor]) -> float:
    """Return the Euclidean norm of the concatenation of some tensors."""
    return float(nn.utils.get_total_norm(tensors))


class _WithParameters:
    """A model that is called with other parameters than its own."""

    def __init__(self, model: nn.Module, parameters: dict[str, Tensor]) -> None:
        self.model = model
        self.parameters = parameters
        self.was_called = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.was_called = True
        return torch.func.functional_call(self.model, self.parameters, args, kwargs)


def called(losses: Losses, model: _WithParameters, batch: Any) -> Tensor:
    """Return the losses of a batch under other parameters, if they call the model that they are given."""
    values = losses(model, batch)
    if not model.was_called:
        raise ValueError("losses must call the model that it is given, its first argument, and no other.")
    return values
