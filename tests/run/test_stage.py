"""What all stage scripts share."""

import json
import runpy
import subprocess
import sys

import pytest

from lawpipe.run import artifacts, provenance, stage
from lawpipe.run.errors import InputError
from lawpipe.run.tables.measurements import MEASURES


def test_a_job_writes_tables_with_its_settings_and_code(tmp_path):
    options = stage.parser("What it does.").parse_args(["--settings", '{"seed": 3}'])
    columns = {name: [None] for name in MEASURES.columns}
    with stage.job(options, __file__) as job:
        job.write(tmp_path / "columns.parquet", MEASURES, columns)
        job.write_rows(tmp_path / "rows.parquet", MEASURES, [{**dict.fromkeys(columns), "more": 1}])
        with pytest.raises(KeyError, match="gap"):
            job.write_rows(tmp_path / "fewer.parquet", MEASURES, [{"policy": "a"}])
    stored = artifacts.metadata(tmp_path / "columns.parquet")
    assert stored["settings"] == {"seed": 3}
    assert stored["code"] == job.code
    assert len(job.code) == 16
    assert (tmp_path / "rows.parquet").read_bytes() == (tmp_path / "columns.parquet").read_bytes()
    assert not (tmp_path / "fewer.parquet").exists()


def test_a_job_with_other_code_than_its_rule_is_refused(tmp_path):
    expected = ["--settings", "{}", "--code", "0123456789abcdef"]
    with pytest.raises(InputError) as refused, stage.job(stage.parser("").parse_args(expected), __file__):
        pass
    for said in (__file__, str(provenance.PACKAGE), "the workflow expected 0123456789abcdef", "make install"):
        assert said in str(refused.value)
    own = ["--settings", "{}", "--code", provenance.code_digest(__file__)]
    with stage.job(stage.parser("").parse_args(own), __file__) as job:
        assert job.code == own[-1]


def test_cost_goes_to_its_own_file(tmp_path):
    path = tmp_path / "cost" / "train_conventional.json"
    options = stage.parser("").parse_args(["--settings", "{}", "--cost", str(path)])
    with stage.job(options, __file__) as job:
        job.notes["stopped"] = "early"
    cost = json.loads(path.read_text())
    assert cost["stage"] == "train_conventional"
    assert cost["stopped"] == "early"
    assert cost["seconds"] >= 0
    assert cost["peak_memory_mb"] > 10
    assert {"hardware", "git", "started"} <= cost.keys()


@pytest.mark.parametrize("left", [(), ("search-1/state.npz",), ("search-2/state.npz",)])
def test_the_cost_says_whether_the_job_was_resumed(tmp_path, left):
    for name in left:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    parser = stage.parser("", state="a folder")
    paths = ["--cost", str(tmp_path / "c.json"), "--state", str(tmp_path / "search-1")]
    with stage.job(parser.parse_args(["--settings", "{}", *paths]), __file__):
        pass
    assert json.loads((tmp_path / "c.json").read_text())["resumed"] is ("search-1/state.npz" in left)


def test_a_job_that_fails_has_no_cost(tmp_path):
    options = stage.parser("").parse_args(["--settings", "{}", "--cost", str(tmp_path / "c.json")])
    with pytest.raises(ZeroDivisionError), stage.job(options, __file__):
        1 / 0  # noqa: B018
    assert not (tmp_path / "c.json").exists()


SCRIPT = '''"""What it does."""

from lawpipe.run import stage


@stage.script(side_file="a file", seeds=stage.option("seeds", type=int, nargs="+", required=False), state="a folder")
def main(job):
    print(job.options.side_file.name, job.options.seeds, job.options.state.is_dir(), job.settings, len(job.code))
'''


def test_a_function_of_a_job_becomes_the_main_of_its_script(tmp_path, capsys):
    script, state, stale = tmp_path / "script.py", tmp_path / ".script-1", tmp_path / ".script-0"
    script.write_text(SCRIPT)
    state.mkdir()
    stale.mkdir()
    main = runpy.run_path(str(script))["main"]
    main(["--settings", "{}", "--side-file", "a/b", "--seeds", "1", "2", "--state", str(state)])
    assert capsys.readouterr().out == "b [1, 2] True {} 16\n"
    assert not state.exists()
    assert not stale.exists()
    with pytest.raises(SystemExit):
        main(["--settings", "{}", "--state", str(state)])
    assert "required: --side-file" in capsys.readouterr().err
    help_text = subprocess.run([sys.executable, str(script), "--help"], capture_output=True, text=True, check=True)
    assert "What it does." in help_text.stdout
    assert "--side-file SIDE_FILE" in help_text.stdout


@pytest.mark.parametrize("settings", ["{", "[1]", "seed"])
def test_settings_must_be_a_json_object(settings, capsys):
    with pytest.raises(SystemExit) as caught:
        stage.parser("").parse_args(["--settings", settings])
    assert caught.value.code == 2
    assert "expected a JSON object" in capsys.readouterr().err


def test_a_users_mistake_is_one_sentence_and_exit_code_one(capsys):
    def main():
        raise InputError("train.parquet has no rows.")

    with pytest.raises(SystemExit) as caught:
        stage.run(main)
    assert caught.value.code == 1
    assert capsys.readouterr().err == "error: train.parquet has no rows.\n"
