"""The figure and the paragraph of the controls, on toy tables with known objectives."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from lawpipe.figures import controls, style
from lawpipe.report import findings
from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.tables.policies import LEARNING_RATES
from lawpipe.run.tables.summary import SUMMARY

SEEDS = (0, 1, 2)
CONVENTIONAL, NEAR_OPTIMAL = 1.0, 0.5
#: J on desired. On test it is 0.1 higher, except that the near-optimal policy is as bad as the conventional one.
DESIRED = {
    "conventional_tuned": 0.4,
    "near_optimal_matched": 0.9,
    "clean_only": 0.75,
    "clean_only_tuned": 0.35,
    "online_tuned": 0.375,
    "static": 0.8,
    "greedy": 0.6,
    "loss_proportional": 1.1,
    "near_optimal_at_tuned_rate": 0.2,
}


@pytest.fixture(scope="module")
def tuned(three_seeds: Results, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Three seeds; the third has no searched controls, and J varies by 1 % from seed to seed."""
    folder = tmp_path_factory.mktemp("controls") / three_seeds.name
    shutil.copytree(three_seeds.folder, folder)
    for seed in SEEDS:
        names = [name for name in DESIRED if seed < 2 or name not in ("static", "near_optimal_at_tuned_rate")]
        write_summary(folder / f"seed{seed}", names, 1 + 0.01 * seed)
        write_grid(
            folder / f"seed{seed}/learning_rates/conventional_tuned.parquet",
            [0.1, 0.3, 1.0, 3.0],
            [0.9, 0.4, 0.6, None],
        )
    return experiment.load(folder, SEEDS)


def write_summary(folder: Path, names: list[str], factor: float) -> None:
    path = folder / "summary.parquet"
    meant = artifacts.metadata(path)
    rows = artifacts.read(path, SUMMARY).to_pandas().set_index("policy")
    blank = rows.loc["conventional"]
    for name, value in {"conventional": CONVENTIONAL, "near_optimal": NEAR_OPTIMAL, **DESIRED}.items():
        if name in ("conventional", "near_optimal", *names):
            rows.loc[name] = blank
            rows.loc[name, "objective_desired"] = factor * value
            rows.loc[name, "objective_test"] = factor * (1.1 if name == "near_optimal" else value + 0.1)
    columns = {name: [None if pd.isna(v) else v for v in rows.reset_index()[name]] for name in ["policy", *rows]}
    artifacts.write(path, SUMMARY, columns, settings=meant["settings"], code=meant["code"])


def write_grid(path: Path, rates: list[float], values: list[float | None]) -> None:
    columns = {"policy": ["conventional_tuned"] * len(rates), "learning_rate": rates, "objective_desired": values}
    artifacts.write(path, LEARNING_RATES, columns | {"objective_test": values}, settings={}, code="")


def draw(given: Results) -> Figure:
    with style.theme():
        return controls.controls(given)


def test_the_figure_shows_every_policy_with_its_seeds(tuned: Results) -> None:
    figure = draw(tuned)
    levels, shares, desired, test = figure.axes
    rows = [" ".join(label.get_text().split()) for label in levels.get_yticklabels()]
    assert "static (n = 2)" in rows
    assert "conventional tuned (n = 3)" in rows
    assert not [label for label in rows if "search" in label]
    assert len(rows) == len(shares.get_yticks()) == 2 + len(DESIRED)
    for axes in figure.axes:
        assert axes.get_xlabel()
    assert desired.get_ylabel()
    # A line and a chosen rate for each seed, the rate at which training diverges, and the experiment's own rate.
    for axes in (desired, test):
        assert len(axes.lines) == 2 * len(SEEDS) + 2
        assert axes.lines[1].get_xdata() == [0.3]
        assert (axes.lines[-2].get_label(), *axes.lines[-2].get_xdata()) == ("diverges in 1 seed or more", 3.0)


def test_shares_of_the_gain_stand_in_the_notes_and_on_the_axis(tuned: Results) -> None:
    figure = draw(tuned)
    text = " ".join(text.get_text() for text in figure.texts)
    assert "conventional tuned 120.0" in text
    shares = {round(float(c.lines[0].get_xdata()[0])) for c in figure.axes[1].containers}
    # On desired alone: there is no gain on test to share.
    assert shares == {0, 100, 120, 20, 50, 130, 125, 40, 80, -20, 160}


def test_the_paragraph_agrees_with_the_numbers(tuned: Results) -> None:
    text = findings.explained(tuned).replace("\N{NO-BREAK SPACE}", " ")
    for part in (
        "Over 3 seeds, the near-optimal policy's J is 0.505 [0.493, 0.517] nats lower on desired and 0 [0, 0]",
        "the learning rate alone explains 120.0 % [120.0 %, 120.0 %] (n = 3)",
        "(0.300 instead of 0.100)",
        "0.101 [0.0985, 0.103] nats higher on desired and 0.606",
        "keep 20.0 % [20.0 %, 20.0 %] (n = 3) of the gain, so 80.0 % [80.0 %, 80.0 %] (n = 3)",
        "Dropping the flipped examples (an oracle): 50.0 %",
        "One searched weight vector for all steps: 40.0 % (n = 2).",
        "Greedy one-step weights: 80.0 %",
        "Weights in proportion to the losses -20.0 %",
        "At the tuned rate itself a search makes J 0.201",
        "(2 seeds)",
        "Each at its own best rate, the oracle's J is 0.0505",
        "Without a search, the online policy's J at its own best rate is 0.0253",
        "that is 50.0 % [50.0 %, 50.0 %] (n = 3) of the oracle's gain on test",
    ):
        assert part in text, (part, text)


def test_without_controls_there_is_a_figure_and_a_sentence(plain: Results) -> None:
    figure = draw(plain)
    assert "No learning rate was tuned" in figure.axes[2].texts[-1].get_text().replace("\n", " ")
    text = findings.explained(plain)
    assert text.startswith("Over 2 seeds, the near-optimal policy's J is")
    assert "learning rate" not in text


def test_one_seed_has_no_intervals(without_snapshots: Results) -> None:
    draw(without_snapshots)
    assert "[" not in findings.explained(without_snapshots)
