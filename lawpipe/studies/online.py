"""Study: weights without a search against tuned baselines, and the share of the oracle's gain that they reach."""

import textwrap
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.analysis.gain import Objectives
from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import layout, panels, style, surfaces
from lawpipe.policies.catalogue import POLICIES
from lawpipe.report.table import Table, markdown
from lawpipe.results import problem
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BASE, ORACLE, TUNED, by_policy, objectives, told
from lawpipe.results.numbers import UNBROKEN, interval, number, share_of
from lawpipe.results.problem import Settings
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES
from lawpipe.run.tables.studies import ONLINE

#: The rules of weighting that are compared: names of policies without the ending of their family, and their labels.
RULES = {
    name: POLICIES[name].formula
    for name in (*(name for name in POLICIES if f"{name}_tuned" in POLICIES), "near_optimal")
    if POLICIES[name].formula
}


@dataclass(frozen=True)
class Family:
    """Policies whose learning rates are chosen in the same way, which `words` describes, and whose names end alike.

    `base` is the policy of uniform weights, `oracle` that of uniform weights on the clean examples alone.
    """

    ending: str
    base: str
    oracle: str
    words: str

    def policy(self, rule: str) -> str:
        """Return the policy that follows a rule of weighting."""
        if (rule, self.ending) == ("near_optimal", "tuned"):
            return "near_optimal_at_tuned_rate"
        return f"{rule}_{self.ending}"

    @property
    def policies(self) -> tuple[str, ...]:
        """All policies of the family: uniform weights, the oracle, and one per rule."""
        return (self.base, self.oracle, *(self.policy(rule) for rule in RULES))

    def has_rules(self, policies: Container[str]) -> bool:
        """Return whether some policies have one to compare with uniform weights and the oracle."""
        return any(self.policy(rule) in policies for rule in RULES)


FAMILIES = (
    Family("tuned", TUNED, ORACLE, "at own best learning rates"),
    Family("matched", BASE, "clean_only_matched", "at uniform weights' step lengths"),
)

#: Height of a rule in a row of the figure, and of everything above and below the rows of a panel, in inches.
ROW, AROUND = 0.155, 1.4

TITLE = "How far do weights without a search get?"
ENTRY = Entry(
    "compare_online",
    TITLE,
    None,
    "J (mean loss over the run) on test of weights that are computed during the run and of searched ones: where "
    "examples are corrupted, the share of the oracle's gain (uniform weights on the clean examples alone), "
    "elsewhere the change of J against uniform weights. A share near 100 % means that the weights do as well as "
    "knowing which examples are corrupted; learning rates are chosen by J on desired.",
)
TABLE = ONLINE
NULLABLE = ("objective", "share", "told")
#: Columns of the page's table that the printed one leaves out.
PAGE_ONLY = ("experiment", "steps", "J on")


def rows(experiments: Sequence[Results], settings: Settings) -> pd.DataFrame:
    """Return the rows of the table `online`: one per experiment, reference set, policy and seed.

    Perceptrons come before language models, and experiments are ordered by their share of corrupted examples and
    their number of desired examples.

    Raises InputError if there is no experiment, one lacks the online policy, or two have the same name.
    """
    if not experiments:
        raise InputError("no experiment of this config has weights without a search: add online_tuned to one.")
    frames: dict[str, pd.DataFrame] = {}
    for results in experiments:
        if "online_tuned" not in results.policies:
            raise InputError(
                f"{results.folder} has no policy online_tuned: expected experiments like those of config/online.yaml."
            )
        if results.name in frames:
            raise InputError(
                f"{results.folder}: another folder is called {results.name} too, expected different names."
            )
        frames[results.name] = _of_experiment(results)
    frame = pd.concat(frames.values(), ignore_index=True)
    # A stable sort keeps the order of the rows of each experiment.
    frame["problem"] = pd.Categorical(frame["problem"], problem.PROBLEMS, ordered=True)
    order = ["problem", "text", "spoilt", "desired_examples", "experiment"]
    frame = frame.sort_values(order, kind="stable", ignore_index=True)
    return frame.assign(problem=frame["problem"].astype(str))


def _of_experiment(results: Results) -> pd.DataFrame:
    """Return the rows of one experiment."""
    settings = results.settings
    policies = [policy for family in FAMILIES for policy in family.policies]
    frames = []
    for against in REFERENCES:
        values = objectives(results, against).reindex(columns=policies)
        for family in FAMILIES:
            for policy in family.policies:
                of_seeds = values.loc[results.seeds_of(policy)]
                share = gain.of_gain(of_seeds[family.base], of_seeds[policy], of_seeds[family.oracle])
                lowest = told(results, policy) if against == "test" else pd.Series(dtype=np.float64)
                columns = {"objective": of_seeds[policy], "share": share, "told": lowest.reindex(of_seeds.index)}
                group = pd.DataFrame(columns).reset_index()
                frames.append(group.assign(policy=policy, against=against))
    return pd.concat([group for group in frames if len(group)]).assign(
        experiment=results.name,
        problem=problem.name(settings),
        spoilt=problem.corrupted_share(settings),
        desired_examples=int(settings["data"]["desired_examples"]),
        text=problem.variety(settings),
    )


def text(frame: pd.DataFrame) -> str:
    """Return the comparison on test as Markdown, one table per family that some experiment has."""
    parts = []
    for family in FAMILIES:
        shown = pd.DataFrame(_records(frame, family, "test")).drop(columns=list(PAGE_ONLY), errors="ignore")
        if len(shown):
            lines = markdown([*shown], shown.to_numpy().tolist()).replace(UNBROKEN, " ")
            parts.append(f"J on test (nats), {family.words}:\n\n{lines}")
    return "\n\n".join(parts)


def table(frame: pd.DataFrame) -> Table:
    """Return the comparison as a table with one row per experiment, family and reference set."""
    groups = product(FAMILIES, REFERENCES)
    records = [record for family, against in groups for record in _records(frame, family, against)]
    note = (
        "Under the rules: J in nats, in brackets J at those of the settings tried that are best on test, and the "
        "share of the oracle's gain or, without such a gain, the difference to uniform weights. Tuned: each policy "
        "at its own best learning rate; matched: at the step lengths of uniform weights. The numbers of each seed "
        "are in online.parquet beside this page, the figure alone in online.svg."
    )
    return replace(Table.from_records(ENTRY, records, labels=4), note=note)


def _records(frame: pd.DataFrame, family: Family, against: str) -> list[dict[str, str]]:
    """Return the cells by their header, one row per experiment that has policies of the family."""
    chosen = select(frame[frame["policy"].isin(family.policies)], against=against)
    records, shown = [], _rules(frame)
    for experiment, group in chosen.groupby("experiment", sort=False):
        if not family.has_rules(set(group["policy"])):
            continue
        values, first = by_policy(group, "objective"), group.iloc[0]
        best = by_policy(group, "told")
        name = str(first["problem"]).replace("_", " ")
        known = {"uniform": select(group, policy=family.base), "oracle": select(group, policy=family.oracle)}
        records.append(
            {
                "problem": f"{name}, {first['text']}" if first["text"] else name,
                **dict(zip(PAGE_ONLY, (str(experiment), family.ending, against), strict=True)),
                "corrupted": f"{100 * first['spoilt']:g}{UNBROKEN}%",
                "K": str(first["desired_examples"]),
                "seeds": str(group["seed"].nunique()),
                **{label: interval(mean_interval(seeds["objective"])) for label, seeds in known.items()},
                **{
                    label: _cell(values, best.get(family.policy(rule)), family, rule) for rule, label in shown.items()
                },
            }
        )
    return records


def _rules(frame: pd.DataFrame) -> dict[str, str]:
    """Return the rules that some experiment has, with their labels."""
    present = set(frame["policy"])
    return {
        rule: label for rule, label in RULES.items() if any(family.policy(rule) in present for family in FAMILIES)
    }


def _cell(values: Objectives, told: "pd.Series[float] | None", family: Family, rule: str) -> str:
    """Write J of a policy and its share of the oracle's gain or, without one, its difference to uniform weights.

    In brackets is J at the settings that are best on test.
    """
    policy = family.policy(rule)
    mean = number(mean_interval(values.get(policy, [])).mean)
    if told is not None and told.notna().any():
        mean += f"{UNBROKEN}({number(mean_interval(told).mean)})"
    share = gain.share(values, policy, family.base, family.oracle)
    more = gain.difference(values, policy, family.base)
    if share.n_reached:
        return f"{mean}; {share_of(share)}"
    if more.mean is None:
        return mean
    change = mean_interval(gain.ratios(values, policy, family.base) - 1)
    signs = ["+" if part.mean_or_nan > 0 else "" for part in (more, change)]
    return f"{mean}; {signs[0]}{interval(more)}{UNBROKEN}nats, {signs[1]}{share_of(change)}"


def figure(frame: pd.DataFrame) -> Figure:
    """Draw shares of the oracle's gain, or changes of J, on test: one row per experiment, one column per family."""
    test = select(frame, against="test")
    families = [family for family in FAMILIES if family.has_rules(set(test["policy"]))]
    # Experiments with corrupted examples, which have an oracle, and those without have different axes.
    blocks = [
        [group for _, group in block.groupby("experiment", sort=False)]
        for _, block in test.groupby([test["problem"], test["spoilt"] == 0], sort=False)
    ]
    rules = _rules(test)
    heights = [AROUND + ROW * len(rules) * len(groups) for groups in blocks]
    drawing = Figure(figsize=(layout.WIDTH, sum(heights)), layout="constrained")
    grid = drawing.subplots(len(blocks), len(families), squeeze=False, sharey="row", height_ratios=heights)
    for row, groups in zip(grid, blocks, strict=True):
        for axes, family in zip(row, families, strict=True):
            _draw(axes, groups, family, rules)
        panels.name_rows(row[0], [_label(group) for group in groups])
    note = "rows: experiments (K: desired examples); means, bars: 95 % t intervals of 3 or more seeds, dots: seeds"
    layout.surround(drawing, TITLE, note)
    return drawing


def _draw(axes: Axes, groups: Sequence[pd.DataFrame], family: Family, rules: dict[str, str]) -> None:
    """Draw the experiments of one problem in one panel; all of them have corrupted examples, or none has."""
    first = groups[0].iloc[0]
    shares = bool(first["spoilt"] > 0)
    title = f"{first['problem'].replace('_', ' ').capitalize()}, {family.words}"
    axes.set_title(textwrap.fill(title, 24))
    found = [by_policy(group, "objective") for group in groups]
    shares_of = [
        {rule: gain.share(values, family.policy(rule), family.base, family.oracle) for rule in rules}
        for values in found
    ]
    ends = panels.share_ends(share for by_rule in shares_of for share in by_rule.values())
    for row, (group, values) in enumerate(zip(groups, found, strict=True)):
        reason = _reason(values, family, shares)
        if reason:
            place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "center", "va": "center"}
            axes.text(0.5, row, textwrap.fill(reason, 24), color=surfaces.MUTED, **place)
            continue
        for index, (rule, label) in enumerate(rules.items()):
            policy, look = family.policy(rule), style.look(rule)._replace(line="")
            height = row + 0.76 * (index - (len(rules) - 1) / 2) / len(rules)
            if shares:
                points = 100 * group["share"][group["policy"] == policy].dropna()
                axes.plot(points, [height] * len(points), ".", color=look.colour, markersize=3, alpha=0.6)
                panels.draw_mean(axes, shares_of[row][rule].scaled(100), height, look, label, ends)
            else:
                changes = gain.ratios(values, policy, family.base) - 1
                panels.draw_with_seeds(axes, 100 * changes, height, look, label)
    if shares:
        panels.finish_shares(axes, "share of the oracle's\ngain in J on test (%)", ends)
    else:
        axes.axvline(0, **style.DOTTED)
        axes.set_xlabel("change of J on test\n(%; below 0 is better)")


def _reason(values: Objectives, family: Family, shares: bool) -> str:
    """Return why an experiment has no marks in a panel; empty if it has."""
    if not family.has_rules(values.columns):
        return "not run"
    if not shares or gain.is_positive(gain.difference(values, family.base, family.oracle)):
        return ""
    return "the oracle's gain is within its interval" if family.oracle in values else "the oracle was not run"


def _label(group: pd.DataFrame) -> str:
    """Return the label of an experiment: its corrupted and desired examples, its text and its number of seeds."""
    first = group.iloc[0]
    corruption = problem.corruption({"problem": first["problem"]})
    corrupted = f"{100 * first['spoilt']:g} % {corruption}" if first["spoilt"] else f"none {corruption}"
    source = f", {first['text']}" if first["text"] else ""
    data = f"{corrupted}, K{UNBROKEN}{first['desired_examples']}{source}"
    return f"{textwrap.fill(data, 18)}\n{first['experiment']} (n = {group['seed'].nunique()})"
