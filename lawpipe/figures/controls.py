"""The controls: what each has of the near-optimal policy's gain, and what the learning rate alone is worth."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe import artifacts
from lawpipe.analysis import gain
from lawpipe.analysis.gain import Objectives
from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.figures import panels, problem, style, surfaces
from lawpipe.figures.results import Results
from lawpipe.figures.words import UNBROKEN, number, percent, plural, policy_label

#: What each control is, as the subject of a sentence.
WORDS = {
    "tuned": "uniform weights at their own best learning rate",
    "near_optimal_matched": "the near-optimal weights at the conventional policy's step length",
    "clean_only": "uniform weights on the clean examples alone (an oracle)",
    "clean_only_tuned": "that oracle at its own best learning rate",
    "static": "one searched weight vector for all steps",
    "greedy": "greedy one-step weights",
    "loss_proportional": "weights in proportion to the losses",
    "inverse_loss": "weights in inverse proportion to the losses",
    "near_optimal_tuned": "a search at the tuned learning rate",
}
BASE, BEST = "conventional", "near_optimal"
BOTH = ("desired", "test")
GRIDS = {"tuned": "uniform", "clean_only_tuned": "clean examples only"}
GRID_COLOURS = (style.OTHERS[0], style.OTHERS[4])
#: The axis of shares, in per cent: what lies beyond is an arrow at its edge.
SHARES = (-150.0, 350.0)
#: The axis of J over learning rates goes so many times as far up as J at the experiment's: beyond, training blows up.
MOST_OF_OWN = 1.6


def gains(results: Results) -> Figure:
    """Draw J of every policy, its share of the near-optimal policy's gain, and J over the learning rates tried."""
    many = len(results.seeds) >= panels.SEEDS_FOR_A_BAND
    note = "means, small points are seeds" + (", bars 95 % t intervals of three or more" if many else "")
    canvas = panels.canvas(results, "controls", 2, 2, 7.2, note)
    found = {against: objectives(results, against) for against in BOTH}
    policies = [name for name in results.chosen if name in (BASE, BEST, *WORDS)]
    levels, shares = canvas.at(0, 0), canvas.at(0, 1)
    for place, against in enumerate(BOTH):
        offset = 0.16 * (2 * place - 1)
        colour, label = style.AGAINST[against], f"{against} examples"
        for row, name in enumerate(policies):
            shown = label if row == 0 else None
            values = [value for value in found[against][name].values() if value is not None]
            levels.plot(values, [row + offset] * len(values), ".", color=colour, markersize=3, alpha=0.6)
            _draw(levels, mean_interval(values), row + offset, colour, shown)
        with_share = [(row, gain.share(found[against], name)) for row, name in enumerate(policies)]
        with_share = [(row, share) for row, share in with_share if share.n]
        for index, (row, share) in enumerate(with_share):
            _draw_share(shares, _in_percent(share), row + offset, colour, label if index == 0 else None)
    _finish_rows(levels, policies, [sum(v is not None for v in found["desired"][name].values()) for name in policies])
    levels.set_title("Objective J: mean loss over training")
    levels.set_xlabel("J (nats), lower is better")
    levels.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    _finish_rows(shares, policies, None)
    if shares.lines or shares.containers:
        for mark in (0, 100):
            shares.axvline(mark, color=surfaces.MUTED, linestyle=":", linewidth=1)
        shares.set_title("Share of the near-optimal gain")
        shares.set_xlabel("share of the fall of J (%; arrows: beyond)")
        shares.set_xlim(*SHARES)
    else:
        panels.say_empty(shares, "The near-optimal policy has no gain beyond its interval to share out.")
    _draw_grids(canvas.at(1, 0), results, "desired")
    _draw_grids(canvas.at(1, 1), results, "test")
    canvas.here.extend(_beside(found))
    return panels.finish(canvas)


def objectives(results: Results, against: str) -> Objectives:
    """Return J of every policy and seed on a reference set."""
    column = f"objective_{against}"
    return {
        str(policy): {
            int(seed): float(value) if math.isfinite(value) else None
            for seed, value in zip(rows["seed"], rows[column], strict=True)
        }
        for policy, rows in results.summary.groupby("policy", sort=False)
    }


def _draw(axes: Axes, found: Interval, height: float, colour: str, label: str | None) -> None:
    """Draw a mean with its interval, if it has one, as a row."""
    if found.mean is None:
        return
    sides = None
    if found.n_reached >= panels.SEEDS_FOR_A_BAND and found.low is not None and found.high is not None:
        sides = np.array([[found.mean - found.low], [found.high - found.mean]])
    axes.errorbar(
        [found.mean], [height], xerr=sides, fmt="o", color=colour, markersize=4.5, elinewidth=1.4, label=label
    )


def _draw_share(axes: Axes, found: Interval, height: float, colour: str, label: str | None) -> None:
    """Draw a share in per cent as a row; one beyond the axis is an arrow at its edge."""
    if found.mean is None or SHARES[0] <= found.mean <= SHARES[1]:
        _draw(axes, found, height, colour, label)
        return
    edge, arrow = (SHARES[1] - 6, ">") if found.mean > SHARES[1] else (SHARES[0] + 6, "<")
    axes.plot([edge], [height], arrow, color=colour, markersize=6, label=label)


def _finish_rows(axes: Axes, policies: Sequence[str], counts: Sequence[int] | None) -> None:
    """Name the rows, the first policy on top, with the number of seeds each has."""
    labels = [policy_label(name) for name in policies]
    if counts is not None:
        labels = [f"{label} (n = {count})" for label, count in zip(labels, counts, strict=True)]
    axes.set_yticks(range(len(policies)), labels if counts is not None else [""] * len(policies))
    axes.set_ylim(len(policies) - 0.5, -0.5)
    axes.set_ylabel("policy")


def _in_percent(found: Interval) -> Interval:
    """Return a share in per cent."""
    mean, low, high = (None if value is None else 100 * value for value in (found.mean, found.low, found.high))
    return Interval(mean, low, high, found.n, found.n_reached)


def _draw_grids(axes: Axes, results: Results, against: str) -> None:
    """Draw J over the learning rates tried, a line a seed, the chosen rate marked."""
    own = float(results.settings["training"]["learning_rate"])
    drawn, least, most = False, math.inf, 0.0
    for colour, (policy, label) in zip(GRID_COLOURS, GRIDS.items(), strict=True):
        for rows in _grids(results, policy):
            shown = None if drawn and label in axes.get_legend_handles_labels()[1] else label
            column = f"objective_{against}"
            axes.plot(rows["learning_rate"], rows[column], color=colour, linewidth=1.1, alpha=0.8, label=shown)
            axes.plot([_chosen(rows, "learning_rate")], [_chosen(rows, column)], "o", color=colour, markersize=4.5)
            at_own = rows[column].iloc[int((rows["learning_rate"] - own).abs().argmin())]
            drawn, least, most = True, min(least, float(rows[column].min())), max(most, float(at_own))
    if not drawn:
        panels.say_empty(axes, "No learning rate was tuned in this experiment.")
        return
    axes.axvline(own, color=surfaces.MUTED, linestyle=":", linewidth=1)
    axes.set_xscale("log")
    if math.isfinite(most):
        room = MOST_OF_OWN * (most - least)
        axes.set_ylim(least - 0.1 * room, min(axes.get_ylim()[1], least + room))
    axes.set_title(f"Learning rates tried, J on {against}")
    axes.set_xlabel("learning rate (log)")
    axes.set_ylabel("J (nats)")
    axes.legend()


def _grids(results: Results, policy: str) -> list[pd.DataFrame]:
    """Return the rates tried for a policy and their J, a table for each seed that has one with a finite J."""
    tables = []
    for seed in results.seeds:
        path = results.folder / f"seed{seed}/learning_rates/{policy}.parquet"
        if policy in results.policies and path.is_file():
            rows = artifacts.read(path, "learning_rates").to_pandas()
            if rows["objective_desired"].notna().any():
                tables.append(rows)
    return tables


def _chosen(rows: pd.DataFrame, column: str) -> float:
    """Return a column at the rate with the lowest J on desired."""
    return float(rows[column].iloc[int(rows["objective_desired"].argmin())])


def _beside(found: dict[str, Objectives]) -> list[str]:
    """Say each control's share of the gain on desired examples, shortly."""
    desired = found["desired"]
    lines = []
    for policy in WORDS:
        share = gain.share(desired, policy)
        if share.n:
            lines.append(f"{policy_label(policy)}: {_share(share)} of the gain on desired.")
    return [*lines, "Learning rates: dotted is the experiment's own, a point the one chosen, by J on desired."]


def paragraph(results: Results) -> str:
    """Say which part of the near-optimal policy's gain each control explains, from the numbers."""
    desired, test = (objectives(results, against) for against in BOTH)
    sentences = [_whole_gain(desired, test)]
    if gain.is_positive(gain.difference(desired, BASE, BEST)):
        sentences += [_rate(results, desired, test), _length(desired)]
        sentences += [_one(desired, name, results) for name in ("clean_only", "static", "greedy")]
        sentences += [_among(desired, ("loss_proportional", "inverse_loss"))]
    sentences += [_at_the_tuned_rate(desired, test), _oracle_at_its_rate(desired, test)]
    return " ".join(sentence for sentence in sentences if sentence)


def _whole_gain(desired: Objectives, test: Objectives) -> str:
    """Say how much the near-optimal policy gains on both sets."""
    changes = _on_both(desired, test, BASE, BEST)
    count = gain.difference(desired, BASE, BEST).n
    return f"Over {plural(count, 'seed')}, the near-optimal policy's J is {changes} than the conventional policy's."


def _rate(results: Results, desired: Objectives, test: Objectives) -> str:
    """Say what the learning rate alone explains, and whether the searched policy does better than that."""
    share = gain.share(desired, "tuned")
    if not share.n:
        return ""
    rates = [_chosen(rows, "learning_rate") for rows in _grids(results, "tuned")]
    own = float(results.settings["training"]["learning_rate"])
    chosen = f" ({_range(rates)} instead of {number(own)})" if rates else ""
    return (
        f"Of its gain on desired, the learning rate alone explains {_share(share)}: uniform weights at the rate that "
        f"suits them best{chosen}; beside those, the near-optimal policy's J is "
        f"{_on_both(desired, test, 'tuned', BEST)}."
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
        f"keep {_share(share)} of the gain, so {_share(lost)} goes with the length of the steps that they take."
    )


def _one(desired: Objectives, policy: str, results: Results) -> str:
    """Say what one control explains."""
    share = gain.share(desired, policy)
    if not share.n:
        return ""
    subject = WORDS[policy]
    if policy == "clean_only":
        subject = f"dropping the {problem.altered(results.settings)} examples (an oracle)"
    return f"{subject[0].upper()}{subject[1:]}: {_share(share)}."


def _among(desired: Objectives, policies: Sequence[str]) -> str:
    """Say what the simplest weights explain, together."""
    shares = [(name, gain.share(desired, name)) for name in policies]
    parts = [f"{WORDS[name]} {_share(share)}" for name, share in shares if share.n]
    text = ", ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _at_the_tuned_rate(desired: Objectives, test: Objectives) -> str:
    """Say what a search still gains where the rate is already the best one for uniform weights."""
    changes = _on_both(desired, test, "tuned", "near_optimal_tuned")
    count = gain.difference(desired, "tuned", "near_optimal_tuned").n
    return f"At the tuned rate itself a search makes J {changes} ({plural(count, 'seed')})." if count else ""


def _oracle_at_its_rate(desired: Objectives, test: Objectives) -> str:
    """Say what the oracle gains over uniform weights, each at its own best rate."""
    if not gain.difference(desired, "tuned", "clean_only_tuned").n:
        return ""
    changes = _on_both(desired, test, "tuned", "clean_only_tuned")
    return f"Each at its own best rate, the oracle's J is {changes} than uniform weights'."


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


def _share(share: Interval) -> str:
    """Write a share with its interval and the number of seeds."""
    if share.mean is None:
        return "-"
    ends = "" if share.low is None else f" [{percent(share.low)},{UNBROKEN}{percent(share.high)}]"
    return f"{percent(share.mean)}{ends} (n = {share.n_reached})"


def _range(values: Sequence[float]) -> str:
    """Write the smallest and the largest of some numbers."""
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"
