"""Where a figure or table comes from: its data files and the code that made it, as links of the page."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from lawpipe.results.catalogue import Entry

#: The checkout, if the package is run from one.
CODE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Link:
    """A word and where it leads; nowhere if the file is not where a link from the page could be kept."""

    text: str
    target: str | None


@dataclass(frozen=True)
class Data:
    """A file of the experiment, or a table that every seed has."""

    name: str
    links: list[Link]


@dataclass(frozen=True)
class Origin:
    """The data of a figure or table, and the module and script that made it."""

    data: list[Data]
    code: list[Link]


def origin(entry: Entry, folder: Path, seeds: tuple[int, ...], place: Path) -> Origin:
    """Return the origin of a figure or table of the experiment in `folder`, for a page in the folder `place`."""
    data = []
    for name in entry.data:
        if "." in name:
            data.append(Data("", [Link(name, beside(folder / name, place))]))
            continue
        files = [(seed, folder / f"seed{seed}" / f"{name}.parquet") for seed in seeds]
        data.append(Data(f"{name}.parquet", [Link(str(seed), beside(file, place)) for seed, file in files]))
    code = [f"lawpipe/{entry.module.replace('.', '/')}.py", "scripts/plot.py"]
    return Origin(data, [Link(name, _code(name, place)) for name in code])


def beside(file: Path, place: Path) -> str:
    """Return the relative address of a file, as a page in the folder `place` refers to it."""
    return quote(Path(os.path.relpath(file.resolve(), place.resolve())).as_posix())


def _code(name: str, place: Path) -> str | None:
    """Return where a file of the code is; nowhere if the page is not kept in the checkout that made it."""
    file = CODE / name
    return beside(file, place) if file.is_file() and place.resolve().is_relative_to(CODE) else None
