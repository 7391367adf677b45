import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.fits import FITS, SENSITIVITY
from lawpipe.run.tables.measurements import COLLECTED, CURVES, MEASURES, ZERO_WEIGHTS
from lawpipe.run.tables.summary import SUMMARY
from scripts import summarise
from tests.analysis.toy_curves import TOY, curve

SETTINGS = {"experiment": "toy", "seed": 3, "problem": "perceptron"}

#: What the stage writes in addition to the joined tables.
OTHERS = {"fits": FITS, "sensitivity": SENSITIVITY, "summary": SUMMARY}


def write_part(folder, policies):
    """Write the tables of one batch, two rows per policy in tables that have several; return their options."""
    twice = [policy for policy in policies for _ in range(2)]
    rows = {
        "curves": {
            "policy": twice,
            "step": [0, 1] * len(policies),
            "train_loss": [0.5, None] * len(policies),
            "desired_loss": [0.7, 0.6] * len(policies),
            "test_loss": [0.8, 0.7] * len(policies),
        },
        "similarity": {
            "policy": policies,
            "step": [0] * len(policies),
            "against": ["desired"] * len(policies),
            "kind": ["adjoint"] * len(policies),
            "mean": [0.1] * len(policies),
            "std": [None] * len(policies),
            "similarity": [None] * len(policies),
            "active": [1] * len(policies),
            "global_speed": [0.2] * len(policies),
        },
        "zero_weights": {
            "policy": policies,
            "property": ["learned_ignored"] * len(policies),
            "kind": [None] * len(policies),
            "against": [None] * len(policies),
            "value": [None] * len(policies),
            "count": [0] * len(policies),
        },
        "examples": {
            "policy": policies,
            "row": [7] * len(policies),
            "total_weight": [0.5] * len(policies),
            "first_active": [None] * len(policies),
            "last_active": [4] * len(policies),
            "story": [12] * len(policies),
        },
        "stability": {
            "policy": policies,
            "step": [0] * len(policies),
            "sharpness": [0.1] * len(policies),
            "adjoint_norm": [0.2] * len(policies),
            "adjoint_growth": [1.0] * len(policies),
        },
        "measures": {name: [0.5] * len(policies) for name in MEASURES.columns}
        | {
            "policy": policies,
            "gap": [0.25] * len(policies),
            "weight_on_perturbed": [None] * len(policies),
            "effective_examples": [3.0] * len(policies),
        },
    }
    paths = {}
    for table, columns in rows.items():
        paths[table] = folder / f"parts/{table}/{policies[0]}.parquet"
        artifacts.write(paths[table], COLLECTED[table], columns, settings={"batch": policies[0]}, code="part")
    return paths


def write_curves(folder, losses):
    """Write the part of one batch with these curves, given as policy to L[0..T] on both reference sets."""
    part = write_part(folder, list(losses))
    count = len(next(iter(losses.values())))
    columns = {
        "policy": [policy for policy in losses for _ in range(count)],
        "step": [*range(count)] * len(losses),
        "train_loss": [None] * count * len(losses),
        **dict.fromkeys(("desired_loss", "test_loss"), np.concatenate([*losses.values()])),
    }
    artifacts.write(part["curves"], CURVES, columns, settings={}, code="part")
    return part


def call(parts, output):
    arguments = ["--settings", json.dumps(SETTINGS), "--output", str(output)]
    for table in COLLECTED:
        arguments += [f"--{table.replace('_', '-')}", *(str(part[table]) for part in parts)]
    for table in OTHERS:
        arguments += [f"--{table}", str(output / f"{table}.parquet")]
    summarise.main(arguments)


def test_the_parts_follow_each_other_in_order(tmp_path):
    call([write_part(tmp_path, ["conventional"]), write_part(tmp_path, ["near_optimal", "search_0001"])], tmp_path)
    policies = {
        table: artifacts.read(tmp_path / f"{table}.parquet", COLLECTED[table])["policy"].to_pylist()
        for table in COLLECTED
    }
    once = ["conventional", "near_optimal", "search_0001"]
    assert policies.pop("curves") == [policy for policy in once for _ in range(2)]
    assert all(joined == once for joined in policies.values())


def test_values_nulls_and_further_columns_are_kept(tmp_path):
    call([write_part(tmp_path, ["b"]), write_part(tmp_path, ["a"])], tmp_path / "whole")
    curves = artifacts.read(tmp_path / "whole/curves.parquet", CURVES)
    assert curves["train_loss"].to_pylist() == [0.5, None, 0.5, None]
    assert curves["desired_loss"].to_pylist() == [0.7, 0.6, 0.7, 0.6]
    examples = pq.read_table(tmp_path / "whole/examples.parquet")
    assert examples["story"].to_pylist() == [12, 12]
    assert examples["first_active"].to_pylist() == [None, None]
    zero_weights = artifacts.read(tmp_path / "whole/zero_weights.parquet", ZERO_WEIGHTS).to_pylist()
    assert zero_weights[0] == {
        "policy": "b",
        "property": "learned_ignored",
        "kind": None,
        "against": None,
        "value": None,
        "count": 0,
    }


def test_the_whole_has_the_settings_of_its_own_stage(tmp_path):
    call([write_part(tmp_path, ["b"])], tmp_path)
    for table in (*COLLECTED, *OTHERS):
        assert artifacts.metadata(tmp_path / f"{table}.parquet")["settings"] == SETTINGS


def test_a_missing_part_is_one_sentence(tmp_path):
    part = write_part(tmp_path, ["b"])
    part["similarity"].unlink()
    with pytest.raises(InputError, match=r"similarity/b\.parquet does not exist"):
        call([part], tmp_path)


def test_every_policy_is_fitted_and_summarised(tmp_path, capsys):
    laws = {policy: curve(200, 0.3, *law) for policy, law in TOY.items()}
    call([write_curves(tmp_path, laws | {"broken": np.full(201, np.nan)})], tmp_path)
    tables = {name: artifacts.read(tmp_path / f"{name}.parquet", table).to_pylist() for name, table in OTHERS.items()}
    policies = [*TOY, "broken"]
    assert [row["policy"] for row in tables["summary"]] == policies
    assert [row["policy"] for row in tables["fits"]] == [policy for policy in policies for _ in ("desired", "test")]
    assert {row["policy"] for row in tables["sensitivity"]} == {"conventional", "near_optimal"}
    near_optimal = tables["summary"][1]
    assert near_optimal["acceleration_fit_desired"] == pytest.approx(tables["sensitivity"][1]["acceleration"])
    assert near_optimal["acceleration_to_tuned_desired"] is None
    assert near_optimal["gap"] == 0.25
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "conventional on desired: L0 0.3, B 30, beta 0.5 from step 1 on"
    assert printed[4] == "2 of 8 curves do not follow a scaling law"
    assert printed[-1] == ("broken: desired J not finite, acceleration none; test J not finite, acceleration none")
