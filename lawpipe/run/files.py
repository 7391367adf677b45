"""Atomic writing of files."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lawpipe.run.errors import InputError

#: The error numbers for a full disk, a full quota of the user, and a file above the size limit.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` after the block, or remove it on an error.

    The folder is created if it does not exist. The temporary name has the same suffix and the number of this process.
    Temporary files of processes that were killed are removed.

    Raises InputError if the file cannot be written; a file that exists is then unchanged.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        of_any_process = re.compile(rf"\.{re.escape(path.stem)}\.\d+{re.escape(path.suffix)}")
        for left in path.parent.iterdir():
            if of_any_process.fullmatch(left.name):
                left.unlink(missing_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(_explain(path, error)) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file as `whole` does."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _explain(path: Path, error: OSError) -> str:
    """Return the message for a file that cannot be written."""
    if error.errno in NO_ROOM:
        return (
            f"{path} cannot be written: there is no room left for it on its disk or in this user's share of it; "
            "make room and run again, what was finished before is kept."
        )
    why = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
    return (
        f"{path} cannot be written ({why}): expected a folder {path.parent} that this user may write to; "
        "mend its permissions, or move what is in its place, and run again."
    )
