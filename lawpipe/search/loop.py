"""The search loop: run a method, record and certify every iteration, keep snapshots, stop and resume."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from lawpipe.engine import trajectory
from lawpipe.engine.descent import is_finite
from lawpipe.run import distributed
from lawpipe.run.signals import Stopped
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.method import Method
from lawpipe.search.objective import FORWARD_COST, Iterate, Objective

#: The largest gap, as a share of J, at which a search that finds no further step may have ended at an optimum.
NEARLY_STATIONARY = 0.01


@dataclass(frozen=True)
class Row:
    """One outer iteration, a row of search.parquet; every quantity is at the policy that the iteration ends with."""

    iteration: int
    evaluations: int
    forward_evaluations: int
    cost: float
    objective: float
    validation_objective: float | None
    test_objective: float | None
    gap: float
    step_size: float | None
    accepted: bool
    active_fraction: float
    effective_examples: float
    #: The change of J that the last policy's gradient promised, nats; None without a step.
    predicted: float | None
    #: J of the run with feedback that left the weights, and of training under the weights that it left, nats; None of
    #: weights that were chosen before any run. `objective` is one of the two, as the method has it.
    feedback_objective: float | None
    replay_objective: float | None


@dataclass
class Search:
    """A search that starts from the conventional policy, weights 1/N at every step.

    It stops after `iterations`, or when its cost reaches `most_cost`, or when the gap is at most `gap_tolerance` J,
    or when the method finds no acceptable step. With a `checkpoint` it resumes bit for bit.
    """

    objective: Objective
    method: Method
    iterations: int
    gap_tolerance: float = 0.0
    #: Largest cost in gradient evaluations; the iteration that reaches it is the last.
    most_cost: float = math.inf
    #: Iterations at which `on_snapshot` is called; those not reached get the last policy at the end.
    snapshots: tuple[int, ...] = ()
    #: Whether to record J on the reference set "validation" and keep the policy with the lowest one.
    validated: bool = False
    #: Whether to record what takes part in no decision: J on the reference set "test", and of training again after a
    #: run with feedback.
    tested: bool = True
    checkpoint: Checkpoint | None = None
    on_row: Callable[[Row], None] = lambda row: None
    #: Called with the iteration and the policy.
    on_snapshot: Callable[[int, Tensor], None] = lambda iteration, weights: None
    #: Returns the number of the signal that asked the search to stop, None if there was none.
    asked_to_stop: Callable[[], int | None] = lambda: None

    rows: list[Row] = field(default_factory=list, init=False)
    #: The policy with the lowest J so far.
    best: Tensor = field(init=False, repr=False)
    #: The policy with the lowest J on the validation examples so far, if `validated`.
    best_validated: Tensor | None = field(default=None, init=False, repr=False)
    #: Why the search ended.
    reason: str = field(default="", init=False)
    #: The work so far: gradients (one training run and one backward pass each), rejected runs, and `Step.passes`.
    _evaluations: int = field(default=0, init=False)
    _rejected: int = field(default=0, init=False)
    _passes: int = field(default=0, init=False)

    def run(self) -> None:
        """Search until a stopping rule holds; `rows`, `best` and `reason` hold the result.

        Raises FloatingPointError if training under the conventional policy diverges, and Stopped, with the state
        saved, after the iteration in which the search was asked to stop.
        """
        current = self._resume() or self._begin()
        while not self._ended():
            iteration = self.rows[-1].iteration + 1
            step = self.method.step(current, self.objective, iteration)
            self._rejected += step.rejected
            self._passes += step.passes
            if step.trajectory is None:
                self._record(current, step.step_size, accepted=False)
                self.reason = (
                    f"no acceptable step after {step.rejected} trials, the last of size {step.step_size:.1e}"
                )
                if current.weights.dtype != torch.float64 and current.gap > NEARLY_STATIONARY * current.objective:
                    self.reason += (
                        ", though the gradient promises a fall of J: it may be rounding, which training.precision "
                        "float64 shows, or J turns too soon along it, as it does beyond the edge of stability"
                    )
                break
            if not math.isfinite(step.objective):
                self.reason = f"the objective was not finite after a step of size {step.step_size:.3g}"
                break
            self._evaluations += 1
            predicted = current.predicted(step.trajectory.weights)
            current = self.objective.differentiate(step.trajectory, step.objective, current.gradient)
            # Now that the last run is freed. It reports, and takes part in no decision, so it has no cost.
            again = self.tested and step.feedback is not None
            replayed = self.objective.train(current.weights)[1] if again else None
            self._record(current, step.step_size, predicted=predicted, feedback=step.feedback, replayed=replayed)
            if iteration in self.snapshots:
                self.on_snapshot(iteration, current.weights)
            signal = distributed.agreed_signal(self.asked_to_stop())
            if self.checkpoint is not None and (signal or self.checkpoint.due()):
                self._save(self.checkpoint, current)
            if signal:
                raise Stopped(signal)
        reached = max(row.iteration for row in self.rows if row.accepted)
        for iteration in self.snapshots:
            if iteration > reached:
                self.on_snapshot(iteration, current.weights)

    @property
    def last_with_feedback(self) -> Row | None:
        """The last row whose weights a run with feedback left; None if there is none."""
        return next((row for row in reversed(self.rows) if row.feedback_objective is not None), None)

    def _begin(self) -> Iterate:
        """Return the conventional policy with its gradient, and record it as iteration 0."""
        problem, steps = self.objective.problem, len(self.objective.learning_rates)
        weights = torch.full(
            (steps, problem.examples), 1 / problem.examples, dtype=problem.dtype, device=problem.device
        )
        self.method.start(weights)
        run = self.objective.run(weights)
        current = self.objective.differentiate(run) if is_finite(run.last) else None
        at_start = float(problem.reference_losses("desired", self.objective.theta0.unsqueeze(0))[0])
        trajectory.check_converges(math.nan if current is None else current.objective, at_start)
        assert current is not None
        self._evaluations += 1
        self._record(current, None)
        if 0 in self.snapshots:
            self.on_snapshot(0, current.weights)
        return current

    def _record(
        self,
        current: Iterate,
        step_size: float | None,
        *,
        accepted: bool = True,
        predicted: float | None = None,
        feedback: float | None = None,
        replayed: float | None = None,
    ) -> None:
        """Append the row of an iteration, and keep its policy if it is the best so far."""
        # The gradient at the row's own policy counts in the next row.
        evaluations = self._evaluations - accepted
        weights = current.weights
        effective = sum(
            float((1 / rows.square().sum(dim=1)).sum(dtype=torch.float64)) for rows in torch.split(weights, 64)
        )
        active = sum(int((rows > 0).sum()) for rows in torch.split(weights, 64))
        row = Row(
            iteration=len(self.rows),
            evaluations=evaluations,
            forward_evaluations=self._rejected,
            cost=evaluations + FORWARD_COST * self._rejected + self._passes,
            objective=current.objective,
            validation_objective=current.trajectory.objective("validation") if self.validated else None,
            test_objective=current.trajectory.objective("test") if self.tested else None,
            gap=current.gap,
            step_size=step_size,
            accepted=accepted,
            active_fraction=active / weights.numel(),
            effective_examples=effective / len(weights),
            predicted=predicted,
            feedback_objective=feedback,
            replay_objective=replayed,
        )
        # Not copied: methods do not modify a policy that they have returned.
        if self._lowest(row, "objective"):
            self.best = weights
        if self.validated and self._lowest(row, "validation_objective"):
            self.best_validated = weights
        self.rows.append(row)
        self.on_row(row)

    def _lowest(self, row: Row, column: str) -> bool:
        """Return whether a new row's value is below those of all rows before it."""
        return all(getattr(row, column) < getattr(before, column) for before in self.rows)

    def _ended(self) -> bool:
        """Return whether a stopping rule holds, and set `reason` if so."""
        last = self.rows[-1]
        if last.gap <= self.gap_tolerance * last.objective:
            self.reason = f"the gap is at most {self.gap_tolerance:g} of J"
        elif last.iteration >= self.iterations:
            self.reason = f"all {self.iterations} iterations are done"
        elif last.cost + 1 >= self.most_cost:
            # The gradient at the last policy counts as well.
            self.reason = f"it has cost {last.cost + 1:.3g} gradient evaluations"
        return self.reason != ""

    def _save(self, checkpoint: Checkpoint, current: Iterate) -> None:
        """Write everything that the next iteration depends on."""
        state = {f"method_{name}": value for name, value in self.method.state().items()}
        best = {"best": self.best, "best_validated": self.best_validated}
        checkpoint.save(
            {
                **state,
                **{name: policy for name, policy in best.items() if policy is not current.weights},
                "weights": current.weights,
                "gradient": current.gradient,
                "rows": [asdict(row) for row in self.rows],
                "counts": [self._evaluations, self._rejected, self._passes],
            }
        )

    def _resume(self) -> Iterate | None:
        """Return the iterate of the last checkpoint with everything restored, or None if there is no checkpoint."""
        state = self.checkpoint.load(self.objective.problem.device) if self.checkpoint is not None else None
        if state is None:
            return None
        self.rows = [Row(**row) for row in state["rows"]]
        self._evaluations, self._rejected, self._passes = state["counts"]
        prefix = "method_"
        self.method.restore({key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)})
        weights = state["weights"]
        self.best = state.get("best", weights)
        self.best_validated = state.get("best_validated", weights)
        run, value = self.objective.train(weights)
        return Iterate(weights, run, value, state["gradient"])
