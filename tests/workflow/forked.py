"""Snakemake in a process that is forked from one that has imported it, which takes half of the time of a dry run.

Nothing of lawpipe is imported before the fork: the process imports the package of the folder in which it runs.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

#: What is imported before the fork: Snakemake, and what the package needs of others while Snakemake reads the rules.
IMPORTED = ["snakemake.cli", "numpy", "pandas", "pyarrow.parquet", "pydantic", "yaml"]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(IMPORTED)


def run(arguments: list[str], folder: Path, package: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a folder, with the package below another; stdout and stderr come together."""
    everything = os.environ | {"PYTHONPATH": str(package), "OMP_NUM_THREADS": "1"} | environment
    with tempfile.NamedTemporaryFile("r") as console:
        process = _CONTEXT.Process(target=_snakemake, args=(arguments, folder, package, everything, console.name))
        process.start()
        process.join()
        return subprocess.CompletedProcess(arguments, process.exitcode, console.read())


def _snakemake(arguments: list[str], folder: Path, package: Path, environment: dict[str, str], console: str) -> None:
    """Do what `python -m snakemake` does, in this process."""
    with Path(console).open("w") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path.insert(0, str(package))
    sys.argv = ["snakemake", *arguments]
    from snakemake.cli import main

    main()
