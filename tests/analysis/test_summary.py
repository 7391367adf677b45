import math

import numpy as np
import pytest

from lawpipe.analysis import summary

#: On desired; on test each loss is twice as large.
LOSSES = {"conventional": [1.0, 0.6, 0.4, 0.3, 0.3], "near_optimal": [1.0, 0.3, 0.2, 0.2, 0.1]}

LAWS = [
    {"policy": policy, "against": "desired", "scale": scale, "exponent": 0.5}
    for policy, scale in (("conventional", 30.0), ("near_optimal", 10.0))
]

MEASURES = [
    {"policy": "near_optimal", "gap": 0.5, "weight_on_perturbed": None, "effective_examples": 8.0},
    {"policy": "conventional", "gap": 0.25, "weight_on_perturbed": 0.1, "effective_examples": 16.0},
]


def similarities():
    """Three measured steps for near_optimal, the middle one without a value; none for the others."""
    rows = [
        {"policy": "near_optimal", "step": step, "against": against, "kind": kind, "similarity": value}
        for against, factor in (("desired", 1.0), ("test", 10.0))
        for kind, shift in (("instantaneous", 0.0), ("adjoint", 4.0))
        for step, value in ((0, factor * (1.0 + shift)), (2, None), (3, factor * (3.0 + shift)))
    ]
    return [rows[0] | {"similarity": None}, *rows[1:]]


def of_seed(losses=LOSSES):
    """Summarise curves given as policy to L[0..T] on desired; return the rows by policy."""
    desired = {policy: np.array(curve) for policy, curve in losses.items()}
    on_both = {"desired": desired, "test": {policy: 2 * curve for policy, curve in desired.items()}}
    return {row["policy"]: row for row in summary.of_seed(on_both, LAWS, similarities(), MEASURES, vocabulary=2)}


def test_a_searched_policy_has_every_quantity():
    assert of_seed()["near_optimal"] == {
        "policy": "near_optimal",
        "objective_desired": pytest.approx(0.2),
        "objective_test": pytest.approx(0.4),
        "compression_ratio_desired": pytest.approx(math.log(2) / 0.2),
        "compression_ratio_test": pytest.approx(math.log(2) / 0.4),
        "acceleration_desired": 4.0,
        "acceleration_test": 4.0,
        "acceleration_to_best_desired": 4.0,
        "acceleration_to_best_test": 4.0,
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


def test_the_conventional_policy_is_relative_to_itself():
    row = of_seed()["conventional"]
    assert row["objective_desired"] == pytest.approx(0.4)
    # Its final loss, 0.3, is reached at step 3 of 4.
    assert row["acceleration_desired"] == pytest.approx(4 / 3)
    assert row["acceleration_fit_desired"] == pytest.approx(1.0)
    assert row["similarity_desired"] is None
    assert row["steps_measured_desired"] == 0
    assert row["gap"] == 0.25


def test_the_acceleration_over_the_tuned_policy():
    rows = of_seed(LOSSES | {"conventional_tuned": [1.0, 0.3, 0.25, 0.2, 0.2]})
    assert rows["near_optimal"]["acceleration_to_tuned_desired"] == 2.0
    assert rows["conventional_tuned"]["acceleration_to_tuned_test"] == pytest.approx(4 / 3)
    assert rows["conventional"]["acceleration_to_tuned_desired"] is None
    assert rows["conventional_tuned"]["acceleration_desired"] == 4.0


def test_a_policy_that_never_arrives_or_breaks_off():
    rows = of_seed(LOSSES | {"slow": [1.0, 0.9, 0.8, 0.7, 0.6], "broken": [1.0, 0.5, math.nan, math.nan, 0.1],
                             "infinite": [1.0, math.inf, 0.4, 0.3, 0.1]})  # fmt: skip
    assert list(rows) == ["conventional", "near_optimal", "slow", "broken", "infinite"]
    assert rows["slow"]["acceleration_desired"] is None
    assert rows["slow"]["acceleration_to_best_desired"] is None
    assert rows["slow"]["objective_desired"] == pytest.approx(0.75)
    assert "gap" not in rows["slow"]
    for name in ("broken", "infinite"):
        assert rows[name]["objective_desired"] is None
        assert rows[name]["compression_ratio_test"] is None


def test_without_a_conventional_policy_there_is_no_acceleration():
    rows = of_seed({"near_optimal": LOSSES["near_optimal"]})
    assert "acceleration_desired" not in rows["near_optimal"]
    assert rows["near_optimal"]["objective_desired"] == pytest.approx(0.2)


def over_seeds(*seeds):
    """Summarise seeds given as lists of rows; return the result by policy and quantity."""
    rows = summary.over_seeds([{row["policy"]: row for row in of_seed} for of_seed in seeds])
    return {(row.pop("policy"), row.pop("quantity")): row for row in rows}


def test_means_with_intervals_over_the_seeds_that_have_a_value():
    result = over_seeds(
        [{"policy": "p", "objective": 1.0, "acceleration_desired": 2.0, "steps_measured": 10, "gap": None}],
        [{"policy": "p", "objective": 2.0, "acceleration_desired": 8.0, "steps_measured": 12, "gap": None}],
        [{"policy": "p", "objective": 3.0, "acceleration_desired": None, "steps_measured": 14, "gap": None}],
    )
    half = 4.302652729911275 / math.sqrt(3)
    assert result == {
        ("p", "objective"): {
            "mean": pytest.approx(2.0),
            "low": pytest.approx(2 - half),
            "high": pytest.approx(2 + half),
            "n": 3,
            "n_reached": 3,
        },
        ("p", "acceleration_desired"): {
            "mean": pytest.approx(4.0),
            "low": None,  # two seeds say too little
            "high": None,
            "n": 3,
            "n_reached": 2,
        },
        ("p", "steps_measured"): {
            "mean": pytest.approx(12.0),
            "low": pytest.approx(12 - 2 * half),
            "high": pytest.approx(12 + 2 * half),
            "n": 3,
            "n_reached": 3,
        },
        ("p", "gap"): {"mean": None, "low": None, "high": None, "n": 3, "n_reached": 0},
    }


def test_one_seed_has_no_bounds():
    assert over_seeds([{"policy": "p", "gap": 0.5}]) == {
        ("p", "gap"): {"mean": 0.5, "low": None, "high": None, "n": 1, "n_reached": 1}
    }


def test_a_policy_that_only_some_seeds_have():
    result = over_seeds([{"policy": "p", "gap": 0.5}], [{"policy": "p", "gap": 0.7}, {"policy": "q", "gap": 0.1}])
    assert result["p", "gap"]["n"] == 2
    assert result["q", "gap"] == {"mean": 0.1, "low": None, "high": None, "n": 1, "n_reached": 1}
