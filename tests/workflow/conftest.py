"""The project after one run of the small config, shared by the tests; they copy it again to change it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.workflow.copies import PARTS, ROOT, Project, duplicate


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project without results; not to be changed."""
    folder = tmp_path_factory.mktemp("bare") / "project"
    folder.mkdir()
    for name in PARTS:
        duplicate(ROOT / name, folder / name)
    return Project(folder)


@pytest.fixture(scope="session")
def small(bare: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after a run of the small config, made once for all worker processes; not to be changed."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    project = Project(shared / "small/project")
    console = project.folder / "console.txt"
    with FileLock(shared / "small.lock"):
        if not console.exists():
            duplicate(bare.folder, project.folder)
            run = project.snakemake()
            assert run.returncode == 0, run.stdout
            console.write_text(run.stdout)
    return project


@pytest.fixture
def copy(small: Project, tmp_path: Path) -> Callable[[], Project]:
    """Make a copy of the project after its run, to change; it lies in another folder."""

    def make() -> Project:
        duplicate(small.folder, tmp_path / "copy")
        return Project(tmp_path / "copy")

    return make
