"""A table of text, as templates show it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lawpipe.results.catalogue import Entry


@dataclass(frozen=True)
class Row:
    """A row of cells; `kind` sets it apart: `mean` (over seeds), `paper`, `break` (a line above), a verdict."""

    cells: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table; the first `labels` columns are labels, the rest numbers.

    `prose` is the column that holds whole sentences of anybody's, if there is one; `note` is a sentence on what this
    table in particular shows. `widths` shares the page's width among the columns, in percent; without it a column is
    as wide as what stands in it.
    """

    entry: Entry
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    labels: int = 1
    prose: int | None = None
    note: str = ""
    widths: tuple[int, ...] = ()


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    first, *others = (f"| {' | '.join(cells)} |" for cells in (header, *rows))
    return "\n".join([first, "|" + "---|" * len(header), *others])
