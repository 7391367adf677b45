"""The workflow killed at three random moments goes on from there, and its results are those of an undisturbed run."""

import shutil

import pytest

from tests.workflow import soak
from tests.workflow.copies import Project, duplicate

pytestmark = pytest.mark.workflow

SEED = "perceptron/seed0"


def test_three_kills_leave_no_trace(bare: Project, small: Project, tmp_path) -> None:
    duplicate(bare.folder, tmp_path / "copy")
    project = Project(tmp_path / "copy")
    target = f"{project.results.name}/{SEED}/summary.parquet"
    killing = soak.Soak(kills=3, moments=(1.0, 4.0), seed=0, arguments=(target,))
    while killing.killed.total() < killing.kills:
        # On a fast machine a run may be done before the third kill: another begins.
        shutil.rmtree(project.results, ignore_errors=True)
        killing.finish(project)
    written = {path.relative_to(project.results) for path in (project.results / SEED).rglob("*.*") if path.is_file()}
    assert not [
        path for path in written if path.name.startswith(".") or any(".search" in part for part in path.parts)
    ]
    tables = [path for path in written if path.suffix == ".parquet"]
    assert len(tables) > 20
    for table in tables:
        assert (project.results / table).read_bytes() == (small.results / table).read_bytes(), table
