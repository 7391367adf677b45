"""Modules that a config chooses by name: a problem's parts, a model, a search method, a policy.

Each kind of choice is a pattern of module names. All modules of a kind have the same functions. They are imported by
name, not by import statements, so that a result depends only on the code of the module that is chosen.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any

#: Pattern of the module names of each kind; the braces stand for the name in the config.
KINDS = {
    "examples": "lawpipe.problems.{}.examples",
    "initial": "lawpipe.problems.{}.initial",
    "losses": "lawpipe.problems.{}.losses",
    "model": "lawpipe.problems.language_model.models.{}",
    "search": "lawpipe.search.{}",
    "policy": "lawpipe.policies.{}",
    "study": "lawpipe.studies.{}",
}

#: The variants of a policy, which share its module: `greedy_tuned` and `greedy_matched` are made by `greedy`.
VARIANTS = ("tuned", "matched")


def load(kind: str, name: str) -> ModuleType:
    """Import the module of a choice.

    Callers write the kind as a literal, from which the code digest finds the modules. Raises ModuleNotFoundError if
    there is no module of that name.
    """
    return importlib.import_module(module_name(kind, name))


def module_name(kind: str, name: str) -> str:
    """Return the name of the module of a choice; that of a policy's variant is the policy's own."""
    full = KINDS[kind].format(name)
    return full if kind != "policy" or variant(name) == "own" else full.rpartition("_")[0]


def variant(policy: str) -> str:
    """Return the variant that a policy's name ends in; `own` if there is a module of the whole name."""
    ending = policy.rpartition("_")[2]
    has_module = importlib.util.find_spec(KINDS["policy"].format(policy)) is not None
    return "own" if has_module or ending not in VARIANTS else ending


def names(kind: str) -> list[str]:
    """Return the names of a kind's modules, in alphabetical order, without importing them."""
    package, _, part = KINDS[kind].partition(".{}")
    modules = pkgutil.iter_modules(importlib.import_module(package).__path__)
    return sorted(module.name for module in modules if module.ispkg == bool(part))


def chosen(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the modules that a stage's settings name, by kind."""
    choices: dict[str, list[Any]] = {
        **{kind: [settings.get("problem")] for kind in ("examples", "initial", "losses")},
        "model": [settings.get("model", {}).get("architecture")],
        "search": [settings.get("search", {}).get("method")],
        "study": [settings.get("study")],
        "policy": [settings["policy"]] if "policy" in settings else settings.get("policies", []),
    }
    return {kind: [module_name(kind, name) for name in names] for kind, names in choices.items() if any(names)}
