"""How our number for each claim is computed from the tables of one seed; NaN where there is no number.

A quantity is the name of a column of the summary or of a coefficient of the scaling law on the desired loss, or a
share of zero weights: property, kind of contribution and reference set. A measure is a function of a seed.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from lawpipe.analysis import asymptote, overfitting
from lawpipe.analysis.acceleration import acceleration_from_fits
from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.paper.values import ASYMPTOTE, COEFFICIENTS, MIXED_UNITS, Published
from lawpipe.results import certificate, problem
from lawpipe.results.experiment import Seed
from lawpipe.run.splits import REFERENCES
from lawpipe.run.tables.policies import SEARCH

Quantity = str | tuple[str, str | None, str | None]
Measure = Callable[[Seed], float]

NEAR, CONVENTIONAL = "near_optimal", "conventional"
#: The number of values of the loss at which two similarities are compared.
LEVELS = 50


def number(seed: Seed, policy: str, quantity: Quantity) -> float:
    """Return a quantity of a policy; NaN if the seed does not have it."""
    if isinstance(quantity, tuple):
        value = seed.shares.get((policy, *quantity))
    elif quantity in COEFFICIENTS:
        value = seed.fits.get((policy, "desired"), {}).get(quantity)
    else:
        value = seed.summary.get(policy, {}).get(quantity)
    return math.nan if value is None else value


def of(policy: str, quantity: Quantity) -> Measure:
    """Return a quantity of one policy."""
    return lambda seed: number(seed, policy, quantity)


def quotient(above: Measure, below: Measure) -> Measure:
    """Return one number over another; NaN if the lower one is 0."""
    return lambda seed: above(seed) / (below(seed) or math.nan)


def difference(first: Measure, second: Measure) -> Measure:
    """Return one number minus another."""
    return lambda seed: first(seed) - second(seed)


def positive(inner: Measure) -> Measure:
    """Return a number if it is above 0, so that it has a logarithm."""
    return lambda seed: value if (value := inner(seed)) > 0 else math.nan


def ratio(quantity: Quantity, policy: str = NEAR, reference: str = CONVENTIONAL) -> Measure:
    """Return a quantity of one policy over that of another, by default near-optimal over conventional."""
    return quotient(of(policy, quantity), of(reference, quantity))


def change(quantity: Quantity) -> Measure:
    """Return a quantity of the near-optimal policy minus that of the conventional one."""
    return difference(of(NEAR, quantity), of(CONVENTIONAL, quantity))


def along_search(seed: Seed, first: Quantity, second: Quantity) -> npt.NDArray[np.float64]:
    """Return two quantities [2, n] of the n policies along the search that have both."""
    pairs = np.array([[number(seed, policy, name) for policy in seed.along_search] for name in (first, second)])
    return pairs[:, ~np.isnan(pairs).any(axis=0)]


def rank_correlation(first: Quantity, second: Quantity) -> Measure:
    """Return Spearman's correlation of two quantities over the policies along the search.

    NaN with fewer than four policies that have both, or if either quantity is constant.
    """

    def measure(seed: Seed) -> float:
        known = along_search(seed, first, second)
        if known.shape[1] < 4 or not np.ptp(known, axis=1).all():
            return math.nan
        return float(stats.spearmanr(*known).statistic)

    return measure


def no_share(seeds: Sequence[Seed]) -> str:
    """Say why the near-optimal policy's gap is no share of J in some seeds; nothing if it is one in all."""
    return certificate.caveat([certificate.certificate(seed.summary[NEAR]) for seed in seeds if NEAR in seed.summary])


def gain_unseen(seed: Seed) -> float:
    """Return the fall of J on test over its fall on desired, from the conventional to the near-optimal policy."""
    desired, test = (change(f"objective_{against}")(seed) for against in REFERENCES)
    return test / desired if desired < 0 else math.nan


def further_unseen(seed: Seed) -> float:
    """Return the fall of J on test over its fall on desired, over the second half of the search's gain."""
    accepted = [row for row in seed.rows(SEARCH) if row["accepted"]]
    return overfitting.further_unseen(*([row[name] for row in accepted] for name in ("objective", "test_objective")))


def higher_throughout(against: str) -> Measure:
    """Return the share of loss levels at which the near-optimal policy's similarity is above the conventional one's.

    SIM[t] is taken as a function of the loss at t, linear in ln L between measured steps. The levels are evenly
    spaced in ln L over the losses that both policies pass through.
    """

    def measure(seed: Seed) -> float:
        losses, lines = seed.losses(against), []
        for policy in (NEAR, CONVENTIONAL):
            rows = [row for row in seed.measured[policy, against, "instantaneous"] if row["similarity"] is not None]
            lines.append(sorted((np.log(losses[policy][row["step"]]), row["similarity"]) for row in rows))
        if min(map(len, lines)) < 2:
            return math.nan
        (x, y), (x_conventional, y_conventional) = (np.transpose(line) for line in lines)
        low, high = max(x[0], x_conventional[0]), min(x[-1], x_conventional[-1])
        if not low < high:
            return math.nan
        levels = np.linspace(low, high, LEVELS)
        near, conventional = np.interp(levels, x, y), np.interp(levels, x_conventional, y_conventional)
        return float((near > conventional).mean())

    return measure


def speed_error(seed: Seed) -> float:
    """Return the median over measured steps of |weighted mean contribution / global speed - 1|, near-optimal policy.

    The weighted mean of the contributions is the speed of the loss to first order in the learning rate.
    """
    rows = seed.measured[NEAR, "desired", "instantaneous"]
    errors = [
        abs(row["mean"] / row["global_speed"] - 1) for row in rows if row["mean"] is not None and row["global_speed"]
    ]
    return float(np.median(errors)) if errors else math.nan


def corrupted_weight(seed: Seed) -> float:
    """Return the near-optimal weight on corrupted examples over their share of the examples."""
    return number(seed, NEAR, "weight_on_perturbed") / (problem.corrupted_share(seed.settings) or math.nan)


def worse_fit(seed: Seed) -> float:
    """Return the smaller r^2 of the two policies' fits."""
    return float(np.min([number(seed, policy, "r_squared") for policy in (NEAR, CONVENTIONAL)]))


def acceleration_at(steps: int) -> Measure:
    """Return the acceleration after `steps` steps that the two fitted laws on the desired loss imply (equation 9)."""

    def measure(seed: Seed) -> float:
        before, after = (
            (number(seed, policy, "scale"), number(seed, policy, "exponent")) for policy in (CONVENTIONAL, NEAR)
        )
        return acceleration_from_fits(*before, *after, steps) or math.nan

    return measure


def growth(seed: Seed) -> float:
    """Return the acceleration from the fits at the paper's 10M steps over that at T."""
    return quotient(acceleration_at(FAR), acceleration_at(seed.settings["training"]["steps"]))(seed)


def of_value(value: Published) -> Measure:
    """Return our number of the same meaning as a published value that has a claim.

    The coefficients of `ASYMPTOTE` are of the curve through the policies along the search, in the paper's units.
    """
    unit = MIXED_UNITS if value.mixed_units else 1.0

    def measure(seed: Seed) -> float:
        if value.measure in ASYMPTOTE:
            ratios, similarities = along_search(seed, "compression_ratio_desired", "similarity_desired")
            curve = asymptote.fit(MIXED_UNITS * ratios, similarities)
            return math.nan if curve is None else float(getattr(curve, value.measure[-1]))
        name = value.measure if value.measure in COEFFICIENTS else f"{value.measure}_desired"
        return unit * number(seed, value.policy or CONVENTIONAL, name)

    return measure
