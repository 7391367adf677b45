"""Similarity against the gap, from synthetic frames and from a toy experiment's."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lawpipe.figures import style
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.studies import WHICH_LAW
from lawpipe.studies import which_law
from scripts import compare
from tests.figures.readable import faults


def frames(seeds=(0, 1), stopped_at=4):
    """Tables of a search whose adjoint similarity is 1 / gap while the instantaneous one stays at 2.

    Step 0 has one active example, the others two. The search stops at iteration 4; the last snapshot repeats it.
    """
    gaps = {"conventional": 1e-1, "search_0002": 1e-3, "near_optimal": 1e-8, "search_0009": 1e-8}
    similarity, summary, search = [], [], []
    for seed in seeds:
        for policy, gap in gaps.items():
            summary.append({"seed": seed, "policy": policy, "gap": gap / 2, "objective_desired": 0.5})
            for step in range(4):
                for against in ("desired", "test"):
                    for kind, value in (("instantaneous", 2.0), ("adjoint", 1 / gap)):
                        value = value * (step + 1) if against == "desired" else -1.0
                        one = step == 0
                        similarity.append(
                            {"seed": seed, "policy": policy, "step": step, "against": against, "kind": kind}
                            | {"mean": 1.0, "std": np.nan if one else 1 / value, "active": 1 if one else 2}
                            | {"similarity": np.nan if one else value}
                        )
        for iteration in range(stopped_at + 1):
            search.append({"seed": seed, "iteration": iteration, "cost": 3.0 * iteration, "accepted": True})
            search[-1]["objective"] = 1.0 - 0.1 * iteration
    return pd.DataFrame(similarity), pd.DataFrame(summary), pd.DataFrame(search)


def points(similarity, summary, search):
    """The rows of an experiment with these tables."""
    return which_law.along_search(SimpleNamespace(similarity=similarity, summary=summary, search=search))


def test_points_are_medians_over_steps_with_two_active_examples():
    medians = points(*frames())
    assert list(medians["policy"]) == ["conventional", "search_0002", "near_optimal"] * 2
    first = medians[medians["seed"] == 0].set_index("policy")
    assert first["relative_gap"].tolist() == pytest.approx([1e-1, 1e-3, 1e-8])
    assert first["cost"].tolist() == [0, 6, 12]
    assert (first["measured"] == 4).all()
    assert (first["several"] == 3).all()
    # Steps 1, 2 and 3 of the desired examples: the median is that of step 2.
    assert first["instantaneous"].tolist() == pytest.approx([6, 6, 6])
    assert first["adjoint"].tolist() == pytest.approx([30, 3e3, 3e8])


def test_equal_contributions_count_as_infinite_and_no_step_as_none():
    similarity, summary, search = frames(seeds=(0,))
    equal = (similarity["kind"] == "adjoint") & (similarity["active"] == 2)
    similarity.loc[equal, ["similarity", "std"]] = [np.nan, 0.0]
    single = similarity["policy"] == "search_0002"
    similarity.loc[single, ["active", "similarity", "std"]] = [1, np.nan, np.nan]
    medians = points(similarity, summary, search).set_index("policy")
    assert medians["adjoint"]["near_optimal"] == np.inf
    assert medians["several"]["search_0002"] == 0
    assert np.isnan(medians["adjoint"]["search_0002"])


def test_a_refused_last_iteration_is_not_a_policy():
    similarity, summary, search = frames(seeds=(0,))
    refused = pd.DataFrame([search.iloc[-1].to_dict() | {"iteration": 5, "accepted": False, "cost": 99.0}])
    search = pd.concat([search, refused], ignore_index=True)
    medians = points(similarity, summary, search).set_index("policy")
    assert medians["cost"]["near_optimal"] == 12


def test_the_figure_shows_both_kinds_for_every_group():
    medians = points(*frames(seeds=range(4))).assign(experiment="small", column="Small")
    beside = medians.assign(experiment="big", column="big", relative_gap=medians["relative_gap"] * 0.5)
    with style.theme():
        drawn = which_law.figure(pd.concat([medians, beside]))
    assert isinstance(drawn, Figure)
    upper = drawn.axes[0]
    shown = {line.get_label(): line.get_xydata() for line in upper.lines if line.get_label() in which_law.KINDS}
    assert shown["adjoint"].shape == (12, 2)
    assert sorted(set(shown["adjoint"][:, 1])) == pytest.approx([30, 3e3, 3e8])
    assert faults(drawn) == []
    assert "75.0" in " ".join(text.get_text() for text in drawn.texts)
    assert upper.xaxis_inverted()


def test_the_table_has_the_medians_of_each_range_of_the_gap():
    medians = points(*frames()).assign(experiment="small", column="Small")
    table = which_law.table(medians)
    (row,) = table.rows
    assert len(row.cells) == len(table.header)
    cells = dict(zip(table.header, row.cells, strict=True))
    assert cells["experiment"] == "small"
    assert cells["gap / J up to 1e-6"] == "2 of\N{NO-BREAK SPACE}2"
    assert cells["cost, median"] == "12.0"
    assert [value for name, value in cells.items() if name.startswith("adjoint")] == ["30.0", "-", "3000", "3.00e8"]


def test_the_stage_writes_rows_figure_and_page(plain: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    outputs = {name: tmp_path / f"which_law.{kind}" for name, kind in
               (("rows", "parquet"), ("figure", "svg"), ("page", "html"))}  # fmt: skip
    settings = {"study": "which_law", "experiments": [plain.name]}
    other_version = tmp_path / "other"
    arguments = ["--settings", json.dumps(settings), "--folders", str(plain.folder), "--beside", str(other_version)]
    compare.main([*arguments, *(word for name, path in outputs.items() for word in (f"--{name}", str(path)))])
    stored = artifacts.read(outputs["rows"], WHICH_LAW).to_pandas()
    study = which_law.rows([plain], settings)
    assert set(study["column"]) == {which_law.SMALL}
    pd.testing.assert_frame_equal(stored, study[[*stored]], check_dtype=False)
    assert "<svg" in outputs["page"].read_text()
    left_out, said = capsys.readouterr().out.splitlines()
    assert left_out.startswith(f"{other_version} is not shown: ")
    assert said == which_law.text(study) == "0 of 2 searches reached a gap of 1e-06 of J"
    with pytest.raises(InputError, match="no experiment to compare"):
        which_law.rows([], settings)


def test_works_on_the_tables_of_an_experiment(plain: Results):
    study = which_law.rows([plain], {"experiments": []})
    assert set(study["policy"]) == {"conventional", "near_optimal", "search_0001", "search_0003"}
    assert (study["several"] <= study["measured"]).all()
    with style.theme():
        which_law.figure(study)
    assert len(which_law.table(study).rows) == 1
