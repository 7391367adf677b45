"""Reading the text of a config file, with sentences for what YAML itself accepts or reports in other words."""

from pathlib import Path
from typing import Any

import yaml

from lawpipe.run.errors import InputError


def read(path: Path) -> Any:
    """Return the content of a config file, written as YAML.

    Raises InputError, which names the file and the line, if it cannot be read, is not YAML, has a key twice in one
    mapping, or has an alias within the block that it stands for.
    """
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        if root is None:
            return None
        _check(path, root, ())
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}," if mark is not None else ""
        why = ", ".join(filter(None, (error.context, error.problem)))
        raise InputError(f"{path}{line} cannot be read as YAML ({why}): mend the file there.") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(
            f"{path} cannot be read ({' '.join(str(error).split())}): expected a config, which is text in YAML."
        ) from error


def _check(path: Path, node: yaml.Node, above: tuple[yaml.Node, ...]) -> None:
    """Raise InputError for a key that stands twice in a mapping and for a node that contains itself."""
    if any(node is other for other in above):
        raise InputError(
            f"{path}, line {_line(node)}: the block that is marked there by & contains an alias (*) of itself, "
            "expected an alias of another block; write out what is meant."
        )
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(path, item, (*above, node))
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else f"the key of line {_line(key)}"
            if name in lines:
                raise InputError(
                    f"{path}, line {_line(key)}: the key {name!r} is there a second time, after line {lines[name]}, "
                    "and would replace the first; remove one of the two."
                )
            lines[name] = _line(key)
            _check(path, value, (*above, node))


def _line(node: yaml.Node) -> int:
    """Return the number of the line in which a node begins, from 1."""
    return int(node.start_mark.line) + 1
