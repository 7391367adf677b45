from pathlib import Path

import pytest

from lawpipe.analysis.intervals import mean_interval
from lawpipe.paper import judgement, sizes
from lawpipe.run import artifacts
from lawpipe.run.tables.claims import SIZES
from lawpipe.run.tables.summary import SUMMARY
from tests import toy
from tests.toy import STORIES, Toy


def test_the_papers_rows_come_first_as_ratios_and_ours_by_size(tmp_path: Path) -> None:
    toys = {"larger": Toy(**(vars(STORIES) | {"steps": 60, "examples": 64})), "smaller": STORIES, "other": Toy()}
    chosen = {}
    for name, size in toys.items():
        toy.write_experiment(tmp_path, name, size)
        chosen[name] = toy.settings(name, size) | {"seeds": list(size.seeds)}
    rows = sizes.rows(tmp_path, chosen)
    assert list(dict.fromkeys(row["experiment"] for row in rows)) == [None, "smaller", "larger"]
    assert set(rows[0]) == set(SIZES.columns)
    by_size = {(row["experiment"] or row["steps"], row["quantity"]): row for row in rows}
    assert by_size[4000, "scale_ratio"]["mean"] == pytest.approx(0.063)
    assert by_size[4000, "exponent_ratio"]["mean"] == pytest.approx(1.187)
    assert by_size[8000, "acceleration"]["mean"] == 2.48
    values = []
    for seed in STORIES.seeds:
        summary = artifacts.read(tmp_path / f"smaller/seed{seed}/summary.parquet", SUMMARY).to_pylist()
        values.append(next(row["acceleration_desired"] for row in summary if row["policy"] == "near_optimal"))
    expected = mean_interval(values, logarithmic=True)
    ours = by_size["smaller", "acceleration"]
    assert (ours["mean"], ours["low"]) == pytest.approx((expected.mean, expected.low))
    assert (ours["steps"], ours["examples"], ours["n"]) == (40, 48, 2)
    # Nor do the claims on Table 2 take another experiment for a size.
    rows = judgement.judge(tmp_path, chosen)
    assert {row["experiment"] for row in rows if row["claim"] == "table_2_acceleration_grows"} == {"larger"}
