import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from lawpipe.run.errors import InputError


def test_tables_of_all_seeds_are_joined(plain: Results) -> None:
    assert set(plain.curves["seed"]) == {0, 1}
    assert len(plain.curves) == 2 * 4 * 31
    assert plain.settings["data"]["dimension"] == 6


def test_policies_are_in_the_order_of_the_search(plain: Results) -> None:
    assert plain.along_search == ["conventional", "search_0001", "search_0003", "near_optimal"]
    assert plain.chosen == ["conventional", "near_optimal"]


def test_a_quantity_over_the_seeds_is_that_of_the_file(plain: Results) -> None:
    objective = plain.quantity("near_optimal", "objective_desired")
    expected = plain.summary.loc[plain.summary["policy"] == "near_optimal", "objective_desired"]
    assert objective.mean == pytest.approx(expected.mean())
    assert (objective.n, objective.n_reached) == (2, 2)
    assert plain.quantity("near_optimal", "no_such").n == 0


def test_seeds_without_a_value_are_nan(plain: Results) -> None:
    frame = pd.DataFrame({"seed": [1, 1, 0], "x": [0, 5, 5], "y": [1.0, 2.0, 3.0]})
    x, samples = plain.by_seed(frame, "x", "y")
    assert x.tolist() == [0, 5]
    np.testing.assert_array_equal(samples, [[np.nan, 3], [1, 2]])


def test_weights_come_in_the_order_of_the_steps_asked_for(plain: Results) -> None:
    steps = np.array([7, 2, 29])
    every = plain.weights(0, "near_optimal", np.arange(30))
    np.testing.assert_array_equal(plain.weights(0, "near_optimal", steps), every[steps])


def test_contributions_are_the_instantaneous_ones_against_one_loss(plain: Results) -> None:
    steps, contribution = plain.contributions(0, "near_optimal", "test", "contribution")
    rows = plain.similarity
    rows = rows[(rows["policy"] == "near_optimal") & (rows["seed"] == 0) & (rows["against"] == "test")]
    rows = rows[rows["kind"] == "instantaneous"]
    means = (plain.weights(0, "near_optimal", steps) * contribution).sum(axis=1)
    np.testing.assert_allclose(means, rows["mean"], rtol=1e-4)


def test_mistakes_are_one_sentence(plain: Results, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no seeds given"):
        experiment.load(plain.folder, [])
    with pytest.raises(InputError, match=r"seed7.summary\.parquet does not exist"):
        experiment.load(plain.folder, [7])
    broken = shutil.copytree(plain.folder, tmp_path / "broken")
    (broken / "seed1/curves.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match=r"curves\.parquet cannot be read"):
        _ = experiment.load(broken, [0, 1]).curves
