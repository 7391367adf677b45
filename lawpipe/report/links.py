"""Links from a page to the data and the code of its figures and tables."""

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from lawpipe.results.catalogue import Entry

#: The root of the checkout, if the package is run from one.
CHECKOUT = Path(__file__).resolve().parents[2]


class Link(NamedTuple):
    """A text and the address that it links to; None for a text without a link."""

    text: str
    target: str | None


class Origin(NamedTuple):
    """The data of a figure or table, and the module and script that made it.

    `data` has a pair for each file of the experiment ("" and one link) and for each table that every seed has (its
    file name and one link per seed).
    """

    data: list[tuple[str, list[Link]]]
    code: list[Link]


def origin(entry: Entry, folder: Path, seeds: tuple[int, ...], page_folder: Path) -> Origin:
    """Return the origin of a figure or table of the experiment in `folder`, for a page in `page_folder`."""
    data = []
    for name in entry.data:
        if "." in name:
            data.append(("", [Link(name, relative(folder / name, page_folder))]))
        else:
            table = f"{name}.parquet"
            links = [Link(str(seed), relative(folder / f"seed{seed}" / table, page_folder)) for seed in seeds]
            data.append((table, links))
    code = (f"lawpipe/{entry.module.replace('.', '/')}.py", "scripts/plot.py")
    # A page outside the checkout that made it has no links to the code.
    has_code = page_folder.resolve().is_relative_to(CHECKOUT)
    return Origin(data, [Link(name, relative(CHECKOUT / name, page_folder) if has_code else None) for name in code])


def relative(file: Path, page_folder: Path) -> str:
    """Return the address of a file relative to `page_folder`, with special characters escaped for a URL."""
    return quote(Path(os.path.relpath(file.resolve(), page_folder.resolve())).as_posix())
