"""Models and loops in which something would go wrong in silence, or stop with a message of PyTorch's own."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from lawpipe import online
from tests.online.models import Case, class_losses, exact, token_losses, tokens


def points(count: int = 8, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 6, generator=generator), torch.randint(0, 3, (count,), generator=generator)


def halves() -> tuple[Any, Any]:
    return points(16, 5), points(16, 6)


def layers(width: int = 5) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, width), nn.Tanh(), nn.Linear(width, 3))


def follow(case: Case, desired: Callable[[], Any], batches: list[Any] | None = None) -> online.Online:
    """Weigh some batches; contributions and the weighted gradient must be those of autograd."""
    weigh = online.Online(case.model, case.losses, examples=None, refresh=1)
    for batch in batches or [case.batch] * 2:
        weights, losses = weigh(batch, desired)
        assert all(p.grad is None for p in case.model.parameters())
        (weights @ losses).backward()
        found = [p.grad for p in case.model.parameters()]
        case.model.zero_grad()
        expected = torch.autograd.grad(weights @ case.losses(case.model, batch), list(case.model.parameters()))
        for gradient, truth in zip(found, expected, strict=True):
            assert gradient is not None
            torch.testing.assert_close(gradient.to_dense(), truth.to_dense(), rtol=1e-4, atol=1e-6)
        assert weigh.last is not None
        truth = exact(Case(case.model, case.losses, batch), weigh.direction)
        case.model.float()
        torch.testing.assert_close(weigh.last.contributions.double(), truth, rtol=1e-4, atol=1e-5)
    return weigh


class Positions(nn.Module):
    """A model that adds positions to tokens in some way."""

    def __init__(self, add: Callable[[Tensor, int], Tensor]) -> None:
        super().__init__()
        self.tokens = nn.Embedding(23, 8)
        self.positions = nn.Embedding(16, 8)
        self.head = nn.Linear(8, 23)
        self.add = add

    def forward(self, tokens: Tensor) -> Tensor:
        count, length = tokens.shape
        x = self.tokens(tokens) + self.add(self.positions(torch.arange(length)), count)
        _, _, _ = x.shape
        out: Tensor = self.head(x.tanh())
        return out


@pytest.mark.parametrize(
    "add", [lambda p, count: p[None], lambda p, count: p.unsqueeze(0), lambda p, count: p.repeat(count, 1, 1)]
)
def test_positions_that_are_reshaped(add: Callable[[Tensor, int], Tensor]) -> None:
    torch.manual_seed(0)
    with pytest.warns(UserWarning, match="do not cover the model with hooks"):
        follow(Case(Positions(add), token_losses, tokens()), lambda: (tokens(8, 1), tokens(8, 2)))


class Pairs(nn.Module):
    """A matrix factorisation."""

    def __init__(self) -> None:
        super().__init__()
        self.users = nn.Embedding(8, 4)
        self.items = nn.Embedding(9, 4)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        out: Tensor = (self.users(users) * self.items(items)).sum(1)
        return out


def test_numbers_of_examples_that_count_upwards_are_no_positions() -> None:
    torch.manual_seed(0)
    users, items, scores = torch.arange(8), torch.randint(0, 9, (8,)), torch.randn(8)

    def squares(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
        return (model(batch[0], batch[1]) - batch[2]).square()

    case = Case(Pairs(), squares, (users, items, scores))
    weigh = follow(case, lambda: ((users.flip(0), items, scores), (users.roll(1), items, scores)))
    assert weigh.way is weigh.wanted


class Packed(nn.Module):
    """A model that leaves out padding, so that its layer has another number of rows in every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(23, 8)
        self.inner = nn.Linear(8, 8)
        self.head = nn.Linear(8, 23)

    def forward(self, tokens: Tensor) -> Tensor:
        seen, x = tokens != 0, self.tokens(tokens)
        inner = torch.zeros_like(x).masked_scatter(seen.unsqueeze(2), self.inner(x[seen]).tanh())
        out: Tensor = self.head(inner)
        return out


def test_a_layer_that_loses_its_rows_in_a_later_batch() -> None:
    torch.manual_seed(0)
    batches = [tokens(6, seed).clamp(min=1) for seed in range(4)]
    batches[2][0, 3:] = 0
    with pytest.warns(UserWarning, match="inner.weight"):
        weigh = follow(
            Case(Packed(), token_losses, batches[0]),
            lambda: (tokens(8, 8).clamp(min=1), tokens(8, 9).clamp(min=1)),
            batches,
        )
    assert weigh.way is not weigh.wanted


def test_a_layer_whose_rows_are_a_multiple_of_the_batch_by_chance() -> None:
    torch.manual_seed(0)
    batches = [tokens(6, seed).clamp(min=1) for seed in range(3)]
    batches[2][:2, :3] = 0
    with pytest.warns(UserWarning, match="inner.weight"):
        follow(
            Case(Packed(), token_losses, batches[0]),
            lambda: (tokens(8, 8).clamp(min=1), tokens(8, 9).clamp(min=1)),
            batches,
        )


def test_hooks_are_compared_although_every_batch_has_an_example_that_is_not_finite() -> None:
    features, labels = points()
    features[1] = torch.nan
    weigh = online.Online(Custom(), class_losses, examples=None)
    with pytest.warns(UserWarning, match="do not cover matrix"):
        weigh((features, labels), halves)


class Bag(nn.Module):
    def __init__(self, sparse: bool) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(23, 8, mode="mean", sparse=sparse)
        self.head = nn.Linear(8, 23)

    def forward(self, tokens: Tensor) -> Tensor:
        starts = torch.arange(0, tokens.numel(), tokens.shape[1])
        out: Tensor = self.head(self.bag(tokens.flatten(), starts))
        return out


@pytest.mark.parametrize("sparse", [False, True])
def test_sums_of_embeddings(sparse: bool) -> None:
    torch.manual_seed(0)

    def last(model: Any, batch: Tensor) -> Tensor:
        return functional.cross_entropy(model(batch[:, :-1]), batch[:, -1], reduction="none")

    weigh = follow(Case(Bag(sparse), last, tokens()), lambda: (tokens(8, 1), tokens(8, 2)))
    assert weigh.way is weigh.wanted


def test_a_batch_that_is_changed_before_the_backward_pass() -> None:
    batch = points()
    weights, losses = online.Online(layers(), class_losses, examples=None, contributions="deferred")(batch, halves)
    batch[0].zero_()
    with pytest.raises(RuntimeError, match="a batch was changed in place"):
        (weights @ losses).backward()


def test_losses_with_gradients_of_their_own() -> None:
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 1))

    def smooth(model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        inputs = batch[0].clone().requires_grad_()
        (slopes,) = torch.autograd.grad(model(inputs).sum(), inputs, create_graph=True)
        return (model(inputs).squeeze(1) - batch[1]).square() + slopes.square().sum(1)

    weigh = online.Online(model, smooth, examples=None)
    with pytest.warns(UserWarning, match="gradients that the losses compute"):
        weights, losses = weigh(points(), halves)
    (weights @ losses).backward()
    truth = torch.autograd.grad(weights @ smooth(model, points()), list(model.parameters())[:3])
    for p, gradient in zip(list(model.parameters())[:3], truth, strict=True):
        torch.testing.assert_close(p.grad, gradient)


def test_a_head_outside_of_the_model_has_the_weighted_gradient() -> None:
    body, head = nn.Linear(6, 5), nn.Linear(5, 3)

    def both(model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        return functional.cross_entropy(head(model(batch[0]).tanh()), batch[1], reduction="none")

    with pytest.warns(UserWarning, match=r"a tensor of shape \[\d.*\] that is no parameter of the model"):
        weights, losses = online.Online(body, both, examples=None)(points(), halves)
    assert head.weight.grad is None
    (weights @ losses).backward()
    (truth,) = torch.autograd.grad(weights @ both(body, points()), head.weight)
    torch.testing.assert_close(head.weight.grad, truth)


class Aside(nn.Module):
    """A model that keeps a term for the loss in an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(6, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.inner(x)
        self.term = hidden.mean()
        out: Tensor = self.head(hidden)
        return out


def test_a_term_that_the_model_keeps_aside() -> None:
    model = Aside()
    weights, losses = online.Online(model, class_losses, examples=None)(points(), halves)
    with pytest.raises(RuntimeError, match="add such a term to the losses"):
        (weights @ losses + model.term).backward()
    exactly = online.Online(model, class_losses, examples=None, contributions="double_backward")
    weights, losses = exactly(points(), halves)
    (weights @ losses + model.term).backward()


def test_sparse_gradients_of_an_embedding() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(23, 8, sparse=True), nn.Linear(8, 23))
    weigh = follow(Case(model, token_losses, tokens()), lambda: (tokens(8, 1), tokens(8, 2)))
    assert weigh.way is weigh.wanted
    weights, losses = weigh(tokens(), lambda: (tokens(8, 1), tokens(8, 2)))
    (weights @ losses).backward()
    table: Any = model[0]
    assert table.weight.grad.is_sparse
    torch.optim.SparseAdam([table.weight]).step()


def test_sparse_gradients_where_hooks_do_not_reach() -> None:
    class Tables(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(23, 8, sparse=True)
            self.head = nn.Parameter(torch.randn(23, 8))

        def forward(self, tokens: Tensor) -> Tensor:
            return functional.linear(self.table(tokens), self.head)

    desired = tokens(8, 1), tokens(8, 2)
    weigh = online.Online(Tables(), token_losses, examples=None)
    with pytest.warns(UserWarning, match="head"), pytest.raises(ValueError, match="sparse gradients"):
        weigh(tokens(), lambda: desired)
    online.Online(Tables(), token_losses, examples=None, contributions="difference")(tokens(), lambda: desired)


def test_modes_that_are_switched_between_comparisons() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(layers(), nn.BatchNorm1d(3)).eval()
    weigh = online.Online(model, class_losses, examples=None)
    for _ in range(2):
        weigh(points(), halves)
    assert weigh.way is weigh.wanted
    model.train()
    with pytest.warns(UserWarning, match="BatchNorm"):
        weigh(points(), halves)
    model.eval()
    weigh(points(), halves)
    assert weigh.way is weigh.wanted


class Once(torch.autograd.Function):
    """A product without a second derivative."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: Tensor) -> Tensor:
        ctx.save_for_backward(x, matrix)
        return x @ matrix

    @staticmethod
    @torch.autograd.function.once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, Tensor]:
        x, matrix = ctx.saved_tensors
        return slopes @ matrix.mT, x.mT @ slopes


class Custom(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(6, 5))
        self.head = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(Once.apply(x, self.matrix))  # type: ignore[no-untyped-call]
        return out


@pytest.mark.filterwarnings("ignore:online weights")
def test_a_kernel_without_a_second_derivative() -> None:
    torch.manual_seed(0)
    with pytest.raises(ValueError, match=r"no second derivative.*use contributions='difference'"):
        online.Online(Custom(), class_losses, examples=None)(points(), halves)
    online.Online(Custom(), class_losses, examples=None, contributions="difference")(points(), halves)


class Average(nn.Module):
    """A model that replaces its buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls = self.calls + 1
        out: Tensor = self.head(x)
        return out


def test_buffers_that_the_model_replaces() -> None:
    model = Average()
    weigh = online.Online(model, class_losses, examples=None, refresh=1)
    for _ in range(3):
        weigh(points(), halves)
    assert float(model.calls) == 3


def test_a_difference_leaves_saved_buffers_alone() -> None:
    model = nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Linear(6, 5)), nn.BatchNorm1d(5), nn.Linear(5, 3)
    )
    weigh = online.Online(model, class_losses, examples=None, refresh=1, contributions="difference")
    for _ in range(2):
        weights, losses = weigh(points(), halves)
        (weights @ losses).backward()


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = layers()

    def forward(self, x: Tensor) -> Tensor:
        first, activation, last = self.parts
        out: Tensor = last(input=activation(first(input=x)))
        return out


def test_an_example_that_is_not_finite_given_by_name() -> None:
    model = Named()
    weigh = online.Online(model, class_losses, examples=None)
    weigh(points(), halves)
    features, labels = points()
    features[2] = torch.nan
    weights, losses = weigh((features, labels), halves)
    (weights @ losses).backward()
    assert weights[2] == 0
    assert all(bool(p.grad.isfinite().all()) for p in model.parameters() if p.grad is not None)


def test_losses_that_are_compiled() -> None:
    with pytest.warns(UserWarning, match=r"without torch\.compile"):
        weigh = online.Online(layers(), torch.compile(class_losses, backend="aot_eager"), examples=None)
    weigh(points(), halves)
    assert weigh.way is weigh.wanted


def test_optimisers_that_do_not_step_the_model() -> None:
    model = layers()
    stranger = torch.optim.SGD(layers().parameters())
    with pytest.raises(ValueError, match="optimizer holds none of the model's trained parameters"):
        online.Online(model, class_losses, examples=None, optimizer=stranger)(points(), halves)
    part = torch.optim.SGD(model[2].parameters())
    weigh = online.Online(model, class_losses, examples=None, optimizer=part, refresh=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            weigh(points(), halves)
    assert [str(w.message) for w in caught if "no optimiser holds 0.weight, 0.bias" in str(w.message)] != []
    assert len(caught) == 1


def test_an_optimiser_whose_state_is_elsewhere_says_that_it_has_no_metric() -> None:
    class Wrapper(torch.optim.Optimizer):
        pass

    parameter = torch.ones(2)
    wrapper = Wrapper([parameter], {"lr": 0.1})
    with pytest.warns(UserWarning, match="Wrapper has no diagonal metric"):
        online.in_metric(wrapper, [parameter], [torch.ones(2)])


def test_a_state_of_another_model_and_a_layer_that_is_replaced() -> None:
    weigh = online.Online(layers(), class_losses, examples=8, refresh=5)
    weigh(points(), halves)
    with pytest.raises(ValueError, match=r"another model: 0.weight has the shape \[5, 6\] there and \[7, 6\] here"):
        online.Online(layers(7), class_losses, examples=8).load_state_dict(weigh.state_dict())
    model = layers()
    weigh = online.Online(model, class_losses, examples=8, refresh=5)
    weigh(points(), halves)
    model[2] = nn.Linear(5, 4)
    weigh(points(), halves)
    assert weigh.direction["2.weight"].shape == (4, 5)


def test_models_that_are_refused() -> None:
    for model, message in (
        (nn.LazyLinear(3), "weight has no size yet"),
        (nn.Linear(6, 3, device="meta"), "weight is on the device meta"),
        (nn.Linear(6, 3, dtype=torch.cfloat), "weight is complex"),
    ):
        with pytest.raises(ValueError, match=message):
            online.Online(model, class_losses, examples=None)


def test_calls_that_are_refused_at_any_time() -> None:
    model = layers()
    weigh = online.Online(model, class_losses, examples=20)
    rows = np.arange(8, dtype=np.uint16)
    for _ in range(2):
        weigh(points(), halves, rows)
    with torch.no_grad(), pytest.raises(ValueError, match="with gradients on"):
        weigh(points(), halves, rows)
    with pytest.raises(ValueError, match="a batch must have at least one example"):
        weigh(points(0), halves, rows[:0])
    with pytest.raises(TypeError, match="rows must hold whole numbers from 0 to 19, but has str"):
        weigh(points(), halves, list("abcdefgh"))
    model.requires_grad_(False)
    with pytest.raises(ValueError, match="model has no parameter that requires gradients"):
        weigh(points(), halves, rows)


def test_desired_batches_that_are_refused() -> None:
    weigh = online.Online(layers(), class_losses, examples=np.int64(8))  # type: ignore[arg-type]
    ended: Any = iter(())
    with pytest.raises(ValueError, match="desired has no more batches"):
        weigh(points(), lambda: (next(ended), next(ended)))
    with pytest.raises(ValueError, match="which looks like a single batch"):
        weigh(points(), lambda: (points(), points()[1]))


def test_settings_that_are_no_numbers() -> None:
    settings: dict[str, Any] = {"rate": "fast"}
    with pytest.raises(TypeError, match="rate must be a number, not str"):
        online.Online(layers(), class_losses, examples=8, **settings)


def test_contributions_of_the_users_own_are_checked() -> None:
    weigh = online.Online(layers(), class_losses, examples=None, contributions=lambda m, f, b, d, now: now[:, None])
    with pytest.raises(ValueError, match=r"contributions must return one number per example, of shape \[8\]"):
        weigh(points(), halves)


class Pair(NamedTuple):
    features: Tensor
    labels: Tensor


@pytest.mark.parametrize("extra", [(), (["name"] * 8,), (3,), (np.ones(8),), (None,)])
def test_a_check_cuts_batches_of_many_kinds(extra: tuple[Any, ...]) -> None:
    result = online.check(layers(), lambda model, batch: class_losses(model, batch[:2]), (*points(), *extra))
    assert result.ok
    assert result.alone is not None
    assert online.check(layers(), lambda model, batch: class_losses(model, batch), Pair(*points())).alone is not None


@pytest.mark.filterwarnings("ignore:online weights")
def test_a_check_of_batch_norm_that_takes_no_single_example() -> None:
    result = online.check(nn.Sequential(layers(), nn.BatchNorm1d(3)), class_losses, points())
    assert not result.ok
    assert "CHANGES with its batch" in result.verdict


class Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = functional.dropout(self.head(x), 0.5, self.training)
        return out


def test_a_check_does_not_take_dropout_by_a_function_for_a_change() -> None:
    result = online.check(Dropping(), class_losses, points())
    assert result.ok
    assert result.alone is None


def test_arguments_of_the_check() -> None:
    broken = points()
    broken[0][1] = torch.nan
    with pytest.raises(ValueError, match="losses and gradients are finite"):
        online.check(layers(), class_losses, broken)
    with pytest.raises(ValueError, match="model has no parameter"):
        online.check(layers().requires_grad_(False), class_losses, points())
    with pytest.raises(ValueError, match="examples must be"):
        online.check(layers(), class_losses, points(), examples=0)
    with pytest.raises(ValueError, match="padded must have the 8 examples"):
        online.check(layers(), class_losses, points(), padded=points(7))
