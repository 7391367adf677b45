"""The linear layer with cross-entropy, against the library's and automatic differentiation."""

import pytest
import torch
from torch.autograd import gradcheck
from torch.nn.functional import cross_entropy

from lawpipe.problems.language_model.models import cross_entropy as ending

TOKENS, SIZE, VOCABULARY = 8, 3, 7


def numbers(seed, *shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


HIDDEN, HEAD, DIRECTION = numbers(0, TOKENS, SIZE), numbers(1, VOCABULARY, SIZE), numbers(2, VOCABULARY, SIZE)
WEIGHTS = numbers(3, TOKENS).abs()
TARGETS = torch.tensor([0, 6, 3, 3, 1, 5, 2, 4])


@pytest.fixture(
    autouse=True,
    params=[(1, 0), (3 * VOCABULARY, 0), (3 * VOCABULARY, 2**20), (2**20, 2**20)],
    ids=["a token a chunk", "3 tokens", "3 tokens, kept", "one chunk, kept"],
)
def sizes(request, monkeypatch):
    chunk, keep = request.param
    monkeypatch.setitem(ending.CHUNK, "cpu", chunk)
    monkeypatch.setattr(ending, "KEEP", keep)


def by_library(hidden, head):
    return cross_entropy(hidden @ head.T, TARGETS, reduction="none")


def test_losses():
    torch.testing.assert_close(ending.losses(HIDDEN, HEAD, TARGETS), by_library(HIDDEN, HEAD), rtol=1e-13, atol=0)


def test_first_derivative():
    hidden, head = HIDDEN.clone().requires_grad_(), HEAD.clone().requires_grad_()
    expected = torch.autograd.grad(by_library(hidden, head) @ WEIGHTS, (hidden, head))
    torch.testing.assert_close(ending.gradient(HIDDEN, HEAD, TARGETS, WEIGHTS), expected, rtol=1e-12, atol=1e-15)
    along = ending.gradient_along(HIDDEN, HEAD, DIRECTION, TARGETS, WEIGHTS)
    torch.testing.assert_close(along, (expected[0], (expected[1] * DIRECTION).sum()), rtol=1e-12, atol=1e-15)


def test_second_derivative_is_that_of_the_library():
    leaves = [x.clone().requires_grad_() for x in (HIDDEN, HEAD, WEIGHTS)]
    cotangent = numbers(4, TOKENS, SIZE)
    first = torch.autograd.grad(by_library(*leaves[:2]) @ leaves[2], leaves[:2], create_graph=True)
    expected = torch.autograd.grad(first, leaves, (cotangent, DIRECTION))
    along = ending.gradient_along(*leaves[:2], DIRECTION, TARGETS, leaves[2])
    derivatives = torch.autograd.grad(along, leaves, (cotangent, torch.ones((), dtype=torch.float64)))
    torch.testing.assert_close(derivatives, expected, rtol=1e-12, atol=1e-14)


def test_second_derivative_agrees_with_differences():
    leaves = [x.clone().requires_grad_() for x in (HIDDEN, HEAD, WEIGHTS)]
    assert gradcheck(
        lambda hidden, head, weights: ending.gradient_along(hidden, head, DIRECTION, TARGETS, weights), leaves
    )


def test_contributions_alone():
    weights = WEIGHTS.clone().requires_grad_()
    hidden, head = HIDDEN.clone().requires_grad_(), HEAD.clone().requires_grad_()
    cotangent = numbers(4, TOKENS, SIZE)
    derivatives = {}
    for name, arguments in {"all": (hidden, head), "alone": (HIDDEN, HEAD)}.items():
        along = ending.gradient_along(*arguments, DIRECTION, TARGETS, weights)
        (derivatives[name],) = torch.autograd.grad(along, [weights], (cotangent, torch.ones((), dtype=torch.float64)))
    torch.testing.assert_close(derivatives["alone"], derivatives["all"], rtol=0, atol=0)


def test_certain_predictions_do_not_overflow():
    hidden, head = (HIDDEN * 1e3).float(), (HEAD * 1e3).float()
    assert bool(ending.losses(hidden, head, TARGETS).isfinite().all())
    grads = ending.gradient_along(hidden, head, DIRECTION.float(), TARGETS, WEIGHTS.float().requires_grad_())
    assert bool(grads[0].isfinite().all())
