"""The comparison of the experiments of a sweep."""

import pandas as pd
import pytest

from lawpipe.figures import style
from lawpipe.results import experiment
from lawpipe.studies import sweep
from scripts import compare
from tests import toy
from tests.figures.readable import faults
from tests.toy import Toy


@pytest.fixture(scope="module")
def experiments(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    for count in (16, 32, 64):
        toy.write_experiment(folder, f"toy-{count}", Toy(examples=count))
    return [experiment.load(folder / f"toy-{count}", (0, 1)) for count in (16, 32, 64)]


def test_points_are_ratios_to_the_conventional_policy_of_the_same_seed(experiments):
    ratios = sweep.rows(experiments, {"sweep": "data.train_examples"})
    assert len(ratios) == 3 * 2 * 2
    assert sorted(set(ratios["value"])) == [16, 32, 64]
    summary = experiments[1].summary.set_index(["seed", "policy"])
    expected = summary["objective_test"][1, "near_optimal"] / summary["objective_test"][1, "conventional"]
    row = ratios[(ratios["value"] == 32) & (ratios["seed"] == 1) & (ratios["against"] == "test")]
    assert row["objective_ratio"].tolist() == pytest.approx([expected])


def test_the_figure_names_its_axes_and_says_n(experiments):
    with style.theme():
        drawing = sweep.figure(sweep.rows(experiments, {"sweep": "data.train_examples"}))
    axes, test = drawing.axes
    assert axes.get_xlabel() == "data.train_examples (log)"
    assert "n = 2 seeds" in " ".join(text.get_text() for text in drawing.texts)
    assert (axes.get_title("left"), test.get_title("left")) == ("Desired examples", "Test examples")
    assert faults(drawing) == []
    labels = [text.get_text() for text in drawing.legends[0].get_texts()]
    assert labels == ["near-optimal", "conventional"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["16", "32", "64"]


def test_a_lone_value_has_no_log_axis(experiments):
    with style.theme():
        drawing = sweep.figure(sweep.rows(experiments[:1], {"sweep": "data.train_examples"}))
    assert drawing.axes[0].get_xlabel() == "data.train_examples"
    assert isinstance(sweep.rows(experiments[:1], {"sweep": "training.steps"}), pd.DataFrame)


def test_the_stage_writes_a_figure_and_prints_the_ratios(experiments, tmp_path, capsys):
    arguments = ["--settings", '{"study": "sweep", "sweep": "data.train_examples"}', "--folders"]
    folders = [str(results.folder) for results in experiments]
    compare.main([*arguments, *folders, "--figure", str(tmp_path / "sweep.svg")])
    assert "</svg>" in (tmp_path / "sweep.svg").read_text()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 * 2
    assert lines[0].startswith("data.train_examples 16, near_optimal on desired: J ratio 0.")
