"""Record the ladder of sizes: what finished runs of config/tinystories.yaml say, one row per size, seed and policy.

    python benchmarks/ladder.py                      prints the newest record
    LAWPIPE_STORIES=my/stories.parquet make ladder
    python benchmarks/ladder.py results-tinystories
    python benchmarks/ladder.py results-tinystories --output benchmarks/records/DATE-ladder/ladder.parquet \\
        --command "make ladder"

Takes every seed of every language model in a folder of results that has a summary, adds the rows of the newest record
whose seed is not computed anew, and writes all of them, so that a larger size can be added on another machine. Leaves
out seeds of the record whose experiment now has other stories, damage, size or learning rate, and says so. Prints the
report's table, the seconds and memory of each size as estimated and as measured, and what the ladder says.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from lawpipe.analysis import ladder
from lawpipe.config.plan import SEARCHED, VALIDATED
from lawpipe.cost import costs
from lawpipe.report.table import markdown
from lawpipe.report.tables import by_size
from lawpipe.results import experiment, problem
from lawpipe.results import ladder as rows_of_ladder
from lawpipe.run import artifacts, program, provenance
from lawpipe.run.errors import InputError
from lawpipe.run.tables.ladder import RECORDED

RECORDS = Path(__file__).parent / "records"
#: What is replaced as a whole, and what the conventional policies of an experiment share.
KEYS = ["experiment", "seed"]
SHARED = [
    *("corpus", "stories", "steps", "examples", "desired_examples", "length", "vocabulary", "operations", "hidden"),
    *("layers", "parameters", "learning_rate"),
]


def main(argv: list[str] | None = None) -> None:
    """Collect, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="?", help="a folder of results, such as results-tinystories")
    parser.add_argument("--command", help="the command that ran them; a record needs it")
    parser.add_argument("--output", type=Path, help="a Parquet file for the rows")
    options = parser.parse_args(argv)
    if options.output is not None and not options.command:
        parser.error('--output needs --command, the command that ran the experiments, as in --command "make ladder".')
    if options.output is not None and options.results is None:
        parser.error("--output needs a folder of results, such as results-tinystories.")
    earlier = [by_size.read(path) for path in sorted(RECORDS.glob("*/ladder.parquet"))[-1:]]
    if options.results is None:
        rows = pd.concat(earlier)
    else:
        new = pd.concat([recorded(folder, seeds, options.command) for folder, seeds in finished(options.results)])
        rows = alike(pd.concat([*(frame[~isin(frame, new)] for frame in earlier), new]))
    shown = by_size.table(rows, [])
    print(markdown(shown.header, [row.cells for row in shown.rows]))
    print(f"\n{shown.note}\n")
    print(markdown(*table_of_costs(rows)))
    if options.output is not None:
        columns = {
            name: rows[name].astype(object).where(rows[name].notna(), None).tolist() for name in RECORDED.columns
        }
        code = provenance.code_digest(__file__)
        artifacts.write(options.output, RECORDED, columns, settings={"command": options.command}, code=code)


def isin(rows: pd.DataFrame, others: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows are of an experiment and seed of the others."""
    return pd.Series(pd.MultiIndex.from_frame(rows[KEYS]).isin(pd.MultiIndex.from_frame(others[KEYS])), rows.index)


def alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the seeds that share stories, damage, size and learning rate with the last one of their experiment.

    Says on stderr which are left out.
    """
    conventional = rows[rows["policy"] == ladder.CONVENTIONAL]
    same = (conventional[SHARED] == conventional.groupby("experiment")[SHARED].transform("last")).all(axis=1)
    for name, others in conventional[~same].groupby("experiment"):
        seeds = ", ".join(str(seed) for seed in others["seed"])
        print(
            f"left out of the record: {name}, seeds {seeds}, whose stories, damage, size or learning rate are not "
            "those of the seeds that were computed last.",
            file=sys.stderr,
        )
    return rows[isin(rows, conventional[same])].reset_index(drop=True)


def finished(root: Path) -> Iterator[tuple[Path, list[int]]]:
    """Yield the folder and the finished seeds of every language model below a folder of results.

    Raises InputError if there are none.
    """
    found = False
    for folder in sorted(path for path in root.glob("*") if path.is_dir()):
        numbers = (re.fullmatch(r"seed(\d+)", path.parent.name) for path in folder.glob("seed*/summary.parquet"))
        seeds = sorted(int(number[1]) for number in numbers if number)
        if seeds and problem.name(experiment.load(folder, seeds).settings) == problem.LANGUAGE_MODEL:
            found = True
            yield folder, seeds
    if not found:
        raise InputError(f"{root} has no finished seed of a language model: run an experiment first.")


def recorded(folder: Path, seeds: list[int], command: str) -> pd.DataFrame:
    """Return the rows of an experiment's finished seeds, with what the jobs of each policy took."""
    rows = rows_of_ladder.rows(experiment.load(folder, seeds))
    spent = [cost(folder, int(row["seed"]), str(row["policy"])) for _, row in rows.iterrows()]
    return pd.concat([rows, pd.DataFrame(spent, index=rows.index)], axis=1).assign(command=command)


def cost(folder: Path, seed: int, policy: str) -> dict[str, Any]:
    """Return what the jobs took that made a policy and trained under it, and what was estimated."""
    searched = policy in (SEARCHED, VALIDATED)
    jobs = ["search", f"train_{SEARCHED}"] if searched else [f"make_policy_{policy}", f"train_{policy}"]
    took = [costs.read_job(folder / f"seed{seed}/cost/{job}.json") for job in jobs]
    stages = costs.estimates(folder)
    estimates = [stages[job] for job in jobs if job in stages]
    known = len(estimates) == len(jobs)
    in_one_piece = not any(job.get("resumed") for job in took)
    return {
        "processor_seconds": sum(job["processor_seconds"] for job in took) if in_one_piece else None,
        "estimated_seconds": sum(stage["seconds"] / stage["jobs"] for stage in estimates) if known else None,
        "peak_memory_mb": max(job["peak_memory_mb"] for job in took),
        "estimated_memory_mb": float(max(stage["memory_mb"] for stage in estimates)) if known else None,
        "machine": f"{took[-1]['hardware']['cores']}-core {took[-1]['hardware']['processor']}",
        "date": took[-1]["started"][:10],
        "commit": (took[-1]["git"]["commit"] or "unknown") + " and changes" * bool(took[-1]["git"]["modified"]),
    }


def table_of_costs(rows: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return a table of minutes per seed and of memory: as estimated before the run, and as measured.

    Minutes are "-" if they are unknown for a seed, as those of a search that was resumed are.
    """
    header = [
        "experiment",
        "policy",
        "seeds",
        "minutes, estimated",
        "minutes, measured",
        "MB, estimated",
        "MB, measured",
    ]
    lines = []
    for group in ladder.sizes(rows):
        for policy, jobs in group.groupby("policy", sort=False):
            minutes = jobs[["estimated_seconds", "processor_seconds"]].astype(float).mean(skipna=False) / 60
            memory = jobs[["estimated_memory_mb", "peak_memory_mb"]].astype(float).max()
            values = [*((value, ".1f") for value in minutes), *((value, ".0f") for value in memory)]
            cells = [format(value, form) if pd.notna(value) else "-" for value, form in values]
            lines.append([ladder.name(group), str(policy), str(len(jobs)), *cells])
    return header, lines


if __name__ == "__main__":
    program.run(main)
