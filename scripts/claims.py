"""Judge each of the paper's claims by this run.

Takes the tables of every seed of some experiments below one root: summary, curves, similarity, zero weights and fits.
Gives one row per claim and experiment: where the paper makes it, what it says, our number with its 95 % interval over
the seeds, a verdict (reproduced, partly, not_reproduced, not_tested) and the reason. The rules are in lawpipe.paper.
Also gives the language models by size beside the paper's Table 2: how B, beta and the acceleration change.
"""

from collections import Counter

from lawpipe.paper import judgement, sizes
from lawpipe.run import stage
from lawpipe.run.tables.claims import CLAIMS, SIZES


@stage.script(
    root="the folder of the experiments",
    claims="output: one row per claim and experiment",
    sizes="output: one row per size and quantity",
)
def main(job: stage.Job) -> None:
    """Write the table of claims."""
    root, experiments = job.options.root, job.settings["experiments"]
    rows = judgement.judge(root, experiments)
    job.write_rows(job.options.claims, CLAIMS, rows)
    job.write_rows(job.options.sizes, SIZES, sizes.rows(root, experiments))
    counts = Counter(row["verdict"] for row in rows)
    print(f"{len(rows)} claims: {', '.join(f'{count} {verdict}' for verdict, count in counts.items())}")
