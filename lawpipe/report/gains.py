"""The share of the near-optimal policy's gain that each control explains: sentences generated from the numbers."""

from collections.abc import Mapping, Sequence

from lawpipe.analysis import gain
from lawpipe.analysis.gain import Objectives
from lawpipe.analysis.intervals import Interval
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST, ORACLE, TUNED, chosen, grids, objectives
from lawpipe.results.numbers import interval, number, plural, share_of
from lawpipe.run.splits import REFERENCES

#: Comparisons with uniform weights at their own best rate: the policy and the sentence, for experiments that have it.
AT_TUNED_RATE = {
    "near_optimal_at_tuned_rate": "At the tuned rate itself a search makes J {changes} ({seeds}).",
    ORACLE: "Each at its own best rate, the oracle's J is {changes} than that of uniform weights.",
    "online_tuned": "Without a search, the online policy's J at its own best rate is {changes} than theirs{part}.",
}


def paragraph(results: Results) -> str:
    """Say which share of the near-optimal policy's gain each control explains."""
    by_set = {against: objectives(results, against) for against in REFERENCES}
    desired = by_set["desired"]
    total = gain.difference(desired, BASE, BEST)
    sentences = [
        f"Over {plural(total.n, 'seed')}, the near-optimal policy's J is {_changes(by_set, BASE, BEST)} than the "
        "conventional policy's."
    ]
    if gain.is_positive(total):
        sentences += [_rate(results, by_set), _length(desired)]
        sentences += [_controls(results, desired, [name]) for name in ("clean_only", "static", "greedy")]
        sentences += [_controls(results, desired, ("loss_proportional", "inverse_loss"))]
    for policy, sentence in AT_TUNED_RATE.items():
        count = gain.difference(desired, TUNED, policy).n
        if count:
            share = gain.share(by_set["test"], policy, TUNED, ORACLE)
            part = f"; that is {share_of(share)} of the oracle's gain on test" if share.n else ""
            changes = _changes(by_set, TUNED, policy)
            sentences.append(sentence.format(changes=changes, seeds=plural(count, "seed"), part=part))
    return " ".join(sentence for sentence in sentences if sentence)


def _rate(results: Results, by_set: Mapping[str, Objectives]) -> str:
    """Say what the learning rate alone explains, and whether the searched policy is better than that."""
    share = gain.share(by_set["desired"], TUNED)
    if not share.n:
        return ""
    rates = sorted(chosen(rows, "learning_rate") for rows in grids(results, TUNED))
    ends = " to ".join(dict.fromkeys(number(rate) for rate in (rates[0], rates[-1]))) if rates else ""
    instead = f" ({ends} instead of {number(float(results.settings['training']['learning_rate']))})" if rates else ""
    return (
        f"Of its gain on desired, the learning rate alone explains {share_of(share)}: uniform weights at their best "
        f"learning rate{instead}; compared with those, the near-optimal policy's J is "
        f"{_changes(by_set, TUNED, BEST)}."
    )


def _length(desired: Objectives) -> str:
    """Say what the length of the steps explains."""
    share = gain.share(desired, "near_optimal_matched")
    if not share.n or share.mean is None:
        return ""
    return (
        "With steps as long as the conventional policy's, its weights (which were searched with other steps) keep "
        f"{share_of(share)} of the gain, so {share_of(share.scaled(-1, offset=1))} is due to the length of its steps."
    )


def _controls(results: Results, desired: Objectives, policies: Sequence[str]) -> str:
    """Say which share of the gain some controls explain, as far as the experiment has them."""
    parts = []
    for policy in policies:
        share = gain.share(desired, policy)
        subject = POLICIES[policy].phrase
        if policy == "clean_only":
            subject = f"dropping the {problem.corruption(results.settings)} examples (an oracle)"
        if share.n:
            parts.append(f"{subject} {share_of(share)}" if len(policies) > 1 else f"{subject}: {share_of(share)}")
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _changes(by_set: Mapping[str, Objectives], reference: str, policy: str) -> str:
    """Say how much lower a policy's J is than the reference's, on desired and on test."""
    return " and ".join(
        f"{_lower(gain.difference(values, reference, policy))} on {against}" for against, values in by_set.items()
    )


def _lower(difference: Interval) -> str:
    """Say by how much J is lower or, if the difference is negative, higher; and whether the interval contains 0."""
    if difference.mean is None:
        return "not known"
    higher = difference.mean < 0
    change = difference.scaled(-1 if higher else 1)
    doubt = " (not distinguishable from 0)" if change.low is not None and change.low <= 0 else ""
    return f"{interval(change)} nats {'higher' if higher else 'lower'}{doubt}"
