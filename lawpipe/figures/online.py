"""Online weights, which need no search, against other policies at their own best learning rates."""

from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.figures import frame, marks, panels, style
from lawpipe.results.experiment import Results
from lawpipe.results.gains import ORACLE, TUNED, objectives
from lawpipe.results.numbers import policy_label, share_of

#: The policies at their own best learning rate, and the searched policy at that of uniform weights.
SHOWN = (TUNED, ORACLE, "inverse_loss_tuned", "greedy_tuned", "online_tuned", "near_optimal_at_tuned_rate")


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
        marks.draw_with_seeds(ratios, gain.ratios(objective, policy, TUNED).values(), row, colours[policy])
        share = gain.share(objective, policy, TUNED, ORACLE)
        if share.n and policy not in (TUNED, ORACLE):
            canvas.say(f"{policy_label(policy)}: {share_of(share)} of the oracle's gain on test.")
    ratios.axvline(1, **style.DOTTED)
    marks.name_rows(ratios, [policy_label(policy) for policy in policies])
    ratios.set(title="J on test, relative to uniform weights", xlabel="J / J of uniform weights", ylabel="policy")
    return frame.finish(canvas)
