"""The record of the ladder of sizes, from finished runs and from the record before."""

import importlib.util
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from lawpipe.report.tables import by_size
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.ladder import RECORDED
from tests import toy
from tests.ladders import rows

FILE = Path(__file__).resolve().parents[2] / "benchmarks/ladder.py"


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch):
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("record_of_ladder", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "record_of_ladder", module)
    spec.loader.exec_module(module)
    return module


def test_finished_seeds_are_added_to_the_record_before(record, monkeypatch, tmp_path: Path, capsys) -> None:
    root = tmp_path / "results-mine"
    folder = toy.write_experiment(root, "stories", toy.STORIES)
    toy.write_experiment(root, "perceptron")
    for seed in toy.STORIES.seeds:
        path = folder / f"seed{seed}/cost"
        for name in ("train_near_optimal", "make_policy_conventional"):
            (path / f"{name}.json").write_text((path / "search.json").read_text())
    (root / "cost").mkdir()
    estimate = {"seconds": 4.0, "jobs": 2, "memory_mb": 700}
    estimates = {"stories": {"search": estimate, "train_near_optimal": estimate}}
    (root / "cost/estimate.json").write_text(json.dumps(estimates))

    before = tmp_path / "records/2026-01-02-ladder/ladder.parquet"
    before.parent.mkdir(parents=True)
    # Of the same name as the finished runs, but of another size: left out.
    frame = pd.concat([rows("earlier"), rows("stories")])
    columns = {name: frame[name].tolist() for name in RECORDED.columns}
    artifacts.write(before, RECORDED, columns, settings={}, code="")
    monkeypatch.setattr(record, "RECORDS", before.parents[1])

    output = tmp_path / "records/2026-01-03-ladder/ladder.parquet"
    for _ in range(2):  # the second time, every row is known
        record.main([str(root), "--command", "make ladder", "--output", str(output)])
        written = by_size.read(output)
        assert written.groupby("experiment").size().to_dict() == {"earlier": 2, "stories": 4}
    # A policy that a seed had before and has no longer goes with the other rows of that seed.
    frame = pd.concat([written, written[written["experiment"] == "stories"].head(1).assign(policy="older")])
    columns = {name: frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame}
    artifacts.write(output, RECORDED, columns, settings={}, code="")
    record.main([str(root), "--command", "make ladder", "--output", str(output)])
    written = by_size.read(output)
    assert "older" not in set(written["policy"])
    near = written[(written["experiment"] == "stories") & (written["policy"] == "near_optimal")]
    assert near["processor_seconds"].tolist() == [2 * 2.5, 2 * 3.5]
    assert near["estimated_seconds"].tolist() == [4.0, 4.0]
    assert written["estimated_seconds"].isna().sum() == 2
    assert set(near["commit"]) == {"0123456789abcdef0123456789abcdef01234567"}
    printed = capsys.readouterr()
    assert "earlier, recorded" in printed.out
    assert "| stories | near_optimal | 2 |" in printed.out


def test_seeds_of_other_stories_are_left_out_and_named(record, capsys) -> None:
    old = rows("one", near_optimal={0: 2.0, 1: 2.0})
    other_rate = rows("one", near_optimal={5: 2.0}).assign(learning_rate=1.0)
    new = rows("one", near_optimal={3: 2.0}).assign(stories="bb")
    alike = record.alike(
        pd.concat([rows("two"), old.assign(stories="bb"), new, other_rate.assign(stories="bb"), new])
    )
    assert set(alike["experiment"]) == {"one", "two"}
    assert set(alike[alike["experiment"] == "one"]["seed"]) == {0, 1, 3}
    assert "one, seeds 5, whose stories" in capsys.readouterr().err
    alike = record.alike(pd.concat([old, new.assign(stories="bb")]))
    assert set(alike["seed"]) == {3}


def test_without_results_the_newest_record_is_printed(record, capsys) -> None:
    record.main([])
    assert "stories_h32, recorded" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        record.main(["--output", "ladder.parquet", "--command", "make ladder"])
    assert "--output needs a folder of results" in capsys.readouterr().err


def test_a_record_needs_the_command_that_ran_the_experiments(record, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        record.main([str(tmp_path), "--output", str(tmp_path / "ladder.parquet")])
    assert "--output needs --command" in capsys.readouterr().err


def test_a_missing_cost_file_is_named(record, tmp_path: Path) -> None:
    folder = toy.write_experiment(tmp_path, "stories", toy.STORIES)
    with pytest.raises(InputError, match=r"train_near_optimal\.json is missing: run again\.$"):
        record.cost(folder, 0, "near_optimal")


def test_the_policies_of_the_search_share_its_jobs_and_a_commit_may_be_unknown(record, tmp_path: Path) -> None:
    folder = toy.write_experiment(tmp_path, "stories", toy.STORIES)
    path = folder / "seed0/cost/search.json"
    took = json.loads(path.read_text())
    took["git"] = {"commit": None, "modified": None}  # as outside of git
    path.with_name("train_near_optimal.json").write_text(json.dumps(took))
    validated = record.cost(folder, 0, "near_optimal_validated")
    assert validated == record.cost(folder, 0, "near_optimal")
    assert validated["commit"] == "unknown"


def test_the_seconds_of_a_search_that_was_resumed_are_unknown(record, tmp_path: Path) -> None:
    folder = toy.write_experiment(tmp_path, "stories", toy.STORIES)
    path = folder / "seed0/cost/search.json"
    took = json.loads(path.read_text())
    path.with_name("train_near_optimal.json").write_text(json.dumps(took))
    assert record.cost(folder, 0, "near_optimal")["processor_seconds"] == 2 * took["processor_seconds"]
    path.write_text(json.dumps(took | {"resumed": True}))
    resumed = record.cost(folder, 0, "near_optimal")
    assert resumed["processor_seconds"] is None
    _, ((*_, minutes, _, _),) = record.table_of_costs(rows("one", near_optimal={0: 2.0}).assign(**resumed)[-1:])
    assert minutes == "-"
    both = rows("one", near_optimal={0: 2.0, 1: 2.0}, conventional={0: 4.0, 1: 4.0})
    both.loc[both["seed"] == 1, "processor_seconds"] = None
    assert {line[4] for line in record.table_of_costs(both)[1]} == {"-"}


@pytest.mark.parametrize("folder", [".", "missing"])
def test_a_folder_without_a_finished_seed_is_refused(record, folder: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no finished seed of a language model"):
        record.main([str(tmp_path / folder)])
