"""How numbers are written for people: few digits, the interval, how many seeds."""

import math

from lawpipe.policies.catalogue import POLICIES
from lawpipe.results.experiment import OverSeeds, snapshot

#: Keeps an interval, or a number and its unit, on one line.
UNBROKEN = "\N{NO-BREAK SPACE}"


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with so many significant digits; `-` where there is none."""
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
    """Write a share in per cent; shares that are not all but nearly so are not rounded to 100 %."""
    if share is None or not math.isfinite(share):
        return "-"
    value = 100 * share
    if 99.95 <= value < 100:
        return f"> 99.9{UNBROKEN}%"
    if 0 < value < 0.05:
        return f"< 0.1{UNBROKEN}%"
    return f"{value:.1f}{UNBROKEN}%"


def over_seeds(quantity: OverSeeds, missing: str = "-", digits: int = 3) -> str:
    """Write a mean with its interval in brackets, and how many seeds have a value where not all do.

    `missing` is written where no seed has one.
    """
    if quantity.n == 0:
        return "-"
    if quantity.n_reached == 0:
        return missing
    bounds = f" [{number(quantity.low, digits)},{UNBROKEN}{number(quantity.high, digits)}]"
    interval = bounds if math.isfinite(quantity.low) else ""
    reached = "" if quantity.n_reached == quantity.n else f" ({quantity.n_reached} of {quantity.n} seeds)"
    return f"{number(quantity.mean, digits)}{interval}{reached}"


def plural(count: int, word: str) -> str:
    """Write a count with its noun."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def policy_label(policy: str) -> str:
    """Say a policy's name in words."""
    iteration = snapshot(policy)
    if iteration is not None:
        return f"search, iteration {iteration}"
    return POLICIES[policy].label if policy in POLICIES else policy.replace("_", " ")
