"""The paper's first three figures, drawn from measured runs: objective, headline and law (Figs 1 to 3)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import curves, frame, layout, panels, scaling_law, style
from lawpipe.figures.frame import Canvas
from lawpipe.figures.panels import COMPARED, KINDS
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BEST
from lawpipe.results.numbers import interval, number, plural, policy_label
from lawpipe.run.splits import REFERENCES

#: The figure of the contributions ends at this multiple of their weighted mean, or nearer.
HIGHEST = 5.0


def fig01_objective(results: Results) -> Figure:
    """Draw the loss curves of both policies with the areas under them and between them."""
    note = "means over seeds" if len(results.seeds) > 1 else "one run"
    canvas = frame.canvas(results, "fig01_objective", note, sharey=True)
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        losses = [panels.loss_curves(results, policy, against) for policy in COMPARED]
        keep = panels.thinned(len(losses[0][0]))
        steps = losses[0][0][keep]
        # J is the mean over steps 1 to T, so the area under the plain mean of the seeds is the mean J.
        before, after = (samples.mean(axis=0)[keep] for _, samples in losses)
        grey, orange = (style.look(policy).colour for policy in COMPARED)
        axes.fill_between(steps, after, color=orange, alpha=0.25, linewidth=0, label="area left")
        saved = before > after
        axes.fill_between(steps, after, before, where=saved, color=grey, alpha=0.4, linewidth=0, label="area saved")
        for policy, curve in zip(COMPARED, (before, after), strict=True):
            look = style.look(policy)
            axes.plot(steps, curve, color=look.colour, linestyle=look.line, label=policy_label(policy))
        first, last = (results.quantity(policy, f"objective_{against}").mean_or_nan for policy in COMPARED)
        axes.set_title(f"{against.capitalize()}: J {number(first)} to {number(last)}")
        axes.set(xlabel=panels.STEP, ylabel=panels.loss_label(log=False))
        left = f"{number(100 * last / first)} % of the conventional area is left" if first else "both areas are 0"
        canvas.say(f"{against.capitalize()}: {left}.")
    canvas.axes[0][0].set_ylim(bottom=0)
    canvas.say("The area divided by T is J. J on the desired examples is the objective of the search.")
    return frame.finish(canvas)


def fig02_headline(results: Results) -> Figure:
    """Draw the loss curves over log steps with the steps saved, and the scaling laws that the seeds determine."""
    log = layout.differ_by_factors(
        results.curves[results.curves["policy"].isin(COMPARED)][["desired_loss", "test_loss"]]
    )
    note = panels.seeds_note(results, geometric=log)
    canvas = frame.canvas(results, "fig02_headline", note, sharey=True)
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        for policy in COMPARED:
            steps, losses = panels.loss_curves(results, policy, against)
            keep = 1 + panels.thinned(len(steps) - 1, log=True)
            panels.draw_over_seeds(
                axes, steps[keep], losses[:, keep], style.look(policy), policy_label(policy), log=log
            )
            _draw_laws(canvas, axes, policy, against, int(steps[-1]))
        axes.set_title(f"{against.capitalize()}: {curves.draw_saved(axes, results, against, log=log)}")
        axes.set(xlabel=f"{panels.STEP} (log)", ylabel=panels.loss_label(log=log))
        over = results.quantity(BEST, f"acceleration_{against}")
        sooner = f"{interval(over)} x fewer steps" if over.n_reached else "never as low"
        canvas.say(f"{against.capitalize()}: {sooner}.")
    layout.log_axes(canvas.axes[0], "xy" if log else "x")
    return frame.finish(canvas)


def _draw_laws(canvas: Canvas, axes: Axes, policy: str, against: str, last_step: int) -> None:
    """Draw the laws of the seeds that determine one, over the steps to which they were fitted."""
    results = canvas.results
    fits = scaling_law.fitted(results, policy, against)
    known = [fit for _, fit in fits.iterrows() if scaling_law.holds(results, fit)]
    for fit in known:
        t, above_floor = scaling_law.law(fit, last_step)
        axes.plot(t, fit["loss_floor"] + above_floor, **style.LAW, label="scaling law of a seed")
    count = f"{len(known)} of {plural(len(results.seeds), 'seed')}"
    canvas.say(f"{policy_label(policy).capitalize()}, {against}: a law holds in {count}.")


def fig03_law(results: Results) -> Figure:
    """Draw the contributions at one step over their weighted mean, each as wide as its weight."""
    seed = results.seeds[0]
    step = _chosen_step(results, seed)
    canvas = frame.canvas(results, "fig03_law", f"step {step} of seed {seed}", sharey=True)
    drawn = []
    for axes, kind in zip(canvas.axes[0], KINDS, strict=True):
        axes.axhline(1, **style.DOTTED, label="equal contributions (the law)")
        for policy in COMPARED:
            drawn.append(_draw_contributions(canvas, axes, seed, step, policy, kind))
        axes.set(xlim=(0, 100), title=f"{kind.capitalize()} contributions")
        axes.set(xlabel="weight, in order of contribution (%)", ylabel="contribution / mean")
    low, high = panels.bulk(np.concatenate([[0, 2], *drawn])) or (0, 2)
    axes.set_ylim(max(low, -HIGHEST), min(high, HIGHEST))
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


def _draw_contributions(canvas: Canvas, axes: Axes, seed: int, step: int, policy: str, kind: str) -> panels.Array:
    """Draw the contributions of a policy's weighted examples in rising order, each as wide as its weight.

    Returns them in units of their weighted mean.
    """
    label = f"{policy_label(policy).capitalize()}, {kind}"
    steps, contributions = canvas.results.contributions(seed, policy, "desired", "contribution", kind)
    values = contributions[np.flatnonzero(steps == step)[0]].astype(np.float64)
    weights = canvas.results.weights(seed, policy, np.array([step]))[0].astype(np.float64)
    mean = float(weights @ values)
    if not mean > 0:
        canvas.say(f"{label}: the mean contribution is not above 0.")
        return np.empty(0)
    active = np.flatnonzero(weights > 0)
    order = active[np.argsort(values[active], kind="stable")]
    edges, relative = np.concatenate([[0], np.cumsum(weights[order])]), values[order] / mean
    # A staircase has two points per step.
    keep = panels.thinned(len(order), most=panels.MOST_POINTS // 2)
    x, y = 100 * np.append(edges[keep], edges[-1]), np.append(relative[keep], relative[-1])
    look = style.look(policy)
    axes.plot(x, y, drawstyle="steps-post", color=look.colour, linestyle=look.line, label=policy_label(policy))
    ends = " to ".join(number(float(end)) for end in relative[[0, -1]])
    deviation = number(float(np.sqrt(weights[order] @ (relative - 1) ** 2)))
    count = plural(len(order), "example")
    canvas.say(f"{label}: {count} with weight, deviation {deviation} of the mean, from {ends}.")
    return np.asarray(relative, dtype=np.float64)
