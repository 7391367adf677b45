"""The stages from data to measurements, called as the workflow calls them, on a toy experiment."""

import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from lawpipe.run import artifacts, stage
from lawpipe.run.tables.measurements import COLLECTED, CONTRIBUTIONS, ZERO_WEIGHTS
from lawpipe.run.tables.policies import POLICY
from scripts import generate_data, initialise, make_policy, search, train
from tests.small_problems import DATA
from tests.tables import TABLES

SETTINGS = {
    "experiment": "toy",
    "seed": 0,
    "problem": "perceptron",
    "device": "cpu",
    "data": DATA,
    "training": {"steps": 12, "learning_rate": 0.3, "precision": "float32"},
    "search": {
        "method": "mirror_descent",
        "iterations": 5,
        "rate": None,
        "decay": "constant",
        "gap_tolerance": 0.0,
        "snapshots": [1, 3],
    },
    "analysis": {"measured_steps": 4},
}


def call(main, settings=SETTINGS, **options):
    """Call a stage with `--settings` and one option for each keyword."""
    arguments = ["--settings", json.dumps(settings)]
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}", *(map(str, value) if isinstance(value, list) else [str(value)])]
    main(arguments)


def prepare(folder, settings=SETTINGS):
    """Make data, initial parameters and a search; return the input options of a training stage."""
    inputs = {name: folder / f"{name}.parquet" for name in ("train", "desired", "test")}
    call(generate_data.main, settings, **inputs)
    call(initialise.main, settings, train=inputs["train"], theta0=folder / "theta0.parquet")
    return inputs | {"theta0": folder / "theta0.parquet"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A seed's folder with all files up to the measurements."""
    folder = tmp_path_factory.mktemp("toy")
    inputs = prepare(folder)
    call(
        make_policy.main,
        SETTINGS | {"policy": "conventional"},
        **inputs,
        output=folder / "policies/conventional.parquet",
    )
    call(
        search.main,
        **inputs,
        search=folder / "search.parquet",
        policies=folder / "policies",
        state=folder / ".side",
        cost=folder / "cost/search.json",
    )
    policies = [folder / f"policies/{name}.parquet" for name in ("near_optimal", "search_0001", "search_0003")]
    call(
        train.main,
        **inputs,
        policies=policies,
        **{name: folder / f"{name}.parquet" for name in COLLECTED},
        contributions=folder / "contributions/near_optimal.parquet",
    )
    return folder


def frame(path, table):
    return artifacts.read(path, TABLES[table]).to_pandas()


def test_the_search_logs_every_iteration_and_keeps_its_policies(folder):
    log = frame(folder / "search.parquet", "search")
    assert log["iteration"].tolist() == list(range(6))
    assert np.isnan(log["step_size"][0])
    assert log["accepted"].all()
    assert log["objective"].is_monotonic_decreasing
    assert sorted(path.stem for path in (folder / "policies").iterdir()) == [
        "conventional",
        "near_optimal",
        "search_0001",
        "search_0003",
    ]
    assert not (folder / ".side").exists()
    cost = json.loads((folder / "cost/search.json").read_text())
    assert cost["stopped"] == "all 5 iterations are done"
    policies = ("near_optimal", "search_0001", "search_0003")
    assert cost["files"] == [*(f"policies/{name}.parquet" for name in policies), "search.parquet"]


def test_curves_agree_with_the_search(folder):
    curves = frame(folder / "curves.parquet", "curves")
    log = frame(folder / "search.parquet", "search")
    assert len(curves) == 3 * 13
    objectives = curves[curves["step"] > 0].groupby("policy")[["desired_loss", "test_loss"]].mean()
    for policy, iteration in (("search_0001", 1), ("search_0003", 3), ("near_optimal", 5)):
        assert objectives["desired_loss"][policy] == pytest.approx(log["objective"][iteration], rel=1e-6)
        assert objectives["test_loss"][policy] == pytest.approx(log["test_objective"][iteration], rel=1e-6)
    assert curves["train_loss"].isna().tolist() == ([False] * 12 + [True]) * 3


def test_measurements_agree_with_the_search(folder):
    log = frame(folder / "search.parquet", "search")
    measures = frame(folder / "measures.parquet", "measures").set_index("policy")
    assert measures["gap"]["near_optimal"] == pytest.approx(log["gap"][5], rel=1e-4)
    assert measures["effective_examples"]["search_0003"] == pytest.approx(log["effective_examples"][3], rel=1e-5)
    assert 0 <= measures["weight_on_perturbed"]["near_optimal"] < 4 / 37


def test_the_search_logs_what_each_gradient_promised(folder):
    log = frame(folder / "search.parquet", "search")
    assert log["predicted"].isna().tolist() == [True] + [not accepted for accepted in log["accepted"][1:]]
    # A step of mirror descent goes down its gradient, and by no more than the gap.
    steps = log["predicted"].notna()
    assert (log["predicted"][steps] < 0).all()
    assert (-log["predicted"][steps] <= log["gap"].shift()[steps] * (1 + 1e-5)).all()


def test_the_stability_of_every_policy(folder):
    rows, measures = (frame(folder / f"{name}.parquet", name) for name in ("stability", "measures"))
    measures = measures.set_index("policy")
    assert rows["step"].tolist() == [0, 1, 2, 3, 4, 6, 8, 11] * 3
    largest = rows.groupby("policy")[["sharpness", "adjoint_growth"]].max()
    for policy, row in measures.iterrows():
        assert row["sharpness_max"] == largest["sharpness"][policy] > 0
        assert row["adjoint_growth_max"] == largest["adjoint_growth"][policy] >= 1 - 1e-6
    assert rows[rows["step"] == 11]["adjoint_growth"].tolist() == pytest.approx([1.0] * 3)
    assert (
        measures["replay_moved"].notna().tolist()
        == measures["replay_float64"].notna().tolist()
        == [True, False, False]
    )
    assert measures.loc["near_optimal", ["replay_moved", "replay_float64"]].abs().max() < 1e-5


def test_similarity_and_contributions_agree(folder):
    similarity = frame(folder / "similarity.parquet", "similarity")
    assert len(similarity) == 3 * 4 * 2 * 2
    table = artifacts.read(folder / "contributions/near_optimal.parquet", CONTRIBUTIONS)
    contribution = artifacts.matrix(table, "contribution")
    policy = artifacts.read(folder / "policies/near_optimal.parquet", POLICY)
    weights = artifacts.matrix(policy, "weights")
    rows = similarity[similarity["policy"] == "near_optimal"].reset_index(drop=True)
    for index, key in enumerate(
        zip(*(table.column(name).to_pylist() for name in ("step", "against", "kind")), strict=True)
    ):
        assert tuple(rows.loc[index, ["step", "against", "kind"]]) == key
        assert rows["mean"][index] == pytest.approx(float(weights[key[0]] @ contribution[index]), rel=1e-4, abs=1e-9)
        assert rows["active"][index] == (weights[key[0]] > 0).sum()


def test_every_example_of_every_policy_has_a_row(folder):
    examples = frame(folder / "examples.parquet", "examples")
    assert examples.groupby("policy")["total_weight"].sum().tolist() == pytest.approx([1.0] * 3, rel=1e-5)
    assert len(examples) == 3 * 37


def test_a_second_run_gives_the_same_bytes(folder, tmp_path):
    prepare(tmp_path)
    inputs = {name: tmp_path / f"{name}.parquet" for name in ("train", "desired", "test", "theta0")}
    call(search.main, **inputs, search=tmp_path / "search.parquet", policies=tmp_path, state=tmp_path / ".side")
    for name in ("train", "desired", "theta0", "search"):
        assert (tmp_path / f"{name}.parquet").read_bytes() == (folder / f"{name}.parquet").read_bytes(), name
    assert (tmp_path / "near_optimal.parquet").read_bytes() == (folder / "policies/near_optimal.parquet").read_bytes()


def test_validation_examples_are_watched(tmp_path):
    settings = SETTINGS | {"data": DATA | {"validation_examples": 7}}
    inputs = {name: tmp_path / f"{name}.parquet" for name in ("train", "desired", "test", "validation")}
    call(generate_data.main, settings, **inputs)
    inputs["theta0"] = tmp_path / "theta0.parquet"
    call(initialise.main, settings, train=inputs["train"], theta0=inputs["theta0"])
    call(search.main, settings, **inputs, search=tmp_path / "s.parquet", policies=tmp_path, state=tmp_path / ".side")
    log = frame(tmp_path / "s.parquet", "search")
    assert log["validation_objective"].notna().all()
    assert (log["validation_objective"] != log["test_objective"]).all()


def test_the_users_own_examples(tmp_path):
    own = tmp_path / "own"
    prepare(tmp_path)
    own.mkdir()
    for name in ("train", "desired", "test"):
        table = pq.read_table(tmp_path / f"{name}.parquet").select(["features", "label"])
        pq.write_table(table.replace_schema_metadata({}), own / f"{name}.parquet")
    inputs = prepare(tmp_path / "copy", SETTINGS | {"data": DATA | {"folder": str(own)}})
    for name in ("desired", "theta0"):
        copied, drawn = (pq.read_table(folder / f"{name}.parquet") for folder in (tmp_path / "copy", tmp_path))
        assert copied.equals(drawn)
    assert frame(inputs["train"], "gaussian_examples")["flipped"].sum() == 0


def test_a_run_that_diverges_names_the_learning_rate(tmp_path, capsys):
    settings = SETTINGS | {
        "training": SETTINGS["training"] | {"learning_rate": 1e38},
        "data": DATA | {"train_variance": 1e4},
    }
    inputs = prepare(tmp_path, settings)

    options = inputs | {"search": tmp_path / "s.parquet", "policies": tmp_path, "state": tmp_path / ".side"}
    with pytest.raises(SystemExit):
        stage.run(lambda: call(search.main, settings, **options))
    assert "training.learning_rate" in capsys.readouterr().err
    assert not (tmp_path / "s.parquet").exists()


def test_the_users_own_examples_in_a_process_of_its_own(tmp_path):
    # A process of its own imports what the script imports and no more.
    prepare(tmp_path)
    settings = json.dumps(SETTINGS | {"data": DATA | {"folder": str(tmp_path)}})
    command = [sys.executable, generate_data.__file__, "--settings", settings]
    for name in ("train", "desired", "test"):
        command += [f"--{name}", str(tmp_path / "copy" / f"{name}.parquet")]
    subprocess.run(command, check=True, capture_output=True)
    copied, own = (frame(folder / "train.parquet", "gaussian_examples") for folder in (tmp_path / "copy", tmp_path))
    assert copied["label"].tolist() == own["label"].tolist()


def test_planted_examples_are_stored_and_their_groups_counted(tmp_path):
    planted = SETTINGS | {"data": DATA | {"flip_fraction": 0.0, "duplicates": 2, "dependent": 2}}
    inputs = prepare(tmp_path, planted)
    made_of = pq.read_table(inputs["train"]).column("made_of").to_pylist()
    assert [len(rows) for rows in made_of[-5:]] == [0, 1, 1, 2, 2]
    policy = tmp_path / "policies/conventional.parquet"
    call(make_policy.main, planted | {"policy": "conventional"}, **inputs, output=policy)
    outputs = {name: tmp_path / f"{name}.parquet" for name in COLLECTED}
    call(train.main, planted, **inputs, policies=[policy], **outputs)
    rows = artifacts.read(outputs["zero_weights"], ZERO_WEIGHTS).to_pylist()
    by_property = {row["property"]: row for row in rows if row["kind"] is None}
    # Equal weights drop nothing and share equally.
    assert by_property["copies_one_dropped"]["value"] == by_property["combinations_one_dropped_control"]["value"] == 0
    assert by_property["copies_largest_share"]["value"] == pytest.approx(0.5)
    assert by_property["combinations_largest_share"]["value"] == pytest.approx(1 / 3)
    assert by_property["copies_one_dropped"]["count"] > 0


def test_a_policy_that_trains_on_the_desired_examples_is_measured_on_the_training_examples(folder, tmp_path):
    inputs = {name: folder / f"{name}.parquet" for name in ("train", "desired", "test", "theta0")}
    made, rates = tmp_path / "policies/desired_mixed_tuned.parquet", tmp_path / "rates.parquet"
    settings = SETTINGS | {"policy": "desired_mixed_tuned"}
    call(make_policy.main, settings, **inputs, output=made, learning_rates=rates)
    call(train.main, **inputs, policies=[made], **{name: tmp_path / f"{name}.parquet" for name in COLLECTED})
    tried, stored = pq.read_table(rates).to_pandas(), frame(made, "policy")
    best = tried.loc[tried["objective_held_out"].idxmin()]
    assert stored["desired_weight"].tolist() == [best["share"]] * 12
    curves = frame(tmp_path / "curves.parquet", "curves")
    (result, *_) = tried[tried["objective_held_out"].isna()].to_dict("records")
    assert curves["desired_loss"][1:].mean() == pytest.approx(result["objective_desired"], rel=1e-5)
    assert len(frame(tmp_path / "examples.parquet", "examples")) == 37
    measures = frame(tmp_path / "measures.parquet", "measures")
    left = 1 - best["share"]
    assert measures["effective_examples"][0] == pytest.approx(37 if left else 0, rel=1e-5)
    assert measures["weight_on_perturbed"][0] == pytest.approx(4 / 37 * left, rel=1e-5)
    # The step descends on the desired loss too.
    theta = frame(inputs["theta0"], "theta0")["values"][0]
    data = {name: frame(inputs[name], "gaussian_examples") for name in ("train", "desired")}
    losses = {}
    for name, rows in data.items():
        signed = (1 - 2 * rows["label"].to_numpy())[:, None] * np.stack(rows["features"])
        losses[name] = np.log1p(np.exp(signed @ theta)).mean()
    expected = left * losses["train"] + best["share"] * losses["desired"]
    assert curves["train_loss"][0] == pytest.approx(expected, rel=1e-5)
