"""Study: near-optimal weights of one experiment, applied in another setting, and the share of the gain they keep."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.analysis.intervals import mean_interval
from lawpipe.config import plan
from lawpipe.figures import layout, panels, style
from lawpipe.paper import values as paper
from lawpipe.report.table import Table
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BASE, BEST, objectives
from lawpipe.results.numbers import interval, policy_label, share_of
from lawpipe.results.problem import Settings
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES
from lawpipe.run.tables.studies import TRANSFER

MOVED = plan.TRANSFERRED
POLICIES = (BASE, BEST, MOVED)
#: Settings that may differ from the source experiment. The search is left out: it does not change the task.
SETTINGS = ("model", "initialisation", "training")
#: Written if there is no share.
NO_GAIN = "gain within its interval"
#: Height of a row of the figure, and of everything above and below the rows, in inches.
ROW, AROUND = 0.55, 0.8
#: Heights of the two marks of a row, relative to the row's.
OFFSETS = (-0.16, 0.16)

TITLE = "Do near-optimal weights help in another setting?"
ENTRY = Entry(
    "transfer",
    TITLE,
    None,
    "J (mean loss over the run) of near-optimal weights of one experiment (the source) that are applied in "
    "another setting, and of weights searched there, both over the conventional policy's J there; and the share "
    "of the gain of those searched there that the transferred weights keep. A share near 100 % means that the "
    "weights depend on the examples, near 0 that they depend on the run in which they were searched, above 100 % "
    "that the search in the new setting ended at a worse policy.",
)
TABLE = TRANSFER
NULLABLE = (*POLICIES, "share")


def rows(experiments: Sequence[Results], settings: Settings) -> pd.DataFrame:
    """Return the rows of the table `transfer`: one per experiment, reference set and seed.

    Raises InputError if there is no experiment, or one has no transferred policy.
    """
    if not experiments:
        raise InputError("no experiment of this config transfers a policy: add one with transfer_from.")
    frames = []
    for results in experiments:
        source = results.settings.get("transfer_from")
        if source is None or MOVED not in results.policies:
            raise InputError(f"{results.folder} has no policy {MOVED}: expected an experiment with transfer_from.")
        names = {"source": source["experiment"], "experiment": results.name, "changed": changed(results.settings)}
        for against in REFERENCES:
            group = objectives(results, against)[list(POLICIES)]
            share = gain.of_gain(group[BASE], group[MOVED], group[BEST])
            frames.append(group.assign(**names, against=against, share=share).reset_index())
    return pd.concat(frames, ignore_index=True)


def changed(settings: Mapping[str, Any]) -> str:
    """Return the settings in which an experiment differs from the source of its transferred policy, in words."""
    here, source = (
        dict(paper.leaves({name: part[name] for name in SETTINGS if name in part}))
        for part in (settings, settings["transfer_from"])
    )
    words = []
    for key in dict.fromkeys([*source, *here]):
        if source.get(key) != here.get(key):
            change = f"{key.rpartition('.')[2].replace('_', ' ')} {source.get(key)} to {here.get(key)}"
            words.append("another initialisation" if key == "initialisation" else change)
    return ", ".join(words) or "nothing"


def text(frame: pd.DataFrame) -> str:
    """Return the share of the gain that is kept, one line per experiment and reference set."""
    lines = []
    for row in table(frame).rows:
        source, changes, _, against, *_, share = row.cells
        lines.append(f"{source}, {changes}, {against}: {share}")
    return "\n".join(lines)


def figure(frame: pd.DataFrame) -> Figure:
    """Draw J over that of the conventional policy for each set, and the share of the gain; one row per transfer."""
    groups = [group for _, group in frame.groupby("experiment", sort=False)]
    drawing = Figure(figsize=(layout.WIDTH, AROUND + ROW * len(groups)), layout="constrained")
    *levels, shares = drawing.subplots(1, len(REFERENCES) + 1, sharey=True)
    kept = {
        (row, against): gain.share(select(group, against=against), MOVED)
        for row, group in enumerate(groups)
        for against in REFERENCES
    }
    ends = panels.share_ends(kept.values())
    for offset, axes, against in zip(OFFSETS, levels, REFERENCES, strict=True):
        look = style.AGAINST[against]
        for row, group in enumerate(groups):
            part = select(group, against=against)
            for beside, policy in zip(OFFSETS, (BEST, MOVED), strict=True):
                ratios = gain.ratios(part, policy, BASE)
                panels.draw_with_seeds(axes, ratios, row + beside, style.look(policy), policy_label(policy))
            label = f"share on {against}"
            panels.draw_mean(shares, kept[row, against].scaled(100), row + offset, look, label, ends)
            if kept[row, against].mean is None:
                shares.text(0, row + offset, NO_GAIN, color=look.colour, va="center")
        axes.axvline(1, **style.DOTTED)
        axes.set(title=f"J on {against}", xlabel="J / J conventional")
    panels.finish_shares(shares, "share (%)", ends)
    shares.set_title("Gain kept")
    firsts = [(group.iloc[0], group["seed"].nunique()) for group in groups]
    names = [f"{first['source']}:\n{textwrap.fill(first['changed'], 20)} (n = {count})" for first, count in firsts]
    panels.name_rows(levels[0], names)
    layout.surround(drawing, TITLE, "rows: source and what changed; means, dots: seeds, bars: 95 % t intervals")
    return drawing


def table(frame: pd.DataFrame) -> Table:
    """Return one row per transfer and reference set: J of the three policies, and the share of the gain."""
    records = []
    for (experiment, against), group in frame.groupby(["experiment", "against"], sort=False):
        first, share = group.iloc[0], gain.share(group, MOVED)
        objectives_of = {name: interval(mean_interval(group[name]), digits=4) for name in POLICIES}
        records.append(
            {
                "from": str(first["source"]),
                "what changed": str(first["changed"]),
                "experiment": str(experiment),
                "on": str(against),
                "seeds": str(group["seed"].nunique()),
                **{f"J {policy_label(name)} (nats)": objective for name, objective in objectives_of.items()},
                "share of the gain kept": NO_GAIN if share.n == 0 else share_of(share),
            }
        )
    note = "The numbers of each seed are in transfer.parquet beside this page, the figure alone in transfer.svg."
    return replace(Table.from_records(ENTRY, records, labels=4), note=note)
