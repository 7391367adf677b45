"""Hundreds of configs with random mistakes: each is accepted, or refused in sentences that name a key each.

A sample of them goes through a dry run of Snakemake.
"""

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lawpipe.config.resolve import resolve
from lawpipe.run.errors import InputError
from tests.workflow import forked

ROOT = Path(__file__).resolve().parents[2]
VALID = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "config").glob("*.yaml"))]

#: Values that a user may write in the wrong place.
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


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every key and list entry."""
    if isinstance(node, dict):
        return [inner for key, value in node.items() for inner in [(*path, key), *paths(value, (*path, key))]]
    if isinstance(node, list):
        return [(*path, index) for index in range(len(node))]
    return []


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a config of the project with one to three mistakes: a value replaced, a key removed, renamed or added."""
    config = copy.deepcopy(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 3))):
        all_paths = paths(config)
        if not all_paths:
            break
        *folders, last = draw(st.sampled_from(all_paths))
        node: Any = config
        for key in folders:
            node = node[key]
        mistake = draw(st.sampled_from(["replace", "remove", "rename", "add"]))
        if mistake == "replace" or isinstance(node, list):
            node[last] = draw(VALUES)
        elif mistake == "remove":
            del node[last]
        elif mistake == "rename":
            node[draw(KEYS)] = node.pop(last)
        else:
            node[draw(KEYS)] = draw(VALUES)
    return config


@settings(max_examples=400, deadline=None, derandomize=True)
@given(mutated())
def test_a_mutated_config_is_accepted_or_refused_in_sentences(config: dict[str, Any]) -> None:
    known = {key for block in config.values() if isinstance(block, dict) for key in block} | set(config)
    try:
        resolved = resolve(config)
    except InputError as error:
        for text in str(error).split("\n"):
            assert text.endswith((".", "?"))
            assert len(text) < 2000
            assert any(str(key) in text for key in (*known, "name", "experiments", "the config"))
    else:
        assert resolved.in_all


#: How many configs go through a dry run: each takes a second.
SAMPLE = 4


def sample() -> list[dict[str, Any]]:
    """Return a fixed sample of mutated configs; half of them are accepted, if there are enough of these."""
    drawn: list[dict[str, Any]] = []

    @settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
    @given(mutated())
    def collect(config: dict[str, Any]) -> None:
        drawn.append(config)

    collect()
    random.Random(0).shuffle(drawn)
    accepted = [config for config in drawn if is_accepted(config)]
    refused = [config for config in drawn if not is_accepted(config) and "experiments" in config]
    return accepted[: SAMPLE // 2] + refused[: SAMPLE - SAMPLE // 2]


def is_accepted(config: dict[str, Any]) -> bool:
    """Return whether a config is accepted."""
    try:
        resolve(config)
    except InputError:
        return False
    return True


@pytest.mark.workflow
def test_a_sample_goes_through_a_dry_run(tmp_path: Path) -> None:
    for number, config in enumerate(sample()):
        path = tmp_path / f"{number}.yaml"
        path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        arguments = ["--dry-run", "--quiet", "all", "--cores", "1", "--snakefile", str(ROOT / "Snakefile")]
        run = forked.run([*arguments, "--configfile", str(path)], tmp_path, ROOT)
        said = run.stdout
        assert "Traceback" not in said, (config, said)
        errors = [line for line in said.splitlines() if line.startswith("error: ")]
        if is_accepted(config):
            assert run.returncode == 0, (config, said)
            assert errors == []
        else:
            assert run.returncode == 1, (config, said)
            assert errors, (config, said)
