"""The exponent of the tilt: by hand, and where labels are flipped and where they are not."""

import numpy as np
import pytest
import torch

from lawpipe.engine import trajectory
from lawpipe.policies import runs, tilted
from tests.small_problems import language_model, perceptron, start


def test_the_exponent_by_hand() -> None:
    """Two steps, with all gradients of single examples of the perceptron in closed form."""
    problem, exponent, moved = perceptron(), 0.0, 0
    train, desired = problem.signed_features("train"), problem.signed_features("desired")
    rule = tilted.rule(problem)
    for seed in range(6):
        theta = start(problem, seed)
        losses = torch.nn.functional.softplus(theta @ train)
        gradients = train * torch.sigmoid(theta @ train)
        x = (losses / losses.mean() + tilted.FLOOR).log()
        weights = torch.exp(-exponent * x) / torch.exp(-exponent * x).sum()
        # The derivative of the weights by the exponent, by a difference.
        nearby = torch.exp(-(exponent + 1e-6) * x)
        change = gradients @ ((nearby / nearby.sum() - weights) / 1e-6)
        wrong = desired * torch.sigmoid(theta @ desired)
        halves = [wrong[:, part::2].mean(dim=1) for part in (0, 1)]
        cosines = [float(half @ change / (half.norm() * change.norm())) for half in halves]
        if cosines[0] * cosines[1] > 0:
            step = min(cosines, key=abs)
            exponent = min(max(exponent + tilted.RATE * step, 0), tilted.MOST)
            moved += exponent > 0
        expected = torch.exp(-exponent * x)
        torch.testing.assert_close(rule(theta), expected / expected.sum(), rtol=1e-4, atol=1e-6)
    assert moved


def run(flips: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of the last step, and which labels are flipped (the first of the training examples)."""
    sizes = {"dimension": 8, "train_examples": 600, "desired_examples": 40, "train_variance": 1.0}
    problem = perceptron(flip_fraction=0.0, **sizes)
    wrong = np.arange(600) < flips * 600
    problem._train[:, wrong] *= -1
    weights = torch.empty(150, 600, dtype=torch.float64)
    write_row = runs.follow(tilted.rule(problem), problem, "tilted")
    trajectory.train(problem, start(problem), weights, [0.5] * 150, write_row=write_row)
    return weights[-1].numpy(), wrong


def test_flipped_examples_lose_weight_and_clean_ones_keep_equal_weights() -> None:
    weights, wrong = run(0.25)
    assert weights[wrong].mean() < 0.4 * weights[~wrong].mean()
    weights, _ = run(0.0)
    assert np.ptp(weights) == 0


@pytest.mark.parametrize("problem", [perceptron(), language_model()])
def test_scores_of_parameters_that_are_not_finite_are_uniform(problem) -> None:
    rule = tilted.rule(problem)
    theta = torch.full((problem.parameters,), torch.nan, dtype=problem.dtype)
    assert (rule(theta) == 1).all()
    assert torch.isfinite(rule(start(problem))).all()
