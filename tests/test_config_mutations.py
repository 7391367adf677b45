"""Configs with mistakes, by the hundred: each is accepted, or refused in one sentence that names a key."""

import copy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lawpipe.config import resolve
from lawpipe.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
VALID = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "config").glob("*.yaml"))]

#: What a person may write in the wrong place.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from(["", "1e-3", "yes", "..", "/etc/passwd", "perceptron", "paper", "\x00", "é" * 300]),
    st.lists(st.integers(-3, 3), max_size=3),
    st.dictionaries(st.sampled_from(["steps", "seed", "", "A b"]), st.integers(), max_size=2),
)
KEYS = st.sampled_from(["steps", "stepps", "data", "search", "extends", "sweep", "name", "seeds", "", "on", "x.y"])


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every key and list entry."""
    if isinstance(node, dict):
        return [found for key, value in node.items() for found in [(*path, key), *places(value, (*path, key))]]
    if isinstance(node, list):
        return [(*path, index) for index in range(len(node))]
    return []


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a config of the project with one to three mistakes: a value replaced, a key removed, renamed or added."""
    config = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 3))):
        all_places = places(config)
        if not all_places:
            break
        *folders, last = draw(st.sampled_from(all_places))
        node: Any = config
        for key in folders:
            node = node[key]
        what = draw(st.sampled_from(["replace", "remove", "rename", "add"]))
        if what == "replace" or isinstance(node, list):
            node[last] = draw(VALUES)
        elif what == "remove":
            del node[last]
        elif what == "rename":
            node[draw(KEYS)] = node.pop(last)
        else:
            node[draw(KEYS)] = draw(VALUES)
    return config


@settings(max_examples=400, deadline=None, derandomize=True)
@given(mutated())
def test_a_mutated_config_is_accepted_or_refused_in_one_sentence(config: dict[str, Any]) -> None:
    known = {key for block in config.values() if isinstance(block, dict) for key in block} | set(config)
    try:
        resolved = resolve(config, SCHEMA)
    except InputError as error:
        text = str(error)
        assert "\n" not in text
        assert text.endswith((".", "?"))
        assert len(text) < 2000
        assert any(str(key) in text for key in (*known, "name", "experiments", "the config"))
    else:
        assert resolved.in_all
