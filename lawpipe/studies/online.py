"""Weights without a search across experiments: what they have of the oracle's gain, beside tuned baselines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lawpipe.analysis import gain
from lawpipe.analysis.gain import Objectives
from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.figures import marks, style, surfaces
from lawpipe.policies.catalogue import POLICIES
from lawpipe.report.table import Row, Table, markdown
from lawpipe.results import problem
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.gains import ORACLE, TUNED, by_policy, objectives
from lawpipe.results.numbers import UNBROKEN, interval, number, share_of
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES

#: What is compared, by the names of their policies without the ending that says how long their steps are.
RULES = {
    name: POLICIES[name].formula
    for name in (*(name for name in POLICIES if f"{name}_tuned" in POLICIES), "near_optimal")
    if POLICIES[name].formula
}
COLOURS = style.colours(list(RULES))
#: What an experiment must have to be compared.
REQUIRED = "online_tuned"


@dataclass(frozen=True)
class Family:
    """Policies whose learning rates are chosen in the same way; `words` says how."""

    ending: str
    base: str
    oracle: str
    words: str

    def policy(self, rule: str) -> str:
        """Return the policy that follows a rule of weighing."""
        if (rule, self.ending) == ("near_optimal", "tuned"):
            return "near_optimal_at_tuned_rate"
        return f"{rule}_{self.ending}"

    @property
    def policies(self) -> tuple[str, ...]:
        """All policies of the family, uniform weights and the oracle first."""
        return (self.base, self.oracle, *(self.policy(rule) for rule in RULES))


FAMILIES = (
    Family("tuned", TUNED, ORACLE, "at own best learning rates"),
    Family("matched", "conventional", "clean_only_matched", "at uniform weights' step lengths"),
)

#: What experiments are in the order of.
ORDER = ["problem", "text", "spoilt", "desired_examples", "experiment"]
#: The ends of the axis of shares, per cent; inches that a row takes, and what stands above and below the rows.
ENDS = (-60.0, 160.0)
ROW, AROUND = 0.62, 1.0

ENTRY = Entry(
    "compare_online",
    "Weights without a search against tuned baselines",
    None,
    "J on test of weights that follow the run, without being told which examples are spoilt, and of searched ones: "
    "the share of the fall of J from uniform weights to the oracle's, which leaves the spoilt examples out; or, "
    "where there is nothing to leave out, the change of J against uniform weights. Means over the seeds with 95 % t "
    "intervals, paired by seed. Learning rates are chosen by J on desired, that of the searched weights by uniform "
    "ones'.",
    module="studies.online",
    data=("summary",),
)


def points(experiments: Sequence[Results]) -> pd.DataFrame:
    """Return the rows of the table `online`: one an experiment, seed, policy and reference set.

    Perceptrons stand before texts, and experiments in the order of their spoilt and desired examples.

    Raises InputError if an experiment does not have the online policy, or two have one name.
    """
    names: set[str] = set()
    rows: list[dict[str, Any]] = []
    for found in experiments:
        if REQUIRED not in found.policies:
            raise InputError(
                f"{found.folder} has no policy {REQUIRED}: expected experiments like those of config/online.yaml."
            )
        if found.name in names:
            raise InputError(f"{found.folder}: another folder is called {found.name} too, expected different names.")
        names.add(found.name)
        for against in REFERENCES:
            rows += _rows(found, against)
    frame = pd.DataFrame(rows)
    frame = frame.assign(**{name: pd.to_numeric(frame[name]) for name in ("objective", "share")})
    # Within an experiment the rows stay as they are.
    frame["problem"] = pd.Categorical(frame["problem"], problem.PROBLEMS, ordered=True)
    frame = frame.sort_values(ORDER, kind="stable", ignore_index=True)
    return frame.assign(problem=frame["problem"].astype(str))


def _rows(found: Results, against: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one experiment on one reference set."""
    settings = found.settings
    data = settings["data"]
    about = {
        "experiment": found.name,
        "problem": problem.name(settings),
        "spoilt": problem.corrupted_share(settings),
        "desired_examples": int(data["desired_examples"]),
        "text": data["corpus"]["source"] if problem.name(settings) == problem.LANGUAGE_MODEL else "",
    }
    of = objectives(found, against)
    for family in FAMILIES:
        for policy in family.policies:
            for seed, value in of.get(policy, {}).items():
                base, oracle = (of.get(name, {}).get(seed) for name in (family.base, family.oracle))
                share = gain.of_gain(base, value, oracle)
                one = {"seed": seed, "policy": policy, "against": against, "objective": value, "share": share}
                yield about | one


def tables(found: pd.DataFrame) -> str:
    """Return the comparison on test as Markdown, a table a family of policies that some experiment has."""
    parts = []
    for family in FAMILIES:
        rows = [line for _, line in _lines(found, family, "test")]
        if rows:
            text = markdown(_header(), rows).replace(UNBROKEN, " ")
            parts.append(f"J on test (nats), {family.words}:\n\n{text}")
    return "\n\n".join(parts)


def table(found: pd.DataFrame) -> Table:
    """Return the comparison on both reference sets, a row an experiment, family of policies and set."""
    first, *others = _header()
    rows = []
    for family in FAMILIES:
        for against in REFERENCES:
            for experiment, (name, *cells) in _lines(found, family, against):
                rows.append(Row((name, experiment, family.ending, against, *cells)))
    note = (
        "Under the rules: J in nats, and what it is of the oracle's gain; without one, its difference to uniform "
        "weights. Tuned: each at its own best learning rate; matched: at the step lengths of uniform weights. "
        "The numbers of each seed are in online.parquet beside this page, the drawing alone in online.svg."
    )
    return Table(ENTRY, (first, "experiment", "steps", "J on", *others), tuple(rows), labels=4, note=note)


def _header() -> list[str]:
    """Return the head of a comparison."""
    return ["problem", "spoilt", "K", "seeds", "uniform", "oracle", *RULES.values()]


def _lines(found: pd.DataFrame, family: Family, against: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the cells of each experiment that has the family's policies."""
    chosen = found[(found["against"] == against) & found["policy"].isin(family.policies)]
    for experiment, rows in chosen.groupby("experiment", sort=False):
        of = by_policy(rows, "objective")
        if not _has_rules(of, family):
            continue
        means = [interval(mean_interval(of.get(policy, {}).values())) for policy in (family.base, family.oracle)]
        first = rows.iloc[0]
        cells = [_subject(first["problem"], first["text"]), f"{100 * first['spoilt']:g}{UNBROKEN}%"]
        cells += [str(first["desired_examples"]), str(rows["seed"].nunique())]
        yield str(experiment), [*cells, *means, *(_cell(of, family, rule) for rule in RULES)]


def _has_rules(of: Objectives, family: Family) -> bool:
    """Tell whether there is anything to compare with uniform weights and the oracle."""
    return any(family.policy(rule) in of for rule in RULES)


def _subject(name: str, text: str) -> str:
    """Say a problem with the source of its text."""
    return f"{name.replace('_', ' ')}, {text}" if text else name


def _cell(of: Objectives, family: Family, rule: str) -> str:
    """Write J of a policy and its share of the oracle's gain, or its difference to uniform weights without one."""
    policy = family.policy(rule)
    mean = mean_interval(of.get(policy, {}).values()).mean
    if mean is None:
        return "-"
    share = gain.share(of, policy, family.base, family.oracle)
    if share.n_reached:
        return f"{number(mean)}; {share_of(share)}"
    change = _change(of, family, rule)
    if change.mean is None:
        return number(mean)
    more = gain.difference(of, policy, family.base)
    nats = f"{_plus(more)}{interval(more)}{UNBROKEN}nats"
    return f"{number(mean)}; {nats}, {_plus(change)}{share_of(change)}"


def _plus(found: Interval) -> str:
    """Return the sign that a difference above 0 is written with."""
    return "+" if found.mean is not None and found.mean > 0 else ""


def _change(of: Objectives, family: Family, rule: str) -> Interval:
    """Return the relative change of J against uniform weights over the seeds."""
    return mean_interval(ratio - 1 for ratio in gain.ratios(of, family.policy(rule), family.base).values())


def figure(found: pd.DataFrame) -> Figure:
    """Draw the share of the oracle's gain on test, or the change of J, a row an experiment and a column a family."""
    test = found[found["against"] == "test"]
    families = [family for family in FAMILIES if _has_rules(by_policy(test, "objective"), family)]
    # What has an oracle stands apart from what has none: the axes differ.
    blocks = [rows for _, rows in test.groupby([test["problem"], test["spoilt"] == 0], sort=False)]
    counts = [rows["experiment"].nunique() for rows in blocks]
    heights = [AROUND + ROW * count for count in counts]
    drawing = Figure(figsize=(10.6, 0.8 + sum(heights)), layout="constrained")
    drawing.suptitle(ENTRY.title, x=0.01, ha="left", fontweight="bold", gid=surfaces.TITLE_ID)
    panels = drawing.subplots(len(blocks), len(families), squeeze=False, sharey="row", height_ratios=heights)
    for row, (rows, count) in enumerate(zip(blocks, counts, strict=True)):
        groups = [each for _, each in rows.groupby("experiment", sort=False)]
        for axes, family in zip(panels[row], families, strict=True):
            _draw(axes, groups, family)
        panels[row][0].set_yticks(range(count), [_label(each) for each in groups])
        panels[row][0].set_ylim(count - 0.5, -0.5)
    drawing.supylabel("experiment (K: its desired examples)", fontsize="medium")
    drawing.legend(handles=_legend(), loc="outside lower center", ncols=len(RULES) + 1)
    return drawing


def _draw(axes: Axes, groups: Sequence[pd.DataFrame], family: Family) -> None:
    """Draw the experiments of one problem, which either all have an oracle or all have none, in one panel."""
    first = groups[0].iloc[0]
    shares = bool(first["spoilt"] > 0)
    axes.set_title(f"{first['problem'].replace('_', ' ').capitalize()}, {family.words}")
    for row, rows in enumerate(groups):
        of = by_policy(rows, "objective")
        why = _without_share(of, family) if shares else ""
        if not _has_rules(of, family):
            why = "not run"
        if why:
            axes.text(0, row, why, color=surfaces.MUTED, fontsize=7, va="center")
        elif shares:
            _draw_shares(axes, rows, family, row)
        else:
            _draw_changes(axes, of, family, row)
    if shares:
        marks.finish_shares(axes, "share of the oracle's gain over uniform weights\nin J on test", ENDS)
    else:
        axes.axvline(0, color=surfaces.MUTED, linestyle=":", linewidth=1)
        axes.set_xlabel("change of J on test against uniform weights\n(%; below 0 is better)")


def _without_share(of: Objectives, family: Family) -> str:
    """Say why nothing is a share of the oracle's gain, if so."""
    if gain.is_positive(gain.difference(of, family.base, family.oracle)):
        return ""
    return "the oracle's gain is within its interval" if family.oracle in of else "the oracle was not run"


def _draw_shares(axes: Axes, rows: pd.DataFrame, family: Family, row: int) -> None:
    """Draw the shares of one experiment: of each seed, and their means."""
    of = by_policy(rows, "objective")
    for rule, height in _heights(row):
        policy = family.policy(rule)
        values = 100 * rows["share"][rows["policy"] == policy].dropna()
        axes.plot(values, [height] * len(values), ".", color=COLOURS[rule], markersize=3, alpha=0.6)
        marks.draw_share(axes, gain.share(of, policy, family.base, family.oracle), height, COLOURS[rule], None, ENDS)


def _draw_changes(axes: Axes, of: Objectives, family: Family, row: int) -> None:
    """Draw the relative changes of J of one experiment."""
    for rule, height in _heights(row):
        changes = [100 * (ratio - 1) for ratio in gain.ratios(of, family.policy(rule), family.base).values()]
        marks.draw_with_seeds(axes, changes, height, COLOURS[rule])


def _heights(row: int) -> Iterator[tuple[str, float]]:
    """Yield where each rule's mark stands in a row."""
    for place, rule in enumerate(RULES):
        yield rule, row + 0.19 * (place - (len(RULES) - 1) / 2)


def _label(rows: pd.DataFrame) -> str:
    """Say what is particular to an experiment, with its number of seeds."""
    first = rows.iloc[0]
    altered = problem.corruption({"problem": first["problem"]})
    spoilt = f"{100 * first['spoilt']:g} % {altered}" if first["spoilt"] else f"none {altered}"
    text = f", {first['text']}" if first["text"] else ""
    return f"{spoilt}, K {first['desired_examples']}{text}\n{first['experiment']} (n = {rows['seed'].nunique()})"


def _legend() -> list[Line2D]:
    """Return what stands for each rule, and what the marks are."""
    meanings = [(COLOURS[rule], words) for rule, words in RULES.items()]
    meanings.append((surfaces.MUTED, "mean, 95 % t interval of 3 or more seeds (points); J: mean loss of a run"))
    return [Line2D([], [], color=colour, label=words, marker="o", linestyle="") for colour, words in meanings]
