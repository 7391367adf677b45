"""The search in two processes: the results of one process to 1e-6, stopped and continued in the same way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from lawpipe.config import plan
from lawpipe.config.resolve import resolve
from lawpipe.engine import policy
from scripts import generate_data, initialise, make_policy, prepare_corpus, search
from tests.scripts.test_training_stages import call, frame

ROOT = Path(__file__).resolve().parents[2]

#: Double precision, so that a step that is refused in one process is refused in two.
COMMON = {
    "device": "cpu",
    "seeds": [0],
    "policies": ["conventional", "near_optimal", "static"],
    "training": {"steps": 12, "precision": "float64"},
    "search": {"iterations": 3, "snapshots": [2]},
    "controls": {"evaluations": 3},
}

PROBLEMS = {
    "perceptron": {"data": {"dimension": 8, "train_examples": 37, "desired_examples": 11, "test_examples": 13}},
    "stories": {
        "problem": "language_model",
        "data": {
            **{"train_examples": 7, "desired_examples": 5, "test_examples": 4, "length": 8},
            **{"corpus": {"stories": 60}, "tokenizer": {"vocabulary": 280}},
        },
        "model": {"hidden": 8, "heads": 2, "layers": 1},
    },
}


class Prepared:
    """The examples and the initial parameters of one seed."""

    def __init__(self, name: str, folder: Path, **changes: object) -> None:
        raw = {"name": "mine", "experiments": {name: COMMON | PROBLEMS[name] | changes}}
        self.name, self.folder = name, folder
        self.complete = resolve(raw).experiments[name]
        self.inputs = {split: folder / f"{split}.parquet" for split in ("train", "desired", "test")}
        text = {}
        if name == "stories":
            text = {"tokens": folder / "tokens.parquet"}
            others = {"tokenizer": folder / "tokenizer.json", "glimpse": folder / "corpus.json"}
            call(prepare_corpus.main, self.settings("prepare_corpus", seed=None), **text, **others)
        call(generate_data.main, self.settings("generate_data"), **self.inputs, **text)
        start = folder / "theta0.parquet"
        call(initialise.main, self.settings("initialise"), train=self.inputs["train"], theta0=start)
        self.inputs["theta0"] = start

    def settings(self, stage: str, batch: str | None = None, seed: int | None = 0) -> dict[str, object]:
        return plan.stage_settings(self.complete, stage, self.name, seed=seed, batch=batch)

    def outputs(self, where: str) -> dict[str, Path]:
        names = {"search": "search.parquet", "policies": "policies", "state": ".state", "cost": "cost/search.json"}
        return {option: self.folder / where / name for option, name in names.items()}


def start(script: str, settings: dict[str, object], **options: object) -> subprocess.Popen[str]:
    """Start a stage in two processes."""
    command = [sys.executable, "-m", "lawpipe.run.launch", "2", str(ROOT / f"scripts/{script}.py")]
    command += ["--settings", json.dumps(settings)]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("name", PROBLEMS)
def test_two_processes_find_what_one_finds(tmp_path: Path, name: str) -> None:
    prepared = Prepared(name, tmp_path)
    one, two = prepared.outputs("one"), prepared.outputs("two")
    call(search.main, prepared.settings("search"), **prepared.inputs, **one)
    process = start("search", prepared.settings("search"), **prepared.inputs, **two)
    stdout, progress = process.communicate(timeout=300)
    assert process.returncode == 0, progress
    assert stdout.startswith(f"{name} seed 0: stopped, all 3 iterations are done; the last run with feedback, in ")
    assert progress.count("iteration 3/3") == 1

    log, same = (frame(outputs["search"], "search") for outputs in (one, two))
    for column in log:
        np.testing.assert_allclose(
            same[column].astype(float), log[column].astype(float), rtol=1e-6, atol=1e-9, err_msg=column
        )
    files = {path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*")}
    assert {path.relative_to(tmp_path / "two") for path in (tmp_path / "two").rglob("*.*")} == files
    for file in sorted((tmp_path / "one/policies").iterdir()):
        expected, shared = policy.load(file).weights, policy.load(two["policies"] / file.name).weights
        np.testing.assert_allclose(shared, expected, rtol=0, atol=1e-6)
        assert np.array_equal(shared > 0, expected > 0)
    took = [json.loads(outputs["cost"].read_text()) for outputs in (one, two)]
    assert [cost["processes"] for cost in took] == [1, 2]


def test_a_control_that_is_searched_for_in_two_processes(tmp_path: Path) -> None:
    prepared = Prepared("perceptron", tmp_path)
    settings = prepared.settings("make_policy", "static")
    call(make_policy.main, settings, **prepared.inputs, output=tmp_path / "one.parquet")
    process = start("make_policy", settings, **prepared.inputs, output=tmp_path / "two.parquet")
    _, stderr = process.communicate(timeout=300)
    assert (process.returncode, stderr) == (0, "")
    one, two = (policy.load(tmp_path / f"{name}.parquet").weights for name in ("one", "two"))
    np.testing.assert_allclose(two, one, rtol=0, atol=1e-6)


def test_a_stopped_search_resumes_to_the_same_bits(tmp_path: Path) -> None:
    changes = {"search": {"iterations": 40, "snapshots": []}, "training": {"steps": 30}}
    prepared = Prepared("perceptron", tmp_path, **changes)
    whole, part = prepared.outputs("whole"), prepared.outputs("part")
    for outputs in (whole, part):
        process = start("search", prepared.settings("search"), **prepared.inputs, **outputs)
        assert process.stderr is not None
        assert "iteration 0/40" in process.stderr.readline()
        if outputs is part:
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            _, stderr = process.communicate(timeout=60)
            assert (process.returncode, stderr.splitlines()[-1]) == (143, "stopped by SIGTERM")
            assert (part["state"] / "state.npz").is_file()
            assert not part["search"].exists()
            process = start("search", prepared.settings("search"), **prepared.inputs, **part)
        _, stderr = process.communicate(timeout=300)
        assert process.returncode == 0, stderr
    for file in ("search.parquet", "policies/near_optimal.parquet"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "part" / file).read_bytes()
    assert not part["state"].exists()


def test_an_error_in_every_process_is_printed_once(tmp_path: Path) -> None:
    prepared = Prepared("perceptron", tmp_path, training={"steps": 12}, search={"method": "newton"})
    process = start("search", prepared.settings("search"), **prepared.inputs, **prepared.outputs("out"))
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert stderr.startswith("error: training.precision is float32")
    assert stderr.count("error") == 1
    assert "Traceback" not in stderr
