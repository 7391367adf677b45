"""How numbers, intervals and names are written in texts, tables and figures."""

import math

from lawpipe.analysis.intervals import FEWEST, Interval
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results.experiment import snapshot

#: No line is broken at this space: within an interval, or between a number and its unit.
UNBROKEN = "\N{NO-BREAK SPACE}"
#: A share above this is written as a multiple. An interval with an end beyond this many times its mean is left out.
MULTIPLE = WIDEST = 10.0
TOO_WIDE = "interval too wide to say more"


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
    """Write a share in per cent, and one above ten as a multiple: ``19 x``.

    A share just below 1 or above 0 is not rounded to 100 % or to 0 %.
    """
    if share is None or not math.isfinite(share):
        return "-"
    value = 100 * share
    if abs(share) > MULTIPLE:
        return f"{number(share, 2)}{UNBROKEN}x"
    if 99.95 <= value < 100:
        return f"> 99.9{UNBROKEN}%"
    if 0 < value < 0.05:
        return f"< 0.1{UNBROKEN}%"
    return f"{value:.1f}{UNBROKEN}%"


def part_of(share: float | None, whole: str) -> str:
    """Write a share together with what it is a share of: ``1.0 % of J``, or ``19 x J``."""
    text = percent(share)
    return f"{text} of {whole}" if text.endswith("%") else f"{text} {whole}"


def is_too_wide(estimate: Interval, *, share: bool = False) -> bool:
    """Return whether an interval says no more than its mean.

    An end is more than `WIDEST` times the mean (unless that is 0), with the other end on the same side of 0; or a
    share may be none as well as all of its whole. An end that is None where the other one is known has no bound.
    """
    mean, low, high = estimate.mean, estimate.low, estimate.high
    if mean is None or (low is None and high is None):
        return False
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    if share and low <= 0 and high >= 1:
        return True
    if mean < 0:
        mean, low, high = -mean, -high, -low
    # A bound below that is not known: what matters is whether the one above is near. And the other way round.
    if high == math.inf:
        return low <= mean / WIDEST
    return mean != 0 and (low >= 0 or low == -math.inf) and high > WIDEST * mean


def interval(
    estimate: Interval,
    *,
    digits: int = 3,
    share: bool = False,
    missing: str = "-",
    count_seeds: bool = True,
    space: str = UNBROKEN,
) -> str:
    """Write a mean with its 95 % interval: ``1.50 [1.00, 2.00] (4 of 5 seeds)``.

    Numbers have `digits` significant digits or, with `share`, are in per cent. An interval without a bound on one
    side is ``(at most 2.00)``; one that is too wide to say more than the mean is called so (`is_too_wide`). If no
    seed has a value, `missing` is written, or `-` if there are no seeds at all. With `count_seeds`, the number of
    seeds with a value follows if some have none.
    """

    def write(value: float) -> str:
        return percent(value) if share else number(value, digits)

    if estimate.mean is None or not math.isfinite(estimate.mean):
        return missing if estimate.mean is None and estimate.n else "-"
    low, high = (None if end is None or math.isinf(end) else end for end in (estimate.low, estimate.high))
    notes = []
    if count_seeds and estimate.n_reached < estimate.n:
        notes.append(f"{estimate.n_reached} of {plural(estimate.n, 'seed')}")
    ends = ""
    if is_too_wide(estimate, share=share):
        # An interval that is not over seeds (of a fit) has no number of them.
        if not notes and estimate.n_reached >= FEWEST:
            notes.append(plural(estimate.n_reached, "seed"))
        notes.append(TOO_WIDE)
    elif low is not None and high is not None:
        ends = f" [{write(low)},{space}{write(high)}]"
    elif high is not None:
        notes.append(f"at most {write(high)}")
    elif low is not None:
        notes.append(f"at least {write(low)}")
    return f"{write(estimate.mean)}{ends}" + (f" ({', '.join(notes)})" if notes else "")


def share_of(share: Interval) -> str:
    """Write a share of a gain in per cent, with its interval and the number of seeds that have it."""
    if share.mean is None:
        return "-"
    counted = "" if is_too_wide(share, share=True) else f" (n = {share.n_reached})"
    return interval(share, share=True, count_seeds=False) + counted


def plural(count: int, word: str) -> str:
    """Write a count with its noun."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def policy_label(policy: str) -> str:
    """Say a policy's name in words."""
    iteration = snapshot(policy)
    if iteration is not None:
        return f"search, iteration {iteration}"
    return POLICIES[policy].label if policy in POLICIES else policy.replace("_", " ")
