import math

import pytest

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.paper.rules import NOT_TESTED, VERDICTS, AtLeast, AtMost, Beyond, Judgement, Near

NEVER = Judgement("not_reproduced", "never")


def interval(mean: float | None, half: float | None = None, n: int = 5, reached: int | None = None) -> Interval:
    bounds = (None, None) if half is None or mean is None else (mean - half, mean + half)
    return Interval(mean, *bounds, n, (0 if mean is None else n) if reached is None else reached)


@pytest.mark.parametrize(
    ("rule", "value", "verdict", "words"),
    [
        (Beyond(1), interval(2, 0.5), "reproduced", "2.00 [1.50, 2.50] is above 1.00, with its whole interval"),
        (Beyond(1), interval(2, 1.5), "partly", "not wholly"),
        (Beyond(1), interval(2, n=1), "partly", "one seed"),
        (Beyond(1), interval(2, 0.5, reached=4), "partly", "only 4 of 5 seeds"),
        (Beyond(1, missing=NEVER), interval(2, 0.5, reached=2), "not_reproduced", "only 2 of 5 seeds"),
        (Beyond(1, missing=NEVER), interval(2, 0.5, reached=3), "partly", "only 3 of 5 seeds"),
        (Beyond(1), interval(0.9, 0.5), "not_reproduced", "is not above 1.00"),
        (Beyond(1), interval(1, 0.0), "not_reproduced", "is not above 1.00"),
        (Beyond(1, below=True), interval(0.5, 0.2), "reproduced", "is below 1.00"),
        (Beyond(1, below=True), interval(0.9, 0.2), "partly", "not wholly"),
        (Beyond(1, below=True), interval(1.9, 0.2), "not_reproduced", "is not below 1.00"),
        (Beyond(0), interval(0.1, 0.05), "reproduced", "above 0"),
        (Beyond(1), interval(None), "not_tested", "no seed has a value"),
        (Beyond(1, missing=NEVER), interval(None), "not_reproduced", "never"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(5, 0.1), "reproduced", "within a factor of 1.25 of the paper's 5.50"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(7, 1.55), "reproduced", "includes the paper's 5.50"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(8, 3), "partly", "too wide to tell"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(50, 60), "partly", "too wide to tell"),
        (Near(2.0, 2.0, 2.0, mark=1), interval(5, 4), "partly", "too wide to tell"),
        (Near(1, 1, 1.1), interval(1.2, 0.6), "partly", "too wide to tell"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(8, 1), "partly", "same side of 1.00"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(5, 0.1, reached=4), "partly", "only 4 of 5 seeds"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(0.9, 0.1), "not_reproduced", "is not within"),
        (Near(4, 4, 1.1), interval(8, 1), "not_reproduced", "is not within"),
        (Near(6.5, 7, 1.1), interval(6.8, 1), "reproduced", "6.50 to 7.00"),
        (Near(6.5, 7, 1.1), interval(7.72, 0.74), "reproduced", "includes"),
        (Near(9, math.inf, 1.25, mark=1), interval(1000, 1), "reproduced", "at least 9.00"),
        (Near(9, math.inf, 1.25, mark=1), interval(3, 1), "partly", "same side"),
        (Near(9, math.inf, 1.25, mark=1), interval(0.5, 0.1), "not_reproduced", "not within"),
        (Near(4, 4, 1.1), interval(None), "not_tested", "no seed"),
        (AtLeast(0.9, 0.5), interval(0.9), "reproduced", "at least 0.900"),
        (AtLeast(0.9, 0.5), interval(0.95, reached=4), "partly", "only 4 of 5 seeds"),
        (AtLeast(0.9, 0.5), interval(0.7, 0.1), "partly", "between 0.500 and 0.900"),
        (AtLeast(0.9, 0.5), interval(0.2), "not_reproduced", "below 0.500"),
        (AtLeast(0.9, 0.5), interval(None), "not_tested", "no seed"),
        (AtMost(0.1, 0.5), interval(0.1), "reproduced", "at most 0.100"),
        (AtMost(0.1, 0.5), interval(0.05, reached=1), "partly", "only 1 of 5 seeds"),
        (AtMost(0.1, 0.5), interval(0.3), "partly", "between 0.100 and 0.500"),
        (AtMost(0.1, 0.5), interval(0.6), "not_reproduced", "above 0.500"),
        (AtMost(0.1, 0.5), interval(None), "not_tested", "no seed"),
    ],
)
def test_the_verdict_and_the_reason(rule, value, verdict, words) -> None:
    judged = rule.judge(value)
    assert judged.verdict == verdict
    assert words in judged.reason
    assert verdict in VERDICTS


def test_an_interval_on_a_logarithmic_scale_is_judged_as_it_is() -> None:
    judged = Beyond(1).judge(mean_interval([2.0, 8.0], logarithmic=True))
    # The geometric mean 4 with t(1) = 12.7: from far below 1 to far above.
    assert judged.verdict == "partly"
    assert judged.reason.startswith("4.00 [")


def test_without_a_value_the_default_verdict_is_not_tested() -> None:
    for rule in (Beyond(1), Near(1, 1, 2), AtLeast(1, 0), AtMost(0, 1)):
        assert rule.judge(Interval(None, None, None, 3, 0)).verdict == NOT_TESTED
