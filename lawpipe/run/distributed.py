"""Several processes in one job, as torchrun starts them: the same script with the same arguments, once in each.

They share the examples (lawpipe.problems.sharded) and hold all else alike, so that they take the same decisions. The
first alone writes files and speaks. All stop at the same iteration, and none waits for one that is gone. Outside of
torchrun there is one process, and everything here costs nothing: PyTorch is imported only where there are several.
"""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from datetime import timedelta
from pathlib import Path

from lawpipe.run.errors import InputError

#: How long a process waits for another that neither answers nor ends.
PATIENCE = timedelta(minutes=10)

#: Seconds within which the launcher stops the processes of which one has ended: it looks ten times a second.
NOTICE = 5.0

#: Who started this process.
PARENT = os.getppid()


def world_size() -> int:
    """Return how many processes there are."""
    # Other programs set WORLD_SIZE too; torchrun alone gives its run a name.
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def rank() -> int:
    """Return this process's number, from 0."""
    return int(os.environ["RANK"]) if world_size() > 1 else 0


def local_rank() -> int:
    """Return this process's number among those of its machine, from 0: that of its GPU."""
    return int(os.environ["LOCAL_RANK"]) if world_size() > 1 else 0


def is_main() -> bool:
    """Tell whether this process is the one that writes and speaks."""
    return rank() == 0


@contextmanager
def process_group() -> Iterator[None]:
    """Within the block the processes can reach one another, and all but the first are silent.

    On GPUs they talk through NCCL, on processors through Gloo. After an error the others are not waited for.
    """
    if world_size() == 1:
        yield
        return
    import torch
    import torch.distributed as dist

    # Each kind of tensor goes its own way; NCCL itself comes in only with the first that is on a GPU.
    ways = "cpu:gloo,cuda:nccl" if dist.is_nccl_available() and torch.cuda.is_available() else "gloo"
    with collective():
        dist.init_process_group(ways, timeout=PATIENCE)
    # One that has met all others may leave again before these have met each other.
    _added([0.0])
    with _silence() if not is_main() else nullcontext():
        yield
    dist.destroy_process_group()


@contextmanager
def collective() -> Iterator[None]:
    """Around what all processes do together; InputError where another does not answer.

    Where another has ended, the launcher sees how, stops the rest and says so.
    """
    try:
        yield
    except RuntimeError as error:
        time.sleep(NOTICE)
        raise InputError(
            f"another of the {world_size()} processes of this job does not answer: run again, and a search goes on "
            "from where it was."
        ) from error


def total(values: Sequence[float]) -> list[float]:
    """Return the sum of each number over the processes."""
    return _added(values) if world_size() > 1 else list(values)


def agreed_signal(asked: int | None) -> int | None:
    """Return the number of a signal that any process was asked to stop by, in all of them; None if none was.

    A process whose torchrun is gone counts as asked.
    """
    if world_size() == 1:
        return asked
    if without_launcher():
        asked = signal.SIGTERM
    numbers = [0.0] * world_size()
    numbers[rank()] = float(asked or 0)
    return int(max(_added(numbers))) or None


def without_launcher() -> bool:
    """Tell whether no launcher is there to say by which signal the processes end."""
    return world_size() == 1 or os.getppid() != PARENT


def should_report() -> bool:
    """Tell whether this process says what mistake ends the job: where several find one, the first to ask."""
    if without_launcher():
        return is_main()
    import torch.distributed as dist

    try:
        return dist.distributed_c10d._get_default_store().add("said", 1) == 1
    except (RuntimeError, ValueError):
        # They have not met yet.
        return is_main()


def _added(values: Sequence[float]) -> list[float]:
    """Add up numbers over the processes."""
    import torch
    import torch.distributed as dist

    sums = torch.tensor(values, dtype=torch.float64)
    with collective():
        dist.all_reduce(sums)
    result: list[float] = sums.tolist()
    return result


@contextmanager
def _silence() -> Iterator[None]:
    """Print nothing within the block."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield
