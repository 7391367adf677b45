"""The tables that the page begins with: the paper's claims with our verdicts, and its contradictions."""

from pathlib import Path

from lawpipe.analysis.intervals import Interval
from lawpipe.paper.contradictions import contradictions
from lawpipe.paper.rules import VERDICTS
from lawpipe.report.table import Row, Table
from lawpipe.results.catalogue import Entry
from lawpipe.results.numbers import interval
from lawpipe.run import artifacts

CLAIMS = Entry(
    "claims",
    "The paper's claims, and what became of them",
    None,
    "Each statement of the paper, and of this audit beside it, with its place, our number (mean over the seeds with "
    "its 95 % interval; n seeds have a value) and the verdict of a rule that was fixed before the run. "
    "A value counts where the task is the paper's own; at another size the statement is judged, not the value.",
    module="paper.claims",
    data=("claims.parquet",),
)

CONTRADICTIONS = Entry(
    "contradictions",
    "Where the paper contradicts itself",
    None,
    "What the paper says in one place, what stands in another, and our arithmetic on its own numbers. "
    "None of it rests on a run of ours.",
    module="paper.contradictions",
    data=(),
)


def claims(root: Path) -> Table:
    """Return the table of claims under `root`, those of one experiment together, with their counts as a note.

    Raises InputError if the artifact is missing or damaged.
    """
    found = artifacts.read(root / "claims.parquet", "claims").to_pylist()
    order = {name: place for place, name in enumerate(dict.fromkeys(row["experiment"] for row in found))}
    found.sort(key=lambda row: order[row["experiment"]])
    rows = [
        Row(
            (
                row["experiment"],
                row["claim"].replace("_", " "),
                row["paper"],
                row["source"],
                row["verdict"].replace("_", " "),
                interval(Interval.stored(row["ours"], row["low"], row["high"])),
                str(row["n"]),
                row["reason"],
            ),
            f"{'break ' if place and row['experiment'] != found[place - 1]['experiment'] else ''}{row['verdict']}",
        )
        for place, row in enumerate(found)
    ]
    counts = {verdict: sum(row["verdict"] == verdict for row in found) for verdict in VERDICTS}
    note = f"{len(found)} rows: " + ", ".join(
        f"{count} {verdict.replace('_', ' ')}" for verdict, count in counts.items() if count
    )
    header = ("experiment", "claim", "what it says", "where", "verdict", "ours", "n", "reason")
    return Table(
        CLAIMS, header, tuple(rows), labels=5, prose=7, note=f"{note}.", widths=(11, 13, 17, 7, 11, 16, 3, 22)
    )


def contradicted() -> Table:
    """Return the table of the paper's contradictions."""
    rows = tuple(Row((each.source, each.says, each.but, each.arithmetic or "-")) for each in contradictions())
    return Table(
        CONTRADICTIONS, ("where", "the paper says", "but", "our arithmetic"), rows, labels=4, widths=(11, 29, 29, 31)
    )
