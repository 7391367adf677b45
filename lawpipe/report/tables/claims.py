"""The claims at the top of the page, as a matrix of verdicts in groups; and the contradictions within the paper."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawpipe.analysis.intervals import Interval
from lawpipe.paper.contradictions import contradictions
from lawpipe.paper.rules import REPRODUCED, VERDICTS
from lawpipe.report.table import Row, Table
from lawpipe.results.catalogue import Entry
from lawpipe.results.numbers import interval, number
from lawpipe.run import artifacts
from lawpipe.run.tables import claims as artifact

#: The groups in their order, each with its title and the terms of the glossary that its claims use.
GROUPS = {
    "gain": ("The gain", ("J", "CR", "AR")),
    "law": ("The Learning Law", ("CT", "adjoint", "SIM", "gap")),
    "zero_weights": ("Zero weights", ("CT", "adjoint")),
    "scaling": ("The scaling law", ("B, beta", "AR")),
    "controls": ("Controls", ("J", "best learning rate", "step length")),
    "own": ("Your own", ()),
}

#: Who asks a question that is not the paper's.
ASKERS = {"audit": "our question", "you": "your question"}

#: With this Holm-corrected p-value or less, a claim stands among all that are tested.
LEVEL = 0.05

CONTRADICTIONS = Entry(
    "contradictions",
    "Contradictions within the paper",
    None,
    "What the paper says in one place, what it says in another, and our arithmetic on its own numbers. "
    "No run of ours is involved.",
)


@dataclass(frozen=True)
class Cell:
    """One claim in one experiment."""

    experiment: str
    verdict: str
    #: Our number, short and with its interval; empty if there is none.
    short: str
    ours: str
    reason: str
    #: What the paper, or the audit, says, and where.
    says: str
    source: str
    #: The p-value and the same after Holm's correction; empty without a test.
    p: str
    holm: str


@dataclass(frozen=True)
class Line:
    """One claim: what it says, and its cells by experiment."""

    name: str
    says: str
    source: str
    #: Who asks, if it is not the paper: a phrase.
    asked_by: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Group:
    """The claims on one subject."""

    title: str
    terms: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The number of cells with each verdict."""
        return counted(cell.verdict for line in self.lines for cell in line.cells.values())


@dataclass(frozen=True)
class Matrix:
    """All claims: one line per claim, one cell per experiment."""

    experiments: tuple[str, ...]
    groups: tuple[Group, ...]
    counts: Mapping[str, int]
    #: The number of cells with a test, of those reproduced, and of these the ones that Holm's correction leaves.
    tests: int
    passed: int
    standing: int


def counted(verdicts: Any) -> dict[str, int]:
    """Return how often each of `VERDICTS` occurs, in their order."""
    counts = Counter(verdicts)
    return {verdict: counts[verdict] for verdict in VERDICTS}


def matrix(root: Path, experiments: Sequence[str]) -> Matrix:
    """Return the claims under `root` as a matrix; `experiments` gives the order of the columns.

    Raises InputError if the artifact is missing or damaged.
    """
    rows = artifacts.read(root / "claims.parquet", artifact.CLAIMS).to_pylist()
    names = {row["experiment"] for row in rows}
    columns = (*(name for name in experiments if name in names), *sorted(names - {*experiments}))
    groups = []
    for key in dict.fromkeys((*GROUPS, *(row["group"] for row in rows))):
        title, terms = GROUPS.get(key, (key, ()))
        members: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            if row["group"] == key:
                members.setdefault(row["claim"], []).append(row)
        if members:
            groups.append(Group(title, terms, tuple(_line(name, of) for name, of in members.items())))
    tested = [row for row in rows if row["p"] is not None]
    passed = [row for row in tested if row["verdict"] == REPRODUCED]
    standing = [row for row in passed if row["holm"] < LEVEL]
    counts = counted(row["verdict"] for row in rows)
    return Matrix(columns, tuple(groups), counts, len(tested), len(passed), len(standing))


def _line(name: str, rows: Sequence[Mapping[str, Any]]) -> Line:
    """Return one claim; if it says something else about another problem, its line has both."""
    says, source = ("; ".join(dict.fromkeys(row[column] for row in rows)) for column in ("paper", "source"))
    cells = {row["experiment"]: _cell(row) for row in rows}
    return Line(name.replace("_", " "), says, source, ASKERS.get(rows[0]["asked_by"], ""), cells)


def _cell(row: Mapping[str, Any]) -> Cell:
    """Return one claim in one experiment."""
    ours = Interval.stored(*(row[name] for name in ("ours", "low", "high", "n", "n")))
    return Cell(
        experiment=row["experiment"],
        verdict=row["verdict"],
        short="" if ours.mean is None else number(ours.mean),
        ours="" if ours.mean is None else f"{interval(ours)}, n = {ours.n_reached}",
        reason=row["reason"],
        says=row["paper"],
        source=row["source"],
        p="" if row["p"] is None else _probability(row["p"]),
        holm="" if row["holm"] is None else _probability(row["holm"]),
    )


def _probability(p: float) -> str:
    """Write a p-value."""
    return number(p, 2) if p >= 1e-3 else "< 0.001"


def chance(claims: Matrix) -> str:
    """Say how many claims chance alone would reproduce, and how many stand after the correction for their number."""
    if not claims.tests:
        return "No claim has the three seeds that a test needs."
    by_chance, rest = number(claims.tests * LEVEL / 2, 2), claims.counts[REPRODUCED] - claims.passed
    sentences = [
        f"Of {claims.tests} tests, chance alone would pass {by_chance}; {claims.passed} pass, and {claims.standing} "
        f"of these still do after Holm's correction for {claims.tests} tests."
    ]
    if rest:
        sentences.append(f"{rest} more are reproduced with the same value in every seed, of which there is no test.")
    return " ".join(sentences)


def contradicted() -> Table:
    """Return the table of the paper's contradictions."""
    rows = tuple(map(Row, contradictions()))
    header = ("where", "the paper says", "but", "our arithmetic")
    return Table(CONTRADICTIONS, header, rows, labels=4, widths=(11, 29, 29, 31))
