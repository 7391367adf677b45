import json
import math

import pytest

from lawpipe.run import artifacts
from lawpipe.run.tables.summary import SUMMARY, SUMMARY_OVER_SEEDS
from scripts import summarise_seeds

SETTINGS = {"experiment": "toy", "seeds": [0, 1, 2], "problem": "perceptron"}


def call(folder, seeds):
    """Summarise seeds given as lists of rows; return the result by policy and quantity."""
    paths = []
    for seed, rows in enumerate(seeds):
        paths.append(folder / f"seed{seed}/summary.parquet")
        columns = {name: [row.get(name) for row in rows] for name in SUMMARY.columns}
        artifacts.write(paths[-1], SUMMARY, columns, settings=SETTINGS, code="")
    output = folder / "summary.parquet"
    arguments = ["--settings", json.dumps(SETTINGS), "--summaries", *map(str, paths), "--output", str(output)]
    summarise_seeds.main(arguments)
    rows = artifacts.read(output, SUMMARY_OVER_SEEDS).to_pylist()
    return {(row.pop("policy"), row.pop("quantity")): row for row in rows}


def test_means_with_intervals_over_the_seeds_that_have_a_value(tmp_path):
    seeds = [
        [{"policy": "p", "objective_desired": 1.0, "acceleration_desired": 2.0, "steps_measured_desired": 10}],
        [{"policy": "p", "objective_desired": 2.0, "acceleration_desired": 8.0, "steps_measured_desired": 12}],
        [{"policy": "p", "objective_desired": 3.0, "acceleration_desired": None, "steps_measured_desired": 14}],
    ]
    summary = call(tmp_path, seeds)
    half = 4.302652729911275 / math.sqrt(3)
    assert summary["p", "objective_desired"] == {
        "mean": pytest.approx(2.0),
        "low": pytest.approx(2 - half),
        "high": pytest.approx(2 + half),
        "n": 3,
        "n_reached": 3,
    }
    assert summary["p", "acceleration_desired"] == {
        "mean": pytest.approx(4.0),
        "low": None,  # two seeds say too little
        "high": None,
        "n": 3,
        "n_reached": 2,
    }
    assert summary["p", "steps_measured_desired"]["mean"] == pytest.approx(12.0)
    assert summary["p", "gap"] == {"mean": None, "low": None, "high": None, "n": 3, "n_reached": 0}


def test_every_numeric_column_is_a_quantity_of_every_policy(tmp_path):
    summary = call(tmp_path, [[{"policy": "a"}, {"policy": "b"}]])
    quantities = [name for name in SUMMARY.columns if name != "policy"]
    assert list(summary) == [(policy, quantity) for policy in ("a", "b") for quantity in quantities]


def test_one_seed_has_no_bounds(tmp_path):
    summary = call(tmp_path, [[{"policy": "p", "gap": 0.5}]])
    assert summary["p", "gap"] == {"mean": 0.5, "low": None, "high": None, "n": 1, "n_reached": 1}


def test_a_policy_that_only_some_seeds_have(tmp_path):
    summary = call(
        tmp_path, [[{"policy": "p", "gap": 0.5}], [{"policy": "p", "gap": 0.7}, {"policy": "q", "gap": 0.1}]]
    )
    assert summary["p", "gap"]["n"] == 2
    assert summary["q", "gap"] == {"mean": 0.1, "low": None, "high": None, "n": 1, "n_reached": 1}
