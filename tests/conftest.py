"""For all tests: which stay together when they run in several processes (`make test`); the interpreter of Triton."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from tests import toy
from tests.toy import Toy

# Triton decides when it is first imported, by any library: without a GPU, kernels are interpreted.
if not Path("/dev/nvidiactl").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")


@pytest.fixture(autouse=True)
def _numbers_of_all_sizes() -> Iterator[None]:
    """Undo what `devices.device` sets for the whole process: numbers below the smallest normal one become zero."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


#: Folders whose tests share what is costly to make: each folder's tests run in one worker process.
TOGETHER = ("figures", "report", "studies")

#: The tests of these files and folders come first, in this order; what is shorter fills the gaps at the end. The test
#: on Slurm waits most of its time, which the run of the small config, in another worker process, has for itself.
FIRST = ("workflow/test_slurm.py", "workflow", "benchmarks", *TOGETHER)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Set the order of the tests, and which of them run in one worker process.

    Outside of the workflow's tests these are all of a file, which may share a fixture.
    """
    paths = {item: item.path.relative_to(Path(__file__).parent) for item in items}
    for item, path in paths.items():
        folder = path.parts[0]
        if folder != "workflow" and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(folder if folder in TOGETHER else path.as_posix()))
    items.sort(key=lambda item: _rank(paths[item]))


def _rank(path: Path) -> int:
    """Return the place of a test file in FIRST."""
    places = (place for place, first in enumerate(FIRST) if path.is_relative_to(first))
    return next(places, len(FIRST))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two seeds, two snapshots."""
    return load(tmp_path_factory.mktemp("plain"), Toy())


@pytest.fixture(scope="session")
def five_seeds(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Five seeds, a tenth of the labels flipped."""
    return load(tmp_path_factory.mktemp("five"), toy.FIVE_SEEDS)


@pytest.fixture(scope="session")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A language model, half of its training stories perturbed."""
    return load(tmp_path_factory.mktemp("stories"), toy.STORIES, "stories")


@pytest.fixture(scope="session")
def with_nulls(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """No similarity, no acceleration, no fit."""
    return load(tmp_path_factory.mktemp("nulls"), Toy(nulls=True))


@pytest.fixture(scope="session")
def without_snapshots(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One seed, the two policies that every experiment has."""
    return load(tmp_path_factory.mktemp("bare"), Toy(seeds=(3,), snapshots=()))


def load(root: Path, size: Toy, name: str = "perceptron") -> Results:
    return experiment.load(toy.write_experiment(root, name, size), size.seeds)
