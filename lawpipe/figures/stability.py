"""How stable training is under each policy: the sharpness of its steps, and the growth of the adjoint."""

from matplotlib.figure import Figure

from lawpipe.figures import frame, layout, panels, style
from lawpipe.results import certificate
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BASE, BEST, TUNED
from lawpipe.results.numbers import number, policy_label

#: The sharpness at the edge of stability.
EDGE = 2.0
#: The policies that are drawn: more lines would hide each other. The table has them all.
SHOWN = (BASE, TUNED, BEST)
#: The columns of the table that are drawn, with the titles and the labels of their axes.
PANELS = {
    "sharpness": ("Sharpness of each step", "eta x largest eigenvalue"),
    "adjoint_growth": ("Growth of the adjoint", "|adjoint| / norms of its terms"),
}


def stability(results: Results) -> Figure:
    """Draw sharpness and growth of the adjoint against the step, one line for each of SHOWN."""
    policies = [policy for policy in SHOWN if policy in results.chosen]
    canvas = frame.canvas(results, "stability", panels.seeds_note(results, geometric=True))
    for axes, (column, (title, label)) in zip(canvas.axes[0], PANELS.items(), strict=True):
        log = layout.differ_by_factors(results.stability[column])
        for policy in policies:
            steps, samples = results.by_seed(select(results.stability, policy=policy), "step", column)
            # Steps count from 1 here: a log axis has no 0.
            panels.draw_over_seeds(axes, steps + 1, samples, style.look(policy), policy_label(policy), log=log)
        axes.set(title=title, xlabel="step t + 1 (log)", ylabel=f"{label}{' (log)' if log else ''}")
        layout.log_axes((axes,), "xy" if log else "x")
    sharpness, growth = canvas.axes[0]
    sharpness.axhline(EDGE, **style.LAW, label="edge of stability")
    growth.axhline(1, **style.DOTTED, label="no growth")
    for policy in panels.COMPARED:
        rows = select(results.summary, policy=policy)
        largest, grown = (float(rows[name].max()) for name in ("sharpness_max", "adjoint_growth_max"))
        change = float(rows[["replay_float64", "replay_moved"]].abs().max().max())
        gap = certificate.written(certificate.of_policy(results, policy))
        canvas.say(
            f"{policy_label(policy).capitalize()}: sharpness up to {number(largest)}, growth up to {number(grown)}; "
            f"trained again, J changes by a share of at most {number(change, 2)}; gap / J: {gap}."
        )
    return frame.finish(canvas)
