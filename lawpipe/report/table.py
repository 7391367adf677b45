"""A table of text, as templates show it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from lawpipe.results.catalogue import Entry


@dataclass(frozen=True)
class Row:
    """A row of cells.

    `kind` is a CSS class: `mean` (over seeds), `paper` (values of the paper), `break` (a line above), or a verdict.
    """

    cells: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its title and caption.

    Attributes:
        entry: name, title and caption.
        header: one name per column.
        rows: as many cells per row.
        labels: the number of leading columns that are labels; the others hold numbers.
        prose: the index of a column of sentences, which may hold untrusted text.
        note: a sentence about the numbers of this table.
        widths: the widths of the columns in per cent of the page; by default, columns fit their content.
    """

    entry: Entry
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    labels: int = 1
    prose: int | None = None
    note: str = ""
    widths: tuple[int, ...] = ()

    @classmethod
    def from_records(
        cls, entry: Entry, records: Sequence[Mapping[str, str]], kinds: Iterable[str] = repeat(""), **layout: Any
    ) -> "Table":
        """Return a table with one row per record; the keys of the first record are the header.

        `kinds` are those of the rows, `layout` are `labels` and what follows it.
        """
        rows = tuple(Row(tuple(record.values()), kind) for record, kind in zip(records, kinds, strict=False))
        return cls(entry, tuple(records[0]) if records else (), rows, **layout)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown."""
    first, *others = (f"| {' | '.join(cells)} |" for cells in (header, *rows))
    return "\n".join([first, "|" + "---|" * len(header), *others])
