"""How our number for each claim is computed from the tables of one seed; None where there is no number.

A quantity is a function of a seed and a policy, a measure is a function of a seed alone.
"""

import functools
import operator
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from lawpipe.analysis import acceleration, asymptote
from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.paper.values import COEFFICIENTS, MIXED_UNITS, Published
from lawpipe.results import problem
from lawpipe.results.experiment import Seed
from lawpipe.run.splits import REFERENCES

Floats = npt.NDArray[np.float64]
Quantity = Callable[[Seed, str], float | None]
Measure = Callable[[Seed], float | None]
#: From one seed of several sizes of an experiment, smallest first, to our number.
OfSizes = Callable[[Sequence[Seed]], float | None]

NEAR, CONVENTIONAL = "near_optimal", "conventional"
#: The number of values of the loss at which two similarities are compared.
LEVELS = 50


def summary(column: str, factor: float = 1.0) -> Quantity:
    """Return a column of the summary, times `factor`; None for a policy that the seed does not have."""

    def quantity(seed: Seed, policy: str) -> float | None:
        value = seed.summary.get(policy, {}).get(column)
        return None if value is None else factor * value

    return quantity


def share(name: str, kind: str | None = None, against: str | None = None) -> Quantity:
    """Return a property of zero weights, by kind of contribution and reference set where it depends on them."""
    return lambda seed, policy: seed.shares.get((policy, name, kind, against))


def fit(coefficient: str) -> Quantity:
    """Return a coefficient of the scaling law on the desired loss; None for a policy that the seed does not have."""
    return lambda seed, policy: seed.fits.get((policy, "desired"), {}).get(coefficient)


def of(policy: str, quantity: Quantity) -> Measure:
    """Return a quantity of one policy."""
    return lambda seed: quantity(seed, policy)


def combined(function: Callable[..., float | None], *measures: Measure) -> Measure:
    """Return a function of the numbers of some measures; None if any of them is missing."""

    def measure(seed: Seed) -> float | None:
        values = [measure(seed) for measure in measures]
        return None if None in values else function(*values)

    return measure


def quotient(above: Measure, below: Measure) -> Measure:
    """Return one number over another; None if either is missing or the lower one is 0."""
    return combined(lambda numerator, denominator: numerator / denominator if denominator else None, above, below)


def difference(first: Measure, second: Measure) -> Measure:
    """Return one number minus another; None if either is missing."""
    return combined(operator.sub, first, second)


def positive(inner: Measure) -> Measure:
    """Return a number if it is above 0, so that it has a logarithm."""
    return combined(lambda value: value if value > 0 else None, inner)


def ratio(quantity: Quantity, policy: str = NEAR, reference: str = CONVENTIONAL) -> Measure:
    """Return a quantity of one policy over that of another, by default near-optimal over conventional."""
    return quotient(of(policy, quantity), of(reference, quantity))


def change(quantity: Quantity) -> Measure:
    """Return a quantity of the near-optimal policy minus that of the conventional one."""
    return difference(of(NEAR, quantity), of(CONVENTIONAL, quantity))


def rank_correlation(first: Quantity, second: Quantity) -> Measure:
    """Return Spearman's correlation of two quantities over the policies along the search.

    None with fewer than four policies that have both, or if either quantity is constant.
    """

    def measure(seed: Seed) -> float | None:
        pairs = [(first(seed, policy), second(seed, policy)) for policy in seed.along_search]
        known = np.array([pair for pair in pairs if None not in pair], dtype=np.float64)
        if len(known) < 4 or not np.ptp(known, axis=0).all():
            return None
        return float(stats.spearmanr(known[:, 0], known[:, 1]).statistic)

    return measure


#: The fall of J on test over its fall on desired, from the conventional to the near-optimal policy.
gain_unseen: Measure = combined(
    lambda desired, test: test / desired if desired < 0 else None,
    *(change(summary(f"objective_{against}")) for against in REFERENCES),
)


def higher_throughout(against: str) -> Measure:
    """Return the share of loss levels at which the near-optimal policy's similarity is above the conventional one's.

    SIM[t] is taken as a function of the loss at t, linear in ln L between measured steps. The levels are evenly
    spaced in ln L over the losses that both policies pass through.
    """

    def measure(seed: Seed) -> float | None:
        losses = seed.losses(against)
        lines = [_against_loss(seed, policy, against, losses[policy]) for policy in (NEAR, CONVENTIONAL)]
        if min(len(x) for x, _ in lines) < 2:
            return None
        low, high = max(x[0] for x, _ in lines), min(x[-1] for x, _ in lines)
        if not low < high:
            return None
        levels = np.linspace(low, high, LEVELS)
        near, conventional = (np.interp(levels, x, y) for x, y in lines)
        return float((near > conventional).mean())

    return measure


def _against_loss(seed: Seed, policy: str, against: str, losses: Floats) -> tuple[Floats, Floats]:
    """Return ln L, in rising order, and SIM at the measured steps that have one."""
    rows = [row for row in seed.measured[policy, against, "instantaneous"] if row["similarity"] is not None]
    logarithms = np.log([losses[row["step"]] for row in rows])
    order = np.argsort(logarithms)
    return logarithms[order], np.array([row["similarity"] for row in rows], dtype=np.float64)[order]


def speed_error(seed: Seed) -> float | None:
    """Return the median over measured steps of |weighted mean contribution / global speed - 1|, near-optimal policy.

    The weighted mean of the contributions is the speed of the loss to first order in the learning rate.
    """
    rows = seed.measured[NEAR, "desired", "instantaneous"]
    errors = [
        abs(row["mean"] / row["global_speed"] - 1) for row in rows if row["mean"] is not None and row["global_speed"]
    ]
    return float(np.median(errors)) if errors else None


def corrupted_weight(seed: Seed) -> float | None:
    """Return the near-optimal weight on corrupted examples over their share of the examples."""
    fraction = problem.corrupted_share(seed.settings)
    weight = seed.summary[NEAR]["weight_on_perturbed"]
    return weight / fraction if weight is not None and fraction else None


#: The smaller r^2 of the two policies' fits.
worse_fit: Measure = combined(min, of(NEAR, fit("r_squared")), of(CONVENTIONAL, fit("r_squared")))


def acceleration_at(steps: int) -> Measure:
    """Return the acceleration after `steps` steps that the two fitted laws on the desired loss imply (equation 9)."""
    laws = [of(policy, fit(name)) for policy in (CONVENTIONAL, NEAR) for name in ("scale", "exponent")]
    return combined(functools.partial(acceleration.acceleration_from_fits, steps=steps), *laws)


def growth(seed: Seed) -> float | None:
    """Return the acceleration from the fits at the paper's 10M steps over that at T."""
    return quotient(acceleration_at(FAR), acceleration_at(seed.settings["training"]["steps"]))(seed)


def asymptote_of(coefficient: str) -> Measure:
    """Return a, b or c of SIM = c ln(a / (b - CR)) through the policies along the search, CR in the paper's units."""

    def measure(seed: Seed) -> float | None:
        unit = MIXED_UNITS if problem.name(seed.settings) == problem.LANGUAGE_MODEL else 1.0
        rows = [seed.summary[policy] for policy in seed.along_search]
        pairs = [(row["compression_ratio_desired"], row["similarity_desired"]) for row in rows]
        known = [pair for pair in pairs if None not in pair]
        curve = asymptote.fit([unit * compression for compression, _ in known], [alike for _, alike in known])
        return None if curve is None else float(getattr(curve, coefficient))

    return measure


#: Our numbers for the published values that no column of a table has.
BY_CLAIM: dict[str, Measure] = {
    **{f"asymptote_{coefficient}": asymptote_of(coefficient) for coefficient in "abc"},
    "acceleration_at_10m_steps": acceleration_at(FAR),
}


def of_value(value: Published) -> Measure:
    """Return our number of the same meaning as a published value that has a claim."""
    if value.measure is None:
        return BY_CLAIM[value.claim]
    policy = value.policy or CONVENTIONAL
    if value.measure in COEFFICIENTS:
        return of(policy, fit(value.measure))
    return of(policy, summary(f"{value.measure}_desired", MIXED_UNITS if value.mixed_units else 1.0))


def largest_over_smallest(inner: Measure) -> OfSizes:
    """Return a number at the largest size over that at the smallest."""
    return lambda seeds: quotient(lambda _: inner(seeds[-1]), inner)(seeds[0])


def extreme(inner: Measure, pick: Callable[..., float]) -> OfSizes:
    """Return the number that `pick` (max or min) chooses among the sizes; None if a size has none."""
    return lambda seeds: None if None in (values := [inner(seed) for seed in seeds]) else pick(values)
