"""Contributions and gradients by hooks, in every precision, against float64 gradients of single examples."""

import copy
import warnings
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor

from lawpipe import online
from lawpipe.online.check import spearman
from lawpipe.online.models import unwrapped
from lawpipe.online.ways import ByHooks, Subject, chosen
from tests.online import models
from tests.online.models import FALLEN, HOOKED, Case

#: Precision: largest error relative to the largest contribution, and the least rank correlation.
PRECISIONS = {"float64": (1e-12, 1), "float32": (3e-6, 0.999), "autocast": (0.05, 0.9), "bfloat16": (0.1, 0.9)}


def subject(case: Case) -> Subject:
    return Subject(case.model, case.losses, unwrapped(case.model))


def cast(case: Case, precision: str) -> Case:
    if precision == "autocast":
        return case
    kind = getattr(torch, precision)
    batch = case.batch
    if isinstance(batch, tuple):
        batch = tuple(part.to(kind) if part.is_floating_point() else part for part in batch)
    return Case(case.model.to(kind), case.losses, batch)


def context(precision: str) -> Any:
    return torch.autocast("cpu", dtype=torch.bfloat16) if precision == "autocast" else nullcontext()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("form", ["deferred", "fused"])
@pytest.mark.parametrize("name", HOOKED)
def test_contributions_are_products_of_single_gradients(name: str, form: str, precision: str) -> None:
    torch.manual_seed(0)
    case = cast(HOOKED[name](), precision)
    trained = {key: p for key, p in case.model.named_parameters() if p.requires_grad}
    direction = {key: torch.randn(p.shape).to(p.dtype) for key, p in trained.items()}
    way = chosen(subject(case), form)
    with context(precision):
        assert isinstance(way, ByHooks)
        assert way.missed(case.batch) == []
        measured = way.measure(case.batch, direction)
    error, rank = PRECISIONS[precision]
    truth = models.exact(Case(copy.deepcopy(case.model), case.losses, case.batch), direction)
    assert float((measured.contributions - truth).abs().max() / truth.abs().max()) < error
    assert spearman(measured.contributions, truth) >= rank - 1e-9
    assert all(p.grad is None and p.requires_grad for p in trained.values())


@pytest.mark.parametrize("form", ["deferred", "fused"])
@pytest.mark.parametrize("name", HOOKED)
def test_the_backward_pass_gives_the_gradient_of_the_weighted_losses(name: str, form: str) -> None:
    torch.manual_seed(0)
    case = cast(HOOKED[name](), "float64")
    trained = [p for p in case.model.parameters() if p.requires_grad]
    expected = case.losses(case.model, case.batch)
    weights = torch.linspace(0, 1, len(expected), dtype=torch.float64)
    truth = torch.autograd.grad(weights @ expected, trained, allow_unused=True)
    losses = chosen(subject(case), form).measure(case.batch, {}).losses
    torch.testing.assert_close(losses, expected)
    (weights @ losses).backward()
    for parameter, gradient in zip(trained, truth, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", FALLEN)
def test_where_hooks_do_not_reach_a_double_backward_pass_does_and_says_so_once(name: str) -> None:
    torch.manual_seed(0)
    make, parameter = FALLEN[name]
    case = make()
    halves = (case.batch, tuple(p.flip(0) for p in case.batch) if isinstance(case.batch, tuple) else case.batch[1:])
    weigh = online.Online(case.model, case.losses, examples=None, refresh=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = [buffer.clone() for buffer in case.model.buffers()]
        if name == "BatchNorm":
            halves = (models.images(6, 1), models.images(6, 2))
        for _ in range(12):
            weigh(case.batch, lambda: halves)
    said = [str(w.message) for w in caught if "online weights" in str(w.message)]
    assert len(said) == 1
    assert parameter in said[0]
    assert weigh.last is not None
    if name == "BatchNorm":
        assert int(before[2]) + 12 == int(list(case.model.buffers())[2])
        return
    truth = models.exact(case, weigh.direction)
    torch.testing.assert_close(weigh.last.contributions.double(), truth, rtol=1e-4, atol=1e-6)


def test_losses_can_be_differentiated_once() -> None:
    case = HOOKED["flat"]()
    losses = chosen(subject(case), "hooks").measure(case.batch, {}).losses
    losses.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="differentiated once"):
        losses.sum().backward()


@pytest.mark.parametrize("name", ["transformer", "convolutions"])
def test_examples_that_are_not_finite_leave_no_trace(name: str) -> None:
    torch.manual_seed(0)
    case = HOOKED[name]()

    def losses(model: Any, batch: Any) -> Tensor:
        values = case.losses(model, batch).clone()
        values[2] = values[2] * torch.nan
        return values

    broken = Case(case.model, losses, case.batch)
    measured = chosen(subject(broken), "hooks").measure(case.batch, {})
    assert measured.finite.tolist() == [index != 2 for index in range(6)]
    weights = torch.linspace(0.5, 1, 6)
    (weights @ measured.losses).backward()
    others = weights.masked_fill(~measured.finite, 0)
    truth = torch.autograd.grad(others @ case.losses(case.model, case.batch), list(case.model.parameters()))
    for parameter, gradient in zip(case.model.parameters(), truth, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-4, atol=1e-6)


def test_halves_in_float16_are_scaled() -> None:
    torch.manual_seed(0)
    case = HOOKED["transformer"]()
    direction = {name: torch.randn_like(p) for name, p in case.model.named_parameters()}
    tiny = Case(case.model, lambda model, batch: case.losses(model, batch) * 1e-4, case.batch)
    with torch.autocast("cpu", dtype=torch.float16):
        contributions = chosen(subject(tiny), "hooks").measure(case.batch, direction).contributions
    truth = models.exact(Case(copy.deepcopy(case.model), tiny.losses, case.batch), direction)
    assert float((contributions - truth).abs().max() / truth.abs().max()) < 0.02
