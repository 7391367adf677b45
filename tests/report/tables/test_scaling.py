from pathlib import Path

import pytest

from lawpipe.analysis.intervals import mean_interval
from lawpipe.report import table_page
from lawpipe.report.tables import scaling
from lawpipe.results import experiment
from lawpipe.results.numbers import number
from lawpipe.run import artifacts
from lawpipe.run.tables.claims import SIZES
from lawpipe.run.tables.fits import SENSITIVITY
from tests import toy
from tests.toy import Toy

#: A number of each seed; their geometric mean is 4.
FACTORS = {0: 3.0, 1: 4.0, 2: 16 / 3}


def write_sensitivity(path: Path, factor: float) -> None:
    rows = [
        {"policy": policy, "against": against, "variant": variant, "loss_floor": 0.1, "first_step": 2}
        | {"scale": factor * (1 + index), "exponent": 0.5}
        | dict.fromkeys(("acceleration", "acceleration_far"), None if policy == "conventional" else factor)
        for index, variant in enumerate(scaling.VARIANTS)
        for against in ("desired", "test")
        for policy in ("conventional", "near_optimal")
    ]
    columns = {name: [row[name] for row in rows] for name in SENSITIVITY.columns}
    artifacts.write(path, SENSITIVITY, columns, settings={}, code="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = toy.write_experiment(tmp_path, toy=Toy(seeds=(*FACTORS,)))
    for seed, factor in FACTORS.items():
        write_sensitivity(folder / f"seed{seed}/sensitivity.parquet", factor)
    return folder


def test_the_sensitivity_has_one_row_per_variant_with_means_over_the_seeds(folder: Path) -> None:
    table = scaling.sensitivity(experiment.load(folder, (0, 1, 2)))
    assert [row.cells[0] for row in table.rows] == list(scaling.VARIANTS.values())
    expected = mean_interval(FACTORS.values(), logarithmic=True)
    assert table.rows[0].cells[1].startswith("4.00 [")
    assert number(expected.high) in table.rows[0].cells[5]
    assert table.rows[3].cells[1].startswith("16.0 [")
    assert all(len(row.cells) == len(table.header) for row in table.rows)
    assert "as fitted" in table_page.render(table)


def test_the_sizes_stand_beside_the_papers(tmp_path: Path) -> None:
    rows = [
        (None, 4000, "acceleration", 2.41, None, 1),
        ("stories", 60, "acceleration", 1.5, 1.2, 3),
        ("stories", 60, "acceleration_at_10m_steps", 9.0, 2.0, 3),
    ]
    columns = {
        "experiment": [row[0] for row in rows],
        "steps": [row[1] for row in rows],
        "quantity": [row[2] for row in rows],
        "mean": [row[3] for row in rows],
        "low": [row[4] for row in rows],
        "high": [None if row[4] is None else 10.0 for row in rows],
        "n": [row[5] for row in rows],
        "examples": [64] * 3,
        "vocabulary": [400] * 3,
    }
    artifacts.write(tmp_path / "sizes.parquet", SIZES, columns, settings={}, code="")
    table = scaling.sizes(tmp_path)
    assert [row.cells[:2] for row in table.rows] == [("the paper", "4,000"), ("stories", "60")]
    assert table.rows[0].cells[4:] == ("-", "-", "2.41", "-", "-", "-")
    assert table.rows[1].cells[6] == "1.50 [1.20,\N{NO-BREAK SPACE}10.0]"
    assert table.rows[1].cells[9] == "9.00 [2.00,\N{NO-BREAK SPACE}10.0]"
    assert table.rows[0].kind == "paper"
