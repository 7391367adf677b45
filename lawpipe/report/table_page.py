"""A page with one table, apart from the report, so that a change of the report redraws no figures."""

from pathlib import Path

from markupsafe import Markup

from lawpipe.report import svg, templates
from lawpipe.report.table import Table


def render(table: Table, figure: Path | None = None) -> str:
    """Return an HTML page with a table and, above it, the figure of the same numbers if there is one."""
    glyphs = svg.Glyphs()
    drawing = None if figure is None else Markup(svg.inlined(figure, "figure-", table.entry.title, glyphs))
    return templates.load("table_page.html").render(table=table, drawing=drawing, letters=Markup(glyphs.drawing()))
