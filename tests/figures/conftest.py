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
    """Five seeds at a size with examples that are perfectly learned, a tenth of the labels flipped."""
    size = Toy(seeds=(0, 1, 2, 3, 4), dimension=24, examples=96, steps=700, iterations=8, snapshots=(1, 2, 4, 6))
    return load(tmp_path_factory.mktemp("five"), Toy(**{**vars(size), "flip_fraction": 0.1, "measured": 40}))


@pytest.fixture(scope="session")
def with_nulls(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """No similarity, no acceleration, no fit."""
    return load(tmp_path_factory.mktemp("nulls"), Toy(nulls=True))


@pytest.fixture(scope="session")
def without_snapshots(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One seed, the two policies that every experiment has."""
    return load(tmp_path_factory.mktemp("bare"), Toy(seeds=(3,), snapshots=()))


def load(root: Path, size: Toy) -> Results:
    return results.load(toy.write_experiment(root, "perceptron", size), size.seeds)
