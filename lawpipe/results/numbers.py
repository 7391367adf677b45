"""How numbers, intervals and names are written in texts, tables and figures."""

import math

from lawpipe.analysis.intervals import Interval
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results.experiment import snapshot

#: No line is broken at this space: within an interval, or between a number and its unit.
UNBROKEN = "\N{NO-BREAK SPACE}"


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with `digits` significant digits; `-` for None and for what is not finite."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = int(exponent)  # of the rounded number: 99.96 is 100
    if power >= max(digits, 5) or power < -3:
        return f"{mantissa}e{power}"
    return f"{value:.{max(0, digits - 1 - power)}f}"


def percent(share: float | None) -> str:
    """Write a share in per cent. A share just below 1 or above 0 is not rounded to 100 % or to 0 %."""
    if share is None or not math.isfinite(share):
        return "-"
    value = 100 * share
    if 99.95 <= value < 100:
        return f"> 99.9{UNBROKEN}%"
    if 0 < value < 0.05:
        return f"< 0.1{UNBROKEN}%"
    return f"{value:.1f}{UNBROKEN}%"


def interval(
    estimate: Interval,
    *,
    digits: int = 3,
    share: bool = False,
    missing: str = "-",
    count_seeds: bool = True,
    space: str = UNBROKEN,
) -> str:
    """Write a mean with its 95 % interval: ``1.50 [1.00, 2.00] (3 of 5 seeds)``.

    Numbers have `digits` significant digits or, with `share`, are in per cent. If one end of the interval is not
    known, it is written as `-`; if neither is, both are left out. If no seed has a value, `missing` is written, or
    `-` if there are no seeds at all. With `count_seeds`, the number of seeds with a value follows if some have none.
    """

    def write(value: float | None) -> str:
        return percent(value) if share else number(value, digits)

    if estimate.mean is None:
        return missing if estimate.n else "-"
    known = (estimate.low, estimate.high) != (None, None)
    ends = f" [{write(estimate.low)},{space}{write(estimate.high)}]" if known else ""
    seeds = f" ({estimate.n_reached} of {estimate.n} seeds)" if count_seeds and estimate.n_reached < estimate.n else ""
    return f"{write(estimate.mean)}{ends}{seeds}"


def share_of(share: Interval) -> str:
    """Write a share of a gain in per cent, with its interval and the number of seeds that have it."""
    return "-" if share.mean is None else f"{interval(share, share=True, count_seeds=False)} (n = {share.n_reached})"


def plural(count: int, word: str) -> str:
    """Write a count with its noun."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def policy_label(policy: str) -> str:
    """Say a policy's name in words."""
    iteration = snapshot(policy)
    if iteration is not None:
        return f"search, iteration {iteration}"
    return POLICIES[policy].label if policy in POLICIES else policy.replace("_", " ")
