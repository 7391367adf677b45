"""The command `lawpipe`."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lawpipe.cli import entry, main
from lawpipe.run import artifacts, provenance, stage
from lawpipe.run.errors import InputError
from lawpipe.run.tables.policies import POLICY

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def artifact(tmp_path):
    """An artifact of a stage, with its cost file."""
    path = tmp_path / "seed3/policies/near_optimal.parquet"
    cost = tmp_path / "seed3/cost/search.json"
    settings = '{"seed": 3, "data": {"dimension": 7}, "training": {"steps": []}}'
    with stage.job(stage.parser("").parse_args(["--settings", settings, "--cost", str(cost)]), __file__) as job:
        columns = {"step": [0, 1], "weights": [[0.5, 0.5], [1.0, 0.0]], "learning_rate": [0.1, 0.1]}
        job.write(path, POLICY, columns)
    return path


def test_inspect_prints_what_made_an_artifact(artifact, capsys):
    main.main(["inspect", str(artifact)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{artifact}: 2 rows, ")
    assert "  step: int32" in lines
    assert {"  seed: 3", "  data.dimension: 7", "  training.steps: []"} <= set(lines)
    assert f"code: {artifacts.metadata(artifact)['code']}" in lines
    assert f"python {provenance.versions()['python']}" in next(line for line in lines if line.startswith("versions"))
    assert "(stage search)" in lines[-1]
    assert " MB, on " in lines[-1]


def test_an_artifact_without_its_cost_says_so(artifact, capsys):
    (artifact.parents[1] / "cost/search.json").unlink()
    main.main(["inspect", str(artifact)])
    assert capsys.readouterr().out.splitlines()[-1] == "cost: no cost file names this artifact"


def test_other_files_are_refused_in_a_sentence(tmp_path, monkeypatch, capsys):
    foreign, damaged = tmp_path / "foreign.parquet", tmp_path / "damaged.parquet"
    pq.write_table(pa.table({"a": [1]}), foreign)
    damaged.write_bytes(b"PAR1")
    for path, words in ((foreign, "no lawpipe metadata"), (damaged, "cannot be read as Parquet")):
        with pytest.raises(InputError, match=words):
            main.inspect(path)
    monkeypatch.setattr(sys, "argv", ["lawpipe", "inspect", str(tmp_path / "nothing.parquet")])
    with pytest.raises(SystemExit) as caught:
        entry.run()
    assert caught.value.code == 1
    assert "does not exist" in capsys.readouterr().err


def test_estimate_says_what_a_config_takes(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    main.main(["estimate", "config/small.yaml"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  perceptron  2 seeds, ")
    assert any(line.split()[:3] == ["search", "2", "jobs"] for line in lines)


def test_estimate_lays_a_config_without_experiments_over_the_default(tmp_path, capsys, monkeypatch):
    (tmp_path / "mine.yaml").write_text("name: mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main.estimate, "measure_speed", lambda experiments: {})
    main.main(["estimate", str(tmp_path / "mine.yaml")])
    assert capsys.readouterr().out.startswith("  perceptron  5 seeds, ")


def test_estimate_of_a_config_with_experiments_works_in_any_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main.estimate, "measure_speed", lambda experiments: {})
    main.main(["estimate", str(ROOT / "config/small.yaml")])
    assert capsys.readouterr().out.startswith("  perceptron  2 seeds, ")


@pytest.mark.parametrize("name", ["missing.yaml", "broken.yaml"])
def test_estimate_of_what_is_no_config_is_one_sentence(name, tmp_path, monkeypatch):
    (tmp_path / "broken.yaml").write_text("a: [")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^.* cannot be read .*$"):
        main.main(["estimate", name])
