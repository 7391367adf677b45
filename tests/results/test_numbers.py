import math

import pytest

from lawpipe.results.experiment import OverSeeds
from lawpipe.results.numbers import number, over_seeds, percent, plural, policy_label


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


def test_over_seeds_says_how_many_have_a_value() -> None:
    space = "\N{NO-BREAK SPACE}"
    assert over_seeds(OverSeeds(1.5, 1.0, 2.0, 5, 5)) == f"1.50 [1.00,{space}2.00]"
    assert over_seeds(OverSeeds(1.5, 1.0, 2.0, 5, 3)) == f"1.50 [1.00,{space}2.00] (3 of 5 seeds)"
    assert over_seeds(OverSeeds(1.5, math.nan, math.nan, 1, 1)) == "1.50"
    assert over_seeds(OverSeeds(math.nan, math.nan, math.nan, 5, 0), "never") == "never"
    assert over_seeds(OverSeeds(math.nan, math.nan, math.nan, 0, 0), "never") == "-"


def test_names_of_policies_and_counts() -> None:
    assert policy_label("search_0016") == "search, iteration 16"
    assert policy_label("near_optimal") == "near-optimal"
    assert policy_label("search_tuned") == "search tuned"
    assert [plural(1, "seed"), plural(2, "seed")] == ["1 seed", "2 seeds"]
