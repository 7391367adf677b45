"""The function that draws each figure of the catalogue."""

from collections.abc import Callable

from matplotlib.figure import Figure

from lawpipe.figures import controls, curves, online, overview, scaling_law, search, similarity, speed, weights
from lawpipe.results.experiment import Results

DRAW: dict[str, Callable[[Results], Figure]] = {
    "fig01_objective": overview.objective,
    "fig02_headline": overview.headline,
    "fig03_law": overview.law,
    "fig04_objective": search.objective,
    "fig05_loss_curves": curves.loss_curves,
    "fig06_similarity_against_loss": similarity.against_loss,
    "fig07_similarity_against_compression": similarity.against_compression,
    "fig08_noncontributive": weights.noncontributive,
    "fig09_learned": weights.learned,
    "fig10_redundant": weights.redundant,
    "fig11_scaling_law": scaling_law.fits,
    "controls": controls.gains,
    "online": online.curves_and_gains,
    "adjoint_similarity": similarity.over_steps,
    "speed": speed.local_and_global,
    "active_examples": weights.active_examples,
    "weight_on_perturbed": weights.weight_on_corrupted,
}
