"""The one command for a GPU, at toy size on a CPU, without the packages that a GPU's image may lack."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lawpipe.config.resolve import resolve
from lawpipe.run import artifacts

ROOT = Path(__file__).resolve().parents[2]
LACKING = ("snakemake", "jinja2", "seaborn", "pydantic", "matplotlib", "yaml", "tokenizers", "mistral_common")
BLOCK = f"""
import sys

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {LACKING}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Lacking())
"""


def call(folder, *arguments, lacking=True):
    blocked = folder / "blocked"
    blocked.mkdir(exist_ok=True)
    # Python imports it when it starts, in the search's own process too.
    (blocked / "sitecustomize.py").write_text(BLOCK)
    path = os.pathsep.join([*([str(blocked)] if lacking else []), str(ROOT)])
    command = [sys.executable, str(ROOT / "benchmarks/gpu.py"), "--device", "cpu", "--reduced", "--evaluations", "2"]
    places = ["--state", str(folder / "state"), "--output", str(folder / "records")]
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    environment.pop("LAWPIPE_STORIES", None)
    return subprocess.run(
        [*command, *places, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the records of a whole toy run."""
    folder = tmp_path_factory.mktemp("gpu")
    prepared = call(folder, "--prepare", lacking=False)
    assert prepared.returncode == 0, prepared.stderr
    cut = call(folder, "--seconds", "0")
    assert (cut.returncode, "to be continued" in cut.stdout) == (75, True), cut.stderr
    whole = call(folder)
    assert whole.returncode == 0, whole.stderr
    assert whole.stdout.endswith("all done\n")
    return folder


def record(folder, name):
    return json.loads((folder / f"records/gpu-{name}-cpu.json").read_text())


def test_every_way_is_right_and_says_how_right(folder):
    found = record(folder, "check")
    assert found["right"]
    assert {row["precision"] for row in found["rows"]} == {"float64", "float32", "tf32", "bfloat16"}
    errors = {row["precision"]: row["weighted_gradient"] for row in found["rows"] if row["way"] == "plain"}
    # The inputs are fresh in every run; between TF32 and bf16 a ReLU at its kink decides.
    assert errors["float64"] < 1e-12 < errors["float32"] < 1e-5 < min(errors["tf32"], errors["bfloat16"])


def test_steps_of_all_four_sizes_beside_the_public_code(folder):
    for name in ("1k", "2k", "4k", "8k"):
        found = record(folder, f"steps-transformer_{name}")
        assert {row["pass"] for row in found["rows"]} == {"forward", "backward"}
        assert all(row["seconds"] > 0 for row in [*found["rows"], found["public"]])
        shares = [row["share_of_ceiling"] for row in found["rows"] if row["precision"] == "float32"]
        assert all(share > 0 for share in shares)


@pytest.mark.parametrize("method", ["feedback_descent", "projected_gradient"])
def test_searches_leave_their_log_curves_and_fits(folder, method):
    name = f"search-transformer_1k-{method}-float32"
    found = record(folder, name)
    assert (found["steps"], found["examples"], found["vocabulary"]) == (40, 24, 300)
    assert found["evaluations"] == (2 if method == "feedback_descent" else 3)
    assert found["objective"]["near_optimal"] < found["objective"]["conventional"]
    log = artifacts.read(folder / f"records/gpu-{name}-cpu.search.parquet", "search").to_pylist()
    assert log[-1]["objective"] == pytest.approx(found["objective"]["near_optimal"], rel=1e-5)
    assert artifacts.read(folder / f"records/gpu-{name}-cpu.curves.parquet", "curves").num_rows == 2 * 41
    assert artifacts.read(folder / f"records/gpu-{name}-cpu.fits.parquet", "fits").num_rows == 4
    assert {"hardware", "date", "commit", "command", "seconds", "torch"} <= {*found}


def test_what_is_done_is_not_done_again(folder):
    before = {path: path.stat().st_mtime_ns for path in (folder / "records").iterdir()}
    again = call(folder, "--seconds", "0")
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "all done"), again.stderr
    assert {path: path.stat().st_mtime_ns for path in (folder / "records").iterdir()} == before


def test_the_settings_that_it_takes_are_the_papers():
    raw = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
    stored = json.loads((ROOT / "benchmarks/paper_settings.json").read_text())
    assert stored == resolve(raw).experiments, "run python benchmarks/counts.py --write"
