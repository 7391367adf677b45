"""The rows of the ladder that an experiment has, against its tables."""

import json
from pathlib import Path

import pytest

from lawpipe.results import experiment, ladder
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.ladder import LADDER
from lawpipe.run.tables.summary import SUMMARY
from tests import toy


def test_an_experiment_has_one_row_per_seed_and_policy(tmp_path: Path) -> None:
    results = experiment.load(toy.write_experiment(tmp_path, "stories", toy.STORIES), (0, 1))
    rows = ladder.rows(results)
    assert [*rows.columns] == [*LADDER.columns]
    assert [*zip(rows["seed"], rows["policy"], strict=True)] == [
        (seed, policy) for seed in (0, 1) for policy in ("conventional", "near_optimal")
    ]
    assert set(rows["vocabulary"]) == {toy.STORIES.vocabulary}
    assert set(rows["operations"]) == {results.settings["data"]["perturbation"]["operations"]}
    assert set(rows["stories"]) == {json.loads((results.folder / "corpus.json").read_text())["fingerprint"]}
    assert (rows["evaluations"] == toy.STORIES.iterations).all()
    assert (rows["learning_rate"] == toy.STORIES.learning_rate).all()
    near = rows.set_index(["policy", "seed"]).loc["near_optimal", 1]
    tables = results.seed(1)
    assert near["objective_test"] == tables.summary["near_optimal"]["objective_test"]
    assert near["exponent"] == pytest.approx(tables.fits["near_optimal", "desired"]["exponent"])
    share = tables.shares["near_optimal", "redundant_dropped", "instantaneous", "desired"]
    assert near["redundant_dropped"] == pytest.approx(share)


def test_seeds_with_different_settings_are_refused(tmp_path: Path) -> None:
    results = experiment.load(toy.write_experiment(tmp_path, "stories", toy.STORIES), (0, 1))
    path = results.path(1, "summary")
    columns = artifacts.read(path, SUMMARY).to_pydict()
    settings = dict(results.settings)
    settings |= {"training": settings["training"] | {"steps": 7}, "seed": 1}
    artifacts.write(path, SUMMARY, columns, settings=settings, code="")
    with pytest.raises(InputError, match="seed 1 differs from seed 0 in training, expected the same settings"):
        ladder.rows(results)
