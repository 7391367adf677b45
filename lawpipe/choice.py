"""Modules chosen by name when a stage runs, one module a choice: problems, policies, search methods and the like.

The name in the config is the name of the module, and every module of such a package has the same functions. As
nothing imports them all, a result depends on the code of what was chosen and not on its neighbours'.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any

#: The packages with a module for each problem.
BY_PROBLEM = ("initial", "problems", "sources")


def load(package: str, name: str) -> ModuleType:
    """Import the module of a choice; ModuleNotFoundError if there is none of that name."""
    return importlib.import_module(f"{package}.{name}")


def names(package: str) -> list[str]:
    """Return the names of a package's modules, in alphabetical order, without importing them."""
    return sorted(module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__))


def chosen(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what a stage's settings choose: the module of each package that is loaded by name."""
    result = {f"lawpipe.{package}": settings["problem"] for package in BY_PROBLEM if "problem" in settings}
    if "model" in settings:
        result["lawpipe.models"] = settings["model"]["architecture"]
    if "search" in settings:
        result["lawpipe.search"] = settings["search"]["method"]
    if "policy" in settings:
        result["lawpipe.policies"] = settings["policy"]
    return result
