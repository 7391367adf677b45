"""Policies with one rule for the training and the desired examples, whose learning rate is cross-validated.

The rule scores the training examples followed by the desired ones, and a step's weights are the scores divided by
their sum. For J of a rate, the policy is trained four times, each time without another quarter of the desired
examples: J is the mean over all of them, each in the run that did not train on it. The policy then trains on all.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from lawpipe.analysis.curves import nulls
from lawpipe.engine import setup, trajectory
from lawpipe.engine.policy import Policy
from lawpipe.engine.trajectory import Trajectory
from lawpipe.policies import rates, runs
from lawpipe.policies.base import Context, Rule
from lawpipe.problems.base import EVERY, HELD_OUT, Problem
from lawpipe.run.errors import InputError

RuleOf = Callable[[Problem], Rule]


@dataclass(frozen=True)
class Trial:
    """One learning rate, with J cross-validated and of the run on all desired examples; infinite if it diverged."""

    learning_rate: float
    objective_held_out: float
    objective_desired: float
    objective_test: float


def make(context: Context, variant: str, rule: RuleOf) -> Policy:
    """Make a variant of a policy: `own` at the experiment's learning rate, `tuned` at the best one.

    `rule` receives the problem `with_desired`. The table of a tuned policy has one row per rate.

    Raises InputError if there are too few desired examples, or if training diverges at every rate.
    """
    whole, theta0 = setup.from_files(context.settings, context.files)
    name = context.settings["policy"]

    def train_on(problem: Problem, rate: float) -> Trajectory:
        return train(problem.with_desired(), theta0, [rate] * context.steps, rule, name)

    if variant == "own":
        return _policy(train_on(whole, context.learning_rate))
    parts = [whole.holding_out(quarter) for quarter in range(EVERY)]
    trials: dict[int, Trial] = {}
    run: Trajectory

    def attempt(k: int) -> float:
        nonlocal run
        rate = rates.rate(context.learning_rate, k)
        on_all = train_on(whole, rate)
        held_out = sum(train_on(part, rate).objective(HELD_OUT) * part.references[HELD_OUT] for part in parts)
        mean = held_out / whole.references["desired"]
        trials[k] = Trial(rate, mean if math.isfinite(mean) else math.inf, *rates.objectives(on_all))
        if min(trials, key=lambda tried: (trials[tried].objective_held_out, tried)) == k:
            run = on_all
        return trials[k].objective_held_out

    best = rates.search(attempt)
    if math.inf in (trials[best].objective_held_out, trials[best].objective_desired):
        raise InputError(
            f"training.learning_rate: training under {name} diverges at {context.learning_rate} and at every rate "
            "near it, expected a rate at which it learns; lower it."
        )
    tried = [trials[k] for k in sorted(trials)]
    columns = {
        "policy": [name] * len(tried),
        "learning_rate": [trial.learning_rate for trial in tried],
        "desired_examples": [whole.references["desired"]] * len(tried),
        "objective_held_out": nulls(trial.objective_held_out for trial in tried),
        "objective_desired": nulls(trial.objective_desired for trial in tried),
        "objective_test": nulls(trial.objective_test for trial in tried),
    }
    notes = {
        "tuned_rate": trials[best].learning_rate,
        "rates_tried": len(tried),
        "best_is_interior": min(trials) < best < max(trials),
    }
    return replace(_policy(run), tried_rates=columns, notes=notes)


def train(problem: Problem, theta0: Tensor, learning_rates: list[float], rule: RuleOf, name: str) -> Trajectory:
    """Train by a rule on the examples of a problem `with_desired`; `name` is the policy's, for messages."""
    weights = theta0.new_empty(len(learning_rates), problem.examples)
    write_row = runs.follow(rule(problem), problem, name)
    return trajectory.train(problem, theta0, weights, learning_rates, write_row=write_row)


def _policy(run: Trajectory) -> Policy:
    """Return the policy of a run; its desired examples have equal weights."""
    weights, joined = run.weights.cpu().numpy(), run.problem.joined
    return Policy(weights[:, :-joined], np.array(run.learning_rates), weights[:, -1].astype(np.float64) * joined)
