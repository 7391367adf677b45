"""Weights without a search: test curves of the policies at their own best learning rates, and what each gains."""

from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.figures import marks, panels, style, surfaces
from lawpipe.results.experiment import Results
from lawpipe.results.gains import ORACLE, TUNED, objectives
from lawpipe.results.numbers import policy_label, share_of

#: The policies at their own best learning rate, the searched one at that of uniform weights.
SHOWN = (TUNED, ORACLE, "inverse_loss_tuned", "greedy_tuned", "online_tuned", "near_optimal_at_tuned_rate")


def curves_and_gains(results: Results) -> Figure:
    """Draw the loss on test examples over the steps, and J over that of uniform weights, by policy."""
    policies = [name for name in SHOWN if name in results.policies]
    factors = panels.in_factors(results.curves["test_loss"])
    canvas = panels.canvas(results, "online", 1, 2, 4.1, panels.seeds_note(results, geometric=factors))
    colours = style.colours(policies)
    left, ratios = canvas.at(0, 0), canvas.at(0, 1)
    for policy in policies:
        rows = results.curves[results.curves["policy"] == policy]
        steps, losses = results.by_seed(rows, "step", "test_loss")
        keep = panels.thinned(len(steps))
        label = policy_label(policy)
        panels.draw_over_seeds(left, steps[keep], losses[:, keep], colours[policy], label, logarithmic=factors)
    if factors:
        left.set_yscale("log")
        panels.logarithmic(left.yaxis)
    left.set_title("Test examples")
    left.set_xlabel("training step t")
    left.set_ylabel(f"mean loss (nats{', log' if factors else ''})")
    left.legend()

    found = objectives(results, "test")
    for place, policy in enumerate(policies):
        marks.draw_with_seeds(ratios, gain.ratios(found, policy, TUNED).values(), place, colours[policy])
        share = gain.share(found, policy, TUNED, ORACLE)
        if share.n and policy not in (TUNED, ORACLE):
            canvas.here.append(f"{policy_label(policy)}: {share_of(share)} of the oracle's gain on test.")
    ratios.axvline(1, color=surfaces.MUTED, linestyle=":", linewidth=1)
    ratios.set_yticks(range(len(policies)), [policy_label(name) for name in policies])
    ratios.set_ylim(len(policies) - 0.5, -0.5)
    ratios.set_ylabel("policy")
    ratios.set_title("J on test, over that of uniform weights")
    ratios.set_xlabel("J / J of tuned")
    return panels.finish(canvas)
