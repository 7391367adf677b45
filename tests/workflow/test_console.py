"""What a run says of itself, from Snakemake's log events."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent

from lawpipe.cost.estimate import Cost
from workflow import console, terminal


def record(event: LogEvent, level: int = logging.INFO, **more: object) -> logging.LogRecord:
    entry = logging.LogRecord("snakemake", level, "", 0, "", None, None)
    entry.__dict__ |= {"event": event, **more}
    return entry


def error(log: Path, **more: object) -> logging.LogRecord:
    return record(LogEvent.JOB_ERROR, logging.ERROR, jobid=1, rule_name="summarise", log=[str(log)], **more)


def test_the_line_counts_jobs_and_predicts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    said = console.Console({1: 100.0, 2: 100.0, 3: 200.0, 4: 0.0}, 2)
    assert said.line() == "0 of 4 jobs done, 0 running, 0 s passed (estimate: 3.3 min in all)"
    said.emit(record(LogEvent.JOB_STARTED, jobs=[1, 2]))
    now[0] += 200
    said.emit(record(LogEvent.JOB_FINISHED, job_id=1))
    # Job 1 took twice its estimate: 240 s for an estimate of 140, with the prior of a tenth of the whole.
    rest = 240 / 140 * 200
    assert said.left() == pytest.approx(rest)
    assert said.line() == "1 of 4 jobs done, 1 running, 3.3 min passed, about 5.7 min left (estimate: 3.3 min in all)"


def test_what_failed_comes_last_and_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "summarise.txt").write_text("iteration 1\nerror: this file is damaged; mend it.\n")
    said = console.Console({1: 1.0}, 1)
    for log in ("summarise.txt", "summarise.txt", "none.txt"):
        assert said.shows(error(tmp_path / log))
        said.emit(error(tmp_path / log))
    said.close()
    said.close()
    expected = f"error: this file is damaged; mend it.\nsummarise failed, see {tmp_path}/none.txt.\n"
    assert capsys.readouterr().err == expected


def test_jobs_that_a_stop_ends_are_no_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = console.Console({1: 1.0}, 1)
    said.stopped = True
    said.emit(error(tmp_path / "summarise.txt"))
    assert not said.shows(error(tmp_path / "summarise.txt"))
    assert not said.shows(record(LogEvent.ERROR, logging.ERROR))
    said.close()
    assert capsys.readouterr().err == ""


def test_snakemakes_own_progress_is_replaced() -> None:
    said = console.Console({}, 1)
    assert not said.shows(record(LogEvent.PROGRESS))
    assert said.shows(record(LogEvent.JOB_INFO))


def a_run(hours: float) -> SimpleNamespace:
    """A run of Snakemake with a search of so many hours on two cores."""
    output = SimpleNamespace(cost="results/a/seed0/cost/search.json")
    jobs = [SimpleNamespace(jobid=0, output=SimpleNamespace(), wildcards_dict={})]
    jobs += [SimpleNamespace(jobid=1 + seed, output=output, wildcards_dict={"experiment": "a"}) for seed in range(4)]
    costs = {"search": Cost(4, 0.0, 0, 0, 0.0, hours * 3600)}
    return SimpleNamespace(
        dag=SimpleNamespace(needrun_jobs=lambda: jobs),
        cores=2,
        nodes=None,
        local_exec=True,
        costs=costs,
        output_settings=SimpleNamespace(quiet={Quietness.ALL}),
    )


@pytest.mark.parametrize(("hours", "asks", "starts"), [(3.9, "1", True), (4.4, "1", False), (4.4, "0", True)])
def test_a_run_of_more_than_two_hours_asks_first(
    hours: float, asks: str, starts: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run(hours)
    monkeypatch.setattr(console.estimate, "stages", lambda settings, speed: run.costs)
    monkeypatch.setenv(terminal.ASK, asks)
    if starts:
        console.begin(run, {"a": {}}, {})
    else:
        with pytest.raises(SystemExit) as refused:
            console.begin(run, {"a": {}}, {})
        assert "this run is estimated at 2.2 h" in str(refused.value)
        assert "make run YES=1" in str(refused.value)
    assert capsys.readouterr().err == f"This run: 5 jobs, about {'1.9 h' if hours < 4 else '2.2 h'} on 2 cores.\n"


def test_a_finished_run_says_what_it_found_and_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "findings.rst").write_text("#. Computed.\n#. J\\: less.\n#. Two.\n#. Three.\n#. Four.\n")
    assert console.findings(tmp_path / "findings.rst") == ["- J: less.", "- Two.", "- Three."]
    assert console.findings(tmp_path / "none.rst") == []


def test_a_terminal_keeps_the_progress_below_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    told = terminal.MARK + '{"text": "1 of 2 jobs done", "done": 1, "total": 2}\n'
    terminal.show(["one [line]\n", told, "another\n"])
    said = capsys.readouterr().err
    assert said.splitlines()[0] == "one [line]"
    assert terminal.MARK not in said
