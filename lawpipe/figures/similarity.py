"""The contributions of the weighted examples: their similarity during training and along the search (Figs 6, 7).

Also both sides of the law at each step: the weighted mean contribution, and the measured fall of the loss.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from lawpipe.analysis import asymptote
from lawpipe.figures import frame, panels, style, surfaces
from lawpipe.figures.panels import COMPARED, KINDS, MEAN_SIMILARITY
from lawpipe.paper import values as paper
from lawpipe.results import problem
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BASE, BEST
from lawpipe.results.numbers import interval, number, plural, policy_label
from lawpipe.run.splits import REFERENCES

#: Colour and marker of the points of each policy along the search.
ROLES = {
    "conventional": (style.POLICIES[BASE], "X"),
    "near-optimal": (style.POLICIES[BEST], "s"),
    "snapshots": (style.OTHERS[0], "o"),
}
#: Differences above this many per cent have a symmetrical log axis.
MOST_ON_LINEAR_AXIS = 10
NO_STEP = "no step has two weighted examples whose contributions differ"


def fig06_similarity_against_loss(results: Results) -> Figure:
    """Draw SIM[t] against the loss at t, one line per policy along the search, coloured by its CR."""
    log = panels.differ_by_factors(results.curves[["desired_loss", "test_loss"]])
    note = "lines are geometric means over seeds, step by step" if len(results.seeds) > 1 else "one run"
    canvas = frame.canvas(results, "fig06_similarity_against_loss", note, rows=2, height=6.1)
    for row, kind in zip(canvas.axes, KINDS, strict=True):
        for axes, against in zip(row, REFERENCES, strict=True):
            _draw_along_training(axes, results, kind, against, log=log)
    count = max(0, len(results.along_search) - len(COMPARED))
    canvas.say(f"{plural(count, 'snapshot')} of the search, between uniform and near-optimal.")
    for kind in KINDS:
        first, last = (interval(results.quantity(policy, f"{MEAN_SIMILARITY[kind]}_desired")) for policy in COMPARED)
        canvas.say(f"Mean {kind} SIM on desired: {first} conventional, {last} near-optimal.")
    canvas.say("Values of 0 or less are not shown.")
    return frame.finish(canvas)


def _draw_along_training(axes: Axes, results: Results, kind: str, against: str, *, log: bool) -> None:
    """Draw the geometric means over the seeds of loss and similarity at the measured steps."""
    ratios = {
        policy: results.quantity(policy, f"compression_ratio_{against}").mean_or_nan
        for policy in results.along_search
    }
    known = [ratio for ratio in ratios.values() if np.isfinite(ratio)]
    norm = Normalize(min(known, default=0), max(known, default=1) + 1e-12)
    colours = style.colour_map("viridis", 0.22, 0.86)
    drawn = False
    for policy, ratio in ratios.items():
        rows = select(results.similarity, policy=policy, kind=kind, against=against)
        steps, samples = results.by_seed(rows, "step", "similarity")
        curve_steps, losses = panels.loss_curves(results, policy, against)
        losses = losses[:, np.isin(curve_steps, steps)]
        loss, similarity = (panels.band(values, log=True)[0] for values in (losses, samples))
        axes.plot(loss, similarity, color=colours(norm(ratio)), linewidth=1.3)
        drawn |= bool(np.isfinite(similarity).any())
    if not drawn:
        panels.say_empty(axes, NO_STEP)
        return
    panels.log_axes(axes, "xy" if log else "y")
    axes.invert_xaxis()
    axes.set(title=f"{kind.capitalize()}, {against} examples", ylabel="similarity SIM[t] (log)")
    axes.set_xlabel(f"{against} loss L[t] (nats{', log' if log else ''}; training runs to the right)")
    panels.draw_colour_bar(axes, ScalarMappable(norm, colours), f"CR on {against}")


def fig07_similarity_against_compression(results: Results) -> Figure:
    """Draw mean SIM against CR, one point per policy along the search and seed, with the paper's fit per seed."""
    note = "one point per policy and seed; thin lines are fits"
    canvas = frame.canvas(results, "fig07_similarity_against_compression", note, rows=2, height=6.1)
    points = results.summary[results.summary["policy"].isin(results.along_search)]
    roles = points["policy"].map({BASE: "conventional", BEST: "near-optimal"}).fillna("snapshots")
    for row, kind in zip(canvas.axes, KINDS, strict=True):
        for axes, against in zip(row, REFERENCES, strict=True):
            x, y = f"compression_ratio_{against}", f"{MEAN_SIMILARITY[kind]}_{against}"
            known = points[points[x].notna() & points[y].notna()]
            if known.empty:
                panels.say_empty(axes, "no policy has a similarity: no step has two weighted examples")
                continue
            fits = _draw_fits(axes, known, x, y)
            if kind == "instantaneous" and frame.like_the_paper(results):
                _draw_paper(axes, problem.name(results.settings), known[x])
            for role, (colour, marker) in ROLES.items():
                rows = known[roles == role]
                axes.scatter(rows[x], rows[y], s=30, color=colour, marker=marker, label=role, **style.POINT)
            axes.set_title(f"{kind.capitalize()}, {against} examples")
            axes.set(xlabel=f"compression ratio on {against}", ylabel="mean similarity SIM")
            if axes is canvas.axes[0][0]:
                axes.legend()
            values = ", ".join(number(fit.b) for fit in fits)
            seeds = f"{len(fits)} of {plural(len(results.seeds), 'seed')}"
            fitted = f"b {values} ({seeds})" if fits else "no asymptote can be fitted"
            canvas.say(f"{kind.capitalize()}, {against}: {fitted}.")
    return frame.finish(canvas)


def _draw_fits(axes: Axes, points: pd.DataFrame, x: str, y: str) -> list[asymptote.Asymptote]:
    """Draw the fit of each seed that has one; return the fits."""
    fits = []
    for _, rows in points.groupby("seed"):
        fit = asymptote.fit(rows[x], rows[y])
        if fit is None:
            continue
        fits.append(fit)
        low, high = float(rows[x].min()), float(rows[x].max())
        end = min(fit.b - 1e-3 * (fit.b - low), high + 0.15 * (high - low))
        ratios = np.linspace(low, end, 200)
        axes.plot(ratios, fit(ratios), color=surfaces.MUTED, linewidth=0.8, zorder=1)
    if fits:
        low, high = min(0.0, float(points[y].min())), float(points[y].max())
        axes.set_ylim(low - 0.05 * (high - low), high + 0.15 * (high - low))
    return fits


def _draw_paper(axes: Axes, name: str, ratios: "pd.Series[float]") -> None:
    """Draw the paper's fit, if it has one, with its compression ratio in the unit of this axis."""
    published = {value.measure: value.low for value in paper.values(name, "Fig 7")}
    a, b, c = map(published.get, paper.ASYMPTOTE)
    if a is None or b is None or c is None:
        return
    unit = float(np.log(2))
    x = np.linspace(min(float(ratios.min()), unit * (b - a)), unit * (b - 1e-3), 200)
    label = "paper's fit (read off, in one unit)"
    axes.plot(x, asymptote.Asymptote(a, b, c)(x / unit), **style.DOTTED | {"linewidth": 1.2}, label=label)


def adjoint_similarity(results: Results) -> Figure:
    """Draw the instantaneous and the adjoint similarity over the steps, conventional and near-optimal."""
    canvas = frame.canvas(results, "adjoint_similarity", panels.seeds_note(results, geometric=True))
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        drawn = False
        for policy in COMPARED:
            for kind, line in zip(KINDS, ("-", "--"), strict=True):
                rows = select(results.similarity, policy=policy, kind=kind, against=against)
                steps, samples = results.by_seed(rows, "step", "similarity")
                drawn |= bool((samples > 0).any())
                colour, label = style.POLICIES[policy], f"{policy_label(policy)}, {kind}"
                panels.draw_over_seeds(axes, steps, samples, colour, label, line=line, log=True)
        if not drawn:
            panels.say_empty(axes, NO_STEP)
            continue
        panels.log_axes(axes, "y")
        axes.set_title(f"Contributions against the {against} loss")
        axes.set(xlabel=panels.STEP, ylabel="similarity SIM[t] (log)")
        if against == REFERENCES[0]:
            axes.legend(handlelength=2.6)
    for kind in KINDS:
        values = select(results.similarity, policy=BEST, kind=kind, against="desired")["similarity"]
        share = 100 * float(values.notna().mean()) if len(values) else 0.0
        canvas.say(
            f"Near-optimal, {kind}, desired: median SIM[t] {number(float(values.median()))}; it is defined at "
            f"{share:.0f} % of the measured steps."
        )
    canvas.say(f"Its Frank-Wolfe gap: {interval(results.quantity(BEST, 'gap'))} nats.")
    return frame.finish(canvas)


def speed(results: Results) -> Figure:
    """Draw local against global speed, one point per step and seed, and their relative difference over the steps."""
    note = f"top: one point per step and seed; bottom: {panels.seeds_note(results)}"
    canvas = frame.canvas(results, "speed", note, rows=2, height=6.1)
    for axes, difference, against in zip(*canvas.axes, REFERENCES, strict=True):
        speeds = {policy: _speeds(results, policy, against) for policy in COMPARED}
        _draw_speeds(axes, speeds, against)
        for policy, rows in speeds.items():
            steps, samples = results.by_seed(rows, "step", "difference")
            panels.draw_over_seeds(difference, steps, samples, style.POLICIES[policy], None)
            label = policy_label(policy).capitalize()
            typical = number(float(rows["difference"].abs().median()))
            canvas.say(f"{label}, {against}: they differ by {typical} % (median over steps and seeds).")
        difference.axhline(0, **style.DASHED | {"color": surfaces.MUTED})
        if max(float(rows["difference"].abs().max()) for rows in speeds.values()) > MOST_ON_LINEAR_AXIS:
            difference.set_yscale("symlog", linthresh=1)
        difference.set_title(f"Relative difference, {against}")
        difference.set(xlabel=panels.STEP, ylabel="local - global (% of the larger)")
    canvas.axes[0][0].legend()
    return frame.finish(canvas)


def _speeds(results: Results, policy: str, against: str) -> pd.DataFrame:
    """Return both speeds of a policy at the measured steps, with their difference in per cent of the larger."""
    rows = select(results.similarity, policy=policy, kind="instantaneous", against=against)
    larger = rows[["mean", "global_speed"]].abs().max(axis="columns")
    return rows.assign(difference=100 * (rows["mean"] - rows["global_speed"]) / larger.where(larger > 0))


def _draw_speeds(axes: Axes, speeds: dict[str, pd.DataFrame], against: str) -> None:
    """Draw local against global speed on log axes, with a line where they are equal."""
    columns = ["global_speed", "mean"]
    positive = {policy: rows[(rows[columns] > 0).all(axis="columns")] for policy, rows in speeds.items()}
    drawn, total = pd.concat(positive.values()), sum(map(len, speeds.values()))
    axes.set_title(f"{against.capitalize()} loss")
    if drawn.empty:
        panels.say_empty(axes, "no measured step has two speeds above 0")
        return
    look: dict[str, Any] = {"markersize": 2.6, "markeredgewidth": 0, "alpha": 0.6}
    for policy, rows in positive.items():
        x, y = rows[columns].to_numpy()[panels.thinned(len(rows), most=panels.MOST_POINTS // len(speeds))].T
        axes.plot(x, y, "o", color=style.POLICIES[policy], label=policy_label(policy), **look)
    ends = [drawn[columns].to_numpy().min(), drawn[columns].to_numpy().max()]
    axes.plot(ends, ends, **style.DASHED, label="equal")
    panels.log_axes(axes, "xy")
    axes.set(xlabel="global speed (L[t] - L[t+1]) / eta (nats, log)", ylabel="local speed (nats, log)")
    if total > len(drawn):
        text = f"{total - len(drawn)} of {total} points, with a speed of 0 or less, are not shown"
        axes.text(0.98, 0.03, text, transform=axes.transAxes, ha="right", fontsize=7, color=surfaces.MUTED)
