"""The figure of the gain against the size, from recorded rows."""

import pandas as pd

from lawpipe.paper.table_2 import TABLE_2
from lawpipe.studies import ladder
from tests.ladders import rows


def test_the_papers_sizes_stand_beside_ours() -> None:
    small = rows("small", near_optimal={0: 3.0, 1: 3.2, 2: 3.1}, conventional_tuned={0: 2.0, 1: 2.2, 2: 2.1})
    figure = ladder.figure(pd.concat([small, rows("large", steps=40)]))
    steps, _, desired, _ = figure.axes
    lines = {str(line.get_label()): line for line in steps.get_lines()}
    published = lines["the paper's, desired"]
    assert [*published.get_ydata()] == [row.acceleration for row in TABLE_2]
    assert [*published.get_xdata()] == [row.steps * row.examples for row in TABLE_2]
    assert [*lines["acceleration on desired"].get_xdata()] == [300, 1200]
    lines = {str(line.get_label()): line for line in desired.get_lines()}
    assert [*lines["near-optimal"].get_xdata()] == [300, 1200]
    assert [*lines["conventional tuned"].get_xdata()] == [300]
    assert "desired only" not in lines


def test_a_larger_model_at_the_same_size_is_hollow_and_not_joined() -> None:
    wide = rows("wide", near_optimal={0: 2.0}).assign(parameters=9000)
    figure = ladder.figure(pd.concat([wide, rows("small"), rows("large", steps=40)]))
    desired = figure.axes[2]
    (joined,) = [line for line in desired.get_lines() if line.get_label() == "near-optimal"]
    assert [*joined.get_ydata()] == [0.75, 0.75]
    (hollow,) = [line for line in desired.get_lines() if line.get_markerfacecolor() == "none"]
    assert [*hollow.get_ydata()] == [0.5]
    assert hollow.get_xdata()[0] > 300
    assert "hollow, from left to right: wide" in " ".join(text.get_text() for text in figure.texts)


def test_labels_of_sizes_that_are_close_do_not_overlap() -> None:
    sizes = [rows(name, steps=steps) for name, steps in (("a", 10), ("b", 12), ("c", 40), ("d", 900), ("e", 1000))]
    figure = ladder.figure(pd.concat(sizes))
    labels = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert labels == ["300", "1,200", "27,000"]


def test_sizes_at_another_learning_rate_are_not_drawn() -> None:
    other = rows("at_0_4", near_optimal={0: 1.0}).assign(learning_rate=0.4)
    figure = ladder.figure(pd.concat([other, rows("small"), rows("large", steps=40)]))
    (joined,) = [line for line in figure.axes[2].get_lines() if line.get_label() == "near-optimal"]
    assert [*joined.get_ydata()] == [0.75, 0.75]
    assert "not shown, at another learning rate: at_0_4" in " ".join(
        text.get_text().replace("\n", " ") for text in figure.texts
    )
