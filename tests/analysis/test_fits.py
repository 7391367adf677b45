import numpy as np
import pytest

from lawpipe.analysis import fits
from tests.analysis.toy_curves import TOY, curve


def fit(desired, test):
    """Fit curves given as policy to L[0..T] on both reference sets; return the rows by policy and reference set."""
    rows = fits.rows({"desired": desired, "test": test})
    return {(row["policy"], row["against"]): row for row in rows}


def test_every_policy_has_a_row_on_both_sets():
    desired = {policy: curve(200, 0.3, *law) for policy, law in TOY.items()}
    test = {policy: curve(200, 0.5, *law) for policy, law in TOY.items()}
    rows = fit(desired, test)
    assert list(rows) == [(policy, against) for policy in TOY for against in ("desired", "test")]
    for (policy, against), row in rows.items():
        assert row["loss_floor"] == pytest.approx(0.3 if against == "desired" else 0.5, rel=1e-6)
        assert row["scale"] == pytest.approx(TOY[policy][0], rel=1e-6)
        assert row["exponent"] == pytest.approx(TOY[policy][1], rel=1e-6)
        assert row["first_step"] == 1


def test_the_fits_with_fixed_floors_and_first_steps_stand_beside_them():
    desired = {policy: curve(200, 0.3, *law) for policy, law in TOY.items()}
    rows = fit(desired, desired)
    table = fits.variants({"desired": desired, "test": desired})
    assert len(table) == 2 * 6 * 2
    fitted = next(row for row in table if row["variant"] == "fitted" and row["policy"] == "near_optimal")
    assert fitted["scale"] == rows["near_optimal", "desired"]["scale"]
    assert fitted["acceleration_far"] > fitted["acceleration"] > 1


def test_the_conventional_policy_alone_is_enough():
    losses = {policy: curve(200, 0.3, *TOY[policy]) for policy in ("conventional", "search_0004")}
    assert fit(losses, losses)["search_0004", "test"]["scale"] == pytest.approx(15.0, rel=1e-6)


def test_a_curve_without_a_law_has_nothing():
    desired = {policy: curve(200, 0.3, *law) for policy, law in TOY.items()}
    rows = fit(desired, desired | {"near_optimal": np.full(201, np.nan)})
    empty = rows["near_optimal", "test"]
    assert [value for name, value in empty.items() if name not in ("policy", "against")] == [None] * 11
    assert rows["conventional", "test"]["scale"] == pytest.approx(30.0, rel=1e-6)


def test_a_loss_that_falls_faster_again_is_named():
    law = curve(200, 0.3, *TOY["conventional"])
    annealed = law - 0.1 * np.clip((np.arange(201) / 200 - 0.8) / 0.2, 0, 1)
    shared = {"conventional": law, "near_optimal": curve(200, 0.3, *TOY["near_optimal"])}
    losses = {"desired": shared | {"search_0004": annealed}, "test": shared | {"search_0004": law}}
    assert fits.steeper(fits.rows(losses), losses) == [("search_0004", "desired")]
    straight = {"desired": shared, "test": shared}
    assert fits.steeper(fits.rows(straight), straight) == []
