"""The rules of a verdict, fixed before the runs they judge.

A rule takes our value over the seeds (mean, 95 % t interval, number of seeds) and says whether the paper's statement
is reproduced, partly so, or not, with the reason in a sentence. What no seed has a value for is not tested, except
where having none is itself the answer (a loss that was never reached).
"""

import math
from dataclasses import dataclass
from typing import Protocol

from lawpipe.analysis.intervals import Interval
from lawpipe.results.numbers import interval, number

REPRODUCED, PARTLY, NOT_REPRODUCED, NOT_TESTED = VERDICTS = ("reproduced", "partly", "not_reproduced", "not_tested")


@dataclass(frozen=True)
class Judgement:
    """A verdict, one of `VERDICTS`, and why."""

    verdict: str
    reason: str


class Rule(Protocol):
    """What every rule can do."""

    def judge(self, found: Interval) -> Judgement:
        """Judge our value over the seeds; `found.mean` is None where no seed has one."""
        ...


@dataclass(frozen=True)
class Beyond:
    """A statement of direction: the value is above (or below) a mark.

    Reproduced if every seed has a value and the whole interval is beyond the mark; partly if the mean is, but the
    interval includes the mark, there is one seed only, or a seed has no value; else not reproduced. Where having no
    value is an answer itself, so is having one in less than half of the seeds.
    """

    mark: float
    below: bool = False
    #: The verdict where no seed has a value, and what that means.
    missing: Judgement = Judgement(NOT_TESTED, "no seed has a value")

    def judge(self, found: Interval) -> Judgement:
        """Judge the direction."""
        if found.mean is None:
            return self.missing
        side, sign = ("below", -1) if self.below else ("above", 1)
        mark, shown = number(self.mark), written(found)
        if self.missing.verdict == NOT_REPRODUCED and 2 * found.n_reached < found.n:
            return Judgement(NOT_REPRODUCED, f"only {_reached(found)} have a value, {shown}")
        if sign * (found.mean - self.mark) <= 0:
            return Judgement(NOT_REPRODUCED, f"{shown} is not {side} {mark}")
        if found.n_reached < found.n:
            return Judgement(PARTLY, f"{shown} is {side} {mark}, but only {_reached(found)} have a value")
        if found.low is None or found.high is None:
            return Judgement(PARTLY, f"{shown} is {side} {mark}, in one seed: no interval")
        if sign * ((found.high if self.below else found.low) - self.mark) <= 0:
            return Judgement(PARTLY, f"{shown} is {side} {mark}, but its interval is not wholly so")
        return Judgement(REPRODUCED, f"{shown} is {side} {mark}, with its whole interval")


@dataclass(frozen=True)
class Near:
    """A statement of a value: `low` to `high`, the same for a single value; `high` is infinite for a lower bound.

    Reproduced if our mean is within `factor` of the paper's value, or our interval holds it; partly if our mean is on
    the paper's side of `mark` (no effect) but further off, or a seed has no value; else not reproduced. An interval
    that includes `mark` or reaches beyond `factor` squared of the paper's value is too wide to tell: it is partly so.
    """

    low: float
    high: float
    factor: float
    mark: float | None = None
    missing: Judgement = Judgement(NOT_TESTED, "no seed has a value")

    def judge(self, found: Interval) -> Judgement:
        """Judge the distance."""
        if found.mean is None:
            return self.missing
        low, high = self.low / self.factor, self.high * self.factor
        shown, theirs = written(found), self._theirs()
        within = f"within a factor of {number(self.factor)} of the paper's {theirs}"
        reached = found.n_reached == found.n
        if low <= found.mean <= high and reached:
            return Judgement(REPRODUCED, f"{shown} is {within}")
        if reached and self._holds(found):
            if self._tells(found):
                return Judgement(REPRODUCED, f"{shown} includes the paper's {theirs}")
            return Judgement(PARTLY, f"{shown} includes the paper's {theirs}, but is too wide to tell")
        if low <= found.mean <= high:
            return Judgement(PARTLY, f"{shown} is {within}, but only {_reached(found)} have a value")
        if self.mark is not None and (found.mean - self.mark) * (self.low - self.mark) > 0:
            return Judgement(PARTLY, f"{shown} is on the same side of {number(self.mark)}, but not {within}")
        return Judgement(NOT_REPRODUCED, f"{shown} is not {within}")

    def _holds(self, found: Interval) -> bool:
        """Tell whether the interval holds a value of the paper's."""
        return found.low is not None and found.high is not None and found.low <= self.high and self.low <= found.high

    def _tells(self, found: Interval) -> bool:
        """Tell whether the interval is narrow enough to tell the paper's value from others."""
        if found.low is None or found.high is None:
            return False
        if self.mark is not None and found.low <= self.mark <= found.high:
            return False
        return self.low / self.factor**2 <= found.low and found.high <= self.high * self.factor**2

    def _theirs(self) -> str:
        """Write the paper's value."""
        if math.isinf(self.high):
            return f"at least {number(self.low)}"
        return number(self.low) if self.low == self.high else f"{number(self.low)} to {number(self.high)}"


@dataclass(frozen=True)
class AtLeast:
    """A statement of degree ("nearly all"): reproduced if the mean is at least `full`, partly from `some` on."""

    full: float
    some: float
    missing: Judgement = Judgement(NOT_TESTED, "no seed has a value")

    def judge(self, found: Interval) -> Judgement:
        """Judge the degree."""
        if found.mean is None:
            return self.missing
        shown, full, some = written(found), number(self.full), number(self.some)
        if found.mean >= self.full and found.n_reached == found.n:
            return Judgement(REPRODUCED, f"{shown} is at least {full}")
        if found.mean >= self.full:
            return Judgement(PARTLY, f"{shown} is at least {full}, but only {_reached(found)} have a value")
        if found.mean >= self.some:
            return Judgement(PARTLY, f"{shown} is between {some} and {full}")
        return Judgement(NOT_REPRODUCED, f"{shown} is below {some}")


@dataclass(frozen=True)
class AtMost:
    """A statement of smallness: reproduced if the mean is at most `full`, partly up to `some`."""

    full: float
    some: float
    missing: Judgement = Judgement(NOT_TESTED, "no seed has a value")

    def judge(self, found: Interval) -> Judgement:
        """Judge the degree."""
        if found.mean is None:
            return self.missing
        shown, full, some = written(found), number(self.full), number(self.some)
        if found.mean <= self.full and found.n_reached == found.n:
            return Judgement(REPRODUCED, f"{shown} is at most {full}")
        if found.mean <= self.full:
            return Judgement(PARTLY, f"{shown} is at most {full}, but only {_reached(found)} have a value")
        if found.mean <= self.some:
            return Judgement(PARTLY, f"{shown} is between {full} and {some}")
        return Judgement(NOT_REPRODUCED, f"{shown} is above {some}")


def written(found: Interval) -> str:
    """Write a mean with its interval, in plain text."""
    return interval(found, count_seeds=False, space=" ")


def _reached(found: Interval) -> str:
    """Say how many seeds have a value."""
    return f"{found.n_reached} of {found.n} seeds"
