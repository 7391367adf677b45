"""The tables of runs that were recorded on other machines (by benchmarks/gpu.py), together with this page's."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lawpipe.report.table import Row, Table
from lawpipe.results import problem
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import UNBROKEN, interval, number, percent
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES

SEARCHES = Entry(
    "recorded_searches",
    "Recorded searches of language models, and those of this page",
    "Table 2",
    "Rows marked as recorded were computed on another machine by the commit in the row, not by the files of this "
    "page; their curves, fits and logs are in benchmarks/records. J is that of the conventional and of the "
    "near-optimal policy.",
)

STEPS = Entry(
    "recorded_steps",
    "Recorded times of a training step, forward and backward",
    None,
    "All examples have weight. The share of the ceiling is the smallest number of operations that such a step needs "
    "over its time, relative to the rate of large matrix products of the same precision in the same run.",
)

Record = Mapping[str, Any]


def read(folder: Path) -> list[Record]:
    """Return the records in a folder and its subfolders, in the order of their paths.

    Raises InputError for a file that is not a record.
    """
    records: list[Record] = []
    for path in sorted(folder.rglob("gpu-*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            # A record says where, when and how it was made.
            {record[name] for name in ("name", "date", "commit", "command")} | {*record["hardware"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} is no record of a run ({type(error).__name__}: {error}): repeat the run, or delete the file."
            ) from error
        records.append(record)
    return records


def searches(records: Sequence[Record], experiments: Sequence[Results]) -> Table | None:
    """Return the recorded searches and the language models of this page; None if no search was recorded."""
    rows = [_recorded_search(record) for record in records if "objective" in record]
    if not rows:
        return None
    rows += [_search(results) for results in experiments if problem.name(results.settings) == problem.LANGUAGE_MODEL]
    columns = ("experiment", "where", "search", "T x N, V", "evaluations", "J, desired", "J, test", "AR", "AR, test")
    return Table(SEARCHES, (*columns, "hours"), tuple(rows), labels=4)


def _recorded_search(record: Record) -> Row:
    """Return the row of a recorded search."""
    pairs = [record[name] for name in ("objective", "objective_test")]
    accelerations = [record["acceleration"][against] for against in REFERENCES]
    return Row(
        (
            record["experiment"],
            _where(record),
            f"{record['method'].replace('_', ' ')}, {record['precision']}, {record['corpus']} stories",
            _size(record["steps"], record["examples"], record["vocabulary"]),
            str(record["evaluations"]),
            *(_change(pair["conventional"], pair["near_optimal"]) for pair in pairs),
            *("never" if value is None else number(value) for value in accelerations),
            number(record["search_seconds"] / 3600),
        ),
        "paper" if record["method"] == "projected_gradient" else "",
    )


def _search(results: Results) -> Row:
    """Return the row of an experiment of this page."""
    data, training, search = (results.settings[name] for name in ("data", "training", "search"))
    objectives = [
        [results.quantity(policy, f"objective_{against}").mean for policy in ("conventional", "near_optimal")]
        for against in REFERENCES
    ]
    accelerations = [results.quantity("near_optimal", f"acceleration_{against}") for against in REFERENCES]
    return Row(
        (
            results.name,
            "here",
            f"{search['method'].replace('_', ' ')}, {training['precision']}",
            _size(training["steps"], data["train_examples"], data["tokenizer"]["vocabulary"]),
            number(float(results.search.groupby("seed")["evaluations"].max().mean())),
            *(_change(*pair) for pair in objectives),
            *(interval(acceleration, missing="never") for acceleration in accelerations),
            "-",
        ),
        "mean",
    )


def steps(records: Sequence[Record]) -> Table | None:
    """Return the recorded steps, for each size the public code's last; None if no step was recorded."""
    rows = []
    for record in records:
        if "public" not in record:
            continue
        labels = (_where(record), _size(record["steps"], record["examples"], record["vocabulary"]))
        for row in record["rows"]:
            how = [row["precision"]]
            how += [word for word in ("kernels", "graphs") if row.get(word)]
            how += [f"{word.replace('_', ' ')} {row[word]}" for word in ("micro_batch", "chunk") if row.get(word)]
            rows.append(
                Row((*labels, row["pass"], ", ".join(how), *_measured(row, percent(row["share_of_ceiling"]))))
            )
        public = record["public"]
        how_public = f"the public code's way, {public['batch']} examples at once"
        rows.append(Row((*labels, "backward", how_public, *_measured(public, "-")), "paper"))
    header = ("where", "T x N, V", "pass", "how", "s", "share of the ceiling", "GB")
    return Table(STEPS, header, tuple(rows), labels=4) if rows else None


def _measured(row: Mapping[str, Any], share: str) -> tuple[str, str, str]:
    """Write the seconds, the share of the ceiling and the peak memory (GB) of a step."""
    memory = row["peak_mb"]
    return number(row["seconds"]), share, "-" if memory is None else number(memory / 1024)


def _where(record: Record) -> str:
    """Describe where and when a run was recorded, and by which commit."""
    machine = record["hardware"].get("card") or record["hardware"].get("processor")
    toy = ", toy size" if record.get("reduced") else ""
    return f"recorded{toy}: {machine}, {record['date']}, commit {str(record['commit'])[:10]}"


def _size(steps: int, examples: int, vocabulary: int) -> str:
    """Write the size of an experiment."""
    return f"{steps:,} x {examples:,},{UNBROKEN}{vocabulary:,}"


def _change(conventional: float | None, near_optimal: float | None) -> str:
    """Write J of the conventional and of the near-optimal policy."""
    return f"{number(conventional)} → {number(near_optimal)}"
