"""The exception for mistakes that a user can correct."""

from collections.abc import Iterator
from contextlib import contextmanager


class InputError(Exception):
    """A mistake in the user's config, data or files.

    The message is one sentence: which file or key, what was found, what was expected, and how to correct it. Where
    several mistakes are found at once it is several sentences, one to a line. Scripts print them without a traceback
    and exit with code 1.
    """

    def lines(self) -> str:
        """Return what a program prints: each sentence on a line, after `error:`."""
        return "\n".join(f"error: {sentence}" for sentence in str(self).splitlines())


class Mistakes:
    """Collects the mistakes of several checks, to name them all at once."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Within the block, an InputError ends the block and is collected."""
        try:
            yield
        except InputError as mistake:
            self.sentences += str(mistake).splitlines()

    def raise_all(self) -> None:
        """Raise one InputError with all mistakes, if there are any."""
        if self.sentences:
            raise InputError("\n".join(dict.fromkeys(self.sentences)))
