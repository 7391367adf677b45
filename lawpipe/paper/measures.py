"""How ours is computed for each claim: functions of the tables of one seed, None where there is no number."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from lawpipe.analysis import acceleration, asymptote
from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.results import problem
from lawpipe.results.experiment import Seed
from lawpipe.run.splits import REFERENCES

Floats = npt.NDArray[np.float64]
#: From one seed to our number.
Measure = Callable[[Seed], float | None]
#: From the same seed of several sizes of an experiment, smallest first, to our number.
OfSizes = Callable[[Sequence[Seed]], float | None]

NEAR, CONVENTIONAL = "near_optimal", "conventional"
#: Values of the loss at which two similarities are compared.
LEVELS = 50


def of_summary(policy: str, quantity: str, factor: float = 1.0) -> Measure:
    """Return a column of a policy's summary, times `factor`."""

    def measure(seed: Seed) -> float | None:
        value = seed.summary[policy].get(quantity)
        return None if value is None else factor * value

    return measure


def quotient(above: Measure, below: Measure) -> Measure:
    """Return one number over another; None if either is missing or the lower one is 0."""

    def measure(seed: Seed) -> float | None:
        numerator, denominator = above(seed), below(seed)
        return numerator / denominator if numerator is not None and denominator else None

    return measure


def difference(first: Measure, second: Measure) -> Measure:
    """Return one number less another; None if either is missing."""

    def measure(seed: Seed) -> float | None:
        minuend, subtrahend = first(seed), second(seed)
        return None if minuend is None or subtrahend is None else minuend - subtrahend

    return measure


def positive(inner: Measure) -> Measure:
    """Return a number if it is above 0, so that it has a logarithm."""

    def measure(seed: Seed) -> float | None:
        value = inner(seed)
        return value if value is not None and value > 0 else None

    return measure


def change(quantity: str) -> Measure:
    """Return near-optimal over conventional, of a column of the summary."""
    return quotient(of_summary(NEAR, quantity), of_summary(CONVENTIONAL, quantity))


def gain_unseen(seed: Seed) -> float | None:
    """Return the fall of J on test over its fall on desired, from the conventional to the near-optimal policy."""
    falls = {}
    for against in REFERENCES:
        before, after = (seed.summary[policy][f"objective_{against}"] for policy in (CONVENTIONAL, NEAR))
        if before is None or after is None:
            return None
        falls[against] = before - after
    return falls["test"] / falls["desired"] if falls["desired"] > 0 else None


def share(name: str, kind: str | None, against: str | None, policy: str = NEAR) -> Measure:
    """Return a property of zero weights."""
    return lambda seed: seed.shares.get((policy, name, kind, against))


def rank_correlation(
    first: Callable[[Seed, str], float | None], second: Callable[[Seed, str], float | None]
) -> Measure:
    """Return Spearman's correlation of two numbers over the policies along the search.

    None with fewer than four policies that have both, or if either number never changes.
    """

    def measure(seed: Seed) -> float | None:
        pairs = [(first(seed, policy), second(seed, policy)) for policy in seed.along_search]
        known = np.array([pair for pair in pairs if None not in pair], dtype=np.float64)
        if len(known) < 4 or not np.ptp(known, axis=0).all():
            return None
        return float(stats.spearmanr(known[:, 0], known[:, 1]).statistic)

    return measure


def compression(against: str) -> Callable[[Seed, str], float | None]:
    """Return the compression ratio as a function of seed and policy."""
    return lambda seed, policy: seed.summary[policy][f"compression_ratio_{against}"]


def similarity(against: str) -> Callable[[Seed, str], float | None]:
    """Return the mean instantaneous similarity as a function of seed and policy."""
    return lambda seed, policy: seed.summary[policy][f"similarity_{against}"]


def share_of(name: str, against: str) -> Callable[[Seed, str], float | None]:
    """Return a property of zero weights as a function of seed and policy."""
    return lambda seed, policy: seed.shares.get((policy, name, "instantaneous", against))


def higher_throughout(against: str) -> Measure:
    """Return the share of loss levels at which the near-optimal policy's similarity is above the conventional one's.

    SIM[t] is a function of the loss at t, linear in ln L between measured steps; the levels are evenly spaced in ln L
    over the losses that both policies pass through.
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
    """Return ln L, rising, and SIM at the measured steps that have one."""
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
        abs(row["mean"] / row["global_speed"] - 1)
        for row in rows
        if row["mean"] is not None and row["global_speed"] is not None and row["global_speed"] != 0
    ]
    return float(np.median(errors)) if errors else None


def corrupted_weight(seed: Seed) -> float | None:
    """Return the near-optimal weight on corrupted examples over their share of the examples."""
    fraction = problem.corrupted_share(seed.settings)
    weight = seed.summary[NEAR]["weight_on_perturbed"]
    return weight / fraction if weight is not None and fraction else None


def of_fit(policy: str, name: str) -> Measure:
    """Return a coefficient of the scaling law on the desired loss."""
    return lambda seed: seed.fits[policy, "desired"][name]


def fit_difference(name: str) -> Measure:
    """Return near-optimal less conventional, of a coefficient."""
    return difference(of_fit(NEAR, name), of_fit(CONVENTIONAL, name))


def worse_fit(seed: Seed) -> float | None:
    """Return the smaller r^2 of the two policies' fits."""
    values = [of_fit(policy, "r_squared")(seed) for policy in (NEAR, CONVENTIONAL)]
    present = [value for value in values if value is not None]
    return min(present) if len(present) == len(values) else None


def acceleration_at(steps: int) -> Measure:
    """Return the acceleration that the two fitted laws on the desired loss imply after so many steps (equation 9)."""

    def measure(seed: Seed) -> float | None:
        scale, exponent = (of_fit(CONVENTIONAL, name)(seed) for name in ("scale", "exponent"))
        near_scale, near_exponent = (of_fit(NEAR, name)(seed) for name in ("scale", "exponent"))
        if scale is None or exponent is None or near_scale is None or near_exponent is None:
            return None
        return acceleration.acceleration_from_fits(scale, exponent, near_scale, near_exponent, steps)

    return measure


def growth(seed: Seed) -> float | None:
    """Return the fits' acceleration at the paper's far end over that at T."""
    return quotient(acceleration_at(FAR), acceleration_at(seed.settings["training"]["steps"]))(seed)


def asymptote_of(coefficient: str) -> Measure:
    """Return a, b or c of SIM = c ln(a / (b - CR)) through the policies along the search, CR in the paper's units."""

    def measure(seed: Seed) -> float | None:
        unit = 1 / math.log(2) if seed.settings["problem"] == "language_model" else 1.0
        rows = [seed.summary[policy] for policy in seed.along_search]
        pairs = [(row["compression_ratio_desired"], row["similarity_desired"]) for row in rows]
        known = [(unit * ratio, alike) for ratio, alike in pairs if ratio is not None and alike is not None]
        found = asymptote.fit([ratio for ratio, _ in known], [alike for _, alike in known])
        return None if found is None else float(getattr(found, coefficient))

    return measure


def largest_over_smallest(inner: Measure) -> OfSizes:
    """Return a number at the largest size over that at the smallest."""

    def measure(seeds: Sequence[Seed]) -> float | None:
        first, last = inner(seeds[0]), inner(seeds[-1])
        return last / first if last is not None and first else None

    return measure


def extreme(inner: Measure, pick: Callable[[Sequence[float]], float]) -> OfSizes:
    """Return the least favourable number of all sizes; None if one has none."""

    def measure(seeds: Sequence[Seed]) -> float | None:
        values = [inner(seed) for seed in seeds]
        present = [value for value in values if value is not None]
        return pick(present) if len(present) == len(values) else None

    return measure
