"""The tables on few desired examples in docs/online.md, from what `make trusted` wrote.

    python -m benchmarks.trusted            print the tables
    python -m benchmarks.trusted --write    put them into docs/online.md

The first has J on test of every method. The second compares one method with the others, paired by seed.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lawpipe.analysis import gain
from lawpipe.analysis.intervals import mean_interval
from lawpipe.report.table import markdown
from lawpipe.results.gains import ORACLE, TUNED, by_policy
from lawpipe.results.numbers import UNBROKEN, interval, number
from lawpipe.run import artifacts
from lawpipe.run.tables.studies import ONLINE
from lawpipe.studies.online import RULES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/online.md"
ROWS = ROOT / "results-trusted/online.parquet"
BEGIN, END = "<!-- python -m benchmarks.trusted --write -->", "<!-- end -->"

#: The method that is compared with the others.
METHOD = "noise_model_mixed_tuned"


def experiments(rows: pd.DataFrame) -> Iterator[tuple[list[str], pd.DataFrame]]:
    """Yield the first cells of each experiment (corrupted, K, seeds) and its rows on test."""
    on_test = rows[rows["against"] == "test"]
    # The order of the rows: by the share of corrupted examples, then by K.
    for _, group in on_test.groupby("experiment", sort=False):
        first = group.iloc[0]
        flips = f"{100 * first['spoilt']:g}{UNBROKEN}%"
        variety = first["text"].removeprefix("flips: ")
        cells = [f"{flips}, {variety}" if variety else flips, str(first["desired_examples"])]
        yield [*cells, str(group["seed"].nunique())], group


def tables(rows: pd.DataFrame) -> str:
    """Return both tables as Markdown."""
    methods = [f"{rule}_tuned" for rule in RULES if f"{rule}_tuned" in set(rows["policy"])]
    labels = [RULES[method.removesuffix("_tuned")] for method in methods]
    others = [TUNED, *(method for method in methods if method != METHOD)]
    losses, changes = [], []
    for cells, group in experiments(rows):
        values, told = by_policy(group, "objective"), by_policy(group, "told")
        losses.append([*cells, *(_loss(values, told, policy) for policy in (TUNED, ORACLE, *methods))])
        more = [mean_interval(gain.ratios(values, METHOD, policy) - 1) for policy in others]
        changes.append([*cells, *(interval(change, share=True, count_seeds=False) for change in more)])
    head = ["flipped", "K", "seeds"]
    names = ["uniform", *(RULES[method.removesuffix("_tuned")] for method in others[1:])]
    first = markdown([*head, "uniform", "oracle", *labels], losses)
    return f"{first}\n\n{markdown([*head, *names], changes)}".replace(UNBROKEN, " ")


def _loss(values: pd.DataFrame, told: pd.DataFrame, policy: str) -> str:
    """Write J of a policy, in brackets at the settings that are best on test."""
    mean = number(mean_interval(values.get(policy, [])).mean)
    best = told.get(policy, pd.Series(dtype=np.float64))
    return f"{mean} ({number(mean_interval(best).mean)})" if best.notna().any() else mean


def main(argv: list[str] | None = None) -> None:
    """Print the tables, or write them into docs/online.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=ROWS, help="the table of the study")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/online.md")
    options = parser.parse_args(argv)
    text = tables(artifacts.read(options.rows, ONLINE).to_pandas())
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
