"""Judge each of the paper's claims by this run.

Takes the tables of every seed of some experiments below one root: summary, curves, similarity, zero weights and fits.
Gives one row per claim and experiment: where the paper makes it, what it says, our number with its 95 % interval over
the seeds, a verdict (reproduced, partly, not_reproduced, not_tested) and the reason. The rules are in lawpipe.paper.
Also gives the language models by size beside the paper's Table 2: how B, beta and the acceleration change.
"""

from collections import Counter
from pathlib import Path

from lawpipe.paper import judgement, sizes
from lawpipe.run import stage
from lawpipe.run.tables.claims import CLAIMS, SIZES


def main(argv: list[str] | None = None) -> None:
    """Write the table of claims."""
    parser = stage.parser(__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the folder of the experiments")
    parser.add_argument("--claims", type=Path, required=True, help="output: one row per claim and experiment")
    parser.add_argument("--sizes", type=Path, required=True, help="output: one row per size and quantity")
    with stage.job(parser.parse_args(argv), __file__) as job:
        root, experiments = job.options.root, job.settings["experiments"]
        rows = judgement.judge(root, experiments)
        job.write_rows(job.options.claims, CLAIMS, rows)
        job.write_rows(job.options.sizes, SIZES, sizes.rows(root, experiments))
        counts = Counter(row["verdict"] for row in rows)
        print(f"{len(rows)} claims: {', '.join(f'{count} {verdict}' for verdict, count in counts.items())}")


if __name__ == "__main__":
    stage.run(main)
