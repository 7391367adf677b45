"""The loss over training under each policy: the steps that the near-optimal policy saves (Fig 5), online weights."""

import numpy as np
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.figures import frame, panels, style
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST, ORACLE, TUNED, objectives
from lawpipe.results.numbers import interval, policy_label, share_of
from lawpipe.run.splits import REFERENCES

#: The policies at their own best learning rate, and the searched policy at that of uniform weights.
SHOWN = (TUNED, ORACLE, "inverse_loss_tuned", "greedy_tuned", "online_tuned", "near_optimal_at_tuned_rate")


def fig05_loss_curves(results: Results) -> Figure:
    """Draw the desired and test loss under every policy, without the search's snapshots, and the steps saved.

    An arrow leads from the conventional policy's last loss to the step at which the near-optimal policy reaches it;
    there is none if a seed never gets that low.
    """
    log = panels.differ_by_factors(results.curves[["desired_loss", "test_loss"]])
    canvas = frame.canvas(results, "fig05_loss_curves", panels.seeds_note(results, geometric=log))
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        panels.draw_losses(axes, results, results.chosen, against, log=log)
        ratio = results.quantity(BEST, f"acceleration_{against}")
        steps, losses = panels.loss_curves(results, BASE, against)
        loss = float(panels.band(losses[:, -1:], log=log)[0, 0])
        if np.isfinite(loss):
            panels.draw_steps_saved(axes, loss, int(steps[-1]), ratio.mean if ratio.n_reached == ratio.n else None)
            text = f"AR {interval(ratio)}" if ratio.n_reached else "AR: never reaches the conventional final loss"
            panels.write_in_corner(axes, text, 0.70)
        canvas.say(f"Acceleration ratio on {against}: {interval(ratio, missing='never')}.")
    canvas.axes[0][0].legend()
    best = results.quantity(BEST, "acceleration_to_best_test")
    canvas.say(f"On test, to the lowest conventional loss instead of the last: {interval(best, missing='never')}.")
    canvas.say("Ratios are geometric means over the seeds that get that low.")
    return frame.finish(canvas)


def online(results: Results) -> Figure:
    """Draw the loss on test examples over the steps, and J relative to that of uniform weights, by policy."""
    policies = [policy for policy in SHOWN if policy in results.policies]
    log = panels.differ_by_factors(results.curves["test_loss"])
    canvas = frame.canvas(results, "online", panels.seeds_note(results, geometric=log))
    losses, ratios = canvas.axes[0]
    panels.draw_losses(losses, results, policies, "test", log=log)
    losses.legend()

    colours = style.colours(policies)
    objective = objectives(results, "test")
    for row, policy in enumerate(policies):
        panels.draw_with_seeds(ratios, gain.ratios(objective, policy, TUNED), row, colours[policy])
        share = gain.share(objective, policy, TUNED, ORACLE)
        if share.n and policy not in (TUNED, ORACLE):
            canvas.say(f"{policy_label(policy)}: {share_of(share)} of the oracle's gain on test.")
    ratios.axvline(1, **style.DOTTED)
    panels.name_rows(ratios, [policy_label(policy) for policy in policies])
    ratios.set(title="J on test, relative to uniform weights", xlabel="J / J of uniform weights", ylabel="policy")
    return frame.finish(canvas)
