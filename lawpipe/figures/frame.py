"""The frame of a figure: title and legend above the panels; below them the paper's values, results and settings.

Every text stands outside the panels, so that none hides data, and a figure is as narrow as a page of a book, so that
its letters can be read on a phone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lawpipe.figures import layout, surfaces
from lawpipe.figures.layout import LINE, WIDTH
from lawpipe.paper import values as paper
from lawpipe.results import catalogue, problem
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import UNBROKEN, plural

#: The space around the notes below the panels, and where their sentences begin, in inches.
MARGIN, INDENT = 0.08, 0.86
#: The height of a row of panels of a figure without data, in inches.
EMPTY = 1.0
#: Differences from the paper's settings that the notes name at most; the report has them all.
MOST_DIFFERENCES = 3


@dataclass(frozen=True)
class Canvas:
    """A figure that is being drawn: its rows of axes, and the sentences on its results."""

    figure: Figure
    axes: tuple[tuple[Axes, ...], ...]
    results: Results
    entry: Entry
    note: str
    sentences: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Add a sentence on the results to the notes below the panels."""
        self.sentences.append(sentence)


def canvas(
    results: Results, name: str, note: str, *, rows: int = 1, columns: int = 2, height: float = 2.7, **grid: Any
) -> Canvas:
    """Start the figure `name` of the catalogue; `note`, in its subtitle, says how seeds are drawn.

    `height` is that of all panels, in inches; `grid` goes to `Figure.subplots`.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **grid)
    return Canvas(figure, tuple(map(tuple, axes)), results, catalogue.figure(name), note)


def finish(canvas: Canvas) -> Figure:
    """Write title and legend above the panels, and below them the paper's values, the results and the settings."""
    results = canvas.results
    layout.label_once(canvas.axes)
    if not any(axes.axison for axes in canvas.figure.axes):
        canvas.figure.set_figheight(EMPTY * len(canvas.axes))
    notes = {
        "Paper": _paper_lines(canvas),
        "Here": canvas.sentences or ["There is nothing to show with these settings."],
        "Settings": [_settings_line(results)],
    }
    subtitle = f"{results.name}: n = {plural(len(results.seeds), 'seed')}; {canvas.note}"
    layout.surround(canvas.figure, canvas.entry.title, subtitle, foot=_write_notes(canvas.figure, notes))
    return canvas.figure


def _write_notes(figure: Figure, notes: Mapping[str, Sequence[str]]) -> float:
    """Write sentences under their headings at the bottom of a figure; return the height in inches."""
    lines: list[tuple[str, str]] = []
    for heading, sentences in notes.items():
        wrapped = (
            layout.wrapped(" ".join(sentences).replace(" = ", f"{UNBROKEN}={UNBROKEN}"), WIDTH - INDENT - 2 * MARGIN)
            if sentences
            else []
        )
        lines += [("" if index else heading, line) for index, line in enumerate(wrapped)]
    height = len(lines) * LINE + 3 * MARGIN
    inches = figure.dpi_scale_trans
    background = Rectangle((MARGIN, MARGIN), WIDTH - 2 * MARGIN, height - 2 * MARGIN, transform=inches)
    background.set(facecolor=surfaces.PANEL, linewidth=0)
    figure.add_artist(background)
    for index, (heading, line) in enumerate(lines):
        y = height - 1.6 * MARGIN - index * LINE
        if heading:
            figure.text(2 * MARGIN, y, heading, transform=inches, va="top", fontweight="bold")
        figure.text(INDENT, y, line, transform=inches, va="top")
    return height


def _paper_lines(canvas: Canvas) -> list[str]:
    """Return the values that the paper's figure shows, if it has one with values for this problem."""
    source = canvas.entry.source
    published = [] if source is None else paper.values(problem.name(canvas.results.settings), source)
    words = [f"{v.quantity}: {v.text}{' (read off the figure)' if v.digitised else ''}" for v in published]
    return [f"{source}, one run without intervals: {'; '.join(words)}."] if words else []


def _settings_line(results: Results) -> str:
    """Say how the experiment's task differs from the paper's."""
    changed = paper.differences(results.settings)
    if not changed:
        return "The task is the paper's: data, model, steps and learning rate."
    named = [f"{paper.words(key)} {here} (paper: {theirs})" for key, here, theirs in changed[:MOST_DIFFERENCES]]
    if len(changed) > MOST_DIFFERENCES:
        named.append(f"and {len(changed) - MOST_DIFFERENCES} more")
    return f"Unlike the paper's: {'; '.join(named)}."


def like_the_paper(results: Results) -> bool:
    """Return whether the task is the paper's, so that its numbers may be drawn beside the measured ones."""
    return problem.name(results.settings) in paper.SETTINGS and not paper.differences(results.settings)
