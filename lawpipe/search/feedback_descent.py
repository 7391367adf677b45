"""Mirror descent that starts from a policy with feedback, and keeps the feedback while that pays."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import torch
from torch import Tensor

from lawpipe.engine.trajectory import Trajectory
from lawpipe.search import log_weights
from lawpipe.search.accelerated_gradient import project_step_
from lawpipe.search.method import Method, State, Step
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective, Point


class Phase(IntEnum):
    """Where a search is."""

    #: At the conventional policy; next come runs with feedback alone.
    START = 0
    #: At a policy that feedback alone made; next comes one long step without it.
    LEAP = 1
    #: The long step was refused: steps are taken with feedback.
    FEEDBACK = 2
    #: A step with feedback was refused, or the long one was not: mirror descent.
    OPEN = 3


@dataclass
class FeedbackDescent:
    """Descent on the open part u of the log-weights of a policy that reacts to where training is.

        gamma[t] = softmax(u[t] + (gain / s) CT(theta[t])),   CT[n](theta) = <grad L_dsr(theta), grad l_n(theta)>

    with s the standard deviation of CT at theta[0] and u descending as in mirror descent. Changing all T steps along
    their gradient overshoots, because the steps add up and the gradient holds only near the old path: on the paper's
    perceptron such a step must be so short that it gains 5 %. The contributions at the parameters that are reached
    correct for that: feedback alone, u = 0, lowers J to a half there. What the search hands over is the weights that
    came out, a policy as any other, with their exact gradient and gap.

    1. A run with feedback alone. If that does not lower J (training so fast that feedback overshoots), 3. follows.
    2. One long step of mirror descent without feedback. Where it is accepted (short runs, small steps) mirror descent
       goes on. Otherwise u descends with feedback until a step is refused: G is the derivative with respect to the
       weights, which for a policy with feedback is not the whole derivative with respect to u.
    3. Then mirror descent on all log-weights, whose gradient is exact, from the weights in hand. Every `period`-th
       iteration takes a projected step instead, if that lowers J: rows whose gradient is tiny move as far as the
       others in it, and examples of theirs that do not contribute get exact zeros.

    A run with feedback needs the contributions at every step; each is counted as one pass beside its training run.
    """

    gain: float = 8.0
    #: The first step of either kind, in rms(G) as in mirror descent.
    long: float = 3.0
    short: float = 0.3
    period: int = 8
    #: The rate of the projected step, as in accelerated_gradient.
    reach: float = 2.0
    safe: bool = True
    _phase: Phase = field(default=Phase.START, init=False)
    _scale: float = field(default=0.0, init=False)
    _descent: MirrorDescent = field(default_factory=MirrorDescent, init=False)

    def start(self, weights: Tensor) -> None:
        """Begin with u = 0."""
        self._descent.start(weights)
        self._descent.log_weights.zero_()

    def step(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Try what the search's phase asks for, then what comes after it, until a step lowers J."""
        rejected, passes = 0, 0
        # Each in a function of its own, so that the policy of a refused trial is gone before the next is made.
        for attempt in (self._first, self._leap, self._with_feedback, self._project, self._descent.step):
            step = attempt(point, objective, iteration)
            rejected, passes = rejected + step.rejected, passes + step.passes
            if step.trajectory is not None:
                break
        return replace(step, rejected=rejected, passes=passes)

    def _leap(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Try one long step without feedback, once."""
        if self._phase is not Phase.LEAP:
            return _none(point)
        descent, trial = self._descent, torch.empty_like(point.weights)
        log_weights.take_(descent.log_weights, point.weights)
        descent.step_size = self.long
        descent.propose(point, log_weights.root_mean_square(point.gradient), trial, 0.0)
        run, value = objective.train(log_weights.policy_(trial))
        if value < point.objective:
            self._phase = Phase.OPEN
            descent.step_size *= descent.growth
            descent.leaping = False
            return Step(run, value, self.long)
        descent.log_weights.zero_()
        descent.velocity.zero_()
        descent.step_size = self.short
        self._phase = Phase.FEEDBACK
        return _none(point, rejected=1)

    def _with_feedback(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Try a step of the open part with feedback; where J does not fall, go over to mirror descent for good."""
        if self._phase is not Phase.FEEDBACK:
            return _none(point)
        descent, trial = self._descent, torch.empty_like(point.weights)
        tried = descent.step_size
        descent.propose(point, log_weights.root_mean_square(point.gradient), trial, descent.momentum)
        run, value = self._react(objective, trial)
        if value < point.objective:
            descent.step_size *= descent.growth
            return Step(run, value, tried, passes=1)
        log_weights.take_(descent.log_weights, point.weights)
        descent.velocity.zero_()
        # Without feedback only far shorter steps are possible.
        descent.step_size *= 0.1
        descent.leaping = False
        self._phase = Phase.OPEN
        return _none(point, rejected=1, passes=1)

    def _project(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Try a projected step in every `period`-th iteration."""
        if iteration % self.period:
            return _none(point)
        tried, trial = self.reach, point.weights.clone()
        run, value = objective.train(project_step_(trial, point.gradient, tried))
        if value < point.objective:
            self.reach *= 3
            log_weights.take_(self._descent.log_weights, trial)
            self._descent.velocity.zero_()
            return Step(run, value, tried)
        self.reach *= 0.3
        return _none(point, rejected=1)

    def _first(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Run with feedback alone, once; where that does not help, leave it at mirror descent."""
        if self._phase is not Phase.START:
            return _none(point)
        run, value = self._react(objective, torch.zeros_like(point.weights))
        if value < point.objective:
            self._phase = Phase.LEAP
            return Step(run, value, self.gain, passes=1)
        self._phase = Phase.OPEN
        return _none(point, rejected=1, passes=1)

    def _react(self, objective: Objective, rows: Tensor) -> tuple[Trajectory, float]:
        """Train with feedback on the open log-weights `rows` [T, N], which become the weights that came out."""
        problem = objective.problem

        def write_row(theta: Tensor, row: Tensor) -> None:
            slope = problem.reference_gradients("desired", theta.unsqueeze(0))[0]
            contributions = problem.contributions(theta, slope)
            # theta[0] is the same in every run, so this is its first step.
            self._scale = self._scale or max(float(contributions.std()), 1e-300)
            row.add_(contributions, alpha=self.gain / self._scale)
            log_weights.policy_(row.unsqueeze(0))

        return objective.train(rows, write_row)

    def state(self) -> State:
        """Return the phase, the feedback's gain and scale, the projection's reach and the descent's state."""
        own = {"phase": float(self._phase), "gain": self.gain, "scale": self._scale, "reach": self.reach}
        return own | self._descent.state()

    def restore(self, state: State) -> None:
        """Take up what `state` returned."""
        self._phase = Phase(int(state["phase"]))
        self.gain, self._scale, self.reach = (float(state[name]) for name in ("gain", "scale", "reach"))
        self._descent.restore(state)


def _none(point: Point, rejected: int = 0, passes: int = 0) -> Step:
    """Return that no step was taken, and what was tried for it."""
    return Step(None, point.objective, 0.0, rejected, passes)


def make(settings: Mapping[str, Any]) -> Method:
    """Return the method of an experiment's `search` block; it has nothing to tune."""
    return FeedbackDescent()
