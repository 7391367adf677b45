"""The policies of several searches side by side, on toy tables."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from lawpipe.figures import style
from lawpipe.paper import claims
from lawpipe.paper.rules import AtMost
from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.studies import OPTIMA
from lawpipe.studies import optima
from scripts import compare
from tests import toy
from tests.toy import Toy


@pytest.fixture(scope="module")
def experiments(tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    root = tmp_path_factory.mktemp("optima")
    sizes = {"short": Toy(), "long": Toy(iterations=9, snapshots=()), "slow": Toy(learning_rate=0.01)}
    folders = [toy.write_experiment(root, name, size) for name, size in sizes.items()]
    return [experiment.load(root / name, (0, 1)) for name in sizes] if folders else []


def test_quantities_are_those_of_the_near_optimal_policy_of_each_seed(experiments: list[Results]) -> None:
    frame = optima.rows(experiments, {})
    summary = experiments[0].summary.set_index(["seed", "policy"])
    values = frame[frame["experiment"] == "short"].set_index(["seed", "quantity"])["value"]
    for seed in (0, 1):
        near, conventional = summary.loc[seed, "near_optimal"], summary.loc[seed, "conventional"]
        ratio = near["objective_test"] / conventional["objective_test"]
        assert values[seed, "J unseen / conventional"] == pytest.approx(ratio)
        assert values[seed, "gap / J"] == pytest.approx(near["gap"] / near["objective_desired"])
        assert values[seed, "gain_carries_over"] == pytest.approx(
            next(claim for claim in claims.CLAIMS if claim.name == "gain_carries_over").measure(
                experiments[0].seed(seed)
            )
        )
    similarity = experiments[0].similarity.query("policy == 'near_optimal' and against == 'desired' and active >= 2")
    medians = similarity.groupby(["seed", "kind"])["similarity"].median()
    assert values[0, "SIM adjoint"] == pytest.approx(medians[0, "adjoint"])


def test_rows_are_in_the_order_of_rate_and_objective(experiments: list[Results]) -> None:
    frame = optima.rows(experiments, {})
    means = optima.means(frame)
    assert list(means)[-1] == "slow"
    by_objective = [means[name]["J desired / conventional"].mean for name in list(means)[:2]]
    assert by_objective == sorted(by_objective, reverse=True)


def test_the_table_has_a_verdict_for_every_claim_without_a_control(experiments: list[Results]) -> None:
    table = optima.table(optima.rows(experiments, {}))
    names = [row.cells[0] for row in table.rows]
    assert {"claim: contributions_equal", "claim: near_optimal_is_stationary"} <= {*names}
    assert "claim: spoilt_left_out" not in names
    equal = next(row.cells for row in table.rows if row.cells[0] == "claim: contributions_equal")
    assert all(
        cell.split(":")[0].replace(" ", "_") in ("reproduced", "partly", "not_reproduced") for cell in equal[1:]
    )
    assert len(equal) == len(experiments) + 1


def test_a_gap_that_is_no_share_has_the_verdict_and_the_reason_of_the_claim(
    experiments: list[Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = next(claim for claim in optima.JUDGED if claim.name == "near_optimal_is_stationary")
    above = replace(
        claim, measure=lambda seed: 1e-3, rule=AtMost(0.01, 0.1), caveat=lambda seeds: "above J in 2 seeds"
    )
    monkeypatch.setattr(optima, "JUDGED", (above, replace(above, name="plain", caveat=None)))
    frame = optima.rows(experiments[:1], {})
    assert set(frame["caveat"][frame["quantity"] == claim.name]) == {"above J in 2 seeds"}
    assert set(frame["caveat"][frame["quantity"] != claim.name]) == {""}
    # Four seeds, so that the rule has an interval.
    table = optima.table(pd.concat([frame, frame.assign(seed=frame["seed"] + 2)]))
    cells = {row.cells[0]: row.cells[1] for row in table.rows}
    assert cells[f"claim: {claim.name}"].startswith("partly: ")
    assert cells["claim: plain"].startswith("reproduced: ")
    assert f"{claim.name}, short: above J in 2 seeds." in table.note


def test_infinite_similarities_are_counted_and_not_averaged(experiments: list[Results]) -> None:
    frame = optima.rows(experiments[:1], {})
    known = (frame["quantity"] == "SIM adjoint") & (frame["seed"] == 1)
    frame.loc[known, "value"] = 4.0
    frame.loc[(frame["quantity"] == "SIM adjoint") & (frame["seed"] == 0), "value"] = np.inf
    cells = {row.cells[0]: row.cells[1] for row in optima.table(frame).rows}
    assert cells["SIM adjoint"].startswith("4.00")
    assert cells["SIM adjoint"].endswith("(infinite in 1 of 2 seeds)")
    assert "infinite" not in cells["SIM instantaneous"]
    assert "SIM adjoint 4.00" in optima.text(frame)
    assert "(infinite in 1 of 2 seeds)" in optima.text(frame)


def test_the_figure_has_a_row_for_every_experiment_in_every_panel(experiments: list[Results]) -> None:
    with style.theme():
        drawn = optima.figure(optima.rows(experiments, {}))
    assert isinstance(drawn, Figure)
    assert len(drawn.axes) == len(optima.PANELS)
    labels = [text.get_text() for text in drawn.axes[0].get_yticklabels()]
    assert len(labels) == len(experiments)
    assert labels[-1].endswith("rate 0.01")
    assert len({*labels}) == len(labels), "searches of the same method and rate go by the experiment's name"


def test_the_stage_writes_rows_figure_and_page(
    experiments: list[Results], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {name: tmp_path / f"optima.{kind}" for name, kind in
               (("rows", "parquet"), ("figure", "svg"), ("page", "html"))}  # fmt: skip
    folders = [str(results.folder) for results in experiments]
    compare.main(["--settings", json.dumps({"study": "optima"}), "--folders", *folders,
                  *(word for name, path in outputs.items() for word in (f"--{name}", str(path)))])  # fmt: skip
    stored = artifacts.read(outputs["rows"], OPTIMA).to_pandas()
    pd.testing.assert_frame_equal(stored, optima.rows(experiments, {})[[*stored]], check_dtype=False)
    assert "<svg" in outputs["page"].read_text()
    assert len(capsys.readouterr().out.splitlines()) == len(experiments)
    with pytest.raises(InputError, match="no two experiments"):
        optima.rows([], {})
