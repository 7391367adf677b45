"""The tables of one experiment, and the overview table of all experiments."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from lawpipe.analysis import smoothness
from lawpipe.analysis.intervals import Interval
from lawpipe.paper import values as paper
from lawpipe.report.comparison import OF_A_LOSS, PROPERTIES, mean, missing, pairs, share
from lawpipe.report.table import Row, Table
from lawpipe.report.tables import online, scaling, stories
from lawpipe.results import catalogue, certificate, problem
from lawpipe.results.experiment import Results, select
from lawpipe.results.numbers import UNBROKEN, interval, number, percent, policy_label
from lawpipe.run.splits import REFERENCES

#: Quantities of the headline table: columns of `summary` without their endings, and their headers.
HEADLINE = {"objective": "J", "compression_ratio": "CR", "acceleration": "AR"}

#: Every quantity of `summary` and its label.
QUANTITIES = {
    "objective": "objective J: mean loss over training (nats)",
    "compression_ratio": "compression ratio CR = ln|V| / J",
    "acceleration": "acceleration ratio AR, to the conventional final loss",
    "acceleration_to_best": "acceleration ratio, to the conventional minimum",
    "acceleration_to_tuned": "acceleration ratio, to the final loss of uniform weights at their best learning rate",
    "acceleration_fit": "acceleration ratio, from the scaling-law fits",
    "similarity": "similarity SIM, instantaneous (mean over measured steps)",
    "adjoint_similarity": "similarity SIM, adjoint (mean over measured steps)",
    "steps_measured": "measured steps with an instantaneous similarity",
    "adjoint_steps_measured": "measured steps with an adjoint similarity",
    "gap": "Frank-Wolfe gap (nats)",
    "weight_on_perturbed": "weight on corrupted examples (mean over steps)",
    "effective_examples": "effective number of examples (mean over steps)",
    "sharpness_max": "sharpness: eta times the largest eigenvalue of the weighted Hessian (largest, measured steps)",
    "adjoint_growth_max": "growth of the adjoint: its norm over those of the terms that it sums (largest)",
    "replay_float64": "relative change of J when trained again in float64",
    "replay_moved": "relative change of J when trained again with weights moved by 1e-6",
}

ONE_DROPPED = "one or more has weight 0, of groups with any weight"
LARGEST_SHARE = "the largest weight's share of the group's"
#: The overview table, which is on the page only.
GLANCE = catalogue.Entry(
    "glance",
    "At a glance",
    None,
    "Means over the seeds with their 95 % t intervals. The gap is that of the near-optimal policy as a share of its "
    "J (above J or unstable, it is no certificate); corrupted examples have flipped labels or perturbed text (in "
    "brackets: their share of all examples).",
)

#: Properties of planted groups and, as a control, of as many unrelated examples (`_control`).
PLANTED = {
    "copies_one_dropped": f"an example and its copy: {ONE_DROPPED}",
    "copies_one_dropped_control": f"two unrelated examples: {ONE_DROPPED}",
    "copies_largest_share": f"an example and its copy: {LARGEST_SHARE}",
    "copies_largest_share_control": f"two unrelated examples: {LARGEST_SHARE}",
    "combinations_one_dropped": f"two examples and their sum: {ONE_DROPPED}",
    "combinations_one_dropped_control": f"three unrelated examples: {ONE_DROPPED}",
    "combinations_largest_share": f"two examples and their sum: {LARGEST_SHARE}",
    "combinations_largest_share_control": f"three unrelated examples: {LARGEST_SHARE}",
}


def headline(results: Results) -> Table:
    """Return J, CR and AR on desired and test: mean with interval, each seed, and the paper's value."""
    columns = [f"{name}_{against}" for against in REFERENCES for name in HEADLINE]
    header = ("policy", "seed", *(f"{name}, {against}" for against in REFERENCES for name in HEADLINE.values()))
    rows = []
    for policy in results.chosen:
        label = policy_label(policy)
        means = (mean(results, policy, name) for name in columns)
        rows.append(Row((label, f"mean of{UNBROKEN}{len(results.seeds)}", *means), "mean"))
        for _, seed in results.summary[results.summary["policy"] == policy].iterrows():
            numbers = (missing(name) if pd.isna(seed[name]) else number(float(seed[name])) for name in columns)
            rows.append(Row((label, str(seed["seed"]), *numbers)))
        published = [_published(results, policy, name) for name in HEADLINE]
        if set(published) != {"-"}:
            rows.append(Row((label, "paper", *published, *["-"] * len(HEADLINE)), "paper"))
    return Table(catalogue.table("headline"), header, tuple(rows), labels=2)


def _published(results: Results, policy: str, measure: str) -> str:
    """Write the paper's value of a quantity for a policy, with its unit if that differs and its source."""
    value = paper.BY_MEASURE.get((problem.name(results.settings), measure, policy))
    if value is None:
        return "-"
    unit = "log2|V| over nats; " if value.mixed_units else ""
    return f"{value.text} ({unit}{value.source}{', read off' if value.digitised else ''})"


def glance(experiments: Sequence[Results]) -> Table:
    """Return one row per experiment: CR, AR, the remaining gap, and the weight on corrupted examples."""
    records = []
    for results in experiments:
        weight = percent(results.quantity("near_optimal", "weight_on_perturbed").mean)
        corrupted = problem.corrupted_share(results.settings)
        means = {
            f"{header}, {against}": mean(results, policy, f"{name}_{against}")
            for against in REFERENCES
            for header, policy, name in (
                ("CR conventional", "conventional", "compression_ratio"),
                ("CR near-optimal", "near_optimal", "compression_ratio"),
                ("AR", "near_optimal", "acceleration"),
            )
        }
        records.append(
            {
                "experiment": results.name,
                "seeds": str(len(results.seeds)),
                **means,
                "gap / J": certificate.written(certificate.of_policy(results)),
                "weight on corrupted examples": f"{weight} (of {percent(corrupted)})" if corrupted else "-",
            }
        )
    return Table.from_records(GLANCE, records)


def summary(results: Results) -> Table:
    """Return every quantity of the summary over the seeds, with one column per policy."""
    records = []
    for name, label in QUANTITIES.items():
        for against in REFERENCES if f"{name}_desired" in results.summary else ("",):
            column = f"{name}_{against}" if against else name
            means = {policy_label(policy): mean(results, policy, column) for policy in results.chosen}
            records.append({"quantity": label, "on": against, **means})
    return Table.from_records(catalogue.table("summary"), records, labels=2)


def search(results: Results) -> Table:
    """Return the first and the best row of each seed's search, and the last one with feedback."""
    records = []
    near = select(results.summary, policy="near_optimal")
    of_seed = {row["seed"]: [certificate.certificate(row.to_dict())] for _, row in near.iterrows()}
    for seed, log in results.search.groupby("seed"):
        start, best = log.iloc[0], log.sort_values("objective", kind="stable").iloc[0]
        last = log[log["feedback_objective"].notna()].tail(1)
        both = (last[f"{name}_objective"].iloc[0] if len(last) else None for name in ("feedback", "replay"))
        records.append(
            {
                "seed": str(seed),
                "iterations": str(int(log["iteration"].max())),
                "J, start": number(start["objective"], 4),
                "J, best": number(best["objective"], 4),
                "best / start": percent(best["objective"] / start["objective"]),
                **{head: number(value, 4) for head, value in zip(("J, feedback", "J, replayed"), both, strict=True)},
                "test J, start": number(start["test_objective"], 4),
                "test J, best": number(best["test_objective"], 4),
                "gradients": str(int(best["evaluations"])),
                "cost": number(best["cost"]),
                "gap, start": number(start["gap"]),
                "gap, best": number(best["gap"]),
                "gap / J": certificate.written(of_seed.get(seed, [])),
                "promise kept": number(_median(smoothness.kept_promises(log["objective"], log["predicted"])), 2),
                "with weight": percent(best["active_fraction"]),
            }
        )
    return Table.from_records(catalogue.table("search"), records)


def _median(values: npt.NDArray[np.float64]) -> float | None:
    """Return the median; None of nothing."""
    return float(np.median(values)) if values.size else None


def zero_weights(results: Results) -> Table:
    """Return the share of each property and policy; properties of planted groups if the experiment has any."""
    measured = set(results.zero_weights["property"])
    learned = catalogue.figure("fig09_learned").suits(results.settings)
    labels = {name: label for name, label in (PROPERTIES | PLANTED).items() if name in PROPERTIES or name in measured}
    per_loss = [(kind, against) for against in REFERENCES for kind in ("instantaneous", "adjoint")]
    records = [
        {
            "property": label,
            "contribution": kind,
            "against": against,
            "policy": policy_label(policy),
            "share": share(results, rows := pairs(results, policy, name, against, kind)),
            "cases, all seeds": f"{int(rows['count'].sum()):,}",
        }
        for name, label in labels.items()
        if name != "learned_ignored" or learned
        for kind, against in (per_loss if name in OF_A_LOSS else [("", "")])
        for policy in results.chosen
    ]
    return Table.from_records(catalogue.table("zero_weights"), records, labels=4)


def fits(results: Results) -> Table:
    """Return the coefficients of each reference loss, policy and seed."""
    rows = results.fits[results.fits["policy"].isin(results.chosen)]
    columns = (("L0 (nats)", "loss_floor"), ("B (steps)", "scale"), ("beta", "exponent"))
    records = [
        {
            "policy": policy_label(str(fit["policy"])),
            "loss": str(fit["against"]),
            "seed": str(fit["seed"]),
            **{
                head: interval(Interval.stored(*fit[[name, f"{name}_low", f"{name}_high"]])) for head, name in columns
            },
            "t0": "-" if pd.isna(fit["first_step"]) else str(int(fit["first_step"])),
            "r squared": number(fit["r_squared"], 4),
        }
        for _, fit in rows.iterrows()
    ]
    records.sort(key=lambda record: (record["loss"], record["policy"], int(record["seed"])))
    return Table.from_records(catalogue.table("fits"), records, labels=3)


#: The function of each table of the catalogue.
TABLES: dict[str, Callable[[Results], Table]] = {
    "headline": headline,
    "summary": summary,
    "online": online.online,
    "search": search,
    "zero_weights": zero_weights,
    "fits": fits,
    "sensitivity": scaling.sensitivity,
    "stories": stories.stories,
    "corpus": stories.corpus,
}
