"""The online weights: by hand, on the simplex, and the same from the three ways to a contribution."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from lawpipe import online
from lawpipe.engine import trajectory
from lawpipe.policies import online as policy
from lawpipe.policies import runs
from tests.small_problems import perceptron, start


class Classifier(nn.Module):
    """A small network with a parameter that is not trained and one that its output does not depend on."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.second = nn.Linear(6, 3)
        self.unused = nn.Parameter(torch.ones(2))
        self.second.bias.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(torch.tanh(self.first(x)))
        return out


def losses(model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
    return cross_entropy(model(batch[0]), batch[1], reduction="none")


def batch(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Examples whose class is the largest of their first three features."""
    features = torch.randn(count, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return features, features[:, :3].argmax(dim=1)


@pytest.fixture
def model() -> Classifier:
    torch.manual_seed(0)
    return Classifier().double()


def test_two_examples_by_hand() -> None:
    memory = online.Memory(2, rate=1.0, decay=0.5)
    # Contributions 3 and 1: mean 2, standard deviation sqrt(2), so leads of +-1 / sqrt(2).
    weights = memory.update(torch.tensor([3.0, 1.0], dtype=torch.float64))
    lead = 1 / math.sqrt(2)
    worse = math.exp(-lead)
    assert memory.log_weights.tolist() == pytest.approx([lead, -lead])
    assert weights.tolist() == pytest.approx([1 / (1 + worse), worse / (1 + worse)])
    # The same again, now from the weighted mean; half of the evidence, so a quarter is forgotten.
    baseline = (3 + worse) / (1 + worse)
    weights = memory.update(torch.tensor([3.0, 1.0], dtype=torch.float64), evidence=0.5)
    logs = [0.75 * u + 0.5 * (c - baseline) / math.sqrt(2) for u, c in ((lead, 3), (-lead, 1))]
    assert memory.log_weights.tolist() == pytest.approx(logs)
    assert weights.tolist() == pytest.approx([1 / (1 + math.exp(logs[1])), 1 - 1 / (1 + math.exp(logs[1]))])


def test_agreement_by_hand() -> None:
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([1.0, 1.0])
    assert online.agreement(a, b) == pytest.approx(math.sqrt(2 / (10 / 4)))
    assert online.agreement(a, a) == 1
    assert online.agreement(a, -b) == 0
    assert online.agreement(torch.zeros(2), torch.zeros(2)) == 0


def test_agreement_is_the_cosine_between_a_noisy_gradient_and_its_signal() -> None:
    torch.manual_seed(0)
    signal = torch.full((10_000,), 0.5, dtype=torch.float64)
    halves = [signal + torch.randn(10_000, dtype=torch.float64) for _ in range(2)]
    # The mean of two halves has noise of variance 1/2.
    expected = math.sqrt(0.25 / (0.25 + 0.5))
    assert online.agreement(*halves) == pytest.approx(expected, abs=0.03)
    mean = (halves[0] + halves[1]) / 2
    assert float(torch.cosine_similarity(mean, signal, dim=0)) == pytest.approx(expected, abs=0.03)


def test_weights_stay_on_the_simplex_and_do_not_depend_on_the_scale_of_contributions() -> None:
    torch.manual_seed(0)
    memories = [online.Memory(20, rate=0.3, decay=0.97) for _ in range(2)]
    for _ in range(200):
        contributions = torch.randn(20, dtype=torch.float64) + torch.linspace(-1, 1, 20)
        weights = [memory.update(scale * contributions) for memory, scale in zip(memories, (1.0, 1e6), strict=True)]
        torch.testing.assert_close(*weights)
        assert weights[0].min() >= 0
        assert float(weights[0].sum()) == pytest.approx(1)
    # What contributes less than the average has faded, what contributes more counts alike.
    assert weights[0][0] < 1e-6 * weights[0][-1]
    assert weights[0][-1] == weights[0][-2]


@pytest.mark.parametrize("contributions", [[1.0, 1.0, 1.0], [1.0, math.nan, 2.0], [1.0, math.inf, 2.0]])
def test_contributions_that_say_nothing_change_nothing(contributions: list[float]) -> None:
    memory = online.Memory(3)
    before = memory.update(torch.tensor([1.0, 2.0, 4.0]))
    torch.testing.assert_close(memory.update(torch.tensor(contributions)), before)
    torch.testing.assert_close(memory.update(torch.tensor([3.0, 0.0, 0.0]), evidence=0.0), before)


def test_a_batch_learns_of_its_own_examples() -> None:
    memory, rows = online.Memory(5), torch.tensor([4, 1])
    weights = memory.update(torch.tensor([1.0, 2.0]), rows=rows)
    assert memory.log_weights[[0, 2, 3]].tolist() == [0, 0, 0]
    assert weights[0] < weights[1]
    torch.testing.assert_close(memory.weights(rows), weights)
    assert memory.weights().shape == (5,)


def test_a_batch_of_bad_examples_still_has_weights() -> None:
    memory = online.Memory(3)
    memory.log_weights = torch.tensor([-2000.0, -2001.0, 0.0])
    weights = memory.weights(torch.tensor([0, 1]))
    assert weights.tolist() == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e)])


def test_contributions_are_the_products_of_single_gradients(model: Classifier) -> None:
    data, parameters = batch(7, 1), [parameter for parameter in model.parameters() if parameter.requires_grad]
    direction = [torch.randn_like(parameter) for parameter in parameters]
    single_losses = losses(model, data)
    expected = []
    for loss in single_losses:
        slopes = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
        expected.append(sum(float(torch.sum(a * b)) for a, b in zip(slopes, direction, strict=True)))
    exact = torch.tensor(expected, dtype=torch.float64)
    for way in (online.forward_mode, online.double_backward):
        contributions = way(model, losses, data, direction, single_losses)
        torch.testing.assert_close(contributions, exact, rtol=1e-12, atol=1e-12)
    near = online.difference(model, losses, data, direction, single_losses)
    torch.testing.assert_close(near, exact, rtol=1e-3, atol=1e-3)
    single = online.difference(
        model.float(), losses, (data[0].float(), data[1]), [part.float() for part in direction], single_losses.float()
    )
    torch.testing.assert_close(single.double(), exact, rtol=1e-2, atol=2e-3)


def test_a_direction_of_zeros_has_no_contributions(model: Classifier) -> None:
    direction = [torch.zeros_like(parameter) for parameter in model.parameters() if parameter.requires_grad]
    single_losses = losses(model, batch(3, 1))
    assert online.difference(model, losses, batch(3, 1), direction, single_losses).tolist() == [0, 0, 0]


@pytest.mark.parametrize("way", [online.forward_mode, online.double_backward, online.difference])
def test_the_weights_leave_the_model_and_its_gradients_alone(model: Classifier, way: online.Contributions) -> None:
    before = [parameter.detach().clone() for parameter in model.parameters()]
    weigh = online.Online(model, losses, examples=30, contributions=way)
    for step in range(3):
        data = batch(6, step)
        rows = torch.arange(6) + 6 * step
        weights, single_losses = weigh(data, lambda: (batch(50, 7), batch(50, 8)), rows)
        assert float(weights.sum()) == pytest.approx(1)
        assert not weights.requires_grad
        torch.testing.assert_close(single_losses, losses(model, data), rtol=0, atol=0)
        assert all(parameter.grad is None for parameter in model.parameters())
    for now, then in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(now.detach(), then, rtol=0, atol=0)
    assert weigh.memory is not None
    assert (weigh.memory.log_weights[:18] != 0).all()
    assert (weigh.memory.log_weights[18:] == 0).all()
    (weights @ single_losses).backward()
    assert model.first.weight.grad is not None


def test_a_desired_gradient_is_used_for_some_steps(model: Classifier) -> None:
    weigh, looks = online.Online(model, losses, examples=6, refresh=3), []

    def desired() -> Any:
        looks.append(weigh.calls)
        return batch(50, len(looks)), batch(50, 8)

    directions = []
    for _ in range(7):
        weigh(batch(6, 0), desired)
        directions.append(weigh.direction)
    assert looks == [0, 3, 6]
    assert directions[0] is directions[1] is directions[2]
    assert directions[3] is not directions[2]


def test_desired_gradients_are_averaged(model: Classifier) -> None:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    weigh = online.Online(model, losses, examples=6, refresh=1, momentum=0.6)
    gradients = []
    for step in range(4):
        halves = batch(20, 2 * step), batch(20, 2 * step + 1)
        gradients.append(
            [torch.autograd.grad(losses(model, half).mean(), parameters, materialize_grads=True) for half in halves]
        )
        weigh(batch(6, 0), lambda halves=halves: halves)
    # A mean of those so far until the newest has a share of 0.4.
    shares = [0.6 * 0.6 / 2, 0.6 * 0.6 / 2, 0.6 * 0.4, 0.4]
    for half in range(2):
        for average, *newest in zip(weigh.halves[half].values(), *(step[half] for step in gradients), strict=True):
            torch.testing.assert_close(average, sum(share * g for share, g in zip(shares, newest, strict=True)))
    assert weigh.evidence == online.agreement(
        *(torch.cat([g.flatten() for g in half.values()]) for half in weigh.halves)
    )


def test_a_desired_gradient_that_is_not_finite_is_left_out(model: Classifier) -> None:
    inputs, labels = batch(50, 7)
    broken = (torch.full_like(inputs, math.nan), labels)
    batches = iter([(broken, batch(50, 8)), (batch(50, 7), batch(50, 8)), (batch(50, 9), broken)])
    weigh = online.Online(model, losses, examples=6, refresh=1)
    weights, _ = weigh(batch(6, 0), lambda: next(batches))
    assert weights.tolist() == pytest.approx([1 / 6] * 6)
    weights, _ = weigh(batch(6, 0), lambda: next(batches))
    assert weights.std() > 0
    before = weigh.direction
    weights, _ = weigh(batch(6, 0), lambda: next(batches))
    assert weigh.direction is before
    assert float(weights.sum()) == pytest.approx(1)


def test_in_the_metric_of_adam_a_small_step_lowers_the_loss_by_the_product(model: Classifier) -> None:
    """Without momentum Adam steps along P g, so <P d, g> is how fast <d, theta> falls."""
    parameters = [p for p in model.parameters() if p.requires_grad and p is not model.unused]
    direction = [torch.randn_like(parameter) for parameter in parameters]
    assert online.in_metric(torch.optim.Adam(parameters), parameters, direction) == direction
    optimizer = torch.optim.Adam(parameters, lr=1e-3, betas=(0.0, 0.99), eps=1e-4)
    for step in range(3):
        before = [parameter.detach().clone() for parameter in parameters]
        optimizer.zero_grad()
        losses(model, batch(5, step)).mean().backward()
        optimizer.step()
    moved = sum(float(torch.sum(d * (b - p.detach()))) for d, b, p in zip(direction, before, parameters, strict=True))
    scaled = online.in_metric(optimizer, parameters, direction)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    product = sum(float(torch.sum(d * g)) for d, g in zip(scaled, gradients, strict=True))
    assert 1e-3 * product == pytest.approx(moved, rel=1e-9)


def test_opposite_halves_of_desired_examples_leave_the_weights_uniform(model: Classifier) -> None:
    weigh = online.Online(model, losses, examples=6)
    inputs = batch(50, 7)[0]
    opposite = [(inputs, torch.full((50,), label)) for label in (0, 1)]
    weights, _ = weigh(batch(6, 0), lambda: (opposite[0], opposite[1]))
    assert weigh.evidence == 0
    assert weights.dtype == torch.float64
    assert weights.tolist() == pytest.approx([1 / 6] * 6)


def test_without_a_memory_weights_are_those_at_which_a_lasting_lead_rests(model: Classifier) -> None:
    desired = (batch(50, 7), batch(50, 8))
    weigh = online.Online(model, losses, examples=None, rate=0.2, decay=0.75)
    first, _ = weigh(batch(6, 0), lambda: desired)
    weigh(batch(9, 1), lambda: desired)
    again, _ = weigh(batch(6, 0), lambda: desired)
    torch.testing.assert_close(again, first, rtol=0, atol=0)
    contributions = online.forward_mode(
        model, losses, batch(6, 0), list(weigh.direction.values()), losses(model, batch(6, 0))
    )
    lead = (contributions - contributions.mean()) / contributions.std()
    scores = (weigh.evidence * 0.8 * lead).clamp(max=0).exp()
    torch.testing.assert_close(first, scores / scores.sum(), rtol=1e-3, atol=1e-3)


def test_contributions_use_the_same_dropout_and_leave_the_random_state_alone() -> None:
    dropping = nn.Sequential(nn.Linear(4, 64), nn.Dropout(0.5), nn.Linear(64, 3)).double()
    desired, seen = (batch(50, 7), batch(50, 8)), []

    def once_more(model: nn.Module, losses: Any, data: Any, direction: Any, single_losses: Tensor) -> Tensor:
        seen.append((losses(model, data).tolist(), single_losses.tolist()))
        return single_losses

    torch.manual_seed(1)
    online.Online(dropping, losses, examples=6, contributions=once_more)(batch(6, 0), lambda: desired)
    after = torch.rand(1)
    torch.manual_seed(1)
    for data in (*desired, batch(6, 0)):
        losses(dropping, data)
    torch.testing.assert_close(after, torch.rand(1), rtol=0, atol=0)
    assert [first == second for first, second in seen] == [True]


@pytest.mark.parametrize("way", [online.forward_mode, online.double_backward])
def test_a_loop_with_the_api_is_the_policy_of_the_workflow(way: online.Contributions) -> None:
    problem = perceptron()
    theta0, rate = start(problem), 0.3
    rows = torch.empty(12, problem.examples, dtype=problem.dtype)
    write_row = runs.follow(policy.rule(problem), problem, "online")
    expected = trajectory.train(problem, theta0, rows, [rate] * 12, write_row=write_row)

    model = nn.Linear(problem.parameters, 1, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(theta0)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    # Signed features all have the label 0 (the wrong one).
    train, desired = problem._train.T, problem._references["desired"].T

    def loss(model: Any, features: Tensor) -> Tensor:
        logits = model(features).squeeze(1)
        return binary_cross_entropy_with_logits(logits, torch.zeros_like(logits), reduction="none")

    weigh = online.Online(model, loss, examples=problem.examples, refresh=1, momentum=0, contributions=way)
    for step in range(12):
        weights, per_example = weigh(train, lambda: (desired[::2], desired[1::2]))
        torch.testing.assert_close(weights, expected.weights[step], rtol=1e-9, atol=1e-12)
        optimizer.zero_grad()
        (weights @ per_example).backward()
        optimizer.step()
    torch.testing.assert_close(model.weight[0].detach(), expected.last, rtol=1e-9, atol=1e-12)
