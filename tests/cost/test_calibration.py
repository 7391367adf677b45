"""Measured seconds of a step: every experiment is measured on its shape. The seconds themselves are not tested."""

import math

import pytest
from torch import Tensor

from lawpipe.cost import calibration, estimate
from lawpipe.engine.trajectory import Curve
from lawpipe.problems.language_model.losses import LanguageModel
from tests.cost.test_estimate import TEXT, settings

SMALL = {"seeds": [0], "data": {"train_examples": 40, "dimension": 6}}
SMALL_TEXT = TEXT | {
    "data": {"train_examples": 8, "desired_examples": 3, "test_examples": 2, "length": 8},
    "model": {"hidden": 8, "heads": 2},
}


def test_every_experiment_is_measured_and_those_of_a_shape_together(monkeypatch: pytest.MonkeyPatch) -> None:
    experiments = {
        "one": settings(**SMALL),
        "same": settings(**SMALL, search={"iterations": 3}),
        "wider": settings(**SMALL | {"data": {"train_examples": 40, "dimension": 7}}),
        "text": settings(**SMALL_TEXT),
    }
    monkeypatch.setattr(estimate, "LONG", 0)
    speeds = estimate.measure_speed(experiments)
    assert set(speeds) == set(experiments)
    for speed in speeds.values():
        assert all(0 < value < math.inf for value in (speed.run, speed.backward, speed.measured))
    assert speeds["one"] == speeds["same"]
    assert speeds["one"] != speeds["wider"]


def test_where_a_step_takes_long_it_has_fewer_examples() -> None:
    chosen = settings(**SMALL_TEXT)
    problem, theta = calibration.draw(chosen, 0.5)
    assert (problem.examples, problem.references) == (4, {"desired": 2, "test": 1})
    whole, same = calibration.draw(chosen, 1.0)
    assert (whole.examples, whole.references) == (8, {"desired": 3, "test": 2})
    assert theta.shape == same.shape == (problem.parameters,)


def test_a_device_that_is_absent_is_estimated_and_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = settings(**SMALL, device="cuda")
    monkeypatch.setattr(estimate, "LONG", 0)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert estimate.measure_speed({"a": chosen}) == {}
    assert estimate.total(estimate.stages(chosen, None).values()).seconds > 0


def test_a_run_of_one_step_has_its_losses_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    class Counting(LanguageModel):
        def reference_losses(self, against: str, thetas: Tensor) -> Curve:
            counted.append(len(thetas))
            return super().reference_losses(against, thetas)

    monkeypatch.setattr(calibration, "LanguageModel", Counting)
    monkeypatch.setattr(calibration, "MOST_TOGETHER", 1)
    calibration.measure(settings(**SMALL_TEXT), 0.0)
    # One run to warm up and one that is timed, each with two reference sets at one theta.
    assert counted == [1] * 4
