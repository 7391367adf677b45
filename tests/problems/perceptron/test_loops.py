"""The compiled loops of the perceptron, against float64 and against PyTorch's operations."""

import numpy as np
import pytest
import torch

from lawpipe.compute import compiled, devices
from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.descent import descend
from lawpipe.problems.perceptron import gaussian, loops, losses
from tests.small_problems import DATA, random_weights

CPU = torch.device("cpu")


def problem(dtype=torch.float32, **sizes):
    """A perceptron whose numbers of examples and features fill no block unless told so."""
    splits = gaussian.draw(DATA | {"train_examples": 300, "dimension": 7} | sizes, 3, ("train", "desired", "test"))
    return losses.Perceptron(splits["train"], {"desired": splits["desired"]}, dtype, CPU)


def relative_error(value, reference):
    return float((value.double() - reference).norm() / reference.norm())


def test_sigmoid_at_all_magnitudes():
    x = np.concatenate([np.linspace(-87, 87, 4001), [-1e-30, 0.0, 1e-30]]).astype(np.float32)
    expected = 1 / (1 + np.exp(-x.astype(np.float64)))
    evaluate = compiled.compiled(lambda values, powers: loops.sigmoid_(values, powers))
    evaluate(x, np.empty_like(x))
    np.testing.assert_allclose(x, expected, rtol=4e-7)
    ends = np.array([-np.inf, -1e30, 1e30, np.inf], np.float32)
    evaluate(ends, np.empty_like(ends))
    np.testing.assert_allclose(ends, [0, 0, 1, 1], atol=1e-37)


@pytest.mark.parametrize(
    "sizes", [{}, {"train_examples": 3}, {"train_examples": 512, "dimension": 8}, {"dimension": 1}]
)
def test_products_equal_those_in_float64(sizes):
    ours, exact = problem(**sizes), problem(torch.float64, **sizes)
    theta = torch.linspace(-0.4, 0.6, ours.parameters, dtype=torch.float64)
    direction = torch.linspace(1.0, -0.5, ours.parameters, dtype=torch.float64)
    weights = random_weights(1, ours.examples)[0]
    single = [tensor.float() for tensor in (theta, weights, direction)]
    assert relative_error(ours.weighted_gradient(*single[:2]), exact.weighted_gradient(theta, weights)) < 1e-6
    for value, reference in zip(
        ours.adjoint_product(*single), exact.adjoint_product(theta, weights, direction), strict=True
    ):
        assert relative_error(value, reference) < 1e-6


def test_long_run_and_its_gradient_are_as_accurate_as_by_single_operations(monkeypatch):
    steps, loops, exact = 2000, problem(), problem(torch.float64)
    monkeypatch.setattr(devices, "COMPILED", False)
    plain = problem()
    assert loops._loops is not None
    assert plain._loops is None
    weights = random_weights(steps, exact.examples)
    theta0 = torch.zeros(exact.parameters, dtype=torch.float64)
    reference = trajectory.train(exact, theta0, weights, [0.1] * steps)
    errors = {}
    for name, single in {"compiled": loops, "plain": plain}.items():
        run = trajectory.train(single, theta0.float(), weights.float(), [0.1] * steps)
        errors[name] = (
            relative_error(run.stored, reference.stored),
            relative_error(adjoint.gradient(run), adjoint.gradient(reference)),
        )
    assert errors["compiled"][0] < 1e-6
    assert errors["compiled"][1] < max(2e-6, 1.5 * errors["plain"][1])


def test_a_run_whose_weights_are_written_on_the_way_has_the_same_bits():
    ours = problem()
    weights = random_weights(100, ours.examples).float()
    theta0 = torch.zeros(ours.parameters)
    at_once = descend(ours, theta0, weights, [0.1] * 100)
    row_by_row = descend(ours, theta0, weights.clone(), [0.1] * 100, lambda theta, row: None)
    assert torch.equal(at_once, row_by_row)
    uniform = torch.full((1, 1), 1 / ours.examples).expand(100, ours.examples)
    assert torch.equal(
        descend(ours, theta0, uniform, [0.1] * 100), descend(ours, theta0, uniform.clone(), [0.1] * 100)
    )


@pytest.mark.parametrize("start", [torch.nan, torch.inf])
def test_parameters_that_are_not_finite_stay_so(start):
    ours = problem()
    path = descend(ours, torch.full((ours.parameters,), start), random_weights(40, ours.examples).float(), [0.1] * 40)
    assert not path.isfinite().any()


def test_arguments_of_another_shape_are_refused():
    ours = problem()
    theta, weights = torch.zeros(ours.parameters), torch.ones(10, ours.examples)
    with pytest.raises(ValueError, match=r"shape \(5, 300\), expected float32 of shape \(6, 300\)"):
        descend(ours, theta, weights[:5], [0.1] * 6)
    with pytest.raises(ValueError, match="expected float32 of shape"):
        ours.weighted_gradient(theta, weights[0, 1:])
    with pytest.raises(ValueError, match="expected float32 of shape"):
        ours.weighted_gradient(theta[1:], weights[0])
