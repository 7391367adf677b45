"""Files of the workflow that do not hold what they should."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lawpipe.run.errors import InputError


@contextmanager
def parsing(path: Path, what: str, remedy: str = "delete it and run again") -> Iterator[None]:
    """Raise InputError, that a file is `what`, if the block cannot read the file or does not find its content.

    A file that is missing is said to be missing; the remedy is then to run again, unless `remedy` is another.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: {remedy.removeprefix('delete it and ')}.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is {what} ({type(error).__name__}: {error}): {remedy}.") from error
