"""Jobs in warm processes: they are what Python would have made of the script, and they end with those above them."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from lawpipe.run import signals
from tests.slow_stage import STAGE
from tests.workflow.copies import Project, duplicate
from workflow import warm
from workflow.start import WARM

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux")

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-I", "-S", str(ROOT / "workflow/start.py")]

#: Stands for Snakemake: starts a server with some libraries, says where, and ends with its stdin.
STARTER = """
import os, sys
from workflow import warm
warm.start(sys.argv[1:])
print(os.environ[warm.WARM], flush=True)
sys.stdin.read()
"""

ENVIRONMENT = os.environ | dict.fromkeys(warm.THREADS, "1") | {"PYTHONPATH": str(ROOT)}


class Run:
    """A run with a server, and the environment of its jobs."""

    def __init__(self, *libraries: str) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-c", STARTER, *libraries]
        self.starter: subprocess.Popen[str] = subprocess.Popen(command, env=ENVIRONMENT, **pipes)
        assert self.starter.stdout is not None
        self.socket = Path(self.starter.stdout.readline().strip())
        self.environment = ENVIRONMENT | {WARM: str(self.socket), signals.STARTED_BY: str(self.starter.pid)}
        (self.server,) = (number for number in children(self.starter.pid))

    def start(self, *arguments: str, folder: Path, **options: str) -> subprocess.Popen[str]:
        """Start the command of a job."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*COMMAND, *arguments], cwd=folder, env=self.environment | options, **pipes)

    def run(self, *arguments: str, folder: Path, **options: str) -> tuple[int, str, str]:
        """Run the command of a job; return its exit code and what it said."""
        return outcome(self.start(*arguments, folder=folder, **options))

    def end(self) -> None:
        assert self.starter.stdin is not None
        self.starter.stdin.close()
        self.starter.wait()


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    said, err = process.communicate(timeout=60)
    return process.returncode, said, err


def children(number: int) -> list[int]:
    return [int(name) for name in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until a condition is true."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


def gone(process: int) -> bool:
    """Return whether a process has ended; one that nobody has waited for yet counts."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """A run whose server has loaded nothing."""
    current = Run()
    yield current
    current.end()
    until(lambda: gone(current.server))
    assert not current.socket.parent.exists()


@pytest.fixture(scope="module")
def loaded() -> Iterator[Run]:
    """A run whose server has loaded the libraries of the stages."""
    current = Run(*warm.LIBRARIES)
    yield current
    current.end()


def write(folder: Path, text: str) -> Path:
    """Write a script in a folder with an unusual name."""
    path = folder / "of \"spaces\" and 'quotes'" / "a script.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


LIKE_PYTHON = {
    "what it finds": """
import os, sys
print(sys.argv, __name__, __file__, sys.path, os.getcwd(), os.environ["OF_THE_JOB"], sorted(os.environ))
print(oct(os.umask(0)), sys.stdout.line_buffering, sys.stdin.read(), sorted(os.listdir("/proc/self/fd"))[:4])
print(os.getpid() == os.getpgid(0) or "in the group of its command")
""",
    "an exit code": "import sys; print('half'); sys.exit(3)",
    "a sentence": "import sys; sys.exit('error: nothing is as expected')",
    "an error": "def deep():\n    raise ValueError('own')\n\ndeep()\n",
    "a mistake in the script": "def of(:\n    pass\n",
    "what is to be done at the end": """
import atexit, threading, time
atexit.register(print, "at the end")
threading.Thread(target=lambda: [time.sleep(0.1), print("in a thread")]).start()
print("first")
""",
    "its own end": "import os; os._exit(7)",
    "a crash": "import ctypes, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nctypes.string_at(0)",
    "a kill": "import os, signal; print('before', flush=True); os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.parametrize("text", LIKE_PYTHON.values(), ids=LIKE_PYTHON)
def test_a_warm_script_is_what_python_makes_of_it(run: Run, tmp_path: Path, text: str) -> None:
    script = write(tmp_path, text)
    arguments = [str(script), "--settings", '{"a": "b c"}', "$HOME 'x'"]
    before = os.umask(0o027)
    try:
        process = run.start(*arguments, folder=tmp_path, OF_THE_JOB="só")
        cold = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=run.environment | {"OF_THE_JOB": "só"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.umask(before)
    own = "True\n", "in the group of its command\n"  # a warm one has a session of its own, as a job has
    code, said, err = outcome(process)
    assert (code, said.replace(*own), err) == (cold.returncode, cold.stdout.replace(*own), cold.stderr)


def test_it_is_warm_and_has_loaded_the_libraries_but_no_module_of_ours_and_no_thread(
    loaded: Run, tmp_path: Path
) -> None:
    script = write(
        tmp_path,
        """
import os, random, resource, sys
loaded = {name.partition(".")[0] for name in sys.modules}
has_all = {"torch", "pandas", "pyarrow", "matplotlib"} <= loaded
print(os.getppid(), "lawpipe" in loaded, has_all, len(os.listdir("/proc/self/task")))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_utime + usage.ru_stime < 0.5)
import numpy, torch
print(random.random(), numpy.random.random())
torch.set_num_threads(2)
wide = torch.arange(1_000_000, dtype=torch.float64).reshape(1000, 1000) / 1e6
print(bool(torch.isclose((wide @ wide.T).trace(), (wide * wide).sum())), torch.get_num_threads())
""",
    )
    outputs = [loaded.run(str(script), folder=tmp_path) for _ in range(2)]
    lines = [said.splitlines() for _, said, _ in outputs]
    assert [err for _, _, err in outputs] == ["", ""]
    assert lines[0][:2] == [f"{loaded.server} False True 1", "True"]
    assert lines[0][3] == "True 2"
    assert set(lines[0][2].split()).isdisjoint(lines[1][2].split())  # every job has a seed of its own


def test_every_library_of_the_stages_is_one_that_the_server_loads(loaded: Run, tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
import runpy, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    runpy.run_path(name, run_name="imported")
files = {name.partition(".")[0]: str(getattr(sys.modules[name], "__file__", "")) for name in {*sys.modules} - before}
print(*sorted(name for name, file in files.items() if "site-packages" in file))
""",
    )
    stages = [str(ROOT / f"scripts/{name}.py") for name in ("search", "make_policy", "train", "summarise", "report")]
    assert loaded.run(str(script), *stages, folder=tmp_path) == (0, "\n", "")


OTHERS: dict[str, tuple[Sequence[str], dict[str, str]]] = {
    "another number of threads": ((), {"OMP_NUM_THREADS": "2"}),
    "a library's setting": ((), {"NUMBA_CACHE_DIR": "elsewhere"}),
    "a limit of memory": (("prlimit", "--data=20000000000"), {}),
    "other cores": (("taskset", "1"), {}),
    "no server": ((), {WARM: "/nowhere/warm"}),
    "no variable": ((), {WARM: ""}),
}


@pytest.mark.parametrize("case", OTHERS)
def test_from_other_circumstances_python_itself_runs_it(run: Run, tmp_path: Path, case: str) -> None:
    prefix, environment = OTHERS[case]
    script = write(tmp_path, "import os, sys; print('workflow.start' in sys.modules, os.getppid(), sys.argv[1])")
    command = [*prefix, *COMMAND, str(script), "word"]
    if case == "other cores" and os.cpu_count() == 1:
        pytest.skip("there is one core")
    process = subprocess.Popen(
        command, env=run.environment | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert outcome(process) == (0, f"False {os.getpid()} word\n", "")


def test_other_arguments_of_python_go_to_python(run: Run, tmp_path: Path) -> None:
    assert run.run("-c", "import os; print(os.getppid())", folder=tmp_path) == (0, f"{os.getpid()}\n", "")


@pytest.mark.parametrize("number", signals.SIGNALS)
def test_a_signal_to_the_command_stops_the_stage_cleanly(run: Run, tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    process = run.start(str(write(tmp_path, STAGE)), folder=folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(number)
    assert outcome(process) == (128 + number, "", f"stopped by {number.name}\n")
    assert list(folder.iterdir()) == []


@pytest.fixture
def working(tmp_path: Path) -> Iterator[tuple[Run, "subprocess.Popen[str]", int]]:
    """A run with a job at work, its command, and the number of its process."""
    current = Run()
    process = current.start(str(write(tmp_path, STAGE)), folder=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    (job,) = children(current.server)
    yield current, process, job
    current.end()
    process.communicate()


Working = tuple[Run, "subprocess.Popen[str]", int]


def test_a_command_that_is_killed_takes_its_job_with_it(working: Working) -> None:
    run, command, job = working
    command.kill()
    until(lambda: gone(job))
    assert not gone(run.server)


def test_a_server_that_is_killed_takes_its_jobs_with_it_and_the_next_ones_do_without(
    working: Working, tmp_path: Path
) -> None:
    run, command, job = working
    os.kill(run.server, signal.SIGKILL)
    until(lambda: gone(job))
    code, _, err = outcome(command)
    assert code == 137
    assert err == "error: the process that starts this run's jobs was killed: run again.\n"
    assert run.run(str(write(tmp_path, "print('cold')")), folder=tmp_path) == (0, "cold\n", "")
    run.end()
    assert not run.socket.parent.exists()


def test_when_snakemake_is_killed_the_jobs_stop_and_the_server_ends(working: Working) -> None:
    run, command, job = working
    run.starter.kill()
    run.starter.wait()
    assert outcome(command) == (143, "", "stopped by SIGTERM\n")
    until(lambda: gone(job) and gone(run.server))
    assert not run.socket.parent.exists()


def test_a_job_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    run = Run()
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('at work', flush=True)"
    command = run.start(str(write(tmp_path, f"{deaf}; time.sleep(60)")), folder=tmp_path)
    assert command.stdout is not None
    assert command.stdout.readline() == "at work\n"
    run.starter.kill()
    assert outcome(command)[0] == -signal.SIGKILL
    until(lambda: gone(run.server))


def test_a_request_that_is_not_one_harms_nobody(run: Run, tmp_path: Path) -> None:
    import socket

    for content in (b"", b"short", warm.LENGTH.pack(4) + b"none", warm.LENGTH.pack(2) + b"N"):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(run.socket))
            client.sendall(content)
    assert run.run(str(write(tmp_path, "print('still')")), folder=tmp_path) == (0, "still\n", "")


def test_the_socket_is_for_this_user_alone_and_its_path_short(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run.socket.parent.stat().st_mode & 0o777 == 0o700
    assert run.socket.stat().st_mode & 0o777 == 0o600
    long = tmp_path / ("a" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with socket.socket(socket.AF_UNIX) as listener:
        path = warm._bind(listener)
    assert path is not None
    assert len(os.fsencode(path)) <= warm.LONGEST_PATH
    shutil.rmtree(path.parent)
    assert list(long.iterdir()) == []


def test_where_no_place_has_sockets_jobs_start_cold(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Refusing(socket.socket):
        def bind(self, address: object) -> None:
            raise PermissionError("no sockets here")

    monkeypatch.setattr("socket.socket", Refusing)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv(WARM, raising=False)
    warm.start()
    assert WARM not in os.environ
    assert list(tmp_path.iterdir()) == []


def test_limits_are_those_of_the_command() -> None:
    assert resource.getrlimit(resource.RLIMIT_AS) in warm.circumstances()[1]  # type: ignore[operator]


@pytest.mark.workflow
@pytest.mark.parametrize(("targets", "is_warm"), [(("theta0", "search"), True), (("theta0",), False)])
def test_the_jobs_of_a_run_are_warm_if_there_are_more_than_a_few(
    bare: Project, tmp_path: Path, targets: Sequence[str], is_warm: bool
) -> None:
    duplicate(bare.folder, tmp_path / "copy")
    project = Project(tmp_path / "copy")
    said = 'import sys\n\nprint("warm:", "workflow.start" in sys.modules)\n\n\n@stage.script('
    project.replace("scripts/initialise.py", "@stage.script(", said)
    folder = project.results / "perceptron/seed0"
    run = project.snakemake(*(f"{folder.relative_to(project.folder)}/{name}.parquet" for name in targets))
    assert run.returncode == 0, run.stdout
    assert (folder / "logs/initialise.txt").read_text().splitlines() == [f"warm: {is_warm}"]
