"""Numbers of a run beside recorded ones."""

import pytest

from tests.workflow import reproduce

RECORDED = {"small": {"near_optimal": {"objective_desired": 0.5, "gap": 1e-7, "acceleration_test": None}}}


def changed(quantity, value):
    return {"small": {"near_optimal": RECORDED["small"]["near_optimal"] | {quantity: value}}}


def test_equal_numbers_and_those_within_the_tolerance_are_as_recorded():
    assert reproduce.differences(RECORDED, RECORDED) == []
    assert reproduce.differences(changed("objective_desired", 0.5004), RECORDED) == []
    assert reproduce.differences(changed("gap", 9e-6), RECORDED) == []  # by the absolute tolerance


@pytest.mark.parametrize(
    ("quantity", "value", "sentence"),
    [
        ("objective_desired", 0.501, "objective_desired is 0.501, expected 0.5 within 0.10%."),
        ("gap", 2e-5, "gap is 2e-05, expected 1e-07 within 5.00% or 1e-05."),
        ("acceleration_test", 2.0, "acceleration_test is 2, expected none within 2.00%."),
        ("objective_desired", None, "objective_desired is none, expected 0.5 within 0.10%."),
        ("objective_desired", float("nan"), "objective_desired is nan, expected 0.5 within 0.10%."),
        ("similarity_test", 1.0, "similarity_test is 1, but nothing is recorded: record it with --record."),
    ],
)
def test_each_difference_is_a_sentence(quantity, value, sentence):
    assert reproduce.differences(changed(quantity, value), RECORDED) == [f"small, near_optimal, {sentence}"]


def test_a_missing_number_is_a_difference():
    numbers = {"small": {"near_optimal": {"gap": 1e-7, "acceleration_test": None}}}
    assert reproduce.differences(numbers, RECORDED) == [
        "small, near_optimal, objective_desired is missing, expected 0.5."
    ]


def test_a_difference_ends_with_exit_code_one(monkeypatch, capsys):
    monkeypatch.setattr(reproduce, "run", lambda folder: changed("gap", 1.0))
    monkeypatch.setattr(reproduce, "recorded", lambda: RECORDED)
    with pytest.raises(SystemExit) as caught:
        reproduce.stage.run(lambda: reproduce.main([]))
    assert caught.value.code == 1
    printed = capsys.readouterr()
    assert "gap is 1, expected 1e-07" in printed.out
    assert "2 numbers are as recorded" in printed.out
    assert printed.err.startswith("error: 1 numbers are not as recorded")
