"""Mirror descent that starts from a feedback policy, and keeps the feedback as long as J falls."""

from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from lawpipe.compute.limits import SLOPE_BYTES
from lawpipe.engine.trajectory import Curve, Trajectory
from lawpipe.problems.base import Problem
from lawpipe.search import log_weights, projected_step
from lawpipe.search.method import Method, State, Step
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Iterate, Objective


class Phase(IntEnum):
    """The next kind of step."""

    #: A run with feedback alone.
    START = 0
    #: One long step of mirror descent without feedback.
    LONG_STEP = 1
    #: Mirror descent on the offsets of a policy with feedback.
    FEEDBACK = 2
    #: Mirror descent on all log-weights.
    MIRROR_DESCENT = 3


class Slopes:
    """The gradients of the desired loss on the way of a run, which the backward pass of the same run needs again."""

    def __init__(self, problem: Problem, steps: int) -> None:
        """Begin with no gradient of the run of T = `steps` steps."""
        self._problem = problem
        self._steps = steps
        self._losses: list[Curve] = []
        self._gradients: list[Tensor] = []

    def at(self, theta: Tensor) -> Tensor:
        """Return grad L_dsr(theta), [P]; keep both if the loss comes with it and all T + 1 have room."""
        losses, gradients = self._problem.reference_terms("desired", theta.unsqueeze(0))
        if losses is not None and (self._steps + 1) * theta.nbytes <= SLOPE_BYTES:
            self._losses.append(losses)
            self._gradients.append(gradients)
        return gradients[0]

    def keep_in(self, run: Trajectory) -> None:
        """Give a run that went from theta[0] to the end what was kept, if that is all of it."""
        if run.whole and len(self._gradients) == run.steps:
            self.at(run.last)
        if len(self._gradients) == run.steps + 1:
            run.curves["desired"] = np.concatenate(self._losses)
            run.gradients["desired"] = torch.cat(self._gradients)


@dataclass
class FeedbackDescent(Method):
    """Mirror descent that begins on the offsets u of a policy with feedback from the training run.

        gamma[t] = softmax(u[t] + (gain / s) CT(theta[t])),   CT[n](theta) = <grad L_dsr(theta), grad l_n(theta)>

    where s is the standard deviation of CT at theta[0]. A step that changes the weights of all T steps along their
    gradient overshoots: the changes add up along the run, and the gradient holds only near the old trajectory. On the
    paper's perceptron such a step must be so short that J falls by 5 %. Contributions at the parameters that are
    actually reached correct for this: feedback alone, u = 0, halves J there. The search passes on the weights that
    result, an ordinary policy with its exact gradient and gap.

    Phases:

    1. A run with feedback alone. If it does not lower J (the learning rate is so large that feedback overshoots),
       phase 3 follows.
    2. One long step of mirror descent without feedback. If it is accepted (short runs, small learning rates), phase 3
       follows. Otherwise mirror descent on u with feedback, until a step is rejected: G = dJ/dgamma is only a part of
       dJ/du, because the feedback changes with the trajectory.
    3. Mirror descent on all log-weights, for which G is the exact gradient. Every `period`-th iteration first tries a
       projected step (see `projected_step`), in which rows with a tiny gradient move as far as the others and
       examples that do not contribute get exact zeros.

    A run with feedback computes CT at every step; this counts as one pass in addition to the training run.
    """

    gain: float = 8.0
    #: Step size of the long step and first step size with feedback, as in mirror descent.
    long: float = 3.0
    short: float = 0.3
    period: int = 8
    #: Rate of the next projected step.
    rate: float = 2.0
    _phase: Phase = field(default=Phase.START, init=False)
    _scale: float = field(default=0.0, init=False)
    _descent: MirrorDescent = field(default_factory=MirrorDescent, init=False)

    def start(self, weights: Tensor) -> None:
        """Start with u = 0."""
        self._descent.start(weights)
        self._descent.log_weights.zero_()

    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try the step of the current phase, then those of the phases after it, until one lowers J."""
        rejected, passes = 0, 0
        # One function per kind of step, so that a rejected policy is freed before the next one is allocated.
        for take in (self._feedback_alone, self._long_step, self._with_feedback, self._project, self._descent.step):
            step = take(current, objective, iteration)
            rejected, passes = rejected + step.rejected, passes + step.passes
            if step.trajectory is not None:
                break
        return replace(step, rejected=rejected, passes=passes)

    def _feedback_alone(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try a run with feedback alone, once; if J does not fall, switch to mirror descent."""
        if self._phase is not Phase.START:
            return _no_step(current)
        run, value = self._train_with_feedback(objective, torch.zeros_like(current.weights))
        if value < current.objective:
            self._phase = Phase.LONG_STEP
            return Step(run, value, self.gain, passes=1, feedback=value)
        self._phase = Phase.MIRROR_DESCENT
        return _no_step(current, rejected=1, passes=1)

    def _long_step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try one long step without feedback, once."""
        if self._phase is not Phase.LONG_STEP:
            return _no_step(current)
        descent, trial = self._descent, torch.empty_like(current.weights)
        log_weights.take_(descent.log_weights, current.weights)
        descent.step_size = self.long
        descent.propose(current, log_weights.root_mean_square(current.gradient), trial, 0.0)
        run, value = objective.train(log_weights.policy_(trial))
        if value < current.objective:
            self._phase = Phase.MIRROR_DESCENT
            descent.step_size *= descent.growth
            descent.leaping = False
            return Step(run, value, self.long)
        descent.log_weights.zero_()
        descent.velocity.zero_()
        descent.step_size = self.short
        self._phase = Phase.FEEDBACK
        return _no_step(current, rejected=1)

    def _with_feedback(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try a step of u with feedback; if J does not fall, switch to mirror descent."""
        if self._phase is not Phase.FEEDBACK:
            return _no_step(current)
        descent, trial = self._descent, torch.empty_like(current.weights)
        tried = descent.step_size
        descent.propose(current, log_weights.root_mean_square(current.gradient), trial, descent.momentum)
        run, value = self._train_with_feedback(objective, trial)
        if value < current.objective:
            descent.step_size *= descent.growth
            return Step(run, value, tried, passes=1, feedback=value)
        log_weights.take_(descent.log_weights, current.weights)
        descent.velocity.zero_()
        # Without feedback only much shorter steps lower J.
        descent.step_size *= 0.1
        descent.leaping = False
        self._phase = Phase.MIRROR_DESCENT
        return _no_step(current, rejected=1, passes=1)

    def _project(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try a projected step, in every `period`-th iteration."""
        if iteration % self.period:
            return _no_step(current)
        tried, trial = self.rate, current.weights.clone()
        run, value = objective.train(projected_step.step_(trial, current.gradient, tried))
        if value < current.objective:
            self.rate *= 3
            log_weights.take_(self._descent.log_weights, trial)
            self._descent.velocity.zero_()
            return Step(run, value, tried)
        self.rate *= 0.3
        return _no_step(current, rejected=1)

    def _train_with_feedback(self, objective: Objective, rows: Tensor) -> tuple[Trajectory, float]:
        """Train with feedback from offsets u in `rows` [T, N], which are overwritten by the resulting weights."""
        problem, slopes = objective.problem, Slopes(objective.problem, len(rows))

        def write_row(theta: Tensor, row: Tensor) -> None:
            contributions = problem.contributions(theta, slopes.at(theta))
            # theta[0] is the same in every run, so this is its first step.
            self._scale = self._scale or max(float(contributions.std()), 1e-300)
            row.add_(contributions, alpha=self.gain / self._scale)
            log_weights.policy_(row.unsqueeze(0))

        run = objective.run(rows, write_row)
        slopes.keep_in(run)
        return run, run.objective()

    def state(self) -> State:
        """Return all fields, those of mirror descent among them."""
        state = vars(self) | self._descent.state()
        del state["_descent"]
        return state

    def restore(self, state: State) -> None:
        """Continue from a state that `state` returned."""
        own = vars(self).keys() & state.keys()
        vars(self).update({name: state[name] for name in own} | {"_phase": Phase(state["_phase"])})
        self._descent.restore({name: state[name] for name in state.keys() - own})


def _no_step(current: Iterate, rejected: int = 0, passes: int = 0) -> Step:
    """Return a rejected step with the work that was spent on it."""
    return Step(None, current.objective, 0.0, rejected, passes)


make = FeedbackDescent.of
