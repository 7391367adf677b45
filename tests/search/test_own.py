"""The search for one's own problem equals the search of the same problem in closed form."""

import pytest
import torch
from torch.nn.functional import softplus

from lawpipe.search.feedback_descent import FeedbackDescent
from lawpipe.search.loop import Search
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective
from lawpipe.search.own import near_optimal
from tests.small_problems import perceptron, start


def losses(problem, split):
    return lambda theta: softplus(theta @ problem.signed_features(split))


@pytest.mark.parametrize("method", [FeedbackDescent, MirrorDescent])
def test_the_policy_is_that_of_the_closed_form(method):
    problem = perceptron()
    theta0, references = start(problem), {name: losses(problem, name) for name in ("desired", "test")}
    numbers = []
    result = near_optimal(
        losses(problem, "train"),
        references,
        theta0,
        steps=15,
        learning_rate=0.3,
        iterations=5,
        method=method(),
        on_row=numbers.append,
    )
    search = Search(Objective(problem, theta0, [0.3] * 15), method(), 5)
    search.run()
    torch.testing.assert_close(result.weights, search.best, rtol=1e-6, atol=1e-9)
    assert numbers == result.rows
    assert result.rows[-1].objective < 0.95 * result.rows[0].objective
    assert result.losses["desired"][1:].mean() == pytest.approx(min(row.objective for row in result.rows), rel=1e-12)
    assert result.uniform["desired"][1:].mean() == pytest.approx(result.rows[0].objective, rel=1e-12)
    assert len(result.losses["test"]) == 16


def test_unseen_examples_are_optional_and_desired_ones_are_not():
    problem = perceptron()
    train, desired = losses(problem, "train"), losses(problem, "desired")
    options = {"steps": 3, "learning_rate": 0.1, "iterations": 1}
    result = near_optimal(train, {"desired": desired}, start(problem), **options)
    assert list(result.losses) == ["desired"]
    with pytest.raises(ValueError, match="expected a set named desired"):
        near_optimal(train, {"test": desired}, start(problem), **options)
    with pytest.raises(ValueError, match="steps is 0"):
        near_optimal(train, {"desired": desired}, start(problem), **(options | {"steps": 0}))
