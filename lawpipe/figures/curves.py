"""The loss over training under each policy: the steps that the near-optimal policy saves (Fig 5), online weights."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.figures import frame, layout, panels, style
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST, ORACLE, TUNED, objectives
from lawpipe.results.numbers import interval, number, policy_label, share_of
from lawpipe.run.splits import REFERENCES

#: The policies of Fig 5, as far as an experiment has them: those that the gain is between, and the rate's own part.
MAIN = (BASE, TUNED, BEST)
#: The policies at their own best learning rate, and the searched policy at that of uniform weights.
SHOWN = (TUNED, ORACLE, "inverse_loss_tuned", "greedy_tuned", "online_tuned", "near_optimal_at_tuned_rate")


def fig05_loss_curves(results: Results) -> Figure:
    """Draw the desired and test loss under the main policies, and the steps saved.

    An arrow leads from the conventional policy's last loss to the step at which the near-optimal policy reaches it;
    there is none if a seed never gets that low.
    """
    policies = [policy for policy in MAIN if policy in results.policies]
    shown = results.curves[results.curves["policy"].isin(policies)]
    log = layout.differ_by_factors(shown[["desired_loss", "test_loss"]])
    note = panels.seeds_note(results, geometric=log)
    canvas = frame.canvas(results, "fig05_loss_curves", note, sharey=True)
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        panels.draw_losses(axes, results, policies, against, log=log)
        saved = draw_saved(axes, results, against, log=log)
        axes.set_title(f"{against.capitalize()}: {saved}")
        ratio = results.quantity(BEST, f"acceleration_{against}")
        canvas.say(f"Acceleration ratio on {against}: {interval(ratio, missing='never')}.")
    best = results.quantity(BEST, "acceleration_to_best_test")
    canvas.say(f"On test, to the lowest conventional loss instead of the last: {interval(best, missing='never')}.")
    canvas.say("Ratios are geometric means over the seeds that get that low.")
    return frame.finish(canvas)


def draw_saved(axes: Axes, results: Results, against: str, *, log: bool) -> str:
    """Draw the steps that the near-optimal policy saves, and say how many in a few words."""
    ratio = results.quantity(BEST, f"acceleration_{against}")
    steps, losses = panels.loss_curves(results, BASE, against)
    loss = float(panels.band(losses[:, -1:], log=log)[0, 0])
    all_seeds = ratio.n_reached == ratio.n
    if np.isfinite(loss):
        panels.draw_steps_saved(axes, loss, int(steps[-1]), ratio.mean if all_seeds else None)
    if not ratio.n_reached:
        return "never as low"
    seeds = "" if all_seeds else f" in {ratio.n_reached} of {ratio.n}"
    return f"{number(ratio.mean, 2)} x fewer steps{seeds}"


def online(results: Results) -> Figure:
    """Draw the loss on test examples over the steps, and J relative to that of uniform weights, by policy."""
    policies = [policy for policy in SHOWN if policy in results.policies]
    log = layout.differ_by_factors(results.curves["test_loss"])
    note = panels.seeds_note(results, geometric=log, lines=len(policies))
    canvas = frame.canvas(results, "online", note, height=3.0)
    losses, ratios = canvas.axes[0]
    panels.draw_losses(losses, results, policies, "test", log=log)

    objective, shares = objectives(results, "test"), []
    for row, policy in enumerate(policies):
        panels.draw_with_seeds(ratios, gain.ratios(objective, policy, TUNED), row, style.look(policy))
        share = gain.share(objective, policy, TUNED, ORACLE)
        if share.n and policy not in (TUNED, ORACLE):
            shares.append(f"{policy_label(policy)} {share_of(share)}")
    if shares:
        canvas.say(f"Shares of the oracle's gain on test: {'; '.join(shares)}.")
    ratios.axvline(1, **style.DOTTED)
    panels.name_rows(ratios, [policy_label(policy) for policy in policies])
    ratios.set(title="J over that of uniform", xlabel="J / J of uniform weights")
    return frame.finish(canvas)
