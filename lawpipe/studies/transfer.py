"""Policies from one setting in another: what the near-optimal weights keep of their gain."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.config import plan
from lawpipe.figures import marks, style, surfaces
from lawpipe.paper import values as paper
from lawpipe.report.comparison import as_over_seeds
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST, objectives, share_of
from lawpipe.results.numbers import over_seeds, policy_label
from lawpipe.results.table import Row, Table
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES

MOVED = plan.TRANSFERRED
POLICIES = (BASE, BEST, MOVED)
COLOURS = {BEST: style.POLICIES[BEST], MOVED: style.OTHERS[2]}
#: What a policy may be moved to; another search is no other setting.
SETTINGS = ("model", "initialisation", "training")
#: Inches that a row takes, and what stands above and below them.
ROW, AROUND = 0.55, 1.6

ENTRY = Entry(
    "transfer",
    "Near-optimal weights in another setting",
    None,
    "The near-optimal weights of one experiment, applied to the same examples from another initialisation, at "
    "another learning rate or in a model of another width: J over the conventional policy's there, beside that of "
    "the weights searched there, and the share of the latter's gain that the transferred weights keep. "
    "A share near 100 % means that the weights are about the examples, near 0 that they are about the one run they "
    "were searched in, above 100 % that the search there ended at worse ones. There is no share where the weights "
    "searched there gain nothing beyond the interval.",
    module="studies.transfer",
    data=("summary",),
)


def points(experiments: Sequence[Results]) -> pd.DataFrame:
    """Return the rows of the table `transfer`: one an experiment, seed and reference set.

    Raises InputError if an experiment has no transferred policy.
    """
    rows = []
    for found in experiments:
        source = found.settings.get("transfer_from")
        if source is None or MOVED not in found.policies:
            raise InputError(f"{found.folder} has no policy {MOVED}: expected an experiment with transfer_from.")
        for against in REFERENCES:
            by_policy = objectives(found, against)
            for seed in found.seeds:
                base, best, moved = (by_policy[name][seed] for name in POLICIES)
                rows.append(
                    {
                        "source": source["experiment"],
                        "experiment": found.name,
                        "changed": changed(found.settings),
                        "seed": seed,
                        "against": against,
                        BASE: base,
                        BEST: best,
                        MOVED: moved,
                        "share": gain.of_gain(base, moved, best),
                    }
                )
    frame = pd.DataFrame(rows)
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in (*POLICIES, "share")})


def changed(settings: Mapping[str, Any]) -> str:
    """Say in which settings an experiment differs from the one that its policy is from."""
    own, source = (
        dict(paper.leaves({name: each[name] for name in SETTINGS if name in each}))
        for each in (settings, settings["transfer_from"])
    )
    said = []
    for key in dict.fromkeys([*source, *own]):
        before, now = source.get(key), own.get(key)
        if before != now:
            name = key.rpartition(".")[2].replace("_", " ")
            said.append("another initialisation" if key == "initialisation" else f"{name} {before} to {now}")
    return ", ".join(said) or "nothing"


def figure(found: pd.DataFrame) -> Figure:
    """Draw J over the conventional policy's on desired and on test, and the share of the gain, a row a transfer."""
    groups = list(found.groupby("experiment", sort=False))
    drawing = Figure(figsize=(10.6, AROUND + ROW * len(groups)), layout="constrained")
    drawing.suptitle(ENTRY.title, x=0.01, ha="left", fontweight="bold", gid=surfaces.TITLE_ID)
    *levels, shares = drawing.subplots(1, len(REFERENCES) + 1, sharey=True)
    for axes, against in zip(levels, REFERENCES, strict=True):
        for row, (_, rows) in enumerate(groups):
            _draw_levels(axes, rows[rows["against"] == against], row)
        axes.axvline(1, color=surfaces.MUTED, linestyle=":", linewidth=1)
        axes.set_title(f"J on {against} examples")
        axes.set_xlabel("J / J of the conventional policy")
    for place, against in enumerate(REFERENCES):
        colour = style.AGAINST[against]
        shares.plot([], [], "o", color=colour, markersize=4.5, label=f"{against} examples")
        for row, (_, rows) in enumerate(groups):
            share, height = _share(rows[rows["against"] == against]), row + _offset(place)
            marks.draw_share(shares, share, height, colour, None)
            if share.mean is None:
                shares.text(0, height, "gain within its interval", color=colour, fontsize=7, va="center")
    marks.finish_shares(shares)
    shares.set_title("Share of the near-optimal gain kept")
    levels[0].set_yticks(range(len(groups)), [_label(rows) for _, rows in groups])
    levels[0].set_ylim(len(groups) - 0.5, -0.5)
    levels[0].set_ylabel("from: what changed\n(mean, points are seeds, bars 95 % t intervals)")
    for axes in (levels[0], shares):
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.42 / (ROW * len(groups))), ncols=2)
    return drawing


def _draw_levels(axes: Axes, rows: pd.DataFrame, row: int) -> None:
    """Draw J of the policy searched in the setting and of the transferred one over the conventional policy's."""
    for place, (policy, colour) in enumerate(COLOURS.items()):
        ratios = (rows[policy] / rows[BASE]).dropna().tolist()
        height = row + _offset(place)
        marks.draw_with_seeds(axes, ratios, height, colour, policy_label(policy) if row == 0 else None)


def _offset(place: int) -> float:
    """Return how far from the middle of its row the first or the second mark stands."""
    return 0.16 * (2 * place - 1)


def _label(rows: pd.DataFrame) -> str:
    """Name a transfer, with its number of seeds."""
    first = rows.iloc[0]
    return f"{first['source']}:\n{first['changed']} (n = {rows['seed'].nunique()})"


def _share(rows: pd.DataFrame) -> Interval:
    """Return the share of the gain over the seeds, on one reference set; n = 0 where there is no gain."""
    return gain.share({name: dict(zip(rows["seed"], _values(rows, name), strict=True)) for name in POLICIES}, MOVED)


def _values(rows: pd.DataFrame, name: str) -> list[float | None]:
    """Return a column's numbers, None where one is missing."""
    return [None if pd.isna(value) else float(value) for value in rows[name]]


def table(found: pd.DataFrame) -> Table:
    """Return a row a transfer and reference set: J of the three policies and the share, means with intervals."""
    header = (
        "from",
        "what changed",
        "experiment",
        "on",
        "seeds",
        *(f"J {policy_label(name)} (nats)" for name in POLICIES),
        "share of the gain kept",
    )
    rows = []
    for (experiment, against), chosen in found.groupby(["experiment", "against"], sort=False):
        first = chosen.iloc[0]
        cells = [str(first["source"]), str(first["changed"]), str(experiment), str(against)]
        cells.append(str(chosen["seed"].nunique()))
        cells += [over_seeds(as_over_seeds(mean_interval(_values(chosen, name))), digits=4) for name in POLICIES]
        share = _share(chosen)
        cells.append("gain within its interval" if share.n == 0 else share_of(share))
        rows.append(Row(tuple(cells)))
    note = "The numbers of each seed are in transfer.parquet beside this page, the drawing alone in transfer.svg."
    return Table(ENTRY, header, tuple(rows), labels=4, note=note)
