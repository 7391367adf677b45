"""The online weights: by hand, on the simplex, and the same from the three ways to a contribution."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from lawpipe import online
from lawpipe.controls import feedback
from lawpipe.policies import online as policy
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
        found = [memory.update(scale * contributions) for memory, scale in zip(memories, (1.0, 1e6), strict=True)]
        torch.testing.assert_close(*found)
        assert found[0].min() >= 0
        assert float(found[0].sum()) == pytest.approx(1)
    # What contributes less than the average has faded, what contributes more counts alike.
    assert found[0][0] < 1e-6 * found[0][-1]
    assert found[0][-1] == found[0][-2]


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


def test_forward_mode_and_double_backward_are_the_products_of_single_gradients(model: Classifier) -> None:
    data, parameters = batch(7, 1), [each for each in model.parameters() if each.requires_grad]
    direction = [torch.randn_like(each) for each in parameters]
    expected = []
    for loss in losses(model, data):
        slopes = torch.autograd.grad(loss, parameters, retain_graph=True, materialize_grads=True)
        expected.append(sum(float(torch.sum(a * b)) for a, b in zip(slopes, direction, strict=True)))
    for way in (online.forward_mode, online.double_backward):
        found = way(model, losses, data, direction)
        assert not found.requires_grad
        torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-12)
    near = online.difference(model, losses, data, direction, share=1e-6)
    torch.testing.assert_close(near, torch.tensor(expected, dtype=torch.float64), rtol=1e-3, atol=1e-4)


def test_a_direction_of_zeros_has_no_contributions(model: Classifier) -> None:
    direction = [torch.zeros_like(each) for each in model.parameters() if each.requires_grad]
    assert online.difference(model, losses, batch(3, 1), direction).tolist() == [0, 0, 0]


@pytest.mark.parametrize("way", [online.forward_mode, online.double_backward, online.difference])
def test_the_weights_leave_the_model_and_its_gradients_alone(model: Classifier, way: online.Contributions) -> None:
    before = [each.detach().clone() for each in model.parameters()]
    weigh = online.Online(model, losses, examples=30, contributions=way)
    for step in range(3):
        data = batch(6, step)
        rows = torch.arange(6) + 6 * step
        weights = weigh(data, lambda: (batch(50, 7), batch(50, 8)), rows)
        assert float(weights.sum()) == pytest.approx(1)
        assert not weights.requires_grad
    assert all(each.grad is None for each in model.parameters())
    for now, then in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(now.detach(), then, rtol=0, atol=0)
    assert (weigh.memory.log_weights[:18] != 0).all()
    assert (weigh.memory.log_weights[18:] == 0).all()


def test_between_looks_the_memory_answers(model: Classifier) -> None:
    weigh, looks = online.Online(model, losses, examples=6, every=3), []

    def desired() -> Any:
        looks.append(weigh.calls)
        return batch(50, 7), batch(50, 8)

    found = [weigh(batch(6, 0), desired) for _ in range(7)]
    assert looks == [1, 4, 7]
    torch.testing.assert_close(found[1], found[0])
    assert not torch.equal(found[3], found[2])


@pytest.mark.parametrize("way", [online.forward_mode, online.double_backward])
def test_a_loop_with_the_api_is_the_policy_of_the_workflow(way: online.Contributions) -> None:
    problem = perceptron()
    theta0, rate = start(problem), 0.3
    expected = feedback.train(problem, theta0, [rate] * 12, policy.begin(problem))

    model = nn.Linear(problem.parameters, 1, bias=False).double()
    with torch.no_grad():
        model.weight.copy_(theta0)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    # Signed features all have the label 0 (the wrong one).
    train, desired = problem._train.T, problem._references["desired"].T

    def loss(model: Any, features: Tensor) -> Tensor:
        logits = model(features).squeeze(1)
        return binary_cross_entropy_with_logits(logits, torch.zeros_like(logits), reduction="none")

    weigh = online.Online(model, loss, examples=problem.examples, contributions=way)
    for step in range(12):
        weights = weigh(train, lambda: (desired[::2], desired[1::2]))
        torch.testing.assert_close(weights, expected.weights[step], rtol=1e-9, atol=1e-12)
        optimizer.zero_grad()
        (weights @ loss(model, train)).backward()
        optimizer.step()
    torch.testing.assert_close(model.weight[0].detach(), expected.last, rtol=1e-9, atol=1e-12)
