"""Policies that train on the desired examples too: with which share of the weight, at which rate, and until when.

Whoever has K examples that can be trusted need not weigh others by them: the model can be trained on them. Such a
policy gives the desired examples together the share d[t] of the weight, 1/K of it each. The training examples have
the rest, evenly or by a rule. The candidates for d differ by one number, the mean of d over the steps. Where d is 1
until the end, the run is stopped early: the learning rate is 0 after the step with the lowest held-out loss.

A quarter of the desired examples is held out to choose by: every setting is trained without it, and the one with the
lowest J on it is taken. The policy then trains on all K examples, with the setting and the stop of that run.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lawpipe.analysis.curves import nulls
from lawpipe.engine import setup, trajectory
from lawpipe.engine.descent import WriteRow
from lawpipe.engine.policy import Policy
from lawpipe.engine.trajectory import Trajectory
from lawpipe.policies import rates, runs
from lawpipe.policies.base import Context, Rule
from lawpipe.problems.base import HELD_OUT, Problem
from lawpipe.run import registry
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES

Floats = npt.NDArray[np.float64]
RuleOf = Callable[[Problem], Rule]


@dataclass(frozen=True)
class Trial:
    """A setting with its training run: mean share of the desired examples, rate, step after which the rate is 0.

    J in nats, infinite if training diverged. `objective_held_out` is NaN if no desired example was held out.
    """

    share: float
    learning_rate: float
    stop: int
    desired_examples: int
    objective_held_out: float
    objective_desired: float
    objective_test: float


class Trials:
    """The training runs without the held-out quarter under settings that are asked for, each once."""

    def __init__(self, context: Context, candidates: Mapping[float, Floats], rule: RuleOf | None) -> None:
        """Prepare the training runs of a policy, whose `candidates` for d [T] go by their mean."""
        self._context, self._candidates, self._rule = context, candidates, rule
        self._whole, self._theta0 = setup.from_files(context.settings, context.files)
        self._part = self._whole.holding_out()
        #: The number of desired examples that settings are chosen by.
        self.held_out = self._part.references[HELD_OUT]
        #: Whether runs stop early.
        self.early = registry.variant(context.settings["policy"]) == "tuned"
        #: By share and point of the grid of rates.
        self.made: dict[tuple[float, int], Trial] = {}

    def objective(self, share: float, k: int) -> float:
        """Return J on the held-out desired examples at point k of the grid of rates."""
        if (share, k) not in self.made:
            self.made[share, k] = self._attempt(share, rates.rate(self._context.learning_rate, k))
        return self.made[share, k].objective_held_out

    def _attempt(self, share: float, rate: float) -> Trial:
        steps = self._context.steps
        run = self._train(self._part, share, [rate] * steps)
        ends = self._candidates[share] if self.early else np.zeros(steps)
        curves = {against: run.curve(against) for against in (HELD_OUT, *REFERENCES)}
        stop = stop_early(curves[HELD_OUT], ends)
        held_out, *others = (mean_until(curve, stop) for curve in curves.values())
        return Trial(share, rate, stop, self._part.references["desired"], held_out, *others)

    def on_all(self, trial: Trial) -> tuple[Trajectory, Trial]:
        """Train on all desired examples under the setting of a trial."""
        learning_rates = [trial.learning_rate] * trial.stop + [0.0] * (self._context.steps - trial.stop)
        run = self._train(self._whole, trial.share, learning_rates)
        count = self._whole.references["desired"]
        return run, Trial(trial.share, trial.learning_rate, trial.stop, count, math.nan, *rates.objectives(run))

    def _train(self, problem: Problem, share: float, learning_rates: list[float]) -> Trajectory:
        return train(
            problem,
            self._theta0,
            self._candidates[share],
            learning_rates,
            rule=self._rule,
            name=self._context.settings["policy"],
        )


def make(context: Context, variant: str, candidates: Mapping[float, Floats], rule: RuleOf | None) -> Policy:
    """Make a variant of a policy from the candidates for the desired examples' share of the weight, by their mean.

    `own` is at the experiment's learning rate at every step, `tuned` at the best one and stopped early. `rule` weighs
    the training examples among themselves, by default evenly.

    The table of a tuned policy has one row per training run: those without the held-out quarter, and with all desired
    examples that of the policy and that of the setting which is best on test (an oracle).

    Raises InputError if there are too few desired examples, or if training diverges at every setting.
    """
    name = context.settings["policy"]
    trials = Trials(context, candidates, rule)
    share, k = search(trials.objective, [*candidates], tuned=variant == "tuned")
    best = trials.made[share, k]
    run, result = trials.on_all(best)
    if math.inf in (best.objective_held_out, result.objective_desired):
        raise InputError(
            f"training.learning_rate: training under {name} diverges at {best.learning_rate}, the best rate that was "
            "tried, expected a rate at which it learns; lower it."
        )
    examples = run.problem.examples - run.problem.joined
    made = Policy(run.weights[:, :examples].cpu().numpy(), np.array(run.learning_rates), candidates[share])
    notes = {"share": share, "stop": best.stop, "settings_tried": len(trials.made), "held_out": trials.held_out}
    if variant == "own":
        return replace(made, notes=notes)
    points = [point for of_share, point in trials.made if of_share == share]
    notes |= {"tuned_rate": best.learning_rate, "best_is_interior": min(points) < k < max(points)}
    tried = [trials.made[setting] for setting in sorted(trials.made)]
    oracle = min(tried, key=lambda trial: trial.objective_test)
    tried += [result] if oracle is best else [result, trials.on_all(oracle)[1]]
    return replace(made, tried_rates=columns(name, tried), notes=notes)


def search(objective: Callable[[float, int], float], shares: list[float], *, tuned: bool) -> tuple[float, int]:
    """Return the share and the point of the grid of rates with the lowest objective of those that are tried.

    Shares are tried in their order as long as the next one is better, each at its own best rate (see `rates.search`);
    without `tuned` all at point 0.
    """
    k, best = 0, math.inf
    chosen = (shares[0], k)
    for share in shares:
        at_share = partial(objective, share)
        k = rates.search(at_share, k) if tuned else k
        if at_share(k) > best:
            break
        chosen, best = (share, k), at_share(k)
    return chosen


def stop_early(losses: Floats, desired_weight: Floats) -> int:
    """Return the step with the lowest of the losses [T+1] after the last with weight on training examples.

    `desired_weight` is d, [T]. If it is below 1 at the last step, this is step T.
    """
    mixed = np.flatnonzero(desired_weight < 1)
    first = int(mixed[-1]) + 1 if len(mixed) else 0
    return first + int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)[first:]))


def mean_until(losses: Floats, stop: int) -> float:
    """Return the mean of the losses [T+1] over t = 1..T if they stay after `stop`; infinite if it is not finite."""
    mean = float(losses[np.minimum(np.arange(1, len(losses)), stop)].mean())
    return mean if math.isfinite(mean) else math.inf


def train(
    problem: Problem,
    theta0: Tensor,
    desired_weight: Floats,
    learning_rates: list[float],
    *,
    rule: RuleOf | None = None,
    name: str = "",
) -> Trajectory:
    """Train on the training examples of a problem and its desired ones, which have `desired_weight` [T] together.

    The training examples share the rest evenly, or by `rule`; `name` is the policy's, for messages.
    """
    joined, examples = problem.with_desired(), problem.examples
    left = theta0.new_tensor(1 - desired_weight)
    weights = setup.join((left / examples).unsqueeze(1).expand(-1, examples), desired_weight, joined.joined)
    write_row = None if rule is None else _share_out(runs.follow(rule(problem), problem, name), examples, left)
    return trajectory.train(joined, theta0, weights, learning_rates, write_row=write_row)


def _share_out(write_row: WriteRow, examples: int, left: Tensor) -> WriteRow:
    """Return the function that writes the weights of the training examples so that those of step t sum to left[t]."""
    totals = iter(left)

    def write(theta: Tensor, row: Tensor) -> None:
        write_row(theta, row[:examples])
        row[:examples] *= next(totals)

    return write


def columns(policy: str, trials: list[Trial]) -> dict[str, list[Any]]:
    """Return the columns of the artifact table `learning_rates`; a J that is not finite is null."""
    result: dict[str, list[Any]] = {"policy": [policy] * len(trials)}
    for name in ("learning_rate", "share", "stop", "desired_examples"):
        result[name] = [getattr(trial, name) for trial in trials]
    for name in ("objective_held_out", "objective_desired", "objective_test"):
        result[name] = nulls(getattr(trial, name) for trial in trials)
    return result
