"""The paper's first three pictures from measured runs: the objective, the headline, the law (Figs 1 to 3)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import panels, style, surfaces
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval, number, plural, policy_label
from lawpipe.run.splits import REFERENCES

POLICIES = ("conventional", "near_optimal")
KINDS = ("instantaneous", "adjoint")
MEANS = {"instantaneous": "similarity", "adjoint": "adjoint_similarity"}


def objective(results: Results) -> Figure:
    """Draw both loss curves with the areas under them, and between them what the policy saves (Fig 1)."""
    note = "means over seeds" if len(results.seeds) > 1 else "one run"
    canvas = panels.canvas(results, "fig01_objective", 1, 2, 4.1, note)
    for column, against in enumerate(REFERENCES):
        axes = canvas.at(0, column)
        curves = {}
        for policy in POLICIES:
            rows = results.curves[results.curves["policy"] == policy]
            steps, losses = results.by_seed(rows, "step", f"{against}_loss")
            # J is the mean over steps 1 to T: a plain mean of the seeds keeps areas and numbers together.
            curves[policy] = losses.mean(axis=0)
        keep = panels.thinned(len(steps))
        before, after = (curves[policy][keep] for policy in POLICIES)
        axes.fill_between(steps[keep], after, color=style.POLICIES["near_optimal"], alpha=0.25, linewidth=0)
        saved, colour = before > after, style.POLICIES["conventional"]
        axes.fill_between(steps[keep], after, before, where=saved, color=colour, alpha=0.4, linewidth=0)
        for policy in POLICIES:
            mean = results.quantity(policy, f"objective_{against}").mean_or_nan
            label = f"{policy_label(policy)}: J = {number(mean)}"
            axes.plot(steps[keep], curves[policy][keep], color=style.POLICIES[policy], label=label)
        if np.isfinite(before).all() and np.isfinite(after).all():
            # Curves that stay high leave room for the legend above them.
            top, room = float(max(before.max(), after.max())), 1.05 if after[-1] < after[0] / 2 else 1.3
            axes.set_ylim(0, room * top)
        axes.set_title(f"{against.capitalize()} examples")
        axes.set_xlabel("training step t")
        axes.set_ylabel("mean loss (nats)")
        axes.legend(loc="upper right")
        ends = [results.quantity(policy, f"objective_{against}").mean_or_nan for policy in POLICIES]
        left = (
            f"{number(100 * ends[1] / ends[0])} % of the conventional area is left" if ends[0] else "both areas are 0"
        )
        canvas.here.append(f"{against.capitalize()}: {left}.")
    canvas.here.append("The area over T is J: the objective of the search, on the desired examples alone.")
    return panels.finish(canvas)


def headline(results: Results) -> Figure:
    """Draw the curves of one seed with the steps saved and both scaling laws (Fig 2)."""
    seed = results.seeds[0]
    canvas = panels.canvas(results, "fig02_headline", 1, 2, 4.1, f"curves and laws of seed {seed}")
    summary = results.summary[(results.summary["seed"] == seed) & (results.summary["policy"] == "near_optimal")]
    for column, against in enumerate(REFERENCES):
        axes = canvas.at(0, column)
        shown = results.curves[results.curves["seed"] == seed]
        for policy in POLICIES:
            curve = shown[shown["policy"] == policy]
            curve = curve[curve["step"] > 0]
            keep = panels.thinned(len(curve), logarithmic=True)
            steps, losses = (curve[name].to_numpy()[keep] for name in ("step", f"{against}_loss"))
            axes.plot(steps, losses, color=style.POLICIES[policy], label=policy_label(policy))
            _draw_law(canvas, axes, policy, against, int(steps[-1]))
        last = shown[(shown["policy"] == "conventional") & (shown["step"] == shown["step"].max())].iloc[0]
        ratio = float(summary[f"acceleration_{against}"].astype(float).iloc[0])
        mark, end = float(last[f"{against}_loss"]), int(last["step"])
        axes.axhline(mark, color=surfaces.MUTED, linestyle=":", linewidth=1)
        if np.isfinite(ratio):
            arrow = {"arrowstyle": "-|>", "color": surfaces.INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", xy=(end / ratio, mark), xytext=(end, mark), arrowprops=arrow)
            axes.annotate(
                f"{number(ratio)} x fewer steps",
                (0.98, 0.97),
                xycoords="axes fraction",
                ha="right",
                va="top",
                fontsize=8,
                bbox={"boxstyle": "round,pad=0.15", "facecolor": surfaces.PAPER, "edgecolor": "none", "alpha": 0.8},
            )
        axes.set_xscale("log")
        panels.logarithmic(axes.xaxis)
        if panels.in_factors(shown[f"{against}_loss"]):
            axes.set_yscale("log")
            panels.logarithmic(axes.yaxis)
        axes.set_title(f"{against.capitalize()} examples")
        axes.set_xlabel("training step t (log)")
        axes.set_ylabel(f"mean loss (nats{', log' if axes.get_yscale() == 'log' else ''})")
        over = results.quantity("near_optimal", f"acceleration_{against}")
        sooner = f"{interval(over)} x fewer steps" if over.n_reached else "never as low"
        canvas.here.append(f"Over all seeds, {against}: {sooner}.")
    canvas.at(0, 0).plot([], [], color=surfaces.INK, linestyle="--", linewidth=1, label="scaling law")
    canvas.at(0, 0).legend(loc="lower left")
    return panels.finish(canvas)


def _draw_law(canvas: panels.Canvas, axes: Axes, policy: str, against: str, steps: int) -> None:
    """Draw a policy's fitted law from its first step on."""
    fits = canvas.results.fits
    fits = fits[(fits["seed"] == canvas.results.seeds[0]) & (fits["policy"] == policy) & (fits["against"] == against)]
    fits = fits[fits[["loss_floor", "scale", "exponent"]].notna().all(axis=1)]
    if fits.empty:
        canvas.here.append(f"{policy_label(policy).capitalize()}, {against}: no law could be fitted.")
        return
    fit = fits.iloc[0]
    t = np.geomspace(max(1, int(fit["first_step"])), steps, 60)
    # In logarithms: B itself can be far out of any range.
    law = fit["loss_floor"] + np.exp(fit["exponent"] * (np.log(fit["scale"]) - np.log(t)))
    axes.plot(t, law, color=surfaces.INK, linestyle="--", linewidth=0.9)
    canvas.here.append(
        f"{policy_label(policy).capitalize()}, {against}: L0 {number(fit['loss_floor'])}, B {number(fit['scale'])}, "
        f"beta {number(fit['exponent'])}."
    )


def law(results: Results) -> Figure:
    """Draw the contributions at one step, as wide as their weights, and SIM against CR (Fig 3)."""
    seed = results.seeds[0]
    step = _chosen_step(results, seed)
    note = f"left: step {step} of seed {seed}; right: a point a policy along the search and seed"
    canvas = panels.canvas(results, "fig03_law", 1, 3, 4.1, note, widths=(1.15, 1.15, 1))
    for column, kind in enumerate(KINDS):
        axes = canvas.at(0, column)
        axes.axhline(1, color=surfaces.INK, linewidth=0.9, linestyle="--")
        for policy in POLICIES:
            _draw_contributions(canvas, axes, seed, step, policy, kind)
        axes.set_xlim(0, 100)
        axes.set_title(f"{kind.capitalize()} contributions")
        axes.set_xlabel("weight, in the order of contribution (%)")
        axes.set_ylabel("contribution / weighted mean")
    if canvas.at(0, 0).get_legend_handles_labels()[0]:
        canvas.at(0, 0).legend(loc="upper left")
    axes = canvas.at(0, 2)
    points = results.summary[results.summary["policy"].isin(results.along_search)]
    for kind in KINDS:
        known = points[["compression_ratio_desired", f"{MEANS[kind]}_desired"]].dropna()
        axes.plot(*known.to_numpy().T, style.MARKERS[kind], color=style.KINDS[kind], markersize=4, label=kind)
    axes.set_title("Similarity, desired")
    axes.set_xlabel("compression ratio on desired")
    axes.set_ylabel("mean similarity SIM")
    axes.legend()
    canvas.here.append("At the optimum the exact condition makes the adjoint curve flat at 1, over all the weight.")
    return panels.finish(canvas)


def _chosen_step(results: Results, seed: int) -> int:
    """Return the measured step nearest to half of the near-optimal fall of the desired loss.

    Of the steps with at least two weighted examples, if there is one: a single one is alike to itself.
    """
    curve = results.curves[(results.curves["policy"] == "near_optimal") & (results.curves["seed"] == seed)]
    losses = curve.set_index("step")["desired_loss"]
    rows = results.similarity
    rows = rows[(rows["policy"] == "near_optimal") & (rows["seed"] == seed)]
    steps = np.unique(rows.loc[rows["active"] > 1, "step"] if (rows["active"] > 1).any() else rows["step"])
    half = (losses.max() + losses.min()) / 2
    distance = (losses.loc[steps] - half).abs().to_numpy()
    return int(steps[int(np.argmin(np.where(np.isfinite(distance), distance, np.inf)))])


def _draw_contributions(canvas: panels.Canvas, axes: Axes, seed: int, step: int, policy: str, kind: str) -> None:
    """Draw the contributions of a policy's weighted examples in rising order, each as wide as its weight."""
    results = canvas.results
    steps, contributions = results.contributions(seed, policy, "desired", "contribution", kind)
    values = contributions[np.flatnonzero(steps == step)[0]].astype(np.float64)
    weights = results.weights(seed, policy, np.array([step]))[0].astype(np.float64)
    active = np.flatnonzero(weights > 0)
    order = active[np.argsort(values[active], kind="stable")]
    mean = float(weights @ values)
    if not mean > 0:
        canvas.here.append(f"{policy_label(policy).capitalize()}, {kind}: the mean contribution is not above 0.")
        return
    edges = np.concatenate([[0], np.cumsum(weights[order])])
    # As a staircase of few steps: what the eye cannot tell apart is left out.
    keep = panels.thinned(len(order), most=style.MOST_POINTS // 2)
    x = np.concatenate([edges[keep], edges[-1:]])
    y = np.concatenate([values[order][keep], values[order][-1:]]) / mean
    axes.plot(
        100 * x,
        y,
        drawstyle="steps-post",
        color=style.POLICIES[policy],
        label=policy_label(policy),
    )
    spread = float(np.sqrt(weights[order] @ (values[order] / mean - 1) ** 2))
    canvas.here.append(
        f"{policy_label(policy).capitalize()}, {kind}: {plural(len(order), 'example')} with weight, "
        f"weighted deviation {number(spread)} of the mean."
    )
