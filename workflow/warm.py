"""Processes that are warm: forked from a server that has loaded the large libraries, and no module of lawpipe.

Loading PyTorch, pandas and Matplotlib takes longer than most jobs. `start` begins a server for the jobs of a run;
a job's command (`workflow/start.py`) passes its arguments, environment and streams to the server, which forks. The
child runs the script as Python would, and reads lawpipe's modules anew, so that it computes with the code of its
time. The server has one thread, and no library starts one when it is loaded.

Nobody outlives the one before: when the process that called `start` has ended, the server waits until its jobs have
stopped (`lawpipe.run.signals.stop_with_starter`), kills those that do not, and ends; when the server is killed, the
kernel kills its jobs; when a job's command is killed, the server kills the job.
"""

import atexit
import ctypes
import gc
import importlib
import marshal
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from workflow.start import LENGTH, STARTED, STATUS, WARM, circumstances

#: The libraries that the stages load, in the order of their time. One that is not installed is left out.
LIBRARIES = (
    "torch",
    "pandas",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.linalg.cython_blas",
    "numba",
    "threadpoolctl",
    "seaborn",
    "matplotlib.backends.backend_svg",
    "jinja2",
    "sentencepiece",
    "tokenizers",
)

#: A run of more jobs is worth the server's own start.
FEW = 2

#: Snakemake sets these for each job to its number of threads; a warm job has one.
THREADS = (
    "OMP_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

#: The longest path of a socket, in bytes, without the zero at its end.
LONGEST_PATH = 107

#: Seconds that a request may take to arrive, and that jobs may take to stop, before they are killed.
ARRIVAL, PATIENCE = 10.0, 10.0

#: Option of Linux's prctl: the signal that a process gets when its parent dies; the name of a process.
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15

LIBC = ctypes.CDLL(None)


def start(libraries: Sequence[str] = LIBRARIES) -> None:
    """Start a server for the commands that this process and its children start from now on; only on Linux.

    It loads the libraries that are installed, and ends with this process, however that ends.
    """
    with socket.socket(socket.AF_UNIX) as listener:
        path = _bind(listener)
        if path is None:
            return
        listener.listen(128)
        # Held open by this process alone: the server reads its end when this process has ended.
        held, _held = os.pipe()
        subprocess.Popen(
            [sys.executable, "-P", "-m", "workflow.warm", str(path), str(listener.fileno()), str(held), *libraries],
            env=os.environ | dict.fromkeys(THREADS, "1") | {"JE_ARROW_MALLOC_CONF": "background_thread:false"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(listener.fileno(), held),
        )
        os.close(held)
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)  # a server that was killed cannot do it
    os.environ[WARM] = str(path)


def _bind(listener: socket.socket) -> Path | None:
    """Bind a socket in a new folder of this user; return its path, or None if no place has sockets, or not Linux."""
    if sys.platform != "linux":
        return None
    for place in (tempfile.gettempdir(), "/tmp", "/dev/shm"):
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="lawpipe-", dir=place))
            path = folder / "warm"
            try:
                if len(os.fsencode(path)) <= LONGEST_PATH:
                    listener.bind(str(path))
                    path.chmod(0o600)
                    return path
            except OSError:
                pass  # a file system without sockets
            shutil.rmtree(folder, ignore_errors=True)
    return None


@dataclass
class Request:
    """A script that is to be run: what its command sent, and the files for its standard streams."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    umask: int
    circumstances: list[object]
    files: list[int]


@dataclass
class Job:
    """A process that runs a script, a file that can be read when it has ended, and the connection to its command."""

    process: int
    ended: int
    client: socket.socket


class Server:
    """Starts jobs that are asked for at a socket, until the process that holds the other end of a pipe has ended."""

    def __init__(self, listener: socket.socket, held: int, own: list[object]) -> None:
        """Serve the socket `listener` for commands in the circumstances `own`; `held` is the pipe's end to read."""
        self.listener = listener
        self.held = held
        self.own = own
        self.jobs: list[Job] = []
        self.stopping = False
        self.deadline = float("inf")
        self.selector = selectors.DefaultSelector()
        self._watch(listener.fileno(), self._accept)
        self._watch(held, self._stop)

    def serve(self) -> Request | None:
        """Serve until the end and return None; in the process of a job, return what it is to run."""
        while self.jobs or not self.stopping:
            for key, _ in self.selector.select(1.0 if self.stopping else None):
                request: Request | None = key.data()
                if request is not None:
                    return request
            if time.monotonic() > self.deadline:
                for job in self.jobs:
                    os.kill(job.process, signal.SIGKILL)
        return None

    def _watch(self, file: int, act: Callable[[], Request | None]) -> None:
        """Call a function whenever a file can be read."""
        self.selector.register(file, selectors.EVENT_READ, act)

    def _stop(self) -> None:
        """Take no more requests, and end with the last job."""
        self.stopping = True
        self.deadline = time.monotonic() + PATIENCE
        for file in (self.listener.fileno(), self.held):
            self.selector.unregister(file)
        self.listener.close()

    def _accept(self) -> Request | None:
        """Start the job that a command asks for; in its process, return what it is to run.

        A command whose request is damaged or comes from other circumstances, or for which there is no process, sees
        the connection closed, and runs its script itself.
        """
        if self.stopping:
            return None  # the listener was closed in the same moment
        client, _ = self.listener.accept()
        try:
            request = receive(client)
        except (OSError, EOFError, ValueError, TypeError):
            client.close()
            return None
        process = _fork() if request.circumstances == self.own else None
        if process == 0:
            self._leave()
            client.close()
            return request
        for file in request.files:
            os.close(file)
        if process is None:
            client.close()
            return None
        job = Job(process, os.pidfd_open(process), client)
        self.jobs.append(job)
        self._watch(job.ended, lambda: self._end(job))
        self._watch(client.fileno(), lambda: self._pass_on(job))
        with suppress(OSError):  # a command that has ended is noticed as all others are
            client.sendall(STARTED)
        return None

    def _leave(self) -> None:
        """Close, in the process of a job, what is the server's."""
        self.selector.close()
        self.listener.close()
        os.close(self.held)
        for job in self.jobs:
            job.client.close()
            os.close(job.ended)

    def _pass_on(self, job: Job) -> None:
        """Send a job the signals that its command asks for; kill it if its command has ended."""
        if job not in self.jobs:
            return  # it ended in the same moment
        try:
            numbers = job.client.recv(64)
        except OSError:
            numbers = b""
        if not numbers:
            self.selector.unregister(job.client.fileno())
        for number in numbers or [signal.SIGKILL]:
            os.kill(job.process, number)

    def _end(self, job: Job) -> None:
        """Tell a command how its job ended."""
        _, status = os.waitpid(job.process, 0)
        self.selector.unregister(job.ended)
        os.close(job.ended)
        with suppress(KeyError):  # its command has ended
            self.selector.unregister(job.client.fileno())
        with suppress(OSError):
            job.client.sendall(STATUS.pack(status))
        job.client.close()
        self.jobs.remove(job)


def receive(client: socket.socket) -> Request:
    """Receive a request and the files that come with it.

    Raises OSError, EOFError, ValueError or TypeError if it does not arrive in time and whole.
    """
    client.settimeout(ARRIVAL)
    head, files, _, _ = socket.recv_fds(client, LENGTH.size, 3)
    (length,) = LENGTH.unpack(head) if len(head) == LENGTH.size else (0,)
    text = bytearray()
    while len(text) < length and (more := client.recv(length - len(text))):
        text += more
    return Request(**marshal.loads(text), files=files)


def _fork() -> int | None:
    """Fork: return 0 in the new process and its number in this one; None if there can be no more processes."""
    server = os.getpid()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads: there are none
            process = os.fork()
    except OSError:
        return None
    if process == 0:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != server:
            os._exit(128 + signal.SIGKILL)  # it was killed before
    return process


def become(request: Request, set_by_libraries: Mapping[str, str]) -> None:
    """Make this process what its command would be if it had started Python itself, with the libraries loaded."""
    os.setsid()
    for number, file in enumerate(request.files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request.folder)
    os.umask(request.umask)
    os.environ.clear()
    os.environ.update({**set_by_libraries, **request.environment})
    sys.argv = request.arguments
    script = Path(request.arguments[0])
    sys.path.insert(0, str(script.resolve().parent))
    LIBC.prctl(PR_SET_NAME, os.fsencode(script.stem))
    sys.stdout.reconfigure(line_buffering=os.isatty(1))
    # What libraries keep from the time when they were loaded: the folders' contents, seeds, the temporary folder.
    importlib.invalidate_caches()
    tempfile.tempdir = None
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def run(script: str) -> int:
    """Run a script as Python does, and return the exit code."""
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return (ended.code or 0) % 256
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != script:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace or error.__traceback__), trace)
        return 1
    return 0


def end(code: int) -> NoReturn:
    """End this process with an exit code, as Python does, but without taking the libraries apart for 0.4 s."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 120  # as Python's
    os._exit(code)


def main() -> None:
    """Load the libraries and serve: `python -m workflow.warm PATH LISTENER HELD LIBRARIES`."""
    path, listener, held = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), int(sys.argv[3])
    own, environment = circumstances(), dict(os.environ)
    for name in sys.argv[4:]:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    # What is loaded stays: a job's garbage collection does not look at it, and its pages remain shared.
    gc.freeze()
    request = Server(listener, held, own).serve()
    if request is None:
        shutil.rmtree(path.parent, ignore_errors=True)
        return
    become(request, {name: value for name, value in os.environ.items() if name not in environment})
    end(run(str(Path(request.arguments[0]).absolute())))


if __name__ == "__main__":
    main()
