"""Summarise one seed: join the tables of all policies, fit the scaling laws, and give one row per policy.

Takes the parts that the training stage wrote, in the order of the policies, for each of six tables: loss curves,
similarity, zero weights, examples, measures and stability. Gives

- one file per table, with the rows in that order;
- `fits`: the scaling law L(t) = L0 + (B / t)^beta of every loss curve, with nulls for one that does not follow it;
- `sensitivity`: how much B, beta and the acceleration depend on L0 and t0;
- `summary`: objective, compression ratio, acceleration and mean similarity of every policy, with its measures.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from lawpipe.analysis import compression, curves, fits, summary
from lawpipe.run import artifacts, stage
from lawpipe.run.splits import REFERENCES
from lawpipe.run.table import Table
from lawpipe.run.tables.fits import FITS, SENSITIVITY
from lawpipe.run.tables.measurements import COLLECTED
from lawpipe.run.tables.summary import SUMMARY


def join(paths: Sequence[Path], table: Table) -> pa.Table:
    """Read the parts of a table as one."""
    # The metadata of each part has the part's settings; the joined table gets those of this stage.
    parts = [artifacts.read(path, table).replace_schema_metadata() for path in paths]
    return pa.concat_tables(parts).combine_chunks()


def describe_laws(laws: Sequence[Mapping[str, Any]], steeper: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Describe the laws of the policies that share L0 and t0, and how many curves follow none."""
    for row in laws:
        if row["policy"] in fits.SHARING and row["scale"] is not None:
            yield (
                f"{row['policy']} on {row['against']}: L0 {row['loss_floor']:.4g}, B {row['scale']:.4g},"
                f" beta {row['exponent']:.4g} from step {row['first_step']} on"
            )
    if steeper:
        names = ", ".join(map(" on ".join, steeper))
        yield f"no power law, for the loss falls faster again at its end: {names}; B and beta mean little"
    if missing := sum(row["scale"] is None for row in laws):
        yield f"{missing} of {len(laws)} curves do not follow a scaling law"


def describe_policy(row: Mapping[str, Any]) -> str:
    """Describe a policy's objective and acceleration in one line."""
    parts = []
    for against in REFERENCES:
        objective, reached = row[f"objective_{against}"], row.get(f"acceleration_{against}")
        loss = "not finite" if objective is None else f"{objective:.4f} nats"
        parts.append(f"{against} J {loss}, acceleration {'none' if reached is None else f'{reached:.2f}'}")
    return f"{row['policy']}: {'; '.join(parts)}"


@stage.script(
    **{table: stage.option(f"parts of the {table} table", nargs="+") for table in COLLECTED},
    output="output: the folder of the joined tables",
    fits="output: the fitted scaling laws",
    sensitivity="output: the fits with L0 or t0 fixed",
    summary="output: one row per policy",
)
def main(job: stage.Job) -> None:
    """Write the joined tables, the fits and the summary."""
    options = job.options
    joined = {name: join(getattr(options, name), table) for name, table in COLLECTED.items()}
    for name, table in COLLECTED.items():
        columns = {column: joined[name].column(column).combine_chunks() for column in joined[name].column_names}
        job.write(options.output / f"{name}.parquet", table, columns)

    policies, steps = joined["curves"].column("policy").to_pylist(), joined["curves"].column("step").to_numpy()
    losses = {
        against: curves.split(policies, steps, joined["curves"].column(f"{against}_loss").to_numpy())
        for against in REFERENCES
    }
    laws = fits.rows(losses)
    job.write_rows(options.fits, FITS, laws)
    job.write_rows(options.sensitivity, SENSITIVITY, fits.variants(losses))

    similarity, measures = (joined[name].to_pylist() for name in ("similarity", "measures"))
    rows = summary.of_seed(losses, laws, similarity, measures, compression.vocabulary(job.settings))
    job.write_rows(options.summary, SUMMARY, [dict.fromkeys(SUMMARY.columns) | row for row in rows])
    print(*describe_laws(laws, fits.steeper(laws, losses)), *map(describe_policy, rows), sep="\n")
