"""Growth of time and memory with the examples N, the steps T and the parameters P, on one core.

    python benchmarks/growth.py [--output benchmarks/records/DATE-growth/growth.parquet]

Time is that of one gradient evaluation (a training run and its reverse pass) of both problems, in processor seconds
of one thread, the median of runs in turn. One of N, T and P varies while the others keep their base values. Memory is
the increase of resident memory in such an evaluation of a language model with few examples, each in its own process,
with the parameters of all steps kept or with checkpoints. Prints a table; the report draws the file.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import common
import language_model
import pandas as pd
import torch
from torch import Tensor

from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.checkpoints import Budget
from lawpipe.problems.base import Problem
from lawpipe.run import files, provenance

PERCEPTRON = {"examples": 2048, "steps": 400, "dimension": 64}
STORIES = {"examples": 32, "steps": 8, "hidden": 32}

#: What varies, by problem: the key in the sizes above, its name on the axis, its values.
VARIED = {
    "perceptron": (
        ("examples", "N", (512, 1024, 2048, 4096, 8192)),
        ("steps", "T", (100, 200, 400, 800, 1600)),
        ("dimension", "P", (16, 32, 64, 128, 256)),
    ),
    "language_model": (
        ("examples", "N", (8, 16, 32, 64, 128)),
        ("steps", "T", (2, 4, 8, 16, 32)),
        ("hidden", "P", (16, 32, 64, 128)),
    ),
}

#: The steps of the runs whose memory is measured, and the ways to keep their parameters: the budget in bytes.
MEMORY_STEPS = (16, 32, 64, 128, 256)
KEPT = {"whole": Budget(2**40), "checkpoints": Budget(0)}


def main(argv: list[str] | None = None) -> None:
    """Measure, print and write."""
    parser = common.parser(__doc__, repeats=3)
    parser.add_argument("--output", type=Path, help="a Parquet file for the rows")
    parser.add_argument("--memory", nargs=2, metavar=("STEPS", "KEPT"), help="only print the memory of one run, MB")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    if options.memory:
        print(json.dumps(memory(int(options.memory[0]), options.memory[1])))
        return
    rows = [*times("perceptron", options.repeats), *times("language_model", options.repeats), *memories()]
    print(pd.DataFrame(rows).to_string(index=False))
    if options.output is not None:
        hardware = provenance.hardware()
        machine = f"one core of {hardware['processor']}"
        table = pd.DataFrame(rows).assign(machine=machine, date=time.strftime("%Y-%m-%d"))
        with files.whole(options.output) as temporary:
            table.to_parquet(temporary, index=False)


def problem(name: str, sizes: dict[str, int]) -> tuple[Problem, Tensor]:
    """Return a problem of some sizes and its initial parameters."""
    if name == "language_model":
        others = {"desired": 8, "vocabulary": 500, "length": 16, "heads": 4}
        drawn, theta0, _ = language_model.draw(others | sizes)
        return drawn, theta0
    splits = common.perceptron_examples(sizes["examples"], 128, sizes["dimension"])
    return common.perceptron(splits), torch.zeros(sizes["dimension"])


def evaluate(drawn: Problem, theta0: Tensor, steps: int, budget: Budget | None = None) -> Tensor:
    """Evaluate the gradient at the conventional policy."""
    weights = common.uniform(steps, drawn.examples)
    return adjoint.gradient(trajectory.train(drawn, theta0, weights, [0.1] * steps, budget))


def times(name: str, repeats: int) -> list[dict[str, object]]:
    """Return the rows of one problem's times: the median of runs in turn."""
    base = PERCEPTRON if name == "perceptron" else STORIES
    cases = [(axis, base | {key: value}) for key, axis, values in VARIED[name] for value in values]
    drawn = [problem(name, sizes) for _, sizes in cases]
    actions = {
        str(index): lambda given=given, steps=sizes["steps"]: evaluate(*given, steps)
        for index, ((_, sizes), given) in enumerate(zip(cases, drawn, strict=True))
    }
    seconds = common.interleaved(actions, repeats)
    return [
        {
            "problem": name,
            "quantity": "seconds",
            "kept": "whole",
            "axis": axis,
            "size": {"N": built.examples, "T": sizes["steps"], "P": built.parameters}[axis],
            "value": value,
        }
        for (axis, sizes), (built, _), value in zip(cases, drawn, seconds.values(), strict=True)
    ]


def memory(steps: int, kept: str) -> float:
    """Return the increase of resident memory in an evaluation with few examples, MB."""
    built, theta0 = problem("language_model", STORIES | {"examples": 2, "hidden": 128})
    evaluate(built, theta0, 2)  # so that what the library allocates at its first use does not count
    return common.working_memory(lambda: evaluate(built, theta0, steps, KEPT[kept]))


def memories() -> list[dict[str, object]]:
    """Return the rows of memory against T, each measured in its own process."""
    rows: list[dict[str, object]] = []
    for kept in KEPT:
        for steps in MEMORY_STEPS:
            command = [sys.executable, __file__, "--memory", str(steps), kept]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            value = json.loads(run.stdout)
            row = {"problem": "language_model", "quantity": "megabytes", "kept": kept, "axis": "T"}
            rows.append(row | {"size": steps, "value": value})
    return rows


if __name__ == "__main__":
    main()
