"""Policies with rules for the training and the desired examples together, chosen by cross-validation.

A rule scores the training examples followed by the desired ones, and a step's weights are the scores divided by their
sum. For J of a rule at a learning rate, the policy is trained four times, each time without another quarter of the
desired examples: J is the mean over all of them, each in the run that did not train on it. The rule and the rate with
the lowest J are taken, and the policy trains on all desired examples.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

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
    """A rule at a rate, with J cross-validated and of the run on all desired examples; infinite if it diverged."""

    rule: str
    learning_rate: float
    objective_held_out: float
    objective_desired: float
    objective_test: float


class Trials:
    """The training runs under the rules of a policy at rates that are asked for, each once."""

    def __init__(self, context: Context, rules: Mapping[str, RuleOf]) -> None:
        """Prepare the training runs under the rules, by their names."""
        self._context, self._rules = context, rules
        self._whole, self._theta0 = setup.from_files(context.settings, context.files)
        self._parts = [self._whole.holding_out(quarter) for quarter in range(EVERY)]
        #: By rule and point of the grid of rates.
        self.made: dict[tuple[str, int], Trial] = {}
        self._best: tuple[float, Trajectory] | None = None

    @property
    def best(self) -> Trajectory:
        """The run on all desired examples under the setting with the lowest J of those that were asked for."""
        assert self._best is not None
        return self._best[1]

    def objective(self, rule: str, k: int) -> float:
        """Return the cross-validated J of a rule at point k of the grid of rates."""
        rate = rates.rate(self._context.learning_rate, k)
        run = self.on_all(rule, rate)
        desired, test = rates.objectives(run)
        held_out = desired  # where no desired example is trained on
        if run.weights[:, -1].any():
            count = self._whole.references["desired"]
            values = [self._train(part, rule, rate).objective(HELD_OUT) for part in self._parts]
            shares = [part.references[HELD_OUT] / count for part in self._parts]
            held_out = sum(value * share for value, share in zip(values, shares, strict=True))
        held_out = held_out if math.isfinite(held_out) else math.inf
        self.made[rule, k] = Trial(rule, rate, held_out, desired, test)
        if self._best is None or held_out < self._best[0]:
            self._best = (held_out, run)
        return held_out

    def on_all(self, rule: str, rate: float) -> Trajectory:
        """Train on all examples by a rule at a constant learning rate."""
        return self._train(self._whole, rule, rate)

    def _train(self, problem: Problem, rule: str, rate: float) -> Trajectory:
        learning_rates = [rate] * self._context.steps
        name = self._context.settings["policy"]
        return train(problem.with_desired(), self._theta0, learning_rates, self._rules[rule], name)


def make(context: Context, variant: str, rules: Mapping[str, RuleOf]) -> Policy:
    """Make a variant of a policy: `own` by its last rule at the experiment's learning rate, `tuned` by the best.

    A rule receives the problem `with_desired`. The table of a tuned policy has one row per rule and rate.

    Raises InputError if there are too few desired examples, or if training diverges at every setting.
    """
    trials = Trials(context, rules)
    if variant == "own":
        return _policy(trials.on_all([*rules][-1], context.learning_rate))
    k, best = 0, {}
    for rule in rules:
        # Beyond the best rate, J on few examples is erratic: the first one that is worse ends the search.
        k = rates.search(partial(trials.objective, rule), k, above=1)
        best[rule] = trials.made[rule, k]
    chosen = min(best.values(), key=lambda trial: trial.objective_held_out)
    if math.inf in (chosen.objective_held_out, chosen.objective_desired):
        raise InputError(
            f"training.learning_rate: training under {context.settings['policy']} diverges at "
            f"{context.learning_rate} and at every rate near it, expected a rate at which it learns; lower it."
        )
    tried = [
        trials.made[setting] for setting in sorted(trials.made, key=lambda made: ([*rules].index(made[0]), made[1]))
    ]
    columns: dict[str, list[Any]] = {
        "policy": [context.settings["policy"]] * len(tried),
        "rule": [trial.rule for trial in tried],
        "learning_rate": [trial.learning_rate for trial in tried],
        "objective_held_out": nulls(trial.objective_held_out for trial in tried),
        "objective_desired": nulls(trial.objective_desired for trial in tried),
        "objective_test": nulls(trial.objective_test for trial in tried),
    }
    at_rule = [trial.learning_rate for trial in tried if trial.rule == chosen.rule]
    notes = {
        "rule": chosen.rule,
        "tuned_rate": chosen.learning_rate,
        "settings_tried": len(tried),
        "best_is_interior": at_rule[0] < chosen.learning_rate < at_rule[-1],
    }
    return replace(_policy(trials.best), tried_rates=columns, notes=notes)


def train(problem: Problem, theta0: Tensor, learning_rates: list[float], rule: RuleOf, name: str) -> Trajectory:
    """Train by a rule on the examples of a problem `with_desired`; `name` is the policy's, for messages."""
    weights = theta0.new_empty(len(learning_rates), problem.examples)
    write_row = runs.follow(rule(problem), problem, name)
    return trajectory.train(problem, theta0, weights, learning_rates, write_row=write_row)


def _policy(run: Trajectory) -> Policy:
    """Return the policy of a run; its desired examples have equal weights."""
    weights, joined = run.weights.cpu().numpy(), run.problem.joined
    return Policy(weights[:, :-joined], np.array(run.learning_rates), weights[:, -1].astype(np.float64) * joined)
