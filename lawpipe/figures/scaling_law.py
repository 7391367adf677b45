"""The scaling law L = L0 + (B/t)^beta of each policy: its curves and its coefficients (Fig 11, Table 1)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import convexity
from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import frame, panels, style
from lawpipe.results.experiment import Results, select
from lawpipe.results.numbers import number, plural, policy_label
from lawpipe.run.splits import REFERENCES


def fig11_scaling_law(results: Results) -> Figure:
    """Draw L - L0 against t in log-log with the fitted lines, and beta and B of each seed with their intervals."""
    note = "thin lines: seeds; dashed: their fits from t0 on; bars: 95 % intervals"
    canvas = frame.canvas(results, "fig11_scaling_law", note, rows=2, height=6.4)
    policies = [policy for policy in results.chosen if policy in set(results.fits["policy"])]
    colours = style.colours(results.chosen)
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        for policy in policies:
            for _, fit in fitted(results, policy, against).iterrows():
                _draw_curve(axes, results, fit, colours[policy])
        if not axes.lines:
            panels.say_empty(axes, "no fit was possible")
            continue
        panels.log_axes(axes, "xy")
        axes.set_title(f"{against.capitalize()} loss above its floor")
        axes.set(xlabel=f"{panels.STEP} (log)", ylabel="L - L0 (nats, log)")
        if against == REFERENCES[0]:
            for policy in policies:
                axes.plot([], [], color=colours[policy], label=policy_label(policy))
            axes.plot([], [], **style.DASHED | {"linewidth": 1}, label="fit")
            axes.legend()
    exponents, scales = canvas.axes[1]
    _draw_coefficients(exponents, results, policies, "exponent", "beta", "beta")
    _draw_coefficients(scales, results, policies, "scale", "B", "B (steps, log)")
    for against in REFERENCES:
        for policy in policies:
            canvas.say(_summary(results, policy, against))
    canvas.say("Means over the seeds with a fit (B: geometric).")
    return frame.finish(canvas)


def fitted(results: Results, policy: str, against: str) -> pd.DataFrame:
    """Return the fits of a policy on one loss, one row per seed in which the fit succeeded."""
    rows = select(results.fits, policy=policy, against=against)
    return rows[rows[["loss_floor", "scale", "exponent"]].notna().all(axis=1)]


def law(fit: "pd.Series[float]", last_step: int) -> tuple[panels.Array, panels.Array]:
    """Return steps t from the first fitted one to the last, and (B/t)^beta there."""
    t = np.geomspace(max(1, int(fit["first_step"])), last_step, 60)
    # B itself can overflow: only its logarithm is used.
    return t, np.exp(fit["exponent"] * (np.log(fit["scale"]) - np.log(t)))


def _draw_curve(axes: Axes, results: Results, fit: "pd.Series[float]", colour: str) -> None:
    """Draw the loss curve of a fit above the fitted floor, and the fitted line."""
    curve = select(results.curves[results.curves["step"] > 0], policy=fit["policy"], seed=fit["seed"])
    keep = panels.thinned(len(curve), log=True)
    steps = curve["step"].to_numpy()[keep]
    above = curve[f"{fit['against']}_loss"].to_numpy()[keep] - fit["loss_floor"]
    axes.plot(steps, np.where(above > 0, above, np.nan), color=colour, linewidth=1, alpha=0.7)
    axes.plot(*law(fit, int(steps[-1])), **style.DASHED | {"linewidth": 0.7})


def _draw_coefficients(
    axes: Axes, results: Results, policies: Sequence[str], column: str, symbol: str, label: str
) -> None:
    """Draw a coefficient of every seed with its interval, one row per policy and loss."""
    colours = style.colours(results.chosen)
    groups = [(against, policy) for against in REFERENCES for policy in policies]
    for row, (against, policy) in enumerate(groups):
        rows = fitted(results, policy, against)
        heights = row + (np.linspace(-0.25, 0.25, len(rows)) if len(rows) > 1 else np.zeros(len(rows)))
        # Values of B near the end of floating point mean nothing, and no axis can show them.
        middle, low, high = (rows[f"{column}{end}"].clip(1e-100, 1e100) for end in ("", "_low", "_high"))
        if len(rows):
            axes.hlines(heights, low, high, color=colours[policy], linewidth=1, alpha=0.7)
            axes.plot(middle, heights, "o", color=colours[policy], markersize=3.5)
    if not axes.lines:
        panels.say_empty(axes, "no fit was possible")
        return
    if column == "scale":
        axes.set_xscale("log")
    panels.name_rows(axes, [f"{policy_label(policy)},\n{against}" for against, policy in groups])
    axes.grid(axis="y", visible=False)
    axes.set(title=f"{symbol}, one point per seed", xlabel=label)


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
