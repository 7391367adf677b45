"""Training on the desired examples too: the descent by hand, when it stops, and which setting is chosen."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from lawpipe.engine.measurement import measure
from lawpipe.policies import desired_last, desired_mixed, desired_only, trusted, variants
from lawpipe.policies.base import Context
from lawpipe.problems.base import HELD_OUT, Problem, held_out
from lawpipe.run.errors import InputError
from tests.scripts.test_training_stages import SETTINGS, prepare
from tests.small_problems import language_model, perceptron, start

STEPS, RATE = 9, 0.7


@pytest.mark.parametrize("candidates", [desired_only, desired_mixed, desired_last])
def test_descent_by_hand(candidates) -> None:
    problem = perceptron()
    train, desired = problem.signed_features("train").T, problem.signed_features("desired").T
    for share, weight in candidates.desired_weights(STEPS).items():
        assert weight.mean() == pytest.approx(share, abs=0.51 / STEPS)
        run = trusted.train(problem, start(problem), weight, [RATE] * STEPS)
        theta = start(problem)
        for step in range(STEPS):
            leaf = theta.clone().requires_grad_()
            loss = weight[step] * softplus(desired @ leaf).mean() + (1 - weight[step]) * softplus(train @ leaf).mean()
            loss.backward()
            theta = theta - RATE * leaf.grad
            torch.testing.assert_close(run.stored[step + 1], theta, rtol=1e-12, atol=1e-13)


def test_the_desired_examples_come_last_or_first_for_a_part_of_the_run() -> None:
    assert desired_only.desired_weights(4)[1.0].tolist() == [1, 1, 1, 1]
    assert desired_last.desired_weights(4)[0.25].tolist() == [0, 0, 0, 1]
    assert desired_last.desired_weights(4)[0.0].tolist() == [0, 0, 0, 0]
    assert desired_mixed.desired_weights(2)[0.25].tolist() == [0.25, 0.25]


@pytest.mark.parametrize(
    ("weight", "losses", "expected"),
    [
        ([1, 1, 1, 1], [5, 4, 2, 3, 9], (2, (4 + 2 + 2 + 2) / 4)),
        (
            [0, 1, 1, 1],
            [1, 4, 3, 2, 9],
            (3, (4 + 3 + 2 + 2) / 4),
        ),  # never before the desired examples have all weight
        ([0.5, 0.5, 0.5, 0.5], [5, 4, 2, 3, 9], (4, (4 + 2 + 3 + 9) / 4)),
        ([1, 1, 0, 1], [5, 1, 2, 4, 3], (4, (1 + 2 + 4 + 3) / 4)),
        ([1, 1], [1, 2, 3], (0, 1)),
        ([1, 1, 1], [3, 2, np.nan, np.nan], (1, 2)),
    ],
)
def test_training_stops_where_the_held_out_loss_is_lowest(weight, losses, expected) -> None:
    stop = trusted.stop_early(np.array(losses, float), np.array(weight, float))
    assert (stop, trusted.mean_until(np.array(losses, float), stop)) == expected


def test_the_mean_of_a_run_that_diverged_before_it_stops_is_infinite() -> None:
    assert trusted.mean_until(np.array([3, 2, np.nan]), 2) == np.inf
    assert trusted.mean_until(np.array([3, np.inf, 1]), 2) == np.inf


def test_every_share_has_its_own_best_rate() -> None:
    asked = set()

    def objective(share: float, k: int) -> float:
        asked.add((share, k))
        return (share - 0.9) ** 2 + (k - 10 * share) ** 2 / 100

    shares = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97]
    assert trusted.search(objective, shares, tuned=True) == (0.9, 9)
    assert {share for share, _ in asked} == set(shares)
    # Those after one that is worse are not tried.
    tried = set()

    def low(share: float, k: int) -> float:
        tried.add(share)
        return (share - 0.1) ** 2 + k**2

    assert trusted.search(low, shares, tuned=True) == (0.1, 0)
    assert tried == {0.0, 0.1, 0.25}
    assert trusted.search(lambda share, k: objective(share, 9 * (k == 0)), shares, tuned=False) == (0.9, 0)
    assert trusted.search(lambda share, k: (k - 3) ** 2, [1.0], tuned=True) == (1.0, 3)


@pytest.fixture(params=[perceptron, language_model])
def problem(request) -> Problem:
    return request.param()


def test_the_desired_examples_follow_the_training_examples(problem: Problem) -> None:
    theta, count = start(problem), problem.examples
    joined = problem.with_desired()
    assert (joined.examples, joined.joined) == (count + problem.references["desired"], problem.references["desired"])
    assert problem.joined == 0
    torch.testing.assert_close(joined.losses(theta)[:count], problem.losses(theta))
    mean = problem.reference_losses("desired", theta.unsqueeze(0))[0]
    assert float(joined.losses(theta)[count:].mean()) == pytest.approx(mean)
    weights = torch.zeros(joined.examples, dtype=theta.dtype)
    weights[count:] = 1 / joined.joined
    gradient = problem.reference_gradients("desired", theta.unsqueeze(0))[0]
    torch.testing.assert_close(joined.weighted_gradient(theta, weights), gradient)


def test_a_quarter_of_the_desired_examples_is_held_out(problem: Problem) -> None:
    theta, count = start(problem), problem.references["desired"]
    part, out = problem.holding_out(), held_out(count)
    assert part.references["desired"] + part.references[HELD_OUT] == count
    assert part.references[HELD_OUT] == count // 4
    losses = problem.with_desired().losses(theta)[problem.examples :].numpy()
    for against, rows in (("desired", ~out), (HELD_OUT, out)):
        assert part.reference_losses(against, theta.unsqueeze(0))[0] == pytest.approx(losses[rows].mean())
    assert part.with_desired().examples == problem.examples + part.references["desired"]
    assert sum(held_out(count, quarter).astype(int) for quarter in range(4)).tolist() == [1] * count
    first = problem.holding_out(0).reference_losses(HELD_OUT, theta.unsqueeze(0))[0]
    assert first == pytest.approx(losses[held_out(count, 0)].mean())


def test_only_training_examples_are_measured(problem: Problem) -> None:
    """At the same parameters they contribute the same; the gap is that of moving weight among them."""
    share = np.full(STEPS, 0.4)
    run = trusted.train(problem, start(problem), share, [0.1] * STEPS)
    (measured,) = measure([run], [0, 4, 8], norms=[True])
    for row, theta in enumerate(run.at([0, 4, 8])):
        direction = problem.reference_gradients("desired", theta.unsqueeze(0))[0]
        expected = problem.contributions(theta, direction).numpy()
        np.testing.assert_allclose(measured.contributions["desired", "instantaneous"][row], expected, rtol=1e-6)
        np.testing.assert_allclose(measured.losses[row], problem.losses(theta).numpy(), rtol=1e-6)
    assert measured.gradient_norms is not None
    assert measured.contributions["desired", "adjoint"].shape == (3, problem.examples)
    (every,) = measure([run], range(STEPS), norms=[False])
    adjoint = every.contributions["desired", "adjoint"]
    assert every.gap == pytest.approx(float((0.1 * 0.6 * (adjoint.max(axis=1) - adjoint.mean(axis=1))).sum()))


def test_too_few_desired_examples_are_refused_with_a_sentence(tmp_path: Path) -> None:
    settings = SETTINGS | {"data": SETTINGS["data"] | {"desired_examples": 3}, "policy": "desired_only"}
    with pytest.raises(InputError, match=r"data\.desired_examples is 3, expected at least 4"):
        variants.make(Context(settings, prepare(tmp_path, settings)))
    assert held_out(9).tolist() == [False, False, False, True] * 2 + [False]
