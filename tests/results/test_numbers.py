import math

import pytest

from lawpipe.analysis.intervals import NO_SEEDS, Interval
from lawpipe.results.numbers import interval, number, percent, plural, policy_label, share_of


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
    [(0.5, "50.0~%"), (1, "100.0~%"), (0.99999, "> 99.9~%"), (0, "0.0~%"), (1e-6, "< 0.1~%"), (None, "-")],
)
def test_shares_that_are_nearly_all_or_none_say_so(share: float | None, text: str) -> None:
    assert percent(share) == text.replace("~", "\N{NO-BREAK SPACE}")


def test_an_interval_says_how_many_seeds_have_a_value() -> None:
    space = "\N{NO-BREAK SPACE}"
    assert interval(Interval(1.5, 1.0, 2.0, 5, 5)) == f"1.50 [1.00,{space}2.00]"
    assert interval(Interval(1.5, 1.0, 2.0, 5, 3)) == f"1.50 [1.00,{space}2.00] (3 of 5 seeds)"
    assert interval(Interval(1.5, 1.0, 2.0, 5, 3), count_seeds=False, space=" ") == "1.50 [1.00, 2.00]"
    assert interval(Interval(1.5, None, None, 1, 1), digits=4) == "1.500"
    assert interval(Interval(1.5, None, 2.0, 1, 1)) == f"1.50 [-,{space}2.00]"
    assert interval(Interval(None, None, None, 5, 0), missing="never") == "never"
    assert interval(NO_SEEDS, missing="never") == "-"


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
