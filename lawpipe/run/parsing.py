"""Files of the workflow that do not hold what they should."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lawpipe.run.errors import InputError

#: What to do about a file that running again makes anew.
AGAIN = "delete it and run again"


@contextmanager
def parsing(path: Path, what: str, remedy: str = AGAIN) -> Iterator[None]:
    """Raise InputError, that a file is `what`, if the block cannot read the file or does not find its content.

    A file that is missing needs no deletion: unless `remedy` is another, the remedy is then to run again.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, FileNotFoundError) and remedy == AGAIN:
            raise InputError(f"{path} is missing: run again.") from error
        raise InputError(f"{path} is {what} ({type(error).__name__}: {error}): {remedy}.") from error
