import math

import pytest

from lawpipe.analysis.intervals import NO_SEEDS, Interval
from lawpipe.results.numbers import (
    interval,
    is_too_wide,
    number,
    part_of,
    percent,
    plural,
    policy_label,
    share_of,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.15664, "0.157"),
        (5.5, "5.50"),
        (2000, "2000"),
        (3.16e8, "3.16e8"),
        (0.00025, "2.50e-4"),
        (-0.153, "-0.153"),
        (0, "0"),
        (99.96, "100"),
        (None, "-"),
        (math.nan, "-"),
        (math.inf, "-"),
    ],
)
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.5, "50.0~%"),
        (1, "100.0~%"),
        (0.99999, "> 99.9~%"),
        (0, "0.0~%"),
        (1e-6, "< 0.1~%"),
        (None, "-"),
        (10, "1000.0~%"),
        (19.06, "19~x"),
        (-19.06, "-19~x"),
        (123456, "1.2e5~x"),
    ],
)
def test_shares_that_are_nearly_all_none_or_many_times_the_whole_say_so(share: float | None, text: str) -> None:
    assert percent(share) == text.replace("~", "\N{NO-BREAK SPACE}")


def test_an_interval_says_how_many_seeds_have_a_value() -> None:
    space = "\N{NO-BREAK SPACE}"
    assert interval(Interval(1.5, 1.0, 2.0, 5, 5)) == f"1.50 [1.00,{space}2.00]"
    assert interval(Interval(1.5, 1.0, 2.0, 5, 3)) == f"1.50 [1.00,{space}2.00] (3 of 5 seeds)"
    assert interval(Interval(1.5, 1.0, 2.0, 5, 3), count_seeds=False, space=" ") == "1.50 [1.00, 2.00]"
    assert interval(Interval(1.5, None, None, 1, 1), digits=4) == "1.500"
    assert interval(Interval(1.5, None, 2.0, 1, 1)) == "1.50 (at most 2.00)"
    assert interval(Interval(1.5, 1.0, math.inf, 5, 4)) == "1.50 (4 of 5 seeds, at least 1.00)"
    assert interval(Interval(None, None, None, 5, 0), missing="never") == "never"
    assert interval(NO_SEEDS, missing="never") == "-"


@pytest.mark.parametrize(
    ("mean", "low", "high", "wide"),
    [
        (3.95, 2.87e-4, 54362, True),
        (7.28e12, 3.42e-81, 1.55e106, True),
        (1.0, 0.1, 10.0, False),
        (1.0, 0.1, 10.1, True),
        (-1.0, -10.1, -0.1, True),
        (4.48e7, 42162, 9.0e7, False),
        (0.001, -0.02, 0.022, False),
        (4e-35, 0.0, None, True),
        (0.0, 0.0, None, True),
        (0.0, 0.0, 0.5, False),
        (2e-6, 1e-26, math.inf, True),
        (0.03, None, 0.07, False),
        (4e-11, None, 7e41, True),
        (5.0, None, None, False),
        (None, None, None, False),
    ],
)
def test_an_interval_that_says_nothing_is_called_too_wide(mean, low, high, wide: bool) -> None:
    estimate = Interval(mean, low, high, 3, 3)
    assert is_too_wide(estimate) == wide
    assert interval(estimate).endswith(" (3 seeds, interval too wide to say more)") == wide
    if wide:
        assert "[" not in interval(estimate)
        of_a_fit = Interval.stored(mean, low, high)
        assert interval(of_a_fit).endswith(" (interval too wide to say more)")
        some = Interval(mean, low, high, 5, 4)
        assert interval(some).endswith(" (4 of 5 seeds, interval too wide to say more)")


def test_a_share_that_may_be_none_or_all_has_no_interval() -> None:
    share = Interval(0.5, -0.1, 1.1, 3, 3)
    assert is_too_wide(share, share=True)
    assert not is_too_wide(share)
    assert share_of(share) == "50.0\N{NO-BREAK SPACE}% (3 seeds, interval too wide to say more)"
    assert not is_too_wide(Interval(0.02, 0.0001, 0.04, 3, 3), share=True)


def test_what_is_not_finite_is_a_dash_without_an_interval() -> None:
    assert interval(Interval(math.inf, -math.inf, math.inf, 3, 3)) == "-"
    assert interval(Interval(math.inf, None, None, 3, 3), missing="never") == "-"


def test_a_part_is_a_share_of_its_whole_or_a_multiple() -> None:
    space = "\N{NO-BREAK SPACE}"
    assert part_of(0.0097, "J") == f"1.0{space}% of J"
    assert part_of(19.06, "J") == f"19{space}x J"


def test_a_share_has_per_cent_and_its_seeds() -> None:
    space = "\N{NO-BREAK SPACE}"
    share = Interval(0.5, 0.25, 0.75, 3, 2)
    assert interval(share, share=True) == f"50.0{space}% [25.0{space}%,{space}75.0{space}%] (2 of 3 seeds)"
    assert share_of(share) == f"50.0{space}% [25.0{space}%,{space}75.0{space}%] (n = 2)"
    assert share_of(NO_SEEDS) == "-"


def test_names_of_policies_and_counts() -> None:
    assert policy_label("search_0016") == "search, iteration 16"
    assert policy_label("near_optimal") == "near-optimal"
    assert policy_label("search_tuned") == "search tuned"
    assert [plural(1, "seed"), plural(2, "seed")] == ["1 seed", "2 seeds"]
