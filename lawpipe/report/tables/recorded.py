"""Runs that were recorded on some machine (benchmarks/gpu.py), beside those of this page."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import UNBROKEN, number, over_seeds, percent
from lawpipe.results.table import Row, Table
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES

SEARCHES = Entry(
    "recorded_searches",
    "Recorded searches of language models, beside those here",
    "Table 2",
    "Rows marked as recorded were computed on another machine, by the commit that is named: no result of this "
    "page's files; their curves, fits and logs are in benchmarks/records. J is that of the conventional and of the "
    "near-optimal policy.",
    module="report.tables.recorded",
    data=(),
)

STEPS = Entry(
    "recorded_steps",
    "Recorded times of a training step, forward and backward",
    None,
    "All examples of a step with weight, on the card that is named. The share is that of the fewest operations that "
    "such a step needs, in the time it took, of the rate of large products of that precision in the same run.",
    module="report.tables.recorded",
    data=(),
)

Record = Mapping[str, Any]


def read(folder: Path) -> list[Record]:
    """Return the records in a folder and its subfolders, in the order of their paths.

    Raises InputError for a file that is no record.
    """
    return [_read(path) for path in sorted(folder.rglob("gpu-*.json"))]


def _read(path: Path) -> Record:
    """Read one record and check that it says where it is from."""
    try:
        found: Record = json.loads(path.read_text(encoding="utf-8"))
        {found[name] for name in ("name", "date", "commit", "command")} | {*found["hardware"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no record of a run ({type(error).__name__}: {error}): repeat the run, or delete the file."
        ) from error
    return found


def searches(records: Sequence[Record], here: Sequence[Results]) -> Table | None:
    """Return recorded searches and this page's language models; None where no search was recorded."""
    recorded = [record for record in records if "objective" in record]
    if not recorded:
        return None
    columns = ("experiment", "where", "search", "T x N, V", "evaluations", "J, desired", "J, test", "AR", "AR, test")
    local = (each for each in here if each.settings["problem"] == "language_model")
    rows = [*map(_search, recorded), *map(_here, local)]
    return Table(SEARCHES, (*columns, "hours"), tuple(rows), labels=4)


def _search(record: Record) -> Row:
    """Return the row of a recorded search."""
    pairs = [record[name] for name in ("objective", "objective_test")]
    return Row(
        (
            record["experiment"],
            _where(record),
            f"{record['method'].replace('_', ' ')}, {record['precision']}, {record['corpus']} stories",
            _size(record["steps"], record["examples"], record["vocabulary"]),
            str(record["evaluations"]),
            *(f"{number(pair['conventional'])} → {number(pair['near_optimal'])}" for pair in pairs),
            *(_acceleration(record["acceleration"][loss]) for loss in REFERENCES),
            number(record["search_seconds"] / 3600),
        ),
        "paper" if record["method"] == "projected_gradient" else "",
    )


def _here(results: Results) -> Row:
    """Return the row of an experiment of this page."""
    data, search = results.settings["data"], results.settings["search"]
    values = {
        policy: [results.quantity(policy, f"objective_{loss}").mean for loss in REFERENCES]
        for policy in ("conventional", "near_optimal")
    }
    last = results.search.groupby("seed")["evaluations"].max()
    return Row(
        (
            results.name,
            "here",
            f"{search['method'].replace('_', ' ')}, {results.settings['training']['precision']}",
            _size(results.settings["training"]["steps"], data["train_examples"], data["tokenizer"]["vocabulary"]),
            number(float(last.mean())),
            *(f"{number(one)} → {number(other)}" for one, other in zip(*values.values(), strict=True)),
            *(over_seeds(results.quantity("near_optimal", f"acceleration_{loss}"), "never") for loss in REFERENCES),
            "-",
        ),
        "mean",
    )


def steps(records: Sequence[Record]) -> Table | None:
    """Return the recorded steps, the public code's way last of each size; None where none were recorded."""
    rows = [row for record in records if "public" in record for row in _steps(record)]
    header = ("where", "T x N, V", "pass", "how", "s", "share of the ceiling", "GB")
    return Table(STEPS, header, tuple(rows), labels=4) if rows else None


def _steps(record: Record) -> Iterator[Row]:
    """Yield the rows of a record of steps."""
    size = _size(record["steps"], record["examples"], record["vocabulary"])
    for row in record["rows"]:
        how = [row["precision"]]
        how += [word for word in ("kernels", "graphs") if row.get(word)]
        how += [f"{word.replace('_', ' ')} {row[word]}" for word in ("micro_batch", "chunk") if row.get(word)]
        yield Row(
            (
                *(_where(record), size, row["pass"], ", ".join(how)),
                *(number(row["seconds"]), percent(row["share_of_ceiling"]), _gigabytes(row["peak_mb"])),
            )
        )
    public = record["public"]
    how_public = f"the public code's way, {public['batch']} examples at once"
    cells = (*(_where(record), size, "backward", how_public), *(number(public["seconds"]), "-"))
    yield Row((*cells, _gigabytes(public["peak_mb"])), "paper")


def _where(record: Record) -> str:
    """Say that a run was recorded, on what, when and by which commit."""
    machine = record["hardware"].get("card") or record["hardware"].get("processor")
    toy = ", toy size" if record.get("reduced") else ""
    return f"recorded{toy}: {machine}, {record['date']}, commit {str(record['commit'])[:10]}"


def _size(steps: int, examples: int, vocabulary: int) -> str:
    """Write the size of an experiment."""
    return f"{steps:,} x {examples:,},{UNBROKEN}{vocabulary:,}"


def _acceleration(value: float | None) -> str:
    """Write an acceleration; a missing one means that the mark was never reached."""
    return "never" if value is None else number(value)


def _gigabytes(megabytes: float | None) -> str:
    """Write a card's peak memory."""
    return "-" if megabytes is None else number(megabytes / 1024)
