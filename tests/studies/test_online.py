"""Weights without a search across experiments, on toy results with known objectives."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import style
from lawpipe.results import experiment
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.policies import LEARNING_RATES
from lawpipe.run.tables.studies import ONLINE
from lawpipe.run.tables.summary import SUMMARY, SUMMARY_OVER_SEEDS
from lawpipe.studies import online
from scripts import compare
from tests.figures.readable import faults

SEEDS = (0, 1, 2)
TUNED, MATCHED = online.FAMILIES

#: J of each policy, a number a seed that has it.
Objectives = Mapping[str, tuple[float | None, ...]]

#: J on test of the seeds: of uniform weights 0.8, of which the oracle saves 0.4 and the online policy 0.2, 0.3, 0.4.
NOISY: Objectives = {
    "conventional": 3 * (1.0,),
    "clean_only_matched": 3 * (0.6,),
    "online_matched": 3 * (0.9,),
    "conventional_tuned": 3 * (0.8,),
    "clean_only_tuned": 3 * (0.4,),
    "inverse_loss_tuned": 3 * (0.9,),
    "greedy_tuned": (0.6, 0.6, None),
    "online_tuned": (0.6, 0.5, 0.4),
    "near_optimal_at_tuned_rate": (0.6, 0.7),
}
#: Nothing to leave out, and no policy at matched step length.
CLEAN: Objectives = {
    "conventional": 3 * (0.6,),
    "conventional_tuned": 3 * (0.5,),
    "inverse_loss_tuned": 3 * (0.75,),
    "online_tuned": (0.5, 0.55, 0.6),
}


def settings(
    name: str, spoilt: float, desired: int = 512, text: str | None = None, flip_by: str = "chance"
) -> dict[str, Any]:
    """Return as much of an experiment's settings as is looked at."""
    data: dict[str, Any] = {"desired_examples": desired}
    if text is None:
        return {
            "experiment": name,
            "problem": "perceptron",
            "data": data | {"flip_fraction": spoilt, "flip_by": flip_by, "folder": None},
        }
    data |= {"perturbation": {"fraction": spoilt}, "corpus": {"source": text}}
    return {"experiment": name, "problem": "language_model", "data": data}


def write(root: Path, chosen: dict[str, Any], objectives: Objectives) -> Path:
    """Write the summaries of an experiment; J on desired is half of that on test."""
    folder = root / chosen["experiment"]
    for seed in SEEDS:
        of_seed = {policy: values[seed : seed + 1] for policy, values in objectives.items()}
        present = {policy: values[0] for policy, values in of_seed.items() if values}
        columns: dict[str, list[Any]] = {name: [None] * len(present) for name in SUMMARY.columns}
        columns["policy"] = [*present]
        columns["objective_test"] = [*present.values()]
        columns["objective_desired"] = [None if value is None else value / 2 for value in present.values()]
        path = folder / f"seed{seed}/summary.parquet"
        path.parent.mkdir(parents=True)
        artifacts.write(path, SUMMARY, columns, settings=chosen | {"seed": seed}, code="0" * 16)
    empty: dict[str, list[Any]] = {name: [] for name in SUMMARY_OVER_SEEDS.columns}
    joined = chosen | {"seeds": [*SEEDS]}
    artifacts.write(folder / "summary.parquet", SUMMARY_OVER_SEEDS, empty, settings=joined, code="0" * 16)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four experiments, not in the order in which they are shown."""
    root = tmp_path_factory.mktemp("online")
    return [
        write(root, settings("stories", 0.5, 64, "grammar"), NOISY),
        write(root, settings("noisy", 0.25), NOISY),
        write(root, settings("clean", 0.0), CLEAN),
        # Leaving out what is flipped gains nothing here.
        write(root, settings("lost", 0.75), {**CLEAN, "clean_only_tuned": (0.5, 0.45, 0.55)}),
    ]


@pytest.fixture(scope="module")
def comparison(folders: list[Path]) -> pd.DataFrame:
    return online.rows([experiment.load(folder, SEEDS) for folder in folders], {})


def cells(comparison: pd.DataFrame, ending: str, experiment: str, against: str = "test") -> dict[str, str]:
    """Return one row of the table by its header, with plain spaces."""
    table = online.table(comparison)
    (row,) = (row.cells for row in table.rows if row.cells[1:4] == (experiment, ending, against))
    return {name: cell.replace("\N{NO-BREAK SPACE}", " ") for name, cell in zip(table.header, row, strict=True)}


def draw(comparison: pd.DataFrame) -> Figure:
    with style.theme():
        drawing = online.figure(comparison)
        drawing.draw_without_rendering()
    return drawing


def test_one_row_per_seed_has_its_share_of_that_seeds_gain(comparison: pd.DataFrame) -> None:
    assert set(comparison) == set(ONLINE.columns)
    assert comparison["experiment"].drop_duplicates().tolist() == ["clean", "noisy", "lost", "stories"]
    rows = comparison[(comparison["experiment"] == "noisy") & (comparison["against"] == "test")].set_index(
        ["policy", "seed"]
    )
    assert rows["share"]["online_tuned"].tolist() == pytest.approx([0.5, 0.75, 1.0])
    assert rows["share"]["inverse_loss_tuned"].tolist() == pytest.approx([-0.25] * 3)
    assert rows["share"]["online_matched"].tolist() == pytest.approx([0.25] * 3)
    assert rows["share"]["near_optimal_at_tuned_rate"].tolist() == pytest.approx([0.5, 0.25])
    assert rows["share"]["greedy_tuned"].isna().tolist() == [False, False, True]
    assert rows["share"]["clean_only_tuned"].tolist() == [1.0] * 3
    first = comparison.groupby("experiment").first()[["problem", "spoilt", "desired_examples", "text"]]
    assert first.loc["stories"].tolist() == ["language_model", 0.5, 64, "grammar"]
    assert first.loc["noisy"].tolist() == ["perceptron", 0.25, 512, ""]
    assert comparison[comparison["experiment"] == "clean"]["share"].isna().all()


def test_the_table_has_shares_with_the_interval_of_the_seeds(comparison: pd.DataFrame) -> None:
    tuned = cells(comparison, "tuned", "noisy")
    # 0.5, 0.75 and 1: the mean 0.75, and t(0.975, 2) 0.25 / sqrt(3) = 4.303 x 0.1443 = 0.621 on both sides.
    assert tuned["online"] == "0.500; 75.0 % [12.9 %, 137.1 %] (n = 3)"
    assert tuned["uniform"] == "0.800 [0.800, 0.800]"
    assert tuned["oracle"] == "0.400 [0.400, 0.400]"
    assert tuned["searched"] == "0.650; 37.5 % (n = 2)"  # two seeds have no interval
    assert tuned["max(CT, 0)"] == "0.600; 50.0 % (n = 2)"
    assert (tuned["problem"], tuned["corrupted"], tuned["K"], tuned["seeds"]) == ("perceptron", "25 %", "512", "3")
    matched = cells(comparison, "matched", "noisy", "desired")
    assert matched["online"] == "0.450; 25.0 % [25.0 %, 25.0 %] (n = 3)"
    # A policy that an experiment does not have.
    assert matched["1 / loss"] == "-"


def test_in_brackets_is_j_at_the_settings_that_are_best_on_test(tmp_path: Path) -> None:
    folder = write(tmp_path, settings("noisy", 0.25), NOISY)
    for seed, lowest in zip(SEEDS, (0.3, 0.4, 0.35), strict=True):
        tried = {"policy": ["online_tuned"] * 2, "learning_rate": [0.1, 0.2], "objective_desired": [0.1, 0.2]}
        columns = tried | {"objective_test": [0.9, lowest]}
        path = folder / f"seed{seed}/learning_rates/online_tuned.parquet"
        artifacts.write(path, LEARNING_RATES, columns, settings={}, code="")
    frame = online.rows([experiment.load(folder, SEEDS)], {})
    assert cells(frame, "tuned", "noisy")["online"] == "0.500 (0.350); 75.0 % [12.9 %, 137.1 %] (n = 3)"
    assert cells(frame, "tuned", "noisy", "desired")["online"].startswith("0.250; ")
    assert cells(frame, "tuned", "noisy")["1 / loss"].startswith("0.900; ")


def test_flips_that_are_not_by_chance_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path, settings("nearest", 0.25, flip_by="nearest"), NOISY)
    frame = online.rows([experiment.load(folder, SEEDS)], {})
    assert cells(frame, "tuned", "nearest")["problem"] == "perceptron, flips: nearest"


def test_rules_that_no_experiment_has_have_no_column(comparison: pd.DataFrame) -> None:
    assert "mixing" not in online.table(comparison).header
    assert "mixing" in online.RULES.values()


def test_without_corruption_the_table_has_differences_to_uniform_weights(comparison: pd.DataFrame) -> None:
    clean = cells(comparison, "tuned", "clean")
    # 0, 0.05 and 0.1 more of 0.5: t(0.975, 2) 0.05 / sqrt(3) = 0.1242.
    assert clean["online"] == "0.550; +0.0500 [-0.0742, 0.174] nats, +10.0 % [-14.8 %, 34.8 %] (n = 3)"
    assert clean["1 / loss"].startswith("0.750; +0.250 [")
    assert clean["oracle"] == "-"
    # So it is where the oracle's gain is not beyond its interval.
    assert cells(comparison, "tuned", "lost")["online"] == clean["online"]
    # No policy of this family: no row.
    assert not [row for row in online.table(comparison).rows if row.cells[1:3] == ("clean", "matched")]


def test_the_comparison_is_printed_as_markdown(comparison: pd.DataFrame) -> None:
    tuned, matched = (part.splitlines() for part in online.text(comparison).split("\n\n")[1::2])
    head = "| problem | corrupted | K | seeds | uniform | oracle | 1 / loss | max(CT, 0) | online | searched |"
    for lines in (tuned, matched):
        assert lines[0] == head
        assert lines[1] == "|" + "---|" * 10
        assert {line.count("|") for line in lines} == {11}
    assert [line.split(" | ")[0] for line in tuned[2:]] == ["| perceptron"] * 3 + ["| language model, grammar"]
    assert "| 0.500; 75.0 % [12.9 %, 137.1 %] (n = 3) |" in tuned[3]
    assert [line.split(" | ")[1] for line in matched[2:]] == ["25 %", "50 %"]
    assert "\N{NO-BREAK SPACE}" not in online.text(comparison)


def names(axes: Axes) -> list[str]:
    """The names of the rows, each in one line."""
    return [" ".join(label.get_text().split()) for label in axes.get_yticklabels()]


def test_the_figure_has_panels_of_shares_and_of_changes(comparison: pd.DataFrame) -> None:
    drawing = draw(comparison)
    changes, _, shares, matched, stories, _ = drawing.axes
    assert names(shares) == ["25 % flipped, K 512 noisy (n = 3)", "75 % flipped, K 512 lost (n = 3)"]
    assert names(changes) == ["none flipped, K 512 clean (n = 3)"]
    assert names(stories) == ["50 % perturbed, K 64, grammar stories (n = 3)"]
    assert changes.get_xlabel().startswith("change of J on test\n(%")
    assert "share of the oracle's\ngain" in shares.get_xlabel()
    means = [float(container.lines[0].get_xdata()[0]) for container in shares.containers]
    assert means == pytest.approx([-25, 50, 75, 37.5])
    assert [float(container.lines[0].get_xdata()[0]) for container in changes.containers] == pytest.approx([50, 10])
    assert [float(container.lines[0].get_xdata()[0]) for container in matched.containers] == pytest.approx([25])
    assert [text.get_text() for text in shares.texts] == ["the oracle's gain is\nwithin its interval"]
    assert [text.get_text() for text in matched.texts] == ["not run"]
    (legend,) = drawing.legends
    assert {text.get_text() for text in legend.get_texts()} == {"1 / loss", "max(CT, 0)", "online", "searched"}
    assert faults(drawing) == []
    for axes in drawing.axes:
        assert axes.get_xlabel()
        assert axes.get_title("left")
    assert "K: desired examples" in " ".join(text.get_text() for text in drawing.texts)


def test_without_matched_steps_there_is_one_column_and_one_table(comparison: pd.DataFrame) -> None:
    clean = comparison[comparison["experiment"] == "clean"]
    assert len(draw(clean).axes) == 1
    assert online.text(clean).count("| problem |") == 1


def test_experiments_that_cannot_be_compared_are_refused_in_one_sentence(folders: list[Path], tmp_path: Path) -> None:
    plain = write(tmp_path, settings("plain", 0.0), {"conventional": 3 * (1.0,), "conventional_tuned": 3 * (0.9,)})
    with pytest.raises(InputError, match="plain has no policy online_tuned: expected"):
        online.rows([experiment.load(plain, SEEDS)], {})
    one = experiment.load(folders[0], SEEDS)
    with pytest.raises(InputError, match="another folder is called stories too"):
        online.rows([one, replace(one)], {})
    with pytest.raises(InputError, match="add online_tuned"):
        compare.main(arguments(tmp_path, []))
    with pytest.raises(InputError, match=r"nowhere/summary\.parquet does not exist"):
        compare.main(arguments(tmp_path, [tmp_path / "nowhere"]))


def arguments(folder: Path, folders: list[Path]) -> list[str]:
    """Return the stage's command line."""
    kinds = {"rows": "parquet", "figure": "svg", "page": "html"}
    outputs = [word for name, kind in kinds.items() for word in (f"--{name}", str(folder / f"online.{kind}"))]
    return ["--settings", '{"study": "online"}', "--folders", *map(str, folders), *outputs]


def test_the_stage_writes_rows_figure_and_page_and_prints_markdown(
    folders: list[Path], comparison: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare.main(arguments(tmp_path, folders))
    stored = artifacts.read(tmp_path / "online.parquet", ONLINE).to_pandas()
    pd.testing.assert_frame_equal(stored[[*comparison]], comparison)
    html = (tmp_path / "online.html").read_text()
    assert "<svg" in html
    assert "12.9\N{NO-BREAK SPACE}%" in html
    assert capsys.readouterr().out.strip() == online.text(comparison)
