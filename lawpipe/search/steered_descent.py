"""Steering and mirror descent: a search for the perceptron at learning rates beyond the edge of stability."""

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lawpipe.analysis import replay
from lawpipe.engine import stability
from lawpipe.engine.descent import WriteRow
from lawpipe.engine.trajectory import Trajectory
from lawpipe.search import log_weights
from lawpipe.search.dynamic_programming import control_of
from lawpipe.search.method import Method, State, Step
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Iterate, Objective

if TYPE_CHECKING:
    from lawpipe.problems.perceptron.control import Control, Path

#: Norms of the targets that the first run steers to, rising; and the norm of a later target as a multiple of |theta|.
NORMS = (23.0, 28.0, 34.0, 41.0, 50.0, 60.0)
FACTOR = 8.0

#: Steps of the first run that are kept before the feedback, and its gains.
KEPT = (20, 40)
GAINS = (3.0, 4.0, 5.0, 6.0, 8.0)

#: The first step from which a policy's curve counts.
SETTLED = 6

#: Seed of the moved weights, other than those with which the training stage judges the result.
MOVED = 2**31


@dataclass(frozen=True)
class Holding(Objective):
    """J, infinite for a policy that does not hold, if its J is below `ceiling`.

    A policy holds if J of its weights moved by 1e-6 agrees with it (`analysis.replay`), and its desired loss is
    nowhere above `limit` [T+1] from step 6 on.
    """

    ceiling: float
    limit: Tensor
    #: One entry per replay.
    replays: list[float] = field(default_factory=list)

    def train(self, weights: Tensor, write_row: WriteRow | None = None) -> tuple[Trajectory, float]:
        """Train under a policy; return the run and its J, infinite if the policy does not hold."""
        run, value = super().train(weights, write_row)
        return run, value if not value < self.ceiling or self._holds(run, value) else math.inf

    def _holds(self, run: Trajectory, value: float) -> bool:
        if bool((run.curve("desired")[SETTLED:] > self.limit.numpy()[SETTLED:]).any()):
            return False
        _, replayed = super().train(stability.moved(run.weights, MOVED))
        self.replays.append(replayed)
        return replay.agrees(replayed / value - 1)


@dataclass
class SteeredDescent(Method):
    """Begins with steered runs, goes on with feedback along the way to the target, then with mirror descent.

    1. Runs whose every step comes nearest to a target on the regularisation path of the desired loss (see
       `problems.perceptron.control`), for each of NORMS. They do not overshoot, but few examples have weight, and far
       targets give weights that do not give their run again.
    2. Runs that keep the first steps of the best of them, and then follow the target by weights of many examples,

           gamma[t] = softmax((gain / s) c),   c[n] = <theta[t] - target, grad l_n(theta[t])> / |theta[t] - target|

       where s is the standard deviation of c at the first such step.
    3. Mirror descent.

    Of all policies only those that hold are taken (see `Holding`): beyond the edge of stability others have a lower
    J, which belongs to one run and not to the policy. A steered run and training under its weights count as a pass
    each, a run with feedback as one, a replay as a rejected run.
    """

    #: The desired loss under the conventional policy, [T+1].
    limit: Tensor = field(default_factory=lambda: torch.empty(0), init=False, repr=False)
    _descent: MirrorDescent = field(default_factory=MirrorDescent, init=False, repr=False)

    def start(self, weights: Tensor) -> None:
        """Start mirror descent, which `step` restarts at the best policy with feedback."""
        self._descent.start(weights)

    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Take the runs with feedback in iteration 1, a step of mirror descent in every other one."""
        if iteration > 1:
            return self._descend(current, objective, iteration)
        self.limit = torch.from_numpy(current.trajectory.curve("desired"))
        control = control_of(objective)
        targets = control.targets()
        best, passes, replays = Step(None, current.objective, 0.0), 0, 0
        first: Path | None = None
        norm = 0.0
        for least in NORMS:
            path = control.steer(targets, 0.0, least)
            passes += 2  # the quadratic programs, and training under the weights
            holding = self._holding(objective, current, best.objective)
            run, value = holding.train(path.policy(current.weights))
            replays += len(holding.replays)
            if not value < best.objective:
                continue
            best, first, norm = Step(run, value, least, feedback=control.objective(path)), path, least
        if first is not None:
            rows = first.policy(current.weights)
            for kept in KEPT:
                for gain in GAINS:
                    follow = self._feedback(objective, control, targets, rows[:kept], norm, gain)
                    holding = self._holding(objective, current, best.objective)
                    run, value = holding.train(rows.clone(), follow)
                    passes += 1
                    replays += len(holding.replays)
                    if value < best.objective:
                        best = Step(run, value, gain, feedback=value)
        if best.trajectory is None:
            best = self._descend(current, objective, iteration)
        else:
            log_weights.take_(self._descent.log_weights, best.trajectory.weights)
            self._descent.velocity.zero_()
        return replace(best, rejected=best.rejected + replays, passes=passes)

    def _descend(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Take a step of mirror descent to a policy that holds."""
        holding = self._holding(objective, current)
        step = self._descent.step(current, holding, iteration)
        return replace(step, rejected=step.rejected + len(holding.replays))

    def _holding(self, objective: Objective, current: Iterate, ceiling: float = math.inf) -> Holding:
        """Return an objective that refuses policies that do not hold, below J of the current one and the ceiling."""
        lowest = min(ceiling, current.objective)
        return Holding(objective.problem, objective.theta0, objective.learning_rates, lowest, self.limit)

    @staticmethod
    def _feedback(
        objective: Objective, control: "Control", targets: tuple[Any, Any], kept: Tensor, norm: float, gain: float
    ) -> WriteRow:
        """Return the function that leaves the rows `kept` as they are, and writes those after them with feedback."""
        problem = objective.problem
        count, scale = 0, 0.0

        def write_row(theta: Tensor, row: Tensor) -> None:
            nonlocal count, scale
            count += 1
            if count <= len(kept):
                return
            contributions = problem.contributions(theta, control.away(theta, targets, FACTOR, norm))
            scale = scale or max(float(contributions.std()), 1e-300)
            row.copy_(contributions.mul_(gain / scale))
            log_weights.policy_(row.unsqueeze(0))

        return write_row

    def state(self) -> State:
        """Return all fields, those of mirror descent among them."""
        return {"limit": self.limit, **self._descent.state()}

    def restore(self, state: State) -> None:
        """Continue from a state that `state` returned."""
        self.limit = state["limit"].cpu()
        self._descent.restore({name: value for name, value in state.items() if name != "limit"})


make = SteeredDescent.of
