"""The table of the ladder of sizes: recorded runs on real stories together with the language models of the page."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from lawpipe.analysis import ladder
from lawpipe.analysis.intervals import Interval
from lawpipe.analysis.ladder import AT_TUNED_RATE, CONVENTIONAL, NEAR, TUNED
from lawpipe.report.table import Table
from lawpipe.results import ladder as rows_of_ladder
from lawpipe.results import problem
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval, number
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES
from lawpipe.run.tables.ladder import RECORDED

ENTRY = Entry(
    "ladder",
    "Language models at growing size, recorded and here",
    "Table 2",
    "Ratios of J of the same seed, and what the near-optimal policy is like, at each size. Columns marked as "
    "recorded were computed by the commit named there, not by the files of this page; "
    "benchmarks/records has a row for each of their seeds and policies. Means over n seeds with 95 % intervals, "
    "geometric for ratios.",
)

#: The digits of a commit after the first ten.
LONG = r"(?<=^[0-9a-f]{10})[0-9a-f]+"

#: The ratios of J: the label, the policy, and the one that it is compared with.
RATIOS = (
    ("near-optimal / conventional", NEAR, CONVENTIONAL),
    ("conventional tuned / conventional", TUNED, CONVENTIONAL),
    ("near-optimal / conventional tuned", NEAR, TUNED),
    ("near-optimal / conventional, both at the tuned rate", AT_TUNED_RATE, TUNED),
    ("transferred weights / conventional", "transferred", CONVENTIONAL),
    ("clean only / conventional", "clean_only", CONVENTIONAL),
    ("clean only / conventional, each at its best rate", "clean_only_tuned", TUNED),
    ("desired only / conventional", "desired_only", CONVENTIONAL),
)


def read(path: Path) -> pd.DataFrame:
    """Return a record of the ladder.

    Raises InputError if the file is missing, damaged, empty or of another version, or if a policy of a seed has two
    rows: a record is not made again.
    """
    try:
        frame: pd.DataFrame = artifacts.read(path, RECORDED).to_pandas()
    except InputError as error:
        cause = re.split("[:;]", str(error).removeprefix(str(path)).lstrip(": "))[0]
        raise InputError(f"{path} {cause}: take it from git, or move its folder away.") from error
    if frame.empty:
        raise InputError(f"{path} has no rows: take it from git, or move its folder away.")
    keys = ["experiment", "seed", "policy"]
    for experiment, seed, policy in frame.loc[frame.duplicated(keys), keys].itertuples(index=False):
        raise InputError(
            f"{path} has two rows of {experiment}, seed {seed}, {policy}, expected one: take it from git, or move "
            "its folder away."
        )
    return frame


def table(recorded: pd.DataFrame, experiments: Sequence[Results]) -> Table:
    """Return one row per quantity and one column per size: the recorded ones, then those of this page."""
    here = [results for results in experiments if problem.name(results.settings) == problem.LANGUAGE_MODEL]
    first = next(ladder.sizes(ladder.at_usual_rate(recorded)))
    columns = {
        f"{ladder.name(group)}, recorded": _cells(group, first, _origin(group)) for group in ladder.sizes(recorded)
    }
    columns |= {results.name: _cells(rows_of_ladder.rows(results), first, "this page") for results in here}
    labels = next(iter(columns.values()))
    records = [{"quantity": label} | {name: cells[label] for name, cells in columns.items()} for label in labels]
    return Table.from_records(ENTRY, records, note=ladder.verdict(recorded))


def _growth(group: pd.DataFrame, first: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield how the gain compares with that of the first recorded size, by label.

    In the same seeds, on the same stories and at the same learning rate; windows, damage and vocabulary may differ.
    """
    same = set(group["stories"]) == set(first["stories"]) and ladder.learning_rate(group) == ladder.learning_rate(
        first
    )
    compared = zip(
        ("J near-optimal / conventional", "acceleration"), ladder.growth(first, group, "desired"), strict=True
    )
    for label, ratio in compared:
        yield f"{label} on desired, times that of {ladder.name(first)}", interval(ratio) if same else "-"


def _origin(group: pd.DataFrame) -> str:
    """Say where and when a recorded size was computed, and by which commits."""
    columns = (group["machine"], group["date"], "commit " + group["commit"].str.replace(LONG, "", regex=True))
    return ", ".join(" and ".join(sorted(set(values))) for values in columns)


def _gap(relative: Interval) -> str:
    """Write a gap over J; one above J says only that the policy is not stationary, or that it is not known."""
    return "above J" if relative.mean is not None and relative.mean > 1 else interval(relative, share=True)


def _cells(group: pd.DataFrame, first: pd.DataFrame, origin: str) -> dict[str, str]:
    """Return what is said of a size, by label; `first` is the recorded one with which its gain is compared."""
    size = group.iloc[0]
    cells = {
        "computed": origin,
        "stories: from, fingerprint": f"{size['corpus']}, {size['stories'][:10]}",
        "T x N": f"{size['steps']:,} x {size['examples']:,}",
        "desired examples K": f"{size['desired_examples']:,}",
        "length L, vocabulary V": f"{size['length']:,}, {size['vocabulary']:,}",
        "operations on a perturbed window": f"{size['operations']:,}",
        "width, layers": f"{size['hidden']:,}, {size['layers']:,}",
        "parameters": f"{size['parameters']:,}",
        "learning rate": number(ladder.learning_rate(group)),
        "seeds n": str(group["seed"].nunique()),
    }
    for against in REFERENCES:
        for label, policy, other in RATIOS:
            cells[f"J on {against}, {label}"] = interval(ladder.ratio(group, against, policy, other))
    for against in REFERENCES:
        reached = ladder.quantity(group, NEAR, f"acceleration_{against}", logarithmic=True)
        cells[f"acceleration on {against}"] = interval(reached, missing="never")
    cells |= _growth(group, first)
    before, after = (_gap(ladder.relative_gap(group, policy)) for policy in (CONVENTIONAL, NEAR))
    cells["gap / J, conventional → near-optimal"] = f"{before} → {after}"
    for label, column in (
        ("weight on perturbed stories", "weight_on_perturbed"),
        ("(t, n) with contribution <= 0 that have weight 0", "noncontributive_excluded"),
        ("(t, n) with contribution > 0 that have weight 0", "redundant_dropped"),
    ):
        cells[label] = interval(ladder.quantity(group, NEAR, column).clipped(0, 1), share=True)
    for label, column in (("SIM", "similarity_desired"), ("beta", "exponent"), ("r squared", "r_squared")):
        before, after = (interval(ladder.quantity(group, policy, column)) for policy in (CONVENTIONAL, NEAR))
        cells[f"{label}, conventional → near-optimal"] = f"{before} → {after}"
    return cells
