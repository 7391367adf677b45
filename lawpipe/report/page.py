"""The report: one HTML file that contains everything it shows."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from lawpipe.cost import costs
from lawpipe.paper import values as paper
from lawpipe.report import comparison, findings, glossary, svg, templates
from lawpipe.report.tables import by_size, claims, quantities, recorded, scaling
from lawpipe.results import catalogue
from lawpipe.results.experiment import Results, load
from lawpipe.results.numbers import plural
from lawpipe.run import artifacts

#: The root of the checkout, if the package is run from one.
CHECKOUT = Path(__file__).resolve().parents[2]

#: The signs of the verdicts, which can be told apart without their colours.
SIGNS = {"reproduced": "\N{HEAVY CHECK MARK}", "partly": "\N{CIRCLE WITH LEFT HALF BLACK}",
         "not_reproduced": "\N{HEAVY BALLOT X}", "not_tested": "\N{WHITE CIRCLE}"}  # fmt: skip

#: Libraries that draw the report; the versions of those that compute are in the artifacts' metadata.
DRAWN_WITH = ("matplotlib", "seaborn", "jinja2")

#: Tables whose code digest is shown.
DIGESTED = ("search", "curves", "similarity", "fits", "summary")


def report(
    root: Path,
    experiments: Sequence[str],
    page_folder: Path | None = None,
    *,
    judged: bool = False,
    records: Path | None = None,
    drawn: Mapping[str, Path] | None = None,
) -> str:
    """Return the report on the experiments with these names in `root`, in this order, as HTML.

    Links are relative to `page_folder`, by default `root`. With `judged` the paper's claims come first; `records` is
    a folder of runs that were recorded on other machines. `drawn` are the recorded benchmarks, by the name of their
    figure in `root`: "methods", "growth", "ladder".

    Raises InputError if an artifact or a figure is missing or damaged.
    """
    page_folder, drawn = page_folder or root, drawn or {}
    loaded = [load(root / name) for name in experiments]
    glyphs = svg.Glyphs()
    sections = [_section(results, f"f{number}", glyphs) for number, results in enumerate(loaded)]
    kept = recorded.read(records) if records is not None else []
    judgement = claims.matrix(root, experiments) if judged else None
    drawings = {
        name: Markup(svg.inlined(root / f"{name}.svg", f"{name}-", label, glyphs)) if name in drawn else None
        for name, label in (("methods", "Search methods"), ("growth", "Growth"), ("ladder", "Sizes"))
    }
    return templates.load("page.html").render(
        sections=sections,
        dumps=json.dumps,
        address=partial(_address, page_folder.resolve()),
        checkout=CHECKOUT if page_folder.resolve().is_relative_to(CHECKOUT) else None,
        letters=Markup(glyphs.drawing()),
        overview=_overview(loaded, [section["spent"] for section in sections]),
        verdict=findings.verdict(loaded),
        unseen=findings.unseen(loaded),
        claims=judgement,
        chance=claims.chance(judgement) if judgement else "",
        contradictions=claims.contradicted() if judged else None,
        sizes=scaling.sizes(root) if judged else None,
        **drawings,
        recorded=[table for table in (recorded.searches(kept, loaded), recorded.steps(kept)) if table is not None],
        by_size=by_size.table(by_size.read(drawn["ladder"]), loaded) if "ladder" in drawn else None,
        glance=quantities.glance(loaded),
        paper=paper,
        drawn_with={name: metadata.version(name) for name in DRAWN_WITH},
        plural=plural,
        SIGNS=SIGNS,
        TERMS=glossary.TERMS,
    )


def _overview(experiments: Sequence[Results], spent: Sequence[costs.Spent]) -> list[str]:
    """Return the findings on all experiments."""
    hardware = dict.fromkeys(machine for part in spent for machine in part.machines)
    return findings.overview(experiments, list(hardware), sum(part.seconds for part in spent))


def front_page(root: Path, experiments: Sequence[str]) -> str:
    """Return the findings as reStructuredText, for the front page of a Snakemake report.

    The first says what was computed, the second is the verdict.
    """
    loaded = [load(root / name) for name in experiments]
    computed, *overview = _overview(loaded, [costs.read(results.folder, results.seeds) for results in loaded])
    parts = ["\n".join(f"#. {_plain(text)}" for text in (computed, findings.verdict(loaded), *overview))]
    for results in loaded:
        items = "\n".join(f"- {_plain(text)}" for text in findings.sentences(results))
        parts.append(f"**{_plain(results.name)}**\n\n{items}")
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """Escape the markup characters of reStructuredText."""
    return re.sub(r"[\\*`_|:<>\[\]]", r"\\\g<0>", text)


def _address(page_folder: Path, file: Path) -> str:
    """Return the address of a file relative to `page_folder`, with special characters escaped for a URL."""
    return quote(Path(os.path.relpath(file.resolve(), page_folder)).as_posix())


def _section(results: Results, prefix: str, glyphs: svg.Glyphs) -> dict[str, Any]:
    """Return what the page shows of one experiment; `prefix` makes the ids of its figures unique."""
    folder, seeds, settings = results.folder, results.seeds, results.settings
    tables = [quantities.TABLES[entry.name](results) for entry in catalogue.tables(settings)]
    metadata_of = {name: artifacts.metadata(results.path(seeds[0], name)) for name in DIGESTED}
    figures = {}
    for index, entry in enumerate(catalogue.figures(settings)):
        file = folder / f"figures/{entry.name}.svg"
        drawing = Markup(svg.inlined(file, f"{prefix}{index}-", entry.title, glyphs))
        comparisons = comparison.comparisons(results, entry.source)
        figures[entry.name] = {"entry": entry, "file": file, "drawing": drawing, "comparisons": comparisons}
    return {
        "name": results.name,
        "folder": folder,
        "seeds": seeds,
        "findings": findings.sentences(results),
        "gain": findings.explained(results) if "conventional_tuned" in results.policies else "",
        "front": figures.pop("front"),
        "figures": [*figures.values()],
        "tables": tables,
        "settings": artifacts.metadata(folder / "summary.parquet")["settings"],
        "spent": costs.read(folder, seeds),
        "versions": metadata_of["summary"]["versions"],
        "digests": {name: stored["code"] for name, stored in metadata_of.items()},
    }
