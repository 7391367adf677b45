"""Stopping when asked: SIGTERM (a scheduler that wants its node back) and SIGINT (Ctrl-C) end a stage cleanly.

So does the death of the Snakemake that started it: the next run would make the same files beside it.
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

#: The environment variable with the number of the process without which a stage is not to go on.
STARTED_BY = "LAWPIPE_STARTED_BY"

#: Seconds that work may go on after a signal until it comes to a good moment to stop.
PATIENCE = 3.0


class Stopped(Exception):  # no error: somebody asked for it
    """A signal asked the process to stop; `signal` is its number, and 128 more the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


def stop_with_starter() -> None:
    """Ask this process to stop, as SIGTERM does, when the one that STARTED_BY names has ended; nothing if none is."""
    starter = os.environ.get(STARTED_BY)
    if starter is None or not hasattr(os, "pidfd_open"):  # Linux alone has it
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
def at_once() -> Iterator[None]:
    """Within the block a signal to stop raises Stopped wherever the program is. Only for the main thread."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    with _handling(dict.fromkeys(SIGNALS, stop)):
        yield


@contextmanager
def at_a_good_moment(patience: float = PATIENCE) -> Iterator[Callable[[], int | None]]:
    """Within the block a signal to stop is only noted: the function that is yielded returns its number, or None.

    Whoever works in the block asks now and then, saves and raises Stopped. If it has not done so within `patience`
    seconds, Stopped is raised wherever it is. Only for the main thread.
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
    """Handle some signals so within the block, and as before after it."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
