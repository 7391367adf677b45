"""Where a policy puts its weight: the properties of zero weights (Figs 8 to 10), and on how many examples."""

from collections.abc import Sequence

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure

from lawpipe.analysis import examples
from lawpipe.analysis.zero_weights import IGNORED_WEIGHT, LEARNED_LOSS
from lawpipe.figures import panels, style, surfaces
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number, percent, policy_label
from lawpipe.run.splits import REFERENCES

KINDS = ("instantaneous", "adjoint")
#: Rows of the heat map at most: examples are taken evenly from the order by their weight.
MOST_ROWS = 256
BINS = 10

#: The control that has the near-optimal policy's weights.
MATCHED = "near_optimal_matched"


def noncontributive(results: Results) -> Figure:
    """Draw the share of pairs with contribution <= 0 that have weight 0, against CR (Fig 8)."""
    canvas = panels.canvas(
        results,
        "fig08_noncontributive",
        1,
        2,
        4.1,
        "a point a policy along the search, lines join those of a seed",
    )
    rows = results.zero_weights
    rows = rows[(rows["property"] == "noncontributive_excluded") & rows["policy"].isin(results.along_search)]
    for column, against in enumerate(REFERENCES):
        axes = canvas.at(0, column)
        ratio = f"compression_ratio_{against}"
        points = rows[(rows["against"] == against) & rows["value"].notna()].merge(
            results.summary[["policy", "seed", ratio]], on=["policy", "seed"]
        )
        if points.empty:
            panels.say_empty(axes, "no (step, example) pair has a contribution of 0 or less before convergence")
            continue
        order = points["policy"].map({policy: place for place, policy in enumerate(results.along_search)})
        points = points.assign(share=100 * points["value"], order=order).sort_values("order")
        for kind in KINDS:
            for _, line in points[points["kind"] == kind].groupby("seed"):
                axes.plot(line[ratio], line["share"], color=style.KINDS[kind], linewidth=0.7, alpha=0.5)
        sns.scatterplot(
            points,
            x=ratio,
            y="share",
            hue="kind",
            style="kind",
            ax=axes,
            palette=style.KINDS,
            markers=style.MARKERS,
            hue_order=KINDS,
            s=26,
            linewidth=0.3,
            legend="auto" if column == 0 else False,
            zorder=3,
        )
        axes.set_ylim(-4, 104)
        axes.set_title(f"Contributions against the {against} loss")
        axes.set_xlabel(f"compression ratio on {against}")
        axes.set_ylabel("pairs with CT <= 0 that have weight 0 (%)")
        if column == 0:
            axes.legend(title="contribution", loc="best")
        near = points[points["policy"] == "near_optimal"].groupby("kind")
        shares = [f"{percent(float(rows['value'].mean()))} by {kind} CT" for kind, rows in near]
        pairs = [number(float(rows["count"].mean())) for _, rows in near]
        canvas.here.append(f"Near-optimal, {against}: {', '.join(shares)} (means; of {', '.join(pairs)} pairs).")
    return panels.finish(canvas)


def learned(results: Results) -> Figure:
    """Draw the distribution of gamma / max_n gamma over the pairs with loss < 1e-6 (Fig 9)."""
    note = (
        "bars are means over seeds, whiskers 95 % t intervals"
        if len(results.seeds) > 2
        else "bars are means over seeds"
    )
    canvas = panels.canvas(results, "fig09_learned", 1, 2, 4.1, note, widths=(1.7, 1))
    edges = np.linspace(0, 1, BINS + 1)
    policies = [policy for policy in ("conventional", "near_optimal") if policy in results.policies]
    axes, below = canvas.at(0, 0), canvas.at(0, 1)
    drawn = False
    for index, policy in enumerate(policies):
        ratios = [_weights_of_learned(results, seed, policy) for seed in results.seeds]
        counts = [len(values) for values in ratios]
        name = policy_label(policy)
        canvas.here.append(f"{name.capitalize()}: {sum(counts)} pairs with loss < 1e-6 over {len(ratios)} seeds.")
        if not sum(counts):
            continue
        drawn = True
        shares = np.array(
            [100 * np.histogram(v, edges)[0] / len(v) if len(v) else np.full(BINS, np.nan) for v in ratios]
        )
        over = panels.band(shares)
        width = 0.9 / BINS / len(policies)
        places = edges[:-1] + 0.05 / BINS + width * (index + 0.5)
        whisker = np.nan_to_num(over.high - over.mean)
        axes.bar(places, over.mean, width, color=style.POLICIES[policy], label=name, linewidth=0)
        axes.errorbar(places, over.mean, whisker, fmt="none", ecolor=surfaces.INK, elinewidth=0.9)
        small = np.array([100 * float((v < IGNORED_WEIGHT).mean()) if len(v) else np.nan for v in ratios])
        beside = index + np.linspace(-0.12, 0.12, len(small)) if len(small) > 1 else np.array([index])
        below.plot(beside, small, "o", color=style.POLICIES[policy], markersize=5.5, alpha=0.8)
        if np.isfinite(small).any():
            canvas.here.append(f"{name.capitalize()}: {number(float(np.nanmean(small)))} % of them below 0.2.")
    if not drawn:
        for empty in (axes, below):
            panels.say_empty(empty, f"no example's loss falls below {LEARNED_LOSS:g} nats at a measured step")
        return panels.finish(canvas)
    axes.set_ylim(0, None)
    axes.set_xlim(0, 1)
    axes.set_title("Weights of learned examples")
    axes.set_xlabel("weight / largest weight of the step")
    axes.set_ylabel("share of pairs with loss < 1e-6 (%)")
    axes.legend(loc="upper center")
    below.axhline(90, color=surfaces.MUTED, linestyle=":", linewidth=1.2)
    below.annotate(
        "paper: more than 90 %",
        (0.02, 90),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        fontsize=7,
        color=surfaces.MUTED,
    )
    below.set_xticks(range(len(policies)), [policy_label(policy) for policy in policies])
    below.set_xlim(-0.5, len(policies) - 0.5)
    below.grid(axis="x", visible=False)
    below.set_ylim(-4, 104)
    below.set_title("Share below 0.2")
    below.set_ylabel("share of pairs (%), a point a seed")
    below.set_xlabel("")
    return panels.finish(canvas)


def _weights_of_learned(results: Results, seed: int, policy: str) -> panels.Array:
    """Return weight / largest weight of the step, of the pairs with loss < 1e-6 at a measured step."""
    steps, losses = results.contributions(seed, policy, "desired", "loss")
    weights = results.weights(seed, policy, steps).astype(np.float64)
    relative = weights / weights.max(axis=1, keepdims=True)
    return np.asarray(relative[losses < LEARNED_LOSS], dtype=np.float64)


def redundant(results: Results) -> Figure:
    """Draw the near-optimal weights of examples that would help, and how many of them are 0 (Fig 10)."""
    seed = results.seeds[0]
    canvas = panels.canvas(
        results,
        "fig10_redundant",
        1,
        2,
        4.6,
        f"heat map of seed {seed}; right: {panels.seeds_note(results)}",
        widths=(1.9, 1),
    )
    axes, share = canvas.at(0, 0), canvas.at(0, 1)
    _draw_heat_map(canvas, axes, seed)
    for against in REFERENCES:
        shares = []
        for each in results.seeds:
            steps, contributions = results.contributions(each, "near_optimal", against, "contribution")
            zero = results.weights(each, "near_optimal", steps) == 0
            helpful = contributions > 0
            count = helpful.sum(axis=1)
            values = np.full(len(steps), np.nan)
            np.divide(100 * (helpful & zero).sum(axis=1), count, out=values, where=count > 0)
            shares.append(values)
        samples = np.array(shares)
        panels.draw_over_seeds(share, steps, samples, style.AGAINST[against], against)
        canvas.here.append(
            f"{number(float(np.nanmean(samples)))} % of the pairs with CT > 0 on {against} have weight "
            "exactly 0 (mean over steps and seeds)."
        )
    share.set_ylim(-4, 104)
    share.set_title("CT > 0, but weight 0")
    share.set_xlabel("training step t")
    share.set_ylabel("share of the pairs with CT > 0 (%)")
    share.legend(title="contribution against")
    return panels.finish(canvas)


def _draw_heat_map(canvas: panels.Canvas, axes: Axes, seed: int) -> None:
    """Draw gamma N of one seed: blank where CT <= 0 against the desired loss, grey where exactly 0."""
    results = canvas.results
    steps, contributions = results.contributions(seed, "near_optimal", "desired", "contribution")
    weights = results.weights(seed, "near_optimal", steps).astype(np.float64)
    total = weights.shape[1]
    order = np.argsort(-weights.sum(axis=0), kind="stable")
    rows = order[np.unique(np.linspace(0, total - 1, min(MOST_ROWS, total)).astype(np.int64))]
    helpful = (contributions > 0)[:, rows].T
    relative = (weights * total)[:, rows].T
    positive = relative[helpful & (relative > 0)]
    norm = LogNorm(0.1, max(10.0, float(np.quantile(positive, 0.999)) if positive.size else 10.0), clip=True)
    edges_x = _edges(steps)
    edges_y = np.linspace(0, 100, len(rows) + 1)
    zero = np.ma.masked_where(~(helpful & (relative == 0)), np.zeros_like(relative))
    shown = np.ma.masked_where(~(helpful & (relative > 0)), relative)
    axes.pcolormesh(edges_x, edges_y, zero, cmap=ListedColormap([style.ZERO]), rasterized=True)
    mesh = axes.pcolormesh(edges_x, edges_y, shown, cmap=style.weights_map(), norm=norm, rasterized=True)
    axes.set_facecolor(style.BLANK)
    axes.grid(False)
    axes.invert_yaxis()
    bar = canvas.figure.colorbar(mesh, ax=axes, pad=0.02, aspect=28, extend="both")
    bar.set_label("weight x N (log; grey: exactly 0)")
    bar.outline.set_visible(False)
    axes.set_title("Near-optimal weights of examples with CT > 0")
    axes.set_xlabel("training step t")
    sampled = f", {len(rows)} of {total}" if len(rows) < total else ""
    axes.set_ylabel(f"examples by their total weight (%{sampled})")


def _edges(steps: panels.Array) -> panels.Array:
    """Return the borders of cells around the measured steps."""
    middles = (steps[1:] + steps[:-1]) / 2
    return np.concatenate([[steps[0] - 0.5], middles, [steps[-1] + 0.5]])


def active_examples(results: Results) -> Figure:
    """Draw the effective number of examples, and the share with any weight."""
    canvas = panels.canvas(results, "active_examples", 1, 2, 4.1, panels.seeds_note(results))
    policies = [policy for policy in ("conventional", "near_optimal") if policy in results.policies]
    colours = style.colours(policies)
    means = _draw_effective(canvas.at(0, 0), results, policies, colours)
    active = canvas.at(0, 1)
    steps = np.unique(results.similarity["step"])
    for policy in policies:
        weights = (results.weights(seed, policy, steps) for seed in results.seeds)
        shares = np.array([100 * examples.active_fraction(each) for each in weights])
        label = policy_label(policy)
        panels.draw_over_seeds(active, steps, shares, colours[policy], label)
        canvas.here.append(
            f"{label.capitalize()}: {number(means[policy])} effective examples, "
            f"{number(float(shares.mean()))} % with any weight."
        )
    canvas.here.append("Means over measured steps and seeds.")
    canvas.at(0, 0).legend()
    active.set_title("Examples with any weight")
    active.set_ylabel("share of the examples (%)")
    active.set_xlabel("training step t")
    active.set_ylim(0, min(104, active.get_ylim()[1]))
    return panels.finish(canvas)


def _draw_effective(
    axes: Axes, results: Results, policies: Sequence[str], colours: dict[str, str]
) -> dict[str, float]:
    """Draw 1 / sum of squared weights over the measured steps; return each policy's mean."""
    steps = np.unique(results.similarity["step"])
    means = {}
    for policy in policies:
        weights = [results.weights(seed, policy, steps) for seed in results.seeds_of(policy)]
        effective = np.array([examples.effective_examples(each) for each in weights])
        means[policy] = float(effective.mean())
        panels.draw_over_seeds(axes, steps, effective, colours[policy], policy_label(policy), logarithmic=True)
        axes.set_ylim(0.8, 1.5 * weights[0].shape[1])
    axes.set_yscale("log")
    panels.logarithmic(axes.yaxis)
    axes.set_title("Effective number of examples")
    axes.set_ylabel("1 / sum of squared weights (log)")
    axes.set_xlabel("training step t")
    return means


def weight_on_corrupted(results: Results) -> Figure:
    """Draw the weight on the flipped or perturbed examples under each policy, and the effective number beside it."""
    word = problem.corruption(results.settings)
    canvas = panels.canvas(results, "weight_on_perturbed", 1, 2, 4.1, panels.seeds_note(results))
    axes = canvas.at(0, 0)
    colours = style.colours(results.chosen)
    steps = np.unique(results.similarity["step"])
    corrupted = {seed: results.corrupted(seed) for seed in results.seeds}
    chance = 100 * float(np.mean([mask.mean() for mask in corrupted.values()]))
    axes.axhline(chance, color=surfaces.MUTED, linestyle=":", linewidth=1.2, zorder=1)
    axes.annotate(
        f"their share of the examples: {number(chance)} %",
        (0.99, chance),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=7,
        color=surfaces.MUTED,
    )
    # The matched policy has the near-optimal one's weights at other learning rates: its line would hide that one's.
    policies = [policy for policy in results.chosen if policy != MATCHED]
    for policy in policies:
        weights = {seed: results.weights(seed, policy, steps) for seed in results.seeds_of(policy)}
        samples = np.array(
            [100 * each[:, corrupted[seed]].sum(axis=1, dtype=np.float64) for seed, each in weights.items()]
        )
        panels.draw_over_seeds(axes, steps, samples, colours[policy], policy_label(policy))
        canvas.here.append(
            f"{policy_label(policy).capitalize()}: {number(float(samples.mean()))} % of the weight is on {word} "
            f"examples; {number(float(samples[:, 0].mean()))} % at the first step, "
            f"{number(float(samples[:, -1].mean()))} % at the last."
        )
    canvas.here.append("Means over measured steps and seeds.")
    axes.set_ylim(0, min(100, 1.12 * max(chance, axes.get_ylim()[1] / 1.05)))
    axes.set_title(f"Weight on {word} examples")
    axes.set_ylabel("share of the weight (%)")
    axes.set_xlabel("training step t")
    _draw_effective(canvas.at(0, 1), results, policies, colours)
    axes.legend(loc="upper right")
    return panels.finish(canvas)
