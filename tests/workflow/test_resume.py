"""A search that is killed goes on from its last checkpoint, and ends as if nothing had happened."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lawpipe.run import artifacts
from tests.workflow.copies import ROOT, Project

# Two of the cases share an undisturbed search.
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("resume")]

#: Runs the search script as it is, but with a checkpoint after every iteration instead of every 20 seconds.
DRIVER = """
import runpy, sys
from lawpipe.search.checkpoint import Checkpoint
Checkpoint.due = lambda self: True
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""

METHODS: dict[str, dict[str, Any]] = {
    "mirror_descent": {"method": "mirror_descent", "rate": None, "decay": "constant"},
    "projected_gradient": {"method": "projected_gradient", "rate": 0.01, "decay": "linear"},
}


def start(data: Path, folder: Path, settings: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a search on some data; its results and its state go to `folder`."""
    options = {
        "settings": json.dumps(settings),
        **{split: data / f"{split}.parquet" for split in ("train", "desired", "test", "theta0")},
        "search": folder / "search.parquet",
        "policies": folder / "policies",
        "state": folder / "state",
    }
    command = [sys.executable, "-c", DRIVER, str(ROOT / "scripts/search.py")]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def iterations_saved(state: Path) -> int:
    """Return how many iterations the checkpoint holds."""
    if not state.is_file():
        return 0
    with np.load(state, allow_pickle=False) as stored:
        return len(json.loads(str(stored["plain"]))["rows"]) - 1


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}


def settings_of(data: Path, method: str) -> dict[str, Any]:
    """Return the settings of a search of 60 iterations over 400 steps, on the small config's perceptron."""
    settings: dict[str, Any] = artifacts.metadata(data / "search.parquet")["settings"]
    settings["training"]["steps"] = 400
    settings["search"] |= METHODS[method] | {"iterations": 60, "snapshots": [2, 50]}
    return settings


@pytest.fixture(scope="module")
def undisturbed(small: Project, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """The files of a method's search that nothing disturbs, made once per method."""

    @cache
    def make(method: str) -> dict[str, bytes]:
        data, folder = small.results / "perceptron/seed0", tmp_path_factory.mktemp(method)
        search = start(data, folder, settings_of(data, method))
        search.communicate()
        assert search.returncode == 0
        return files(folder)

    return make


@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("mirror_descent", signal.SIGKILL),
        ("mirror_descent", signal.SIGTERM),
        ("projected_gradient", signal.SIGINT),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_killed_or_stopped_search_resumes_bit_for_bit(
    small: Project,
    undisturbed: Callable[[str], dict[str, bytes]],
    tmp_path: Path,
    method: str,
    how: signal.Signals,
) -> None:
    data = small.results / "perceptron/seed0"
    settings = settings_of(data, method)
    killed = start(data, tmp_path, settings)
    while iterations_saved(tmp_path / "state/state.npz") < 5:
        assert killed.poll() is None
        time.sleep(0.01)
    sent = time.monotonic()
    killed.send_signal(how)
    _, said = killed.communicate()
    if how != signal.SIGKILL:
        assert killed.returncode == 128 + how
        assert time.monotonic() - sent < 10
        assert f"stopped by {how.name}" in said
        assert "Traceback" not in said
    assert not (tmp_path / "search.parquet").exists()

    resumed = start(data, tmp_path, settings)
    _, progress = resumed.communicate()
    assert resumed.returncode == 0, progress
    first = re.search(r"iteration (\d+)/60", progress)
    assert first is not None
    assert int(first.group(1)) > 5  # it resumed, not began anew

    expected = undisturbed(method)
    assert set(expected) == {
        "search.parquet",
        *(f"policies/{name}.parquet" for name in ("near_optimal", "search_0002", "search_0050")),
    }
    assert files(tmp_path) == expected
