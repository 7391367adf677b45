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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps is 0, expected at least 1"),
        ({"iterations": -1}, "iterations is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0, expected a number above 0"),
        ({"theta0": torch.zeros(5, 1)}, r"theta0 is torch.float32 of shape \(5, 1\)"),
        ({"theta0": torch.zeros(5, dtype=torch.int64)}, "theta0 is torch.int64"),
        ({"theta0": torch.zeros(5)}, "give both one type"),
    ],
)
def test_an_argument_out_of_range_is_named(change, message):
    problem = perceptron()
    double = problem.signed_features("train").double()
    arguments = {"theta0": start(problem), "steps": 3, "learning_rate": 0.1, "iterations": 1} | change

    def of_train(theta):
        return softplus((theta.double() if theta.is_floating_point() else theta) @ double)

    with pytest.raises(ValueError, match=message):
        near_optimal(of_train, {"desired": of_train}, **arguments)


def test_parameters_of_a_module_will_do_and_a_method_can_be_given_again():
    problem = perceptron()
    vector = torch.nn.utils.parameters_to_vector([torch.nn.Parameter(start(problem))])
    assert vector.requires_grad
    method, results = MirrorDescent(), []
    for _ in range(2):
        results.append(
            near_optimal(
                losses(problem, "train"),
                {"desired": losses(problem, "desired")},
                vector,
                steps=5,
                learning_rate=0.3,
                iterations=3,
                method=method,
            )
        )
    assert torch.equal(results[0].weights, results[1].weights)
