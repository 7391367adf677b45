"""Study: what holds of the policies of several searches on the same examples, from the paper's search to the best."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.figures import layout, panels, style
from lawpipe.paper import claims, measures
from lawpipe.paper.claims import Claim
from lawpipe.paper.measures import NEAR, Measure, of, ratio
from lawpipe.report.table import Table
from lawpipe.results import similarity
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results, Seed, select
from lawpipe.results.numbers import interval, number, percent, plural
from lawpipe.results.problem import Settings
from lawpipe.run.errors import InputError
from lawpipe.run.tables.studies import OPTIMA

TITLE = "What holds of better and better policies"
ENTRY = Entry(
    "optima",
    TITLE,
    None,
    "The near-optimal policies of several searches on the same examples, a row for each, from the highest J to the "
    "lowest at each learning rate: the mean over the seeds, its 95 % interval, and a small dot per seed. SIM is the "
    "similarity of the contributions, the median over the steps with two or more active examples; the first-order "
    "condition makes the adjoint ones equal at a stationary policy (gap 0), the paper's law the instantaneous ones. "
    "Its mean is over the seeds in which it is finite.",
)
TABLE = OPTIMA
#: Columns of numbers in which null stands for a missing value: none, since a similarity may be infinite.
NULLABLE = ()


def _similarity(kind: str) -> Measure:
    """Return the median similarity of one kind over the steps with two or more active examples."""
    return lambda seed: similarity.median(seed.measured[NEAR, "desired", kind])


def _replayed(seed: Seed) -> float:
    """Return the largest relative change of J in a replay of the near-optimal policy."""
    changes = [seed.summary[NEAR].get(name) for name in ("replay_float64", "replay_moved")]
    return max((abs(change) for change in changes if change is not None), default=np.nan)


#: What is measured of each policy beside the claims.
QUANTITIES: Mapping[str, Measure] = {
    "J desired / conventional": ratio("objective_desired"),
    "J unseen / conventional": ratio("objective_test"),
    "gap / J": measures.quotient(of(NEAR, "gap"), of(NEAR, "objective_desired")),
    "J changed by a replay": _replayed,
    "largest sharpness": of(NEAR, "sharpness_max"),
    **{f"SIM {kind}": _similarity(kind) for kind in panels.KINDS},
    "excluded, instantaneous": of(NEAR, ("noncontributive_excluded", "instantaneous", "desired")),
    "excluded, adjoint": of(NEAR, ("noncontributive_excluded", "adjoint", "desired")),
    "effective examples": of(NEAR, "effective_examples"),
    "beta / conventional": ratio("exponent"),
    "r2 of the scaling law": of(NEAR, "r_squared"),
}
#: Quantities that are shares, and those that vary by factors, whose means are geometric.
SHARES = ("excluded, instantaneous", "excluded, adjoint")
BY_FACTORS = ("gap / J", "J changed by a replay", "SIM instantaneous", "SIM adjoint", "effective examples")

#: The claims that are judged of each policy: those that need no control.
JUDGED = tuple(
    claim
    for claim in (*claims.GAIN, *claims.LAW, *claims.ZERO_WEIGHTS)
    if "perceptron" in claim.problems and not claim.corrupted
)

#: The panels of the figure: title, quantities with their colours and labels, and whether the axis is logarithmic.
Looks = Mapping[str, tuple[style.Look, str]]
PANELS: tuple[tuple[str, Looks, bool], ...] = (
    (
        "J / J conventional",
        {
            f"J {name} / conventional": (style.AGAINST[key], name)
            for name, key in (("desired", "desired"), ("unseen", "test"))
        },
        False,
    ),
    ("Frank-Wolfe gap / J", {"gap / J": (style.POLICIES[NEAR], "")}, True),
    ("similarity SIM", {f"SIM {kind}": (colour, kind) for kind, colour in style.KINDS.items()}, True),
    (
        "weight 0 of contributions <= 0",
        {f"excluded, {kind}": (colour, kind) for kind, colour in style.KINDS.items()},
        False,
    ),
    ("effective examples per step", {"effective examples": (style.POLICIES[NEAR], "")}, True),
    ("exponent beta / conventional", {"beta / conventional": (style.POLICIES[NEAR], "")}, False),
)
COLUMNS = 2
#: Heights of a row of a panel, and of everything above and below its rows, in inches.
ROW, AROUND = 0.34, 0.85


def rows(experiments: Sequence[Results], settings: Settings) -> pd.DataFrame:
    """Return the rows of the table `optima`: one per experiment, seed and quantity.

    The quantities are `QUANTITIES` and, by their names, our numbers for the claims of `JUDGED`, with the caveat of
    the claim on the seeds of the experiment. Raises InputError if there is no experiment.
    """
    if not experiments:
        raise InputError("no two experiments of this config search for a policy on the same examples.")
    records: list[dict[str, Any]] = []
    for results in experiments:
        first = {
            "experiment": results.name,
            "learning_rate": float(results.settings["training"]["learning_rate"]),
            "method": results.settings["search"]["method"],
        }
        seeds = {number_of_seed: results.seed(number_of_seed) for number_of_seed in results.seeds}
        caveats = {claim.name: claim.caveat([*seeds.values()]) for claim in JUDGED if claim.caveat is not None}
        for number_of_seed, seed in seeds.items():
            values = {name: measure(seed) for name, measure in QUANTITIES.items()}
            values |= {claim.name: claim.measure(seed) for claim in JUDGED}
            records += [
                {
                    **first,
                    "seed": number_of_seed,
                    "quantity": name,
                    "value": value,
                    "caveat": caveats.get(name, ""),
                }
                for name, value in values.items()
            ]
    return pd.DataFrame(records)


def means(frame: pd.DataFrame) -> dict[str, dict[str, Interval]]:
    """Return every quantity over the seeds by experiment, from the largest learning rate and J to the smallest."""
    logarithmic = {*BY_FACTORS, *(claim.name for claim in JUDGED if claim.logarithmic)}
    result: dict[str, dict[str, Interval]] = {}
    for experiment, group in frame.groupby("experiment", sort=False):
        by_quantity = group.groupby("quantity", sort=False)["value"]
        result[str(experiment)] = {
            str(name): mean_interval(
                _positive(values) if name in logarithmic else values, logarithmic=name in logarithmic
            )
            for name, values in by_quantity
        }
    rates = frame.groupby("experiment")["learning_rate"].first()
    order = sorted(result, key=lambda name: (-rates[name], -result[name]["J desired / conventional"].mean_or_nan))
    return {name: result[name] for name in order}


def _positive(values: "pd.Series[float]") -> "pd.Series[float]":
    """Return values without those that have no logarithm."""
    return values.where(values > 0)


def text(frame: pd.DataFrame) -> str:
    """Return J, the gap and both similarities, one line per experiment."""
    names = ("J desired / conventional", "J unseen / conventional", "gap / J", "SIM instantaneous", "SIM adjoint")
    return "\n".join(
        f"{experiment}: "
        + ", ".join(
            f"{name} {interval(of_all[name], space=' ')}{_infinite(frame, experiment, name)}" for name in names
        )
        for experiment, of_all in means(frame).items()
    )


def _infinite(frame: pd.DataFrame, experiment: str, quantity: str) -> str:
    """Say in how many seeds of an experiment a quantity is infinite; nothing if in none."""
    values = select(frame, experiment=experiment, quantity=quantity)["value"]
    count = int(np.isinf(values).sum())
    return f" (infinite in {count} of {plural(len(values), 'seed')})" if count else ""


def figure(frame: pd.DataFrame) -> Figure:
    """Draw a panel per quantity, with a row per experiment."""
    names = list(means(frame))
    labels = _labels(frame, names)
    lines = -(-len(PANELS) // COLUMNS)
    drawing = Figure(figsize=(layout.WIDTH, lines * (AROUND + ROW * len(names))), layout="constrained")
    grid = drawing.subplots(lines, COLUMNS, sharey=True)
    for axes, (title, quantities, log) in zip(grid.flat, PANELS, strict=True):
        _draw(axes, frame, names, quantities, log=log)
        axes.set_title(title)
    for axes in grid[:, 0]:
        panels.name_rows(axes, labels)
    layout.surround(drawing, TITLE, "means; dots: seeds, bars: 95 % t intervals")
    return drawing


def _labels(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the names of the rows of the figure: method and rate, or experiment and rate if others have the same."""
    first = frame.drop_duplicates("experiment").set_index("experiment").loc[list(names)]
    is_shared = first.duplicated(["method", "learning_rate"], keep=False)
    said = first["method"].str.replace("_", " ").where(~is_shared, first.index.to_series())
    return [f"{name},\nrate {rate:g}" for name, rate in zip(said, first["learning_rate"], strict=True)]


def _draw(axes: Axes, frame: pd.DataFrame, names: Sequence[str], looks: Looks, *, log: bool) -> None:
    """Draw quantities of every experiment in one panel; means on a log axis are geometric."""
    offsets = (0.0,) if len(looks) == 1 else (-0.16, 0.16)
    for offset, (quantity, (look, label)) in zip(offsets, looks.items(), strict=True):
        for row, name in enumerate(names):
            values = frame["value"][(frame["experiment"] == name) & (frame["quantity"] == quantity)]
            known = _positive(values) if log else values
            over = mean_interval(known, logarithmic=log)
            axes.plot(known, [row + offset] * len(known), ".", color=look.colour, markersize=3, alpha=0.6)
            shown = over.clipped(0, 1) if quantity in SHARES else over
            panels.draw_mean(axes, shown, row + offset, look, label or None)
    layout.log_axes([axes], "x" if log else "")


def table(frame: pd.DataFrame) -> Table:
    """Return one row per quantity and claim, one column per experiment; claims have the verdict and our number."""
    of_all = means(frame)
    records = [
        {
            "": name,
            **{
                experiment: _written(name, known[name]) + _infinite(frame, experiment, name)
                for experiment, known in of_all.items()
            },
        }
        for name in QUANTITIES
    ]
    measured, notes = set(frame["quantity"]), ["The numbers of each seed are in optima.parquet beside this page."]
    for claim in (claim for claim in JUDGED if claim.name in measured):
        caveats = {name: _caveat(frame, name, claim) for name in of_all}
        verdicts = {name: _judged(claim, known[claim.name], caveats[name]) for name, known in of_all.items()}
        records.append({"": f"claim: {claim.name}", **verdicts})
        notes += [f"{claim.name}, {name}: {caveat}." for name, caveat in caveats.items() if caveat]
    return replace(Table.from_records(ENTRY, records), note=" ".join(notes))


def _caveat(frame: pd.DataFrame, experiment: str, claim: Claim) -> str:
    """Return what a claim's number does not mean in an experiment; nothing where it means what it says."""
    return str(select(frame, experiment=experiment, quantity=claim.name)["caveat"].iloc[0])


def _written(name: str, over: Interval) -> str:
    """Write a quantity over the seeds."""
    if name in SHARES:
        return percent(over.mean)
    return interval(over)


def _judged(claim: Claim, over: Interval, caveat: str) -> str:
    """Write the verdict on a claim and our number."""
    return f"{claim.rule.judge(over).with_caveat(caveat).verdict.replace('_', ' ')}: {number(over.mean)}"
