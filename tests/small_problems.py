"""Small problems for tests, and the oracle: plain automatic differentiation through the loop."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from lawpipe.compute import devices
from lawpipe.data.specials import PAD
from lawpipe.engine.measurement import Measurement, measure
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import Problem
from lawpipe.problems.language_model.losses import LanguageModel
from lawpipe.problems.language_model.models.base import Model
from lawpipe.problems.language_model.models.transformer import Transformer
from lawpipe.problems.perceptron import gaussian
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.run.splits import REFERENCES, REQUIRED, SPLITS

DATA = {
    "dimension": 5,
    "train_examples": 37,
    "desired_examples": 11,
    "test_examples": 13,
    "train_variance": 3.0,
    "desired_mean": 0.5,
    "desired_variance": 1.0,
    "flip_fraction": 0.1,
    "flip_by": "chance",
    "duplicates": 0,
    "dependent": 0,
    "folder": None,
}


def perceptron(
    dtype: torch.dtype = torch.float64, seed: int = 0, *, validation: bool = False, **data: float
) -> Perceptron:
    """A small perceptron problem with the given data settings."""
    names = SPLITS if validation else REQUIRED
    splits = gaussian.draw(DATA | {"validation_examples": 12} | data, seed, names)
    train = splits.pop("train")
    return Perceptron(train, splits, dtype, torch.device("cpu"))


def start(problem: Problem, seed: int = 0) -> Tensor:
    """Initial parameters."""
    draw = torch.rand(problem.parameters, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (draw - 0.5).to(problem.dtype)


def random_weights(steps: int, examples: int, dtype: torch.dtype = torch.float64, seed: int = 1) -> Tensor:
    """A policy that is not uniform, with a few exact zeros."""
    draw = torch.rand(steps, examples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    draw = draw * (draw > 0.2)
    return (draw / draw.sum(dim=1, keepdim=True)).to(dtype)


def objective_by_autograd(
    features: Tensor, desired: Tensor, theta0: Tensor, weights: Tensor, rates: list[float]
) -> tuple[float, Tensor]:
    """J and dJ/dgamma by automatic differentiation through training, from signed features [D, N] and [D, K].

    The weights are separate leaves, one a step: indexing a single leaf makes autograd quadratic in T.
    """
    leaves = [row.clone().requires_grad_() for row in weights]
    theta, losses = theta0, []
    for row, rate in zip(leaves, rates, strict=True):
        margins = features.T @ theta
        theta = theta - rate * (features @ (row * torch.sigmoid(margins)))
        losses.append(softplus(desired.T @ theta).mean())
    value = torch.stack(losses).mean()
    return float(value.detach()), torch.stack(torch.autograd.grad(value, leaves))


def windows(count: int, width: int, vocabulary: int, seed: int = 0) -> np.ndarray:
    """Windows of tokens, some of which end in pads."""
    generator = np.random.default_rng(seed)
    tokens = generator.integers(PAD + 1, vocabulary, (count, width))
    ends = generator.integers(2, 2 * width, count)
    return np.where(np.arange(width) < ends[:, None], tokens, PAD)


def language_model(
    dtype: torch.dtype = torch.float64, model: Model | None = None, micro_batch: int | None = None, **options: Any
) -> LanguageModel:
    """A small language model on random tokens."""
    model = model or Transformer(vocabulary=23, length=6, hidden_size=8, layers=2, heads=2)
    references = {"desired": windows(5, 7, 23, 1), "test": windows(4, 7, 23, 2)}
    return LanguageModel(model, windows(13, 7, 23), references, dtype, devices.device("cpu"), micro_batch, **options)


def initial(problem: LanguageModel, seed: int = 0) -> Tensor:
    """The initial parameters of a language model, flat."""
    values = problem.model.initialise(np.random.default_rng(seed)).values()
    return torch.cat([torch.from_numpy(value).flatten() for value in values]).to(problem.dtype)


def objective_through_the_loop(
    losses: Callable[[Tensor], Tensor],
    desired: Callable[[Tensor], Tensor],
    theta0: Tensor,
    weights: Tensor,
    rates: list[float],
) -> tuple[float, Tensor]:
    """J and dJ/dgamma by automatic differentiation through training, from the examples' losses alone."""
    leaves = [row.clone().requires_grad_() for row in weights]
    theta, values = theta0.clone().requires_grad_(), []
    for row, rate in zip(leaves, rates, strict=True):
        (slope,) = torch.autograd.grad(losses(theta) @ row, theta, create_graph=True)
        theta = theta - rate * slope
        values.append(desired(theta).mean())
    value = torch.stack(values).mean()
    return float(value.detach()), torch.stack(torch.autograd.grad(value, leaves))


def measure_one(
    run: Trajectory, steps: Sequence[int], *, norms: bool = True, adjoints_of: Sequence[str] = REFERENCES
) -> Measurement:
    """The measurement of one run."""
    return next(measure([run], steps, norms=[norms], adjoints_of=adjoints_of))
