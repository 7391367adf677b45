import json
import shutil
from pathlib import Path

import pytest

from lawpipe.cost import costs
from lawpipe.run.errors import InputError
from tests import toy


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    toy.write_experiment(folder, "perceptron", toy.Toy())
    return folder


def test_jobs_of_a_stage_are_added_up(root: Path) -> None:
    spent = costs.read(root / "perceptron", (0, 1))
    by_stage = {stage.stage: stage for stage in spent.stages}
    assert set(by_stage) == {"generate data", "search", "train conventional", "describe"}
    search = by_stage["search"]
    assert (search.jobs, search.seconds, search.longest, search.peak_memory_mb) == (2, 6.0, 3.5, 103.5)
    assert spent.seconds == pytest.approx(3 + 6 + 1.5 + 0.5)
    assert spent.peak_memory_mb == 103.5
    assert spent.machines == ("a processor, 2 cores, 7.6 GiB of memory",)
    assert spent.systems == ("Linux",)
    assert spent.checkouts == ("commit 0123456789abcdef0123456789abcdef01234567",)


def test_jobs_that_were_resumed_are_counted(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "perceptron", tmp_path / "perceptron")
    file = tmp_path / "perceptron/seed1/cost/search.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"resumed": True}))
    spent = costs.read(tmp_path / "perceptron", (0, 1))
    assert {stage.stage: stage.resumed for stage in spent.stages if stage.resumed} == {"search": 1}


def test_whether_a_job_was_resumed_is_true_or_false(root: Path, tmp_path: Path) -> None:
    cost = json.loads((root / "perceptron/seed0/cost/search.json").read_text())
    (tmp_path / "search.json").write_text(json.dumps(cost | {"resumed": "no"}))
    with pytest.raises(InputError, match=r"search\.json is not a stage's cost .*resumed is 'no'"):
        costs.read_job(tmp_path / "search.json")


def test_seeds_that_are_not_asked_for_do_not_count(root: Path) -> None:
    assert {stage.stage: stage.jobs for stage in costs.read(root / "perceptron", (1,)).stages}["search"] == 1


def test_an_experiment_without_costs_has_none(tmp_path: Path) -> None:
    spent = costs.read(tmp_path, (0,))
    assert (spent.stages, spent.seconds, spent.peak_memory_mb) == ((), 0, 0)


@pytest.mark.parametrize("text", ["{", "[]", '{"seconds": 1}', '{"seconds": "x", "peak_memory_mb": 1}'])
def test_a_damaged_cost_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "cost").mkdir()
    (tmp_path / "cost/describe.json").write_text(text)
    with pytest.raises(InputError, match=r"describe\.json is not a stage's cost"):
        costs.read(tmp_path, ())


def test_the_estimate_is_read_beside_the_measured_cost(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "perceptron", tmp_path / "perceptron")
    assert costs.read(tmp_path / "perceptron", (0, 1)).estimated_seconds is None
    cost = {"operations": 2.5e9, "seconds": 7.0, "memory_mb": 90}
    stages = ("generate_data", "search", "train_conventional", "describe")
    (tmp_path / "cost").mkdir()
    (tmp_path / "cost/estimate.json").write_text(json.dumps({"perceptron": dict.fromkeys(stages, cost)}))
    spent = costs.read(tmp_path / "perceptron", (0, 1))
    search = next(stage for stage in spent.stages if stage.stage == "search")
    assert (search.operations, search.estimated_seconds, search.estimated_memory_mb) == (2.5e9, 7.0, 90)
    assert spent.estimated_seconds == 4 * 7.0


def test_stages_that_the_estimate_does_not_have_are_left_out(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "perceptron", tmp_path / "perceptron")
    (tmp_path / "cost").mkdir()
    cost = {"operations": 1.0, "seconds": 7.0, "memory_mb": 90}
    (tmp_path / "cost/estimate.json").write_text(json.dumps({"perceptron": {"search": cost}}))
    spent = costs.read(tmp_path / "perceptron", (0, 1))
    assert [stage.stage for stage in spent.stages] == ["search"]
    assert spent.estimated_seconds == 7.0


@pytest.mark.parametrize("text", ["{", "[]", '{"perceptron": 1}', '{"perceptron": {"search": 1}}'])
def test_a_damaged_estimate_is_none(root: Path, tmp_path: Path, text: str) -> None:
    shutil.copytree(root / "perceptron", tmp_path / "perceptron")
    (tmp_path / "cost").mkdir()
    (tmp_path / "cost/estimate.json").write_text(text)
    assert costs.read(tmp_path / "perceptron", (0,)).estimated_seconds is None
