"""Results that a config no longer makes are named, and nothing is deleted."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lawpipe.config import plan, stale
from lawpipe.config.resolve import resolve
from lawpipe.run.tables.measurements import COLLECTED

POLICIES = ["conventional", "near_optimal", "conventional_tuned"]


def experiments(**blocks: Any) -> dict[str, dict[str, Any]]:
    blocks = {"seeds": [0, 1], "policies": POLICIES, "search": {"snapshots": [1]}} | blocks
    return resolve({"name": "mine", "experiments": {"a": blocks, "b": blocks}}).experiments


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A results folder with every file of the config, and a checkpoint."""
    monkeypatch.chdir(tmp_path)
    root = Path("results-mine")
    for name, settings in experiments().items():
        write(root / name / "summary.parquet")
        for seed in settings["seeds"]:
            written = plan.tables(settings, seed) + plan.parts(settings, seed) + plan.costs(settings, seed)
            for file in (*written, "logs/summarise.txt", ".search-0123/state.pt"):
                write(root / name / f"seed{seed}" / file)
    write(root / "cost/estimate.json")
    return root


def test_files_that_the_config_makes_are_not_stale(root: Path) -> None:
    assert stale.find(root, experiments()) == {}
    assert stale.describe(root, {}) == ""


def test_the_files_of_a_policy_that_is_gone_are_named(root: Path) -> None:
    leftovers = stale.find(root, experiments(policies=POLICIES[:2]))
    assert set(leftovers) == {root / "a", root / "b"}
    files = {path.relative_to(root / "a/seed0").as_posix() for path in leftovers[root / "a"] if "seed0" in path.parts}
    assert files == {
        "policies/conventional_tuned.parquet",
        "learning_rates/conventional_tuned.parquet",
        *(f"parts/{table}/conventional_tuned.parquet" for table in COLLECTED),
        "cost/make_policy_conventional_tuned.json",
        "cost/train_conventional_tuned.json",
    }
    text = stale.describe(root, leftovers).splitlines()
    assert text[1] == f"  a: a/seed0/policies/conventional_tuned.parquet and {len(leftovers[root / 'a']) - 1} more"
    assert text[-1] == "They are kept. To remove them: xargs rm -r < results-mine/stale.txt"
    assert len(text) == 4


def test_a_renamed_policy_leaves_its_old_files(root: Path) -> None:
    write(root / "b/seed1/policies/tuned.parquet")
    assert stale.find(root, experiments()) == {root / "b": [root / "b/seed1/policies/tuned.parquet"]}


def test_seeds_and_experiments_that_are_gone_are_named_as_folders(root: Path) -> None:
    leftovers = stale.find(root, experiments(seeds=[1]) | {"c": {}})
    assert leftovers == {root / name: [root / name / "seed0"] for name in ("a", "b")}
    (fewer := experiments()).pop("b")
    leftovers = stale.find(root, fewer)
    assert leftovers == {root / "b": [root / "b"]}
    assert "  b: the whole experiment" in stale.describe(root, leftovers)


def test_many_experiments_are_counted(root: Path) -> None:
    for index in range(20):
        shutil.copytree(root / "a/seed0", root / f"old{index:02}/seed0")
    text = stale.describe(root, stale.find(root, experiments())).splitlines()
    assert text[-2] == "  and 12 more experiments"
    assert len(text) == 1 + stale.MOST_LINES + 2


def test_the_command_that_is_named_removes_them(root: Path) -> None:
    config = experiments(policies=POLICIES[:2])
    leftovers = stale.find(root, config)
    stale.record(root, leftovers)
    subprocess.run(stale.describe(root, leftovers).rpartition("To remove them: ")[2], shell=True, check=True)
    assert stale.find(root, config) == {}
    assert (root / "a/seed0/policies/near_optimal.parquet").is_file()
    stale.record(root, {})
    assert not (root / "stale.txt").exists()
