"""A Slurm of one node on this machine, for the test of the cluster profile: Debian's slurm-wlm, started as root.

Slurm clears its own environment variables from jobs, so its configuration has to stand at Debian's default place; the
daemons are started only if there is no other Slurm there.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIGURATION = Path("/etc/slurm/slurm.conf")
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "squeue")

TEXT = """ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=short Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class DoesNotStart(Exception):
    """This machine lets no Slurm be started."""


def why_not() -> str:
    """Say why no Slurm can be started here; empty if one can."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed (Debian: slurm-wlm, munge)"
    if os.geteuid() != 0:
        return "starting Slurm needs root"
    return f"{CONFIGURATION} belongs to another Slurm" if CONFIGURATION.exists() else ""


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Start a Slurm with its state in `folder`, and stop it at the end.

    Raises DoesNotStart if its node takes no jobs.
    """
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    settings = {"host": socket.gethostname(), "folder": folder, "cores": os.cpu_count(), "memory": memory * 3 // 4}
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    CONFIGURATION.write_text(TEXT.format(**settings))
    try:
        for command in (_munged(folder), ["slurmctld"], ["slurmd", "-N", socket.gethostname()]):
            _start(command, folder / f"{command[0]}.out")
        _wait_for_idle()
        yield
    finally:
        CONFIGURATION.unlink()
        for name in ("slurmd", "slurmctld", "munged"):
            _stop(folder / f"{name}.pid")


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
    """Wait until the node takes jobs."""
    deadline = time.monotonic() + seconds
    while True:
        state = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, check=False)
        if state.stdout.strip() == "idle":
            return
        if time.monotonic() > deadline:
            raise DoesNotStart(f"Slurm's node is {state.stdout.strip() or state.stderr.strip()}, not idle")
        time.sleep(0.5)


def _stop(pid_file: Path) -> None:
    """End a daemon."""
    if pid_file.exists():
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
