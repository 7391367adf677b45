"""Run one study that compares finished experiments: which_law, transfer, online or sweep (see lawpipe/studies).

Takes the folders of experiments and, in the settings, the name of the study. Gives one figure; also the rows behind
it as Parquet, and an HTML page with the figure and a table, if they are asked for. Prints the result. By hand:

    python scripts/compare.py --settings '{"study": "online"}' --folders results-online/perceptron \
        --rows online.parquet --figure online.svg --page online.html
"""

from pathlib import Path

from lawpipe.analysis.curves import nulls
from lawpipe.figures import style
from lawpipe.report import page
from lawpipe.results import experiment
from lawpipe.run import files, registry, stage


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--folders", type=Path, nargs="*", required=True, help="folders of the experiments")
    parser.add_argument("--figure", type=Path, required=True, help="output: the figure")
    parser.add_argument("--rows", type=Path, help="output: the rows of the study's table")
    parser.add_argument("--page", type=Path, help="output: the page with figure and table")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options, name = job.options, job.settings["study"]
        study = registry.load("study", name)
        frame = study.rows([experiment.load(folder) for folder in options.folders], job.settings)
        if options.rows is not None:
            columns = {column: frame[column].to_numpy() for column in study.TABLE.columns}
            job.write(
                options.rows, study.TABLE, columns | {column: nulls(columns[column]) for column in study.NULLABLE}
            )
        with style.theme():
            style.save(study.figure(frame), options.figure, study.TITLE)
        if options.page is not None:
            files.write_text(options.page, page.table_page(study.table(frame), options.figure))
        print(study.text(frame))


if __name__ == "__main__":
    stage.run(main)
