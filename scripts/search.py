"""Search for a near-optimal policy by differentiating through the whole training run.

Takes the examples and the initial parameters. Gives search.parquet, one row per outer iteration, and in the policies
folder near_optimal.parquet (the best on the desired loss), with validation examples near_optimal_validated.parquet
(the best on those), and a snapshot at each configured iteration. A killed search continues from its last checkpoint
in --state, with the same result bit for bit. Several processes (python -m lawpipe.run.launch) divide the examples.
"""

import os
import sys
import time
from dataclasses import asdict, fields

import numpy as np
from torch import Tensor

from lawpipe.engine import setup
from lawpipe.engine.policy import Policy
from lawpipe.run import artifacts, distributed, files, stage
from lawpipe.run.tables.policies import POLICY, SEARCH
from lawpipe.search import control
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.loop import Row, Search
from lawpipe.search.method import load_method
from lawpipe.search.objective import Objective

#: Seconds between two lines of progress.
QUIET = 10.0


class Progress:
    """Prints one line every QUIET seconds: the iteration, J, the gap, and the time that is left."""

    def __init__(self, label: str, iterations: int) -> None:
        self.label = label
        self.iterations = iterations
        self.started = time.monotonic()
        self.first: Row | None = None
        self.printed = -QUIET

    def __call__(self, row: Row) -> None:
        """Print a line if the last was QUIET seconds ago or the search is at its end."""
        self.first = self.first or row
        now = time.monotonic() - self.started
        if now - self.printed < QUIET and row.iteration < self.iterations:
            return
        self.printed = now
        done = row.iteration - self.first.iteration
        left = f", about {(self.iterations - row.iteration) * now / done:.0f} s left" if done else ""
        print(
            f"{self.label}: iteration {row.iteration}/{self.iterations}, J {row.objective:.4g} nats "
            f"({row.objective / self.first.objective:.0%} of the first shown), "
            f"{'gap above J' if row.gap > row.objective else f'relative gap {row.gap / row.objective:.2g}'}, "
            f"{now:.0f} s{left}",
            file=sys.stderr,
            flush=True,
        )


def _with_feedback(search: Search) -> str:
    """Say what J the last run with feedback has, and what J its weights; nothing if there was none."""
    row = search.last_with_feedback
    if row is None:
        return ""
    return (
        f"; the last run with feedback, in iteration {row.iteration}, has J {row.feedback_objective:.6g} nats, "
        f"and its weights {row.replay_objective:.6g}"
    )


@stage.script(
    **setup.OPTIONS,
    validation=stage.option("the validation examples, if there are any", required=False),
    search="output: the log of the search",
    policies="output: the folder of the policies",
    state="side folder to resume from; removed at the end",
)
def main(job: stage.Job) -> None:
    """Search and write the log and the policies."""
    options, settings = job.options, job.settings["search"]
    training = job.settings["training"]
    problem, theta0 = setup.from_options(job.settings, options)
    learning_rates = [float(training["learning_rate"])] * training["steps"]

    def columns_of(weights: Tensor) -> artifacts.Columns:
        source = f"the search, which was to write {options.policies}"
        return Policy(weights.cpu().numpy(), np.array(learning_rates)).columns(source)

    def snapshot(iteration: int, weights: Tensor) -> None:
        if not distributed.is_main():
            return
        aside = options.state / f"search_{iteration:04d}.parquet"
        artifacts.write(aside, POLICY, columns_of(weights), settings=job.settings, code=job.code)

    search = Search(
        Objective(problem, theta0, learning_rates),
        load_method(settings),
        iterations=settings["iterations"],
        gap_tolerance=settings["gap_tolerance"],
        snapshots=tuple(settings["snapshots"]),
        validated=options.validation is not None,
        checkpoint=Checkpoint(options.state),
        on_row=Progress(job.label, settings["iterations"]),
        on_snapshot=snapshot,
    )
    control.run(search, "the conventional policy")
    job.notes |= {"stopped": search.reason, "search": asdict(search.rows[-1])}
    if not distributed.is_main():
        # Every process has the same results; one writes them.
        return
    job.write(options.policies / "near_optimal.parquet", POLICY, columns_of(search.best))
    if search.best_validated is not None:
        job.write(options.policies / "near_optimal_validated.parquet", POLICY, columns_of(search.best_validated))
    for iteration in settings["snapshots"]:
        name = f"search_{iteration:04d}.parquet"
        # A link, not a move: if this script is killed here, the next run finds them in the side folder.
        with files.whole(options.policies / name) as temporary:
            os.link(options.state / name, temporary)
        job.written.append(options.policies / name)
    columns = {field.name: [getattr(row, field.name) for row in search.rows] for field in fields(Row)}
    job.write(options.search, SEARCH, columns)
    print(f"{job.label}: stopped, {search.reason}{_with_feedback(search)}")
