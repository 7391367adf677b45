"""Several processes of one job, started by torchrun: each runs the same script with the same arguments.

The processes divide the examples (lawpipe.problems.sharded). Everything else is the same in each, so that they take
the same decisions. Only the process of rank 0 writes files and prints. All stop at the same iteration, and none waits
for a process that has ended. Without torchrun there is one process, and PyTorch is not imported here.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import timedelta
from pathlib import Path

from lawpipe.run.errors import InputError

#: Time that a process waits for another that neither answers nor ends.
PATIENCE = timedelta(minutes=10)

#: Seconds within which the launcher stops all processes after one has ended: it checks ten times a second.
NOTICE = 5.0

#: Exit code of a process that leaves it to its launcher to say that another node does not answer.
UNANSWERED = os.EX_UNAVAILABLE

#: Number of the process that started this one.
PARENT = os.getppid()


def world_size() -> int:
    """Return the number of processes."""
    # Other programs set WORLD_SIZE too, but only torchrun sets TORCHELASTIC_RUN_ID.
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def rank() -> int:
    """Return this process's number, from 0."""
    return int(os.environ["RANK"]) if world_size() > 1 else 0


def is_main() -> bool:
    """Return whether this process is the one that writes files and prints."""
    return rank() == 0


@contextmanager
def process_group() -> Iterator[None]:
    """Connect the processes within the block; all but the first print nothing.

    The backend is NCCL for tensors on GPUs and Gloo for others. An error does not wait for the other processes.
    """
    if world_size() == 1:
        yield
        return
    import torch
    import torch.distributed as dist

    # One backend for each kind of tensor; NCCL is loaded with the first tensor on a GPU.
    backends = "cpu:gloo,cuda:nccl" if dist.is_nccl_available() and torch.cuda.is_available() else "gloo"
    with collective():
        dist.init_process_group(backends, timeout=PATIENCE)
    # A process that is connected to all others could end before these are connected to each other.
    total([0.0])
    with Path(os.devnull).open("w") as null:
        out, err = (sys.stdout, sys.stderr) if is_main() else (null, null)
        with redirect_stdout(out), redirect_stderr(err):
            yield
    dist.destroy_process_group()


@contextmanager
def collective() -> Iterator[None]:
    """Turn an error of a collective operation into an InputError: another process does not answer.

    If another process has ended, the launcher reports how and stops the rest first.
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
    if world_size() == 1:
        return list(values)
    import torch
    import torch.distributed as dist

    sums = torch.tensor(values, dtype=torch.float64)
    with collective():
        dist.all_reduce(sums)
    result: list[float] = sums.tolist()
    return result


def agreed_signal(asked: int | None) -> int | None:
    """Return, in all processes, the number of a signal to stop that any of them received; None if none did.

    A process whose torchrun has ended counts as if it had received SIGTERM.
    """
    if world_size() == 1:
        return asked
    if without_launcher():
        asked = signal.SIGTERM
    numbers = [0.0] * world_size()
    numbers[rank()] = float(asked or 0)
    return int(max(total(numbers))) or None


def without_launcher() -> bool:
    """Return whether there is no launcher that reports the signal which ends the processes."""
    return world_size() == 1 or os.getppid() != PARENT


def reporting() -> tuple[bool, int]:
    """Return whether this process reports the error that ends the job, and its exit code.

    The first process that asks reports. They ask the launcher of the first node; where it has ended, the launcher
    that started this process reports instead.
    """
    if without_launcher():
        return is_main(), 1
    import torch.distributed as dist

    try:
        return dist.distributed_c10d._get_default_store().add("said", 1) == 1, 1
    except ValueError:
        # The processes are not connected yet.
        return is_main(), 1
    except RuntimeError:
        return False, UNANSWERED
