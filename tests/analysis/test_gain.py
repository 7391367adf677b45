import pandas as pd
import pytest

from lawpipe.analysis import gain

#: Gains of 0.4, 0.5 and 0.5; the third seed has no control, the fourth's diverged.
J = pd.DataFrame({
    "conventional": {0: 1.0, 1: 1.0, 2: 1.2, 3: 1.1, 4: 1.0},
    "near_optimal": {0: 0.6, 1: 0.5, 2: 0.7, 3: 0.6, 4: 0.5},
    "half": {0: 0.8, 1: 0.75, 3: None, 4: 0.75},
    "beyond": {0: 0.5},
    "worse": {0: 1.4, 1: 1.5},
}, dtype=float)  # fmt: skip


def test_a_share_is_paired_by_seed() -> None:
    share = gain.share(J, "half")
    assert (share.mean, share.low, share.high) == pytest.approx((0.5, 0.5, 0.5))
    assert (share.n, share.n_reached) == (3, 3)
    assert gain.share(J, "conventional").mean == 0
    assert gain.share(J, "near_optimal").mean == 1
    assert gain.share(J, "beyond").mean == pytest.approx(1.25)
    assert gain.share(J, "worse").mean == pytest.approx(-1)


def test_a_gain_that_is_not_beyond_its_interval_has_no_shares() -> None:
    small = J.assign(near_optimal=[0.6, 1.1, 1.1, 1.0, 1.0])
    assert gain.difference(small, "conventional", "near_optimal").mean > 0
    assert gain.share(small, "half").n == 0
    assert gain.share(J.assign(near_optimal=[1.1, *4 * [None]]).astype(float), "half").n == 0


def test_one_seed_has_a_share_without_an_interval() -> None:
    share = gain.share(J.loc[[0]], "half")
    assert (share.mean, share.low, share.n) == (pytest.approx(0.5), None, 1)


def test_a_single_seed_without_a_gain_among_seeds_with_one_has_no_share() -> None:
    base = dict.fromkeys(range(8), 1.0)
    best = dict.fromkeys(range(7), 0.5) | {7: 1.0}
    seeds = pd.DataFrame({"conventional": base, "near_optimal": best, "half": {6: 0.75, 7: 0.75}})
    share = gain.share(seeds, "half")
    assert (share.n, share.n_reached, share.mean) == (2, 1, pytest.approx(0.5))


def test_differences_are_over_the_seeds_that_have_both() -> None:
    difference = gain.difference(J, "conventional", "half")
    assert (difference.n, difference.mean) == (3, pytest.approx(0.7 / 3))
    assert gain.difference(J, "conventional", "nothing").n == 0
