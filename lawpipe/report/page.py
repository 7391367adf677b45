"""The report: one HTML file that holds everything it shows, and the tables as pages of their own."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from lawpipe.cost import costs
from lawpipe.paper import values as paper
from lawpipe.report import comparison, findings, gains, links, svg
from lawpipe.report.comparison import Comparison
from lawpipe.report.table import Table
from lawpipe.report.tables import claims, recorded, scaling
from lawpipe.report.tables import experiment as tables
from lawpipe.results import catalogue, experiment, problem
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError

HERE = Path(__file__).resolve().parent

#: Libraries that draw the report; those that compute are in the artifacts' own metadata.
DRAWN_WITH = ("matplotlib", "seaborn", "jinja2")

#: Tables of which the code's digest is shown.
DIGESTED = ("search", "curves", "similarity", "fits", "summary")


@dataclass(frozen=True)
class Figure:
    """A figure of the page with the paper's values beside ours."""

    entry: Entry
    drawing: Markup
    comparisons: list[Comparison]
    origin: links.Origin
    #: Where the drawing itself is, as a file.
    file: str


@dataclass(frozen=True)
class Setting:
    """One setting, by its dotted key, and the paper's value where the paper has it."""

    key: str
    value: str
    paper: str
    differs: bool


@dataclass(frozen=True)
class Section:
    """An experiment's part of the page."""

    name: str
    seeds: str
    findings: list[str]
    #: Which part of the gain each control explains; empty without controls.
    gain: str
    headline: Table
    figures: list[Figure]
    tables: list[Table]
    #: Of every table by its name.
    origins: dict[str, links.Origin]
    settings: list[Setting]
    spent: costs.Spent
    versions: dict[str, str]
    digests: dict[str, str]


def report(
    root: Path,
    experiments: Sequence[str],
    place: Path | None = None,
    *,
    judged: bool = False,
    records: Path | None = None,
) -> str:
    """Return the report on some experiments under `root` as HTML, with links for a page in the folder `place`.

    `judged` puts the table of the paper's claims first; `records` is a folder of runs that were recorded elsewhere.

    Raises InputError if an artifact or figure is missing or damaged.
    """
    place = place or root
    loaded = [load(root / name) for name in experiments]
    letters = svg.Letters()
    sections = [_section(found, f"f{number}", place, letters) for number, found in enumerate(loaded)]
    hardware = dict.fromkeys(machine for section in sections for machine in section.spent.machines)
    seconds = sum(section.spent.seconds for section in sections)
    script = _read("page.js")
    kept = recorded.read(records) if records is not None else []
    return _template("page.html").render(
        sections=sections,
        letters=Markup(letters.drawing()),
        overview=findings.overview(loaded, list(hardware), seconds),
        claims=claims.claims(root) if judged else None,
        contradictions=claims.contradicted() if judged else None,
        sizes=scaling.sizes(root) if judged else None,
        methods=Markup(svg.inlined(root / "methods.svg", "methods-", "Search methods", letters)) if judged else None,
        growth=Markup(svg.inlined(root / "growth.svg", "growth-", "Growth", letters)) if judged else None,
        recorded=[each for each in (recorded.searches(kept, loaded), recorded.steps(kept)) if each is not None],
        glance=tables.glance(loaded),
        paper=paper,
        drawn_with={name: metadata.version(name) for name in DRAWN_WITH},
        style=Markup(_read("style.css")),
        dark=Markup(_read("dark.css")),
        script=Markup(script),
        policy=_security_policy(script),
    )


def _security_policy(script: str) -> str:
    """Return the page's content security policy: nothing from anywhere, and no script but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def front_page(root: Path, experiments: Sequence[str]) -> str:
    """Return the findings as reStructuredText, for the front page of a Snakemake report."""
    loaded = [load(root / name) for name in experiments]
    spent = [costs.read(each.folder, each.seeds) for each in loaded]
    hardware = dict.fromkeys(machine for each in spent for machine in each.machines)
    together = findings.overview(loaded, list(hardware), sum(each.seconds for each in spent))
    parts = ["\n".join(f"#. {_plain(text)}" for text in together)]
    parts += [
        f"**{_plain(each.name)}**\n\n" + "\n".join(f"- {_plain(text)}" for text in findings.sentences(each))
        for each in loaded
    ]
    return "\n\n".join(parts) + "\n"


def table_page(table: Table, figure: Path | None = None) -> str:
    """Return a table as an HTML page of its own, below the figure of the same numbers if there is one."""
    style, dark = Markup(_read("style.css")), Markup(_read("dark.css"))
    letters = svg.Letters()
    drawing = None if figure is None else Markup(svg.inlined(figure, "figure-", table.entry.title, letters))
    return _template("table_page.html").render(
        table=table, drawing=drawing, letters=Markup(letters.drawing()), style=style, dark=dark
    )


def _read(name: str) -> str:
    """Return a file beside this module."""
    return (HERE / name).read_text(encoding="utf-8")


def load(folder: Path) -> Results:
    """Open an experiment by its folder; its seeds are those that its summary joins."""
    path = folder / "summary.parquet"
    artifacts.read(path, "summary_over_seeds", ["policy"])
    seeds = artifacts.metadata(path)["settings"].get("seeds")
    if not seeds:
        raise InputError(f"{path} does not say which seeds it joins: delete it and run again to make it anew.")
    return experiment.load(folder, seeds)


def _section(found: Results, prefix: str, place: Path, letters: svg.Letters) -> Section:
    """Gather an experiment's part of the page."""
    folder = found.folder
    figures = [
        Figure(
            entry,
            Markup(svg.inlined(folder / "figures" / f"{entry.name}.svg", f"{prefix}{index}-", entry.title, letters)),
            comparison.comparisons(found, entry.source),
            links.origin(entry, folder, found.seeds, place),
            links.beside(folder / "figures" / f"{entry.name}.svg", place),
        )
        for index, entry in enumerate(catalogue.figures(found.settings))
    ]
    made = {entry.name: tables.MAKE[entry.name](found) for entry in catalogue.tables(found.settings)}
    first = folder / f"seed{found.seeds[0]}"
    stored = artifacts.metadata(first / "summary.parquet")
    return Section(
        name=found.name,
        seeds=", ".join(map(str, found.seeds)),
        findings=findings.sentences(found),
        gain=gains.paragraph(found) if "conventional_tuned" in found.policies else "",
        headline=made.pop("headline"),
        figures=figures,
        tables=list(made.values()),
        origins={entry.name: links.origin(entry, folder, found.seeds, place) for entry in catalogue.TABLES},
        settings=list(_settings(artifacts.metadata(folder / "summary.parquet")["settings"])),
        spent=costs.read(folder, found.seeds),
        versions=stored["versions"],
        digests={name: artifacts.metadata(first / f"{name}.parquet")["code"] for name in DIGESTED},
    )


def _settings(settings: Mapping[str, Any]) -> Iterator[Setting]:
    """Yield every setting with the paper's beside it."""
    published = dict(paper.leaves(paper.SETTINGS.get(problem.name(settings), {})))
    differing = {found.key for found in paper.differences(settings, search=True)}
    for key, value in paper.leaves(settings):
        known = key in published
        yield Setting(key, _written(value), _written(published[key]) if known else "", key in differing)


def _written(value: Any) -> str:
    """Write a setting as in a config."""
    return value if isinstance(value, str) else json.dumps(value)


def _plain(text: str) -> str:
    """Escape what reStructuredText would take for markup."""
    return "".join(f"\\{character}" if character in "\\*`_|:<>[]" else character for character in text)


def _template(name: str) -> jinja2.Template:
    """Load a template; whatever it shows is escaped unless it is our own markup."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
