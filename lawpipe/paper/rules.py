"""The rules of a verdict, fixed before the runs that they judge.

A rule takes our value over the seeds (mean, 95 % t interval, number of seeds) and returns whether the paper's
statement is reproduced, partly reproduced or not reproduced, with the reason in a sentence. It is reproduced only if
every seed has a value and the whole interval excludes the alternative: values on the other side of the rule's limits.
So fewer than three seeds, which have no interval, reproduce a statement partly at most. A claim is not tested if no
seed has a value, except where that is itself the answer: a loss that was never reached.
"""

import math
from dataclasses import dataclass
from functools import partial

from scipy import special

from lawpipe.analysis.intervals import CONFIDENCE, Interval
from lawpipe.results.numbers import interval, number

REPRODUCED, PARTLY, NOT_REPRODUCED, NOT_TESTED = VERDICTS = ("reproduced", "partly", "not_reproduced", "not_tested")


@dataclass(frozen=True)
class Judgement:
    """A verdict, one of `VERDICTS`, and why."""

    verdict: str
    reason: str

    def with_caveat(self, caveat: str) -> "Judgement":
        """Return the judgement of a number that does not mean what it says: at most partly, for that reason.

        Without a caveat it is the judgement itself.
        """
        return Judgement(PARTLY if self.verdict == REPRODUCED else self.verdict, caveat) if caveat else self


NO_VALUE = Judgement(NOT_TESTED, "no seed has a value")


@dataclass(frozen=True)
class Limit:
    """One end of the values with which a statement holds: those above `mark` or, with `below`, those below it."""

    mark: float
    below: bool = False

    @property
    def sign(self) -> int:
        """1 if values above the mark are within, -1 if those below it are."""
        return -1 if self.below else 1

    def allows(self, value: float, *, itself: bool = True) -> bool:
        """Return whether a value is within the limit; the mark is, unless `itself` is false."""
        distance = self.sign * (value - self.mark)
        return distance > 0 or (itself and distance == 0)

    def excluded_by(self, ours: Interval, *, itself: bool = True) -> bool:
        """Return whether an interval excludes all values beyond the limit; false if there is no interval."""
        end = ours.high if self.below else ours.low
        return end is not None and self.allows(end, itself=itself)

    def p(self, ours: Interval, *, logarithmic: bool = False) -> float | None:
        """Return twice the one-sided p-value of Student's t-test that the mean is not within the limit, at most 1.

        Twice, so that it is below 0.05 exactly where the 95 % interval excludes the alternative. The test is of the
        logarithms if the mean is `logarithmic`, as the interval is. None if there is no interval, or if all seeds
        have the same value, of which there is no such test.
        """
        if ours.mean is None or ours.low is None or ours.high is None:
            return None
        scale = _logarithm if logarithmic else float
        mean, low, mark = scale(ours.mean), scale(ours.low), scale(self.mark)
        distance, half = self.sign * (mean - mark), mean - low
        if not half > 0:
            return None
        freedom = ours.n_reached - 1
        t = distance / half * special.stdtrit(freedom, (1 + CONFIDENCE) / 2)
        return min(1.0, 2 * float(special.stdtr(freedom, -t)))


def _logarithm(value: float) -> float:
    """Return the natural logarithm, -inf of 0."""
    return math.log(value) if value > 0 else -math.inf


def p_value(rule: "Rule", ours: Interval, *, logarithmic: bool = False) -> float | None:
    """Return the p-value with which our value excludes the alternative of a rule: the largest of its limits'."""
    values = [limit.p(ours, logarithmic=logarithmic) for limit in rule.limits]
    return None if None in values else max(value for value in values if value is not None)


@dataclass(frozen=True)
class Beyond:
    """A statement of direction: the value is above a mark, or below it.

    - Reproduced: every seed has a value, and the whole interval is beyond the mark.
    - Partly: the mean is beyond the mark, but the interval includes it, there is no interval, or a seed has no value.
    - Not reproduced: otherwise. Where `missing` is this verdict, a value in less than half of the seeds is, too.

    `below` tells that the statement is "below the mark"; `missing` is the judgement if no seed has a value.
    """

    mark: float
    below: bool = False
    missing: Judgement = NO_VALUE

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits that the interval must not cross."""
        return (Limit(self.mark, self.below),)

    def judge(self, ours: Interval) -> Judgement:
        """Judge the direction."""
        if ours.mean is None:
            return self.missing
        (limit,) = self.limits
        shown, stated = written(ours), f"{'below' if self.below else 'above'} {number(self.mark)}"
        if self.missing.verdict == NOT_REPRODUCED and 2 * ours.n_reached < ours.n:
            return Judgement(NOT_REPRODUCED, f"only {_reached(ours)} have a value, {shown}")
        if not limit.allows(ours.mean, itself=False):
            return Judgement(NOT_REPRODUCED, f"{shown} is not {stated}")
        return _if_certain(ours, f"{shown} is {stated}", limit.excluded_by(ours, itself=False))


@dataclass(frozen=True)
class Near:
    """A statement of a value.

    - Reproduced: every seed has a value, and the whole interval is within `factor` of the paper's value.
    - Partly: our mean is within `factor`, but the interval is not wholly so, there is none, or a seed has no value;
      or the interval holds the paper's value; or it is further off, but wholly on the paper's side of `mark`.
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

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits that the interval must not cross."""
        least, most = Limit(self.low / self.factor), Limit(self.high * self.factor, below=True)
        return (least,) if math.isinf(self.high) else (least, most)

    def judge(self, ours: Interval) -> Judgement:
        """Judge the distance."""
        if ours.mean is None:
            return self.missing
        ends = dict.fromkeys(map(number, (self.low, self.high)))
        theirs = f"at least {number(self.low)}" if math.isinf(self.high) else " to ".join(ends)
        shown, within = written(ours), f"within a factor of {number(self.factor)} of the paper's {theirs}"
        if all(limit.allows(ours.mean) for limit in self.limits):
            certain = all(limit.excluded_by(ours) for limit in self.limits)
            return _if_certain(ours, f"{shown} is {within}", certain)
        if ours.low is not None and ours.high is not None and ours.low <= self.high and self.low <= ours.high:
            return Judgement(PARTLY, f"{shown} includes the paper's {theirs}, but its mean is not {within}")
        if self.mark is not None and Limit(self.mark, below=self.low < self.mark).excluded_by(ours, itself=False):
            return Judgement(PARTLY, f"{shown} is on the same side of {number(self.mark)}, but not {within}")
        return Judgement(NOT_REPRODUCED, f"{shown} is not {within}")


@dataclass(frozen=True)
class Degree:
    """A statement of degree, like "nearly all" or, with `most`, one of smallness, for which lower values are further.

    - Reproduced: every seed has a value, and the whole interval reaches `full`.
    - Partly: the mean reaches `full`, but the interval is not wholly so, there is none, or a seed has no value; or
      the mean reaches `some`.
    - Not reproduced: otherwise.
    """

    full: float
    some: float
    missing: Judgement = NO_VALUE
    most: bool = False

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits that the interval must not cross."""
        return (Limit(self.full, self.most),)

    def judge(self, ours: Interval) -> Judgement:
        """Judge the degree."""
        if ours.mean is None:
            return self.missing
        (limit,) = self.limits
        reaching, failing = ("at most", "above") if self.most else ("at least", "below")
        shown, low, high = written(ours), *map(number, sorted((self.full, self.some)))
        if limit.allows(ours.mean):
            return _if_certain(ours, f"{shown} is {reaching} {number(self.full)}", limit.excluded_by(ours))
        if Limit(self.some, self.most).allows(ours.mean):
            return Judgement(PARTLY, f"{shown} is between {low} and {high}")
        return Judgement(NOT_REPRODUCED, f"{shown} is {failing} {number(self.some)}")


AtLeast, AtMost = Degree, partial(Degree, most=True)

#: The rule of a claim.
Rule = Beyond | Near | Degree


#: Writes a mean with its interval as plain text.
written = partial(interval, count_seeds=False, space=" ")


def _if_certain(ours: Interval, statement: str, certain: bool) -> Judgement:
    """Judge a statement that the mean fulfils; `certain` tells whether the interval excludes the alternative."""
    if ours.n_reached < ours.n:
        return Judgement(PARTLY, f"{statement}, but only {_reached(ours)} have a value")
    if ours.low is None:
        seeds = "one seed has" if ours.n == 1 else f"{ours.n} seeds have"
        return Judgement(PARTLY, f"{statement}, but {seeds} no interval")
    if not certain:
        return Judgement(PARTLY, f"{statement}, but its interval is not wholly so")
    return Judgement(REPRODUCED, f"{statement}, with its whole interval")


def _reached(ours: Interval) -> str:
    """Return how many seeds have a value, as text."""
    return f"{ours.n_reached} of {ours.n} seeds"
