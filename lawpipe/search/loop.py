"""The search loop: iterate a method, log and certify every iteration, keep snapshots, stop and resume."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from lawpipe.engine import trajectory
from lawpipe.run import distributed
from lawpipe.run.signals import Stopped
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.method import Method
from lawpipe.search.objective import FORWARD_COST, Objective, Point

#: What a search counts, as a checkpoint names it.
COUNTS = ("evaluations", "rejected", "passes")


@dataclass(frozen=True)
class Row:
    """One outer iteration: a row of search.parquet, all of it at the policy that the iteration ends with."""

    iteration: int
    evaluations: int
    forward_evaluations: int
    cost: float
    objective: float
    validation_objective: float | None
    test_objective: float
    gap: float
    step_size: float | None
    accepted: bool
    active_fraction: float
    effective_examples: float


@dataclass
class Search:
    """A search from the conventional policy, 1/N everywhere.

    Stops after `iterations`, or when it has cost `most_cost`, or when the gap is at most `gap_tolerance` times J,
    or when no step is acceptable. `on_snapshot(iteration, weights)` is called at the iterations in `snapshots`, and
    at the end with the last policy for those not reached. A `validated` search also watches the reference set
    "validation", and keeps the policy that is best there. With a `checkpoint` the search resumes, bit for bit.
    """

    objective: Objective
    method: Method
    iterations: int
    gap_tolerance: float = 0.0
    #: What the search may cost, in gradient evaluations: the iteration that reaches it is the last.
    most_cost: float = math.inf
    snapshots: tuple[int, ...] = ()
    validated: bool = False
    checkpoint: Checkpoint | None = None
    on_row: Callable[[Row], None] = lambda row: None
    on_snapshot: Callable[[int, Tensor], None] = lambda iteration, weights: None
    #: Returns the number of a signal that asked the search to stop, None as long as there was none.
    asked_to_stop: Callable[[], int | None] = lambda: None

    rows: list[Row] = field(default_factory=list, init=False)
    #: The policy with the best J so far.
    best: Tensor = field(init=False, repr=False)
    #: The policy with the best objective on the validation examples so far; only of a `validated` search.
    best_validated: Tensor | None = field(default=None, init=False, repr=False)
    #: Why the search ended, in a sentence.
    reason: str = field(default="", init=False)
    _evaluations: int = field(default=0, init=False)
    _rejected: int = field(default=0, init=False)
    _passes: int = field(default=0, init=False)

    def run(self) -> None:
        """Search until a stop rule holds; rows, best and reason hold the outcome.

        Raises FloatingPointError if training under the conventional policy diverges: there is nothing to search; and
        Stopped, with the state saved, after the iteration in which it was asked to stop.
        """
        point = self._resume() or self._begin()
        while not self._ended(point):
            iteration = self.rows[-1].iteration + 1
            step = self.method.step(point, self.objective, iteration)
            self._rejected += step.rejected
            self._passes += step.passes
            if step.trajectory is None:
                self._log(point, step.step_size, accepted=False)
                self.reason = (
                    f"no acceptable step after {step.rejected} trials, the last of size {step.step_size:.1e}"
                )
                break
            if not math.isfinite(step.objective):
                self.reason = f"the objective was not finite after a step of size {step.step_size:.3g}"
                break
            point = self._complete(step.trajectory, step.objective, point.gradient)
            self._log(point, step.step_size)
            if iteration in self.snapshots:
                self.on_snapshot(iteration, point.weights)
            asked = distributed.agreed_signal(self.asked_to_stop())
            if self.checkpoint is not None and (asked or self.checkpoint.due()):
                self._save(point)
            if asked:
                raise Stopped(asked)
        reached = max(row.iteration for row in self.rows if row.accepted)
        for iteration in self.snapshots:
            if iteration > reached:
                self.on_snapshot(iteration, point.weights)

    def _begin(self) -> Point:
        """Evaluate the conventional policy."""
        problem, steps = self.objective.problem, len(self.objective.learning_rates)
        weights = torch.full(
            (steps, problem.examples), 1 / problem.examples, dtype=problem.dtype, device=problem.device
        )
        self.method.start(weights)
        run, value = self.objective.train(weights)
        at_start = float(problem.reference_losses("desired", self.objective.theta0.unsqueeze(0))[0])
        trajectory.check_converges(value, at_start)
        point = self._complete(run, value)
        self._log(point, None)
        if 0 in self.snapshots:
            self.on_snapshot(0, point.weights)
        return point

    def _complete(self, *run: Any) -> Point:
        """Compute the gradient at a new policy."""
        self._evaluations += 1
        return self.objective.point(*run)

    def _log(self, point: Point, step_size: float | None, *, accepted: bool = True) -> None:
        """Append the row of an iteration, and keep its policy if it is the best."""
        # The gradient at the row's own policy counts in the next row.
        before = self._evaluations - 1 if accepted else self._evaluations
        weights = point.weights
        effective = sum(
            float((1 / rows.square().sum(dim=1)).sum(dtype=torch.float64)) for rows in torch.split(weights, 64)
        )
        active = sum(int((rows > 0).sum()) for rows in torch.split(weights, 64))
        row = Row(
            iteration=len(self.rows),
            evaluations=before,
            forward_evaluations=self._rejected,
            cost=before + FORWARD_COST * self._rejected + self._passes,
            objective=point.objective,
            validation_objective=point.trajectory.objective("validation") if self.validated else None,
            test_objective=point.trajectory.objective("test"),
            gap=point.gap,
            step_size=step_size,
            accepted=accepted,
            active_fraction=active / weights.numel(),
            effective_examples=effective / len(weights),
        )
        # Kept, not copied: a method never writes to a policy that it has handed over.
        if self._lowest(row, "objective"):
            self.best = weights
        if self.validated and self._lowest(row, "validation_objective"):
            self.best_validated = weights
        self.rows.append(row)
        self.on_row(row)

    def _lowest(self, row: Row, column: str) -> bool:
        """Tell whether a new row is below all before it."""
        return all(getattr(row, column) < getattr(before, column) for before in self.rows)

    def _ended(self, point: Point) -> bool:
        """Tell whether a stop rule holds, and say which."""
        last = self.rows[-1]
        if last.gap <= self.gap_tolerance * last.objective:
            self.reason = f"the gap is at most {self.gap_tolerance:g} of J"
        elif last.iteration >= self.iterations:
            self.reason = f"all {self.iterations} iterations are done"
        elif last.cost + 1 >= self.most_cost:
            # The gradient at the last policy counts as well.
            self.reason = f"it has cost {last.cost + 1:.3g} gradient evaluations"
        return self.reason != ""

    def _save(self, point: Point) -> None:
        """Write a checkpoint of everything that the next iteration depends on."""
        assert self.checkpoint is not None
        state = self.method.state()
        tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
        plain = {name: value for name, value in state.items() if not isinstance(value, Tensor)}
        own = {"weights": point.weights, "gradient": point.gradient}
        if self.best is not point.weights:
            own["best"] = self.best
        if self.best_validated is not None and self.best_validated is not point.weights:
            own["best_validated"] = self.best_validated
        self.checkpoint.save(
            own | {f"method_{name}": value for name, value in tensors.items()},
            {
                "rows": [asdict(row) for row in self.rows],
                "evaluations": self._evaluations,
                "rejected": self._rejected,
                "passes": self._passes,
                "method": plain,
            },
        )

    def _resume(self) -> Point | None:
        """Take up the last checkpoint, if there is one."""
        stored = self.checkpoint.load(self.objective.problem.device) if self.checkpoint is not None else None
        if stored is None:
            return None
        tensors, plain = stored
        self.rows = [Row(**row) for row in plain["rows"]]
        self._evaluations, self._rejected, self._passes = (plain[name] for name in COUNTS)
        own = {name: tensor for name, tensor in tensors.items() if not name.startswith("method_")}
        state = {name.removeprefix("method_"): tensor for name, tensor in tensors.items() if name not in own}
        self.method.restore(state | plain["method"])
        weights = own["weights"]
        self.best = own.get("best", weights)
        if self.validated:
            self.best_validated = own.get("best_validated", weights)
        run, value = self.objective.train(weights)
        return Point(weights, run, value, own["gradient"])
