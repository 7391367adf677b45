"""Writing files whole or not at all."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lawpipe.run.errors import InputError

#: What the system says where there is no room: on the disk, for this user, in a file of the size allowed.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`, renamed to it when the block ends well and removed when it does not.

    Makes the folder if need be. The temporary name keeps the ending, and is this process's own. What a process that
    was killed left under such a name is removed.

    Raises InputError, one sentence, if the file cannot be written; what was there before is as it was.
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


def _explain(path: Path, error: OSError) -> str:
    """Say why a file cannot be written, and what to do."""
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
