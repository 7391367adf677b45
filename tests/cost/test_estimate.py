"""Estimates before a run: what is counted, how they grow, and sizes from the user's files.

tests/workflow compares them with a run.
"""

import json
import math
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lawpipe.compute import devices
from lawpipe.config.resolve import resolve
from lawpipe.cost import calibration, estimate
from lawpipe.engine import adjoint, trajectory

ROOT = Path(__file__).resolve().parents[2]


def settings(**blocks: Any) -> dict[str, Any]:
    return resolve({"name": "mine", "experiments": {"a": blocks}}).experiments["a"]


def total(chosen: dict[str, Any]) -> estimate.Cost:
    return estimate.total(estimate.stages(chosen).values())


def seconds(chosen: dict[str, Any]) -> float:
    return total(chosen).seconds


def test_policies_dominate_and_are_counted_one_by_one() -> None:
    none = total(settings(seeds=[0], search={"snapshots": []}))
    three = total(settings(seeds=[0], search={"snapshots": [1, 2, 3]}))
    assert three.files == none.files + 3
    dense = 2000 * 4096 * 4
    assert 3 * 0.5 * dense < three.bytes - none.bytes < 3 * 1.1 * dense


def test_a_policy_that_trains_on_the_desired_examples_counts_them() -> None:
    policies = ["conventional", "near_optimal", "desired_only", "online_mixed"]
    few, many = (estimate.stages(settings(policies=policies, data={"desired_examples": n})) for n in (4, 4096))
    for name in ("desired_only", "online_mixed"):
        for stage in ("make_policy", "train"):
            ratio = many[f"{stage}_{name}"].operations / few[f"{stage}_{name}"].operations
            assert ratio > 1.9
    # Training under other policies does not go over them.
    assert many["train_conventional"].operations < 1.9 * few["train_conventional"].operations


def test_seeds_repeat_everything_but_the_summary_over_them() -> None:
    one, three = (total(settings(seeds=list(range(n)))) for n in (1, 3))
    assert three.files - 1 == 3 * (one.files - 1)
    assert three.bytes - estimate.OVERHEAD == pytest.approx(3 * (one.bytes - estimate.OVERHEAD))


def test_double_precision_doubles_the_policies() -> None:
    single, double = (
        total(settings(training={"precision": precision})).bytes for precision in ("float32", "float64")
    )
    assert 1.7 < double / single < 2


def test_validation_examples_are_a_table_and_a_policy_more() -> None:
    without, with_them = (total(settings(seeds=[0], data={"validation_examples": n})) for n in (0, 1000))
    assert with_them.files == without.files + 2
    assert with_them.bytes > without.bytes


def test_memory_grows_with_the_policy() -> None:
    small, large = (settings(training={"steps": steps}) for steps in (10, 2000))
    assert estimate.memory_mb(small, "search") < estimate.memory_mb(large, "search") < 800
    assert estimate.memory_mb(large, "summarise") == estimate.memory_mb(small, "summarise")


def test_the_description_has_one_line_per_experiment() -> None:
    config = {"one": settings(), "other": settings(seeds=[0]) | {"in_all": False}}
    lines = estimate.describe(config, {}).splitlines()
    assert lines[0].split()[:3] == ["one", "5", "seeds,"]
    assert "by its own name only" not in lines[0]
    assert [line.split()[:4] for line in lines[2:5]] == [
        ["search", "5", "jobs", "2.2e+12"],
        ["make_policy", "5", "jobs", "0.0e+00"],
        ["train", "10", "jobs", "8.1e+11"],
    ]
    assert lines[5].split()[:3] == ["other", "1", "seed,"]
    assert lines[5].endswith("by its own name only)")
    assert len(lines) == 6


def test_sizes_are_written_with_their_unit() -> None:
    assert estimate._size(1_540_000_000) == "1.5 GB"
    assert estimate._size(42_400_000) == "42 MB"


TEXT = {"problem": "language_model", "training": {"steps": 100}, "data": {"train_examples": 100}, "seeds": [0]}


def test_time_grows_with_the_work() -> None:
    short, long = (seconds(settings(seeds=[0], search={"iterations": n, "snapshots": []})) for n in (10, 110))
    assert 0.7 * 100 * 0.47 < long - short < 1.5 * 100 * 0.47  # 0.47 s an evaluation at the paper's size (make bench)
    narrow, wide = (seconds(settings(**TEXT, model={"hidden": n})) for n in (64, 128))
    assert 1.5 < wide / narrow < 4
    one, two = (seconds(settings(**TEXT | {"seeds": seeds})) for seeds in ([0], [0, 1]))
    assert two == pytest.approx(2 * one, rel=1e-3)  # but for the corpus and the figures


def test_a_text_experiment_counts_its_corpus() -> None:
    few, many = (
        total(settings(**TEXT | {"data": {"train_examples": 100, "corpus": {"stories": n}}})).bytes
        for n in (1000, 101000)
    )
    assert 10e6 < many - few < 100e6


def test_the_description_has_size_and_time() -> None:
    line = estimate.describe({"a": settings(**TEXT)}, {})
    assert "1 seed," in line
    assert re.search(r"MB, about [\d.]+ (min|h) of one core", line)


def test_time_is_that_of_the_steps_on_the_machine() -> None:
    chosen = settings(seeds=[0])
    slow, fast = (estimate.stages(chosen, estimate.Steps(second, second, second)) for second in (1.0, 0.5))
    at_rest = estimate.stages(chosen, estimate.Steps(0.0, 0.0))
    for stage in slow:
        of_steps = slow[stage].seconds - at_rest[stage].seconds
        assert fast[stage].seconds - at_rest[stage].seconds == pytest.approx(of_steps / 2)
        assert (of_steps > 0) == (stage in ("search", "train_conventional", "train_near_optimal"))
    iteration = estimate.ITERATION["perceptron"]
    runs, sweeps = 2000 * 31 * iteration.run, 2000 * 31 * iteration.backward
    assert slow["search"].seconds - at_rest["search"].seconds == pytest.approx(runs + sweeps)


def test_operations_are_those_that_the_engine_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "COMPILED", False)  # operations of compiled loops cannot be counted
    sizes = {"train_examples": 13, "desired_examples": 5, "test_examples": 4}
    data = {**sizes, "length": 6, "tokenizer": {"vocabulary": 300}}
    chosen = settings(problem="language_model", seeds=[0], data=data, model={"hidden": 32, "heads": 2})
    problem, theta = calibration.draw(chosen, 1.0)
    steps = 3
    weights = torch.full((steps, 13), 1 / 13)
    with FlopCounterMode(display=False) as there:
        run = trajectory.train(problem, theta, weights, [0.1] * steps)
        run.objective("desired") + run.objective("test")
    with FlopCounterMode(display=False) as back:
        adjoint.gradient(run)
    expected = estimate.operations(chosen)
    assert 0.5 < expected.run / (there.get_total_flops() / steps) < 2
    assert 0.5 < expected.backward / (back.get_total_flops() / steps) < 2


def test_the_recorded_estimate_is_that_of_the_stages(tmp_path: Path) -> None:
    chosen = settings(seeds=[0])
    estimate.record(tmp_path / "cost/estimate.json", {"a": chosen}, {})
    recorded = json.loads((tmp_path / "cost/estimate.json").read_text())["a"]
    assert recorded["search"] == asdict(estimate.stages(chosen)["search"])


def test_a_short_run_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate.subprocess, "run", None)
    assert estimate.measure_speed({"a": settings(seeds=[0], search={"iterations": 1})}) == {}


def test_the_time_limit_is_three_times_the_estimate_of_one_job() -> None:
    chosen = settings(seeds=[0, 1], training={"steps": 5000}, search={"iterations": 100})
    search = estimate.stages(chosen)["search"]
    assert estimate.minutes(chosen, "search", "") == math.ceil(3 * search.seconds / search.jobs / 60)


def test_a_search_takes_the_memory_of_all_its_processes() -> None:
    one, two = (estimate.stages(settings(seeds=[0], processes=count)) for count in (1, 2))
    assert two["search"].memory_mb == 2 * one["search"].memory_mb
    assert two["train_conventional"].memory_mb == one["train_conventional"].memory_mb
