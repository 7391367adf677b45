"""Train under some policies and measure what each training example contributes.

Takes the examples, the initial parameters and one or more policies. Trains under each policy, with a backward pass
for the desired loss and, with --contributions, one for the test loss. Gives the loss curves (one row per policy and
step t = 0..T with the weighted training loss, null at T, the desired and the test loss, in nats) and, at evenly
spaced steps, the similarity of the contributions (instantaneous and adjoint), the shares of zero weights, the use of
each example, and the gap. Also the stability: sharpness and growth of the adjoint at steps evenly spaced on a log
axis; and J of training again: with weights moved a little, but not of the search's snapshots, and under the searched
policy in float64. With --contributions also the adjoint contributions to the test loss, which nearly double
the time, and the contribution, loss and gradient norm of every example under the policy that the file is named after.
"""

from typing import Any

import numpy as np
import pyarrow.parquet as pq

from lawpipe.analysis import policy_tables, redundancy
from lawpipe.engine import setup, stability
from lawpipe.engine.measurement import Measurement, measure, measured_steps
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems import examples
from lawpipe.problems.perceptron import labelled
from lawpipe.run import artifacts, stage
from lawpipe.run.splits import REFERENCES
from lawpipe.run.tables.examples import TOKEN_EXAMPLES
from lawpipe.run.tables.measurements import COLLECTED, CONTRIBUTIONS

#: How the names of the search's snapshots begin. They are not trained again: there are many.
SNAPSHOT = "search_"
#: The policies that are trained again in float64, which takes a language model on a CPU as long as all the rest.
EXACT = ("near_optimal", "near_optimal_validated")


def rows_of(
    run: Trajectory,
    measurement: Measurement,
    steps: np.ndarray,
    corrupted: np.ndarray,
    planted: redundancy.Groups,
    replays: dict[str, float | None],
) -> dict[str, list[Any]]:
    """Return the rows of one policy for each table, as blocks of columns."""
    every, rates = run.weights.cpu().numpy(), np.array(run.learning_rates)
    # The desired examples that the run may train on too are the last.
    weights, desired = np.split(every, [every.shape[1] - run.problem.joined], axis=1)
    total = 1 - desired.sum(axis=1, dtype=np.float64)
    stable_at = stability.measured_steps(run.steps)
    growth = measurement.growth
    stable = policy_tables.stability_rows(stable_at, stability.sharpness(run, stable_at), growth.norms, growth.values)
    chosen, contributions, curves = weights[steps], measurement.contributions, measurement.curves
    return {
        "curves": [
            {
                "step": np.arange(run.steps + 1, dtype=np.int32),
                "train_loss": [*run.training_losses(), None],
                "desired_loss": curves["desired"],
                "test_loss": curves["test"],
            }
        ],
        "similarity": policy_tables.similarity_rows(chosen, contributions, steps, curves, rates),
        "zero_weights": [
            policy_tables.zero_weight_rows(chosen, contributions, measurement.losses, steps, curves, planted)
        ],
        "examples": [policy_tables.example_rows(weights)],
        "measures": [policy_tables.measure_row(weights, measurement.gap, corrupted, stable, replays, total)],
        "stability": [stable],
    }


def contribution_columns(measurement: Measurement) -> dict[str, Any]:
    """Return the columns of the contributions table: one row per measured step, reference set and kind."""
    assert measurement.gradient_norms is not None
    count = len(measurement.contributions)
    return {
        "step": np.tile(measurement.steps, count),
        "against": [against for against, _ in measurement.contributions for _ in measurement.steps],
        "kind": [kind for _, kind in measurement.contributions for _ in measurement.steps],
        "contribution": np.concatenate([*measurement.contributions.values()]).astype(np.float32),
        "loss": np.tile(measurement.losses, (count, 1)).astype(np.float32),
        "gradient_norm": np.tile(measurement.gradient_norms, (count, 1)).astype(np.float32),
    }


@stage.script(
    **setup.OPTIONS,
    policies=stage.option("the policies, one file each", nargs="+"),
    **{table: f"output: the {table} table" for table in COLLECTED},
    contributions=stage.option(
        "output: contributions of single examples under the policy of this name", required=False
    ),
)
def main(job: stage.Job) -> None:
    """Write curves and measurements of all policies given."""
    options = job.options
    problem, theta0 = setup.from_options(job.settings, options)
    corrupted, origin = examples.corrupted(options.train), {}
    if "story" in pq.read_schema(options.train).names:  # the story that each example of a language model is from
        stories = artifacts.read(options.train, TOKEN_EXAMPLES, ["story"])
        origin["story"] = stories.column("story").to_numpy()
    planted = redundancy.groups(labelled.made_of(options.train))
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in COLLECTED}
    references = REFERENCES if options.contributions else ("desired",)
    replays = stability.Replays(theta0, job.settings["seed"], setup.in_float64(job.settings, options))
    for group in setup.train_policies(problem, theta0, options.policies):
        steps = measured_steps(group[0][1].steps, job.settings["analysis"]["measured_steps"])
        growth_at = [step + 1 for step in stability.measured_steps(group[0][1].steps)]
        kept = [options.contributions is not None and name == options.contributions.stem for name, _ in group]
        measurements = measure(
            [run for _, run in group], steps.tolist(), norms=kept, adjoints_of=references, growth_at=growth_at
        )
        for (name, run), measurement, keep in zip(group, measurements, kept, strict=True):
            if keep:
                job.write(options.contributions, CONTRIBUTIONS, contribution_columns(measurement))
            snapshot = name.startswith(SNAPSHOT)
            changes = replays.none() if snapshot else replays.changes(run, exact=name in EXACT)
            for table, blocks in rows_of(run, measurement, steps, corrupted, planted, changes).items():
                for block in blocks:
                    extra = origin if table == "examples" else {}
                    count = len(next(iter(block.values())))
                    tables[table].append({"policy": [name] * count, **block, **extra})
            objective = np.mean(measurement.curves["desired"][1:])
            print(
                f"{job.label}: {name}, J {objective:.4f} nats on desired, gap {measurement.gap:.3g} nats, "
                f"measured at {len(steps)} steps{stability.described(changes)}"
            )
        # Free this group before the next is trained.
        del group, measurements, run, measurement
    for table, blocks in tables.items():
        job.write(getattr(options, table), COLLECTED[table], policy_tables.stack(blocks))
