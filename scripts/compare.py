"""Run one study that compares finished experiments: which_law, transfer, online or sweep (see lawpipe/studies).

Takes the folders of experiments and, in the settings, the name of the study. Gives one figure; also the rows behind
it as Parquet, and an HTML page with the figure and a table, if they are asked for. Prints the result. By hand:

    python scripts/compare.py --settings '{"study": "online"}' --folders results-online/perceptron \
        --rows online.parquet --figure online.svg --page online.html
"""

from lawpipe.analysis.curves import nulls
from lawpipe.figures import style
from lawpipe.report import table_page
from lawpipe.results import experiment
from lawpipe.run import files, registry, stage


@stage.script(
    folders=stage.option("folders of the experiments", nargs="*"),
    figure="output: the figure",
    rows=stage.option("output: the rows of the study's table", required=False),
    page=stage.option("output: the page with figure and table", required=False),
)
def main(job: stage.Job) -> None:
    """Run the study and write its figure, rows and page."""
    options, name = job.options, job.settings["study"]
    study = registry.load("study", name)
    frame = study.rows([experiment.load(folder) for folder in options.folders], job.settings)
    if options.rows is not None:
        columns = {column: frame[column].to_numpy() for column in study.TABLE.columns}
        job.write(options.rows, study.TABLE, columns | {column: nulls(columns[column]) for column in study.NULLABLE})
    with style.theme():
        style.save(study.figure(frame), options.figure, study.TITLE)
    if options.page is not None:
        files.write_text(options.page, table_page.render(study.table(frame), options.figure))
    print(study.text(frame))
