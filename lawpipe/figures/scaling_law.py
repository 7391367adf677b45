"""The scaling law L = L0 + (B/t)^beta of each policy: its curves and its coefficients (Fig 11, Table 1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import convexity
from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import frame, layout, panels, style
from lawpipe.figures.panels import COMPARED
from lawpipe.results.experiment import Results, select
from lawpipe.results.numbers import number, plural, policy_label
from lawpipe.run.splits import REFERENCES

#: A law holds for a curve with at least this squared correlation of ln(L - L0) with ln t, if it does not fall faster
#: again at its end; it determines the coefficients if the interval of B spans less than this factor, too.
HOLDS, DETERMINED = 0.95, 100.0
#: The axis of B reaches at most this factor beyond its median.
WIDEST = 1e6


def fig11_scaling_law(results: Results) -> Figure:
    """Draw L - L0 from t0 on with the laws that the seeds determine, and the coefficients of each seed."""
    note = "one line and one point per seed; bars: 95 % intervals; hollow: not determined"
    canvas = frame.canvas(results, "fig11_scaling_law", note, rows=2, height=5.2, sharey="row")
    above = []
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        for policy in COMPARED:
            for _, fit in fitted(results, policy, against).iterrows():
                above.append(_draw_curve(axes, results, fit))
        if not axes.lines:
            panels.say_empty(axes, "no fit was possible")
            continue
        axes.set(title=f"{against.capitalize()} loss above its floor", xlabel=f"{panels.STEP} (log)")
        axes.set_ylabel("L - L0 (nats, log)")
    panels.show_bulk(canvas.axes[0][0], np.concatenate([*above, []]), log=True)
    layout.log_axes(canvas.axes[0], "xy")
    for axes, (column, label) in zip(
        canvas.axes[1], {"exponent": "beta", "scale": "B (steps, log)"}.items(), strict=True
    ):
        _draw_coefficients(axes, results, column, label)
    layout.log_axes(canvas.axes[1][1:], "x")
    for against in REFERENCES:
        for policy in COMPARED:
            canvas.say(_summary(results, policy, against))
    canvas.say("Means over the seeds with a fit (B: geometric).")
    return frame.finish(canvas)


def fitted(results: Results, policy: str, against: str) -> pd.DataFrame:
    """Return the fits of a policy on one loss, one row per seed in which the fit succeeded."""
    rows = select(results.fits, policy=policy, against=against)
    return rows[rows[["loss_floor", "scale", "exponent"]].notna().all(axis=1)]


def holds(results: Results, fit: "pd.Series[float]") -> bool:
    """Return whether a curve follows its law."""
    return bool(fit["r_squared"] >= HOLDS) and not _falls_faster_again(results, fit)


def _is_determined(results: Results, fit: "pd.Series[float]") -> bool:
    """Return whether a curve follows its law and determines the coefficients."""
    with np.errstate(divide="ignore"):
        spread = np.log(fit["scale_high"]) - np.log(fit["scale_low"])
    return bool(spread < np.log(DETERMINED)) and holds(results, fit)


def law(fit: "pd.Series[float]", last_step: int) -> tuple[panels.Array, panels.Array]:
    """Return steps t from the first fitted one to the last, and (B/t)^beta there."""
    t = np.geomspace(max(1, int(fit["first_step"])), last_step, 60)
    # B itself can overflow: only its logarithm is used.
    return t, np.exp(fit["exponent"] * (np.log(fit["scale"]) - np.log(t)))


def _draw_curve(axes: Axes, results: Results, fit: "pd.Series[float]") -> panels.Array:
    """Draw a loss curve above its fitted floor from t0 on, and its law if that holds; return the values."""
    curve = select(results.curves, policy=fit["policy"], seed=fit["seed"])
    curve = curve[curve["step"] >= max(1, fit["first_step"])]
    keep = panels.thinned(len(curve), log=True)
    steps = curve["step"].to_numpy()[keep]
    above = curve[f"{fit['against']}_loss"].to_numpy()[keep] - fit["loss_floor"]
    above = np.where(above > 0, above, np.nan)
    look, label = style.look(str(fit["policy"])), policy_label(str(fit["policy"]))
    axes.plot(steps, above, color=look.colour, linestyle=look.line, alpha=0.8, label=label)
    if holds(results, fit):
        axes.plot(*law(fit, int(steps[-1])), **style.LAW, label="scaling law of a seed")
    return np.asarray(above, dtype=np.float64)


def _draw_coefficients(axes: Axes, results: Results, column: str, label: str) -> None:
    """Draw a coefficient of every seed with its interval, one row per policy and loss, over the bulk of the means."""
    groups = [(against, policy) for against in REFERENCES for policy in COMPARED]
    known = pd.concat([fitted(results, policy, against) for against, policy in groups])
    log = column == "scale"
    ends = panels.bulk(known[column][[_is_determined(results, fit) for _, fit in known.iterrows()]], log=log)
    ends = ends or panels.bulk(known[column], log=log)
    if ends is None:
        panels.say_empty(axes, "no fit was possible")
        return
    if log:
        middle = float(known[column].median())
        ends = max(ends[0], middle / WIDEST), min(ends[1], middle * WIDEST)
        axes.set_xscale("log")
    for row, (against, policy) in enumerate(groups):
        rows, colour = fitted(results, policy, against), style.look(policy).colour
        for offset, (_, fit) in zip(_spread(len(rows)), rows.iterrows(), strict=True):
            certain = _is_determined(results, fit)
            fill = colour if certain else "none"
            value = float(np.clip(fit[column], *ends))
            marker = "o" if value == fit[column] else "<>"[int(value == ends[1])]
            axes.plot(
                [value], [row + offset], marker, color=colour, markerfacecolor=fill, markersize=4, clip_on=False
            )
            if certain:
                axes.hlines(row + offset, fit[f"{column}_low"], fit[f"{column}_high"], color=colour, linewidth=1)
    axes.set_xlim(ends)
    panels.name_rows(axes, [f"{policy_label(policy)},\n{against}" for against, policy in groups])
    axes.set(title=f"{'Scale B' if log else 'Exponent beta'} by seed", xlabel=label)


def _spread(count: int) -> panels.Array:
    """Return the heights of the points of some seeds within a row."""
    return np.linspace(-0.25, 0.25, count) if count > 1 else np.zeros(count)


def _summary(results: Results, policy: str, against: str) -> str:
    """Return a sentence with the mean coefficients of a policy on one loss."""
    rows, label = fitted(results, policy, against), f"{policy_label(policy).capitalize()}, {against}"
    if rows.empty:
        return f"{label}: no fit in any seed."
    exponent, squared = (number(mean_interval(rows[column]).mean) for column in ("exponent", "r_squared"))
    scale = number(mean_interval(rows["scale"], logarithmic=True).mean)
    seeds = f" ({len(rows)} of {plural(len(results.seeds), 'seed')})" if len(rows) < len(results.seeds) else ""
    steeper = sum(_falls_faster_again(results, fit) for _, fit in rows.iterrows())
    flag = f"; no power law in {plural(steeper, 'seed')}: the loss falls faster again at its end" if steeper else ""
    return f"{label}: beta {exponent}, B {scale}, r2 {squared}{seeds}{flag}."


def _falls_faster_again(results: Results, fit: "pd.Series[float]") -> bool:
    """Return whether the curve of a fit falls faster again at its end, so that beta and B mean little."""
    curve = select(results.curves, policy=fit["policy"], seed=fit["seed"]).sort_values("step")
    return convexity.falls_faster_again(curve[f"{fit['against']}_loss"].to_numpy(), int(fit["first_step"]))
