"""Modules chosen by name: every name that a config may have is a module with the functions of its kind."""

import pytest

from lawpipe.config import messages
from lawpipe.config.experiment import json_schema
from lawpipe.run import registry


def allowed(*path):
    (rules,) = messages.allowed(json_schema(), ("experiments", "any", *path))
    return rules.get("enum") or [rules["const"]]


@pytest.mark.parametrize(
    ("kind", "names", "attribute"),
    [
        ("examples", allowed("problem"), "draw"),
        ("initial", allowed("problem"), "draw"),
        ("losses", allowed("problem"), "load"),
        ("model", allowed("model", "architecture"), "build"),
        ("search", allowed("search", "method"), "make"),
        ("policy", allowed("policies", 0), "RECORD"),
    ],
)
def test_every_name_of_the_schema_is_a_module(kind, names, attribute):
    for name in names:
        assert hasattr(registry.load(kind, name), attribute), name


def test_a_stage_chooses_what_its_settings_name():
    settings = {
        "problem": "language_model",
        "model": {"architecture": "transformer"},
        "search": {"method": "mirror_descent"},
    }
    assert registry.chosen(settings) == {
        "examples": ["lawpipe.problems.language_model.examples"],
        "initial": ["lawpipe.problems.language_model.initial"],
        "losses": ["lawpipe.problems.language_model.losses"],
        "model": ["lawpipe.problems.language_model.models.transformer"],
        "search": ["lawpipe.search.mirror_descent"],
    }


@pytest.mark.parametrize(
    ("policy", "module"),
    [
        ("conventional", "conventional"),
        ("conventional_tuned", "conventional"),
        ("clean_only", "clean_only"),
        ("clean_only_matched", "clean_only"),
        ("near_optimal_matched", "near_optimal"),
        ("near_optimal_at_tuned_rate", "near_optimal_at_tuned_rate"),
    ],
)
def test_a_policys_variants_are_made_by_its_module(policy, module):
    assert registry.chosen({"policy": policy}) == {"policy": [f"lawpipe.policies.{module}"]}
    assert registry.load("policy", policy).__name__ == f"lawpipe.policies.{module}"


def test_a_stage_for_all_policies_chooses_their_modules():
    modules = registry.chosen({"policies": ["conventional", "greedy_tuned"]})
    assert modules == {"policy": ["lawpipe.policies.conventional", "lawpipe.policies.greedy"]}


def test_registered_names_are_those_of_the_modules():
    assert registry.names("losses") == ["language_model", "perceptron"]
    assert "transformer" in registry.names("model")
    with pytest.raises(ModuleNotFoundError):
        registry.load("losses", "nothing")
