"""Draw one recorded benchmark: the study methods, growth or ladder (see lawpipe/studies).

Takes the rows that a benchmark wrote and, in the settings, the name of the study. Gives one figure.
"""

import pandas as pd

from lawpipe.figures import style
from lawpipe.run import registry, stage


@stage.script(record="the rows of the benchmark, as Parquet", figure="output: the figure")
def main(job: stage.Job) -> None:
    """Draw the figure."""
    study = registry.load("study", job.settings["study"])
    with style.theme():
        style.save(study.figure(pd.read_parquet(job.options.record)), job.options.figure, study.TITLE)
