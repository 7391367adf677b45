"""Shared by the tests of the report: three toy experiments that are drawn once, and their page."""

from pathlib import Path

import pytest

from lawpipe.report import page
from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from scripts import plot
from tests import toy
from tests.toy import Toy

SIZES = {
    "perceptron": Toy(),
    "noisy": Toy(seeds=(0, 1, 2), flip_fraction=0.25, nulls=True),
    "stories": toy.STORIES,
}


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the experiments, with figures and tables."""
    folder = tmp_path_factory.mktemp("results")
    for name, size in SIZES.items():
        experiment = toy.write_experiment(folder, name, size)
        seeds = [str(seed) for seed in size.seeds]
        outputs = ["--figures", str(experiment / "figures"), "--tables", str(experiment / "tables")]
        plot.main(["--settings", "{}", "--folder", str(experiment), "--seeds", *seeds, *outputs])
    return folder


@pytest.fixture(scope="session")
def html(root: Path) -> str:
    """The page on all three experiments, without the claims."""
    return page.report(root, list(SIZES))


@pytest.fixture(scope="session")
def plain(root: Path) -> Results:
    """A perceptron with two seeds."""
    return experiment.load(root / "perceptron")


@pytest.fixture(scope="session")
def noisy(root: Path) -> Results:
    """Three seeds with flipped labels, without any similarity, acceleration or fit."""
    return experiment.load(root / "noisy")


@pytest.fixture(scope="session")
def stories(root: Path) -> Results:
    """A language model with two seeds."""
    return experiment.load(root / "stories")
