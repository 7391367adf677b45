"""Policies from one setting in another, on toy tables with known objectives."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lawpipe.figures import style
from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.studies import TRANSFER
from lawpipe.run.tables.summary import SUMMARY, SUMMARY_OVER_SEEDS
from lawpipe.studies import transfer
from scripts import compare
from tests import toy
from tests.figures.readable import faults
from tests.toy import Toy

SEEDS = (0, 1, 2)
#: The share of the near-optimal gain that the transferred policy keeps, by experiment.
KEPT = {"same": 1.0, "other_start": 0.25, "other_rate": -0.5}
OWN = toy.settings("source", Toy())
SOURCE = {"experiment": "source", **{name: OWN[name] for name in ("device", "training", "search")}}
DIFFERENT: Mapping[str, dict[str, Any]] = {
    "same": {},
    "other_start": {"initialisation": 1},
    "other_rate": {"training": OWN["training"] | {"learning_rate": 0.3}},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("transfer")
    for name, kept in KEPT.items():
        folder = toy.write_experiment(root, name, Toy(seeds=SEEDS))
        for file in ("summary.parquet", *(f"seed{seed}/summary.parquet" for seed in SEEDS)):
            write_summary(folder / file, kept, DIFFERENT[name] | {"transfer_from": SOURCE})
    return [root / name for name in KEPT]


def write_summary(path: Path, kept: float, different: dict[str, Any]) -> None:
    """Add the transferred policy to a seed's summary, and to the settings."""
    meant = artifacts.metadata(path)
    over_seeds = "seeds" in meant["settings"]
    table = SUMMARY_OVER_SEEDS if over_seeds else SUMMARY
    rows = artifacts.read(path, table).to_pandas()
    if not over_seeds:
        rows = rows.set_index("policy")
        rows.loc["transferred"] = rows.loc["conventional"]
        for against in ("objective_desired", "objective_test"):
            base = float(rows[against]["conventional"])
            best = 0.8 * base
            rows.loc["near_optimal", against] = best
            # Equal numbers where all is kept: the sum below would round.
            rows.loc["transferred", against] = best if kept == 1 else base - kept * (base - best)
        rows = rows.reset_index()
    columns = {name: [None if pd.isna(value) else value for value in rows[name]] for name in rows}
    artifacts.write(path, table, columns, settings=meant["settings"] | different, code=meant["code"])


@pytest.fixture(scope="module")
def experiments(folders: list[Path]) -> list[Results]:
    return [experiment.load(folder, SEEDS) for folder in folders]


def test_the_share_is_what_the_transferred_policy_keeps_of_each_seeds_gain(experiments: list[Results]) -> None:
    transferred = transfer.rows(experiments, {})
    assert len(transferred) == len(KEPT) * len(SEEDS) * 2
    assert set(transferred["source"]) == {"source"}
    by_experiment = transferred.groupby("experiment")["share"]
    assert (by_experiment.get_group("same") == 1).all()
    for name, kept in KEPT.items():
        assert by_experiment.get_group(name).tolist() == pytest.approx([kept] * len(SEEDS) * 2)


def test_the_changed_settings_are_written_in_words(experiments: list[Results]) -> None:
    changed = transfer.rows(experiments, {}).drop_duplicates("experiment").set_index("experiment")["changed"]
    assert changed.to_dict() == {
        "same": "nothing",
        "other_start": "another initialisation",
        "other_rate": "learning rate 0.1 to 0.3",
    }
    width = {"model": {"hidden": 64}, "training": {"steps": 3}, "transfer_from": {"experiment": "a"}}
    source = {"model": {"hidden": 32}, "training": {"steps": 3}, "initialisation": 4}
    both = transfer.changed(width | {"transfer_from": source})
    assert both == "hidden 32 to 64, another initialisation"
    # Complete settings say of what they leave alone that it is null.
    nothing = {"initialisation": None, "training": {"steps": 3}}
    assert transfer.changed(nothing | {"transfer_from": {"training": {"steps": 3}}}) == "nothing"


def test_without_a_gain_there_is_no_share(experiments: list[Results]) -> None:
    transferred = transfer.rows(experiments[1:2], {})
    swapped = transferred.rename(columns={"conventional": "near_optimal", "near_optimal": "conventional"})
    assert [row.cells[-1] for row in transfer.table(swapped).rows] == ["gain within its interval"] * 2
    with style.theme():
        shares = transfer.figure(swapped).axes[-1]
    assert [text.get_text() for text in shares.texts] == ["gain within its interval"] * 2


def test_an_experiment_that_transfers_nothing_is_refused(plain: Results) -> None:
    with pytest.raises(InputError, match="transferred"):
        transfer.rows([plain], {})


def test_the_figure_has_a_row_for_each_transfer_and_says_n_and_units(experiments: list[Results]) -> None:
    with style.theme():
        drawing = transfer.figure(transfer.rows(experiments, {}))
    desired, test, shares = drawing.axes
    labels = [label.get_text() for label in desired.get_yticklabels()]
    assert labels[1] == "source:\nanother\ninitialisation (n = 3)"
    assert len(labels) == 3
    assert desired.get_xlabel() == test.get_xlabel() == "J / J conventional"
    assert "95 % t intervals" in " ".join(text.get_text() for text in drawing.texts)
    assert "%" in shares.get_xlabel()
    assert faults(drawing) == []
    labels = [text.get_text() for text in drawing.legends[0].get_texts()]
    assert labels == ["near-optimal", "transferred", "share on desired", "share on test"]


def test_the_stage_writes_rows_figure_and_page(folders: list[Path], tmp_path: Path) -> None:
    outputs = {name: tmp_path / f"transfer.{kind}" for name, kind in
               (("rows", "parquet"), ("figure", "svg"), ("page", "html"))}  # fmt: skip
    arguments = [
        "--settings",
        json.dumps({"study": "transfer"}),
        "--folders",
        *map(str, folders),
    ]
    for name, path in outputs.items():
        arguments += [f"--{name}", str(path)]
    compare.main(arguments)
    rows = artifacts.read(outputs["rows"], TRANSFER).to_pylist()
    assert {row["share"] for row in rows if row["experiment"] == "same"} == {1.0}
    html = outputs["page"].read_text()
    assert "<svg" in html
    assert "learning rate 0.1 to 0.3" in html
    assert "25.0\N{NO-BREAK SPACE}% [25.0" in html
