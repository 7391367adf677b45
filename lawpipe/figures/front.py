"""The picture of the report's first screen: the loss curves that decide what the weights themselves gain."""

from matplotlib.figure import Figure

from lawpipe.figures import layout, panels
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST, TUNED
from lawpipe.run.splits import REFERENCES


def front(results: Results) -> Figure:
    """Draw the loss under the policies that decide, above on desired and below on unseen examples.

    These are the conventional policy, the near-optimal one and, if the experiment has it, the control: uniform
    weights at their own best learning rate.
    """
    shown = [policy for policy in (BASE, TUNED, BEST) if policy in results.policies]
    drawn = results.curves[results.curves["policy"].isin(shown)]
    log = layout.differ_by_factors(drawn[["desired_loss", "test_loss"]])
    figure = Figure(figsize=(3.3, 3.7), layout="constrained")
    for axes, against in zip(figure.subplots(2, 1, sharex=True, sharey=True), REFERENCES, strict=True):
        panels.draw_losses(axes, results, shown, against, log=log)
    layout.log_axes(figure.axes, "y" if log else "")
    figure.axes[0].set(xlabel="")
    figure.axes[1].set(title="Unseen examples")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure
