"""What a run says of itself: a line of progress, the sentence of each job that failed, and the end of the run.

The Snakefile adds a `Console` to Snakemake's loggers when a run starts.
"""

import atexit
import json
import logging
import os
import re
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from lawpipe.cost import estimate
from lawpipe.cost.estimate import duration
from lawpipe.cost.flops import Steps
from workflow.terminal import ASK, MARK, PINNED

#: Seconds of a run that starts only if the user says so.
LONG = 7200.0

#: When the process began.
BEGAN = time.monotonic()

#: Seconds of a job that is not estimated: reports and studies.
OTHER = 3.0

#: Seconds between two lines of progress: in a log, and where the line stays in place.
IN_LOG, IN_PLACE = 30.0, 1.0

#: The share of the estimate after which the measured pace counts as much as the estimated one.
PRIOR = 0.1

#: Events and texts of Snakemake that the line of progress replaces.
REPLACED = (LogEvent.PROGRESS, LogEvent.JOB_FINISHED)
REPLACED_TEXTS = ("Select jobs to execute...", "Execute ")


def begin(workflow: Any, experiments: Mapping[str, Mapping[str, Any]], speeds: Mapping[str, Steps]) -> None:
    """Say how long Snakemake's run will take, and show its progress; `speeds` is what `measure_speed` returns.

    Ends the process with one sentence if the run is longer than LONG and the driver asks.
    """
    # The driver, which imports this module as well, does without Snakemake's own.
    from snakemake.logging import logger
    from snakemake.settings.enums import Quietness

    estimates = job_seconds(workflow.dag.needrun_jobs(), experiments, speeds)
    cores = (workflow.cores if workflow.local_exec else workflow.nodes) or 1
    seconds = whole(estimates.values(), cores)
    places = f"{cores} core{'s' if cores > 1 else ''}" if workflow.local_exec else f"{cores} jobs at a time"
    print(f"This run: {len(estimates)} jobs, about {duration(seconds)} on {places}.", file=sys.stderr, flush=True)
    if seconds > LONG and os.environ.get(ASK) == "1":
        sys.exit(
            f"error: this run is estimated at {duration(seconds)}, and one above {duration(LONG)} starts only if you "
            "say so: make run YES=1 (or set fewer steps, examples, seeds or search iterations)."
        )
    is_quiet = bool({Quietness.ALL, Quietness.PROGRESS}.intersection(workflow.output_settings.quiet or ()))
    Console(estimates, cores).attach(logger, reports=not is_quiet)


def job_seconds(
    jobs: Iterable[Any], experiments: Mapping[str, Mapping[str, Any]], speeds: Mapping[str, Steps]
) -> dict[int, float]:
    """Return the estimated seconds of each of Snakemake's jobs, by its number. Cost files name the stages."""
    costs = {name: estimate.stages(settings, speeds.get(name)) for name, settings in experiments.items()}
    seconds = {}
    for job in jobs:
        stage = Path(getattr(job.output, "cost", "")).stem
        cost = costs.get(job.wildcards_dict.get("experiment", ""), {}).get(stage)
        seconds[job.jobid] = cost.seconds / cost.jobs if cost else OTHER if stage else 0.0
    return seconds


class Console(logging.Handler):
    """Counts the jobs of a run from Snakemake's log events, and prints the progress and the failures."""

    def __init__(self, estimates: Mapping[int, float], cores: int) -> None:
        """Start with the estimated seconds of each job, by its number, of which `cores` run at a time."""
        super().__init__()
        self.estimates = estimates
        self.cores = cores
        self.began = time.monotonic()
        self.running: dict[int, float] = {}
        self.done: dict[int, float] = {}
        self.failures: list[str] = []
        self.stopped = False
        self.ended = threading.Event()

    def attach(self, logger: logging.Logger, *, reports: bool = True) -> None:
        """Listen to Snakemake's logger; print the progress, if it `reports`, and the failures at the very end."""
        for handler in logger.handlers:
            if handler.name == "DefaultStreamHandler":
                handler.addFilter(self.shows)
        asked = signal.getsignal(signal.SIGTERM)
        if callable(asked):  # Snakemake's own

            def stop(number: int, frame: FrameType | None) -> None:
                self.stopped = True
                asked(number, frame)

            signal.signal(signal.SIGTERM, stop)
        # The first handler, so that the filter of the others knows of a stop.
        logger.handlers.insert(0, self)
        atexit.register(self.close)
        if reports:
            threading.Thread(target=self._report, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Note that jobs have started, ended or failed."""
        event, now = getattr(record, "event", None), time.monotonic()
        if event == LogEvent.JOB_STARTED:
            self.running |= dict.fromkeys(_numbers(record.__dict__["jobs"]), now)
        elif event == LogEvent.JOB_FINISHED:
            for number in _numbers(record.__dict__["job_id"]):
                self.done[number] = now - self.running.pop(number, now)
        elif event == LogEvent.JOB_ERROR:
            self.running.pop(record.__dict__["jobid"], None)
            sentence = failure(record.__dict__)
            if self._is_shown(sentence) and sentence not in self.failures:
                self.failures.append(sentence)

    def shows(self, record: logging.LogRecord) -> bool:
        """Return whether Snakemake shows a message: not what the progress replaces, and no errors of a stop."""
        event, text = getattr(record, "event", None), str(record.msg)
        if event in REPLACED or text.startswith(REPLACED_TEXTS):
            return False
        if event == LogEvent.JOB_ERROR:
            return self._is_shown(failure(record.__dict__))
        return not self.stopped or bool(self.failures) or record.levelno < logging.ERROR

    def _is_shown(self, sentence: str) -> bool:
        """Return whether a failure is shown: in a stop, only that of a job which gives a reason of its own."""
        return not self.stopped or sentence.startswith("error: ")

    def line(self) -> str:
        """Return the progress in one line."""
        passed = time.monotonic() - self.began
        left = f", about {duration(self.left())} left" if self.done or self.running else ""
        return (
            f"{len(self.done)} of {len(self.estimates)} jobs done, {len(self.running)} running, {duration(passed)} "
            f"passed{left} (estimate: {duration(whole(self.estimates.values(), self.cores))} in all)"
        )

    def left(self) -> float:
        """Return the seconds that are left, at the pace of the jobs that are done."""
        now = time.monotonic()
        prior = PRIOR * sum(self.estimates.values())
        known = sum(self.estimates.get(number, 0.0) for number in self.done)
        pace = (sum(self.done.values()) + prior) / (known + prior) if prior else 1.0
        rest = {number: pace * seconds for number, seconds in self.estimates.items() if number not in self.done}
        for number, started in self.running.items():
            rest[number] = max(0.0, rest.get(number, 0.0) - (now - started))
        return whole(rest.values(), self.cores)

    def close(self) -> None:
        """Print the sentences of the jobs that failed, last of all."""
        super().close()
        if not self.ended.is_set():
            self.ended.set()
            print(*self.failures, sep="\n", end="\n" if self.failures else "", file=sys.stderr, flush=True)

    def _report(self) -> None:
        """Print the progress now and then until the run ends."""
        pinned = os.environ.get(PINNED) == "1"
        while not self.ended.wait(IN_PLACE if pinned else IN_LOG):
            self.acquire()
            told = {"text": self.line(), "done": len(self.done), "total": len(self.estimates)}
            self.release()
            # One call, so that no other thread writes within the line.
            sys.stderr.write(f"{MARK}{json.dumps(told)}\n" if pinned else f"{told['text']}\n")


def whole(seconds: Iterable[float], cores: int) -> float:
    """Return the time of some jobs on some cores: their sum divided, and at least the longest."""
    times = list(seconds)
    return max([sum(times) / cores, *times])


def failure(record: Mapping[str, Any]) -> str:
    """Return the sentences of a job that failed, from its log, or one that names the log."""
    for path in record["log"]:
        text = Path(path).read_text(encoding="utf-8", errors="replace") if Path(path).is_file() else ""
        if said := re.findall(r"^error: .*$", text, re.MULTILINE):
            return "\n".join(dict.fromkeys(said))
    what = record.get("rule_msg") or record["rule_name"]
    return f"{what} failed, see {' and '.join(record['log']) or 'above'}."


def _numbers(value: Any) -> list[int]:
    """Return one or several job numbers as a list."""
    return [value] if isinstance(value, int) else list(value)


def end(root: Path) -> None:
    """Print, as the last of the run, its time, where its reports are and what the first of them found."""
    passed = time.monotonic() - BEGAN
    pages = [page for page in (root / "report.html", *sorted(root.glob("*/report.html"))) if _is_newer(page, passed)]
    if pages[:1] == [root / "report.html"]:
        pages = pages[:1]
    lines = [f"Done in {duration(passed)}.", *(findings(pages[0].with_name("findings.rst")) if pages else [])]
    lines += [f"The report: {page}" for page in pages]
    atexit.register(print, *lines, sep="\n", file=sys.stderr, flush=True)


def findings(front_page: Path, most: int = 3) -> list[str]:
    """Return some of the findings on the front page of a report; its first item says what was computed."""
    text = front_page.read_text(encoding="utf-8") if front_page.is_file() else ""
    items = re.findall(r"^#\. (.*)$", text, re.MULTILINE)[1 : most + 1]
    plain = (re.sub(r"\\(.)", r"\1", item) for item in items)
    return [textwrap.fill(item, 110, initial_indent="- ", subsequent_indent="  ") for item in plain]


def _is_newer(path: Path, seconds: float) -> bool:
    """Return whether a file was written in the last so many seconds."""
    return path.is_file() and path.stat().st_mtime >= time.time() - seconds
