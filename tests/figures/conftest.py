from pathlib import Path

import pytest

from lawpipe.figures import results
from lawpipe.figures.results import Results
from tests.figures import toy
from tests.figures.toy import Toy


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
    return results.load(toy.write_experiment(root, name, size), size.seeds)
