"""Run one study that compares finished experiments: which_law, transfer, online or sweep (see lawpipe/studies).

Takes the folders of experiments and, in the settings, the name of the study; also folders to show beside them, as far
as they can be read: they may be of another version. Gives one figure; also the rows behind it as Parquet, and an HTML
page with the figure and a table, if they are asked for. Prints the result. By hand:

    python scripts/compare.py --settings '{"study": "online"}' --folders results-online/perceptron \
        --rows online.parquet --figure online.svg --page online.html
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from lawpipe.analysis.curves import nulls
from lawpipe.figures import style
from lawpipe.report import table_page
from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from lawpipe.run import files, registry, stage
from lawpipe.run.errors import InputError


def readable(folders: Sequence[Path]) -> Iterator[Results]:
    """Yield the experiments of some folders, and print why the others are left out."""
    for folder in folders:
        try:
            yield experiment.load(folder)
        except InputError as error:
            print(f"{folder} is not shown: {error}")


@stage.script(
    folders=stage.option("folders of the experiments", nargs="*"),
    beside=stage.option("folders to show beside them", nargs="*", default=[], required=False),
    figure="output: the figure",
    rows=stage.option("output: the rows of the study's table", required=False),
    page=stage.option("output: the page with figure and table", required=False),
)
def main(job: stage.Job) -> None:
    """Run the study and write its figure, rows and page."""
    options, name = job.options, job.settings["study"]
    study = registry.load("study", name)
    compared = [experiment.load(folder) for folder in options.folders]
    frame = study.rows([*compared, *readable(options.beside)], job.settings)
    if options.rows is not None:
        columns = {column: frame[column].to_numpy() for column in study.TABLE.columns}
        job.write(options.rows, study.TABLE, columns | {column: nulls(columns[column]) for column in study.NULLABLE})
    with style.theme():
        style.save(study.figure(frame), options.figure, study.TITLE)
    if options.page is not None:
        files.write_text(options.page, table_page.render(study.table(frame), options.figure))
    print(study.text(frame))
