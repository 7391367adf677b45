"""The figure and the table of weights without a search, on toy tables with known objectives."""

import pandas as pd
import pytest

from lawpipe.figures import curves, style
from lawpipe.report.tables import online as online_table
from lawpipe.results import catalogue, experiment
from lawpipe.results.experiment import Results

#: J on test: the oracle gains 0.4 and the online policy three quarters of that.
TEST = {"conventional_tuned": 0.8, "clean_only_tuned": 0.4, "greedy_tuned": 0.9, "online_tuned": 0.5}


@pytest.fixture(scope="module")
def tuned(three_seeds: Results) -> Results:
    """Three seeds whose J on test differ by a factor."""
    results = experiment.load(three_seeds.folder, three_seeds.seeds)
    for table in ("summary", "curves"):
        frame: pd.DataFrame = getattr(results, table)
        blank = frame[frame["policy"] == "conventional"]
        copies = [blank.assign(policy=name) for name in TEST]
        if table == "summary":
            copies = [
                rows.assign(objective_test=TEST[rows["policy"].iloc[0]] * (1 + 0.1 * rows["seed"])) for rows in copies
            ]
        results.__dict__[table] = pd.concat([frame, *copies], ignore_index=True)
    return results


def test_the_figure_has_a_curve_and_a_row_for_every_tuned_policy(tuned: Results) -> None:
    with style.theme():
        figure = curves.online(tuned)
    right = figure.axes[1]
    labels = ["conventional tuned", "clean only tuned", "greedy tuned", "online tuned"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == labels
    assert [text.get_text() for text in right.get_yticklabels()] == labels
    means = [round(float(container.lines[0].get_xdata()[0]), 6) for container in right.containers]
    assert means == [1, 0.5, 1.125, 0.625]
    for axes in figure.axes:
        assert axes.get_xlabel()
    text = " ".join(text.get_text() for text in figure.texts)
    assert "75.0" in text


def test_the_table_has_differences_and_shares_paired_by_seed(tuned: Results) -> None:
    rows = {row.cells[0]: row.cells for row in online_table.online(tuned).rows}
    plain = {name: [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in cells] for name, cells in rows.items()}
    assert plain["online tuned"][2].startswith("-0.330 [")
    assert plain["online tuned"][3] == "75.0 % [75.0 %, 75.0 %] (n = 3)"
    assert plain["clean only tuned"][3].startswith("100.0 %")
    assert plain["greedy tuned"][3].startswith("-25.0 %")
    assert plain["conventional tuned"][2] == "-"


def test_only_experiments_with_the_policy_have_them() -> None:
    for entry in (catalogue.figure("online"), catalogue.table("online")):
        settings = {"problem": "perceptron", "policies": ["conventional", "online_tuned"]}
        assert entry.suits(settings)
        assert not entry.suits(settings | {"policies": ["conventional", "online"]})
