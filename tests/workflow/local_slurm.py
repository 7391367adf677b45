"""A Slurm on this machine, for the tests of the cluster profile: Debian's slurm-wlm, started as root.

Each node is a daemon of its own on the loopback interface.

Slurm clears its own environment variables from jobs, so its configuration has to stand at Debian's default place; the
daemons are started only if there is no other Slurm there.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CONFIGURATION = Path("/etc/slurm/slurm.conf")
GPUS = CONFIGURATION.with_name("gres.conf")
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue")

TEXT = """ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={spool}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
MinJobAge=86400
MpiDefault=none
GresTypes=gpu
JobRequeue=0
PartitionName=short Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cores} RealMemory={memory} "
    "Gres=gpu:{gpus}\n"
)
#: A GPU of a node, as far as Slurm counts them; no job can compute on it.
GPU = "Name=gpu File=/dev/null\n"


class DoesNotStart(Exception):
    """This machine lets no Slurm be started."""


def why_not() -> str:
    """Say why no Slurm can be started here; empty if one can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed (Debian: slurm-wlm, munge)"
    if os.geteuid() != 0:
        return "starting Slurm needs root"
    return next((f"{file} belongs to another Slurm" for file in (CONFIGURATION, GPUS) if file.exists()), "")


@contextmanager
def running(folder: Path, nodes: int = 1, gpus: int = 0) -> Iterator[None]:
    """Start a Slurm of some nodes, named node1 and so on, with its state in `folder`, and stop it at the end.

    Each node says that it has so many GPUs (0 or 1). Raises DoesNotStart if one of its nodes takes no jobs.
    """
    names = [f"node{number + 1}" for number in range(nodes)]
    (folder / "state").mkdir(parents=True)
    # The sockets of the jobs are there, and a socket's path has at most 107 characters.
    spool = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    host, cores = socket.gethostname(), os.cpu_count()
    size = {"host": host, "cores": cores, "memory": memory * 3 // 4 // nodes, "gpus": gpus}
    lines = [NODE.format(name=name, port=16818 + number, **size) for number, name in enumerate(names)]
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    GPUS.write_text(GPU * gpus)
    CONFIGURATION.write_text(
        TEXT.replace("PartitionName", "".join(lines) + "PartitionName").format(host=host, folder=folder, spool=spool)
    )
    try:
        _start(_munged(folder), folder / "munged.out")
        _start(["slurmctld"], folder / "slurmctld.out")
        for name in names:
            _start(["slurmd", "-N", name], folder / f"slurmd-{name}.out")
        _wait_for_idle()
        yield
    finally:
        CONFIGURATION.unlink()
        GPUS.unlink()
        for name in (*(f"slurmd-{name}" for name in names), "slurmctld", "munged"):
            _stop(folder / f"{name}.pid")
        shutil.rmtree(spool, ignore_errors=True)


def _munged(folder: Path) -> list[str]:
    """Return the command of an authentication daemon of our own: the machine's may be dead or closed to us."""
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    files = {"key-file": "key", "socket": "socket", "log-file": "log", "seed-file": "seed"}
    places = [f"--{option}={folder}/munge.{ending}" for option, ending in files.items()]
    return ["munged", "--force", f"--pid-file={folder}/munged.pid", *places]


def _start(command: list[str], output: Path) -> None:
    """Start a daemon."""
    with output.open("w") as stream:
        started = subprocess.run(command, check=False, stdout=stream, stderr=stream)
    if started.returncode:
        raise DoesNotStart(f"{command[0]} exits with {started.returncode}: {output.read_text().strip()}")


def _wait_for_idle(seconds: float = 30) -> None:
    """Wait until all nodes take jobs."""
    deadline = time.monotonic() + seconds
    while True:
        state = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, check=False)
        if state.stdout.strip() == "idle":
            return
        if time.monotonic() > deadline:
            raise DoesNotStart(f"Slurm's nodes are {state.stdout.strip() or state.stderr.strip()}, not idle")
        time.sleep(0.5)


def _stop(pid_file: Path) -> None:
    """End a daemon, if it runs."""
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
