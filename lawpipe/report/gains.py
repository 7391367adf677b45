"""What the controls explain of the near-optimal policy's gain, in sentences made from the numbers."""

from collections.abc import Sequence

from lawpipe.analysis import gain
from lawpipe.analysis.gain import Objectives
from lawpipe.analysis.intervals import Interval
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST, chosen, grids, objectives
from lawpipe.results.numbers import interval, number, plural, share_of
from lawpipe.run.splits import REFERENCES


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
    lost = share.scaled(-1, offset=1)
    return (
        "Given the conventional policy's step length, its weights (searched for with their own steps, not these) "
        f"keep {share_of(share)} of the gain, so {share_of(lost)} goes with the length of the steps that they take."
    )


def _one(desired: Objectives, policy: str, results: Results) -> str:
    """Say what one control explains."""
    share = gain.share(desired, policy)
    if not share.n:
        return ""
    subject = POLICIES[policy].phrase
    if policy == "clean_only":
        subject = f"dropping the {problem.corruption(results.settings)} examples (an oracle)"
    return f"{subject[0].upper()}{subject[1:]}: {share_of(share)}."


def _among(desired: Objectives, policies: Sequence[str]) -> str:
    """Say what the simplest weights explain, together."""
    shares = [(name, gain.share(desired, name)) for name in policies]
    parts = [f"{POLICIES[name].phrase} {share_of(share)}" for name, share in shares if share.n]
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
    higher = lowered.mean < 0
    change = lowered.scaled(-1 if higher else 1)
    doubt = " (not told apart from 0)" if change.low is not None and change.low <= 0 else ""
    return f"{interval(change)} nats {'higher' if higher else 'lower'}{doubt}"


def _range(values: Sequence[float]) -> str:
    """Write the smallest and the largest of some numbers."""
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"
