"""`python -I -S start.py SCRIPT ARGUMENTS` does what `python SCRIPT ARGUMENTS` does, in a process that is warm.

It asks the server of workflow/warm.py, whose socket is named in the environment, for a process that has the large
libraries loaded, passes signals on to it, and ends as it ends. Without a server, or if the server's circumstances
are others (see `circumstances`), it becomes `python SCRIPT ARGUMENTS` itself. This program needs 20 ms: it imports
little, and nothing that is not part of Python.
"""

import marshal
import os
import resource
import signal
import socket
import struct
import sys

#: Environment variable with the path of the server's socket.
WARM = "LAWPIPE_WARM"

#: The signals that are passed on: all with which a scheduler, a terminal or a user asks a process to stop.
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)

#: Variables of the environment that no library looks at when it is loaded. The job gets its own values.
INCIDENTAL = ("_", "SHLVL", "PWD", "OLDPWD", "TMPDIR", "TMP", "TEMP", "TEMPDIR", "JE_ARROW_MALLOC_CONF")

#: How a request begins: the number of bytes that follow. How a job ends: its status, as `os.waitpid` gives it.
LENGTH, STATUS = struct.Struct("!Q"), struct.Struct("!i")

#: The server's answer to a request that it takes.
STARTED = b"s"


def circumstances() -> list[object]:
    """Return what a process inherits and cannot change later, or what libraries look at when they are loaded.

    The environment (but for what is incidental), limits, cores, priority, user and control group.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in INCIDENTAL and not name.startswith("LAWPIPE_")
    }
    limits = [resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")]
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        groups = file.read()
    return [environment, limits, sorted(os.sched_getaffinity(0)), os.nice(0), os.getuid(), groups]


def main() -> None:
    """Run the script in a warm process, or in this one."""
    server = connect()
    if server is not None:
        ask(server)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


def connect() -> socket.socket | None:
    """Return a connection to the server; None if there is none, or if what is to be started is not a script."""
    path = os.environ.get(WARM)
    if not path or not sys.argv[1:] or sys.argv[1].startswith("-"):
        return None
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(path)
    except OSError:
        return None
    return server


def ask(server: socket.socket) -> None:
    """Ask for a process and end as it ends; return if the server does not start one."""
    umask = os.umask(0)
    os.umask(umask)
    request = {
        "arguments": sys.argv[1:],
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "umask": umask,
        "circumstances": circumstances(),
    }
    text = marshal.dumps(request)
    received: list[int] = []
    is_started = False

    def pass_on(number: int, frame: object) -> None:
        received.append(number)
        if is_started:
            send(server, number)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        socket.send_fds(server, [LENGTH.pack(len(text))], [0, 1, 2])
        server.sendall(text)
        is_started = server.recv(1) == STARTED
    except OSError:
        pass  # the server has ended
    if is_started:
        for number in tuple(received):
            send(server, number)
        end(server)
    for number, handler in before.items():
        signal.signal(number, handler)
    for number in received:
        os.kill(os.getpid(), number)
    server.close()


def send(server: socket.socket, number: int) -> None:
    """Ask the server to send a signal to the process."""
    try:
        server.sendall(bytes([number]))
    except OSError:
        pass  # it has ended


def end(server: socket.socket) -> None:
    """Wait for the end of the process, and end like it: with its exit code, or by the signal that killed it."""
    status = b""
    try:
        while len(status) < STATUS.size and (more := server.recv(STATUS.size - len(status))):
            status += more
    except OSError:
        pass
    if len(status) < STATUS.size:
        # The server was killed, and the kernel has killed the process.
        print("error: the process that starts this run's jobs was killed: run again.", file=sys.stderr, flush=True)
        os._exit(128 + signal.SIGKILL)
    code = os.waitstatus_to_exitcode(STATUS.unpack(status)[0])
    if code < 0:
        # The process has written its memory to a file, if it is to be written.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(128 - code if code < 0 else code)


if __name__ == "__main__":
    main()
