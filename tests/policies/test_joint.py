"""One rule for training and desired examples: its weights, and the rate that cross-validation chooses."""

from pathlib import Path

import pytest

from lawpipe.engine import setup
from lawpipe.engine.trajectory import Trajectory
from lawpipe.policies import joint, rates, variants
from lawpipe.policies.base import Context, Problem, Rule, Tensor
from lawpipe.problems.base import HELD_OUT
from lawpipe.run.errors import InputError
from tests.scripts.test_training_stages import SETTINGS, prepare

NAMED = SETTINGS | {"policy": "noise_model_mixed_tuned"}


def scored(score: float) -> joint.RuleOf:
    """Return the rule that scores training examples 1 and desired examples `score`."""

    def rule(problem: Problem) -> Rule:
        def scores(theta: Tensor) -> Tensor:
            row = theta.new_ones(problem.examples)
            row[problem.examples - problem.joined :] = score
            return row

        return scores

    return rule


RULES = {"without": scored(0), "with": scored(3)}


def test_the_weights_are_the_scores_of_the_last_rule_divided_by_their_sum(tmp_path: Path) -> None:
    made = joint.make(Context(NAMED, prepare(tmp_path, NAMED)), "own", RULES)
    training, desired = (NAMED["data"][name] for name in ("train_examples", "desired_examples"))
    assert made.weights == pytest.approx(1 / (training + 3 * desired))
    assert made.desired_weight == pytest.approx(3 * desired / (training + 3 * desired))


def test_rule_and_rate_are_the_best_on_examples_that_were_not_trained_on(tmp_path: Path) -> None:
    context = Context(NAMED, prepare(tmp_path, NAMED))
    made = joint.make(context, "tuned", RULES)
    assert made.tried_rates is not None
    tried = made.tried_rates
    problem, theta0 = setup.from_files(NAMED, context.files)

    def train(part: Problem, row: int) -> Trajectory:
        rates = [tried["learning_rate"][row]] * context.steps
        return joint.train(part.with_desired(), theta0, rates, RULES[tried["rule"][row]], "a test")

    assert set(tried["rule"]) == {*RULES}
    for row, expected in enumerate(tried["objective_held_out"]):
        total = 0.0
        for quarter in range(4):
            part = problem.holding_out(quarter)
            total += train(part, row).objective(HELD_OUT) * part.references[HELD_OUT]
        assert expected == pytest.approx(total / problem.references["desired"], rel=1e-5)
    best = tried["objective_held_out"].index(min(tried["objective_held_out"]))
    assert made.notes["rule"] == tried["rule"][best]
    assert tried["learning_rate"][best] == made.learning_rates[0] == made.notes["tuned_rate"]
    run = train(problem, best)
    assert made.weights == pytest.approx(run.weights[:, : problem.examples].numpy())


def test_a_rule_under_which_training_diverges_at_every_rate_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MOST_DECADES", 0)
    monkeypatch.setattr(rates, "rate", lambda own, k: float("inf"))
    with pytest.raises(InputError, match="noise_model_mixed_tuned diverges"):
        variants.make(Context(NAMED, prepare(tmp_path, NAMED)))


def test_too_few_desired_examples_are_refused_with_a_sentence(tmp_path: Path) -> None:
    settings = NAMED | {"data": NAMED["data"] | {"desired_examples": 3}}
    with pytest.raises(InputError, match=r"data\.desired_examples is 3, expected at least 4"):
        variants.make(Context(settings, prepare(tmp_path, settings)))
