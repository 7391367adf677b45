"""The language-model problem, against automatic differentiation of the library's cross-entropy."""

import sys
from collections.abc import Mapping
from types import ModuleType

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from lawpipe.data.specials import PAD
from lawpipe.engine import adjoint, trajectory
from lawpipe.problems.initial import draw
from lawpipe.problems.language_model.losses import GRAPHS, LanguageModel
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.examples import TOKEN_EXAMPLES
from tests.problems.language_model.models.test_layers import plain_norm
from tests.small_problems import initial, language_model, objective_through_the_loop, random_weights, windows

RATES = [0.5 - 0.05 * step for step in range(6)]


class Smooth:
    """A user's own model of one file: plain operations, no ReLU, and a head that is tied to the embedding."""

    shapes: Mapping[str, tuple[int, ...]] = {"head": (23, 8), "mix": (8, 8), "scale": (8,), "shift": (8,)}

    def initialise(self, generator):
        return {name: generator.standard_normal(shape) / 2 for name, shape in self.shapes.items()}

    def hidden(self, parameters, tokens):
        x = parameters["head"][tokens].cumsum(dim=1) / torch.arange(1, tokens.shape[1] + 1).unsqueeze(1)
        return plain_norm(torch.tanh(x @ parameters["mix"].T), parameters["scale"], parameters["shift"])


def by_library(problem, tokens):
    """The losses of some windows as a function of theta."""
    tokens = torch.from_numpy(tokens)

    def losses(theta):
        parameters = problem._named(theta)
        logits = problem.model.hidden(parameters, tokens[:, :-1]) @ parameters["head"].T
        targets = tokens[:, 1:]
        per_token = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none", ignore_index=PAD)
        return per_token.view_as(targets).sum(dim=1) / (targets != PAD).sum(dim=1)

    return losses


TRAIN, DESIRED = windows(13, 7, 23), windows(5, 7, 23, 1)


@pytest.fixture(params=["transformer", "user's own"])
def problem(request):
    return language_model(model=Smooth() if request.param == "user's own" else None)


def relative_error(value, expected):
    return float((value.double() - expected).norm() / expected.norm())


def test_losses_are_means_over_the_targets_that_are_not_pads(problem):
    theta = initial(problem)
    assert (TRAIN == PAD).any(axis=1).sum() > 3
    torch.testing.assert_close(problem.losses(theta), by_library(problem, TRAIN)(theta), rtol=1e-12, atol=0)
    thetas = torch.stack([theta, 0.5 * theta])
    expected = [float(by_library(problem, DESIRED)(theta).mean()) for theta in thetas]
    np.testing.assert_allclose(problem.reference_losses("desired", thetas), expected, rtol=1e-12)


def test_pads_do_not_matter():
    padded = np.full((13, 7), PAD)
    padded[:, :4] = TRAIN[:, :4]
    model = language_model().model
    short = LanguageModel(model, TRAIN[:, :4], {}, torch.float64, torch.device("cpu"))
    long = LanguageModel(model, padded, {}, torch.float64, torch.device("cpu"))
    theta, direction = initial(short), initial(short, 1)
    torch.testing.assert_close(long.losses(theta), short.losses(theta), rtol=1e-12, atol=0)
    weights = random_weights(1, 13)[0]
    expected = short.adjoint_product(theta, weights, direction)
    torch.testing.assert_close(long.adjoint_product(theta, weights, direction), expected, rtol=1e-11, atol=1e-14)


def test_a_window_without_a_target_weighs_nothing():
    tokens = TRAIN.copy()
    tokens[4, 1:] = PAD
    problem = LanguageModel(language_model().model, tokens, {}, torch.float64, torch.device("cpu"))
    theta, direction = initial(problem), initial(problem, 1)
    contributions, _ = problem.adjoint_product(theta, torch.full((13,), 1 / 13, dtype=torch.float64), direction)
    assert float(problem.losses(theta)[4]) == float(contributions[4]) == float(problem.gradient_norms(theta)[4]) == 0
    assert int((contributions == 0).sum()) == 1


def test_first_derivatives(problem):
    theta, direction = initial(problem), initial(problem, 1)
    jacobian = torch.autograd.functional.jacobian(by_library(problem, TRAIN), theta)
    weights = random_weights(1, 13)[0]
    assert relative_error(problem.weighted_gradient(theta, weights), weights @ jacobian) < 1e-12
    assert relative_error(problem.contributions(theta, direction), jacobian @ direction) < 1e-12
    assert relative_error(problem.gradient_norms(theta), jacobian.norm(dim=1)) < 1e-12
    jacobian = torch.autograd.functional.jacobian(by_library(problem, DESIRED), theta)
    gradients = problem.reference_gradients("desired", torch.stack([theta, theta]))
    assert relative_error(gradients, jacobian.mean(dim=0).expand(2, -1)) < 1e-12


def test_adjoint_product_is_contributions_and_hessian_times_direction(problem):
    theta, direction = initial(problem), initial(problem, 1)
    weights = random_weights(1, 13)[0]
    assert bool((weights == 0).any())
    losses = by_library(problem, TRAIN)
    leaf = theta.clone().requires_grad_()
    (slope,) = torch.autograd.grad(losses(leaf) @ weights, leaf, create_graph=True)
    (expected,) = torch.autograd.grad(slope @ direction, leaf)
    contributions, product = problem.adjoint_product(theta, weights, direction)
    assert relative_error(product, expected) < 1e-12
    assert relative_error(contributions, torch.autograd.functional.jacobian(losses, theta) @ direction) < 1e-12
    h = 1e-7  # small, or differences step over a ReLU's kink
    difference = problem.weighted_gradient(theta + h * direction, weights)
    difference -= problem.weighted_gradient(theta - h * direction, weights)
    assert relative_error(product, difference / (2 * h)) < 1e-6


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_gradient_agrees_with_automatic_differentiation_through_the_loop(dtype, tolerance):
    exact = language_model()
    theta0, weights = initial(exact).float().double(), random_weights(6, 13).float().double()
    losses, desired = by_library(exact, TRAIN), by_library(exact, DESIRED)
    value, expected = objective_through_the_loop(losses, desired, theta0, weights, RATES)
    problem = language_model(dtype)
    run = trajectory.train(problem, theta0.to(dtype), weights.to(dtype), RATES)
    assert run.objective() == pytest.approx(value, rel=tolerance)
    assert relative_error(adjoint.gradient(run), expected) < tolerance


def test_gradient_agrees_with_central_differences():
    problem = language_model(model=Smooth())
    theta0, weights = initial(problem), random_weights(6, 13)
    gradient = adjoint.gradient(trajectory.train(problem, theta0, weights, RATES))
    slopes, expected = [], []
    for step, example in [(0, 0), (0, 5), (2, 12), (5, 7)]:
        values = []
        for sign in (1, -1):
            moved = weights.clone()
            moved[step, example] += sign * 1e-5
            values.append(trajectory.train(problem, theta0, moved, RATES).objective())
        expected.append((values[0] - values[1]) / 2e-5)
        slopes.append(float(gradient[step, example]))
    assert relative_error(torch.tensor(slopes), torch.tensor(expected)) < 1e-7


def test_micro_batches_change_nothing():
    theta, direction = initial(language_model()), initial(language_model(), 1)
    weights = random_weights(1, 13)[0]
    whole, single, some = (language_model(micro_batch=tokens) for tokens in (1000, 1, 24))
    assert [problem._rows for problem in (whole, single, some)] == [166, 1, 4]
    for problem in (single, some):
        for product in ("losses", "gradient_norms"):
            result, expected = (getattr(one, product)(theta) for one in (problem, whole))
            torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-14)
        result, expected = (one.adjoint_product(theta, weights, direction) for one in (problem, whole))
        torch.testing.assert_close(result, expected, rtol=1e-11, atol=1e-14)
        result, expected = (one.weighted_gradient(theta, weights) for one in (problem, whole))
        torch.testing.assert_close(result, expected, rtol=1e-11, atol=1e-14)


SETTINGS = {
    "seed": 0,
    "problem": "language_model",
    "device": "cpu",
    "training": {"precision": "float32"},
    "data": {"tokenizer": {"vocabulary": 23}, "length": 6},
    "model": {"architecture": "transformer", "hidden": 8, "layers": 1, "heads": 2},
}


@pytest.fixture
def split(tmp_path):
    path = tmp_path / "train.parquet"
    columns = {"tokens": TRAIN.astype(np.int32), "perturbed": np.zeros(13, dtype=bool), "story": np.arange(13)}
    artifacts.write(path, TOKEN_EXAMPLES, columns, settings={}, code="")
    return path


def test_from_artifacts_to_losses(split):
    drawn = draw(SETTINGS, split)
    problem = LanguageModel.load(SETTINGS, {"train": split, "desired": split})
    assert (problem.examples, problem.references) == (13, {"desired": 13})
    assert [(name, shape) for name, shape, _ in drawn] == list(problem.model.shapes.items())
    theta = torch.from_numpy(np.concatenate([values for _, _, values in drawn]))
    assert problem.losses(theta).mean() == pytest.approx(problem.reference_losses("desired", theta[None])[0])
    again, other = (draw(SETTINGS | {"seed": seed}, split) for seed in (0, 1))
    np.testing.assert_array_equal(drawn[0][2], again[0][2])
    assert not np.array_equal(drawn[0][2], other[0][2])


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("0", False)])
def test_graphs_are_captured_where_the_environment_asks_for_it(split, monkeypatch, value, expected):
    monkeypatch.setenv(GRAPHS, value)
    assert (LanguageModel.load(SETTINGS, {"train": split})._graphs is not None) == expected


@pytest.mark.parametrize(("precision", "dtype"), [("tf32", torch.float32), ("float64", torch.float64)])
def test_the_precision_of_the_settings(split, precision, dtype):
    problem = LanguageModel.load(SETTINGS | {"training": {"precision": precision}}, {"train": split})
    assert (problem.dtype, problem.precision) == (dtype, precision)


def test_a_users_own_model_is_a_module_of_the_package(split, monkeypatch):
    module = ModuleType("lawpipe.problems.language_model.models.smooth")
    module.build = lambda settings, vocabulary, length: Smooth()
    monkeypatch.setitem(sys.modules, "lawpipe.problems.language_model.models.smooth", module)
    problem = LanguageModel.load(SETTINGS | {"model": {"architecture": "smooth"}}, {"train": split, "desired": split})
    theta = initial(problem)
    run = trajectory.train(problem, theta, torch.full((20, 13), 1 / 13), [0.5] * 20)
    assert run.curve("desired")[-1] < 0.9 * run.curve("desired")[0]


def test_tokens_beyond_the_vocabulary_are_refused(split):
    with pytest.raises(InputError, match=r"data\.tokenizer\.vocabulary"):
        LanguageModel.load(SETTINGS | {"data": {"tokenizer": {"vocabulary": 20}, "length": 6}}, {"train": split})
