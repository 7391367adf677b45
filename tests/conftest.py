"""For all tests: which stay together when they run in several processes (`make test`); the interpreter of Triton."""

import os
from pathlib import Path

import pytest

from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from tests import toy
from tests.toy import Toy

# Triton decides when it is first imported, by any library: without a GPU, kernels are interpreted.
if not Path("/dev/nvidiactl").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")

#: Folders whose tests share what is costly to make: each folder's tests run in one worker process.
TOGETHER = ("figures", "report", "studies")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of such a folder together, and begin with the workflow's, which take longest."""
    folders = {item: item.path.relative_to(Path(__file__).parent).parts[0] for item in items}
    for item, folder in folders.items():
        if folder in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(folder))
    items.sort(key=lambda item: folders[item] != "workflow")


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
