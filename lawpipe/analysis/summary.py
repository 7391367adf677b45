"""Summaries: the rows of the table `summary` of one seed, and of the one over the seeds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lawpipe.analysis import acceleration, compression, curves, intervals
from lawpipe.analysis.curves import Losses

Row = Mapping[str, Any]

#: Prefix of the quantities that are ratios and vary by factors from seed to seed.
LOGARITHMIC = "acceleration"


def of_seed(
    losses: Losses, fits: Iterable[Row], similarity: Iterable[Row], measures: Iterable[Row], vocabulary: int
) -> list[dict[str, Any]]:
    """Return one row per policy of one seed, from the rows of the tables `fits`, `similarity` and `measures`.

    On each reference set it has the objective J (nats), the compression ratio, the acceleration over the conventional
    policy (to its final loss, to its best one, from the fits; None if never reached) and over the policy
    `conventional_tuned` (to its final loss), and the mean similarity; and the measures of the policy. What cannot be
    said of a policy is left out.
    """
    laws = {(row["policy"], row["against"]): (row["scale"], row["exponent"]) for row in fits}
    by_policy = {row["policy"]: row for row in measures}
    similarities = _group_similarities(similarity)
    rows: dict[str, dict[str, Any]] = {policy: {"policy": policy} for policy in next(iter(losses.values()))}
    for against, of_set in losses.items():
        conventional, tuned = of_set.get("conventional"), of_set.get("conventional_tuned")
        for policy, row in rows.items():
            objective = compression.objective(of_set[policy])
            ratio = compression.compression_ratio(objective, vocabulary)
            numbers: dict[str, Any] = {
                "objective": curves.finite_or_none(objective),
                "compression_ratio": curves.finite_or_none(ratio),
            }
            if conventional is not None:
                law, reference = (laws.get((name, against), (None, None)) for name in (policy, "conventional"))
                last_step = len(conventional) - 1
                numbers |= {
                    "acceleration": acceleration.acceleration(of_set[policy], conventional),
                    "acceleration_to_best": acceleration.acceleration(of_set[policy], conventional, to_best=True),
                    "acceleration_fit": acceleration.acceleration_from_fits(*reference, *law, last_step),
                }
            if tuned is not None:
                numbers["acceleration_to_tuned"] = acceleration.acceleration(of_set[policy], tuned)
            for kind, prefix in (("instantaneous", ""), ("adjoint", "adjoint_")):
                values = similarities.get((policy, against, kind), [])
                numbers[f"{prefix}similarity"] = float(np.mean(values)) if values else None
                numbers[f"{prefix}steps_measured"] = len(values)
            row |= {f"{name}_{against}": value for name, value in numbers.items()}
    for policy, row in rows.items():
        row |= by_policy.get(policy, {})
    return [*rows.values()]


def _group_similarities(rows: Iterable[Row]) -> dict[tuple[str, str, str], list[float]]:
    """Return the similarities of the measured steps that have one, for each policy, reference set and kind."""
    groups: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        if row["similarity"] is not None:
            groups.setdefault((row["policy"], row["against"], row["kind"]), []).append(row["similarity"])
    return groups


def over_seeds(summaries: Sequence[Mapping[str, Row]]) -> list[dict[str, Any]]:
    """Return one row per policy and quantity, from the summary of each seed by policy.

    A quantity is any column but the policy. Its row has the mean over the seeds that have a value with its 95 % t
    interval (None with one seed), the number of seeds, and how many of them have a value. Accelerations are averaged
    as logarithms: their mean is geometric.
    """
    rows = []
    for policy in dict.fromkeys(policy for summary in summaries for policy in summary):
        of_policy = [summary[policy] for summary in summaries if policy in summary]
        for quantity in (column for column in of_policy[0] if column != "policy"):
            values = [row.get(quantity) for row in of_policy]
            interval = intervals.mean_interval(values, logarithmic=quantity.startswith(LOGARITHMIC))
            rows.append({"policy": policy, "quantity": quantity, **vars(interval)})
    return rows
