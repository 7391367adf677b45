"""J on unseen against J on desired examples, from searches with known ends and from a toy experiment's."""

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from lawpipe.figures import style
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.studies import OVERFITTING
from lawpipe.studies import overfitting
from scripts import compare

#: J along a search: on desired, validation and unseen examples. The validated policy is that of iteration 1.
DESIRED, VALIDATION, UNSEEN = (2.0, 1.4, 1.0, 0.8), (2.0, 1.5, 1.6, 1.9), (4.0, 3.0, 3.2, 3.6)


def searched(name: str, count: int, rate: float = 0.1, validation: tuple[float | None, ...] = VALIDATION):
    """An experiment with two seeds, whose searches refuse a fourth iteration."""
    logs = []
    for seed in (0, 1):
        log = pd.DataFrame({"objective": DESIRED, "validation_objective": validation, "test_objective": UNSEEN})
        log = pd.concat([log, pd.DataFrame({"objective": [0.1], "test_objective": [0.1]})], ignore_index=True)
        logs.append(log.assign(seed=seed, iteration=range(5), accepted=[True] * 4 + [False]))
    settings = {
        "training": {"learning_rate": rate},
        "search": {"method": "mirror_descent"},
        "data": {"desired_examples": count},
    }
    return SimpleNamespace(name=name, search=pd.concat(logs), settings=settings)


def test_refused_iterations_are_left_out():
    frame = overfitting.rows([searched("few", 64)], {})
    assert len(frame) == 2 * len(DESIRED)
    assert (frame["desired_examples"] == 64).all()
    assert frame["objective"].min() == min(DESIRED)


def test_the_ends_of_a_search_are_the_best_and_the_validated_policy():
    ends = overfitting.ends(overfitting.rows([searched("few", 64)], {})).set_index("seed").loc[0]
    assert ends["best_desired"] == pytest.approx(0.4)
    assert ends["best_unseen"] == pytest.approx(0.9)
    assert ends["validated_desired"] == pytest.approx(0.7)
    assert ends["validated_unseen"] == ends["lowest_unseen"] == pytest.approx(0.75)
    # Half of the gain is reached at 1.4: from there desired falls by 0.3 and unseen rises by 0.15.
    assert ends["further"] == pytest.approx((0.75 - 0.9) / (0.7 - 0.4))


def test_the_figure_has_a_panel_for_each_rate_and_a_line_for_each_number_of_examples():
    frame = overfitting.rows([searched("few", 64), searched("many", 256), searched("slow", 64, rate=0.01)], {})
    with style.theme():
        drawn = overfitting.figure(frame)
    assert isinstance(drawn, Figure)
    assert [axes.get_title(loc="left").split(":")[0] for axes in drawn.axes] == [
        "learning rate 0.1",
        "learning rate 0.01",
    ]
    labels = [[line.get_label() for line in axes.lines if line.get_label().startswith("K")] for axes in drawn.axes]
    assert labels == [["K 64", "K 256"], ["K 64"]]
    mean = next(line for line in drawn.axes[0].lines if line.get_label() == "K 64")
    assert mean.get_xdata()[[0, -1]].tolist() == pytest.approx([0.4, 1])
    assert mean.get_ydata()[[0, -1]].tolist() == pytest.approx([0.9, 1])


def test_experiments_of_the_same_rate_and_number_of_examples_have_lines_of_their_own():
    other = searched("other", 64)
    other.search = other.search.assign(test_objective=1.0)
    frame = overfitting.rows([searched("few", 64), other, searched("many", 256)], {})
    with style.theme():
        (axes,) = overfitting.figure(frame).axes
    ends = {line.get_label(): line.get_ydata()[0] for line in axes.lines if line.get_label().startswith("K")}
    assert ends == {"K 64, few": pytest.approx(0.9), "K 64, other": 1.0, "K 256": pytest.approx(0.9)}


def test_without_validation_examples_there_is_no_validated_policy():
    frame = overfitting.rows([searched("few", 64, validation=(None,) * 4)], {})
    cells = dict(zip(overfitting.table(frame).header, overfitting.table(frame).rows[0].cells, strict=True))
    assert cells["J unseen, validated"] == "-"
    with style.theme():
        overfitting.figure(frame)


def test_the_stage_writes_rows_figure_and_page(plain: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    outputs = {name: tmp_path / f"overfitting.{kind}" for name, kind in
               (("rows", "parquet"), ("figure", "svg"), ("page", "html"))}  # fmt: skip
    settings = {"study": "overfitting", "experiments": [plain.name]}
    arguments = ["--settings", json.dumps(settings), "--folders", str(plain.folder)]
    compare.main([*arguments, *(word for name, path in outputs.items() for word in (f"--{name}", str(path)))])
    stored = artifacts.read(outputs["rows"], OVERFITTING).to_pandas()
    accepted = plain.search[plain.search["accepted"]]
    assert stored["test_objective"].tolist() == accepted["test_objective"].tolist()
    assert "<svg" in outputs["page"].read_text()
    assert plain.name in capsys.readouterr().out
    with pytest.raises(InputError, match="no experiment of this config has validation examples"):
        overfitting.rows([], settings)
