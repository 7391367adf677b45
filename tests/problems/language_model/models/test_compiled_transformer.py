"""The compiled loops of the Transformer, against the model in float64 under automatic differentiation."""

import numpy as np
import pytest
import torch

from lawpipe.compute import devices
from lawpipe.data.specials import PAD
from lawpipe.engine import adjoint, trajectory
from lawpipe.problems.language_model.losses import LanguageModel
from lawpipe.problems.language_model.models import compiled_transformer
from lawpipe.problems.language_model.models.transformer import Transformer
from lawpipe.search import feedback_descent

CPU = torch.device("cpu")
WORDS, LENGTH = 29, 9

MODELS = {
    "two layers": Transformer(WORDS, LENGTH, 8, 2, 2),
    "one layer and head": Transformer(WORDS, LENGTH, 4, 1, 1),
    "three layers": Transformer(WORDS, LENGTH + 3, 6, 3, 3),
}


def windows(count):
    """Random windows; every third ends in pads."""
    tokens = np.random.default_rng(1).integers(PAD + 1, WORDS, (count, LENGTH + 1))
    tokens[::3, -4:] = PAD
    return tokens


def problems(model, examples=11):
    train, references = windows(examples), {"desired": windows(4)}
    return [LanguageModel(model, train, references, dtype, CPU) for dtype in (torch.float32, torch.float64)]


def parameters(model, scale=1.0, seed=2):
    generator = np.random.default_rng(seed)
    values = [torch.from_numpy(value).flatten() for value in model.initialise(generator).values()]
    return scale * torch.cat(values) + 0.1 * torch.from_numpy(generator.standard_normal(sum(map(len, values))))


def assert_close(value, reference):
    assert float((value.double() - reference).norm() / reference.norm()) < 2e-6


@pytest.fixture(params=["one micro-batch", "several"])
def sizes(request, monkeypatch):
    """All sequences at once, and two at a time with logits of four tokens at a time; the last are fewer."""
    if request.param == "several":
        monkeypatch.setattr(compiled_transformer, "STATES", 0)
        monkeypatch.setattr(compiled_transformer, "FEWEST", 2 * LENGTH)


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize("name", MODELS)
def test_losses_gradients_and_products_equal_those_of_the_model_in_float64(name):
    model = MODELS[name]
    single, exact = problems(model)
    assert single._loops is not None
    assert exact._loops is None
    theta, direction = parameters(model), parameters(model, scale=0.5).flip(0)
    weights = torch.linspace(-1, 2, exact.examples, dtype=torch.float64)
    weights[[2, 5]] = 0
    floats = [tensor.float() for tensor in (theta, weights, direction)]
    assert_close(single.losses(floats[0]), exact.losses(theta))
    assert_close(single.weighted_gradient(*floats[:2]), exact.weighted_gradient(theta, weights))
    assert_close(single.contributions(floats[0], floats[2]), exact.contributions(theta, direction))
    for value, reference in zip(
        single.adjoint_product(*floats), exact.adjoint_product(theta, weights, direction), strict=True
    ):
        assert_close(value, reference)
    stacked = torch.stack([theta, direction])
    assert_close(
        single.reference_gradients("desired", stacked.float()), exact.reference_gradients("desired", stacked)
    )
    np.testing.assert_allclose(
        single.reference_losses("desired", stacked.float()), exact.reference_losses("desired", stacked), rtol=1e-6
    )


@pytest.mark.usefixtures("sizes")
def test_losses_that_come_with_gradients_have_the_bits_of_losses_alone():
    single, exact = problems(MODELS["two layers"])
    thetas = torch.stack([parameters(single.model), parameters(single.model, scale=0.5)])
    losses, gradients = single.reference_terms("desired", thetas.float())
    assert losses.tolist() == single.reference_losses("desired", thetas.float()).tolist()
    assert torch.equal(gradients, single.reference_gradients("desired", thetas.float()))
    losses, gradients = exact.reference_terms("desired", thetas)
    assert losses is None
    assert torch.equal(gradients, exact.reference_gradients("desired", thetas))


def test_a_backward_pass_gives_the_curve_and_a_run_with_feedback_its_gradients(monkeypatch):
    single, _ = problems(MODELS["two layers"])
    theta, weights = parameters(single.model).float(), torch.full((7, 11), 1 / 11)
    by_losses, by_gradients = (trajectory.train(single, theta, weights, [0.1] * 7) for _ in range(2))
    expected = by_losses.curve("desired").tolist(), adjoint.gradient(by_losses)
    adjoint.gradient(by_gradients)
    monkeypatch.setattr(single, "reference_losses", None)
    assert by_gradients.curve("desired").tolist() == expected[0]
    slopes = feedback_descent.Slopes(single, 7)
    run = trajectory.train(single, theta, weights, [0.1] * 7, write_row=lambda theta, row: slopes.at(theta))
    slopes.keep_in(run)
    monkeypatch.setattr(single, "reference_terms", None)
    assert run.curve("desired").tolist() == expected[0]
    assert torch.equal(adjoint.gradient(run), expected[1])


@pytest.mark.parametrize("limit", [0, 3])
def test_gradients_beyond_the_limit_or_of_a_run_that_ended_early_are_not_kept(limit, monkeypatch):
    single, _ = problems(MODELS["one layer and head"])
    theta, weights = parameters(single.model).float(), torch.full((7, 11), 1 / 11)
    if limit:
        monkeypatch.setattr(feedback_descent, "SLOPE_BYTES", limit * theta.nbytes)
    slopes = feedback_descent.Slopes(single, 7)
    for _ in range(7 if limit else 4):
        slopes.at(theta)
    assert len(slopes._gradients) == (0 if limit else 4)  # where the whole run has no room, none takes any
    run = trajectory.train(single, theta, weights, [0.1] * 7)
    slopes.keep_in(run)
    assert run.curves == run.gradients == {}


def test_examples_without_weight_take_no_part():
    single, _ = problems(MODELS["two layers"])
    theta = parameters(single.model).float()
    weights = torch.zeros(single.examples)
    contributions, product = single.adjoint_product(theta, weights, theta)
    assert torch.equal(product, torch.zeros_like(theta))
    assert torch.equal(single.weighted_gradient(theta, weights), torch.zeros_like(theta))
    assert torch.equal(contributions, single.contributions(theta, theta))


def test_large_logits_lose_no_more_than_in_single_operations(monkeypatch):
    loops, exact = problems(MODELS["two layers"])
    monkeypatch.setattr(devices, "COMPILED", False)
    plain, _ = problems(MODELS["two layers"])
    weights = torch.full((exact.examples,), 1 / exact.examples, dtype=torch.float64)
    errors = []
    # The errors of one set of parameters differ by chance, by a factor of 0.2 to 2.
    for seed in range(8):
        theta = parameters(exact.model, scale=30.0, seed=seed)
        reference, losses = exact.weighted_gradient(theta, weights), exact.losses(theta)
        errors += [
            (
                float((problem.losses(theta.float()).double() / losses - 1).abs().max()),
                float((problem.weighted_gradient(theta.float(), weights.float()).double() - reference).norm()),
            )
            for problem in (loops, plain)
        ]
    of_loops, of_operations = (np.exp(np.log(errors[part::2]).mean(axis=0)) for part in (0, 1))
    assert of_loops[0] < max(1e-5, 2 * of_operations[0])
    assert of_loops[1] < 2 * of_operations[1]


def test_same_bits_at_every_call():
    single, _ = problems(MODELS["two layers"])
    theta = parameters(single.model).float()
    weights = torch.full((single.examples,), 1 / single.examples)
    first, again = (single.adjoint_product(theta, weights, theta) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_parameters_that_are_not_finite_give_losses_that_are_not():
    single, _ = problems(MODELS["two layers"])
    theta = torch.full((single.parameters,), torch.nan)
    assert bool(single.losses(theta).isnan().all())
    weights = torch.full((single.examples,), 1.0)
    assert bool(single.weighted_gradient(theta, weights).isnan().any())


def test_without_numba_the_model_itself_is_used(monkeypatch):
    monkeypatch.setattr(devices, "COMPILED", False)
    assert problems(MODELS["two layers"])[0]._loops is None


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="the windows hold tokens 0 to 29, expected 0 to 28"):
        LanguageModel(MODELS["two layers"], np.array([[0, 29]]), {}, torch.float32, CPU)
    single, _ = problems(Transformer(WORDS, LENGTH - 1, 8, 2, 2))
    with pytest.raises(ValueError, match="the sequences have 9 tokens, the model has 8 positions"):
        single.losses(parameters(single.model).float())


class Halved(Transformer):
    """A model that computes something else."""

    def hidden(self, parameters, tokens):
        return 0.5 * super().hidden(parameters, tokens)


def test_a_model_that_computes_something_else_has_no_loops():
    single, exact = problems(Halved(WORDS, LENGTH, 8, 2, 2))
    theta = parameters(single.model)
    assert single._loops is None
    assert_close(single.losses(theta.float()), exact.losses(theta))


def test_parameters_of_another_size_are_refused():
    single, _ = problems(MODELS["two layers"])
    with pytest.raises(ValueError, match="expected float32 of shape"):
        single.losses(torch.zeros(single.parameters + 1))


def test_many_windows_are_computed_in_several_calls(monkeypatch):
    monkeypatch.setattr(compiled_transformer, "CALL", 1)
    monkeypatch.setattr(compiled_transformer, "STATES", 0)
    monkeypatch.setattr(compiled_transformer, "FEWEST", 2 * LENGTH)
    single, exact = problems(MODELS["two layers"])
    theta = parameters(single.model)
    weights = torch.linspace(0, 1, exact.examples, dtype=torch.float64)
    assert_close(single.weighted_gradient(theta.float(), weights.float()), exact.weighted_gradient(theta, weights))
    pairs = zip(
        single.adjoint_product(theta.float(), weights.float(), theta.float()),
        exact.adjoint_product(theta, weights, theta),
        strict=True,
    )
    for value, reference in pairs:
        assert_close(value, reference)
