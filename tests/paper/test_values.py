import copy
import math
import re
from pathlib import Path

import pytest
import yaml

from lawpipe.config import resolve
from lawpipe.paper import claims
from lawpipe.paper import values as paper
from lawpipe.paper.table_2 import TABLE_2
from lawpipe.results.problem import LANGUAGE_MODEL
from lawpipe.run.tables.fits import FITS
from lawpipe.run.tables.summary import SUMMARY

ROOT = Path(__file__).resolve().parents[2]


def resolved() -> dict[str, dict[str, object]]:
    return resolve.resolve(yaml.safe_load((ROOT / "config/config.yaml").read_text())).experiments


def test_every_value_names_its_place_and_only_readings_are_marked_as_such() -> None:
    for value in paper.VALUES:
        for part in value.source.split(", "):
            assert re.fullmatch(r"(Fig|Table|Section) \d+", part)
        if value.digitised:
            assert value.source.startswith("Fig")
            assert value.text.startswith("about")


def test_the_claim_of_a_value_has_its_number_and_its_text() -> None:
    for value in paper.VALUES:
        if value.measure not in paper.KINDS:
            continue
        name = paper.KINDS[value.measure].claim.format(value.policy)
        (claim,) = (one for one in claims.CLAIMS if (one.name, *one.problems) == (name, value.problem))
        assert claim.rule == paper.KINDS[value.measure].near(value.low, value.high)
        assert (claim.rule.low, claim.rule.high) == (value.low, value.high)
        assert value.text in claim.paper
        assert claim.source == value.source
        assert claim.task == {}


def test_the_extrapolated_acceleration_is_a_lower_bound() -> None:
    (claim,) = (one for one in claims.CLAIMS if one.name == "acceleration_at_10m_steps")
    assert (claim.rule.low, claim.rule.high) == (paper.AT_10M_STEPS, math.inf)
    assert claim.paper == "more than 9 at 10M steps, extrapolated"
    assert (claim.source, claim.task) == ("Section 4", {})


def test_the_paper_prints_one_acceleration_in_figure_and_table() -> None:
    (row,) = (size for size in TABLE_2 if size.steps == paper.SETTINGS[LANGUAGE_MODEL]["training"]["steps"])
    assert row.acceleration == paper.BY_MEASURE[LANGUAGE_MODEL, "acceleration", "near_optimal"].low
    assert row.task.items() <= dict(paper.leaves(paper.SETTINGS[LANGUAGE_MODEL])).items()


def test_numbers_agree_with_their_text() -> None:
    for value in paper.VALUES:
        for bound in (value.low, value.high):
            if bound not in (0.9, math.inf) and not math.isnan(bound):  # "more than 90 %"
                numbers = [float(n) for n in re.findall(r"\d+(?:\.\d+)?(?:e\d+)?", value.text)]
                assert bound in numbers


def test_measures_are_quantities_that_the_pipeline_has() -> None:
    columns = {name.removesuffix("_desired") for name in SUMMARY.columns}
    known = (
        columns
        | set(FITS.columns)
        | set(paper.ASYMPTOTE)
        | {"noncontributive_excluded", "redundant_dropped", "learned_ignored"}
    )
    assert {value.measure for value in paper.VALUES if value.measure} <= known


@pytest.mark.parametrize(
    ("source", "text", "digitised"),
    [("Fig 4", "about 6.5 to 7", True), ("Fig 5", "5.50", False), ("Fig 9", "more than 90 %", False)],
)
def test_the_perceptrons_headline_values(source: str, text: str, digitised: bool) -> None:
    last = paper.values("perceptron", source)[-1]
    assert (last.text, last.digitised) == (text, digitised)


def test_a_value_in_two_figures_is_found_under_both() -> None:
    assert "2.41" in {value.text for value in paper.values("language_model", "Fig 2")}
    assert "2.41" in {value.text for value in paper.values("language_model", "Fig 5")}


def test_the_default_perceptron_is_the_papers_task_and_the_noisy_one_differs_in_its_labels_alone() -> None:
    experiments = resolved()
    assert paper.differences(experiments["perceptron"]) == ()
    assert paper.differences(experiments["perceptron_noisy"]) == (("data.flip_fraction", 0.1, 0.0),)


def test_the_search_counts_only_when_asked_for() -> None:
    experiments = resolved()
    keys = {key for key, _, _ in paper.differences(experiments["perceptron"], search=True)}
    assert keys == {"search.method", "search.iterations", "search.rate"}
    assert paper.differences(experiments["perceptron_paper"], search=True) == ()


def test_nested_settings_of_a_language_model_are_compared_one_by_one() -> None:
    same = copy.deepcopy(paper.SETTINGS[LANGUAGE_MODEL])
    same["data"]["corpus"] = {"source": "hub", "repository": "roneneldan/TinyStories", "path": None}
    assert paper.differences({"problem": "language_model", **same}, search=True) == ()
    same["data"]["corpus"]["source"] = "grammar"
    same["data"]["perturbation"]["operations"] = 3
    same["model"]["hidden"] = 32
    differences = paper.differences({"problem": "language_model", **same})
    assert [(paper.words(key), here, theirs) for key, here, theirs in differences] == [
        ("corpus source", "grammar", "TinyStories"),
        ("perturbation operations", 3, 20),
        ("hidden", 32, 128),
    ]
    assert paper.SETTINGS[LANGUAGE_MODEL]["data"]["perturbation"]["operations"] == 20


def test_only_the_language_models_compression_ratios_are_in_mixed_units() -> None:
    mixed = [value for value in paper.VALUES if value.mixed_units]
    assert [(value.problem, value.low) for value in mixed] == [("language_model", 2.92), ("language_model", 3.24)]
    assert all("log2 |V|" in value.quantity for value in mixed)


def test_a_problem_without_known_settings_has_no_differences() -> None:
    assert paper.differences({"problem": "another", "data": {"dimension": 3}}) == ()
