"""The templates of this room: pages as HTML, sentences as text."""

from pathlib import Path
from typing import Any

import jinja2

from lawpipe.report import glossary

FOLDER = Path(__file__).resolve().parent


def load(name: str, **names: Any) -> jinja2.Template:
    """Load a template that knows some names. In HTML all values but `Markup` are escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        undefined=jinja2.StrictUndefined,
        autoescape=name.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["explained"] = glossary.explained
    return environment.get_template(name, globals=names)
