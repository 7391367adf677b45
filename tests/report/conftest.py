from pathlib import Path

import pytest

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
    """Three small experiments with their figures and tables drawn."""
    folder = tmp_path_factory.mktemp("results")
    for name, size in SIZES.items():
        experiment = toy.write_experiment(folder, name, size)
        seeds = [str(seed) for seed in size.seeds]
        outputs = ["--figures", str(experiment / "figures"), "--tables", str(experiment / "tables")]
        plot.main(["--settings", "{}", "--folder", str(experiment), "--seeds", *seeds, *outputs])
    return folder
