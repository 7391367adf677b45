"""The frame of a figure: title, grid of axes, and a column with the paper's values, the results and the settings."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lawpipe.figures import surfaces
from lawpipe.figures.surfaces import TITLE_ID
from lawpipe.paper import values as paper
from lawpipe.results import catalogue, problem
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import plural

#: The width of a figure, of its column on the right, and the height of title and subtitle, in inches.
WIDTH = 10.6
COLUMN_WIDTH = 2.45
HEAD = 0.62
#: Characters per line of the column, and the distance of its lines in inches.
LINE_LENGTH = 35
LINE_HEIGHT = 0.155
#: Differences from the paper's settings that the column names at most; the report has them all.
MOST_DIFFERENCES = 5


@dataclass(frozen=True)
class Canvas:
    """A figure that is being drawn: its rows of axes, and the sentences on its results."""

    figure: Figure
    axes: tuple[tuple[Axes, ...], ...]
    results: Results
    entry: Entry
    sentences: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Add a sentence on the results to the column on the right."""
        self.sentences.append(sentence)


def canvas(
    results: Results, name: str, note: str, *, rows: int = 1, height: float = 4.1, widths: Sequence[float] = (1, 1)
) -> Canvas:
    """Start the figure `name` of the catalogue; `note`, in its subtitle, says how seeds are drawn.

    The grid has `rows` of axes, and columns with the relative `widths`; `height` is the figure's, in inches.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None
    inside = (0.004, 0.01, (WIDTH - COLUMN_WIDTH - 0.15) / WIDTH, (height - HEAD) / height - 0.01)
    engine.set(rect=inside, w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.05)  # type: ignore[call-arg]
    axes = figure.subplots(rows, len(widths), squeeze=False, width_ratios=widths)
    entry = catalogue.figure(name)
    left, top = 0.10 / WIDTH, 1 - 0.14 / height
    # The report shows the title above the figure and removes this one.
    figure.text(left, top, entry.title, fontsize=12.5, fontweight="bold", va="top", gid=TITLE_ID)
    subtitle = f"{results.name}: n = {plural(len(results.seeds), 'seed')}; {note}"
    figure.text(left, top - 0.25 / height, subtitle, color=surfaces.MUTED, va="top")
    return Canvas(figure, tuple(map(tuple, axes)), results, entry)


def finish(canvas: Canvas) -> Figure:
    """Write the column on the right: the paper's values, the sentences on the results, the settings."""
    figure, source = canvas.figure, canvas.entry.source
    height = figure.get_figheight()
    left, width = (WIDTH - COLUMN_WIDTH) / WIDTH, (COLUMN_WIDTH - 0.10) / WIDTH
    bottom, top = 0.10 / height, 1 - 0.12 / height
    background = Rectangle((left, bottom), width, top - bottom, transform=figure.transFigure)
    background.set(facecolor=surfaces.PANEL, linewidth=0)
    figure.add_artist(background)
    blocks = {
        "The paper" if source is None else f"The paper, {source}": _paper_lines(canvas),
        "This run": canvas.sentences or ["There is nothing to show with these settings."],
        "Settings": [_settings_line(canvas.results)],
    }
    #: Text, font weight, and the space above it in lines.
    lines: list[tuple[str, str, float]] = []
    for heading, sentences in blocks.items():
        lines.append((heading, "bold", 1.0))
        for sentence in sentences:
            wrapped = textwrap.wrap(sentence, LINE_LENGTH)
            lines += [(line, "normal", 0.0 if index else 0.3) for index, line in enumerate(wrapped)]
    # A long column has smaller letters, so that it always ends within the figure.
    used = sum(1 + space for _, _, space in lines) - 1
    pitch = min(LINE_HEIGHT, (height - 0.40) / used)
    size, y = 7.6 * pitch / LINE_HEIGHT, height - 0.22 + pitch
    for text, weight, space in lines:
        y -= space * pitch
        figure.text(left + 0.10 / WIDTH, y / height, text, va="top", fontsize=size, fontweight=weight)
        y -= pitch
    return figure


def _paper_lines(canvas: Canvas) -> list[str]:
    """Return the values that the paper's figure shows."""
    if canvas.entry.source is None:
        return ["The paper has no such figure."]
    published = paper.values(problem.name(canvas.results.settings), canvas.entry.source)
    if not published:
        return ["The paper gives no values for this problem."]
    lines = [f"{v.quantity}: {v.text}{' (read off the figure)' if v.digitised else ''}." for v in published]
    return [*lines, "The paper has one run, without intervals."]


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
