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


def test_the_order_of_the_rows_does_not_matter() -> None:
    frames = [rows("one"), rows("one_damaged"), rows("one_fast").assign(learning_rate=0.4), rows("two", steps=20)]
    for frame in (pd.concat(frames), pd.concat(frames[::-1])):
        names = [group["experiment"].iloc[0] for group in ladder.sizes(frame)]
        assert names == ["one", "one_damaged", "one_fast", "two"]
        assert set(ladder.at_usual_rate(frame)["experiment"]) == {"one", "one_damaged", "two"}


def test_of_several_usual_rates_the_smallest_counts_and_an_unknown_one_does_not() -> None:
    slow, fast = rows("slow"), rows("fast").assign(learning_rate=0.4)
    assert set(ladder.at_usual_rate(pd.concat([fast, slow]))["experiment"]) == {"slow"}
    unknown = rows("unknown").query("policy != 'conventional'")
    assert set(ladder.at_usual_rate(pd.concat([unknown, fast]))["experiment"]) == {"fast"}
    assert set(ladder.at_usual_rate(unknown)["experiment"]) == {"unknown"}


def test_a_gap_of_a_run_that_diverged_is_unknown() -> None:
    frame = rows("one", near_optimal={0: 2.0, 1: float("inf")})
    gap = ladder.relative_gap(frame, ladder.NEAR)
    assert (gap.mean, gap.n_reached, gap.n) == (pytest.approx(0.1), 1, 2)
