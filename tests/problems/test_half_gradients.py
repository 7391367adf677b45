"""The gradients of the two halves of a reference set."""

import pytest
import torch

from lawpipe.problems.base import Problem
from lawpipe.problems.perceptron.losses import Perceptron
from tests.small_problems import initial, language_model, perceptron, start

SIZES = {"perceptron": 11, "language_model": 5}


def problem_and_start(name: str) -> tuple[Problem, torch.Tensor]:
    if name == "perceptron":
        small = perceptron()
        return small, start(small)
    text = language_model()
    return text, initial(text)


@pytest.mark.parametrize("name", SIZES)
def test_they_average_to_the_gradient_of_the_set_and_are_not_the_same(name: str) -> None:
    problem, theta = problem_and_start(name)
    even, odd = problem.half_gradients("desired", theta)
    size = SIZES[name]
    mean = ((size - size // 2) * even + size // 2 * odd) / size
    torch.testing.assert_close(mean, problem.reference_gradients("desired", theta.unsqueeze(0))[0])
    assert not torch.allclose(even, odd)


def test_the_first_is_that_of_the_even_examples() -> None:
    problem = perceptron()
    theta, signed = start(problem), problem._references["desired"][:, ::2]
    expected = (signed * torch.sigmoid(theta @ signed)).mean(dim=1)
    torch.testing.assert_close(problem.half_gradients("desired", theta)[0], expected)


def test_of_a_single_example_both_are_its_gradient() -> None:
    problem: Perceptron = perceptron(desired_examples=1)
    theta = start(problem)
    even, odd = problem.half_gradients("desired", theta)
    torch.testing.assert_close(even, odd)
    torch.testing.assert_close(even, problem.reference_gradients("desired", theta.unsqueeze(0))[0])
