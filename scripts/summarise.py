"""Summarise one seed: one row per policy.

Takes the loss curves, the similarity at the measured steps, the measures and the fitted scaling laws of all policies.
Gives, on the desired and on the test examples, the objective J (nats), the compression ratio, the acceleration over
the conventional policy (to its final loss, to its best one, from the fits; null if never reached) and over the policy
`conventional_tuned` (to its final loss), and the mean similarity; and the gap, the weight on perturbed examples and
the effective number of examples.
"""

from pathlib import Path
from typing import Any

import numpy as np

from lawpipe.analysis import acceleration, compression, curves
from lawpipe.run import artifacts, stage
from lawpipe.run.splits import REFERENCES
from lawpipe.run.tables.fits import FITS
from lawpipe.run.tables.measurements import CURVES, MEASURES, SIMILARITY
from lawpipe.run.tables.summary import SUMMARY


def group_similarities(path: Path) -> dict[tuple[str, str, str], list[float]]:
    """Return the similarities of the measured steps that have one, for each policy, reference set and kind."""
    table = artifacts.read(path, SIMILARITY, ["policy", "against", "kind", "similarity"])
    groups: dict[tuple[str, str, str], list[float]] = {}
    for row in table.to_pylist():
        if row["similarity"] is not None:
            groups.setdefault((row["policy"], row["against"], row["kind"]), []).append(row["similarity"])
    return groups


def describe(row: dict[str, Any]) -> str:
    """Describe a policy's objective and acceleration in one line."""
    parts = []
    for against in REFERENCES:
        objective, reached = row[f"objective_{against}"], row.get(f"acceleration_{against}")
        loss = "not finite" if objective is None else f"{objective:.4f} nats"
        parts.append(f"{against} J {loss}, acceleration {'none' if reached is None else f'{reached:.2f}'}")
    return f"{row['policy']}: {'; '.join(parts)}"


@stage.script(
    curves="the loss curves of all policies",
    similarity="the similarity at the measured steps",
    measures="the measures of each policy",
    fits="the fitted scaling laws",
    summary="output: one row per policy",
)
def main(job: stage.Job) -> None:
    """Write the summary of all policies."""
    options = job.options
    table = artifacts.read(options.curves, CURVES)
    policies, steps = table.column("policy").to_pylist(), table.column("step").to_numpy()
    laws = {
        (row["policy"], row["against"]): (row["scale"], row["exponent"])
        for row in artifacts.read(options.fits, FITS).to_pylist()
    }
    measures = {row["policy"]: row for row in artifacts.read(options.measures, MEASURES).to_pylist()}
    similarities = group_similarities(options.similarity)
    rows: dict[str, dict[str, Any]] = {
        policy: dict.fromkeys(SUMMARY.columns) | {"policy": policy} for policy in dict.fromkeys(policies)
    }
    for against in REFERENCES:
        losses = curves.split(policies, steps, table.column(f"{against}_loss").to_numpy())
        conventional, tuned = losses.get("conventional"), losses.get("conventional_tuned")
        for policy, row in rows.items():
            objective = compression.objective(losses[policy])
            ratio = compression.compression_ratio(objective, compression.vocabulary(job.settings))
            numbers: dict[str, Any] = {
                "objective": curves.finite_or_none(objective),
                "compression_ratio": curves.finite_or_none(ratio),
            }
            if conventional is not None:
                law, reference = (laws.get((name, against), (None, None)) for name in (policy, "conventional"))
                last_step = len(conventional) - 1
                numbers |= {
                    "acceleration": acceleration.acceleration(losses[policy], conventional),
                    "acceleration_to_best": acceleration.acceleration(losses[policy], conventional, to_best=True),
                    "acceleration_fit": acceleration.acceleration_from_fits(*reference, *law, last_step),
                }
            if tuned is not None:
                numbers["acceleration_to_tuned"] = acceleration.acceleration(losses[policy], tuned)
            for kind, prefix in (("instantaneous", ""), ("adjoint", "adjoint_")):
                values = similarities.get((policy, against, kind), [])
                numbers[f"{prefix}similarity"] = float(np.mean(values)) if values else None
                numbers[f"{prefix}steps_measured"] = len(values)
            row |= {f"{name}_{against}": value for name, value in numbers.items()}
    for policy, row in rows.items():
        row |= measures.get(policy, {})
    job.write_rows(options.summary, SUMMARY, [*rows.values()])
    for row in rows.values():
        print(describe(row))
