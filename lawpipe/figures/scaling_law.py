"""The scaling law L = L0 + (B/t)^beta of each policy, on the curves and as coefficients (Fig 11, Table 1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import panels, style, surfaces
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number, plural, policy_label
from lawpipe.run.splits import REFERENCES


def fits(results: Results) -> Figure:
    """Draw L - L0 against t in log-log with the fitted lines, and beta and B of each seed with intervals."""
    canvas = panels.canvas(
        results,
        "fig11_scaling_law",
        2,
        2,
        6.4,
        "a thin line a seed; dashed: its fit from t0 on; bars: 95 % intervals",
    )
    policies = [policy for policy in results.chosen if policy in set(results.fits["policy"])]
    colours = style.colours(results.chosen)
    for column, against in enumerate(REFERENCES):
        axes = canvas.at(0, column)
        drawn = 0
        for policy in policies:
            for seed in results.seeds:
                drawn += _draw_curve(axes, results, policy, against, seed, colours[policy])
        if not drawn:
            panels.say_empty(axes, "no fit was possible")
            continue
        axes.set(xscale="log", yscale="log")
        panels.logarithmic(axes.xaxis)
        panels.logarithmic(axes.yaxis)
        axes.set_title(f"{against.capitalize()} loss above its floor")
        axes.set_xlabel("training step t (log)")
        axes.set_ylabel("L - L0 (nats, log)")
        if column == 0:
            for policy in policies:
                axes.plot([], [], color=colours[policy], label=policy_label(policy))
            axes.plot([], [], color=surfaces.INK, linestyle="--", linewidth=1, label="fit")
            axes.legend()
    _draw_coefficient(canvas.at(1, 0), results, policies, colours, "exponent", "beta")
    _draw_coefficient(canvas.at(1, 1), results, policies, colours, "scale", "B")
    for against in REFERENCES:
        for policy in policies:
            rows = _rows(results, policy, against)
            exponent = mean_interval(rows["exponent"])
            scale = mean_interval(rows["scale"], logarithmic=True)
            squared = mean_interval(rows["r_squared"])
            label = f"{policy_label(policy).capitalize()}, {against}"
            if rows.empty:
                canvas.here.append(f"{label}: no fit in any seed.")
                continue
            partly = (
                f" ({len(rows)} of {plural(len(results.seeds), 'seed')})" if len(rows) < len(results.seeds) else ""
            )
            canvas.here.append(
                f"{label}: beta {number(exponent.mean)}, B {number(scale.mean)}, r2 {number(squared.mean)}{partly}."
            )
    canvas.here.append("Means over the seeds with a fit (B: geometric).")
    return panels.finish(canvas)


def _rows(results: Results, policy: str, against: str) -> pd.DataFrame:
    """Return the fits of a policy on one loss, a row a seed, those that failed left out."""
    rows = results.fits[(results.fits["policy"] == policy) & (results.fits["against"] == against)]
    return rows[rows[["loss_floor", "scale", "exponent"]].notna().all(axis=1)]


def _draw_curve(axes: Axes, results: Results, policy: str, against: str, seed: int, colour: str) -> bool:
    """Draw one seed's curve above its floor and the fitted line; tell whether there is one."""
    rows = _rows(results, policy, against)
    rows = rows[rows["seed"] == seed]
    if rows.empty:
        return False
    fit = rows.iloc[0]
    curves = results.curves
    curve = curves[(curves["policy"] == policy) & (curves["seed"] == seed) & (curves["step"] > 0)]
    keep = panels.thinned(len(curve), logarithmic=True)
    steps = curve["step"].to_numpy()[keep]
    above = curve[f"{against}_loss"].to_numpy()[keep] - fit["loss_floor"]
    axes.plot(steps, np.where(above > 0, above, np.nan), color=colour, linewidth=1, alpha=0.7)
    fitted = np.geomspace(max(1, int(fit["first_step"])), int(steps[-1]), 40)
    # In logarithms: B itself can be far out of any range.
    line = np.exp(fit["exponent"] * (np.log(fit["scale"]) - np.log(fitted)))
    axes.plot(fitted, line, color=surfaces.INK, linestyle="--", linewidth=0.7)
    return True


def _draw_coefficient(
    axes: Axes, results: Results, policies: list[str], colours: dict[str, str], name: str, title: str
) -> None:
    """Draw a coefficient of every seed with its interval, a row a policy and loss."""
    labels, drawn = [], 0
    for row, (against, policy) in enumerate((a, p) for a in REFERENCES for p in policies):
        labels.append(f"{policy_label(policy)},\n{against}")
        found = _rows(results, policy, against)
        places = row + np.linspace(-0.25, 0.25, len(found)) if len(found) > 1 else np.full(len(found), float(row))
        # Far beyond any meaning B is near the end of floating point, where no axis can follow.
        middle, low, high = (found[f"{name}{end}"].clip(1e-100, 1e100) for end in ("", "_low", "_high"))
        axes.hlines(places, low, high, color=colours[policy], linewidth=1, alpha=0.7)
        axes.plot(middle, places, "o", color=colours[policy], markersize=3.5)
        drawn += len(found)
    if not drawn:
        panels.say_empty(axes, "no fit was possible")
        return
    if name == "scale":
        axes.set_xscale("log")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_title(f"{title}, a point a seed")
    axes.set_xlabel("B (steps, log)" if name == "scale" else title)
