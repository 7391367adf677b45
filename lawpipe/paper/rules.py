"""The rules of a verdict, fixed before the runs that they judge.

A rule takes our value over the seeds (mean, 95 % t interval, number of seeds) and returns whether the paper's
statement is reproduced, partly reproduced or not reproduced, with the reason in a sentence. A claim is not tested if
no seed has a value, except where that is itself the answer: a loss that was never reached.
"""

import math
from dataclasses import dataclass
from functools import partial

from lawpipe.analysis.intervals import Interval
from lawpipe.results.numbers import interval, number

REPRODUCED, PARTLY, NOT_REPRODUCED, NOT_TESTED = VERDICTS = ("reproduced", "partly", "not_reproduced", "not_tested")


@dataclass(frozen=True)
class Judgement:
    """A verdict, one of `VERDICTS`, and why."""

    verdict: str
    reason: str


NO_VALUE = Judgement(NOT_TESTED, "no seed has a value")


@dataclass(frozen=True)
class Beyond:
    """A statement of direction: the value is above a mark, or below it.

    - Reproduced: every seed has a value, and the whole interval is beyond the mark.
    - Partly: the mean is beyond the mark, but the interval includes it, there is only one seed, or a seed has no
      value.
    - Not reproduced: otherwise. Where `missing` is this verdict, a value in less than half of the seeds is, too.

    `below` tells that the statement is "below the mark"; `missing` is the judgement if no seed has a value.
    """

    mark: float
    below: bool = False
    missing: Judgement = NO_VALUE

    def judge(self, ours: Interval) -> Judgement:
        """Judge the direction."""
        if ours.mean is None:
            return self.missing
        side, sign = ("below", -1) if self.below else ("above", 1)
        mark, shown = number(self.mark), written(ours)
        if self.missing.verdict == NOT_REPRODUCED and 2 * ours.n_reached < ours.n:
            return Judgement(NOT_REPRODUCED, f"only {_reached(ours)} have a value, {shown}")
        if sign * (ours.mean - self.mark) <= 0:
            return Judgement(NOT_REPRODUCED, f"{shown} is not {side} {mark}")
        if ours.n_reached < ours.n:
            return Judgement(PARTLY, f"{shown} is {side} {mark}, but only {_reached(ours)} have a value")
        if ours.low is None or ours.high is None:
            return Judgement(PARTLY, f"{shown} is {side} {mark}, in one seed: no interval")
        if sign * ((ours.high if self.below else ours.low) - self.mark) <= 0:
            return Judgement(PARTLY, f"{shown} is {side} {mark}, but its interval is not wholly so")
        return Judgement(REPRODUCED, f"{shown} is {side} {mark}, with its whole interval")


@dataclass(frozen=True)
class Near:
    """A statement of a value.

    - Reproduced: every seed has a value, and our mean is within `factor` of the paper's value or our interval holds
      it.
    - Partly: our interval holds the paper's value but is too wide to tell, because it includes `mark` or reaches
      beyond `factor` squared of that value; or our mean is within `factor` but a seed has no value; or our mean is
      further off, but on the paper's side of `mark`.
    - Not reproduced: otherwise.

    Attributes:
        low: the paper's value, or the lower end of its range.
        high: the same as `low`, or the upper end; infinite for a lower bound.
        factor: the factor within which two values count as the same.
        mark: the value that means no effect, if there is one.
        missing: the judgement if no seed has a value.
    """

    low: float
    high: float
    factor: float
    mark: float | None = None
    missing: Judgement = NO_VALUE

    def judge(self, ours: Interval) -> Judgement:
        """Judge the distance."""
        if ours.mean is None:
            return self.missing
        shown = written(ours)
        ends = dict.fromkeys(map(number, (self.low, self.high)))
        theirs = f"at least {number(self.low)}" if math.isinf(self.high) else " to ".join(ends)
        within = f"within a factor of {number(self.factor)} of the paper's {theirs}"
        is_within = self.low / self.factor <= ours.mean <= self.high * self.factor
        reached = ours.n_reached == ours.n
        if is_within and reached:
            return Judgement(REPRODUCED, f"{shown} is {within}")
        # Without an interval, every comparison with its ends is false.
        low, high = (math.nan if end is None else end for end in (ours.low, ours.high))
        if reached and low <= self.high and self.low <= high:
            no_effect = self.mark is not None and low <= self.mark <= high
            if no_effect or low < self.low / self.factor**2 or self.high * self.factor**2 < high:
                return Judgement(PARTLY, f"{shown} includes the paper's {theirs}, but is too wide to tell")
            return Judgement(REPRODUCED, f"{shown} includes the paper's {theirs}")
        if is_within:
            return Judgement(PARTLY, f"{shown} is {within}, but only {_reached(ours)} have a value")
        if self.mark is not None and (ours.mean - self.mark) * (self.low - self.mark) > 0:
            return Judgement(PARTLY, f"{shown} is on the same side of {number(self.mark)}, but not {within}")
        return Judgement(NOT_REPRODUCED, f"{shown} is not {within}")


@dataclass(frozen=True)
class Degree:
    """A statement of degree: reproduced if the mean reaches `full`, partly if it reaches `some`, else not.

    The statement is one like "nearly all" or, with `most`, one of smallness, for which lower values are further.
    """

    full: float
    some: float
    missing: Judgement = NO_VALUE
    most: bool = False

    def judge(self, ours: Interval) -> Judgement:
        """Judge the degree."""
        if ours.mean is None:
            return self.missing
        sign, reaching, failing = (-1, "at most", "above") if self.most else (1, "at least", "below")
        shown, low, high = written(ours), *map(number, sorted((self.full, self.some)))
        if sign * (ours.mean - self.full) >= 0:
            reached = f"{shown} is {reaching} {number(self.full)}"
            if ours.n_reached < ours.n:
                return Judgement(PARTLY, f"{reached}, but only {_reached(ours)} have a value")
            return Judgement(REPRODUCED, reached)
        if sign * (ours.mean - self.some) >= 0:
            return Judgement(PARTLY, f"{shown} is between {low} and {high}")
        return Judgement(NOT_REPRODUCED, f"{shown} is {failing} {number(self.some)}")


AtLeast, AtMost = Degree, partial(Degree, most=True)

#: The rule of a claim.
Rule = Beyond | Near | Degree


#: Writes a mean with its interval as plain text.
written = partial(interval, count_seeds=False, space=" ")


def _reached(ours: Interval) -> str:
    """Return how many seeds have a value, as text."""
    return f"{ours.n_reached} of {ours.n} seeds"
