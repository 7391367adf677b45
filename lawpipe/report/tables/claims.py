"""The tables at the top of the page: the paper's claims with their verdicts, and the paper's contradictions."""

from itertools import pairwise
from pathlib import Path

from lawpipe.analysis.intervals import Interval
from lawpipe.paper.contradictions import contradictions
from lawpipe.paper.rules import VERDICTS
from lawpipe.report.table import Row, Table
from lawpipe.results.catalogue import Entry
from lawpipe.results.numbers import interval
from lawpipe.run import artifacts
from lawpipe.run.tables import claims as artifact

CLAIMS = Entry(
    "claims",
    "The paper's claims and their verdicts",
    None,
    "Statements of the paper, and additional statements of this audit: the place in the paper, our number (the mean "
    "over the n seeds that have a value, with its 95 % interval) and the verdict by a rule that was fixed before the "
    "run. A value is judged only where the task is the paper's own; at any other size, only the statement is.",
)

CONTRADICTIONS = Entry(
    "contradictions",
    "Contradictions within the paper",
    None,
    "What the paper says in one place, what it says in another, and our arithmetic on its own numbers. "
    "No run of ours is involved.",
)


def claims(root: Path) -> Table:
    """Return the table of claims under `root`, sorted by experiment, with the number of each verdict as a note.

    Raises InputError if the artifact is missing or damaged.
    """
    stored = artifacts.read(root / "claims.parquet", artifact.CLAIMS).to_pylist()
    experiments = list(dict.fromkeys(record["experiment"] for record in stored))
    stored.sort(key=lambda record: experiments.index(record["experiment"]))
    records = [
        {
            "experiment": record["experiment"],
            "claim": record["claim"].replace("_", " "),
            "what it says": record["paper"],
            "where": record["source"],
            "verdict": record["verdict"].replace("_", " "),
            "ours": interval(Interval.stored(*(record[name] for name in ("ours", "low", "high", "n", "n")))),
            "n": str(record["n"]),
            "reason": record["reason"],
        }
        for record in stored
    ]
    verdicts = [record["verdict"] for record in stored]
    counts = [f"{verdicts.count(name)} {name.replace('_', ' ')}" for name in VERDICTS if name in verdicts]
    changes = [False] + [one["experiment"] != other["experiment"] for one, other in pairwise(stored)]
    kinds = [f"break {verdict}" if change else verdict for change, verdict in zip(changes, verdicts, strict=True)]
    note = f"{len(stored)} rows: {', '.join(counts)}."
    widths = (11, 13, 17, 7, 11, 16, 3, 22)
    return Table.from_records(CLAIMS, records, kinds, labels=5, prose=7, note=note, widths=widths)


def contradicted() -> Table:
    """Return the table of the paper's contradictions."""
    rows = tuple(map(Row, contradictions()))
    header = ("where", "the paper says", "but", "our arithmetic")
    return Table(CONTRADICTIONS, header, rows, labels=4, widths=(11, 29, 29, 31))
