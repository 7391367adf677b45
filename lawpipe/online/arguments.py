"""Checks of what the user passes: each raises a ValueError or TypeError of one sentence that names the argument."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def settings(
    model: Any, losses: Any, examples: Any, counts: dict[str, Any], shares: dict[str, Any], rate: float
) -> None:
    """Check the arguments of `Online`."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, not {type(model).__name__}.")
    if not callable(losses):
        raise TypeError("losses must be a function of the model and a batch that returns one loss per example.")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("model has no parameter that requires gradients.")
    for name, parameter in model.named_parameters():
        if isinstance(parameter, nn.parameter.UninitializedParameter):
            raise ValueError(f"model: {name} has no size yet; call the model once before.")
        if parameter.is_meta:
            raise ValueError(f"model: {name} is on the device meta; load the model onto a device before.")
        if parameter.is_complex() and parameter.requires_grad:
            raise ValueError(f"model: {name} is complex, which is not supported.")
    for name, value in ({} if examples is None else {"examples": examples} | counts).items():
        if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}.")
    for name, value in (shares | {"rate": rate}).items():
        if not isinstance(value, Real):
            raise TypeError(f"{name} must be a number, not {type(value).__name__}.")
    for name, value in shares.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name} must be at least 0 and below 1, not {value!r}.")
    if not rate > 0:
        raise ValueError(f"rate must be above 0, not {rate!r}.")


def optimizers(given: Any) -> list[Optimizer]:
    """Return the optimisers without the wrappers of accelerate and Lightning."""
    if given is None:
        return []
    several = list(given) if isinstance(given, Sequence) else [given]
    for index, one in enumerate(several):
        inner = one
        while hasattr(inner, "optimizer"):
            inner = inner.optimizer
        if not isinstance(inner, Optimizer):
            raise TypeError(f"optimizer must be a torch.optim.Optimizer or several, not {type(one).__name__}.")
        several[index] = inner
    return several


def per_example(losses: Any) -> Tensor:
    """Return the losses if they are one floating-point number per example, [B]."""
    if not isinstance(losses, Tensor):
        raise TypeError(f"losses must return a tensor with one loss per example, not {type(losses).__name__}.")
    if losses.shape == (0,):
        raise ValueError("losses returned no loss: a batch must have at least one example.")
    if losses.dim() != 1:
        raise ValueError(
            f"losses must return one loss per example, of shape [B], not of shape {list(losses.shape)}: "
            "average over tokens, but not over examples (reduction='none')."
        )
    if not losses.is_floating_point():
        raise TypeError(f"losses must return floating-point numbers, not {losses.dtype}.")
    return losses


def graph(losses: Tensor) -> Tensor:
    """Return the losses if they depend on a trained parameter."""
    if not losses.requires_grad:
        raise ValueError(
            "losses must call the model that it is given, with gradients on: "
            "its result depends on no trained parameter."
        )
    return losses


def contributions(given: Any, batch: int) -> Tensor:
    """Return what a function of the user's returned as contributions, if it is one number per example."""
    if not isinstance(given, Tensor) or given.shape != (batch,):
        what = f"of shape {list(given.shape)}" if isinstance(given, Tensor) else type(given).__name__
        raise ValueError(f"contributions must return one number per example, of shape [{batch}], not {what}.")
    return given


def held(groups: Sequence[Optimizer], parameters: Mapping[str, Tensor]) -> list[str]:
    """Return the names of the trained parameters that no optimiser holds; that must not be all of them."""
    known = {id(p) for optimizer in groups for group in optimizer.param_groups for p in group["params"]}
    missing = [name for name, parameter in parameters.items() if id(parameter) not in known]
    if len(missing) == len(parameters):
        raise ValueError(
            "optimizer holds none of the model's trained parameters; set `optimizer` of the online weights to the "
            "one that steps this model."
        )
    return missing


def halves(desired: Callable[[], Any], batch: Any) -> tuple[Any, Any]:
    """Return the two batches of desired examples."""
    if not callable(desired):
        raise TypeError("desired must be a function that returns two batches of desired examples.")
    try:
        two = desired()
    except StopIteration:
        raise ValueError(
            "desired has no more batches; it is called all through the training, so start its iterators anew."
        ) from None
    if not isinstance(two, tuple | list) or len(two) != 2:
        raise ValueError("desired must return two batches, each from its own half of the desired examples.")
    first, second = two
    if isinstance(first, Tensor) and not isinstance(batch, Tensor):
        raise ValueError(
            f"desired must return two batches, each of the kind of the training batch ({type(batch).__name__}); "
            "it returned two tensors, which looks like a single batch."
        )
    if type(first) is not type(second):
        raise ValueError(
            "desired must return two batches of the same kind, but it returned "
            f"{type(first).__name__} and {type(second).__name__}, which looks like a single batch."
        )
    if first is second:
        raise ValueError("desired must return batches from two halves, but it returned the same batch twice.")
    return first, second


def different(first: Sequence[Tensor], second: Sequence[Tensor]) -> None:
    """Check that the gradients of the two halves are not the same numbers."""
    same = all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    if same and any(bool(a.any()) for a in first):
        raise ValueError("desired must return batches from two halves, but both have the same examples.")


def numbers(given: Any, examples: int | None, batch: int, world: int) -> Tensor | None:
    """Return the numbers of the examples of a batch; None for all of them in their order, or without memory."""
    if examples is None:
        return None
    if given is None:
        if batch != examples or world > 1:
            raise ValueError(f"rows must hold the numbers of the batch's {batch} examples, of {examples} in all.")
        return None
    try:
        rows: Tensor = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        kind = type(given[0]).__name__ if isinstance(given, Sequence) and len(given) else type(given).__name__
        raise TypeError(
            f"rows must hold whole numbers from 0 to {examples - 1}, but has {kind}: number the examples."
        ) from None
    if rows.is_floating_point() or rows.dtype == torch.bool:
        raise TypeError(f"rows must hold whole numbers, not {rows.dtype}.")
    if rows.shape != (batch,):
        raise ValueError(f"rows must have one number per example, of shape [{batch}], not {list(rows.shape)}.")
    rows = rows.long()
    if int(rows.min()) < 0 or int(rows.max()) >= examples:
        wrong = rows[(rows < 0) | (rows >= examples)][0]
        raise ValueError(f"rows must lie from 0 to {examples - 1} (examples - 1), but one is {int(wrong)}.")
    return rows
