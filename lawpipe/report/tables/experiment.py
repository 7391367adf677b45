"""The tables of the catalogue: an experiment's numbers as rows of text."""

from collections.abc import Callable, Sequence

import pandas as pd

from lawpipe.analysis import redundancy
from lawpipe.paper import values as paper
from lawpipe.report.comparison import OF_A_LOSS, missing, share
from lawpipe.report.tables import scaling, stories
from lawpipe.results import catalogue, online_table, problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import UNBROKEN, number, over_seeds, percent, policy_label
from lawpipe.results.table import Row, Table
from lawpipe.run.splits import REFERENCES

#: Headline quantities: columns of `summary` without their endings, and how they are headed.
HEADLINE = {"objective": "J", "compression_ratio": "CR", "acceleration": "AR"}

#: Every quantity of `summary`, in words.
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
    "weight_on_perturbed": "weight on flipped or perturbed examples (mean over steps)",
    "effective_examples": "effective number of examples (mean over steps)",
}

#: The table over all experiments, which is part of the page alone.
GLANCE = catalogue.Entry(
    "glance",
    "At a glance",
    None,
    "Compression ratio, acceleration, the Frank-Wolfe gap of the near-optimal policy as a share of its objective, "
    "and the weight that it leaves on flipped or perturbed examples (in brackets: their share of all). "
    "Each is the mean over the seeds with its 95 % t interval.",
    module="report.tables.experiment",
    data=("summary.parquet",),
)

PROPERTIES = {
    "noncontributive_excluded": "contribution <= 0: weight is 0",
    "redundant_dropped": "contribution > 0: weight is 0",
    "learned_ignored": "loss < 1e-6: weight below 0.2 of the step's largest",
}

#: The same of planted groups, and of as many unrelated examples (`_control`): where an experiment has some.
PLANTED = {
    f"{group}_{measure}{control}": f"{subject}: {words}"
    for group, planted, unrelated in (
        (redundancy.COPIES, "an example and its copy", "two unrelated examples"),
        (redundancy.COMBINATIONS, "two examples and their sum", "three unrelated examples"),
    )
    for measure, words in (
        ("one_dropped", "one or more has weight 0, of groups with any weight"),
        ("largest_share", "the largest weight's share of the group's"),
    )
    for control, subject in (("", planted), ("_control", unrelated))
}


def headline(results: Results) -> Table:
    """J, CR and AR on desired and test: mean with interval, each seed, the paper's value."""
    columns = [f"{name}_{against}" for against in REFERENCES for name in HEADLINE]
    header = ("policy", "seed", *(f"{name}, {against}" for against in REFERENCES for name in HEADLINE.values()))
    rows = []
    for policy in results.chosen:
        label = policy_label(policy)
        means = (over_seeds(results.quantity(policy, column), missing(column)) for column in columns)
        rows.append(Row((label, f"mean of{UNBROKEN}{len(results.seeds)}", *means), "mean"))
        for _, seed in results.summary[results.summary["policy"] == policy].iterrows():
            cells = (_of_one_seed(seed, column) for column in columns)
            rows.append(Row((label, str(seed["seed"]), *cells)))
        published = [_published(results, policy, name) for name in HEADLINE]
        if any(published):
            rows.append(Row((label, "paper", *(text or "-" for text in published), *["-"] * len(HEADLINE)), "paper"))
    return Table(catalogue.table("headline"), header, tuple(rows), labels=2)


def glance(experiments: Sequence[Results]) -> Table:
    """All experiments on one screen: a row each, conventional beside near-optimal."""
    header = (
        "experiment",
        "seeds",
        *(f"{name}, {against}" for against in REFERENCES for name in ("CR conventional", "CR near-optimal", "AR")),
        "gap / J",
        "weight on spoilt examples",
    )
    rows = []
    for each in experiments:
        cells = [each.name, str(len(each.seeds))]
        for against in REFERENCES:
            ratios = (
                each.quantity(policy, f"compression_ratio_{against}") for policy in ("conventional", "near_optimal")
            )
            cells += [over_seeds(ratio) for ratio in ratios]
            cells.append(over_seeds(each.quantity("near_optimal", f"acceleration_{against}"), "never"))
        gap, objective = (each.quantity("near_optimal", name).mean for name in ("gap", "objective_desired"))
        weight = each.quantity("near_optimal", "weight_on_perturbed").mean
        share = problem.corrupted_share(each.settings)
        cells += [percent(gap / objective), f"{percent(weight)} (of {percent(share)})" if share else "-"]
        rows.append(Row(tuple(cells)))
    return Table(GLANCE, header, tuple(rows))


def _of_one_seed(row: "pd.Series[float]", column: str) -> str:
    """Write a number of one seed; a missing acceleration means that the mark was never reached."""
    value = None if pd.isna(row[column]) else float(row[column])
    return missing(column) if value is None else number(value)


def _published(results: Results, policy: str, measure: str) -> str | None:
    """Return the paper's value of a quantity for a policy, marked if it was read off a figure."""
    for value in paper.values(problem.name(results.settings)):
        if (value.measure, value.policy) == (measure, policy):
            unit = "log2|V| over nats; " if value.mixed_units else ""
            return f"{value.text} ({unit}{value.mark})"
    return None


def summary(results: Results) -> Table:
    """Every quantity of the summary over the seeds, a column a policy."""
    rows = []
    for name, words in QUANTITIES.items():
        per_loss = f"{name}_desired" in results.summary
        for against in REFERENCES if per_loss else ("",):
            column = f"{name}_{against}" if against else name
            cells = (over_seeds(results.quantity(policy, column), missing(column)) for policy in results.chosen)
            rows.append(Row((words, against, *cells)))
    header = ("quantity", "on", *(policy_label(policy) for policy in results.chosen))
    return Table(catalogue.table("summary"), header, tuple(rows), labels=2)


def search(results: Results) -> Table:
    """Start and best row of each seed's search."""
    header = (
        "seed",
        "iterations",
        "J, start",
        "J, best",
        "best / start",
        "test J, start",
        "test J, best",
        "gradients",
        "cost",
        "gap, start",
        "gap, best",
        "gap / J",
        "with weight",
    )
    rows = []
    for seed, log in results.search.groupby("seed"):
        first, best = log.iloc[0], log.sort_values("objective", kind="stable").iloc[0]
        rows.append(
            Row(
                (
                    str(seed),
                    str(int(log["iteration"].max())),
                    number(first["objective"], 4),
                    number(best["objective"], 4),
                    percent(best["objective"] / first["objective"]),
                    number(first["test_objective"], 4),
                    number(best["test_objective"], 4),
                    str(int(best["evaluations"])),
                    number(best["cost"]),
                    number(first["gap"]),
                    number(best["gap"]),
                    number(best["gap"] / best["objective"]),
                    percent(best["active_fraction"]),
                )
            )
        )
    return Table(catalogue.table("search"), header, tuple(rows))


def zero_weights(results: Results) -> Table:
    """Each property's share for the policies but the snapshots; of planted groups where there are any."""
    found = results.zero_weights
    planted = {name: words for name, words in PLANTED.items() if (found["property"] == name).any()}
    rows = []
    for name, words in (PROPERTIES | planted).items():
        if name == "learned_ignored" and not catalogue.figure("fig09_learned").suits(results.settings):
            continue
        per_loss = [(kind, against) for against in REFERENCES for kind in ("instantaneous", "adjoint")]
        kinds = per_loss if name in OF_A_LOSS else [("", "")]
        for kind, against in kinds:
            for policy in results.chosen:
                chosen = found[(found["policy"] == policy) & (found["property"] == name)]
                if kind:
                    chosen = chosen[(chosen["kind"] == kind) & (chosen["against"] == against)]
                text = share(results, policy, name, against, kind)
                rows.append(
                    Row((words, kind, against, policy_label(policy), text, f"{int(chosen['count'].sum()):,}"))
                )
    header = ("property", "contribution", "against", "policy", "share", "cases, all seeds")
    return Table(catalogue.table("zero_weights"), header, tuple(rows), labels=4)


def fits(results: Results) -> Table:
    """The coefficients of each seed, policy and loss."""
    rows = []
    for _, fit in results.fits[results.fits["policy"].isin(results.chosen)].iterrows():
        coefficients = (
            f"{number(fit[name])} [{number(fit[f'{name}_low'])}, {number(fit[f'{name}_high'])}]"
            for name in ("loss_floor", "scale", "exponent")
        )
        first = "-" if pd.isna(fit["first_step"]) else str(int(fit["first_step"]))
        label = policy_label(str(fit["policy"]))
        rows.append(
            Row((label, str(fit["against"]), str(fit["seed"]), *coefficients, first, number(fit["r_squared"], 4)))
        )
    rows.sort(key=lambda row: (row.cells[1], row.cells[0], int(row.cells[2])))
    header = ("policy", "loss", "seed", "L0 (nats)", "B (steps)", "beta", "t0", "r squared")
    return Table(catalogue.table("fits"), header, tuple(rows), labels=3)


#: The function that makes each table of the catalogue.
MAKE: dict[str, Callable[[Results], Table]] = {
    "headline": headline,
    "summary": summary,
    "online": online_table.online,
    "search": search,
    "zero_weights": zero_weights,
    "fits": fits,
    "sensitivity": scaling.sensitivity,
    "stories": stories.stories,
    "corpus": stories.corpus,
}
