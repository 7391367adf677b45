import pandas as pd
import pytest

from lawpipe.analysis import ladder
from tests.ladders import rows


def test_sizes_come_in_rising_order_of_their_weights() -> None:
    frame = pd.concat([rows("large", steps=20, examples=30), rows("small", steps=10, examples=30)])
    assert [ladder.weights(group) for group in ladder.sizes(frame)] == [300, 600]


def test_ratios_are_paired_by_seed_and_averaged_geometrically() -> None:
    frame = rows("one", near_optimal={0: 2.0, 1: 1.0, 2: 4.0}, conventional_tuned={0: 3.0})
    assert ladder.ratio(frame, "desired").mean == pytest.approx(0.5)
    assert ladder.ratio(frame, "desired").n == 3
    single = ladder.ratio(frame, "desired", ladder.NEAR, ladder.TUNED)
    assert (single.mean, single.n, single.low) == (pytest.approx(2 / 3), 1, None)
    assert ladder.ratio(frame, "desired", "clean_only").mean is None


def test_the_gap_is_relative_to_j() -> None:
    frame = rows("one", near_optimal={0: 2.0, 1: 4.0})
    assert ladder.relative_gap(frame, ladder.NEAR).mean == pytest.approx(0.075)
    assert ladder.relative_gap(frame, ladder.CONVENTIONAL).mean == pytest.approx(0.05)


def test_the_verdict_names_each_size_and_leaves_out_what_was_not_run() -> None:
    small = rows("small", near_optimal={0: 3.6}, conventional_tuned={0: 3.0}, near_optimal_at_tuned_rate={0: 2.97})
    large = rows("large", steps=20, near_optimal={0: 3.4})
    assert ladder.verdict(pd.concat([large, small])) == (
        "The search changes J on the desired stories by -10.0 % in small and -15.0 % in large. "
        "Uniform weights at their best learning rate change it by -25.0 % in small. "
        "At that rate, a search changes it by a further -1.0 % in small."
    )
