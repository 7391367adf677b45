"""Measure what each training example contributes under each of some policies.

Takes the examples, the initial parameters and one or more policies. Trains under each policy, sweeps back once for
the desired and once for the test loss, and gives, at evenly spaced steps: the similarity of the contributions
(instantaneous and adjoint), the shares of zero weights, what each example was used for, and the gap. With
--contributions also the single contributions, losses and gradient norms of all examples under the batch's own policy.
"""

from pathlib import Path
from typing import Any

import numpy as np

from lawpipe import runs, stage
from lawpipe.analysis import policy_tables
from lawpipe.data import examples
from lawpipe.engine.measurement import Floats, Measurement, measure_many, measured_steps
from lawpipe.engine.trajectory import Trajectory


def main(argv: list[str] | None = None) -> None:
    """Write the measurements of all policies given."""
    parser = stage.parser(__doc__)
    runs.add_inputs(parser)
    parser.add_argument("--policies", type=Path, nargs="+", required=True, help="the policies, a file each")
    for table in ("similarity", "zero-weights", "examples", "measures"):
        parser.add_argument(f"--{table}", type=Path, required=True, help=f"output: the {table} table")
    parser.add_argument(
        "--contributions", type=Path, help="output: single contributions, under the policy of this name"
    )
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        problem, theta0 = runs.load(job.settings, options)
        perturbed = examples.load(options.train).flipped
        tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("similarity", "zero_weights", "examples", "measures")
        }
        for group in runs.train(problem, theta0, options.policies):
            steps = measured_steps(group[0][1].steps, job.settings["analysis"]["measured_steps"])
            measured = measure_many([run for _, run in group], steps.tolist())
            for (name, run), found in zip(group, measured, strict=True):
                if options.contributions is not None and name == options.contributions.stem:
                    job.write(options.contributions, "contributions", contribution_columns(found))
                for table, blocks in rows_of(run, found, perturbed).items():
                    for block in blocks:
                        count = len(next(iter(block.values())))
                        tables[table].append({"policy": [name] * count, **block})
                print(f"{job.label}: {name}, gap {found.gap:.3g} nats, measured at {len(steps)} steps")
            del group, run, measured, found
        for table, blocks in tables.items():
            job.write(getattr(options, table), table, policy_tables.stack(blocks))


def rows_of(run: Trajectory, found: Measurement, perturbed: Floats) -> dict[str, list[dict[str, Any]]]:
    """Return a policy's rows of each table, as blocks of columns."""
    weights, steps = run.weights.cpu().numpy(), found.steps
    rates = np.array(run.learning_rates)
    at_steps = weights[steps]
    return {
        "similarity": policy_tables.similarity_rows(at_steps, found.contributions, steps, found.curves, rates),
        "zero_weights": [
            policy_tables.zero_weight_rows(at_steps, found.contributions, found.losses, steps, found.curves)
        ],
        "examples": [policy_tables.example_rows(weights)],
        "measures": [policy_tables.measure_row(weights, found.gap, perturbed)],
    }


def contribution_columns(found: Measurement) -> dict[str, Any]:
    """Return the columns of the contributions table: a row a measured step, reference set and kind."""
    count = len(found.contributions)
    return {
        "step": np.tile(found.steps, count),
        "against": [against for against, _ in found.contributions for _ in found.steps],
        "kind": [kind for _, kind in found.contributions for _ in found.steps],
        "contribution": np.concatenate([*found.contributions.values()]).astype(np.float32),
        "loss": np.tile(found.losses, (count, 1)).astype(np.float32),
        "gradient_norm": np.tile(found.gradient_norms, (count, 1)).astype(np.float32),
    }


if __name__ == "__main__":
    stage.run(main)
