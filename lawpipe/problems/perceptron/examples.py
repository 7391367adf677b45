"""Examples of the perceptron: drawn from a teacher, or the user's own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lawpipe.problems.examples import Drawn
from lawpipe.problems.perceptron import gaussian, labelled
from lawpipe.run.tables.examples import GAUSSIAN_EXAMPLES


def draw(settings: Mapping[str, Any], splits: Sequence[str], tokens: Path | None) -> Drawn:
    """Draw the splits, or import them from `data.folder` if it is set."""
    data, names = settings["data"], tuple(splits)
    if data["folder"] is None:
        drawn = gaussian.draw(data, settings["seed"], names)
    else:
        drawn = labelled.import_splits(Path(data["folder"]), names)
    columns = {split: examples.columns() for split, examples in drawn.items()}
    return Drawn(GAUSSIAN_EXAMPLES, columns, labelled.describe(drawn))
