"""Time of everything in a search that is not training or reverse pass: operations on all T x N weights, one thread.

    python benchmarks/bookkeeping.py [--steps T] [--examples N]

The projection, a step of mirror descent, the log of an iteration, a checkpoint, a policy as Parquet. Prints processor
and wall seconds, and the number of copies of the weights in memory that take as long; on a GPU the time of a copy
gives an estimate from that number. The last column is the share of an outer iteration on a GPU at half of its float32
peak, if the operation were as slow there as on this machine.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import common
import numpy as np
import torch

from lawpipe.compute import devices
from lawpipe.cost.flops import Size
from lawpipe.engine import adjoint, policy, simplex
from lawpipe.engine.policy import Policy
from lawpipe.run import artifacts
from lawpipe.run.tables.policies import POLICY
from lawpipe.search import log_weights
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Iterate

#: Half of the float32 peak of a H100 or H200.
RATE = 33e12


def main(argv: list[str] | None = None) -> None:
    """Time every operation once, and print a table."""
    options = common.parser(__doc__, steps=1000, examples=4096).parse_args(argv)
    devices.device("cpu")
    shape = (options.steps, options.examples)
    generator = torch.Generator().manual_seed(0)
    gradient = torch.randn(shape, generator=generator).mul_(1e-4)
    weights = log_weights.policy_(torch.randn(shape, generator=generator).mul_(2))
    copied, trial = torch.empty_like(weights), torch.empty_like(weights)
    method = MirrorDescent()
    method.start(weights)
    point = Iterate(weights, None, 1.0, gradient)  # type: ignore[arg-type]

    def update() -> None:
        method.propose(point, log_weights.root_mean_square(gradient), trial, 0.7)
        log_weights.policy_(trial)

    def log() -> None:
        adjoint.gap(weights, gradient)
        sum(float((1 / rows.square().sum(dim=1)).sum(dtype=torch.float64)) for rows in torch.split(weights, 64))
        sum(int((rows > 0).sum()) for rows in torch.split(weights, 64))

    def write() -> None:
        columns = Policy(weights.numpy(), np.full(len(weights), 0.1)).columns("a benchmark")
        artifacts.write(file, POLICY, columns, settings={}, code="")

    with tempfile.TemporaryDirectory() as name:
        file, checkpoint = Path(name) / "policy.parquet", Checkpoint(Path(name))
        state = {"weights": weights, "gradient": gradient, "best": trial, **_tensors(method)}
        stages: dict[str, Callable[[], object]] = {
            "copy": lambda: copied.copy_(weights),
            "projection": lambda: simplex.project_(torch.add(weights, gradient, alpha=-1.0, out=copied)),
            "mirror-descent step": update,
            "log of an iteration": log,
            "checkpoint, written": lambda: checkpoint.save(state),
            "checkpoint, read": lambda: checkpoint.load(torch.device("cpu")),
            "policy, written": write,
            "policy, read": lambda: policy.load(file),
        }
        iteration = Size(*shape, 512, 512, 5000, 64, 128, 2).iteration() / RATE
        copied.copy_(weights)
        print(f"{shape[0]:,} x {shape[1]:,} weights, {weights.nbytes / 2**20:.0f} MiB")
        print(f"{'':<24}{'s':>8}{'wall s':>9}{'copies':>8}{'share of an iteration':>23}")
        first = 0.0
        for stage, action in stages.items():
            wall, processor = time.perf_counter(), time.process_time()
            action()
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            first = first or processor
            print(f"{stage:<24}{processor:>8.2f}{wall:>9.2f}{processor / first:>8.1f}{processor / iteration:>22.2%}")
        print(f"{'policy.parquet':<24}{file.stat().st_size / 2**20:>8.0f} MiB")
    common.print_machine()


def _tensors(method: MirrorDescent) -> dict[str, torch.Tensor]:
    """Return the tensors of a method that a checkpoint stores."""
    return {f"method_{name}": value for name, value in method.state().items() if isinstance(value, torch.Tensor)}


if __name__ == "__main__":
    main()
