"""Files of the workflow that do not hold what they should."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lawpipe.run.errors import InputError


@contextmanager
def parsing(path: Path, what: str, remedy: str = "delete it and run again") -> Iterator[None]:
    """Raise InputError, that a file is `what`, if the block cannot read the file or does not find its content."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is {what} ({type(error).__name__}: {error}): {remedy}.") from error
