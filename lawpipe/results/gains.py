"""What the controls explain of the near-optimal policy's gain, in sentences generated from the numbers."""

from lawpipe.run.splits import REFERENCES
import math
from collections.abc import Sequence

import pandas as pd

from lawpipe.analysis import gain
from lawpipe.analysis.gain import Objectives
from lawpipe.analysis.intervals import Interval
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import UNBROKEN, number, percent, plural
from lawpipe.run import artifacts

#: What each control is, as the subject of a sentence.
WORDS = {
    "conventional_tuned": "uniform weights at their own best learning rate",
    "near_optimal_matched": "the near-optimal weights at the conventional policy's step length",
    "clean_only": "uniform weights on the clean examples alone (an oracle)",
    "clean_only_tuned": "that oracle at its own best learning rate",
    "static": "one searched weight vector for all steps",
    "greedy": "greedy one-step weights",
    "loss_proportional": "weights in proportion to the losses",
    "inverse_loss": "weights in inverse proportion to the losses",
    "online": "online weights, without a search",
    "online_tuned": "online weights at their own best learning rate",
    "online_matched": "online weights at the conventional policy's step length",
    "greedy_tuned": "greedy one-step weights at their own best learning rate",
    "near_optimal_at_tuned_rate": "a search at the tuned learning rate",
}
BASE, BEST = "conventional", "near_optimal"

def objectives(results: Results, against: str) -> Objectives:
    """Return J of every policy and seed on a reference set."""
    return by_policy(results.summary, f"objective_{against}")


def by_policy(frame: pd.DataFrame, column: str) -> Objectives:
    """Return the column of a frame that holds J, by its columns `policy` and `seed`."""
    return {
        str(policy): {
            int(seed): float(value) if math.isfinite(value) else None
            for seed, value in zip(rows["seed"], rows[column], strict=True)
        }
        for policy, rows in frame.groupby("policy", sort=False)
    }


def grids(results: Results, policy: str) -> list[pd.DataFrame]:
    """Return the rates tried for a policy and their J, a table for each seed that has one with a finite J."""
    tables = []
    for seed in results.seeds:
        path = results.folder / f"seed{seed}/learning_rates/{policy}.parquet"
        if policy in results.policies and path.is_file():
            rows = artifacts.read(path, "learning_rates").to_pandas()
            if rows["objective_desired"].notna().any():
                tables.append(rows)
    return tables


def chosen(rows: pd.DataFrame, column: str) -> float:
    """Return a column at the rate with the lowest J on desired."""
    return float(rows[column].iloc[int(rows["objective_desired"].argmin())])


def paragraph(results: Results) -> str:
    """Say which part of the near-optimal policy's gain each control explains, from the numbers."""
    desired, test = (objectives(results, against) for against in REFERENCES)
    sentences = [_whole_gain(desired, test)]
    if gain.is_positive(gain.difference(desired, BASE, BEST)):
        sentences += [_rate(results, desired, test), _length(desired)]
        sentences += [_one(desired, name, results) for name in ("clean_only", "static", "greedy")]
        sentences += [_among(desired, ("loss_proportional", "inverse_loss"))]
    sentences += [_at_the_tuned_rate(desired, test), _oracle_at_its_rate(desired, test)]
    sentences += [_online_at_its_rate(desired, test)]
    return " ".join(sentence for sentence in sentences if sentence)


def _whole_gain(desired: Objectives, test: Objectives) -> str:
    """Say how much the near-optimal policy gains on both sets."""
    changes = _on_both(desired, test, BASE, BEST)
    count = gain.difference(desired, BASE, BEST).n
    return f"Over {plural(count, 'seed')}, the near-optimal policy's J is {changes} than the conventional policy's."


def _rate(results: Results, desired: Objectives, test: Objectives) -> str:
    """Say what the learning rate alone explains, and whether the searched policy does better than that."""
    share = gain.share(desired, "conventional_tuned")
    if not share.n:
        return ""
    rates = [chosen(rows, "learning_rate") for rows in grids(results, "conventional_tuned")]
    own = float(results.settings["training"]["learning_rate"])
    instead = f" ({_range(rates)} instead of {number(own)})" if rates else ""
    return (
        f"Of its gain on desired, the learning rate alone explains {share_of(share)}: uniform weights at the rate "
        f"that suits them best{instead}; beside those, the near-optimal policy's J is "
        f"{_on_both(desired, test, 'conventional_tuned', BEST)}."
    )


def _length(desired: Objectives) -> str:
    """Say what the length of the steps explains."""
    share = gain.share(desired, "near_optimal_matched")
    if not share.n or share.mean is None:
        return ""
    lost = Interval(
        1 - share.mean,
        None if share.high is None else 1 - share.high,
        None if share.low is None else 1 - share.low,
        share.n,
        share.n_reached,
    )
    return (
        "Given the conventional policy's step length, its weights (searched for with their own steps, not these) "
        f"keep {share_of(share)} of the gain, so {share_of(lost)} goes with the length of the steps that they take."
    )


def _one(desired: Objectives, policy: str, results: Results) -> str:
    """Say what one control explains."""
    share = gain.share(desired, policy)
    if not share.n:
        return ""
    subject = WORDS[policy]
    if policy == "clean_only":
        subject = f"dropping the {problem.corruption(results.settings)} examples (an oracle)"
    return f"{subject[0].upper()}{subject[1:]}: {share_of(share)}."


def _among(desired: Objectives, policies: Sequence[str]) -> str:
    """Say what the simplest weights explain, together."""
    shares = [(name, gain.share(desired, name)) for name in policies]
    parts = [f"{WORDS[name]} {share_of(share)}" for name, share in shares if share.n]
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _at_the_tuned_rate(desired: Objectives, test: Objectives) -> str:
    """Say what a search still gains where the rate is already the best one for uniform weights."""
    changes = _on_both(desired, test, "conventional_tuned", "near_optimal_at_tuned_rate")
    count = gain.difference(desired, "conventional_tuned", "near_optimal_at_tuned_rate").n
    return f"At the tuned rate itself a search makes J {changes} ({plural(count, 'seed')})." if count else ""


def _oracle_at_its_rate(desired: Objectives, test: Objectives) -> str:
    """Say what the oracle gains over uniform weights, each at its own best rate."""
    if not gain.difference(desired, "conventional_tuned", "clean_only_tuned").n:
        return ""
    changes = _on_both(desired, test, "conventional_tuned", "clean_only_tuned")
    return f"Each at its own best rate, the oracle's J is {changes} than uniform weights'."


def _online_at_its_rate(desired: Objectives, test: Objectives) -> str:
    """Say what weights without a search gain over uniform ones, each at its own best rate."""
    if not gain.difference(desired, "conventional_tuned", "online_tuned").n:
        return ""
    changes = _on_both(desired, test, "conventional_tuned", "online_tuned")
    share = gain.share(test, "online_tuned", "conventional_tuned", "clean_only_tuned")
    part = f"; that is {share_of(share)} of the oracle's gain on test" if share.n else ""
    return f"Without a search, the online policy's J at its own best rate is {changes} than theirs{part}."


def _on_both(desired: Objectives, test: Objectives, reference: str, policy: str) -> str:
    """Say how much lower a policy's J is than another's, on desired and on test."""
    parts = [
        f"{_lower(gain.difference(found, reference, policy))} on {against}"
        for against, found in (("desired", desired), ("test", test))
    ]
    return " and ".join(parts)


def _lower(lowered: Interval) -> str:
    """Say by how much J is lower or, if that is negative, higher; and if the interval holds 0, that it does."""
    if lowered.mean is None:
        return "not known"
    sign = 1 if lowered.mean >= 0 else -1
    interval, doubt = "", ""
    if lowered.low is not None and lowered.high is not None:
        low, high = sorted((sign * lowered.low, sign * lowered.high))
        interval = f" [{number(low)},{UNBROKEN}{number(high)}]"
        doubt = " (not told apart from 0)" if low <= 0 else ""
    return f"{number(abs(lowered.mean))}{interval} nats {'lower' if sign > 0 else 'higher'}{doubt}"


def share_of(share: Interval) -> str:
    """Write a share with its interval and the number of seeds."""
    if share.mean is None:
        return "-"
    ends = "" if share.low is None else f" [{percent(share.low)},{UNBROKEN}{percent(share.high)}]"
    return f"{percent(share.mean)}{ends} (n = {share.n_reached})"


def _range(values: Sequence[float]) -> str:
    """Write the smallest and the largest of some numbers."""
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"
