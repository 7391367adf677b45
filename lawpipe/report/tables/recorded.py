"""The tables of runs that were recorded on other machines (by benchmarks/gpu.py), together with this page's."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lawpipe.report.comparison import mean
from lawpipe.report.findings import both
from lawpipe.report.table import Table
from lawpipe.results import problem
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import UNBROKEN, number, percent
from lawpipe.run.parsing import parsing

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
        with parsing(path, "no record of a run", "repeat the run, or delete the file"):
            record = json.loads(path.read_text(encoding="utf-8"))
            # A record says where, when and how it was made.
            {record[name] for name in ("name", "date", "commit", "command")} | {*record["hardware"]}
            records.append(record)
    return records


def searches(records: Sequence[Record], experiments: Sequence[Results]) -> Table | None:
    """Return the recorded searches and the language models of this page; None if no search was recorded."""
    recorded = [record for record in records if "objective" in record]
    here = [results for results in experiments if problem.name(results.settings) == problem.LANGUAGE_MODEL]
    kinds = ["paper" if record["method"] == "projected_gradient" else "" for record in recorded]
    rows = [*map(_recorded_search, recorded), *map(_search, here)]
    return Table.from_records(SEARCHES, rows, [*kinds, *("mean" for _ in here)], labels=4) if recorded else None


def _recorded_search(record: Record) -> dict[str, str]:
    """Return the row of a recorded search."""
    ratios = record["acceleration"].items()
    accelerations = {against: "never" if ratio is None else number(ratio) for against, ratio in ratios}
    return {
        "experiment": record["experiment"],
        "where": _where(record),
        "search": f"{record['method'].replace('_', ' ')}, {record['precision']}, {record['corpus']} stories",
        "T x N, V": _size(record["steps"], record["examples"], record["vocabulary"]),
        "evaluations": str(record["evaluations"]),
        "J, desired": _change(**record["objective"]),
        "J, test": _change(**record["objective_test"]),
        "AR": accelerations["desired"],
        "AR, test": accelerations["test"],
        "hours": number(record["search_seconds"] / 3600),
    }


def _search(results: Results) -> dict[str, str]:
    """Return the row of an experiment of this page."""
    data, training, search = (results.settings[name] for name in ("data", "training", "search"))
    return {
        "experiment": results.name,
        "where": "here",
        "search": f"{search['method'].replace('_', ' ')}, {training['precision']}",
        "T x N, V": _size(training["steps"], data["train_examples"], data["tokenizer"]["vocabulary"]),
        "evaluations": number(float(results.search.groupby("seed")["evaluations"].max().mean())),
        "J, desired": _change(*(value.mean for value in both(results, "objective_desired"))),
        "J, test": _change(*(value.mean for value in both(results, "objective_test"))),
        "AR": mean(results, "near_optimal", "acceleration_desired"),
        "AR, test": mean(results, "near_optimal", "acceleration_test"),
        "hours": "-",
    }


def steps(records: Sequence[Record]) -> Table | None:
    """Return the recorded steps, for each size the public code's last; None if no step was recorded."""
    rows = []
    for record in records:
        if "public" not in record:
            continue
        for row in (*record["rows"], {"pass": "backward", **record["public"]}):
            how = [row.get("precision", "the public code's way")]
            how += [word for word in ("kernels", "graphs") if row.get(word)]
            how += [f"{word.replace('_', ' ')} {row[word]}" for word in ("micro_batch", "chunk") if row.get(word)]
            how += [f"{row['batch']} examples at once"] if "batch" in row else []
            rows.append(
                {
                    "where": _where(record),
                    "T x N, V": _size(record["steps"], record["examples"], record["vocabulary"]),
                    "pass": row["pass"],
                    "how": ", ".join(how),
                    "s": number(row["seconds"]),
                    "share of the ceiling": percent(row.get("share_of_ceiling")),
                    "GB": "-" if row["peak_mb"] is None else number(row["peak_mb"] / 1024),
                }
            )
    kinds = ["paper" if row["how"].startswith("the public code") else "" for row in rows]
    return Table.from_records(STEPS, rows, kinds, labels=4) if rows else None


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
