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
from lawpipe.run.tables.fits import FITS
from lawpipe.run.tables.measurements import CURVES
from lawpipe.run.tables.policies import SEARCH

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


#: Call the command once for each list of arguments; after each, print its exit code and the dates of the records.
CALLS = """
import json, sys
from pathlib import Path
import gpu

records = Path(sys.argv[1])
for arguments in map(json.loads, sys.argv[2:]):
    code = gpu.main(arguments)
    print(json.dumps({"code": code, "dates": {path.name: path.stat().st_mtime_ns for path in records.glob("*")}}))
"""


def call(folder, *calls, lacking=True):
    """Call the command several times in one process; return what each printed, its exit code and the records."""
    blocked = folder / "blocked"
    blocked.mkdir(exist_ok=True)
    # Python imports it when it starts, also in the process of a search.
    (blocked / "sitecustomize.py").write_text(BLOCK)
    path = os.pathsep.join([*([str(blocked)] if lacking else []), str(ROOT), str(ROOT / "benchmarks")])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    environment.pop("LAWPIPE_STORIES", None)
    common = ["--device", "cpu", "--reduced", "--evaluations", "2", "--state", str(folder / "state")]
    records = folder / "records"
    lists = [json.dumps([*common, "--output", str(records), *arguments]) for arguments in calls]
    run = subprocess.run(
        [sys.executable, "-c", CALLS, str(records), *lists],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    results, printed = [], []
    for line in run.stdout.splitlines():
        if line.startswith('{"code"'):
            results.append((json.loads(line), printed))
            printed = []
        else:
            printed.append(line)
    assert len(results) == len(calls)
    return results


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the records of a whole toy run, which was cut short once and called again at the end."""
    folder = tmp_path_factory.mktemp("gpu")
    ((prepared, _),) = call(folder, ["--prepare"], lacking=False)
    assert prepared["code"] == 0
    (cut, cut_printed), (whole, printed), (again, again_printed) = call(
        folder, ["--seconds", "0"], [], ["--seconds", "0"]
    )
    assert cut["code"] == 75
    assert any("to be continued" in line for line in cut_printed)
    assert (whole["code"], printed[-1]) == (0, "all done")
    # What is done is not done again.
    assert (again["code"], again_printed[-1]) == (0, "all done")
    assert again["dates"] == whole["dates"]
    return folder


def record(folder, name):
    return json.loads((folder / f"records/gpu-{name}-cpu.json").read_text())


def test_every_way_of_computing_is_right_within_its_recorded_error(folder):
    stored = record(folder, "check")
    assert stored["right"]
    assert {row["precision"] for row in stored["rows"]} == {"float64", "float32", "tf32", "bfloat16"}
    errors = {row["precision"]: row["weighted_gradient"] for row in stored["rows"] if row["way"] == "plain"}
    # The inputs are fresh in every run; between TF32 and bf16 a ReLU at its kink decides.
    assert errors["float64"] < 1e-12 < errors["float32"] < 1e-5 < min(errors["tf32"], errors["bfloat16"])


def test_steps_of_all_four_sizes_beside_the_public_code(folder):
    for name in ("1k", "2k", "4k", "8k"):
        stored = record(folder, f"steps-transformer_{name}")
        assert {row["pass"] for row in stored["rows"]} == {"forward", "backward"}
        assert all(row["seconds"] > 0 for row in [*stored["rows"], stored["public"]])
        shares = [row["share_of_ceiling"] for row in stored["rows"] if row["precision"] == "float32"]
        assert all(share > 0 for share in shares)


@pytest.mark.parametrize("method", ["feedback_descent", "projected_gradient"])
def test_searches_leave_their_log_curves_and_fits(folder, method):
    name = f"search-transformer_1k-{method}-float32"
    stored = record(folder, name)
    assert (stored["steps"], stored["examples"], stored["vocabulary"]) == (40, 24, 300)
    assert stored["evaluations"] == (2 if method == "feedback_descent" else 3)
    assert stored["objective"]["near_optimal"] < stored["objective"]["conventional"]
    log = artifacts.read(folder / f"records/gpu-{name}-cpu.search.parquet", SEARCH).to_pylist()
    assert log[-1]["objective"] == pytest.approx(stored["objective"]["near_optimal"], rel=1e-5)
    assert artifacts.read(folder / f"records/gpu-{name}-cpu.curves.parquet", CURVES).num_rows == 2 * 41
    assert artifacts.read(folder / f"records/gpu-{name}-cpu.fits.parquet", FITS).num_rows == 4
    assert {"hardware", "date", "commit", "command", "seconds", "torch"} <= {*stored}


def test_the_settings_that_it_takes_are_the_papers():
    raw = yaml.safe_load((ROOT / "config/paper.yaml").read_text())
    stored = json.loads((ROOT / "benchmarks/paper_settings.json").read_text())
    assert stored == resolve(raw).experiments, "run python benchmarks/counts.py --write"
