import math

import numpy as np
import pytest
from scipy import stats

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.paper.rules import NOT_TESTED, VERDICTS, AtLeast, AtMost, Beyond, Judgement, Near, p_value

NEVER = Judgement("not_reproduced", "never")


def interval(mean: float | None, half: float | None = None, n: int = 5, reached: int | None = None) -> Interval:
    bounds = (None, None) if half is None or mean is None else (mean - half, mean + half)
    return Interval(mean, *bounds, n, (0 if mean is None else n) if reached is None else reached)


@pytest.mark.parametrize(
    ("rule", "value", "verdict", "words"),
    [
        (Beyond(1), interval(2, 0.5), "reproduced", "2.00 [1.50, 2.50] is above 1.00, with its whole interval"),
        (Beyond(1), interval(2, 1.5), "partly", "not wholly"),
        (Beyond(1), interval(2, n=1), "partly", "one seed has no interval"),
        (Beyond(1), interval(2, n=2), "partly", "2 seeds have no interval"),
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
        (Near(5.5, 5.5, 1.25, mark=1), interval(5, 0.7), "partly", "not wholly"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(5, 50), "partly", "not wholly"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(5, n=1), "partly", "one seed has no interval"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(7, 1.55), "partly", "includes the paper's 5.50"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(50, 60), "partly", "includes the paper's 5.50"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(8, 1), "partly", "same side of 1.00"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(2, 1.5), "not_reproduced", "is not within"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(8, n=1), "not_reproduced", "is not within"),
        (Near(0.5, 0.5, 1.25, mark=1), interval(0.8, 0.1), "partly", "same side of 1.00"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(5, 0.1, reached=4), "partly", "only 4 of 5 seeds"),
        (Near(5.5, 5.5, 1.25, mark=1), interval(0.9, 0.1), "not_reproduced", "is not within"),
        (Near(4, 4, 1.1), interval(8, 1), "not_reproduced", "is not within"),
        (Near(6.5, 7, 1.1), interval(6.8, 0.5), "reproduced", "6.50 to 7.00"),
        (Near(6.5, 7, 1.1), interval(7.72, 0.74), "partly", "includes"),
        (Near(9, math.inf, 1.25, mark=1), interval(1000, 1), "reproduced", "at least 9.00"),
        (Near(9, math.inf, 1.25, mark=1), interval(3, 1), "partly", "same side"),
        (Near(9, math.inf, 1.25, mark=1), interval(0.5, 0.1), "not_reproduced", "not within"),
        (Near(4, 4, 1.1), interval(None), "not_tested", "no seed"),
        (AtLeast(0.9, 0.5), interval(0.95, 0.04), "reproduced", "at least 0.900"),
        (AtLeast(0.9, 0.5), interval(0.95, 0.06), "partly", "not wholly"),
        (AtLeast(10, 1), interval(18.4, 139), "partly", "not wholly"),
        (AtLeast(0.9, 0.5), interval(0.9, n=1), "partly", "one seed has no interval"),
        (AtLeast(0.9, 0.5), interval(0.95, reached=4), "partly", "only 4 of 5 seeds"),
        (AtLeast(0.9, 0.5), interval(0.7, 0.1), "partly", "between 0.500 and 0.900"),
        (AtLeast(0.9, 0.5), interval(0.2), "not_reproduced", "below 0.500"),
        (AtLeast(0.9, 0.5), interval(None), "not_tested", "no seed"),
        (AtMost(0.1, 0.5), interval(0.1, 0.0), "reproduced", "at most 0.100"),
        (AtMost(0.1, 0.5), interval(0.1, 0.01), "partly", "not wholly"),
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
    judged = Beyond(1).judge(mean_interval([1.0, 4.0, 16.0], logarithmic=True))
    # The geometric mean 4 with t(2) = 4.30: from far below 1 to far above.
    assert judged.verdict == "partly"
    assert judged.reason.startswith("4.00 (3 seeds, interval too wide to say more)")


@pytest.mark.parametrize(
    ("rule", "values", "alternative"),
    [
        (Beyond(1), [1.5, 1.1, 1.3, 1.2], "greater"),
        (Beyond(1), [0.5, 0.1, 1.3], "greater"),
        (Beyond(1, below=True), [0.5, 0.7, 0.9], "less"),
        (AtLeast(0.9, 0.5), [0.95, 0.99, 0.92], "greater"),
        (AtMost(0.9, 0.5), [0.95, 0.99, 0.92], "less"),
    ],
)
def test_the_p_value_is_twice_that_of_the_one_sided_t_test(rule, values, alternative: str) -> None:
    mark = rule.limits[0].mark
    expected = min(1, 2 * stats.ttest_1samp(values, mark, alternative=alternative).pvalue)
    assert p_value(rule, mean_interval(values)) == pytest.approx(expected)
    logarithms = np.log(values)
    expected = min(1, 2 * stats.ttest_1samp(logarithms, math.log(mark), alternative=alternative).pvalue)
    ours = mean_interval(values, logarithmic=True)
    assert p_value(rule, ours, logarithmic=True) == pytest.approx(expected)


def test_the_p_value_of_a_published_value_is_that_of_two_one_sided_tests() -> None:
    values = [4.9, 5.3, 5.6, 5.2]
    below = stats.ttest_1samp(values, 5.5 / 1.25, alternative="greater").pvalue
    above = stats.ttest_1samp(values, 5.5 * 1.25, alternative="less").pvalue
    rule = Near(5.5, 5.5, 1.25)
    assert p_value(rule, mean_interval(values)) == pytest.approx(2 * max(below, above))
    bound = Near(5.5, math.inf, 1.25)
    assert p_value(bound, mean_interval(values)) == pytest.approx(2 * below)


@pytest.mark.parametrize("rule", [Beyond(1), Beyond(1, below=True), Near(1, 1, 1.5), AtLeast(1, 0.5), AtMost(1, 2)])
def test_reproduced_means_a_p_value_below_a_twentieth(rule) -> None:
    generator = np.random.default_rng(0)
    verdicts = set()
    for _ in range(300):
        ours = mean_interval(generator.normal(generator.uniform(0.4, 1.6), generator.uniform(0.01, 0.5), 3))
        verdict = rule.judge(ours).verdict
        assert (verdict == "reproduced") == (p_value(rule, ours) < 0.05)
        verdicts.add(verdict)
    assert verdicts == {"reproduced", "partly", "not_reproduced"}


def test_there_is_no_p_value_without_an_interval_or_without_spread() -> None:
    assert p_value(Beyond(1), mean_interval([2.0, 3.0])) is None
    assert p_value(Beyond(1), mean_interval([])) is None
    assert p_value(Near(1, 1, 2), mean_interval([1.0, 1.0, 1.0])) is None


def test_without_a_value_the_default_verdict_is_not_tested() -> None:
    for rule in (Beyond(1), Near(1, 1, 2), AtLeast(1, 0), AtMost(0, 1)):
        assert rule.judge(Interval(None, None, None, 3, 0)).verdict == NOT_TESTED


@pytest.mark.parametrize(("verdict", "then"), [("reproduced", "partly"), ("not_reproduced", "not_reproduced")])
def test_a_caveat_leaves_partly_at_most_and_is_the_reason(verdict: str, then: str) -> None:
    judged = Judgement(verdict, "it is")
    assert judged.with_caveat("") == judged
    assert judged.with_caveat("but why") == Judgement(then, "but why")
