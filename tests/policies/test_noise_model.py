"""The likelihood with flipped labels: its gradient, and where labels are flipped and where they are not."""

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from lawpipe.engine import trajectory
from lawpipe.policies import noise_model, noise_model_mixed, runs
from lawpipe.policies.noise_model import NOISE
from tests.small_problems import language_model, perceptron, start


@pytest.mark.parametrize("joined", [False, True])
def test_the_scores_are_those_of_the_gradient_of_the_likelihood(joined: bool) -> None:
    problem = perceptron().with_desired() if joined else perceptron()
    theta = start(problem).requires_grad_()
    signed, count = problem.signed_features("train"), problem.examples - problem.joined
    right = torch.sigmoid(-(theta @ signed))
    likelihood = ((1 - NOISE) * right + NOISE * (1 - right))[:count].log().sum()
    (gradient,) = torch.autograd.grad(softplus(theta @ signed)[count:].sum() - likelihood, theta)
    with torch.no_grad():
        scores = noise_model.rule(problem)(theta)
        torch.testing.assert_close(problem.weighted_gradient(theta, scores), gradient)
    assert (scores[count:] == 1).all()
    assert scores[:count].max() < 1


def run(flips: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the weights of the last step, which labels are flipped (the first ones), and J on test."""
    sizes = {"dimension": 8, "train_examples": 600, "desired_examples": 40, "test_examples": 200}
    problem = perceptron(flip_fraction=0.0, **sizes)
    wrong = np.arange(600) < flips * 600
    problem._train[:, wrong] *= -1
    weights = torch.empty(150, 600, dtype=torch.float64)
    write_row = runs.follow(noise_model.rule(problem), problem, "noise_model")
    made = trajectory.train(problem, start(problem), weights, [0.5] * 150, write_row=write_row)
    return weights[-1].numpy(), wrong, made.objective("test")


def test_flipped_examples_lose_weight_and_clean_ones_learn_as_well_as_with_uniform_weights() -> None:
    weights, wrong, _ = run(0.25)
    assert weights[wrong].mean() < 0.4 * weights[~wrong].mean()
    _, _, objective = run(0.0)
    problem = perceptron(flip_fraction=0.0, dimension=8, train_examples=600, desired_examples=40, test_examples=200)
    uniform = trajectory.train(problem, start(problem), torch.full((150, 600), 1 / 600), [0.5] * 150)
    assert objective < 1.1 * uniform.objective("test")


@pytest.mark.parametrize("problem", [perceptron(), language_model()])
def test_scores_lie_between_0_and_1(problem) -> None:
    rule = noise_model.rule(problem)
    assert 0 < rule(start(problem)).min() <= rule(start(problem)).max() < 1
    assert (rule(1e4 * start(problem)) >= 0).all()


def test_without_the_desired_examples_only_training_examples_have_weight() -> None:
    problem = perceptron()
    joined, theta, count = problem.with_desired(), start(problem), problem.examples
    plain = noise_model.rule(problem)(theta)
    for name, expected in (("uniform", torch.ones_like(plain)), ("noise model", plain)):
        scores = noise_model_mixed.joint_rules[name](joined)(theta)
        torch.testing.assert_close(scores[:count], expected)
        assert (scores[count:] == 0).all()
