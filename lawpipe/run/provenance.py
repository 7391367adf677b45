"""The origin of a result: digest of the code, versions of libraries, machine and git state."""

import ast
import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
    """Return the meaning of a script and of every file of the package that it depends on, by file name.

    Comments, docstrings, type-only imports, layout, time stamps and the place of the checkout do not count. Imports
    at any depth of the syntax tree are followed. A module that calls ``registry.load("search", ...)`` also depends on
    the modules that `chosen` names for that kind. A file that is not Python (a template, a style sheet, a word list)
    counts for the files of its folder that write its name in quotes. Names count from the package; the script's is
    its file name.
    """
    choices = chosen or {}
    result: dict[Path, str] = {}
    waiting = [Path(script).resolve()]
    while waiting:
        path = waiting.pop()
        if path not in result:
            result[path], files, kinds = _meaning(path)
            waiting.extend(files)
            waiting.extend(
                file for kind in kinds for module in choices.get(kind, ()) for file in _module_files(module)
            )
    return {_name(path): meaning for path, meaning in result.items()}


def _name(path: Path) -> str:
    """Return a file's path within the package, or the name of a file outside of it."""
    return path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name


@cache
def _meaning(path: Path) -> tuple[str, tuple[Path, ...], tuple[str, ...]]:
    """Return a file's meaning as text, the package files that it depends on, and the kinds of module that it loads.

    The meaning of a Python module is its syntax tree without docstrings and without ``if TYPE_CHECKING:``.
    """
    text = path.read_text(encoding="utf-8")
    files = _named_data(path, text) if path.is_relative_to(PACKAGE) else []
    if path.suffix != ".py":
        return text, tuple(files), ()
    tree = ast.parse(text)
    for_types = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    tree.body = [node for node in tree.body if node not in for_types]
    for node in [tree, *_statements(tree)]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                files += _module_files(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            files += _module_files(node.module)
            for alias in node.names:
                files += _module_files(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return ast.dump(tree), tuple(files), tuple(_kinds(tree) if "registry.load" in text else ())


def _named_data(path: Path, text: str) -> list[Path]:
    """Return the files in a file's folder, other than modules, whose names its text has in quotes."""
    names = set(re.findall(r"""["']([\w.-]+)["']""", text))
    return [other for other in path.parent.iterdir() if other.suffix in DATA and other.name in names]


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement below a node of the syntax tree. Expressions, which hold none, are not entered."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from _statements(child)


def _kinds(tree: ast.AST) -> Iterator[str]:
    """Yield the kind that each call of `registry.load` names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "registry.load":
            yield ast.literal_eval(node.args[0])


def _module_files(name: str) -> list[Path]:
    """Return the file of a `lawpipe` module and those of the packages above it; nothing for other modules."""
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return []
    files = []
    for depth in range(1, len(parts) + 1):
        parent = PACKAGE.joinpath(*parts[1:depth])
        files += [file for file in (parent / "__init__.py", parent.with_suffix(".py")) if file.is_file()]
    return files


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
