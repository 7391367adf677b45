"""How alike the contributions of the weighted examples are: during training and along the search (Figs 6, 7)."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from lawpipe.analysis import asymptote
from lawpipe.figures import panels, style, surfaces
from lawpipe.paper import values as paper
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval, number, plural, policy_label
from lawpipe.run.splits import REFERENCES

KINDS = ("instantaneous", "adjoint")
#: The columns of `summary` with the mean similarity of each kind.
MEANS = {"instantaneous": "similarity", "adjoint": "adjoint_similarity"}


def against_loss(results: Results) -> Figure:
    """Draw SIM[t] against the loss at t, a line a policy along the search, coloured by CR (Fig 6)."""
    several = len(results.seeds) > 1
    factors = panels.in_factors(results.curves[["desired_loss", "test_loss"]])
    losses_in = ", log" if factors else ""
    note = "lines are geometric means over seeds, step by step" if several else "one run"
    canvas = panels.canvas(results, "fig06_similarity_against_loss", 2, 2, 6.1, note)
    ratios = {
        against: {
            policy: results.quantity(policy, f"compression_ratio_{against}").mean_or_nan
            for policy in results.along_search
        }
        for against in REFERENCES
    }
    gradation = style.gradation()
    for row, kind in enumerate(KINDS):
        for column, against in enumerate(REFERENCES):
            axes = canvas.at(row, column)
            known = [ratio for ratio in ratios[against].values() if np.isfinite(ratio)]
            norm = Normalize(min(known, default=0), max(known, default=1) + 1e-12)
            drawn = 0
            for policy in results.along_search:
                losses, similarity = _along_training(results, policy, kind, against)
                colour = gradation(norm(ratios[against][policy]))
                axes.plot(losses, similarity, color=colour, linewidth=1.3)
                drawn += bool(np.isfinite(similarity).any())
            if not drawn:
                panels.say_empty(axes, "no step has two weighted examples whose contributions differ")
                continue
            axes.set(xscale="log" if factors else "linear", yscale="log")
            if factors:
                panels.logarithmic(axes.xaxis)
            panels.logarithmic(axes.yaxis)
            axes.invert_xaxis()
            axes.set_title(f"{kind.capitalize()}, {against} examples")
            axes.set_xlabel(f"{against} loss L[t] (nats{losses_in}; training runs to the right)")
            axes.set_ylabel("similarity SIM[t] (log)")
            bar = canvas.figure.colorbar(ScalarMappable(norm, gradation), ax=axes, pad=0.02, aspect=28)
            bar.set_label(f"CR on {against}")
            bar.outline.set_visible(False)
    count = len(results.along_search) - 2
    canvas.here.append(f"{plural(max(0, count), 'snapshot')} of the search, between uniform and near-optimal.")
    for kind in KINDS:
        ends = [
            interval(results.quantity(policy, f"{MEANS[kind]}_desired"))
            for policy in ("conventional", "near_optimal")
        ]
        canvas.here.append(f"Mean {kind} SIM on desired: {ends[0]} conventional, {ends[1]} near-optimal.")
    canvas.here.append("Values of 0 or less have no place on a log axis.")
    return panels.finish(canvas)


def _along_training(results: Results, policy: str, kind: str, against: str) -> tuple[panels.Array, panels.Array]:
    """Return loss and similarity of a policy at the measured steps, geometric means over the seeds."""
    rows = _rows(results, policy, kind, against)
    steps, samples = results.by_seed(rows, "step", "similarity")
    curves = results.curves[(results.curves["policy"] == policy) & results.curves["step"].isin(steps)]
    _, losses = results.by_seed(curves, "step", f"{against}_loss")
    return panels.band(losses, logarithmic=True).mean, panels.band(samples, logarithmic=True).mean


def _rows(results: Results, policy: str, kind: str, against: str) -> pd.DataFrame:
    """Return the similarity of a policy by one kind of contribution, against one loss."""
    rows = results.similarity
    return rows[(rows["policy"] == policy) & (rows["kind"] == kind) & (rows["against"] == against)]


def against_compression(results: Results) -> Figure:
    """Draw mean SIM against CR, a point a policy and seed, with the paper's fit per seed (Fig 7)."""
    canvas = panels.canvas(
        results,
        "fig07_similarity_against_compression",
        2,
        2,
        6.1,
        "a point a policy and seed, thin lines are fits",
    )
    roles = {"conventional": "conventional", "near_optimal": "near-optimal"}
    points = results.summary[results.summary["policy"].isin(results.along_search)]
    points = points.assign(role=[roles.get(policy, "on the way") for policy in points["policy"]])
    palette = {
        "conventional": style.POLICIES["conventional"],
        "near-optimal": style.POLICIES["near_optimal"],
        "on the way": style.OTHERS[0],
    }
    for row, kind in enumerate(KINDS):
        for column, against in enumerate(REFERENCES):
            axes = canvas.at(row, column)
            x, y = f"compression_ratio_{against}", f"{MEANS[kind]}_{against}"
            known = points[points[x].notna() & points[y].notna()]
            if known.empty:
                panels.say_empty(axes, "no policy has a similarity: no step has two weighted examples")
                continue
            fits = _draw_fits(axes, known, x, y)
            if kind == "instantaneous" and panels.like_the_paper(results):
                _draw_paper(axes, problem.name(results.settings), known[x])
            sns.scatterplot(
                known,
                x=x,
                y=y,
                hue="role",
                style="role",
                palette=palette,
                ax=axes,
                s=30,
                linewidth=0.4,
                hue_order=list(palette),
                style_order=["on the way", "conventional", "near-optimal"],
                legend="auto" if row == column == 0 else False,
                zorder=3,
            )
            axes.set_title(f"{kind.capitalize()}, {against} examples")
            axes.set_xlabel(f"compression ratio on {against}")
            axes.set_ylabel("mean similarity SIM")
            if row == column == 0:
                axes.legend(title=None)
            told = ", ".join(number(fit.b) for fit in fits)
            canvas.here.append(
                f"{kind.capitalize()}, {against}: b {told} ({len(fits)} of {plural(len(results.seeds), 'seed')})."
                if fits
                else f"{kind.capitalize()}, {against}: no asymptote can be fitted."
            )
    return panels.finish(canvas)


def _draw_fits(axes: Axes, points: pd.DataFrame, x: str, y: str) -> list[asymptote.Asymptote]:
    """Draw the fit of each seed where there is one; return them."""
    fits = []
    for _, rows in points.groupby("seed"):
        found = asymptote.fit(rows[x], rows[y])
        if found is None:
            continue
        fits.append(found)
        low, high = float(rows[x].min()), float(rows[x].max())
        end = min(found.b - 1e-3 * (found.b - low), high + 0.15 * (high - low))
        along = np.linspace(low, end, 200)
        axes.plot(along, found(along), color=surfaces.MUTED, linewidth=0.8, zorder=1)
    if fits:
        low, high = min(0.0, float(points[y].min())), float(points[y].max())
        axes.set_ylim(low - 0.05 * (high - low), high + 0.15 * (high - low))
    return fits


def _draw_paper(axes: Axes, name: str, ratios: "pd.Series[float]") -> None:
    """Draw the paper's fit where it has one, its mixed-unit ratio turned into ours: the task is the same."""
    # The coefficients are listed by their letter: "a of ...", "b, the asymptote ...", "c of ...".
    published = {value.quantity[0]: value.low for value in paper.values(name, "Fig 7") if value.low is not None}
    a, b, c = (published.get(letter) for letter in "abc")
    if a is None or b is None or c is None:
        return
    unit = float(np.log(2))
    along = np.linspace(min(float(ratios.min()), unit * (b - a)), unit * (b - 1e-3), 200)
    axes.plot(
        along,
        asymptote.Asymptote(a, b, c)(along / unit),
        color=surfaces.MUTED,
        linestyle=":",
        linewidth=1.2,
        label="paper's fit (read off, in one unit)",
    )


def over_steps(results: Results) -> Figure:
    """Draw instantaneous beside adjoint similarity over the steps, conventional and near-optimal."""
    canvas = panels.canvas(results, "adjoint_similarity", 1, 2, 4.1, panels.seeds_note(results, geometric=True))
    policies = [policy for policy in ("conventional", "near_optimal") if policy in results.policies]
    lines = {"instantaneous": "-", "adjoint": "--"}
    for column, against in enumerate(REFERENCES):
        axes = canvas.at(0, column)
        drawn = False
        for policy in policies:
            for kind in KINDS:
                steps, samples = results.by_seed(_rows(results, policy, kind, against), "step", "similarity")
                drawn |= bool((samples > 0).any())
                label = f"{policy_label(policy)}, {kind}"
                panels.draw_over_seeds(
                    axes, steps, samples, style.POLICIES[policy], label, line=lines[kind], logarithmic=True
                )
        if not drawn:
            panels.say_empty(axes, "no step has two weighted examples whose contributions differ")
            continue
        axes.set_yscale("log")
        panels.logarithmic(axes.yaxis)
        axes.set_title(f"Contributions against the {against} loss")
        axes.set_xlabel("training step t")
        axes.set_ylabel("similarity SIM[t] (log)")
        if column == 0:
            axes.legend(handlelength=2.6)
    for kind in KINDS:
        rows = _rows(results, "near_optimal", kind, "desired")
        share = float(rows["similarity"].notna().mean()) if len(rows) else 0.0
        median = float(rows["similarity"].median())
        canvas.here.append(
            f"Near-optimal, {kind}, desired: median SIM[t] {number(median)}; a value at "
            f"{100 * share:.0f} % of the measured steps."
        )
    gap = results.quantity("near_optimal", "gap")
    canvas.here.append(f"Its Frank-Wolfe gap: {interval(gap)} nats.")
    return panels.finish(canvas)
