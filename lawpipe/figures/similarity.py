"""The contributions of the weighted examples: their similarity during training and along the search (Figs 6, 7).

Also both sides of the law at each step: the weighted mean contribution, and the measured fall of the loss.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from lawpipe.analysis import asymptote
from lawpipe.figures import frame, layout, panels, style
from lawpipe.figures.panels import COMPARED, KINDS, MEAN_SIMILARITY
from lawpipe.figures.style import Look
from lawpipe.paper import values as paper
from lawpipe.results import problem
from lawpipe.results.experiment import Results, select, snapshot
from lawpipe.results.gains import BASE, BEST
from lawpipe.results.numbers import interval, number, policy_label
from lawpipe.run.splits import REFERENCES

#: The policies along the search between its ends: their look as points, and how many are drawn as lines.
SNAPSHOTS, MOST_SNAPSHOTS = Look("#56b4e9", marker="^"), 3
#: The figure against the loss has the means of this many equal spans.
SPANS = 8
#: A fit of three coefficients is drawn through at least this many points, if it explains this share of the variance.
POINTS_FOR_A_FIT, EXPLAINED = 6, 0.8
#: Differences above this many per cent have a symmetrical log axis.
MOST_ON_LINEAR_AXIS = 10
NO_STEP = "no step has two weighted examples whose contributions differ"


def fig06_similarity_against_loss(results: Results) -> Figure:
    """Draw SIM[t] against the loss at t for some policies along the search."""
    log = layout.differ_by_factors(results.curves[["desired_loss", "test_loss"]])
    note = f"geometric means over seeds and steps in {SPANS} spans of the loss"
    canvas = frame.canvas(
        results, "fig06_similarity_against_loss", note, rows=2, height=5.2, sharex="col", sharey=True
    )
    shown, values = _some(results.along_search), []
    for row, kind in zip(canvas.axes, KINDS, strict=True):
        for axes, against in zip(row, REFERENCES, strict=True):
            values.append(_draw_along_training(axes, results, shown, kind, against, log=log))
    panels.show_bulk(canvas.axes[0][0], np.concatenate(values), log=True)
    layout.log_axes(canvas.figure.axes, "xy" if log else "y")
    for axes, against in zip(canvas.axes[-1], REFERENCES, strict=True):
        axes.invert_xaxis()  # shared by both rows
        axes.set_xlabel(f"{against} loss L[t] (nats{', log' if log else ''})\ntraining runs to the right")
    for kind in KINDS:
        first, last = (interval(results.quantity(policy, f"{MEAN_SIMILARITY[kind]}_desired")) for policy in COMPARED)
        canvas.say(f"Mean {kind} SIM on desired: {first} conventional, {last} near-optimal.")
    canvas.say("Values of 0 or less are not shown.")
    return frame.finish(canvas)


def _some(along_search: Sequence[str]) -> dict[str, Look]:
    """Return the looks of both ends of the search and of a few snapshots, evenly spaced between them."""
    snapshots = [policy for policy in along_search if snapshot(policy) is not None]
    count = min(MOST_SNAPSHOTS, len(snapshots))
    chosen = [snapshots[round(index * (len(snapshots) - 1) / max(1, count - 1))] for index in range(count)]
    shades = style.colour_map("mako_r", 0.25, 0.60)(np.linspace(0, 1, max(1, count)))
    between = {policy: Look(to_hex(shade)) for policy, shade in zip(chosen, shades, strict=False)}
    return {BASE: style.look(BASE), **between, BEST: style.look(BEST)}


def _draw_along_training(
    axes: Axes, results: Results, shown: dict[str, Look], kind: str, against: str, *, log: bool
) -> panels.Array:
    """Draw the mean similarity of the measured steps of all seeds by their loss; return the means."""
    drawn = []
    for policy, look in shown.items():
        rows = select(results.similarity, policy=policy, kind=kind, against=against)
        steps, samples = results.by_seed(rows, "step", "similarity")
        curve_steps, losses = panels.loss_curves(results, policy, against)
        losses = losses[:, np.isin(curve_steps, steps)]
        with np.errstate(divide="ignore", invalid="ignore"):
            x, y = panels.binned(np.log(losses) if log else losses, np.log(samples), SPANS)
        loss, similarity = np.exp(x) if log else x, np.exp(y)
        axes.plot(loss, similarity, color=look.colour, linestyle=look.line, label=policy_label(policy))
        drawn.append(similarity)
    if not np.concatenate(drawn).size:
        panels.say_empty(axes, NO_STEP)
    axes.set(title=f"{kind.capitalize()}, {against}", ylabel="similarity SIM[t] (log)")
    return np.concatenate(drawn)


def fig07_similarity_against_compression(results: Results) -> Figure:
    """Draw mean SIM against CR, one point per policy along the search and seed, with the paper's fit per seed."""
    note = "one point per policy and seed; thin lines are fits to a seed"
    canvas = frame.canvas(
        results, "fig07_similarity_against_compression", note, rows=2, height=5.2, sharex="col", sharey="row"
    )
    points = results.summary[results.summary["policy"].isin(results.along_search)]
    asymptotes = []
    roles = points["policy"].where(points["policy"].isin(COMPARED), "snapshots of the search")
    for row, kind in zip(canvas.axes, KINDS, strict=True):
        for axes, against in zip(row, REFERENCES, strict=True):
            x, y = f"compression_ratio_{against}", f"{MEAN_SIMILARITY[kind]}_{against}"
            known = points[points[x].notna() & points[y].notna()]
            axes.set(title=f"{kind.capitalize()}, {against}", ylabel="mean similarity SIM")
            if known.empty:
                panels.say_empty(axes, "no policy has a similarity: no step has two weighted examples")
                continue
            fits = _draw_fits(axes, known, x, y)
            if kind == "instantaneous" and frame.like_the_paper(results):
                _draw_paper(axes, problem.name(results.settings), known[x])
            for role in (BASE, "snapshots of the search", BEST):
                rows, look = known[roles == role], style.look(role) if role in COMPARED else SNAPSHOTS
                if len(rows):
                    point = {"s": 26, "color": look.colour, "marker": look.marker, **style.POINT}
                    axes.scatter(rows[x], rows[y], label=policy_label(role), **point)
            values = ", ".join(number(fit.b) for fit in fits)
            asymptotes += [f"{kind}, {against}: {values} ({len(fits)} of {len(results.seeds)} seeds)"] if fits else []
        panels.show_bulk(row[0], points[[f"{MEAN_SIMILARITY[kind]}_{against}" for against in REFERENCES]])
    canvas.say(
        f"Asymptotes b: {'; '.join(asymptotes)}." if asymptotes else "No seed follows the curve of an asymptote."
    )
    for axes, against in zip(canvas.axes[-1], REFERENCES, strict=True):
        axes.set_xlabel(f"compression ratio on {against}")
    return frame.finish(canvas)


def _draw_fits(axes: Axes, points: pd.DataFrame, x: str, y: str) -> list[asymptote.Asymptote]:
    """Draw the fit of each seed that has one and whose points follow it, over these; return the fits."""
    fits = []
    for _, rows in points.groupby("seed"):
        fit = asymptote.fit(rows[x], rows[y]) if len(rows) >= POINTS_FOR_A_FIT else None
        if fit is None or (rows[y] - fit(rows[x])).var() > (1 - EXPLAINED) * rows[y].var():
            continue
        fits.append(fit)
        ratios = np.linspace(float(rows[x].min()), float(rows[x].max()), 200)
        axes.plot(ratios, fit(ratios), **style.LAW, zorder=1, label="c ln(a / (b - CR)) of a seed")
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
    axes.plot(x, asymptote.Asymptote(a, b, c)(x / unit), **style.DOTTED, label=label)


def adjoint_similarity(results: Results) -> Figure:
    """Draw the instantaneous and the adjoint similarity over the steps, conventional and near-optimal."""
    note = panels.seeds_note(results, geometric=True)
    canvas = frame.canvas(results, "adjoint_similarity", note, rows=2, height=5.2, sharex=True, sharey=True)
    values = []
    for row, kind in zip(canvas.axes, KINDS, strict=True):
        for axes, against in zip(row, REFERENCES, strict=True):
            for policy in COMPARED:
                rows = select(results.similarity, policy=policy, kind=kind, against=against)
                steps, samples = results.by_seed(rows, "step", "similarity")
                values.append(samples.ravel())
                panels.draw_over_seeds(axes, steps, samples, style.look(policy), policy_label(policy), log=True)
            if not (np.concatenate(values[-len(COMPARED) :]) > 0).any():
                panels.say_empty(axes, NO_STEP)
            axes.set(title=f"{kind.capitalize()}, {against}", ylabel="similarity SIM[t] (log)")
    for axes in canvas.axes[-1]:
        axes.set_xlabel(panels.STEP)
    panels.show_bulk(canvas.axes[0][0], np.concatenate(values), log=True)
    layout.log_axes(canvas.figure.axes, "y")
    for kind in KINDS:
        similarity = select(results.similarity, policy=BEST, kind=kind, against="desired")["similarity"]
        share = 100 * float(similarity.notna().mean()) if len(similarity) else 0.0
        canvas.say(
            f"Near-optimal, {kind}, desired: median SIM[t] {number(float(similarity.median()))}; it is defined at "
            f"{share:.0f} % of the measured steps."
        )
    canvas.say(f"Its Frank-Wolfe gap: {interval(results.quantity(BEST, 'gap'))} nats.")
    return frame.finish(canvas)


def speed(results: Results) -> Figure:
    """Draw local against global speed, one point per step and seed, and their relative difference over the steps."""
    note = f"top: one point per step and seed; bottom: {panels.seeds_note(results)}"
    canvas = frame.canvas(results, "speed", note, rows=2, height=5.2, sharex="row", sharey="row")
    for axes, difference, against in zip(*canvas.axes, REFERENCES, strict=True):
        speeds = {policy: _speeds(results, policy, against) for policy in COMPARED}
        _draw_speeds(canvas, axes, speeds, against)
        for policy, rows in speeds.items():
            steps, samples = results.by_seed(rows, "step", "difference")
            panels.draw_over_seeds(difference, steps, samples, style.look(policy), None)
            label = policy_label(policy).capitalize()
            typical = number(float(rows["difference"].abs().median()))
            canvas.say(f"{label}, {against}: they differ by {typical} % (median over steps and seeds).")
        difference.axhline(0, **style.LAW)
        if max(float(rows["difference"].abs().max()) for rows in speeds.values()) > MOST_ON_LINEAR_AXIS:
            difference.set_yscale("symlog", linthresh=1)
            difference.set_yticks([-100, -10, -1, 0, 1, 10, 100])
            difference.yaxis.set_major_formatter(layout.PLAIN)
        difference.set_title(f"Difference, {against}")
        difference.set(xlabel=panels.STEP, ylabel="local - global (% of the larger)")
    layout.log_axes(canvas.axes[0], "xy")
    return frame.finish(canvas)


def _speeds(results: Results, policy: str, against: str) -> pd.DataFrame:
    """Return both speeds of a policy at the measured steps, with their difference in per cent of the larger."""
    rows = select(results.similarity, policy=policy, kind="instantaneous", against=against)
    larger = rows[["mean", "global_speed"]].abs().max(axis="columns")
    return rows.assign(difference=100 * (rows["mean"] - rows["global_speed"]) / larger.where(larger > 0))


def _draw_speeds(canvas: frame.Canvas, axes: Axes, speeds: dict[str, pd.DataFrame], against: str) -> None:
    """Draw local against global speed on log axes, with a line where they are equal."""
    columns = ["global_speed", "mean"]
    positive = {policy: rows[(rows[columns] > 0).all(axis="columns")] for policy, rows in speeds.items()}
    drawn, total = pd.concat(positive.values()), sum(map(len, speeds.values()))
    axes.set_title(f"{against.capitalize()} loss")
    if drawn.empty:
        panels.say_empty(axes, "no measured step has two speeds above 0")
        return
    look: dict[str, Any] = {"markersize": 2.8, "markeredgewidth": 0, "alpha": 0.6, "linestyle": ""}
    for policy, rows in positive.items():
        x, y = rows[columns].to_numpy()[panels.thinned(len(rows), most=panels.MOST_POINTS // len(speeds))].T
        colour, _, marker = style.look(policy)
        axes.plot(x, y, marker=marker, color=colour, label=policy_label(policy), **look)
    ends = [drawn[columns].to_numpy().min(), drawn[columns].to_numpy().max()]
    axes.plot(ends, ends, **style.LAW, label="equal speeds")
    axes.set(xlabel="global speed (nats, log)", ylabel="local speed (nats, log)")
    if total > len(drawn):
        canvas.say(f"{total - len(drawn)} of {total} points on {against}, with a speed of 0 or less, are not shown.")
