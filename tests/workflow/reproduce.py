"""The small config from nothing, and its numbers beside recorded ones: `make reproduce`.

    python -m tests.workflow.reproduce              run and compare, one sentence per difference; exit code 1 for any
    python -m tests.workflow.reproduce --record     run, and record the numbers

The run has a temporary folder of its own. On the machine where they were recorded the numbers come out the same to
the last digit; elsewhere, with other processors and library builds, within the tolerances below.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import yaml

from lawpipe.run import artifacts, files, provenance, stage
from lawpipe.run.errors import InputError
from lawpipe.run.tables.summary import SUMMARY_OVER_SEEDS

ROOT = provenance.PACKAGE.parent
CONFIG = ROOT / "config/small.yaml"
RECORDS = ROOT / "benchmarks/records"

#: How far a number may be from the recorded one: relative to that, or absolute, whichever is more. Rounding differs
#: between machines: it moves a loss little; a gap, the small rest of two sums, more.
TOLERANCES: dict[str, tuple[float, float]] = {
    "objective_desired": (1e-3, 0.0),
    "objective_test": (1e-3, 0.0),
    "compression_ratio_desired": (5e-3, 0.0),
    "compression_ratio_test": (5e-3, 0.0),
    "acceleration_desired": (0.02, 0.0),
    "acceleration_test": (0.02, 0.0),
    "similarity_desired": (0.02, 0.02),
    "similarity_test": (0.02, 0.02),
    "gap": (0.05, 1e-5),
    "weight_on_perturbed": (0.01, 1e-3),
    "effective_examples": (0.01, 0.0),
}

#: Means over the seeds by experiment, policy and quantity; None where there is none, as where a loss was not reached.
Values = Mapping[str, Mapping[str, Mapping[str, float | None]]]


def main(argv: list[str] | None = None) -> None:
    """Run the small config and compare its numbers with the recorded ones, or record them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write the numbers down instead of comparing them")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        numbers = run(Path(folder))
    if options.record:
        record = RECORDS / f"{time.strftime('%Y-%m-%d')}-small/small.json"
        with files.whole(record) as temporary:
            temporary.write_text(json.dumps(numbers, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        count = len(_flat(numbers))
        print(f"{count} numbers are recorded in {record}: add a README.md beside it, as in other records")
        return
    different = differences(numbers, recorded())
    print("\n".join([*different, f"{len(_flat(numbers)) - len(different)} numbers are as recorded"]))
    if different:
        raise InputError(
            f"{len(different)} numbers are not as recorded in {newest()}, see above: find out what changed them."
        )


def run(folder: Path) -> Values:
    """Compute the experiments of the small config in a folder, and return their numbers."""
    names = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["experiments"]
    targets = [f"results-small/{name}/summary.parquet" for name in names]
    files_of_ours = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", str(CONFIG)]
    command = [sys.executable, "-m", "workflow.driver", *targets, "--cores", "all", *files_of_ours]
    environment = {"OMP_NUM_THREADS": "1"} | os.environ | {"PYTHONPATH": str(ROOT)}
    code = subprocess.run(command, cwd=folder, env=environment, check=False).returncode
    if code:
        raise InputError(f"the run of {CONFIG} ended with exit code {code}, expected 0: see what it printed above.")
    return values(folder / "results-small")


def values(results: Path) -> Values:
    """Return the numbers of every experiment in a folder of results."""
    numbers: dict[str, dict[str, dict[str, float | None]]] = {}
    for path in sorted(results.glob("*/summary.parquet")):
        for row in artifacts.read(path, SUMMARY_OVER_SEEDS).to_pylist():
            if row["quantity"] in TOLERANCES:
                numbers.setdefault(path.parent.name, {}).setdefault(row["policy"], {})[row["quantity"]] = row["mean"]
    return numbers


def newest() -> Path:
    """Return the newest record."""
    return max(RECORDS.glob("*/small.json"))


def recorded() -> Values:
    """Return the recorded numbers."""
    numbers: Values = json.loads(newest().read_text(encoding="utf-8"))
    return numbers


def differences(measured: Values, expected: Values) -> list[str]:
    """Return a sentence for each number that is missing, not recorded, or too far from the recorded one."""
    ours, theirs = _flat(measured), _flat(expected)
    sentences = []
    for key in sorted(ours.keys() | theirs.keys()):
        name, relative, absolute = ", ".join(key), *TOLERANCES[key[-1]]
        if key not in ours:
            sentences.append(f"{name} is missing, expected {_number(theirs[key])}.")
        elif key not in theirs:
            sentences.append(f"{name} is {_number(ours[key])}, but nothing is recorded: record it with --record.")
        elif not _close(ours[key], theirs[key], relative, absolute):
            allowed = f"{relative:.2%}" + (f" or {absolute:g}" if absolute else "")
            sentences.append(f"{name} is {_number(ours[key])}, expected {_number(theirs[key])} within {allowed}.")
    return sentences


def _close(ours: float | None, theirs: float | None, relative: float, absolute: float) -> bool:
    """Tell whether a number is as near to the recorded one as it has to be; none is as good as none alone."""
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(ours, theirs, rel_tol=relative, abs_tol=absolute)


def _flat(values: Values) -> dict[tuple[str, str, str], float | None]:
    """Return the numbers by experiment, policy and quantity together."""
    return {
        (experiment, policy, quantity): number
        for experiment, policies in values.items()
        for policy, numbers in policies.items()
        for quantity, number in numbers.items()
    }


def _number(value: float | None) -> str:
    """Write a number, or that there is none."""
    return "none" if value is None else f"{value:.6g}"


if __name__ == "__main__":
    stage.run(main)
