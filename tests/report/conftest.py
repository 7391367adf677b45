"""Shared by the tests of the report: three toy experiments that are drawn once, and their page."""

import json
import shutil
from pathlib import Path

import pytest

from lawpipe.report import page
from lawpipe.results import catalogue, experiment
from lawpipe.results.experiment import Results
from scripts import describe, report
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
        settings = json.dumps(toy.settings(name, SIZES[name]))
        outputs = {"summary": "summary.parquet", "figures": "figures", "tables": "tables"}
        options = [text for key, file in outputs.items() for text in (f"--{key}", str(folder / name / file))]
        describe.main(["--settings", settings, "--seeds", *map(str, SIZES[name].seeds), *options])
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
    """The page with the claims on all three experiments, and with what is recorded."""
    settings = {name: toy.settings(name, size) | {"seeds": list(size.seeds)} for name, size in SIZES.items()}
    outputs = {"output": "report.html", "claims": "claims.parquet", "sizes": "sizes.parquet"}
    outputs |= {name: f"{name}.svg" for name in report.RECORDED}
    options = [text for key, file in outputs.items() for text in (f"--{key}", str(root / file))]
    options += ["--records", str(page.CHECKOUT / "benchmarks/records")]
    report.main(
        ["--settings", json.dumps({"experiments": settings}), "--root", str(root), "--experiments", *SIZES, *options]
    )
    return (root / "report.html").read_text()


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
