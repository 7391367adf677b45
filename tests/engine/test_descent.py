"""The loop of descent: rules that decide on the way, and runs that are not stored."""

import torch

from lawpipe.engine.descent import CHECK_INTERVAL, descend
from tests.small_problems import perceptron, random_weights, start

RATES = [0.3, 0.2, 0.4, 0.1]


def test_rules_decide_weights_and_rates_in_the_order_of_the_steps() -> None:
    problem = perceptron()
    theta0, weights = start(problem), random_weights(4, problem.examples)
    expected = descend(problem, theta0, weights, RATES)
    rows, rates, seen = iter(weights), iter(RATES), []

    def write_row(theta: torch.Tensor, row: torch.Tensor) -> None:
        seen.append(theta.clone())
        row.copy_(next(rows))

    def choose_rate(gradient: torch.Tensor) -> float:
        step = len(seen) - 1
        assert torch.equal(gradient, problem.weighted_gradient(expected[step], weights[step]))
        return next(rates)

    written = torch.zeros_like(weights)
    assert torch.equal(descend(problem, theta0, written, choose_rate, write_row), expected)
    assert torch.equal(written, weights)
    assert torch.equal(torch.stack(seen), expected[:-1])


def test_a_run_that_is_not_stored_ends_at_the_same_parameters() -> None:
    problem = perceptron()
    theta0, weights = start(problem), random_weights(4, problem.examples)
    last = descend(problem, theta0, weights, RATES, keep=False)
    assert last.shape == (2, problem.parameters)
    assert torch.equal(last[len(RATES) % 2], descend(problem, theta0, weights, RATES)[-1])


def test_after_divergence_no_rule_is_asked_and_unwritten_weights_are_uniform() -> None:
    problem, asked = perceptron(), []

    def write_row(theta: torch.Tensor, row: torch.Tensor) -> None:
        asked.append(theta)
        row.fill_(torch.inf)

    weights = torch.zeros(40, problem.examples, dtype=torch.float64)
    thetas = descend(problem, start(problem), weights, [1.0] * 40, write_row)
    assert len(asked) == CHECK_INTERVAL
    assert torch.isnan(thetas[CHECK_INTERVAL + 1 :]).all()
    assert (weights[CHECK_INTERVAL:] == 1 / problem.examples).all()
