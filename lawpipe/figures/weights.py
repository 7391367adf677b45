"""Where a policy puts its weight: the paper's properties of zero weights (Figs 8 to 10), and on how many examples."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure

from lawpipe.analysis import zero_weights
from lawpipe.analysis.zero_weights import IGNORED_WEIGHT, LEARNED_LOSS
from lawpipe.figures import frame, panels, style, surfaces
from lawpipe.figures.frame import Canvas
from lawpipe.figures.panels import COMPARED, KINDS, Array
from lawpipe.results import problem
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BEST
from lawpipe.results.numbers import number, percent, policy_label
from lawpipe.run.splits import REFERENCES

#: The heat map has at most this many rows, taken evenly from the examples in the order of their weight.
MOST_ROWS = 256
BINS = 10
#: The y limits of an axis from 0 to 100 %.
PER_CENT = (-4, 104)


def fig08_noncontributive(results: Results) -> Figure:
    """Draw the share of pairs with contribution <= 0 that have weight 0, against CR."""
    note = "one point per policy and seed; lines join the policies of a seed"
    canvas = frame.canvas(results, "fig08_noncontributive", note)
    order = {policy: index for index, policy in enumerate(results.along_search)}
    shares = select(results.zero_weights, property="noncontributive_excluded")
    shares = shares[shares["policy"].isin(order) & shares["value"].notna()]
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        ratio = f"compression_ratio_{against}"
        points = select(shares, against=against).merge(
            results.summary[["policy", "seed", ratio]], on=["policy", "seed"]
        )
        if points.empty:
            panels.say_empty(axes, "no (step, example) pair has a contribution of 0 or less before convergence")
            continue
        points = points.sort_values("policy", key=lambda policies: policies.map(order))
        for kind in KINDS:
            rows, colour, marker = select(points, kind=kind), style.KINDS[kind], style.MARKERS[kind]
            for _, line in rows.groupby("seed"):
                axes.plot(line[ratio], 100 * line["value"], color=colour, linewidth=0.7, alpha=0.5)
            axes.scatter(
                rows[ratio], 100 * rows["value"], s=26, color=colour, marker=marker, label=kind, **style.POINT
            )
        axes.set(ylim=PER_CENT, title=f"Contributions against the {against} loss")
        axes.set(xlabel=f"compression ratio on {against}", ylabel="pairs with CT <= 0 that have weight 0 (%)")
        if against == REFERENCES[0]:
            axes.legend(title="contribution", loc="best")
        kinds = select(points, policy=BEST).groupby("kind")[["value", "count"]].mean()
        means = ", ".join(f"{percent(float(share))} by {kind} CT" for kind, share in kinds["value"].items())
        pairs = ", ".join(number(float(count)) for count in kinds["count"])
        canvas.say(f"Near-optimal, {against}: {means} (means; of {pairs} pairs).")
    return frame.finish(canvas)


def fig09_learned(results: Results) -> Figure:
    """Draw the distribution of weight / largest weight of the step over the pairs with loss < 1e-6."""
    whiskers = ", whiskers 95 % t intervals" if len(results.seeds) >= panels.SEEDS_FOR_A_BAND else ""
    canvas = frame.canvas(results, "fig09_learned", f"bars are means over seeds{whiskers}", widths=(1.7, 1))
    bars, small = canvas.axes[0]
    for index, policy in enumerate(COMPARED):
        _draw_learned(canvas, index, policy)
    if not bars.patches:
        for axes in (bars, small):
            panels.say_empty(axes, f"no example's loss falls below {LEARNED_LOSS:g} nats at a measured step")
        return frame.finish(canvas)
    bars.set(xlim=(0, 1), ylim=(0, None), title="Weights of learned examples")
    bars.set(xlabel="weight / largest weight of the step", ylabel="share of pairs with loss < 1e-6 (%)")
    bars.legend(loc="upper center")
    small.axhline(90, **style.DOTTED | {"linewidth": 1.2})
    panels.write_at_level(small, "paper: more than 90 %", 90, side="left")
    small.set_xticks(range(len(COMPARED)), [policy_label(policy) for policy in COMPARED])
    small.grid(axis="x", visible=False)
    small.set(xlim=(-0.5, len(COMPARED) - 0.5), ylim=PER_CENT, title="Share below 0.2", xlabel="")
    small.set_ylabel("share of pairs (%), one point per seed")
    return frame.finish(canvas)


def _draw_learned(canvas: Canvas, index: int, policy: str) -> None:
    """Draw the bars of one policy, and the share of its relative weights below 0.2 in each seed."""
    bars, small = canvas.axes[0]
    ratios = [_weights_of_learned(canvas.results, seed, policy) for seed in canvas.results.seeds]
    pairs, name = sum(map(len, ratios)), policy_label(policy)
    canvas.say(f"{name.capitalize()}: {pairs} pairs with loss < 1e-6 over {len(ratios)} seeds.")
    if not pairs:
        return
    edges = np.linspace(0, 1, BINS + 1)
    missing = np.full(BINS, np.nan)
    shares = [100 * np.histogram(ratio, edges)[0] / len(ratio) if len(ratio) else missing for ratio in ratios]
    mean, _, high = panels.band(np.array(shares))
    width = 0.9 / BINS / len(COMPARED)
    x = edges[:-1] + 0.05 / BINS + width * (index + 0.5)
    bars.bar(x, mean, width, color=style.POLICIES[policy], label=name, linewidth=0)
    bars.errorbar(x, mean, np.nan_to_num(high - mean), fmt="none", ecolor=surfaces.INK, elinewidth=0.9)
    below = np.array([100 * float((ratio < IGNORED_WEIGHT).mean()) if len(ratio) else np.nan for ratio in ratios])
    beside = index + (np.linspace(-0.12, 0.12, len(below)) if len(below) > 1 else np.zeros(1))
    small.plot(beside, below, "o", color=style.POLICIES[policy], markersize=5.5, alpha=0.8)
    canvas.say(f"{name.capitalize()}: {number(float(np.nanmean(below)))} % of them below 0.2.")


def _weights_of_learned(results: Results, seed: int, policy: str) -> Array:
    """Return weight / largest weight of the step for the pairs with loss < 1e-6 at a measured step."""
    steps, losses = results.contributions(seed, policy, "desired", "loss")
    weights = results.weights(seed, policy, steps).astype(np.float64)
    relative = weights / weights.max(axis=1, keepdims=True)
    return np.asarray(relative[losses < LEARNED_LOSS], dtype=np.float64)


def fig10_redundant(results: Results) -> Figure:
    """Draw the near-optimal weights of examples with contribution > 0, and the share of them that is 0."""
    seed = results.seeds[0]
    note = f"heat map of seed {seed}; right: {panels.seeds_note(results)}"
    canvas = frame.canvas(results, "fig10_redundant", note, height=4.6, widths=(1.9, 1))
    heat_map, share = canvas.axes[0]
    _draw_heat_map(heat_map, results, seed)
    for against in REFERENCES:
        shares = []
        for seed in results.seeds:
            steps, contributions = results.contributions(seed, BEST, against, "contribution")
            zero = np.ma.masked_array(results.weights(seed, BEST, steps) == 0, ~(contributions > 0))
            shares.append(100 * zero.mean(axis=1).filled(np.nan))
        samples = np.array(shares)
        panels.draw_over_seeds(share, steps, samples, style.AGAINST[against], against)
        canvas.say(
            f"{number(float(np.nanmean(samples)))} % of the pairs with CT > 0 on {against} have weight "
            "exactly 0 (mean over steps and seeds)."
        )
    share.set(ylim=PER_CENT, title="CT > 0, but weight 0", xlabel=panels.STEP)
    share.set_ylabel("share of the pairs with CT > 0 (%)")
    share.legend(title="contribution against")
    return frame.finish(canvas)


def _draw_heat_map(axes: Axes, results: Results, seed: int) -> None:
    """Draw weight x N of one seed: blank where CT <= 0 against the desired loss, grey where exactly 0."""
    steps, contributions = results.contributions(seed, BEST, "desired", "contribution")
    weights = results.weights(seed, BEST, steps).astype(np.float64)
    total = weights.shape[1]
    order = np.argsort(-weights.sum(axis=0), kind="stable")
    rows = order[np.unique(np.linspace(0, total - 1, min(MOST_ROWS, total)).astype(np.int64))]
    helpful = (contributions > 0)[:, rows].T
    relative = (weights * total)[:, rows].T
    positive = relative[helpful & (relative > 0)]
    norm = LogNorm(0.1, max(10.0, float(np.quantile(positive, 0.999)) if positive.size else 10.0), clip=True)
    # Cells end half-way between the measured steps.
    x = np.concatenate([[steps[0] - 0.5], (steps[1:] + steps[:-1]) / 2, [steps[-1] + 0.5]])
    y = np.linspace(0, 100, len(rows) + 1)
    zero = np.ma.masked_where(~(helpful & (relative == 0)), np.zeros_like(relative))
    shown = np.ma.masked_where(~(helpful & (relative > 0)), relative)
    axes.pcolormesh(x, y, zero, cmap=ListedColormap([style.ZERO]), rasterized=True)
    colours = style.colour_map("rocket_r", 0.10, 0.90)  # from light (small) to dark (large)
    mesh = axes.pcolormesh(x, y, shown, cmap=colours, norm=norm, rasterized=True)
    axes.set_facecolor(style.BLANK)
    axes.grid(False)
    axes.invert_yaxis()
    panels.draw_colour_bar(axes, mesh, "weight x N (log; grey: exactly 0)", extend="both")
    sampled = f", {len(rows)} of {total}" if len(rows) < total else ""
    axes.set(title="Near-optimal weights of examples with CT > 0", xlabel=panels.STEP)
    axes.set_ylabel(f"examples by their total weight (%{sampled})")


def active_examples(results: Results) -> Figure:
    """Draw the effective number of examples, and the share of the examples with any weight."""
    canvas = frame.canvas(results, "active_examples", panels.seeds_note(results))
    effective, active = canvas.axes[0]
    counts = _draw_effective(effective, results, COMPARED)
    shares = _draw_over_steps(
        active, results, COMPARED, lambda _, weights: 100 * zero_weights.active_fraction(weights)
    )
    for policy in COMPARED:
        count, share = (number(float(samples[policy].mean())) for samples in (counts, shares))
        canvas.say(f"{policy_label(policy).capitalize()}: {count} effective examples, {share} % with any weight.")
    canvas.say("Means over measured steps and seeds.")
    effective.legend()
    active.set(title="Examples with any weight", ylabel="share of the examples (%)")
    active.set_ylim(0, min(104, active.get_ylim()[1]))
    return frame.finish(canvas)


def weight_on_perturbed(results: Results) -> Figure:
    """Draw the weight on the corrupted examples under each policy, and the effective number of examples."""
    word = problem.corruption(results.settings)
    canvas = frame.canvas(results, "weight_on_perturbed", panels.seeds_note(results))
    axes, effective = canvas.axes[0]
    corrupted = {seed: results.corrupted(seed) for seed in results.seeds}
    chance = 100 * float(np.mean([mask.mean() for mask in corrupted.values()]))
    axes.axhline(chance, **style.DOTTED | {"linewidth": 1.2}, zorder=1)
    panels.write_at_level(axes, f"their share of the examples: {number(chance)} %", chance)

    def share(seed: int, weights: Array) -> Array:
        return np.asarray(100 * weights[:, corrupted[seed]].sum(axis=1, dtype=np.float64))

    # near_optimal_matched has the weights of near_optimal, at other learning rates: its line would hide the other.
    policies = [policy for policy in results.chosen if policy != "near_optimal_matched"]
    for policy, samples in _draw_over_steps(axes, results, policies, share).items():
        mean, first, last = (number(float(part.mean())) for part in (samples, samples[:, 0], samples[:, -1]))
        canvas.say(
            f"{policy_label(policy).capitalize()}: {mean} % of the weight is on {word} examples; {first} % at the "
            f"first step, {last} % at the last."
        )
    canvas.say("Means over measured steps and seeds.")
    axes.set_ylim(0, min(100, 1.12 * max(chance, axes.get_ylim()[1] / 1.05)))
    axes.set(title=f"Weight on {word} examples", ylabel="share of the weight (%)")
    axes.legend(loc="upper right")
    _draw_effective(effective, results, policies)
    return frame.finish(canvas)


def _draw_effective(axes: Axes, results: Results, policies: Sequence[str]) -> dict[str, Array]:
    """Draw 1 / sum of squared weights over the measured steps; return it, [seeds, steps], for each policy."""
    drawn = _draw_over_steps(
        axes, results, policies, lambda _, weights: zero_weights.effective_examples(weights), True
    )
    total = results.weights(results.seeds[0], BEST, np.array([0])).shape[1]
    axes.set_ylim(0.8, 1.5 * total)
    panels.log_axes(axes, "y")
    axes.set(title="Effective number of examples", ylabel="1 / sum of squared weights (log)")
    return drawn


def _draw_over_steps(
    axes: Axes, results: Results, policies: Sequence[str], quantity: Callable[[int, Array], Array], log: bool = False
) -> dict[str, Array]:
    """Draw a quantity of a seed's weights at the measured steps; return it, [seeds, steps], for each policy."""
    colours, drawn = style.colours(results.chosen), {}
    steps = np.unique(results.similarity["step"])
    for policy in policies:
        seeds = results.seeds_of(policy)
        drawn[policy] = np.array([quantity(seed, results.weights(seed, policy, steps)) for seed in seeds])
        panels.draw_over_seeds(axes, steps, drawn[policy], colours[policy], policy_label(policy), log=log)
    axes.set_xlabel(panels.STEP)
    return drawn
