"""The paper's first three figures, drawn from measured runs: objective, headline and law (Figs 1 to 3)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import frame, panels, scaling_law, style
from lawpipe.figures.frame import Canvas
from lawpipe.figures.panels import COMPARED, KINDS
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BASE, BEST
from lawpipe.results.numbers import interval, number, plural, policy_label
from lawpipe.run.splits import REFERENCES


def fig01_objective(results: Results) -> Figure:
    """Draw the loss curves of both policies with the areas under them and between them."""
    note = "means over seeds" if len(results.seeds) > 1 else "one run"
    canvas = frame.canvas(results, "fig01_objective", note)
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        curves = [panels.loss_curves(results, policy, against) for policy in COMPARED]
        keep = panels.thinned(len(curves[0][0]))
        steps = curves[0][0][keep]
        # J is the mean over steps 1 to T, so the area under the plain mean of the seeds is the mean J.
        before, after = (losses.mean(axis=0)[keep] for _, losses in curves)
        axes.fill_between(steps, after, color=style.POLICIES[BEST], alpha=0.25, linewidth=0)
        saved, grey = before > after, style.POLICIES[BASE]
        axes.fill_between(steps, after, before, where=saved, color=grey, alpha=0.4, linewidth=0)
        objectives = [results.quantity(policy, f"objective_{against}").mean_or_nan for policy in COMPARED]
        for policy, curve, objective in zip(COMPARED, (before, after), objectives, strict=True):
            label = f"{policy_label(policy)}: J = {number(objective)}"
            axes.plot(steps, curve, color=style.POLICIES[policy], label=label)
        if np.isfinite(before).all() and np.isfinite(after).all():
            # Curves that stay high need room for the legend above them.
            room = 1.05 if after[-1] < after[0] / 2 else 1.3
            axes.set_ylim(0, room * float(max(before.max(), after.max())))
        axes.set(title=f"{against.capitalize()} examples", xlabel=panels.STEP, ylabel=panels.loss_label(log=False))
        axes.legend(loc="upper right")
        first, last = objectives
        left = f"{number(100 * last / first)} % of the conventional area is left" if first else "both areas are 0"
        canvas.say(f"{against.capitalize()}: {left}.")
    canvas.say("The area divided by T is J. J on the desired examples is the objective of the search.")
    return frame.finish(canvas)


def fig02_headline(results: Results) -> Figure:
    """Draw the loss curves of the first seed with the steps saved and both scaling laws."""
    first = results.seeds[0]
    seed = results.seed(first)
    canvas = frame.canvas(results, "fig02_headline", f"curves and laws of seed {first}")
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        curves = seed.losses(against)
        last_step = len(curves[BASE]) - 1
        steps = 1 + panels.thinned(last_step, log=True)
        for policy in COMPARED:
            axes.plot(steps, curves[policy][steps], color=style.POLICIES[policy], label=policy_label(policy))
            _draw_law(canvas, axes, policy, against, last_step)
        ratio = seed.summary[BEST][f"acceleration_{against}"]
        panels.draw_steps_saved(axes, float(curves[BASE][-1]), last_step, ratio)
        if ratio is not None:
            panels.write_in_corner(axes, f"{number(ratio)} x fewer steps", 0.97, va="top")
        log = panels.differ_by_factors(np.concatenate(list(curves.values())))
        panels.log_axes(axes, "xy" if log else "x")
        axes.set_title(f"{against.capitalize()} examples")
        axes.set(xlabel=f"{panels.STEP} (log)", ylabel=panels.loss_label(log=log))
        over = results.quantity(BEST, f"acceleration_{against}")
        sooner = f"{interval(over)} x fewer steps" if over.n_reached else "never as low"
        canvas.say(f"Over all seeds, {against}: {sooner}.")
    desired = canvas.axes[0][0]
    desired.plot([], [], **style.DASHED | {"linewidth": 1}, label="scaling law")
    desired.legend(loc="lower left")
    return frame.finish(canvas)


def _draw_law(canvas: Canvas, axes: Axes, policy: str, against: str, last_step: int) -> None:
    """Draw a policy's fitted law in the first seed, from its first step on."""
    fits = select(scaling_law.fitted(canvas.results, policy, against), seed=canvas.results.seeds[0])
    label = f"{policy_label(policy).capitalize()}, {against}"
    if fits.empty:
        canvas.say(f"{label}: no law could be fitted.")
        return
    fit = fits.iloc[0]
    t, above_floor = scaling_law.law(fit, last_step)
    axes.plot(t, fit["loss_floor"] + above_floor, **style.DASHED)
    floor, scale, exponent = (number(fit[name]) for name in ("loss_floor", "scale", "exponent"))
    canvas.say(f"{label}: L0 {floor}, B {scale}, beta {exponent}.")


def fig03_law(results: Results) -> Figure:
    """Draw the contributions at one step, each as wide as its weight, and SIM against CR."""
    seed = results.seeds[0]
    step = _chosen_step(results, seed)
    note = f"left: step {step} of seed {seed}; right: one point per policy and seed"
    canvas = frame.canvas(results, "fig03_law", note, widths=(1.15, 1.15, 1))
    *contributions, similarity = canvas.axes[0]
    for axes, kind in zip(contributions, KINDS, strict=True):
        axes.axhline(1, **style.DASHED)
        for policy in COMPARED:
            _draw_contributions(canvas, axes, seed, step, policy, kind)
        axes.set(xlim=(0, 100), title=f"{kind.capitalize()} contributions")
        axes.set(xlabel="weight, in order of contribution (%)", ylabel="contribution / weighted mean")
    if contributions[0].get_legend_handles_labels()[0]:
        contributions[0].legend(loc="upper left")
    points = results.summary[results.summary["policy"].isin(results.along_search)]
    for kind in KINDS:
        known = points[["compression_ratio_desired", f"{panels.MEAN_SIMILARITY[kind]}_desired"]].dropna()
        similarity.plot(*known.to_numpy().T, style.MARKERS[kind], color=style.KINDS[kind], markersize=4, label=kind)
    similarity.set(title="Similarity, desired", xlabel="compression ratio on desired", ylabel="mean similarity SIM")
    similarity.legend()
    canvas.say("At the optimum the adjoint curve is flat at 1 over all the weight: the exact first-order condition.")
    return frame.finish(canvas)


def _chosen_step(results: Results, seed: int) -> int:
    """Return the measured step whose desired loss is nearest to the middle of the near-optimal policy's range.

    Steps with a single weighted example count only if there are no others: one example always equals the mean.
    """
    losses = select(results.curves, policy=BEST, seed=seed).set_index("step")["desired_loss"]
    rows = select(results.similarity, policy=BEST, seed=seed)
    several = rows[rows["active"] > 1]
    steps = np.unique((rows if several.empty else several)["step"])
    middle = (losses.max() + losses.min()) / 2
    distance = (losses.loc[steps] - middle).abs()
    return int(steps[np.nan_to_num(distance, nan=np.inf, posinf=np.inf).argmin()])


def _draw_contributions(canvas: Canvas, axes: Axes, seed: int, step: int, policy: str, kind: str) -> None:
    """Draw the contributions of a policy's weighted examples in rising order, each as wide as its weight."""
    label = f"{policy_label(policy).capitalize()}, {kind}"
    steps, contributions = canvas.results.contributions(seed, policy, "desired", "contribution", kind)
    values = contributions[np.flatnonzero(steps == step)[0]].astype(np.float64)
    weights = canvas.results.weights(seed, policy, np.array([step]))[0].astype(np.float64)
    mean = float(weights @ values)
    if not mean > 0:
        canvas.say(f"{label}: the mean contribution is not above 0.")
        return
    active = np.flatnonzero(weights > 0)
    order = active[np.argsort(values[active], kind="stable")]
    edges, relative = np.concatenate([[0], np.cumsum(weights[order])]), values[order] / mean
    # A staircase has two points per step.
    keep = panels.thinned(len(order), most=panels.MOST_POINTS // 2)
    x, y = 100 * np.append(edges[keep], edges[-1]), np.append(relative[keep], relative[-1])
    axes.plot(x, y, drawstyle="steps-post", color=style.POLICIES[policy], label=policy_label(policy))
    deviation = number(float(np.sqrt(weights[order] @ (relative - 1) ** 2)))
    count = plural(len(order), "example")
    canvas.say(f"{label}: {count} with weight, weighted deviation {deviation} of the mean.")
