import json

import numpy as np
import pytest

from lawpipe.run import artifacts
from lawpipe.run.tables.fits import FITS, SENSITIVITY
from lawpipe.run.tables.measurements import CURVES
from scripts import fit
from tests.analysis.toy_curves import TOY, curve

SETTINGS = {"experiment": "toy", "seed": 0, "problem": "perceptron"}


def call(folder, desired, test):
    """Fit curves given as policy to L[0..T] on both reference sets; return the rows by policy and reference set."""
    columns = {name: [] for name in CURVES.columns}
    for policy, losses in desired.items():
        columns["policy"] += [policy] * len(losses)
        columns["step"] += range(len(losses))
        columns["train_loss"] += [None] * len(losses)
        columns["desired_loss"] += list(losses)
        columns["test_loss"] += list(test[policy])
    artifacts.write(folder / "curves.parquet", CURVES, columns, settings=SETTINGS, code="")
    options = [
        f for name in ("curves", "fits", "sensitivity") for f in (f"--{name}", str(folder / f"{name}.parquet"))
    ]
    fit.main(["--settings", json.dumps(SETTINGS), *options])
    rows = artifacts.read(folder / "fits.parquet", FITS).to_pylist()
    return {(row["policy"], row["against"]): row for row in rows}


def test_every_policy_has_a_row_on_both_sets(tmp_path):
    desired = {policy: curve(200, 0.3, *law) for policy, law in TOY.items()}
    test = {policy: curve(200, 0.5, *law) for policy, law in TOY.items()}
    rows = call(tmp_path, desired, test)
    assert list(rows) == [(policy, against) for policy in TOY for against in ("desired", "test")]
    for (policy, against), row in rows.items():
        assert row["loss_floor"] == pytest.approx(0.3 if against == "desired" else 0.5, rel=1e-6)
        assert row["scale"] == pytest.approx(TOY[policy][0], rel=1e-6)
        assert row["exponent"] == pytest.approx(TOY[policy][1], rel=1e-6)
        assert row["first_step"] == 1


def test_the_fits_with_fixed_floors_and_first_steps_stand_beside_them(tmp_path):
    desired = {policy: curve(200, 0.3, *law) for policy, law in TOY.items()}
    rows = call(tmp_path, desired, desired)
    table = artifacts.read(tmp_path / "sensitivity.parquet", SENSITIVITY).to_pylist()
    assert len(table) == 2 * 6 * 2
    fitted = next(row for row in table if row["variant"] == "fitted" and row["policy"] == "near_optimal")
    assert fitted["scale"] == rows["near_optimal", "desired"]["scale"]
    assert fitted["acceleration_far"] > fitted["acceleration"] > 1


def test_the_conventional_policy_alone_is_enough(tmp_path):
    losses = {policy: curve(200, 0.3, *TOY[policy]) for policy in ("conventional", "search_0004")}
    rows = call(tmp_path, losses, losses)
    assert rows["search_0004", "test"]["scale"] == pytest.approx(15.0, rel=1e-6)


def test_a_curve_without_a_law_has_nulls(tmp_path, capsys):
    desired = {policy: curve(200, 0.3, *law) for policy, law in TOY.items()}
    test = desired | {"near_optimal": np.full(201, np.nan)}
    rows = call(tmp_path, desired, test)
    empty = rows["near_optimal", "test"]
    assert [value for name, value in empty.items() if name not in ("policy", "against")] == [None] * 11
    assert rows["conventional", "test"]["scale"] == pytest.approx(30.0, rel=1e-6)
    assert "1 of 6 curves do not follow a scaling law" in capsys.readouterr().out


def test_a_loss_that_falls_faster_again_is_named(tmp_path, capsys):
    law = curve(200, 0.3, *TOY["conventional"])
    annealed = law - 0.1 * np.clip((np.arange(201) / 200 - 0.8) / 0.2, 0, 1)
    losses = {"conventional": law, "near_optimal": curve(200, 0.3, *TOY["near_optimal"])}
    call(tmp_path, losses | {"search_0004": annealed}, losses | {"search_0004": law})
    said = capsys.readouterr().out
    assert "no power law, for the loss falls faster again at its end: search_0004 on desired; B and" in said
    call(tmp_path, losses, losses)
    assert "no power law" not in capsys.readouterr().out
