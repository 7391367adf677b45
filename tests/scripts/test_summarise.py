import json
import math

import pytest

from lawpipe.run import artifacts
from lawpipe.run.tables.fits import FITS
from lawpipe.run.tables.measurements import MEASURES
from lawpipe.run.tables.summary import SUMMARY
from scripts import summarise
from tests.tables import TABLES

SETTINGS = {"experiment": "toy", "seed": 0, "problem": "perceptron"}
#: On desired; on test each loss is twice as large.
LOSSES = {"conventional": [1.0, 0.6, 0.4, 0.3, 0.3], "near_optimal": [1.0, 0.3, 0.2, 0.2, 0.1]}


def write(path, table, columns):
    artifacts.write(path, TABLES[table], columns, settings=SETTINGS, code="")


def write_inputs(folder, losses):
    policies = [policy for policy, curve in losses.items() for _ in curve]
    desired = [loss for curve in losses.values() for loss in curve]
    write(
        folder / "curves.parquet",
        "curves",
        {
            "policy": policies,
            "step": [step for curve in losses.values() for step in range(len(curve))],
            "train_loss": [None] * len(policies),
            "desired_loss": desired,
            "test_loss": [2 * loss for loss in desired],
        },
    )
    # Three measured steps for near_optimal, the middle one without a value; none for the others.
    rows = [
        (step, against, kind, value)
        for against, factor in (("desired", 1.0), ("test", 10.0))
        for kind, shift in (("instantaneous", 0.0), ("adjoint", 4.0))
        for step, value in ((0, factor * (1.0 + shift)), (2, None), (3, factor * (3.0 + shift)))
    ]
    rows[0] = (0, "desired", "instantaneous", None)
    write(
        folder / "similarity.parquet",
        "similarity",
        {
            "policy": ["near_optimal"] * len(rows),
            "step": [step for step, _, _, _ in rows],
            "against": [against for _, against, _, _ in rows],
            "kind": [kind for _, _, kind, _ in rows],
            "mean": [0.1] * len(rows),
            "std": [0.1] * len(rows),
            "similarity": [value for _, _, _, value in rows],
            "active": [2] * len(rows),
            "global_speed": [0.1] * len(rows),
        },
    )
    write(
        folder / "measures.parquet",
        "measures",
        {name: [0.5, 0.5] for name in MEASURES.columns}
        | {
            "policy": ["near_optimal", "conventional"],
            "gap": [0.5, 0.25],
            "weight_on_perturbed": [None, 0.1],
            "effective_examples": [8.0, 16.0],
        },
    )
    empty = {name: [None, None] for name in FITS.columns}
    laws = {
        "policy": ["conventional", "near_optimal"],
        "against": ["desired"] * 2,
        "scale": [30.0, 10.0],
        "exponent": [0.5] * 2,
    }
    write(folder / "fits.parquet", "fits", empty | laws)


def call(folder, losses=LOSSES):
    write_inputs(folder, losses)
    arguments = ["--settings", json.dumps(SETTINGS)]
    for table in ("curves", "similarity", "measures", "fits", "summary"):
        arguments += [f"--{table}", str(folder / f"{table}.parquet")]
    summarise.main(arguments)
    return {row["policy"]: row for row in artifacts.read(folder / "summary.parquet", SUMMARY).to_pylist()}


def test_the_summary_of_a_searched_policy_fills_every_column(tmp_path):
    row = call(tmp_path)["near_optimal"]
    assert list(row) == list(SUMMARY.columns)
    expected = {
        "policy": "near_optimal",
        "objective_desired": pytest.approx(0.2),
        "objective_test": pytest.approx(0.4),
        "compression_ratio_desired": pytest.approx(math.log(2) / 0.2),
        "compression_ratio_test": pytest.approx(math.log(2) / 0.4),
        "acceleration_desired": 4.0,
        "acceleration_test": 4.0,
        "acceleration_to_best_desired": 4.0,
        "acceleration_to_best_test": 4.0,
        "acceleration_to_tuned_desired": None,
        "acceleration_to_tuned_test": None,
        "acceleration_fit_desired": pytest.approx(3.0),
        "acceleration_fit_test": None,
        "similarity_desired": 3.0,
        "similarity_test": 20.0,
        "adjoint_similarity_desired": 6.0,
        "adjoint_similarity_test": 60.0,
        "steps_measured_desired": 1,
        "steps_measured_test": 2,
        "adjoint_steps_measured_desired": 2,
        "adjoint_steps_measured_test": 2,
        "gap": 0.5,
        "weight_on_perturbed": None,
        "effective_examples": 8.0,
    }
    assert {name: row[name] for name in expected} == expected


def test_the_summary_of_the_conventional_policy_is_relative_to_itself(tmp_path):
    row = call(tmp_path)["conventional"]
    assert row["objective_desired"] == pytest.approx(0.4)
    # Its final loss, 0.3, is reached at step 3 of 4.
    assert row["acceleration_desired"] == pytest.approx(4 / 3)
    assert row["acceleration_fit_desired"] == pytest.approx(1.0)
    assert row["similarity_desired"] is None
    assert row["steps_measured_desired"] == 0
    assert row["gap"] == 0.25


def test_the_acceleration_over_the_tuned_policy(tmp_path):
    rows = call(tmp_path, LOSSES | {"conventional_tuned": [1.0, 0.3, 0.25, 0.2, 0.2]})
    assert rows["near_optimal"]["acceleration_to_tuned_desired"] == 2.0
    assert rows["conventional_tuned"]["acceleration_to_tuned_test"] == pytest.approx(4 / 3)
    assert rows["conventional"]["acceleration_to_tuned_desired"] is None
    assert rows["conventional_tuned"]["acceleration_desired"] == 4.0


def test_a_policy_that_never_arrives_or_breaks_off(tmp_path, capsys):
    rows = call(tmp_path, LOSSES | {"slow": [1.0, 0.9, 0.8, 0.7, 0.6], "broken": [1.0, 0.5, math.nan, math.nan, 0.1],
                                      "infinite": [1.0, math.inf, 0.4, 0.3, 0.1]})  # fmt: skip
    assert list(rows) == ["conventional", "near_optimal", "slow", "broken", "infinite"]
    assert rows["slow"]["acceleration_desired"] is None
    assert rows["slow"]["acceleration_to_best_desired"] is None
    assert rows["slow"]["objective_desired"] == pytest.approx(0.75)
    assert rows["slow"]["gap"] is None
    for name in ("broken", "infinite"):
        assert rows[name]["objective_desired"] is None
        assert rows[name]["compression_ratio_test"] is None
    printed = capsys.readouterr().out
    assert "slow: desired J 0.7500 nats, acceleration none; test J 1.5000 nats, acceleration none" in printed
    assert "broken: desired J not finite" in printed


def test_without_a_conventional_policy_there_is_no_acceleration(tmp_path):
    rows = call(tmp_path, {"near_optimal": LOSSES["near_optimal"]})
    assert rows["near_optimal"]["acceleration_desired"] is None
    assert rows["near_optimal"]["objective_desired"] == pytest.approx(0.2)
