"""What hinders reading a figure, in Matplotlib's renderer: texts that overlap, hide data or leave the figure."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from unittest import mock

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import Collection, PathCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

#: Two boxes may share a strip of this many points: letters do not reach the edge of theirs.
TOLERANCE = 1.5
#: The width of a figure on a phone of 390 pixels, and the least size of its letters, in pixels.
PHONE, LEAST = 358.0, 7.0


def faults(figure: Figure) -> list[str]:
    """Return what hinders reading a figure, one sentence each; the figure is laid out as for an SVG of its size."""
    figure.dpi = FigureCanvasSVG.fixed_dpi
    FigureCanvasSVG(figure)
    boxes = _drawn_texts(figure)
    texts = [*boxes]
    legends = [artist for artist in figure.findobj(Legend) if isinstance(artist, Legend) and artist.get_visible()]
    of_legends = {text for legend in legends for text in legend.get_texts()}
    found = []
    for first, second in combinations(texts, 2):
        if _overlap(boxes[first], boxes[second]):
            found.append(f"{_name(first)} overlaps {_name(second)}")
    page = Bbox.from_bounds(-TOLERANCE, -TOLERANCE, *(figure.bbox.size + 2 * TOLERANCE))
    for text, box in boxes.items():
        if not (page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1)):
            found.append(f"{_name(text)} leaves the figure")
        pixels = text.get_fontsize() * PHONE / figure.bbox.width
        if pixels < LEAST:
            found.append(f"{_name(text)} has {pixels:.1f} pixels on a phone")
    covers = {_name(text): box for text, box in boxes.items() if text not in of_legends}
    covers |= {f"the legend {_name(legend.get_texts()[0])}": legend.get_window_extent() for legend in legends}
    for legend in legends:
        for text in texts:
            if text not in of_legends and _overlap(legend.get_window_extent(), boxes[text]):
                found.append(f"a legend overlaps {_name(text)}")
    for axes in figure.axes:
        for artist, points in _data(axes):
            for name, box in covers.items():
                inner = box.padded(-TOLERANCE) if min(box.size) > 2 * TOLERANCE else box
                if len(points) and inner.count_contains(points):
                    found.append(f"{name} hides {type(artist).__name__} {artist.get_label()!r}")
    return found


def _drawn_texts(figure: Figure) -> dict[Text, Bbox]:
    """Return the texts that are drawn, of all ticks only those within their axes, and their boxes in points."""
    drawn: dict[Text, Bbox] = {}

    def draw(text: Text, renderer: RendererBase) -> None:
        if text.get_visible() and text.get_text().strip():
            drawn[text] = text.get_window_extent(renderer)

    with mock.patch.object(Text, "draw", draw):
        figure.draw_without_rendering()
    return drawn


def _name(text: Text) -> str:
    return repr(text.get_text())


def _overlap(first: Bbox, second: Bbox) -> bool:
    shared = Bbox.intersection(first, second)
    return shared is not None and min(shared.size) > TOLERANCE


def _data(axes: Axes) -> Iterator[tuple[Artist, npt.NDArray[np.float64]]]:
    """Yield the artists of an axes that show data, with points on them, a few of them per point of length."""
    for artist in (*axes.lines, *axes.collections, *axes.patches):
        # A reference line is given in shares of the axes.
        of_data = isinstance(artist, Collection) or artist.get_transform() == axes.transData
        if not artist.get_visible() or not (of_data or artist in axes.patches):
            continue
        points = np.concatenate([np.empty((0, 2)), *_points(artist)])
        points = points[np.isfinite(points).all(axis=1)]
        yield artist, points[np.array([axes.bbox.contains(*point) for point in points], dtype=bool)]


def _points(artist: Artist) -> Iterator[npt.NDArray[np.float64]]:
    """Yield points on a line, a marker, a band or a bar in pixels."""
    if isinstance(artist, PathCollection):
        yield np.ma.filled(artist.get_offset_transform().transform(artist.get_offsets()), np.nan)
    elif isinstance(artist, QuadMesh):
        yield artist.get_transform().transform(artist.get_coordinates().reshape(-1, 2))
    elif isinstance(artist, Collection):
        for path in artist.get_paths():
            yield _dense(artist.get_transform().transform(path.vertices))
    elif isinstance(artist, Line2D):
        vertices = artist.get_transform().transform(artist.get_xydata())
        yield vertices if artist.get_linestyle() == "None" else _dense(vertices)
    else:
        path = artist.get_path()  # type: ignore[attr-defined]
        yield _dense(artist.get_transform().transform(path.vertices))


def _dense(vertices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return points on the lines between vertices, about two pixels apart, at most a thousand on each."""
    parts = [vertices]
    for start, end in pairwise(vertices):
        length = np.hypot(*(end - start))
        if 2 < length < np.inf:
            shares = np.linspace(0, 1, min(1000, int(length / 2) + 1))[:, None]
            parts.append(start + shares * (end - start))
    return np.concatenate(parts)
