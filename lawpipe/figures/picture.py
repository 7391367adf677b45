"""The picture of README.md, drawn from the results of a run.

    python -m lawpipe.figures.picture results/perceptron docs/loss-curves.svg

Takes an experiment's folder. Draws the desired and unseen loss under three policies: conventional, near-optimal, and
uniform weights at their own best learning rate, the control that decides what the weights themselves gain.
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

from lawpipe.figures import layout, panels, style
from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST, TUNED
from lawpipe.run import program
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES

TITLE = "Loss under the conventional policy, the near-optimal one, and uniform weights at their best learning rate"


def draw(results: Results) -> Figure:
    """Return the picture; one pair of axes per reference set, on one scale.

    Raises InputError if the results lack one of the policies.
    """
    shown = [BASE, TUNED, BEST]
    missing = [policy for policy in shown if policy not in results.policies]
    if missing:
        raise InputError(f"{results.folder} has no policy {missing[0]}: add it to the experiment's policies and run.")
    drawn = results.curves[results.curves["policy"].isin(shown)]
    log = layout.differ_by_factors(drawn[["desired_loss", "test_loss"]])
    figure = Figure(figsize=(layout.WIDTH, 2.8), layout="constrained")
    for axes, against in zip(figure.subplots(1, 2, sharey=True), REFERENCES, strict=True):
        panels.draw_losses(axes, results, shown, against, log=log)
    figure.axes[1].set(title="Unseen examples", ylabel="")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    # Below the axes: between curves that cross it would hide one of them.
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def main() -> None:
    """Draw the picture of the folder that is given."""
    if len(sys.argv) != 3:
        raise InputError("expected an experiment's folder and the SVG file to write: results/perceptron picture.svg.")
    folder, target = map(Path, sys.argv[1:])
    seeds = sorted(int(path.parent.name.removeprefix("seed")) for path in folder.glob("seed*/summary.parquet"))
    if not seeds:
        raise InputError(f"{folder} has no seed*/summary.parquet, expected the results of an experiment: make run.")
    with style.theme():
        style.save(draw(experiment.load(folder, seeds)), target, TITLE)


if __name__ == "__main__":
    program.run(main)
