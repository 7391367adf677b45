"""Stopping when asked: SIGTERM (a scheduler that wants its node back) and SIGINT (Ctrl-C) end a stage cleanly."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]

SIGNALS = (signal.SIGTERM, signal.SIGINT)

#: Seconds that work may go on after a signal until it comes to a good moment to stop.
PATIENCE = 3.0


class Stopped(Exception):  # no error: somebody asked for it
    """A signal asked the process to stop; `signal` is its number, and 128 more the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


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
