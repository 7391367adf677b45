"""A problem from functions, against the perceptron's closed forms, and the sentences for losses that are none."""

import pytest
import torch
from torch.nn.functional import softplus

from lawpipe.problems.own import OwnProblem
from tests.small_problems import perceptron, random_weights, start


def both():
    """A perceptron and the same problem from its losses."""
    closed = perceptron()

    def losses(split):
        return lambda theta: softplus(theta @ closed.signed_features(split))

    theta0 = start(closed)
    return closed, OwnProblem(losses("train"), {name: losses(name) for name in closed.references}, theta0), theta0


def test_every_derivative_equals_the_closed_form():
    closed, own, theta = both()
    direction, weights = start(closed, seed=4), random_weights(1, closed.examples)[0]
    assert (own.examples, own.parameters, own.references) == (closed.examples, closed.parameters, closed.references)
    pairs = [
        (own.losses(theta), closed.losses(theta)),
        (own.gradient_norms(theta), closed.gradient_norms(theta)),
        (own.contributions(theta, direction), closed.contributions(theta, direction)),
        (own.weighted_gradient(theta, weights), closed.weighted_gradient(theta, weights)),
        *zip(
            own.adjoint_product(theta, weights, direction),
            closed.adjoint_product(theta, weights, direction),
            strict=True,
        ),
        *(
            (getattr(own, name)("desired", at), getattr(closed, name)("desired", at))
            for name, at in (
                ("reference_gradients", torch.stack([theta, direction])),
                ("half_gradients", theta),
            )
        ),
    ]
    for value, expected in pairs:
        torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-14)
    thetas = torch.stack([theta, direction])
    assert own.reference_losses("test", thetas) == pytest.approx(closed.reference_losses("test", thetas), rel=1e-12)


def test_a_mean_loss_and_a_loss_that_is_no_number_are_refused():
    theta = torch.zeros(2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"desired: the losses have the shape \(\), expected one loss per example"):
        OwnProblem(lambda at: at, {"desired": lambda at: at.mean()}, theta)
    with pytest.raises(ValueError, match="train: the loss of example 1 at theta0 is nan"):
        OwnProblem(lambda at: at + torch.tensor([0.0, float("nan")]), {"desired": lambda at: at}, theta)
