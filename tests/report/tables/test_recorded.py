"""Recorded runs beside those of the page, from records that the benchmark itself makes of a toy run."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from lawpipe.cost.flops import Size
from lawpipe.report import page
from lawpipe.report.tables import recorded
from lawpipe.results import experiment
from lawpipe.run.errors import InputError
from tests.report.conftest import SIZES

WHERE = {
    "date": "2026-01-02",
    "commit": "0123456789abcdef",
    "command": "python benchmarks/gpu.py",
    "hardware": {"card": "A card <of glass>", "processor": "A processor"},
}
SEARCH: dict[str, Any] = {
    "name": "search-toy",
    "experiment": "transformer_toy",
    "method": "projected_gradient",
    "precision": "tf32",
    "corpus": "grammar",
    "steps": 6000,
    "examples": 24,
    "vocabulary": 300,
    "evaluations": 3,
    "search_seconds": 7200.0,
    "objective": {"conventional": 5.0, "near_optimal": 4.0},
    "objective_test": {"conventional": 5.5, "near_optimal": 4.5},
    "acceleration": {"desired": 1.75, "test": None},
}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).resolve().parents[3] / "benchmarks"))
        import gpu_steps

    size, device = Size(3, 8, 4, 4, 50, 6, 8, 1), torch.device("cpu")
    ceiling = gpu_steps.ceilings(device, 64)
    steps = {
        "name": "steps-toy",
        **{"steps": size.steps, "examples": size.examples, "vocabulary": size.vocabulary, "reduced": True},
        "rows": gpu_steps.step(size, 2, device, ceiling, 1, precision="float32", micro_batch=12, graphs=True),
        "public": gpu_steps.public_step(size, 2, device, 1),
    }
    for record in (steps, SEARCH):
        dated = folder / "2026-01-02-gpu" / f"gpu-{record['name']}.json"
        dated.parent.mkdir(exist_ok=True)
        dated.write_text(json.dumps(record | WHERE))
    (folder / "search.parquet").write_bytes(b"no record")
    return folder


def test_recorded_searches_stand_beside_those_of_the_page_and_are_marked(root: Path, records: Path) -> None:
    table = recorded.searches(recorded.read(records), [experiment.load(root / name) for name in SIZES])
    assert table is not None
    first, *here = table.rows
    assert first.cells[0] == "transformer_toy"
    assert first.cells[1] == "recorded: A card <of glass>, 2026-01-02, commit 0123456789"
    assert first.cells[2] == "projected gradient, tf32, grammar stories"
    assert first.cells[4:] == ("3", "5.00 → 4.00", "5.50 → 4.50", "1.75", "never", "2.00")
    assert [row.cells[:2] for row in here] == [("stories", "here")]
    assert all(len(row.cells) == len(table.header) for row in table.rows)


def test_recorded_steps_stand_beside_the_public_codes(records: Path) -> None:
    table = recorded.steps(recorded.read(records))
    assert table is not None
    assert [row.cells[2] for row in table.rows] == ["forward", "backward", "backward"]
    assert table.rows[0].cells[3] == "float32, graphs, micro batch 12"
    assert table.rows[0].cells[0].startswith("recorded, toy size: ")
    assert table.rows[2].cells[3].startswith("the public code's way, 8 examples")
    assert all(float(row.cells[4]) > 0 and len(row.cells) == len(table.header) for row in table.rows)


def test_the_page_shows_them_if_there_are_any(html: str, root: Path, records: Path, tmp_path: Path) -> None:
    shown = page.report(root, ["stories"], records=records)
    assert 'href="#recorded"' in shown
    assert "recorded: A card &lt;of glass&gt;, 2026-01-02" in shown
    empty = tmp_path / "empty"
    empty.mkdir()
    assert page.report(root, list(SIZES), records=empty) == html
    assert "recorded runs" not in html.lower()


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x"}'])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "gpu-x.json").write_text(text)
    with pytest.raises(InputError, match=r"gpu-x\.json is no record"):
        recorded.read(tmp_path)
