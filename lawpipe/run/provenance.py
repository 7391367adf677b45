"""The origin of a result: digest of the code, versions of libraries, machine and git state."""

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lawpipe.run.meaning import Sources

PACKAGE = Path(__file__).resolve().parents[1]

#: The libraries whose versions can change a number.
LIBRARIES = ("llvmlite", "numba", "numpy", "pandas", "pyarrow", "scipy", "torch")

#: The files of the package, other than modules, that a result may depend on.
DATA = (".html", ".css", ".js", ".txt")


def code_digest(script: str | Path, chosen: Mapping[str, Sequence[str]] | None = None) -> str:
    """Digest the meaning of a script and of every `lawpipe` module that it depends on (see `meanings`).

    Returns 16 hexadecimal digits. A process digests the same choice of modules once.
    """
    return _digest(str(script), tuple((kind, tuple(modules)) for kind, modules in (chosen or {}).items()))


@cache
def _digest(script: str, chosen: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """Return the digest of a script with the modules chosen by kind."""
    by_file = meanings(script, dict(chosen))
    text = "\n".join(f"{name}\n{by_file[name]}" for name in sorted(by_file))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def meanings(script: str | Path, chosen: Mapping[str, Sequence[str]] | None = None) -> dict[str, str]:
    """Return a digest of the meaning of a script and of every file of the package that it depends on, by file name.

    Comments, docstrings, type-only imports, layout, time stamps and the place of the checkout do not count. Imports
    at any depth of the syntax tree are followed. A module that calls ``registry.load("search", ...)`` also depends on
    the modules that `chosen` names for that kind. A file that is not Python (a template, a style sheet, a word list)
    counts for the files of its folder that write its name in quotes. Names count from the package; the script's is
    its file name.
    """
    choices = chosen or {}
    result: dict[str, str] = {}
    seen: set[Path] = set()
    waiting = [Path(script).resolve()]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            name, result[name], files, kinds = _meaning(path)
            waiting.extend(files)
            waiting.extend(
                file for kind in kinds for module in choices.get(kind, ()) for file in _module_files(PACKAGE, module)
            )
    _sources(PACKAGE).keep()
    return result


def _name(path: Path) -> str:
    """Return a file's path within the package, or the name of a file outside of it."""
    return path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name


@cache
def _sources(package: Path) -> Sources:
    """Return what is known of the sources of a package, and of the scripts that use it."""
    return Sources(package)


@cache
def _meaning(path: Path) -> tuple[str, str, tuple[Path, ...], tuple[str, ...]]:
    """Return a file's name and meaning, the package files that it depends on, and the kinds of module it loads."""
    name = _name(path)
    source = _sources(PACKAGE).read(path, name)
    named = [file for module in source.modules for file in _module_files(PACKAGE, module)]
    if path.is_relative_to(PACKAGE):
        others = [path.with_name(name) for name in source.quoted if Path(name).suffix in DATA]
        named += [file for file in others if file.is_file()]
    return name, source.meaning, tuple(dict.fromkeys(named)), tuple(source.kinds)


@cache
def _module_files(package: Path, name: str) -> list[Path]:
    """Return the file of a module of a package and those of the packages above it; nothing for other modules."""
    first, *parts = name.split(".")
    if first != package.name:
        return []
    # Texts, because paths would take most of the time.
    place, files = str(package), [f"{package}/__init__.py"]
    for part in parts:
        place = f"{place}/{part}"
        files += [f"{place}/__init__.py", f"{place}.py"]
    return [Path(file) for file in files if os.path.isfile(file)]  # noqa: PTH113


@cache
def file_digest(path: str) -> str:
    """Return the SHA-256 digest of a file, 64 hexadecimal digits. A process reads each file once."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed libraries that can change a number."""
    installed = {name: metadata.version(name) for name in LIBRARIES if find_spec(name)}
    return {"python": platform.python_version()} | installed


def hardware() -> dict[str, Any]:
    """Describe the machine: processor, cores, memory in GiB, operating system."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
    }


def _processor() -> str:
    """Return the name of the processor, from Linux or from the platform module."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def git_state() -> dict[str, Any]:
    """Return the commit of the checkout and whether files differ from it; both are None outside of git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(PACKAGE), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "modified": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "modified": None}
