"""Set the paper's claims beside this run and judge each.

Takes the tables of every seed of some experiments under one root: summary, curves, similarity, zero weights and fits.
Gives a row a claim and experiment: where the paper has it, what it says, our number with its 95 % interval over the
seeds, a verdict (reproduced, partly, not_reproduced, not_tested) and the reason. The rules are in lawpipe.paper. Also
gives the language models by their size beside the paper's Table 2: how B, beta and the acceleration change.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from lawpipe.paper import judgement, sizes
from lawpipe.run import artifacts, stage


def main(argv: list[str] | None = None) -> None:
    """Write the table of claims."""
    parser = stage.parser(__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the folder of the experiments")
    parser.add_argument("--claims", type=Path, required=True, help="output: a row a claim and experiment")
    parser.add_argument("--sizes", type=Path, required=True, help="output: a row a size and quantity")
    with stage.job(parser.parse_args(argv), __file__) as job:
        root, experiments = job.options.root, job.settings["experiments"]
        rows = judgement.judge(root, experiments)
        write(job, "claims", rows)
        write(job, "sizes", sizes.rows(root, experiments))
        counts = Counter(row["verdict"] for row in rows)
        print(f"{len(rows)} claims: {', '.join(f'{count} {verdict}' for verdict, count in counts.items())}")


def write(job: stage.Job, table: str, rows: list[dict[str, Any]]) -> None:
    """Write a table given by its rows to the file of its option."""
    columns = {name: [row[name] for row in rows] for name in artifacts.TABLES[table]}
    job.write(getattr(job.options, table), table, columns)


if __name__ == "__main__":
    stage.run(main)
