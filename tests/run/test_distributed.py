"""Several processes in one job: they start, add numbers, stop and fail together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lawpipe.run import distributed

ROOT = Path(__file__).resolve().parents[2]

BEGIN = """
import os, signal, sys, time
from pathlib import Path
from lawpipe.run import distributed, signals, stage
from lawpipe.run.errors import InputError

def main():
    with distributed.process_group():
        print(f"begun by {distributed.rank()}", flush=True)
        work()

"""


def start(folder: Path, work: str, count: int = 2, *options: str) -> subprocess.Popen[str]:
    """Start `count` processes that run the body of a function."""
    script = folder / "script.py"
    body = "\n".join(f"    {line}" for line in work.strip().splitlines())
    script.write_text(f"{BEGIN}def work():\n{body}\n\nstage.run(main)\n")
    return subprocess.Popen(
        [sys.executable, "-m", "lawpipe.run.launch", str(count), *options, str(script)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(folder: Path, work: str, count: int = 2, *options: str) -> tuple[int, str, str]:
    """Run processes to their end; return the exit code, stdout and stderr."""
    process = start(folder, work, count, *options)
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def test_outside_of_torchrun_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")  # as other programs set it
    monkeypatch.setenv("RANK", "3")
    with distributed.process_group():
        assert (distributed.world_size(), distributed.rank(), distributed.is_main()) == (1, 0, True)
        assert distributed.total([2.5]) == [2.5]
        assert distributed.agreed_signal(None) is None
        assert distributed.agreed_signal(15) == 15
        assert distributed.reporting() == (True, 1)


def test_one_process_runs_the_script_directly(tmp_path: Path) -> None:
    code, stdout, stderr = finish(tmp_path, "print(distributed.world_size(), 'TORCHELASTIC_RUN_ID' in os.environ)", 1)
    assert (code, stdout, stderr) == (0, "begun by 0\n1 False\n", "")


def test_three_add_up_and_one_prints_and_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    work = """
sums = distributed.total([1.0, distributed.rank()])
Path(f"sums{distributed.rank()}").write_text(f"{distributed.world_size()} {sums}")
print("all of this on stderr", file=sys.stderr)
"""
    assert finish(tmp_path, work, 3) == (0, "begun by 0\n", "all of this on stderr\n")
    assert {(tmp_path / f"sums{rank}").read_text() for rank in range(3)} == {"3 [3.0, 3.0]"}
    assert list(temporary.iterdir()) == []


@pytest.fixture
def two_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Slurm job of two nodes, whose srun starts a task per node here, without the options before the command."""
    fake = tmp_path / "bin/srun"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\n"
        f"echo $@ > {tmp_path}/options\n"
        "while [ ${1#-} != $1 ]; do shift; done\n"
        'SLURM_NODEID=0 SLURM_JOB_NUM_NODES=2 "$@" & SLURM_NODEID=1 SLURM_JOB_NUM_NODES=2 "$@"\n'
        "code=$?; wait $! && exit $code\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")
    monkeypatch.setenv("SLURM_STEP_ID", "7")


@pytest.mark.usefixtures("two_nodes")
def test_in_a_slurm_job_of_two_nodes_each_runs_its_share(tmp_path: Path) -> None:
    work = """
sums = distributed.total([1.0, distributed.rank()])
step = os.environ.get("SLURM_STEP_ID")
Path(f"sums{distributed.rank()}").write_text(f"{os.environ['SLURM_NODEID']} {sums} {step}")
"""
    assert finish(tmp_path, work, 4, "--nodes", "2") == (0, "begun by 0\n", "")
    written = sorted((tmp_path / f"sums{rank}").read_text() for rank in range(4))
    assert written == ["0 [4.0, 6.0] None"] * 2 + ["1 [4.0, 6.0] None"] * 2
    assert "--nodes=2 --ntasks=2" in (tmp_path / "options").read_text()


@pytest.mark.usefixtures("two_nodes")
def test_when_a_process_on_one_of_two_nodes_is_killed_both_say_so_in_a_sentence(tmp_path: Path) -> None:
    # The first node is where they meet.
    work = """
if distributed.rank() == 0:
    os.kill(os.getpid(), signal.SIGKILL)
while True:
    distributed.total([1.0])
    time.sleep(0.1)
"""
    _, stdout, stderr = finish(tmp_path, work, 2, "--nodes", "2")
    assert stdout == "begun by 0\n"
    first, second = sorted(stderr.splitlines())
    again = "run again, and a search goes on from where it was."
    assert first.startswith("error: another ")
    assert first.endswith(f" does not answer: {again}")
    assert second == f"error: one of the 2 processes of this job was killed by SIGKILL: {again}"


def test_a_process_that_cannot_ask_who_reports_leaves_it_to_its_launcher(tmp_path: Path) -> None:
    # The first node's launcher, which is asked, has ended.
    work = """
import torch.distributed as dist
class Ended:
    def add(self, key, amount):
        raise dist.DistNetworkError("Failed to recv, got 0 bytes.")
dist.distributed_c10d._get_default_store = Ended
raise InputError("not said.")
"""
    code, stdout, stderr = finish(tmp_path, work)
    assert (code, stdout) == (1, "begun by 0\n")
    assert stderr == (
        "error: another node of this job, which runs some of its 2 processes, does not answer: run again, and a "
        "search goes on from where it was.\n"
    )


def test_a_run_on_one_node_stays_there_whatever_the_slurm_job_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")
    assert finish(tmp_path, 'Path(f"rank{distributed.rank()}").touch()', 2)[0] == 0
    assert sorted(path.name for path in tmp_path.glob("rank*")) == ["rank0", "rank1"]


def test_a_slurm_job_of_another_number_of_nodes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "3")
    code, _, stderr = finish(tmp_path, "pass", 2, "--nodes", "2")
    assert code == 0
    assert stderr.startswith("the config's nodes is 2, but this Slurm job has 3: all 2 processes run on this one.")


def test_without_srun_nodes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, stderr = finish(tmp_path, "pass", 2, "--nodes", "2")
    assert code == 1
    assert stderr.startswith("error: srun cannot be started (No such file or directory), expected Slurm's")


@pytest.mark.parametrize(("place", "node"), [("here", "0"), ("here:29500", None)])
def test_a_place_to_meet_that_the_launcher_did_not_set_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, node: str | None
) -> None:
    monkeypatch.setenv("SLURM_JOB_NUM_NODES", "2")
    monkeypatch.setenv("LAWPIPE_RENDEZVOUS", place)
    monkeypatch.delenv("SLURM_NODEID", raising=False)
    if node is not None:
        monkeypatch.setenv("SLURM_NODEID", node)
    code, _, stderr = finish(tmp_path, "pass", 2, "--nodes", "2")
    assert code == 2
    assert f"found LAWPIPE_RENDEZVOUS={place} and SLURM_NODEID={node}, expected HOST:PORT" in stderr


def test_processes_that_the_nodes_do_not_divide_are_refused(tmp_path: Path) -> None:
    code, _, stderr = finish(tmp_path, "pass", 3, "--nodes", "2")
    assert code == 2
    assert "found 3 processes on 2 nodes" in stderr


def test_a_signal_to_one_stops_all_at_the_same_moment(tmp_path: Path) -> None:
    work = """
with signals.noted(patience=60) as asked:
    for turn in range(10_000):
        if distributed.rank() == 1 and turn == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        number = distributed.agreed_signal(asked())
        if number:
            Path(f"stopped{distributed.rank()}").write_text(str(turn))
            raise signals.Stopped(number)
"""
    code, _, stderr = finish(tmp_path, work)
    assert (code, stderr) == (128 + signal.SIGTERM, "stopped by SIGTERM\n")
    assert (tmp_path / "stopped0").read_text() == (tmp_path / "stopped1").read_text() == "5"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_launcher_passes_signals_on(tmp_path: Path, number: signal.Signals) -> None:
    work = """
with signals.noted(patience=60) as asked:
    while not (number := distributed.agreed_signal(asked())):
        Path(f"turning{distributed.rank()}").touch()
        time.sleep(0.01)
    raise signals.Stopped(number)
"""
    process = start(tmp_path, work)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun by 0\n"
    while len(list(tmp_path.glob("turning*"))) < 2:
        time.sleep(0.01)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (128 + number, f"stopped by {number.name}\n")


def test_an_error_of_every_process_is_printed_once(tmp_path: Path) -> None:
    code, _, stderr = finish(tmp_path, "raise InputError('this does not work.')")
    assert (code, stderr) == (1, "error: this does not work.\n")


def test_an_error_of_one_process_ends_all(tmp_path: Path) -> None:
    work = """
if distributed.rank() == 1:
    raise InputError("my share does not work.")
while True:
    distributed.total([1.0])
"""
    code, _, stderr = finish(tmp_path, work)
    assert (code, stderr) == (1, "error: my share does not work.\n")


@pytest.mark.parametrize("rank", [0, 1])
def test_when_one_is_killed_the_launcher_says_so(tmp_path: Path, rank: int) -> None:
    work = f"""
for turn in range(1_000_000):
    if distributed.rank() == {rank} and turn == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    distributed.total([1.0])
"""
    code, _, stderr = finish(tmp_path, work)
    assert code == 128 + signal.SIGKILL
    assert stderr == (
        "error: one of the 2 processes of this job was killed by SIGKILL: run again, and a search goes on from where "
        "it was.\n"
    )


def test_when_one_does_not_answer_the_other_says_so(tmp_path: Path) -> None:
    work = """
from datetime import timedelta
import torch.distributed as dist
if distributed.rank() == 1:
    time.sleep(60)
dist.distributed_c10d._set_pg_timeout(timedelta(seconds=1), dist.distributed_c10d._get_default_group())
distributed.NOTICE = 0.1
distributed.total([1.0])
"""
    code, _, stderr = finish(tmp_path, work)
    assert code == 1
    assert stderr == (
        "error: another of the 2 processes of this job does not answer: run again, and a search goes on from where "
        "it was.\n"
    )


def test_without_torchrun_the_processes_do_not_stay_behind(tmp_path: Path) -> None:
    work = """
Path(f"process{distributed.rank()}").write_text(str(os.getpid()))
while not (number := distributed.agreed_signal(None)):
    time.sleep(0.01)
raise signals.Stopped(number)
"""
    process = start(tmp_path, work)
    while len([file for file in tmp_path.glob("process*") if file.read_text()]) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    # This reads on until the last that could still write has ended.
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (-signal.SIGKILL, "stopped by SIGTERM\n")
