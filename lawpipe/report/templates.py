"""The templates of this room: pages as HTML, sentences as text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

FOLDER = Path(__file__).resolve().parent


def read(name: str) -> str:
    """Return the text of a file in the folder of this module."""
    return (FOLDER / name).read_text(encoding="utf-8")


def load(name: str, names: Mapping[str, Any]) -> jinja2.Template:
    """Load a template that knows some names. In HTML all values but `Markup` are escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name, globals=dict(names))
