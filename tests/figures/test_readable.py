"""Every figure can be read: no text overlaps another or hides data, none leaves the figure, all have their size."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lawpipe.figures import style
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results import catalogue, experiment
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.tables.policies import LEARNING_RATES
from lawpipe.studies import growth, ladder, methods
from tests import toy
from tests.figures.readable import faults
from tests.figures.test_draw import CASES, draw_anew, figure_of

RECORDS = Path(__file__).resolve().parents[2] / "benchmarks/records"
LONG = "a_policy_of_ones_own_with_a_long_name"


@pytest.fixture(scope="module")
def trouble(five_seeds: Results, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """All policies and one with a long name, some of whose numbers are huge, tiny or missing."""
    folder = tmp_path_factory.mktemp("trouble") / "an_experiment_with_a_very_long_name_that_takes_a_whole_line"
    shutil.copytree(five_seeds.folder, folder)
    results = experiment.load(folder, five_seeds.seeds)
    others = [name for name in (*POLICIES, LONG) if name not in five_seeds.policies]
    for seed in results.seeds:
        for index, name in enumerate(others):
            shutil.copy(results.path(seed, "policies/near_optimal"), results.path(seed, f"policies/{name}"))
            if name.endswith("_tuned"):
                values = [0.5 + 0.1 * index, 0.4, 1e300, None]
                columns = {"policy": [name] * 4, "learning_rate": [1e-3, 0.1, 1.0, 1e3], "objective_desired": values}
                path = results.path(seed, f"learning_rates/{name}")
                artifacts.write(path, LEARNING_RATES, columns | {"objective_test": values}, settings={}, code="")
    for table in ("summary", "curves", "similarity", "zero_weights", "stability", "fits"):
        frame: pd.DataFrame = getattr(results, table)
        source = frame[frame["policy"] == "near_optimal"]
        frames = [frame, *(_distorted(source.assign(policy=name), 10.0**index) for index, name in enumerate(others))]
        results.__dict__[table] = pd.concat(frames, ignore_index=True)
    extremes = results.fits["policy"].isin(["conventional", "near_optimal"]) & (results.fits["seed"] == 1)
    results.fits.loc[extremes, ["scale", "scale_low", "scale_high"]] = [1e-109, 1e-200, 1e89]
    extremes = (results.similarity["policy"] == "near_optimal") & (results.similarity["seed"] == 2)
    results.similarity.loc[extremes, "similarity"] *= 1e9
    return results


def _distorted(rows: pd.DataFrame, factor: float) -> pd.DataFrame:
    """Rows whose losses and objectives are larger by a factor, every tenth of them missing."""
    columns = [name for name in rows if "loss" in name or "objective" in name or name in ("sharpness", "similarity")]
    rows = rows.astype(dict.fromkeys(columns, float))
    rows[columns] *= factor
    rows.loc[rows.index[::10], columns] = np.nan
    return rows


@pytest.mark.parametrize(("case", "name"), CASES)
def test_every_figure_is_readable(name: str, case: str, request: pytest.FixtureRequest) -> None:
    assert faults(figure_of(name, request.getfixturevalue(case))) == []


@pytest.mark.parametrize("name", [entry.name for entry in catalogue.figures(toy.settings("any", toy.FIVE_SEEDS))])
def test_figures_of_many_policies_and_extreme_numbers_are_readable(name: str, trouble: Results) -> None:
    assert faults(draw_anew(name, trouble)) == []


@pytest.mark.parametrize(("study", "record"), [(growth, "growth"), (ladder, "ladder"), (methods, "search")])
def test_figures_of_benchmarks_are_readable(study, record: str) -> None:
    rows = pd.read_parquet(max(RECORDS.glob(f"*/{record}.parquet")))
    with style.theme():
        assert faults(study.figure(rows)) == []


def planted() -> Figure:
    """A figure without a fault, with a curve that reaches its corners."""
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label="a line")
    return figure


def test_a_planted_fault_is_found() -> None:
    with style.theme():
        assert faults(planted()) == []
        figure = planted()
        figure.axes[0].text(0.5, 0.5, "on the line")
        assert faults(figure) == ["'on the line' hides Line2D 'a line'"]
        figure = planted()
        figure.axes[0].legend(loc="lower left")
        assert faults(figure) == ["the legend 'a line' hides Line2D 'a line'"]
        figure = planted()
        for x in (0.3, 0.35):
            figure.text(x, 0.99, f"title {x}")
        assert "'title 0.3' overlaps 'title 0.35'" in faults(figure)
        figure = planted()
        figure.text(0.9, 0.99, "beyond the edge")
        assert faults(figure) == ["'beyond the edge' leaves the figure"]
        figure = planted()
        figure.axes[0].set_xlabel("small", fontsize=4)
        assert faults(figure) == ["'small' has 5.0 pixels on a phone"]
