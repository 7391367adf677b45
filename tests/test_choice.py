"""Modules chosen by name: every name that a config may say is a module with the function that is asked for."""

from pathlib import Path

import pytest
import yaml

from lawpipe import choice

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())["$defs"]["experiment"]


def allowed(*path):
    rules = EXPERIMENT
    for key in path:
        rules = rules["properties"][key]
    return rules.get("enum") or rules["items"]["enum"]


@pytest.mark.parametrize(
    ("package", "names", "function"),
    [
        *((f"lawpipe.{package}", allowed("problem"), "load" if package == "problems" else "draw")
          for package in choice.BY_PROBLEM),
        ("lawpipe.models", allowed("model", "architecture"), "build"),
        ("lawpipe.search", allowed("search", "method"), "make"),
        ("lawpipe.policies", set(allowed("policies")) - {"near_optimal"}, "make"),
    ],
)  # fmt: skip
def test_every_name_of_the_schema_is_a_module(package, names, function):
    for name in names:
        assert callable(getattr(choice.load(package, name), function)), name


def test_a_stage_chooses_what_its_settings_name():
    settings = {
        "problem": "language_model",
        "model": {"architecture": "transformer"},
        "search": {"method": "mirror_descent"},
    }
    assert choice.chosen(settings) == {
        "lawpipe.initial": "language_model",
        "lawpipe.problems": "language_model",
        "lawpipe.sources": "language_model",
        "lawpipe.models": "transformer",
        "lawpipe.search": "mirror_descent",
    }
    assert choice.chosen({"policy": "conventional"}) == {"lawpipe.policies": "conventional"}


def test_names_are_those_of_the_modules():
    assert choice.names("lawpipe.sources") == ["language_model", "perceptron"]
    with pytest.raises(ModuleNotFoundError):
        choice.load("lawpipe.sources", "nothing")
