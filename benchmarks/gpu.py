"""All measurements on a GPU, in one command that can be interrupted and called again.

    export PYTHONPATH=.                         the package need not be installed
    python benchmarks/gpu.py --prepare          anywhere: draws the examples of the paper's first size
    python benchmarks/gpu.py                    on the GPU machine: repeat until it prints "all done"
    python benchmarks/gpu.py --device cpu --reduced --output /tmp/records --state /tmp/state     a minute, toy sizes

The parts, in this order:

- `check` compares every way to compute a step and a gradient with float64 on the CPU;
- `steps` times forward and backward steps at the paper's four sizes, with their share of the speed of large products
  on the same GPU, peak memory, and the way of the public code;
- `search` runs the fast search and then the paper's at the first size, on real stories from the file LAWPIPE_STORIES,
  or on the embedded grammar with --grammar.

A call ends after --seconds. Finished parts are kept in --state and not repeated; a search continues from its
checkpoint. Each part writes a JSON record to --output, a search also its log, curves and fits. Needs PyTorch, numpy,
scipy, pandas and pyarrow; --prepare also needs the packages that read corpora.
"""

import argparse
import contextlib
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gpu_steps
import numpy as np
import torch

from lawpipe.analysis import fits
from lawpipe.analysis.acceleration import acceleration
from lawpipe.compute import matmul
from lawpipe.config import plan
from lawpipe.cost.flops import Size
from lawpipe.engine import policy, setup, trajectory
from lawpipe.run import artifacts, provenance
from lawpipe.run.splits import REFERENCES, REQUIRED
from lawpipe.run.tables.fits import FITS
from lawpipe.run.tables.measurements import CURVES
from lawpipe.run.tables.policies import SEARCH

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "benchmarks/paper_settings.json"

#: The sizes and iterations of a toy run, instead of the paper's.
REDUCED: dict[str, dict[str, Any]] = {
    "data": {"train_examples": 24, "desired_examples": 8, "test_examples": 8, "length": 12},
    "model": {"hidden": 16, "layers": 1, "heads": 2},
    "training": {"steps": 40, "learning_rate": 0.3},
}
REDUCED_ITERATIONS = 3

#: The search methods with their iterations: the fast method, then the paper's, for as many iterations as fit.
METHODS = {"feedback_descent": 8, "projected_gradient": 15}

#: The paper's search of a language model.
PUBLISHED = {"rate": 0.4, "decay": "constant"}

#: Seconds reserved for the end of a call.
MARGIN = 15


class Later(Exception):
    """Raised when the time of the call is over; another call continues."""


def main(argv: list[str] | None = None) -> int:
    """Do the remaining parts; return 0 if all are done, 75 if another call has to continue, 1 if a check failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--reduced", action="store_true", help="toy sizes, stories from the grammar")
    parser.add_argument("--prepare", action="store_true", help="only draw the examples")
    parser.add_argument("--grammar", action="store_true", help="stories from the embedded grammar, byte-pair tokens")
    parser.add_argument(
        "--row", default="transformer_1k", help="the experiment of config/paper.yaml that is searched"
    )
    parser.add_argument("--precision", default="float32", help="of the search: float32, tf32 or bfloat16")
    parser.add_argument("--evaluations", type=int, help="gradient evaluations of the fast search, 8 by default")
    parser.add_argument("--seconds", type=float, default=570.0, help="when this call ends")
    parser.add_argument("--state", type=Path, default=ROOT / "results-gpu", help="folder of the unfinished work")
    parser.add_argument("--output", type=Path, help="folder of the records; benchmarks/records/DATE-gpu by default")
    options = parser.parse_args(argv)
    options.output = options.output or ROOT / f"benchmarks/records/{time.strftime('%Y-%m-%d', time.gmtime())}-gpu"
    options.deadline = time.monotonic() + options.seconds
    options.command = shlex.join(["python", "benchmarks/gpu.py", *(sys.argv[1:] if argv is None else argv)])
    if options.prepare:
        prepare(options)
        return 0
    device = torch.device(options.device)
    try:
        done = [part(options, device) for part in (check, steps)]
        done += [search(options, method) for method in METHODS]
    except Later as later:
        print(f"to be continued: {later}; call again")
        return 75
    print("all done" if all(done) else "a check failed")
    return 0 if all(done) else 1


def settings(options: argparse.Namespace, row: str) -> dict[str, Any]:
    """Return the complete settings of an experiment of config/paper.yaml, with this run's changes."""
    result: dict[str, Any] = json.loads(SETTINGS.read_text(encoding="utf-8"))[row]
    result["device"] = options.device
    result["training"]["precision"] = options.precision
    data = result["data"]
    if stories := os.environ.get("LAWPIPE_STORIES"):
        data["corpus"] |= {"source": "file", "path": str(Path(stories).resolve())}
    elif options.grammar or options.reduced:
        data["corpus"] |= {"source": "grammar", "stories": 40_000}
        data["tokenizer"]["kind"] = "bpe"
    if options.reduced:
        for block, values in REDUCED.items():
            result[block] |= values
        data["corpus"]["stories"] = 300
        data["tokenizer"] |= {"kind": "bpe", "vocabulary": 300}
    return result


def files(options: argparse.Namespace) -> dict[str, Path]:
    """Return the paths of the examples and initial parameters of the searched experiment."""
    folder = options.state / "examples" / options.row
    return {name: folder / f"{name}.parquet" for name in (*REQUIRED, "theta0")}


def prepare(options: argparse.Namespace) -> None:
    """Draw examples and initial parameters as the workflow does, unless they exist."""
    placed = files(options)
    if all(path.is_file() for path in placed.values()):
        return
    from scripts import generate_data, initialise, prepare_corpus

    own, folder = settings(options, options.row), placed["train"].parent
    splits = {name: placed[name] for name in REQUIRED}
    corpus = {"tokenizer": folder / "tokenizer.json", "glimpse": folder / "corpus.json"}
    tokens = {"tokens": folder / "tokens.parquet"}
    run(prepare_corpus, own, "prepare_corpus", options, **corpus, **tokens)
    run(generate_data, own, "generate_data", options, **tokens, **splits)
    run(initialise, own, "initialise", options, train=placed["train"], theta0=placed["theta0"])
    # The file is large and no longer needed.
    tokens["tokens"].unlink()


def run(script: Any, own: Mapping[str, Any], stage: str, options: argparse.Namespace, **paths: Path) -> None:
    """Call a stage's script with its settings."""
    script.main(arguments(own, stage, options, **paths))


def arguments(own: Mapping[str, Any], stage: str, options: argparse.Namespace, **paths: Path) -> list[str]:
    """Return the command line of a stage's script."""
    seed = own["seeds"][0]
    given = plan.stage_settings(own, stage, options.row, seed=None if stage in plan.FOR_ALL_SEEDS else seed)
    return [
        "--settings",
        json.dumps(given),
        *(text for name, path in paths.items() for text in (f"--{name}", str(path))),
    ]


def check(options: argparse.Namespace, device: torch.device) -> bool:
    """Compare every way of computing a step with float64 on the CPU."""

    def measure() -> dict[str, Any]:
        rows = gpu_steps.check(device, tuple(gpu_steps.ALLOWED))
        return {"rows": rows, "right": all(row["right"] for row in rows)}

    results = part(options, "check", measure)
    wrong = [row for row in results["rows"] if not row["right"]]
    print(f"check: {len(results['rows']) - len(wrong)} of {len(results['rows'])} ways are right", *wrong, sep="\n")
    return bool(results["right"])


def steps(options: argparse.Namespace, device: torch.device) -> bool:
    """Time steps at the paper's four sizes, one part per size; every way of computing them at the smallest."""
    repeats, width = (1, 256) if options.reduced else (3, 8192)
    ceiling = part(options, "ceilings", lambda: gpu_steps.ceilings(device, width))
    sizes = json.loads(SETTINGS.read_text(encoding="utf-8"))
    sizes = {row: own for row, own in sizes.items() if own["problem"] == "language_model"}
    for index, row in enumerate(sorted(sizes, key=lambda row: sizes[row]["training"]["steps"])):
        own = settings(options, row)
        size, heads = Size.of(own), own["model"]["heads"]
        if device.type != "cuda":
            # On a CPU a few examples are enough.
            size = replace(size, examples=min(size.examples, 64))
        ways: list[dict[str, Any]] = [{"precision": kind} for kind in ("float32", *matmul.ROUNDED)]
        if index == 0:
            tokens = [size.length * count for count in (64, 256, 1024) if count < size.examples]
            shapes = [{"micro_batch": count, "graphs": graphs} for count in tokens for graphs in (False, True)]
            if device.type == "cuda":
                shapes += [{"chunk": numbers} for numbers in gpu_steps.CHUNKS]
                ways += [{"precision": kind, "kernels": False} for kind in matmul.ROUNDED]
            ways += [{"precision": kind, **way} for kind in ("float32", "tf32") for way in shapes]

        def measure(size: Size = size, heads: int = heads, ways: list[dict[str, Any]] = ways) -> dict[str, Any]:
            rows = [entry for way in ways for entry in gpu_steps.step(size, heads, device, ceiling, repeats, **way)]
            return {
                "rows": rows,
                "public": gpu_steps.public_step(size, heads, device, repeats),
                "rounding": gpu_steps.rounding_errors(size, heads, device, ("float32", *matmul.ROUNDED)),
                "ceilings": ceiling,
            }

        results = part(
            options, f"steps-{row}", measure, steps=size.steps, examples=size.examples, vocabulary=size.vocabulary
        )
        for entry in results["rows"]:
            share = entry["share_of_ceiling"]
            way = {
                name: entry[name]
                for name in entry
                if name in ("precision", "kernels", "graphs", "micro_batch", "chunk")
            }
            print(f"{row}: {entry['pass']} {entry['seconds']:.4g} s, share {share and round(share, 3)}, {way}")
        print(f"{row}: the public code's backward step {results['public']['seconds']:.4g} s")
    return True


def part(options: argparse.Namespace, name: str, measure: Any, **sizes: int) -> dict[str, Any]:
    """Return the results of a part, from an earlier call or measured now; raise Later if the time is over."""
    kept = options.state / f"{name}{'-reduced' if options.reduced else ''}.json"
    if kept.is_file():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    if time.monotonic() > options.deadline - MARGIN:
        raise Later(f"{name} is next")
    started = time.monotonic()
    results = measure() | sizes
    results["seconds"] = round(time.monotonic() - started, 3)
    record(options, name, results)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(results), encoding="utf-8")
    return dict(results)


def record(options: argparse.Namespace, name: str, results: Mapping[str, Any]) -> None:
    """Write a record: the results, with the machine, date, commit and command."""
    cuda = options.device != "cpu" and torch.cuda.is_available()
    card = torch.cuda.get_device_properties(options.device) if cuda else None
    hardware = provenance.hardware() | {
        "card": card.name if card else None,
        "card_memory_gib": round(card.total_memory / 2**30, 1) if card else None,
    }
    whole = {
        "name": name,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": provenance.git_state()["commit"] or os.environ.get("LAWPIPE_COMMIT"),
        "command": options.command,
        "hardware": hardware,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "reduced": options.reduced,
        **results,
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / f"{file_name(options, name)}.json").write_text(
        json.dumps(whole, indent=1) + "\n", encoding="utf-8"
    )


def file_name(options: argparse.Namespace, name: str) -> str:
    """Return the name of a record's files, without suffix."""
    device = torch.cuda.get_device_name() if options.device != "cpu" and torch.cuda.is_available() else "cpu"
    return f"gpu-{name}-{device.lower().replace(' ', '-')}"


def search(options: argparse.Namespace, method: str) -> bool:
    """Search, or continue a search, unless it is done; then train under its policy and fit the curves."""
    prepare(options)
    name = f"{options.row}-{method}-{options.precision}"
    folder = options.state / f"{name}{'-reduced' if options.reduced else ''}"
    own = settings(options, options.row)
    asked = options.evaluations if method == "feedback_descent" else None
    iterations = asked or (REDUCED_ITERATIONS if options.reduced else METHODS[method])
    rate = PUBLISHED if method == "projected_gradient" else {"rate": None, "decay": "constant"}
    own["search"] = {"method": method, "iterations": iterations, "gap_tolerance": 0.0, "snapshots": [], **rate}
    log, near_optimal = folder / "search.parquet", folder / "policies/near_optimal.parquet"
    if not log.is_file():
        proceed(options, own, folder, log)
    part(options, f"search-{name}", lambda: evaluate(options, own, folder, near_optimal, log, name))
    return True


def proceed(options: argparse.Namespace, own: Mapping[str, Any], folder: Path, log: Path) -> None:
    """Run the search script until it is done; raise Later if the time of the call is over before."""
    left = options.deadline - MARGIN - time.monotonic()
    if left <= 0:
        raise Later(f"the search {folder.name} is next")
    paths = files(options) | {"search": log, "policies": folder / "policies", "state": folder / ".search-state"}
    command = [sys.executable, str(ROOT / "scripts/search.py"), *arguments(own, "search", options, **paths)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment)
    try:
        process.wait(left)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        process.wait()
    spent(folder, time.monotonic() - started)
    if process.returncode == 128 + signal.SIGTERM:
        raise Later(f"the search {folder.name} goes on")
    if process.returncode:
        raise SystemExit(f"the search failed with exit code {process.returncode}")


def spent(folder: Path, more: float = 0.0) -> float:
    """Add to the total seconds of a search over all calls, and return the total."""
    path = folder / "seconds.json"
    total = more + (json.loads(path.read_text(encoding="utf-8")) if path.is_file() else 0.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(total), encoding="utf-8")
    return float(total)


def evaluate(
    options: argparse.Namespace, own: Mapping[str, Any], folder: Path, near_optimal: Path, log: Path, name: str
) -> dict[str, Any]:
    """Train under the conventional and the searched policy; write curves, fits and log next to the record."""
    problem, theta0 = setup.from_files(own, files(options))
    loaded = policy.load(near_optimal)
    device = {"dtype": problem.dtype, "device": problem.device}
    weights = {
        "conventional": torch.full((1, 1), 1 / problem.examples, **device).expand(loaded.weights.shape),
        "near_optimal": torch.as_tensor(loaded.weights, **device),
    }
    trained = {
        key: trajectory.train(problem, theta0, value, loaded.learning_rates.tolist())
        for key, value in weights.items()
    }
    curves = {key: {against: training.curve(against) for against in REFERENCES} for key, training in trained.items()}
    count = len(loaded.learning_rates) + 1
    columns = {
        "policy": np.repeat([*curves], count),
        "step": np.tile(np.arange(count, dtype=np.int32), len(curves)),
        # Training losses are left out, because they would take another pass over all examples.
        "train_loss": [None] * (count * len(curves)),
        **{
            f"{against}_loss": np.concatenate([curve[against] for curve in curves.values()]) for against in REFERENCES
        },
    }
    stored = {key: folder / f"{key}.parquet" for key in ("curves", "fits")}
    artifacts.write(stored["curves"], CURVES, columns, settings=dict(own), code="")
    losses = {against: {key: curve[against] for key, curve in curves.items()} for against in REFERENCES}
    rows = fits.rows(losses)
    laws = {name: [row[name] for row in rows] for name in FITS.columns}
    artifacts.write(stored["fits"], FITS, laws, settings=dict(own), code="")
    options.output.mkdir(parents=True, exist_ok=True)
    base = file_name(options, f"search-{name}")
    for key, path in {"search": log, "curves": stored["curves"], "fits": stored["fits"]}.items():
        shutil.copyfile(path, options.output / f"{base}.{key}.parquet")
    iterations = artifacts.read(log, SEARCH).to_pylist()
    return {
        "experiment": options.row,
        "method": own["search"]["method"],
        "precision": options.precision,
        "corpus": own["data"]["corpus"]["source"],
        "tokenizer": own["data"]["tokenizer"]["kind"],
        "steps": own["training"]["steps"],
        "examples": own["data"]["train_examples"],
        "vocabulary": own["data"]["tokenizer"]["vocabulary"],
        "evaluations": iterations[-1]["evaluations"],
        "cost": iterations[-1]["cost"],
        "search_seconds": round(spent(folder), 1),
        "objective": {key: float(np.mean(curve["desired"][1:])) for key, curve in curves.items()},
        "objective_test": {key: float(np.mean(curve["test"][1:])) for key, curve in curves.items()},
        "acceleration": {
            against: acceleration(curves["near_optimal"][against], curves["conventional"][against])
            for against in REFERENCES
        },
    }


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
