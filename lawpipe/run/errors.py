"""The exception for mistakes that a user can correct."""

from types import TracebackType


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
    """Collects the mistakes of several checks, to name them all at once.

    As a context manager: an InputError ends the block, and is collected.
    """

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def __enter__(self) -> None:
        """Begin a check."""

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, _: TracebackType | None
    ) -> bool:
        """End a check, and collect its mistakes."""
        if isinstance(raised, InputError):
            self.add(*str(raised).splitlines())
        return isinstance(raised, InputError)

    def add(self, *sentences: str) -> None:
        """Collect some sentences."""
        self.sentences += sentences

    def raise_all(self) -> None:
        """Raise one InputError with all mistakes, if there are any."""
        if self.sentences:
            raise InputError("\n".join(dict.fromkeys(self.sentences)))
