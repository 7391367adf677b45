"""Draw any figure of the catalogue: the function with the figure's name, in the module that its entry names."""

from matplotlib.figure import Figure

from lawpipe.figures import controls, curves, front, overview, scaling_law, search, similarity, stability, weights
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results

#: The modules with figures. They are imported here so that the code digest of `scripts/describe.py` covers them.
MODULES = {
    module.__name__.removeprefix("lawpipe."): module
    for module in (controls, curves, front, overview, scaling_law, search, similarity, stability, weights)
}


def draw(entry: Entry, results: Results) -> Figure:
    """Draw a figure of an experiment."""
    figure: Figure = getattr(MODULES[entry.module], entry.name)(results)
    return figure
