import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lawpipe.analysis import policy_tables, redundancy
from lawpipe.paper.values import MIXED_UNITS
from lawpipe.report import comparison
from lawpipe.report.tables import quantities as tables
from lawpipe.results import catalogue
from lawpipe.results.catalogue import TABLES
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval, number, percent
from tests import toy
from tests.report.conftest import SIZES


@pytest.mark.parametrize(
    ("case", "name"),
    [
        (case, entry.name)
        for case, experiment in (("plain", "perceptron"), ("noisy", "noisy"), ("stories", "stories"))
        for entry in catalogue.tables(toy.settings(experiment, SIZES[experiment]))
    ],
)
def test_every_table_has_a_cell_for_every_column(name: str, case: str, request: pytest.FixtureRequest) -> None:
    table = tables.TABLES[name](request.getfixturevalue(case))
    assert table.entry.name == name
    assert table.rows
    for row in table.rows:
        assert len(row.cells) == len(table.header)
        assert all(isinstance(cell, str) and "nan" not in cell.lower() for cell in row.cells)


def test_the_catalogue_and_the_functions_are_the_same_list() -> None:
    assert list(tables.TABLES) == [entry.name for entry in TABLES]


def test_the_headline_has_mean_seeds_and_paper(plain: Results) -> None:
    rows = tables.headline(plain).rows
    assert [row.cells[1] for row in rows[:4]] == ["mean of\N{NO-BREAK SPACE}2", "0", "1", "paper"]
    near = [row for row in rows if row.cells[0] == "near-optimal"]
    columns = ["objective", "compression_ratio", "acceleration"]
    names = [f"{name}_{against}" for against in ("desired", "test") for name in columns]
    assert near[0].cells[2:6] == tuple(interval(plain.quantity("near_optimal", name)) for name in names[:4])
    seed = plain.summary[(plain.summary["policy"] == "near_optimal") & (plain.summary["seed"] == 1)].iloc[0]
    assert near[2].cells[2:6] == tuple(number(seed[name]) for name in names[:4])
    assert near[3].cells[2:] == ("-", "about 6.5 to 7 (Fig 4, read off)", "5.50 (Fig 5)", "-", "-", "-")
    assert near[3].kind == "paper"


def test_an_acceleration_that_was_never_reached_is_never_and_a_missing_fit_is_not(noisy: Results) -> None:
    near = [row for row in tables.headline(noisy).rows if row.cells[0] == "near-optimal"]
    assert [row.cells[4] for row in near] == ["never", "never", "never", "never", "5.50 (Fig 5)"]
    summary = {row.cells[:2]: row.cells[-1] for row in tables.summary(noisy).rows}
    assert summary[tables.QUANTITIES["acceleration"], "test"] == "never"
    assert summary[tables.QUANTITIES["acceleration_fit"], "test"] == "-"
    assert summary[tables.QUANTITIES["similarity"], "desired"] == "-"


def test_the_summary_has_every_column_of_the_artifact(plain: Results) -> None:
    table = tables.summary(plain)
    assert len(table.rows) == len(plain.summary.columns) - 2  # policy and seed
    row = next(row for row in table.rows if row.cells[0] == tables.QUANTITIES["gap"])
    assert row.cells[2:] == tuple(interval(plain.quantity(policy, "gap")) for policy in plain.chosen)


def test_the_search_shows_the_best_row(plain: Results) -> None:
    row = dict(zip(tables.search(plain).header, tables.search(plain).rows[1].cells, strict=True))
    log = plain.search[plain.search["seed"] == 1]
    best = log.loc[log["objective"].idxmin()]
    assert row["seed"] == "1"
    assert row["J, best"] == number(best["objective"], 4)
    assert row["best / start"] == percent(best["objective"] / log["objective"].iloc[0])
    assert row["gap, best"] == number(best["gap"])
    assert row["J, feedback"] == row["J, replayed"] == "-"


def test_the_search_shows_the_last_run_with_feedback_and_its_replay(plain: Results) -> None:
    log = plain.search.assign(feedback_objective=np.nan, replay_objective=np.nan)
    for iteration, (feedback, replayed) in {1: (0.5, 0.6), 2: (0.25, 0.375)}.items():
        log.loc[log["iteration"] == iteration, ["feedback_objective", "replay_objective"]] = feedback, replayed
    table = tables.search(SimpleNamespace(search=log, summary=plain.summary))
    for row in table.rows:
        shown = dict(zip(table.header, row.cells, strict=True))
        assert (shown["J, feedback"], shown["J, replayed"]) == ("0.2500", "0.3750")


def test_shares_are_means_over_the_seeds_with_all_their_pairs(plain: Results) -> None:
    rows = [row.cells for row in tables.zero_weights(plain).rows]
    shown = next(r for r in rows if r[1:4] == ("instantaneous", "desired", "near-optimal") and "<= 0" in r[0])
    stored = plain.zero_weights
    stored = stored[(stored["property"] == "noncontributive_excluded") & (stored["policy"] == "near_optimal")]
    stored = stored[(stored["kind"] == "instantaneous") & (stored["against"] == "desired")]
    assert shown[4].startswith(percent(stored["value"].mean()))
    assert shown[5] == f"{stored['count'].sum():,}"


def test_planted_groups_are_shown_beside_unrelated_examples_where_there_are_any(plain: Results) -> None:
    assert not {row.cells[0] for row in tables.zero_weights(plain).rows} & set(tables.PLANTED.values())
    planted = pd.DataFrame(
        {
            "policy": "near_optimal",
            "property": ["copies_one_dropped", "copies_one_dropped_control", "copies_one_dropped"],
            "kind": None,
            "against": None,
            "value": [0.25, 0.125, 0.75],
            "count": [8, 16, 4],
            "seed": [0, 0, 1],
        }
    )
    with_groups = replace(plain)
    with_groups.__dict__["zero_weights"] = pd.concat([plain.zero_weights, planted], ignore_index=True)
    rows = {row.cells[:4]: row.cells[4:] for row in tables.zero_weights(with_groups).rows}
    words = tables.PLANTED["copies_one_dropped"]
    assert rows[words, "", "", "near-optimal"] == (
        comparison.share(with_groups, comparison.pairs(with_groups, "near_optimal", "copies_one_dropped", "")),
        "12",
    )
    assert rows[words, "", "", "near-optimal"][0].startswith(percent(0.5))
    unrelated = rows[tables.PLANTED["copies_one_dropped_control"], "", "", "near-optimal"]
    assert unrelated == (f"{percent(0.125)} (1 of 2 seeds)", "16")
    assert tables.PLANTED["combinations_one_dropped"] not in {cells[0] for cells in rows}


def test_every_planted_property_that_is_measured_has_words() -> None:
    groups = {redundancy.COPIES: [(0, 1)], redundancy.COMBINATIONS: [(2, 3, 4)]}
    weights = np.full((3, 12), 1 / 12)
    measures = {("desired", "adjoint"): weights}
    curves = {"desired": np.linspace(2, 1, 4)}
    measured = policy_tables.zero_weight_rows(
        weights, measures, weights, np.arange(3, dtype=np.int32), curves, groups
    )
    assert set(measured["property"]) - {*tables.PROPERTIES} == set(tables.PLANTED)


def test_a_share_of_no_pairs_is_written_in_words(noisy: Results) -> None:
    rows = comparison.pairs(noisy, "conventional", "learned_ignored", "desired")
    assert comparison.share(noisy, rows) == "no such pair"


def test_comparisons_stand_beside_the_papers_values(plain: Results) -> None:
    compared = comparison.comparisons(plain, "Fig 4")
    assert [published.policy for published, _, _ in compared] == ["conventional", "near_optimal"]
    assert compared[1][1] == interval(plain.quantity("near_optimal", "compression_ratio_desired"))
    assert compared[1][2] == interval(plain.quantity("near_optimal", "compression_ratio_test"))
    assert comparison.comparisons(plain, "Fig 6")[0][1] == "see the figure"
    assert comparison.comparisons(plain, None) == []
    assert len(comparison.comparisons(plain, "Fig 8, Fig 9, Fig 10")) == 3


def test_a_ratio_in_the_papers_mixed_units_is_labelled(stories: Results) -> None:
    ratio = stories.quantity("near_optimal", "compression_ratio_desired")
    mixed = interval(ratio.scaled(MIXED_UNITS))
    assert float(mixed.split()[0]) == pytest.approx(ratio.mean / math.log(2), rel=1e-2)
    published, desired, _ = comparison.comparisons(stories, "Fig 4")[1]
    assert "log2 |V| over a loss in nats" in published.quantity
    assert desired == f"{mixed}; in one unit {interval(ratio)}"
    paper_row = next(row for row in tables.headline(stories).rows if row.kind == "paper")
    assert paper_row.cells[3] == "about 2.92 (log2|V| over nats; Fig 4, read off)"


def test_a_language_model_has_no_perfectly_learned_examples(plain: Results, stories: Results) -> None:
    learned = tables.PROPERTIES["learned_ignored"]
    assert learned in {row.cells[0] for row in tables.zero_weights(plain).rows}
    assert learned not in {row.cells[0] for row in tables.zero_weights(stories).rows}
