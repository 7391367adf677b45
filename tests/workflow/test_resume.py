"""A search that is killed goes on from its last checkpoint, and ends as if nothing had happened."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lawpipe.run import artifacts
from tests.workflow.copies import ROOT, Project

pytestmark = pytest.mark.workflow

#: Runs the search script as it is, but with a checkpoint after every iteration instead of every 20 seconds.
DRIVER = """
import runpy, sys
from lawpipe.search.checkpoint import Checkpoint
Checkpoint.due = lambda self: True
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""

METHODS: list[dict[str, Any]] = [
    {"method": "mirror_descent", "rate": None, "decay": "constant"},
    {"method": "projected_gradient", "rate": 0.01, "decay": "linear"},
]


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


@pytest.mark.parametrize(
    ("method", "how"),
    [(METHODS[0], signal.SIGKILL), (METHODS[0], signal.SIGTERM), (METHODS[1], signal.SIGINT)],
    ids=lambda value: value["method"] if isinstance(value, dict) else value.name,
)
def test_a_killed_or_stopped_search_resumes_bit_for_bit(
    small: Project, tmp_path: Path, method: dict[str, Any], how: signal.Signals
) -> None:
    data = small.results / "perceptron/seed0"
    settings = artifacts.metadata(data / "search.parquet")["settings"]
    settings["training"]["steps"] = 400
    settings["search"] |= method | {"iterations": 60, "snapshots": [2, 50]}

    undisturbed = start(data, tmp_path / "undisturbed", settings)
    undisturbed.communicate()
    assert undisturbed.returncode == 0

    killed = start(data, tmp_path / "killed", settings)
    while iterations_saved(tmp_path / "killed/state/state.npz") < 5:
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
    assert not (tmp_path / "killed/search.parquet").exists()

    resumed = start(data, tmp_path / "killed", settings)
    _, progress = resumed.communicate()
    assert resumed.returncode == 0, progress
    first = re.search(r"iteration (\d+)/60", progress)
    assert first is not None
    assert int(first.group(1)) > 5  # it did not begin anew

    def files(folder: Path) -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}

    expected = files(tmp_path / "undisturbed")
    assert set(expected) == {
        "search.parquet",
        *(f"policies/{name}.parquet" for name in ("near_optimal", "search_0002", "search_0050")),
    }
    assert files(tmp_path / "killed") == expected
