"""Shared by the tests of the report: three toy experiments that are drawn once, and their page."""

import shutil
from pathlib import Path

import pytest

from lawpipe.paper import judgement, sizes
from lawpipe.report import page
from lawpipe.results import catalogue, experiment
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.tables.claims import CLAIMS
from lawpipe.run.tables.claims import SIZES as SIZES_TABLE
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
    """The folder of the experiments, with figures and tables.

    The figures of `noisy` are copies: drawing takes most of the time, and tests/figures draws such experiments.
    """
    folder = tmp_path_factory.mktemp("results")
    for name, size in SIZES.items():
        toy.write_experiment(folder, name, size)
    for name in ("perceptron", "stories"):
        seeds = [str(seed) for seed in SIZES[name].seeds]
        outputs = ["--figures", str(folder / name / "figures"), "--tables", str(folder / name / "tables")]
        plot.main(["--settings", "{}", "--folder", str(folder / name), "--seeds", *seeds, *outputs])
    copies = folder / "noisy/figures"
    copies.mkdir()
    for entry in catalogue.figures(toy.settings("noisy", SIZES["noisy"])):
        files = (folder / name / f"figures/{entry.name}.svg" for name in ("perceptron", "stories"))
        shutil.copy(next(filter(Path.is_file, files)), copies)
    return folder


@pytest.fixture(scope="session")
def html(root: Path) -> str:
    """The page on all three experiments, without the claims."""
    return page.report(root, list(SIZES))


@pytest.fixture(scope="session")
def judged(root: Path) -> str:
    """The page with the claims on all three experiments, and with pictures in the place of the recorded figures."""
    settings = {name: toy.settings(name, size) | {"seeds": list(size.seeds)} for name, size in SIZES.items()}
    for name, table, rows in (
        ("claims", CLAIMS, judgement.judge(root, settings)),
        ("sizes", SIZES_TABLE, sizes.rows(root, settings)),
    ):
        columns = {column: [row[column] for row in rows] for column in table.columns}
        artifacts.write(root / f"{name}.parquet", table, columns, settings={}, code="")
    for name in ("methods", "growth", "ladder"):
        shutil.copy(root / "perceptron/figures/speed.svg", root / f"{name}.svg")
    return page.report(root, list(SIZES), judged=True)


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
