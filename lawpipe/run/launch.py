"""Start a script in one or several processes: `python -m lawpipe.run.launch PROCESSES [--nodes N] SCRIPT ARGUMENTS`.

One process runs the script directly. Several run as `torchrun --standalone --nproc-per-node PROCESSES SCRIPT
ARGUMENTS`, without torchrun's own tracebacks: the script reports its error, and the launcher the signal that stopped
or killed a process. The exit code is that of the script, or 128 + the number of the signal.

In a Slurm job of N nodes, `--nodes N` divides the processes among them: `srun` starts one launcher per node, and
these find each other at a port of the first node (torchrun's c10d rendezvous). Elsewhere all run on this machine.
"""

import argparse
import logging
import os
import re
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress

from lawpipe.run import distributed, signals

#: Environment variables: of Slurm, the number of nodes of a job and the number of the node that a task runs on; ours,
#: the address at which the launchers of several nodes find each other.
NODES, NODE, MEETING = "SLURM_JOB_NUM_NODES", "SLURM_NODEID", "LAWPIPE_RENDEZVOUS"


def main() -> None:
    """Start the script."""
    parser = argparse.ArgumentParser(prog="python -m lawpipe.run.launch", allow_abbrev=False)
    parser.add_argument("processes", type=int)
    parser.add_argument("--nodes", type=int, default=1, help="of a Slurm job, a number that divides the processes")
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    count, nodes, script, arguments = options.processes, options.nodes, options.script, options.arguments
    if count < 1 or nodes < 1 or count % nodes:
        parser.error(
            f"found {count} processes on {nodes} nodes, expected at least 1 of each, the same on every node."
        )
    if count == 1:
        os.execv(sys.executable, [sys.executable, script, *arguments])
    allocated = os.environ.get(NODES, "1")
    if nodes == 1 or allocated != str(nodes):
        if nodes > 1 and allocated != "1":
            print(
                f"the config's nodes is {nodes}, but this Slurm job has {allocated}: all {count} processes run on "
                "this one. To divide them, ask for as many nodes.",
                file=sys.stderr,
                flush=True,
            )
        run(count, script, arguments, ["--standalone"], of=count)
    elif MEETING not in os.environ:
        spread(nodes)
    else:
        place, node = os.environ[MEETING], os.environ.get(NODE)
        if node is None or not re.fullmatch(r".+:\d+", place):
            parser.error(
                f"found {MEETING}={place} and {NODE}={node}, expected HOST:PORT and the number of a node, which this "
                f"launcher and srun set: unset {MEETING}."
            )
        if node != "0":
            # The process with which a stage ends runs on the first node.
            os.environ.pop(signals.STARTED_BY, None)
        meeting = [f"--nnodes={nodes}", "--rdzv-backend=c10d", f"--rdzv-endpoint={place}", f"--rdzv-id={place}"]
        run(count // nodes, script, arguments, meeting, of=count)


def spread(nodes: int) -> None:
    """Become an srun that starts this launcher once on each node of the Slurm job, with a place to meet."""
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    # What Slurm said of the step that this process is in would be taken for options of the new one.
    kept = ("SLURM_JOB_ID", "SLURM_JOBID", "SLURM_CONF")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_") or name in kept}
    environment[MEETING] = f"{socket.gethostname()}:{port}"
    # The new step shares the cores and the memory of this one, which only waits.
    options = ["--overlap", f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1", "--kill-on-bad-exit=1"]
    command = ["srun", *options, "--quit-on-interrupt", "--quiet", sys.executable, "-m", "lawpipe.run.launch"]
    try:
        os.execvpe(command[0], [*command, *sys.argv[1:]], environment)
    except OSError as error:
        sys.exit(
            f"error: srun cannot be started ({error.strerror}), expected Slurm's, which divides the processes among "
            f"{nodes} nodes: put it on the PATH, or set nodes to 1."
        )


def run(count: int, script: str, arguments: Sequence[str], meeting: Sequence[str], *, of: int) -> None:
    """Run the script in `count` of all `of` processes on this machine, by torchrun with the options `meeting`."""
    # PyTorch's C++ would log the end of another process, which the launcher reports. It reads this when it is loaded.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    from torch.distributed import run as torchrun
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous import RendezvousError

    logging.disable(logging.CRITICAL)
    # Snakemake sets it to the threads of the job, which here are the processes.
    os.environ["OMP_NUM_THREADS"] = "1"
    unanswered = f"error: another node of this job, which runs some of its {of} processes, does not answer: "
    said = ""
    try:
        with tempfile.TemporaryDirectory() as logs:  # torchrun does not remove its own
            torchrun.main([*meeting, f"--nproc-per-node={count}", "--log-dir", logs, script, *arguments])
    except ChildFailedError as error:
        failed = [failure.exitcode for failure in error.failures.values()]
        codes = [128 - code if code < 0 else code for code in failed]
        # When one process has ended, torchrun stops the others with SIGTERM.
        causes = [code for code in codes if code != 128 + signal.SIGTERM] or codes
        code = max(causes)
        if code > 128:
            said = f"error: one of the {of} processes of this job was killed by {signal.Signals(code - 128).name}: "
        elif code == distributed.UNANSWERED:
            # A process that ended otherwise has reported its error.
            code, said = 1, unanswered if {*causes} == {code} else ""
    except SignalException as stopped:
        code = 128 + stopped.sigval
    except RendezvousError:
        code, said = 1, unanswered
    else:
        return
    # The reader of stderr may have been stopped as well.
    with suppress(OSError):
        if code - 128 in signals.SIGNALS:
            print(signals.Stopped(code - 128), file=sys.stderr, flush=True)
        elif said:
            print(f"{said}run again, and a search goes on from where it was.", file=sys.stderr, flush=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
