"""Every artifact table by its name, for tests that go through them."""

import importlib
import pkgutil

from lawpipe.run import tables
from lawpipe.run.table import Table

MODULES = [
    importlib.import_module(f"{tables.__name__}.{module.name}") for module in pkgutil.iter_modules(tables.__path__)
]
TABLES = {value.name: value for module in MODULES for value in vars(module).values() if isinstance(value, Table)}
