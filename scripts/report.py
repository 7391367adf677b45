"""Write the report: one HTML file that contains all that it shows and opens without a network.

Takes the tables, figures and cost files of some experiments below one root. Gives the page and, with `--front-page`,
the findings as reStructuredText, for the front page of `snakemake --report`.

With `--claims`, the page begins with the paper's claims, each judged by these experiments: where the paper makes it,
what it says, our number with its 95 % interval over the seeds, a verdict (reproduced, partly, not_reproduced,
not_tested) and the reason. The rules are in lawpipe.paper. It then also has the language models by size beside the
paper's Table 2, and the figures of the recorded benchmarks that are asked for.
"""

from collections import Counter
from pathlib import Path

import pandas as pd

from lawpipe.figures import style
from lawpipe.paper import judgement, sizes
from lawpipe.report import page
from lawpipe.run import files, stage
from lawpipe.run.parsing import parsing
from lawpipe.run.tables.claims import CLAIMS, SIZES
from lawpipe.studies import growth, ladder, methods

#: The studies of recorded benchmarks.
RECORDED = {"methods": methods, "growth": growth, "ladder": ladder}


def judge(job: stage.Job) -> None:
    """Write the table of claims and that of the sizes."""
    root, experiments = job.options.root, job.settings["experiments"]
    rows = judgement.judge(root, experiments)
    job.write_rows(job.options.claims, CLAIMS, rows)
    job.write_rows(job.options.sizes, SIZES, sizes.rows(root, experiments))
    counts = Counter(row["verdict"] for row in rows)
    print(f"{len(rows)} claims: {', '.join(f'{count} {verdict}' for verdict, count in counts.items())}")


def draw_records(job: stage.Job) -> dict[str, Path]:
    """Draw the newest record of each study whose figure is asked for; return these records."""
    studies = {name: study for name, study in RECORDED.items() if getattr(job.options, name) is not None}
    newest = {name: max(job.options.records.glob(f"*/{study.RECORD}")) for name, study in studies.items()}
    with style.theme():
        for name, study in studies.items():
            with parsing(newest[name], "not a recorded run", "take it from git, or move its folder away"):
                record = pd.read_parquet(newest[name])
            style.save(study.figure(record), getattr(job.options, name), study.TITLE)
    return newest


@stage.script(
    root="the folder of the experiments",
    experiments=stage.option("which of them, in order", type=str, nargs="+", metavar="NAME"),
    output="output: the page",
    front_page=stage.option("output: the findings as reStructuredText", required=False),
    claims=stage.option("output: one row per claim and experiment; asks for sizes and records", required=False),
    sizes=stage.option("output: one row per size and quantity", required=False),
    **{name: stage.option(f"output: the figure of the study {name}", required=False) for name in RECORDED},
    records=stage.option("the folder of the recorded runs", required=False),
)
def main(job: stage.Job) -> None:
    """Write the page and the findings."""
    options = job.options
    root, names, folder = options.root, options.experiments, options.output.parent
    if options.claims is None:
        html = page.report(root, names, folder)
    else:
        judge(job)
        html = page.report(root, names, folder, judged=True, records=options.records, drawn=draw_records(job))
    files.write_text(options.output, html)
    if options.front_page is not None:
        files.write_text(options.front_page, page.front_page(root, names))
