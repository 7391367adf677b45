"""Clean ends of a stage on SIGTERM (from a scheduler), on SIGINT (Ctrl-C), and when its Snakemake has ended.

A stage that outlived its Snakemake would write the same files as the next run.
"""

import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]

SIGNALS = (signal.SIGTERM, signal.SIGINT)

#: Environment variable with the number of the process with which a stage ends.
STARTED_BY = "LAWPIPE_STARTED_BY"

#: Seconds that work may continue after a signal, until it has saved its state.
PATIENCE = 3.0


class Stopped(Exception):  # not an error
    """A signal asked the process to stop. `signal` is its number; the exit code is 128 + the number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


def stop_with_starter() -> None:
    """Send SIGTERM to this process when the process that STARTED_BY names has ended; nothing without the variable."""
    starter = os.environ.get(STARTED_BY)
    if starter is None or not hasattr(os, "pidfd_open"):  # only on Linux
        return
    try:
        handle = os.pidfd_open(int(starter))
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGTERM)
        return

    def wait() -> None:
        select.select([handle], [], [])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def raised() -> Iterator[None]:
    """Raise Stopped at once on a signal to stop within the block. Only for the main thread."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    with _handling(dict.fromkeys(SIGNALS, stop)):
        yield


@contextmanager
def noted(patience: float = PATIENCE) -> Iterator[Callable[[], int | None]]:
    """Note a signal to stop within the block; the function that is yielded returns its number, or None.

    The code in the block calls the function now and then, saves its state and raises Stopped. If it has not done so
    `patience` seconds after the signal, Stopped is raised at once. Only for the main thread.
    """
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.setitimer(signal.ITIMER_REAL, patience)

    def insist(number: int, frame: FrameType | None) -> None:
        raise Stopped(asked[0])

    with _handling(dict.fromkeys(SIGNALS, note) | {signal.SIGALRM: insist}):
        try:
            yield lambda: asked[0] if asked else None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _handling(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    """Set handlers of signals within the block; restore the earlier ones after it."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
