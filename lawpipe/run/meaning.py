"""What a source file means for a result, as a digest, and what it names: modules, kinds of module, other files.

The meaning of a Python module is its syntax tree without docstrings and without ``if TYPE_CHECKING:``; that of any
other file is its text. Reading the syntax of all modules takes a second, which every job would wait for, so what was
read is kept in `__pycache__` for files with the same content.
"""

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from lawpipe.run import files
from lawpipe.run.errors import InputError


@dataclass(frozen=True)
class Source:
    """The meaning of a file and what it names, each a name as it is written there."""

    #: The digests of its content and of its meaning.
    content: str
    meaning: str
    #: Modules that may be imported: every module, and every name that is imported from one.
    modules: list[str]
    #: The kinds that calls of `registry.load` name.
    kinds: list[str]
    #: Words in quotes that may be names of files.
    quoted: list[str]


class Sources:
    """The sources that this process or an earlier one has read, by name; kept in a folder if it can be written."""

    def __init__(self, folder: Path) -> None:
        """Load what the folder's `__pycache__` keeps."""
        self.file = folder / "__pycache__" / f"meanings.{sys.implementation.cache_tag}.json"
        #: What is kept was read by this very module.
        self.reader = _digest(Path(__file__).read_bytes())
        self.known: dict[str, Source] = {}
        self.changed = False
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            kept = json.loads(self.file.read_text(encoding="utf-8"))
            if kept["reader"] == self.reader:
                self.known = {name: Source(*values) for name, values in kept["sources"].items()}

    def read(self, path: Path, name: str) -> Source:
        """Return the source of a file; `name` tells it from others."""
        content = path.read_bytes()
        digest = _digest(content)
        source = self.known.get(name)
        if source is None or source.content != digest:
            source = self.known[name] = _read(content.decode(), digest, is_python=path.suffix == ".py")
            self.changed = True
        return source

    def keep(self) -> None:
        """Write what is new for later processes."""
        if self.changed and not sys.dont_write_bytecode:
            table = {"reader": self.reader, "sources": {name: astuple(source) for name, source in self.known.items()}}
            with suppress(InputError):
                files.write_text(self.file, json.dumps(table))
        self.changed = False


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(text: str, digest: str, *, is_python: bool) -> Source:
    """Read the text of a file whose content has a digest."""
    quoted = sorted(set(re.findall(r"""["']([\w-]+\.[\w.-]+)["']""", text)))
    if not is_python:
        return Source(digest, digest, [], [], quoted)
    tree = ast.parse(text)
    for_types = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    tree.body = [node for node in tree.body if node not in for_types]
    modules: list[str] = []
    for node in [tree, *_statements(tree)]:
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    kinds = list(_kinds(tree)) if "registry.load" in text else []
    return Source(digest, _digest(ast.dump(tree).encode()), modules, kinds, quoted)


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
