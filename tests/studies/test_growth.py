"""The figure of how time and memory grow, from the recorded rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawpipe.studies import growth

RECORD = max(Path(__file__).resolve().parents[2].glob(f"benchmarks/records/*/{growth.RECORD}"))


@pytest.fixture
def rows() -> pd.DataFrame:
    records = [
        {"problem": problem, "quantity": "seconds", "kept": "whole", "axis": axis, "size": size, "value": size / 8}
        for problem in ("perceptron", "language_model")
        for axis in ("N", "T", "P")
        for size in (4, 16, 64)
    ]
    for kept, power in (("whole", 1.0), ("checkpoints", 0.5)):
        memory = {"problem": "language_model", "quantity": "megabytes", "kept": kept, "axis": "T"}
        records += [memory | {"size": size, "value": 3 * size**power} for size in (4, 16, 64)]
    return pd.DataFrame(records).assign(machine="an abacus", date="2026-01-02")


def test_dotted_lines_have_the_slope_that_is_claimed(rows):
    figure = growth.figure(rows)
    assert "recorded on an abacus, 2026-01-02" in [text.get_text() for text in figure.texts]
    time, memory = figure.axes[0], figure.axes[3]
    labels = [line.get_label() for line in time.get_lines()]
    assert labels[:3] == ["perceptron", "language model", "proportional"]
    np.testing.assert_allclose(time.get_lines()[2].get_ydata(), [0.5, 2, 8])
    whole, checkpoints, root = memory.get_lines()
    assert (whole.get_label(), root.get_label()) == ("parameters kept whole", "proportional to the root")
    np.testing.assert_allclose(root.get_ydata(), checkpoints.get_ydata())


def test_the_recorded_rows_grow_as_the_page_says():
    rows = pd.read_parquet(RECORD)
    memory = rows[rows["quantity"] == "megabytes"].set_index(["kept", "size"])["value"]
    assert memory["whole", 256] / memory["whole", 64] > 3.5
    assert memory["checkpoints", 256] / memory["checkpoints", 64] < 2.2
    steps = rows[(rows["quantity"] == "seconds") & (rows["axis"] == "T")].set_index(["problem", "size"])["value"]
    assert steps["perceptron", 1600] / steps["perceptron", 400] == pytest.approx(4, rel=0.2)
    assert steps["language_model", 32] / steps["language_model", 8] == pytest.approx(4, rel=0.2)
