"""The search stage with validation examples."""

import argparse

import pytest

from lawpipe.engine import setup
from scripts import generate_data, search
from tests.scripts.test_training_stages import SETTINGS, call, frame, prepare


def test_the_policy_best_on_validation_is_written_beside_the_best_on_desired(tmp_path):
    settings = SETTINGS | {
        "data": SETTINGS["data"] | {"validation_examples": 9},
        # So long a step that desired and validation do not have their best at the same iteration.
        "search": SETTINGS["search"] | {"method": "projected_gradient", "rate": 300.0, "iterations": 8},
    }
    inputs = prepare(tmp_path)
    splits = {name: inputs[name] for name in ("train", "desired", "test")}
    inputs["validation"] = tmp_path / "validation.parquet"
    call(generate_data.main, settings, **splits, validation=inputs["validation"])
    outputs = {"search": tmp_path / "search.parquet", "policies": tmp_path / "policies", "state": tmp_path / ".side"}
    call(search.main, settings, **inputs, **outputs)
    log = frame(outputs["search"], "search")
    problem, theta0 = setup.from_options(settings, argparse.Namespace(**inputs))
    chosen = {"near_optimal": "desired", "near_optimal_validated": "validation"}
    for policy, against in chosen.items():
        column = "objective" if against == "desired" else "validation_objective"
        (((_, run),),) = setup.train_policies(problem, theta0, [outputs["policies"] / f"{policy}.parquet"])
        assert run.objective(against) == pytest.approx(log[column].min(), rel=1e-6)
    assert log["objective"].idxmin() != log["validation_objective"].idxmin()
