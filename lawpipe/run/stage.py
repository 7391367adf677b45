"""What all stage scripts share: options, settings, writing of tables, the cost file, and ends with an error."""

import argparse
import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lawpipe.run import artifacts, distributed, files, provenance, registry
from lawpipe.run.errors import InputError
from lawpipe.run.program import run as run
from lawpipe.run.table import Table

#: An option of a script: the arguments of `add_argument`, or the description of a required path.
Option = str | Mapping[str, Any]


@dataclass
class Job:
    """One run of a stage script."""

    options: argparse.Namespace
    #: The settings that the stage's result depends on, from `--settings`.
    settings: dict[str, Any]
    #: The digest of the script and of the modules it imports.
    code: str
    #: Further entries of the cost file.
    notes: dict[str, Any] = field(default_factory=dict)
    #: The artifacts that were written.
    written: list[Path] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The experiment and seed, for lines on a console that several jobs print to."""
        return f"{self.settings['experiment']} seed {self.settings['seed']}"

    def write(self, path: Path, table: Table, columns: artifacts.Columns) -> None:
        """Write an artifact with this job's settings and code digest in its metadata, in the main process only."""
        if not distributed.is_main():
            return
        artifacts.write(path, table, columns, settings=self.settings, code=self.code)
        self.written.append(path)

    def write_rows(self, path: Path, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write an artifact that is given row by row; keys that the table does not have are left out.

        Raises KeyError if a row lacks a column.
        """
        self.write(path, table, {name: [row[name] for row in rows] for name in table.columns})


def script(**options: Option) -> Callable[[Callable[[Job], None]], Callable[..., None]]:
    """Return a decorator that makes a function of a job the `main(argv)` of a stage's script.

    The script's docstring is the description, `options` are as in `parser`. If the script is the program, it is run
    at once: `main` stands last in the script.
    """

    def decorate(work: Callable[[Job], None]) -> Callable[..., None]:
        def main(argv: Sequence[str] | None = None) -> None:
            module = work.__globals__
            with job(parser(module["__doc__"], **options).parse_args(argv), module["__file__"]) as current:
                work(current)

        if work.__module__ == "__main__":
            run(main)
        return main

    return decorate


def option(description: str, **arguments: Any) -> dict[str, Any]:
    """Return an option of a stage: a required path, unless the `arguments` of `add_argument` say otherwise."""
    return {"type": Path, "required": True, "help": description, **arguments}


def parser(documentation: str | None, **options: Option) -> argparse.ArgumentParser:
    """Return an argument parser with the options of every stage (`--settings`, `--code`, `--cost`) and those of one.

    An option is given by its name and the arguments of `add_argument`, or by the description of a required path.
    """
    result = argparse.ArgumentParser(description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--settings", type=_settings, required=True, metavar="JSON", help="the stage's settings")
    result.add_argument("--code", metavar="DIGEST", help="the digest of the code, if another one is to be refused")
    result.add_argument("--cost", type=Path, metavar="JSON", help="where to write seconds, memory and machine")
    for name, value in options.items():
        result.add_argument(f"--{name.replace('_', '-')}", **(option(value) if isinstance(value, str) else value))
    return result


def _settings(text: str) -> dict[str, Any]:
    """Parse `--settings`; invalid JSON is an argument error."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError(f"found {text!r}")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected a JSON object, {error}") from error
    return value


@contextmanager
def job(options: argparse.Namespace, script: str) -> Iterator[Job]:
    """Yield a stage's job; at its end without an error, write the cost file if `--cost` was given.

    The cost file has what differs from run to run: wall and processor seconds, peak memory in MB, the machine, the
    git state, the time of day, the artifacts (relative to the folder above `cost`), whether the job went on from one
    that was stopped, whose seconds are not in it, and the job's notes. Processor seconds and memory are summed over
    the job's processes.

    `--state` is the side folder of a stage that resumes: those of other settings or code are removed at the
    beginning, the folder itself at the end.
    """
    started = time.time()
    clock = time.perf_counter()
    state: Path | None = getattr(options, "state", None)
    code = provenance.code_digest(script, registry.chosen(options.settings))
    if options.code not in (None, code):
        raise InputError(
            f"{script} uses the code in {provenance.PACKAGE}, whose digest is {code}, but the workflow expected "
            f"{options.code}: the code changed during the run, or {sys.prefix} is another checkout's environment; "
            "run again, and if that does not help, remove .venv and run make install."
        )
    result = Job(options, options.settings, code)
    with distributed.process_group():
        if state is not None:
            _drop_stale(state)
        resumed = state is not None and state.is_dir() and any(state.iterdir())
        yield result
        usage = resource.getrusage(resource.RUSAGE_SELF)
        processor_seconds, memory = distributed.total([usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024])
    if not distributed.is_main():
        return
    if options.cost is not None:
        cost = {
            "stage": options.cost.stem,
            "seconds": round(time.perf_counter() - clock, 3),
            "processor_seconds": round(processor_seconds, 3),
            "peak_memory_mb": round(memory, 1),
            "processes": distributed.world_size(),
            "resumed": resumed,
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "hardware": provenance.hardware(),
            "git": provenance.git_state(),
            "files": [_below(path, options.cost.parent.parent) for path in result.written],
            **result.notes,
        }
        files.write_text(options.cost, json.dumps(cost, indent=1, sort_keys=True) + "\n")
    if state is not None:
        shutil.rmtree(state, ignore_errors=True)


def _below(path: Path, folder: Path) -> str:
    """Return a path relative to a folder, or the absolute path if it is not below the folder."""
    absolute, above = path.resolve(), folder.resolve()
    return absolute.relative_to(above).as_posix() if absolute.is_relative_to(above) else str(absolute)


def _drop_stale(state: Path) -> None:
    """Remove the checkpoints that the same stage left with other settings or code, in the folder of `state`."""
    if not distributed.is_main():
        return
    for folder in state.parent.glob(f"{state.name.rpartition('-')[0]}-*"):
        if folder != state:
            shutil.rmtree(folder)
