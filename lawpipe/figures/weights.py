"""Where a policy puts its weight: the paper's properties of zero weights (Figs 8 to 10), and on how many examples."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lawpipe.analysis import zero_weights
from lawpipe.analysis.zero_weights import IGNORED_WEIGHT, LEARNED_LOSS
from lawpipe.figures import frame, layout, panels, style, surfaces
from lawpipe.figures.frame import Canvas
from lawpipe.figures.panels import COMPARED, KINDS, PER_CENT, Array
from lawpipe.paper import values as paper
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results import problem
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BEST
from lawpipe.results.numbers import number, percent, policy_label
from lawpipe.run.splits import REFERENCES

#: The heat map has at most this many rows, taken evenly from the examples in the order of their weight.
MOST_ROWS = 256
#: The figure against the compression ratio has the means of this many equal spans.
SPANS = 6
#: The points of a distribution of relative weights.
LEVELS = np.linspace(0, 1, 201)


def fig08_noncontributive(results: Results) -> Figure:
    """Draw the share of pairs with contribution <= 0 that have weight 0, against CR, along the search."""
    note = f"points: policies along the search, by seed; lines: means in {SPANS} spans"
    canvas = frame.canvas(results, "fig08_noncontributive", note, sharey=True)
    shares = select(results.zero_weights, property="noncontributive_excluded")
    shares = shares[shares["policy"].isin(results.along_search) & shares["value"].notna()]
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        ratio = f"compression_ratio_{against}"
        points = select(shares, against=against).merge(
            results.summary[["policy", "seed", ratio]], on=["policy", "seed"]
        )
        if points.empty:
            panels.say_empty(axes, "no (step, example) pair has a contribution of 0 or less before convergence")
            continue
        for kind in KINDS:
            rows, look = select(points, kind=kind), style.KINDS[kind]
            axes.plot(rows[ratio], 100 * rows["value"], ".", color=look.colour, alpha=0.4)
            x, y = panels.binned(rows[ratio].to_numpy(), 100 * rows["value"].to_numpy(dtype=float), SPANS)
            colour, line, marker = look
            axes.plot(x, y, color=colour, linestyle=line, marker=marker, label=f"{kind} contribution CT")
        axes.set(ylim=PER_CENT, title=f"CT against the {against} loss")
        axes.set(xlabel=f"compression ratio on {against}", ylabel="CT <= 0: weight is 0 (% of pairs)")
        kinds = select(points, policy=BEST).groupby("kind")[["value", "count"]].mean()
        means = ", ".join(f"{percent(float(share))} by {kind} CT" for kind, share in kinds["value"].items())
        pairs = ", ".join(number(float(count)) for count in kinds["count"])
        canvas.say(f"Near-optimal, {against}: {means} (means; of {pairs} pairs).")
    return frame.finish(canvas)


def fig09_learned(results: Results) -> Figure:
    """Draw which share of the pairs with loss < 1e-6 has at most some weight, in units of the step's largest."""
    canvas = frame.canvas(results, "fig09_learned", panels.seeds_note(results), columns=1)
    axes = canvas.axes[0][0]
    for policy in COMPARED:
        _draw_learned(canvas, axes, policy)
    if not axes.lines:
        panels.say_empty(axes, f"no example's loss falls below {LEARNED_LOSS:g} nats at a measured step")
        return frame.finish(canvas)
    published = [value for value in paper.values(problem.name(results.settings), "Fig 9") if value.low < 1]
    for value in published:
        label = f"paper: {value.text} below {IGNORED_WEIGHT:g}"
        axes.plot([IGNORED_WEIGHT], [100 * value.low], "^", color=surfaces.INK, label=label)
    axes.axvline(IGNORED_WEIGHT, **style.DOTTED)
    axes.set(xlim=(-0.02, 1.02), ylim=PER_CENT, xlabel="weight / largest weight of the step")
    axes.set_ylabel("pairs with loss < 1e-6\nof at most this weight (%)")
    return frame.finish(canvas)


def _draw_learned(canvas: Canvas, axes: Axes, policy: str) -> None:
    """Draw the cumulative distribution of one policy's relative weights over the learned pairs."""
    ratios = [_weights_of_learned(canvas.results, seed, policy) for seed in canvas.results.seeds]
    pairs, name = sum(map(len, ratios)), policy_label(policy)
    canvas.say(f"{name.capitalize()}: {pairs} pairs with loss < 1e-6 over {len(ratios)} seeds.")
    ratios = [np.sort(ratio) for ratio in ratios if len(ratio)]
    if not ratios:
        return
    shares = np.array([100 * np.searchsorted(ratio, LEVELS, side="right") / len(ratio) for ratio in ratios])
    panels.draw_over_seeds(axes, LEVELS, shares, style.look(policy), name, possible=(0, 100))
    below = [100 * float((ratio < IGNORED_WEIGHT).mean()) for ratio in ratios]
    canvas.say(f"{name.capitalize()}: {number(float(np.mean(below)))} % of them below 0.2.")


def _weights_of_learned(results: Results, seed: int, policy: str) -> Array:
    """Return weight / largest weight of the step for the pairs with loss < 1e-6 at a measured step."""
    steps, losses = results.contributions(seed, policy, "desired", "loss")
    weights = results.weights(seed, policy, steps).astype(np.float64)
    relative = weights / weights.max(axis=1, keepdims=True)
    return np.asarray(relative[losses < LEARNED_LOSS], dtype=np.float64)


def fig10_redundant(results: Results) -> Figure:
    """Draw the near-optimal weights of examples with contribution > 0, and the share of them that is 0."""
    seed = results.seeds[0]
    note = f"heat map of seed {seed}; below: {panels.seeds_note(results)}"
    canvas = frame.canvas(
        results, "fig10_redundant", note, rows=2, columns=1, height=5.0, sharex=True, height_ratios=(1.6, 1)
    )
    (heat_map,), (share,) = canvas.axes
    _draw_heat_map(heat_map, results, seed)
    for against in REFERENCES:
        shares = []
        for seed in results.seeds:
            steps, contributions = results.contributions(seed, BEST, against, "contribution")
            zero = np.ma.masked_array(results.weights(seed, BEST, steps) == 0, ~(contributions > 0))
            shares.append(100 * zero.mean(axis=1).filled(np.nan))
        samples = np.array(shares)
        look = style.AGAINST[against]
        panels.draw_over_seeds(share, steps, samples, look, f"CT against {against}", possible=(0, 100))
        canvas.say(
            f"{number(float(np.nanmean(samples)))} % of the pairs with CT > 0 on {against} have weight "
            "exactly 0 (mean over steps and seeds)."
        )
    share.set(ylim=PER_CENT, title="Share of the examples with CT > 0 whose weight is 0", xlabel=panels.STEP)
    share.set_ylabel("CT > 0: weight is 0 (%)")
    return frame.finish(canvas)


def _draw_heat_map(axes: Axes, results: Results, seed: int) -> None:
    """Draw weight x N of one seed: white where CT <= 0 against the desired loss, grey where exactly 0."""
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
    for colour, label in ((style.BLANK, "white: CT <= 0, not shown"), (style.ZERO, "grey: CT > 0, weight exactly 0")):
        axes.add_patch(
            Rectangle((0, 0), 0, 0, facecolor=colour, edgecolor=surfaces.MUTED, linewidth=0.5, label=label)
        )
    axes.grid(False)
    axes.invert_yaxis()
    panels.draw_colour_bar(axes, mesh, "weight x N (log)", extend="both")
    sampled = f", {len(rows)} of {total}" if len(rows) < total else ""
    axes.set(title="Near-optimal weights of the examples with CT > 0")
    axes.set_ylabel(f"examples by weight (%{sampled})")


def active_examples(results: Results) -> Figure:
    """Draw the effective number of examples, and the share of the examples with any weight."""
    canvas = frame.canvas(results, "active_examples", panels.seeds_note(results))
    effective, active = canvas.axes[0]
    counts = _draw_effective(effective, results, COMPARED)
    shares = _draw_over_steps(
        active, results, COMPARED, lambda _, weights: 100 * zero_weights.active_fraction(weights), possible=(0, 100)
    )
    for policy in COMPARED:
        count, share = (number(float(samples[policy].mean())) for samples in (counts, shares))
        canvas.say(f"{policy_label(policy).capitalize()}: {count} effective examples, {share} % with any weight.")
    canvas.say("Means over measured steps and seeds.")
    active.set(title="Examples with any weight", ylabel="share of the examples (%)", ylim=PER_CENT)
    return frame.finish(canvas)


def weight_on_perturbed(results: Results) -> Figure:
    """Draw the weight on the corrupted examples under each policy, and the effective number of examples."""
    word = problem.corruption(results.settings)
    policies = [policy for policy in results.chosen if not _has_weights_of_another(policy)]
    canvas = frame.canvas(results, "weight_on_perturbed", panels.seeds_note(results, lines=len(policies)))
    axes, effective = canvas.axes[0]
    corrupted = {seed: results.corrupted(seed) for seed in results.seeds}
    chance = 100 * float(np.mean([mask.mean() for mask in corrupted.values()]))
    axes.axhline(chance, **style.DOTTED, zorder=1, label=f"their share of the examples: {number(chance)} %")

    def share(seed: int, weights: Array) -> Array:
        return np.asarray(100 * weights[:, corrupted[seed]].sum(axis=1, dtype=np.float64))

    drawn = _draw_over_steps(axes, results, policies, share, possible=(0, 100))
    means = [f"{policy_label(policy)} {number(float(samples.mean()))} %" for policy, samples in drawn.items()]
    canvas.say(f"Weight on {word} examples: {', '.join(means)} (means over measured steps and seeds).")
    highest = max(chance, *(float(np.nanmax(samples.mean(axis=0))) for samples in drawn.values()))
    axes.set(title=f"Weight on {word} examples", ylabel="share of the weight (%)")
    axes.set_ylim(-0.04 * highest, min(104, 1.2 * highest))
    _draw_effective(effective, results, policies)
    return frame.finish(canvas)


def _has_weights_of_another(policy: str) -> bool:
    """Return whether a policy has the weights of another at other learning rates: its line would hide the other."""
    record = POLICIES.get(policy)
    return record is not None and record.variant != "own" and (record.constant or policy.startswith(BEST))


def _draw_effective(axes: Axes, results: Results, policies: Sequence[str]) -> dict[str, Array]:
    """Draw 1 / sum of squared weights over the measured steps; return it, [seeds, steps], for each policy."""
    drawn = _draw_over_steps(
        axes, results, policies, lambda _, weights: zero_weights.effective_examples(weights), log=True
    )
    total = results.weights(results.seeds[0], BEST, np.array([0])).shape[1]
    axes.set_ylim(0.8, 1.5 * total)
    layout.log_axes((axes,), "y")
    axes.set(title="Effective examples", ylabel="1 / sum of squared weights (log)")
    return drawn


def _draw_over_steps(
    axes: Axes,
    results: Results,
    policies: Sequence[str],
    quantity: Callable[[int, Array], Array],
    *,
    log: bool = False,
    possible: tuple[float, float] = (0, np.inf),
) -> dict[str, Array]:
    """Draw a quantity of a seed's weights at the measured steps; return it, [seeds, steps], for each policy."""
    drawn = {}
    steps = np.unique(results.similarity["step"])
    for policy in policies:
        seeds = results.seeds_of(policy)
        drawn[policy] = np.array([quantity(seed, results.weights(seed, policy, steps)) for seed in seeds])
        look, label = style.look(policy), policy_label(policy)
        panels.draw_over_seeds(
            axes, steps, drawn[policy], look, label, log=log, possible=possible, lines=len(policies)
        )
    axes.set_xlabel(panels.STEP)
    return drawn
