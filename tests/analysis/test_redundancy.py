import numpy as np
import pytest

from lawpipe.analysis import redundancy

#: Row 4 is a copy of 0, row 5 the sum of 1 and 2; row 3 and 6..8 are unrelated.
MADE_OF = [[], [], [], [], [0], [1, 2], [], [], []]


def test_groups_hold_the_sources_and_what_was_made_of_them():
    assert redundancy.groups(MADE_OF) == {"copies": [(0, 4)], "combinations": [(1, 2, 5)]}
    assert redundancy.groups([[], []]) == {}
    assert redundancy.groups([]) == {}


def test_controls_have_the_same_sizes_and_no_planted_example():
    planted = redundancy.groups(MADE_OF)
    assert redundancy.controls(planted, 9) == {"copies": [(3, 6)], "combinations": []}
    assert redundancy.controls(planted, 12) == {"copies": [(3, 6)], "combinations": [(7, 8, 9)]}


def test_one_dropped_by_hand():
    weights = np.array([[0.5, 0.0, 0.5, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.2, 0.3, 0.2, 0.3]])
    # Pair (0, 2): both, one, none, both. Pair (1, 3): none, none, one, both.
    assert redundancy.of_groups(weights, [(0, 2)])["one_dropped"] == redundancy.Share(1 / 3, 3)
    assert redundancy.of_groups(weights, [(0, 2), (1, 3)])["one_dropped"] == redundancy.Share(2 / 5, 5)
    assert redundancy.of_groups(weights[:2], [(1, 3)])["one_dropped"] == redundancy.Share(None, 0)
    assert redundancy.of_groups(weights, [])["one_dropped"] == redundancy.Share(None, 0)
    # Triple: one of three has weight 0 in all steps but the last.
    assert redundancy.of_groups(weights, [(0, 1, 3)])["one_dropped"] == redundancy.Share(0.75, 4)


def test_the_largest_share_by_hand():
    weights = np.array([[0.5, 0.5, 0.0], [0.3, 0.1, 0.6], [0.0, 0.0, 1.0]])
    largest = redundancy.of_groups(weights, [(0, 1)])["largest_share"]
    assert (largest.value, largest.count) == (pytest.approx((0.5 + 0.75) / 2), 2)
    assert redundancy.of_groups(weights[2:], [(0, 1)])["largest_share"] == redundancy.Share(None, 0)
    assert redundancy.of_groups(weights, [])["largest_share"] == redundancy.Share(None, 0)
    tiny = np.array([[1e-30, 0.0, 1.0]], dtype=np.float32)
    assert redundancy.of_groups(tiny, [(0, 1)])["largest_share"].value == 1.0
