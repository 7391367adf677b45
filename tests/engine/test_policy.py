"""Weights that are no policy's are refused where they are read and where they are written."""

from pathlib import Path

import numpy as np
import pytest

from lawpipe.engine import policy
from lawpipe.engine.policy import Policy
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.policies import POLICY

RATES = np.full(3, 0.1)


def changed(row: int, example: int, value: float) -> np.ndarray:
    """Return uniform weights of three steps and four examples with one of them changed."""
    weights = np.full((3, 4), 0.25)
    weights[row, example] = value
    return weights


WRONG = {
    "row 1 sums to 3.5": changed(1, 3, 2.75),
    "row 2 gives example 0 the weight -0.017": changed(2, 0, -0.017),
    "row 0 gives example 1 the weight nan": changed(0, 1, np.nan),
    "row 1 gives example 2 the weight inf": changed(1, 2, np.inf),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_the_sentence_names_source_row_and_value(mistake: str, tmp_path: Path) -> None:
    wrong = Policy(WRONG[mistake], RATES)
    with pytest.raises(InputError, match=f"the search: {mistake}, expected weights that are finite"):
        wrong.columns("the search")
    path = tmp_path / "near_optimal.parquet"
    columns = {"step": np.arange(3), "weights": wrong.weights, "learning_rate": RATES}
    artifacts.write(path, POLICY, columns, settings={}, code="")
    with pytest.raises(InputError, match=f"{path}: {mistake}, expected weights that are finite"):
        policy.load(path)


@pytest.mark.parametrize(
    ("desired", "mistake"),
    [
        ([0.5, 0.4, 0.5], "row 1 sums to 0.9 with its desired_weight"),
        ([0.5, 0.5, -0.5], "row 2 has the desired_weight -0.5"),
        ([np.nan, 0.5, 0.5], "row 0 has the desired_weight nan"),
    ],
)
def test_weights_and_desired_weight_sum_to_1(desired: list[float], mistake: str, tmp_path: Path) -> None:
    weights, path = np.full((3, 4), 0.125), tmp_path / "p.parquet"
    right = Policy(weights, RATES, np.full(3, 0.5)).columns("a test")
    artifacts.write(path, POLICY, right, settings={}, code="")
    loaded = policy.load(path)
    assert loaded.desired_weight is not None
    assert loaded.desired_weight.tolist() == [0.5] * 3
    with pytest.raises(InputError, match=mistake):
        Policy(weights, RATES, np.array(desired)).columns("a test")
    artifacts.write(path, POLICY, right | {"desired_weight": np.array(desired)}, settings={}, code="")
    with pytest.raises(InputError, match=mistake):
        policy.load(path)
    with pytest.raises(InputError, match=r"row 0 sums to 0\.5, expected"):
        Policy(weights, RATES).columns("a test")


def test_rounded_weights_are_a_policy(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(5000), 3).astype(np.float32)
    artifacts.write(tmp_path / "p.parquet", POLICY, Policy(weights, RATES).columns("a test"), settings={}, code="")
    assert np.array_equal(policy.load(tmp_path / "p.parquet").weights, weights)
