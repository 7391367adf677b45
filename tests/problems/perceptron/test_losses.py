"""The closed forms of the perceptron, against automatic differentiation of its loss."""

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from lawpipe.problems.perceptron import gaussian
from lawpipe.problems.perceptron.losses import Perceptron
from tests.small_problems import DATA, random_weights

SPLITS = gaussian.draw(DATA, 3, ("train", "desired", "test"))
PROBLEM = Perceptron(SPLITS["train"], {"desired": SPLITS["desired"]}, torch.float64, torch.device("cpu"))
THETA = torch.linspace(-0.4, 0.6, DATA["dimension"], dtype=torch.float64)


def cross_entropy(theta, split):
    """The loss as the paper writes it, with labels 0 and 1."""
    logits = torch.from_numpy(split.features).double() @ theta
    return binary_cross_entropy_with_logits(logits, torch.from_numpy(split.label).double(), reduction="none")


def test_losses_are_binary_cross_entropy():
    torch.testing.assert_close(PROBLEM.losses(THETA), cross_entropy(THETA, SPLITS["train"]), rtol=1e-12, atol=0)
    thetas = torch.stack([THETA, -THETA])
    expected = [float(cross_entropy(theta, SPLITS["desired"]).mean()) for theta in thetas]
    np.testing.assert_allclose(PROBLEM.reference_losses("desired", thetas), expected, rtol=1e-12)


def test_gradients_and_their_norms():
    jacobian = torch.autograd.functional.jacobian(lambda theta: cross_entropy(theta, SPLITS["train"]), THETA)
    torch.testing.assert_close(PROBLEM.gradient_norms(THETA), jacobian.norm(dim=1), rtol=1e-11, atol=0)
    weights = random_weights(1, PROBLEM.examples)[0]
    torch.testing.assert_close(PROBLEM.weighted_gradient(THETA, weights), weights @ jacobian, rtol=1e-11, atol=1e-15)
    direction = torch.arange(DATA["dimension"], dtype=torch.float64)
    torch.testing.assert_close(PROBLEM.contributions(THETA, direction), jacobian @ direction, rtol=1e-11, atol=1e-15)


def test_adjoint_product_is_contributions_and_hessian_times_direction():
    weights = random_weights(1, PROBLEM.examples)[0]
    direction = torch.arange(DATA["dimension"], dtype=torch.float64)

    def weighted_loss(theta):
        return weights @ cross_entropy(theta, SPLITS["train"])

    hessian = torch.autograd.functional.hessian(weighted_loss, THETA)
    contributions, product = PROBLEM.adjoint_product(THETA, weights, direction)
    torch.testing.assert_close(contributions, PROBLEM.contributions(THETA, direction), rtol=0, atol=0)
    torch.testing.assert_close(product, hessian @ direction, rtol=1e-11, atol=1e-15)


def test_reference_gradients():
    expected = torch.autograd.functional.jacobian(lambda theta: cross_entropy(theta, SPLITS["desired"]).mean(), THETA)
    gradients = PROBLEM.reference_gradients("desired", torch.stack([THETA, THETA]))
    torch.testing.assert_close(gradients, torch.stack([expected, expected]), rtol=1e-11, atol=1e-15)


def test_large_margins_do_not_overflow():
    problem = Perceptron(SPLITS["train"], {}, torch.float32, torch.device("cpu"))
    losses = problem.losses(THETA.float() * 1e4)
    assert bool(losses.isfinite().all())
    assert float(losses.min()) >= 0
