"""Every policy on a small perceptron and a small language model: what defines it, and that training reproduces it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lawpipe import online
from lawpipe.config import plan
from lawpipe.engine import policy, setup
from lawpipe.engine.policy import Policy
from lawpipe.policies import greedy, inverse_loss, loss_proportional, variants
from lawpipe.policies.base import Context
from lawpipe.policies.catalogue import POLICIES
from lawpipe.problems import examples
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.policies import LEARNING_RATES, POLICY
from scripts import generate_data, initialise, prepare_corpus, search
from tests.scripts.test_text_stages import SETTINGS as TEXT
from tests.scripts.test_training_stages import SETTINGS as PERCEPTRON
from tests.scripts.test_training_stages import call, prepare

CONTROLS = {"controls": {"evaluations": 6}}
NAMES = [name for name in POLICIES if name != "near_optimal"]
TRUSTED = [name for name in NAMES if POLICIES[name].trains_on_desired]
JOINT = ["noise_model_mixed", "noise_model_mixed_tuned"]
MATCHED = [name for name in NAMES if name.endswith("_matched")]
FOLLOWING = {"greedy": greedy, "loss_proportional": loss_proportional, "inverse_loss": inverse_loss}


@dataclass
class Seed:
    """The artifacts of one seed and the policies made from them."""

    settings: dict[str, Any]
    files: dict[str, Path]
    policies: dict[str, Policy]

    def context(self, name: str, **changed: Any) -> Context:
        others = {other: self.policies[other] for other in POLICIES[name].builds_on}
        return Context(self.settings | {"policy": name}, self.files | changed, others)

    def run(self, name: str) -> Any:
        """Train under the policy as any stage would, from its stored numbers."""
        problem, theta0 = setup.from_files(self.settings, self.files)
        if name in TRUSTED:
            problem = problem.with_desired()
        stored = self.policies[name]
        return setup.train_under(problem, theta0, [replace(stored, weights=stored.weights.copy())])[0]

    def objective(self, name: str) -> float:
        return float(self.run(name).objective())


def text(folder: Path, settings: dict[str, Any]) -> dict[str, Path]:
    """Make a language model's data and start."""
    files = {name: folder / f"{name}.parquet" for name in ("train", "desired", "test")}
    tokens = folder / "tokens.parquet"
    corpus = {"tokenizer": folder / "tokenizer.json", "glimpse": folder / "corpus.json"}
    call(prepare_corpus.main, settings, tokens=tokens, **corpus)
    call(generate_data.main, settings, tokens=tokens, **files)
    call(initialise.main, settings, train=files["train"], theta0=folder / "theta0.parquet")
    return files | {"theta0": folder / "theta0.parquet"}


@pytest.fixture(scope="module", params=["perceptron", "language_model"])
def seed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seed:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "perceptron":
        settings = PERCEPTRON | CONTROLS
        files = prepare(folder, settings)
    else:
        settings = TEXT | CONTROLS | {"search": TEXT["search"] | {"iterations": 8}}
        files = text(folder, settings)
    call(search.main, settings, **files, search=folder / "s.parquet", policies=folder, state=folder / ".side-0")
    result = Seed(settings, files, {"near_optimal": policy.load(folder / "near_optimal.parquet")})
    for name in sorted(NAMES, key=lambda name: len(POLICIES[name].builds_on)):
        result.policies[name] = variants.make(result.context(name))
    return result


@pytest.mark.parametrize("name", NAMES)
def test_every_policy_lies_on_the_simplices_and_survives_its_file(seed: Seed, name: str, tmp_path: Path) -> None:
    written = seed.policies[name]
    count = artifacts.read_parquet(seed.files["train"]).num_rows
    assert written.weights.shape == (seed.settings["training"]["steps"], count)
    assert written.weights.dtype == np.float32
    assert written.weights.min() >= 0
    desired = written.desired_weight
    assert (desired is not None) == (name in TRUSTED)
    np.testing.assert_allclose(written.weights.sum(axis=1) + (0 if desired is None else desired), 1, rtol=1e-5)
    assert (written.learning_rates >= 0).all()
    assert (written.learning_rates > 0).any()
    artifacts.write(tmp_path / "p.parquet", POLICY, written.columns("a test"), settings={}, code="")
    loaded = policy.load(tmp_path / "p.parquet")
    np.testing.assert_array_equal(loaded.weights, written.weights)
    np.testing.assert_array_equal(loaded.learning_rates, written.learning_rates)
    np.testing.assert_array_equal(loaded.desired_weight, desired)


@pytest.mark.parametrize("name", sorted({*NAMES} - {*plan.TUNED, "near_optimal_at_tuned_rate"}))
def test_only_tuned_and_matched_policies_leave_the_experiments_rate(seed: Seed, name: str) -> None:
    own = seed.settings["training"]["learning_rate"]
    rates = seed.policies[name].learning_rates
    stop = seed.policies[name].notes.get("stop", len(rates))
    assert (rates[:stop] == own).all() == (name not in MATCHED)
    assert (rates[stop:] == 0).all()


def test_conventional_and_tuned_are_uniform(seed: Seed) -> None:
    for name in ("conventional", "conventional_tuned"):
        weights = seed.policies[name].weights
        assert (weights == np.float32(1 / weights.shape[1])).all()


def test_the_oracle_gives_corrupted_examples_weight_0_and_the_others_equal_weights(seed: Seed) -> None:
    marked = examples.corrupted(seed.files["train"])
    assert 0 < marked.sum() < len(marked)
    for name in ("clean_only", "clean_only_tuned", "clean_only_matched"):
        weights = seed.policies[name].weights
        assert (weights[:, marked] == 0).all()
        assert np.ptp(weights[:, ~marked]) == 0


def test_the_oracle_needs_clean_examples(tmp_path: Path) -> None:
    settings = PERCEPTRON | {"data": PERCEPTRON["data"] | {"flip_fraction": 1.0}, "policy": "clean_only"}
    files = prepare(tmp_path, settings)
    with pytest.raises(InputError, match="clean_only"):
        variants.make(Context(settings, files))


@pytest.mark.parametrize("name", [name for name in plan.TUNED if name not in TRUSTED])
def test_a_tuned_rate_is_inside_its_grid_and_the_best_on_desired(seed: Seed, name: str) -> None:
    tuned = seed.policies[name]
    assert tuned.tried_rates is not None
    assert set(tuned.tried_rates) == set(LEARNING_RATES.columns)
    assert tuned.notes["best_is_interior"]
    rates = tuned.tried_rates["learning_rate"]
    objectives = [np.inf if value is None else value for value in tuned.tried_rates["objective_desired"]]
    index = int(np.argmin(objectives))
    assert 0 < index < len(rates) - 1
    assert rates[index] == tuned.learning_rates[0] == tuned.learning_rates[-1]
    assert seed.objective(name) == pytest.approx(objectives[index], rel=1e-6)
    untuned = "conventional" if name == "conventional_tuned" else name.removesuffix("_tuned")
    assert seed.objective(name) < seed.objective(untuned)


@pytest.mark.parametrize("name", FOLLOWING)
def test_training_again_under_the_stored_weights_goes_through_the_same_points(seed: Seed, name: str) -> None:
    run = seed.run(name)
    for step, theta in enumerate(run.stored[:-1]):
        scores = FOLLOWING[name].rule(run.problem)(theta).double()
        assert scores.sum() > 0
        # The very same parameters give the very same weights, to the last bit.
        np.testing.assert_array_equal(run.weights[step].numpy(), (scores / scores.sum()).float().numpy())


def test_greedy_gives_no_weight_to_what_does_not_contribute(seed: Seed) -> None:
    run = seed.run("greedy")
    negative = 0
    for step, theta in enumerate(run.stored[:-1]):
        direction = run.problem.reference_gradients("desired", theta.unsqueeze(0))[0]
        contributions = run.problem.contributions(theta, direction)
        negative += int((contributions <= 0).sum())
        assert (run.weights[step][contributions <= 0] == 0).all()
        assert (run.weights[step][contributions > 0] > 0).all()
    assert negative > 0


def test_losses_raise_or_lower_the_weights(seed: Seed) -> None:
    for name, sign in (("loss_proportional", 1), ("inverse_loss", -1)):
        run = seed.run(name)
        for step, theta in enumerate(run.stored[:-1]):
            order = torch.argsort(run.problem.losses(theta))
            assert (sign * torch.diff(run.weights[step][order]) >= -1e-7).all()
            assert run.weights[step].max() > run.weights[step].min()


def test_inverse_losses_are_bounded(seed: Seed) -> None:
    run = seed.run("inverse_loss")
    theta = run.stored[0]
    losses = run.problem.losses(theta)
    expected = 1 / (losses + inverse_loss.FLOOR * losses.mean())
    torch.testing.assert_close(run.weights[0], expected / expected.sum())
    assert inverse_loss.rule(run.problem)(theta).max() <= 1 / inverse_loss.FLOOR


def test_static_is_one_row_and_better_than_uniform(seed: Seed) -> None:
    static = seed.policies["static"]
    assert (static.weights == static.weights[0]).all()
    assert np.ptp(static.weights[0]) > 0
    assert seed.objective("near_optimal") < seed.objective("static") < seed.objective("conventional")
    assert seed.objective("static") == pytest.approx(static.notes["objective"], rel=1e-5)


def test_the_search_at_the_tuned_rate_starts_from_the_tuned_policy_and_improves_on_it(seed: Seed) -> None:
    searched = seed.policies["near_optimal_at_tuned_rate"]
    np.testing.assert_array_equal(searched.learning_rates, seed.policies["conventional_tuned"].learning_rates)
    assert seed.objective("near_optimal_at_tuned_rate") < seed.objective("conventional_tuned")
    assert searched.notes["evaluations"] <= CONTROLS["controls"]["evaluations"]


@pytest.mark.parametrize("name", MATCHED)
def test_matched_steps_are_as_long_as_the_conventional_ones(seed: Seed, name: str) -> None:
    matched, conventional = seed.run(name), seed.run("conventional")
    for run in (matched, conventional):
        assert run.whole
    lengths = [
        [
            rate * float(run.problem.weighted_gradient(theta, weights).norm())
            for theta, weights, rate in zip(run.stored[:-1], run.weights, run.learning_rates, strict=True)
        ]
        for run in (matched, conventional)
    ]
    np.testing.assert_allclose(*lengths, rtol=1e-5)
    # And that is not for nothing: at the experiment's rate they were not.
    assert np.ptp(seed.policies[name].learning_rates) > 0


def test_the_matched_search_keeps_its_weights(seed: Seed) -> None:
    matched, own = seed.policies["near_optimal_matched"], seed.policies["near_optimal"]
    np.testing.assert_array_equal(matched.weights, own.weights)


@pytest.mark.parametrize("name", ["online", "online_tuned", "online_matched"])
def test_the_online_weights_are_those_of_its_memory_along_its_run(seed: Seed, name: str) -> None:
    run = seed.run(name)
    memory = online.Memory(run.problem.examples)
    for step, theta in enumerate(run.stored[:-1]):
        halves = run.problem.half_gradients("desired", theta)
        evidence = online.agreement(*halves)
        if evidence > 0:
            memory.update(run.problem.contributions(theta, halves.mean(dim=0)), evidence)
        torch.testing.assert_close(run.weights[step], memory.weights().to(theta))
    assert float(run.weights[-1].max() - run.weights[-1].min()) > 0


@pytest.mark.parametrize("name", [name for name in TRUSTED if name not in JOINT])
def test_of_the_settings_tried_that_with_the_lowest_loss_on_the_held_out_desired_examples_is_taken(
    seed: Seed, name: str
) -> None:
    made = seed.policies[name]
    if not name.endswith("_tuned"):
        assert made.tried_rates is None
        return
    tried = made.tried_rates
    assert tried is not None
    held_out = np.array([np.inf if value is None else value for value in tried["objective_held_out"]])
    best, count = int(np.argmin(held_out)), artifacts.read_parquet(seed.files["desired"]).num_rows
    assert made.desired_weight is not None
    assert (
        tried["share"][best]
        == made.notes["share"]
        == pytest.approx(made.desired_weight.mean(), abs=0.51 / len(made.desired_weight))
    )
    assert tried["stop"][best] == made.notes["stop"]
    assert tried["learning_rate"][best] == made.learning_rates.max()
    # The last rows are of runs with all desired examples: the policy as stored, and the best setting on test.
    whole = [row for row, examples in enumerate(tried["desired_examples"]) if examples == count]
    assert whole == [*range(whole[0], len(held_out))]
    assert np.isinf(held_out[whole]).all()
    run = seed.run(name)
    for against in ("desired", "test"):
        assert run.objective(against) == pytest.approx(tried[f"objective_{against}"][whole[0]], rel=1e-5)
    on_test = [np.inf if value is None else value for value in tried["objective_test"][: whole[0]]]
    oracle = int(np.argmin(on_test))
    assert len(whole) == 1 + (oracle != best)
    for column in ("share", "stop", "learning_rate"):
        assert tried[column][whole[-1]] == tried[column][oracle]


@pytest.mark.parametrize("name", JOINT)
def test_a_rule_for_both_and_its_rate_are_cross_validated(seed: Seed, name: str) -> None:
    made = seed.policies[name]
    if not name.endswith("_tuned"):
        assert made.tried_rates is None
        return
    tried = made.tried_rates
    assert tried is not None
    held_out = np.array([np.inf if value is None else value for value in tried["objective_held_out"]])
    best = int(np.argmin(held_out))
    assert made.notes["best_is_interior"]
    assert made.notes["rule"] == tried["rule"][best]
    assert (made.learning_rates == tried["learning_rate"][best]).all()
    for against in ("desired", "test"):
        assert seed.run(name).objective(against) == pytest.approx(tried[f"objective_{against}"][best], rel=1e-5)


def test_online_weights_share_what_the_desired_examples_leave(seed: Seed) -> None:
    run, count = seed.run("online_mixed"), artifacts.read_parquet(seed.files["train"]).num_rows
    problem, _ = setup.from_files(seed.settings, seed.files)
    memory = online.Memory(count)
    desired = seed.policies["online_mixed"].desired_weight
    assert desired is not None
    for step, theta in enumerate(run.stored[:-1]):
        halves = problem.half_gradients("desired", theta)
        evidence = online.agreement(*halves)
        if evidence > 0:
            memory.update(problem.contributions(theta, halves.mean(dim=0)), evidence)
        expected = memory.weights().to(theta) * (1 - desired[step])
        torch.testing.assert_close(run.weights[step, :count], expected, rtol=1e-4, atol=1e-7)


def test_transferred_to_the_same_setting_is_the_near_optimal_policy_to_the_bit(seed: Seed) -> None:
    moved, own = seed.policies["transferred"], seed.policies["near_optimal"]
    np.testing.assert_array_equal(moved.weights, own.weights)
    assert seed.objective("transferred") == seed.objective("near_optimal") < seed.objective("conventional")


def test_transferred_weights_keep_this_experiments_rate_and_precision(seed: Seed) -> None:
    training = seed.settings["training"] | {"learning_rate": 0.7, "precision": "float64"}
    settings = seed.settings | {"training": training, "policy": "transferred"}
    transferred = variants.make(Context(settings, seed.files, {"near_optimal": seed.policies["near_optimal"]}))
    assert transferred.weights.dtype == np.float64
    assert (transferred.learning_rates == 0.7).all()
    rounded = settings | {"training": training | {"precision": "bfloat16"}}
    transferred = variants.make(Context(rounded, seed.files, {"near_optimal": seed.policies["near_optimal"]}))
    assert transferred.weights.dtype == np.float32


def test_a_rate_at_which_nothing_learns_is_named(tmp_path: Path) -> None:
    settings = PERCEPTRON | {
        "data": PERCEPTRON["data"] | {"train_variance": 1e30},
        "training": PERCEPTRON["training"] | {"learning_rate": 1e30},
        "policy": "conventional_tuned",
    }
    files = prepare(tmp_path, settings)
    with pytest.raises(InputError, match=r"training\.learning_rate"):
        variants.make(Context(settings, files))
