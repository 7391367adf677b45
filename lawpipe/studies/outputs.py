"""What the stages that set finished experiments beside each other share: their options, input and three outputs."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from lawpipe.analysis.curves import nulls
from lawpipe.figures import style
from lawpipe.report import page
from lawpipe.report.table import Table
from lawpipe.results.experiment import Results
from lawpipe.run import stage
from lawpipe.run.errors import InputError


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the options of such a stage."""
    made = stage.parser(description)
    made.add_argument("--folders", type=Path, nargs="*", required=True, help="folders of the experiments")
    made.add_argument("--points", type=Path, required=True, help="output: the rows, as Parquet")
    made.add_argument("--figure", type=Path, required=True, help="output: the figure")
    made.add_argument("--page", type=Path, required=True, help="output: the page with figure and table")
    return made


def experiments(job: stage.Job, otherwise: str) -> list[Results]:
    """Open the experiments; InputError with the sentence `otherwise` if there are none."""
    if not job.options.folders:
        raise InputError(otherwise)
    return [page.load(folder) for folder in job.options.folders]


def write(
    job: stage.Job,
    kind: str,
    found: pd.DataFrame,
    numbers: Sequence[str],
    figure: Callable[[pd.DataFrame], Figure],
    table: Table,
) -> None:
    """Write rows of the artifact table `kind`, of which the columns `numbers` may lack some; figure and page."""
    options = job.options
    columns = {str(name): found[name].to_numpy() for name in found}
    job.write(options.points, kind, columns | {name: nulls(columns[name]) for name in numbers})
    with style.theme():
        style.save(figure(found), options.figure, table.entry.title)
    stage.write_text(options.page, page.table_page(table, options.figure))
