"""The command `lawpipe`: describe an artifact, or estimate the cost of a config.

    lawpipe inspect results/perceptron/seed0/search.parquet

prints the artifact's columns, its settings, the code and the versions that made it, and the cost of its job.

    lawpipe estimate config/paper.yaml

prints operations, memory, disk and time of the config's stages at the speed of this machine, measured in two seconds.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lawpipe.config import source
from lawpipe.config.resolve import resolve
from lawpipe.cost import estimate
from lawpipe.paper.values import leaves
from lawpipe.run import artifacts

#: The config that a config without experiments is merged over: that of the project whose code this is.
DEFAULT = Path(__file__).resolve().parents[2] / "config/config.yaml"


def main(argv: list[str] | None = None) -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(prog="lawpipe", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    inspecting = commands.add_parser("inspect", help="print an artifact's columns, settings, code, versions and cost")
    inspecting.add_argument("file", type=Path, help="a Parquet file that lawpipe wrote")
    estimating = commands.add_parser("estimate", help="print the operations, memory, disk and time of a config")
    estimating.add_argument("config", type=Path, nargs="?", default=DEFAULT, help="a YAML file")
    options = parser.parse_args(argv)
    print(inspect(options.file) if options.command == "inspect" else estimated(options.config))


def estimated(path: Path) -> str:
    """Describe the cost of a config's experiments; a config without experiments is merged over the default.

    Raises InputError if the config, or the default, cannot be read or is not valid.
    """
    raw = source.read(path)
    if isinstance(raw, dict) and "experiments" not in raw:
        raw = source.read(DEFAULT) | raw
    experiments = resolve(raw, stories=os.environ.get("LAWPIPE_STORIES")).experiments
    return estimate.describe(experiments, estimate.measure_speed(experiments))


def inspect(path: Path) -> str:
    """Describe an artifact: its columns; the settings, code and versions in its metadata; the cost of its job.

    Raises InputError if the file is missing, damaged or not written by lawpipe.
    """
    artifacts.read_parquet(path, [])  # raises if it is not Parquet
    stored, schema = artifacts.metadata(path), pq.read_schema(path)
    lines = [f"{path}: {pq.read_metadata(path).num_rows} rows, {path.stat().st_size:,} bytes", "", "columns"]
    lines += [f"  {field.name}: {field.type}" for field in schema]
    lines += ["", "settings", *(f"  {key}: {json.dumps(value)}" for key, value in leaves(stored["settings"]))]
    lines += ["", f"code: {stored['code']}"]
    lines += ["versions: " + ", ".join(f"{name} {version}" for name, version in stored["versions"].items())]
    cost = _cost(path)
    if cost is None:
        return "\n".join([*lines, "cost: no cost file names this artifact"])
    took = f"{cost['seconds']:.1f} s, {cost['peak_memory_mb']:.0f} MB, on {cost['hardware']['processor']}"
    state = cost["git"]["commit"] or "no git commit"
    return "\n".join([*lines, f"cost: {took}, {cost['started']}, {state} (stage {cost['stage']})"])


def _cost(path: Path) -> dict[str, Any] | None:
    """Return the cost file that lists an artifact, from a folder `cost` above it; None if there is none."""
    for folder in path.resolve().parents[:3]:
        for file in sorted((folder / "cost").glob("*.json")):
            cost: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if path.resolve().relative_to(folder).as_posix() in cost.get("files", []):
                return cost
    return None
