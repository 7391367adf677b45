import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from lawpipe.analysis.intervals import mean_interval
from lawpipe.config.resolve import resolve
from lawpipe.paper import claims, judgement, measures
from lawpipe.paper import values as paper
from lawpipe.paper.rules import VERDICTS, Beyond
from lawpipe.results.problem import LANGUAGE_MODEL, PROBLEMS
from lawpipe.run import artifacts
from lawpipe.run.tables.claims import CLAIMS
from lawpipe.run.tables.summary import SUMMARY
from tests import toy
from tests.toy import STORIES, Toy

STATIONARY = "near_optimal_is_stationary"
NOISY = Toy(seeds=(0, 1, 2), flip_fraction=0.25)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claims")
    for name, size in (("perceptron", Toy()), ("noisy", NOISY), ("stories", STORIES)):
        toy.write_experiment(folder, name, size)
    return folder


def settings(name: str, size: Toy) -> dict:
    return toy.settings(name, size) | {"seeds": list(size.seeds)}


@pytest.fixture(scope="module")
def rows(root: Path) -> list[dict]:
    sizes = {"perceptron": Toy(), "noisy": NOISY, "stories": STORIES}
    return judgement.judge(root, {name: settings(name, size) for name, size in sizes.items()})


def row(rows: list[dict], claim: str, experiment: str) -> dict:
    (only,) = [record for record in rows if (record["claim"], record["experiment"]) == (claim, experiment)]
    return only


def test_every_claim_has_a_row_and_no_row_is_there_twice(rows: list[dict]) -> None:
    pairs = [(record["claim"], record["experiment"]) for record in rows]
    assert len(pairs) == len(set(pairs))
    names = {claim.name for claim in (*claims.CLAIMS, *claims.CLAIMS_OF_SIZES)}
    assert {name for name, _ in pairs} == names
    for record in rows:
        assert set(record) == set(CLAIMS.columns)
        assert record["verdict"] in VERDICTS
        assert record["reason"]
        assert re.fullmatch(r"(Fig|Table|Section) \d+(, (Fig|Table|Section) \d+)*", record["source"])


def test_a_new_claim_is_one_row(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gap = measures.of("near_optimal", "gap")
    rule = Beyond(0, missing=claims.NO_CONTROL)
    added = [
        claims.Claim("gap_is_positive", PROBLEMS, "Section 2", "a gap of 0 was not reached", gap, rule),
        claims.Claim("another", PROBLEMS, "Section 2", "...", measures.of("no_such_policy", "gap"), rule),
    ]
    monkeypatch.setattr(claims, "CLAIMS", (*claims.CLAIMS, *added))
    judged = judgement.judge(root, {"noisy": settings("noisy", NOISY)})
    new = row(judged, "gap_is_positive", "noisy")
    assert (new["verdict"], new["paper"], new["n"]) == ("reproduced", "a gap of 0 was not reached", 3)
    assert (new["group"], new["asked_by"]) == ("own", "paper")
    assert row(judged, "another", "noisy")["verdict"] == "not_tested"


def test_every_row_has_its_group_and_who_asks(rows: list[dict]) -> None:
    assert [group for group in claims.GROUPS if group in {record["group"] for record in rows}] == [
        *("gain", "law", "zero_weights", "scaling", "controls")
    ]
    for record in rows:
        assert record["asked_by"] == ("audit" if "not reported" in record["paper"] else "paper") or (
            record["claim"] == "near_optimal_is_stationary"
        )
        assert record["group"] != "controls" or record["asked_by"] == "audit"


def test_a_tested_row_with_an_interval_has_a_p_value_and_its_correction(rows: list[dict]) -> None:
    tested = [record for record in rows if record["p"] is not None]
    assert tested
    for record in rows:
        possible = record["verdict"] != "not_tested" and record["low"] is not None and record["low"] < record["high"]
        assert (record["p"] is not None) == (record["holm"] is not None) == possible
    assert [record["holm"] for record in tested] == judgement.holm([record["p"] for record in tested])


def test_holms_correction_by_hand() -> None:
    assert judgement.holm([]) == []
    assert judgement.holm([0.03]) == [0.03]
    # 4 x 0.005, 3 x 0.01; 2 x 0.03 and, not below it, 1 x 0.04.
    assert judgement.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert judgement.holm([0.6, 0.7]) == [1.0, 1.0]


def test_an_error_in_a_claim_names_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = claims.Claim("broken", PROBLEMS, "Fig 1", "...", lambda seed: 1 / 0, Beyond(1))
    monkeypatch.setattr(claims, "CLAIMS", (claim,))
    with pytest.raises(ZeroDivisionError) as caught:
        judgement.judge(root, {"perceptron": settings("perceptron", Toy())})
    assert "broken" in caught.value.__notes__[0]


def test_names_are_one_to_one_within_a_problem() -> None:
    for problem in PROBLEMS:
        names = [claim.name for claim in claims.CLAIMS if problem in claim.problems]
        assert len(names) == len(set(names))


def test_ours_is_the_mean_over_the_seeds_with_its_interval(root: Path, rows: list[dict]) -> None:
    summaries = [
        {
            record["policy"]: record
            for record in artifacts.read(root / f"noisy/seed{seed}/summary.parquet", SUMMARY).to_pylist()
        }
        for seed in NOISY.seeds
    ]
    values = [
        policies["near_optimal"]["compression_ratio_desired"] / policies["conventional"]["compression_ratio_desired"]
        for policies in summaries
    ]
    expected = mean_interval(values, logarithmic=True)
    result = row(rows, "compression_rises", "noisy")
    assert (result["ours"], result["low"], result["high"]) == pytest.approx(
        (expected.mean, expected.low, expected.high)
    )
    assert result["n"] == 3
    assert result["verdict"] == "reproduced"


def test_a_value_is_judged_at_the_published_task_alone_and_says_what_differs(rows: list[dict]) -> None:
    result = row(rows, "acceleration_value", "perceptron")
    assert result["verdict"] == "not_tested"
    assert "steps 30" in result["reason"]
    assert "train examples 32" in result["reason"]
    assert result["ours"] is not None
    assert not [row for row in rows if (row["claim"], row["experiment"]) == ("acceleration_value", "noisy")]


def test_a_statement_at_another_size_is_judged_and_its_reason_says_so(rows: list[dict]) -> None:
    result = row(rows, "compression_rises", "stories")
    assert result["verdict"] != "not_tested"
    assert "task or size is another" in result["reason"]


def papers_stories(**size: int) -> dict:
    """The complete settings of the paper's own Transformer, at one of its sizes."""
    complete = settings("stories", STORIES)
    for section, keys in paper.SETTINGS[LANGUAGE_MODEL].items():
        complete[section] = complete.get(section, {}) | keys
    complete["data"]["corpus"] = {"source": "hub", "repository": "roneneldan/TinyStories"}
    complete["training"] = complete["training"] | {"steps": size["steps"]}
    complete["data"] = complete["data"] | {"train_examples": size["examples"]}
    complete["data"]["tokenizer"] = {"kind": "mistral", "vocabulary": size["vocabulary"]}
    return complete


def test_the_rows_of_table_2_are_tested_at_their_own_size(root: Path) -> None:
    chosen = papers_stories(steps=1000, examples=4096, vocabulary=4000)
    by_claim = {record["claim"]: record for record in judgement.judge(root, {"stories": chosen})}
    assert by_claim["table_2_acceleration_1k"]["verdict"] != "not_tested"
    assert by_claim["table_2_acceleration_4k"]["verdict"] == "not_tested"
    assert "steps 1000" in by_claim["table_2_acceleration_4k"]["reason"]
    assert by_claim["acceleration_value"]["verdict"] == "not_tested"
    chosen = papers_stories(steps=4000, examples=16384, vocabulary=5000)
    by_claim = {record["claim"]: record for record in judgement.judge(root, {"stories": chosen})}
    assert by_claim["table_2_acceleration_1k"]["verdict"] == "not_tested"
    assert by_claim["table_2_acceleration_4k"]["verdict"] != "not_tested"
    assert by_claim["acceleration_value"]["verdict"] != "not_tested"


def test_several_sizes_are_compared_seed_by_seed(root: Path, tmp_path: Path) -> None:
    larger = Toy(**(vars(STORIES) | {"steps": 60, "examples": 64}))
    toy.write_experiment(tmp_path, "larger", larger)
    (tmp_path / "stories").symlink_to(root / "stories")
    sizes = {"larger": settings("larger", larger), "stories": settings("stories", STORIES)}
    result = row(judgement.judge(tmp_path, sizes), "table_2_acceleration_grows", "larger")
    ratios = []
    for seed in STORIES.seeds:
        values = [
            artifacts.read(tmp_path / f"{name}/seed{seed}/summary.parquet", SUMMARY).to_pylist()
            for name in ("stories", "larger")
        ]
        first, last = (
            next(record["acceleration_desired"] for record in rows if record["policy"] == "near_optimal")
            for rows in values
        )
        ratios.append(last / first)
    assert result["ours"] == pytest.approx(math.sqrt(ratios[0] * ratios[1]))
    assert result["n"] == 2
    assert result["verdict"] != "not_tested"


def test_one_size_leaves_table_2_untested(rows: list[dict]) -> None:
    for claim in claims.CLAIMS_OF_SIZES:
        result = row(rows, claim.name, "stories")
        assert (result["verdict"], result["ours"], result["n"]) == ("not_tested", None, 0)
        assert "grid" in result["reason"]


def test_controls_are_compared_in_the_seeds_that_have_them(root: Path, tmp_path: Path, rows: list[dict]) -> None:
    result = row(rows, "beats_tuned_uniform", "perceptron")
    assert (result["verdict"], result["n"]) == ("not_tested", 0)
    assert "does not have these policies" in result["reason"]
    folder = toy.write_experiment(tmp_path, "noisy", NOISY)
    ratios = []
    for seed in NOISY.seeds[:2]:
        path = folder / f"seed{seed}/summary.parquet"
        stored = artifacts.read(path, SUMMARY).to_pylist()
        near = next(record for record in stored if record["policy"] == "near_optimal")
        stored.append(near | {"policy": "conventional_tuned", "objective_desired": 2.0 * (1 + seed)})
        ratios.append(near["objective_desired"] / (2.0 * (1 + seed)))
        columns = {name: [record[name] for record in stored] for name in stored[0]}
        artifacts.write(path, SUMMARY, columns, settings={}, code="")
    result = row(judgement.judge(tmp_path, {"noisy": settings("noisy", NOISY)}), "beats_tuned_uniform", "noisy")
    assert result["n"] == 2
    assert result["ours"] == pytest.approx(math.sqrt(ratios[0] * ratios[1]))
    assert "seeds have a value" not in result["reason"]


def test_claims_on_noise_need_noise(rows: list[dict]) -> None:
    assert {record["experiment"] for record in rows if record["claim"] == "spoilt_left_out"} == {"noisy", "stories"}


class Fake:
    """The look-ups of a seed, from given numbers."""

    def __init__(self, **tables: object) -> None:
        self.__dict__.update(tables)


def test_the_gain_that_carries_over_by_hand() -> None:
    summary = {
        "conventional": {"objective_desired": 0.5, "objective_test": 0.6},
        "near_optimal": {"objective_desired": 0.3, "objective_test": 0.55},
    }
    assert measures.gain_unseen(Fake(summary=summary)) == pytest.approx(0.05 / 0.2)
    summary["near_optimal"]["objective_desired"] = 0.5
    assert math.isnan(measures.gain_unseen(Fake(summary=summary)))


def test_similarities_are_compared_at_equal_losses_not_at_equal_steps() -> None:
    losses = {"near_optimal": np.array([1.0, 0.5, 0.25, 0.125]), "conventional": np.array([1.0, 0.8, 0.5, 0.25])}
    # As functions of ln L: near-optimal rises from 1 by 1 a halving; conventional is constant.
    measured = {
        ("near_optimal", "desired", "instantaneous"): [{"step": t, "similarity": 1.0 + t} for t in range(4)],
        ("conventional", "desired", "instantaneous"): [{"step": t, "similarity": 2.0} for t in range(4)],
    }
    seed = Fake(measured=measured, losses=lambda against: losses)
    # Common losses 0.25 .. 1; above 2 from 0.5 down: the lower half of the logarithmic range.
    assert measures.higher_throughout("desired")(seed) == pytest.approx(0.5, abs=0.02)
    measured["conventional", "desired", "instantaneous"] = [{"step": 0, "similarity": None}]
    assert math.isnan(measures.higher_throughout("desired")(seed))


def test_the_relative_error_of_the_speed_by_hand() -> None:
    rows = [
        {"mean": 1.0, "global_speed": 1.0},
        {"mean": 1.1, "global_speed": 1.0},
        {"mean": 3.0, "global_speed": 1.0},
        {"mean": None, "global_speed": 1.0},
        {"mean": 1.0, "global_speed": 0.0},
    ]
    seed = Fake(measured={("near_optimal", "desired", "instantaneous"): rows})
    assert measures.speed_error(seed) == pytest.approx(0.1)


def test_the_extrapolated_acceleration_by_hand() -> None:
    fits = {
        ("conventional", "desired"): {"scale": 100.0, "exponent": 0.5},
        ("near_optimal", "desired"): {"scale": 10.0, "exponent": 1.0},
    }
    seed = Fake(fits=fits, settings={"training": {"steps": 10_000}})
    # (100 / T)^0.5 = 10 / t: t = sqrt(T), so AR = T / t = sqrt(T).
    assert measures.acceleration_at(10_000)(seed) == pytest.approx(100.0)
    assert measures.growth(seed) == pytest.approx(math.sqrt(1e7) / 100)
    fits["near_optimal", "desired"] = {"scale": None, "exponent": None}
    assert math.isnan(measures.acceleration_at(10_000)(seed))
    assert math.isnan(measures.growth(seed))


def test_the_dropped_share_of_planted_groups_is_relative_to_a_control() -> None:
    claim = next(claim for claim in claims.CLAIMS if claim.name == "dependent_dropped_more_than_others")
    shares: dict = {("near_optimal", "combinations_one_dropped", None, None): 0.75}
    assert math.isnan(claim.measure(Fake(shares=shares)))
    shares["near_optimal", "combinations_one_dropped_control", None, None] = 0.5
    assert claim.measure(Fake(shares=shares)) == pytest.approx(0.25)


def test_rank_correlation_needs_four_policies_that_differ() -> None:
    names = ["conventional", "search_0001", "search_0002", "near_optimal"]
    summary = {
        name: {"compression_ratio_desired": 1.0 + i, "similarity_desired": 1.0 / (1 + i)}
        for i, name in enumerate(names)
    }
    seed = Fake(summary=summary, along_search=names)
    measure = measures.rank_correlation("compression_ratio_desired", "similarity_desired")
    assert measure(seed) == pytest.approx(-1.0)
    summary["search_0001"]["similarity_desired"] = None
    assert math.isnan(measure(seed))


def test_the_default_config_expects_verdicts_of_claims_and_experiments_that_there_are() -> None:
    folder = Path(__file__).resolve().parents[2]
    config = resolve(yaml.safe_load((folder / "config/config.yaml").read_text()))
    names = {claim.name for claim in (*claims.CLAIMS, *claims.CLAIMS_OF_SIZES)}
    assert set(config.claims) <= set(config.in_all)
    for verdicts in config.claims.values():
        assert set(verdicts) <= names


def test_a_gap_that_certifies_nothing_is_said_with_its_reason(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "perceptron", tmp_path / "perceptron")
    before = row(judgement.judge(root, {"perceptron": settings("perceptron", Toy())}), STATIONARY, "perceptron")
    path = tmp_path / "perceptron/seed0/summary.parquet"
    stored = artifacts.read(path, SUMMARY).to_pylist()
    for one in stored:
        one["replay_float64"] = 0.5
    columns = {name: [one[name] for one in stored] for name in SUMMARY.columns}
    artifacts.write(path, SUMMARY, columns, settings={}, code="")
    after = row(judgement.judge(tmp_path, {"perceptron": settings("perceptron", Toy())}), STATIONARY, "perceptron")
    assert after["verdict"] == before["verdict"]
    assert after["ours"] == before["ours"]
    assert after["reason"].startswith("unstable in 1 of 2 seeds: training again in float64 changes J by 50.0")
