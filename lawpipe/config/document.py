"""Writes what is generated from the models: the JSON schema of a config, and the tables of config/README.md.

python -m lawpipe.config.document            writes both files
python -m lawpipe.config.document --check    exits with 1 if either is out of date, and writes nothing
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from lawpipe.config import block
from lawpipe.config.experiment import ConfigFile, Experiment, json_schema
from lawpipe.config.presets import PRESETS
from lawpipe.policies.catalogue import POLICIES

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
README = ROOT / "config/README.md"

#: A table in the README between its two marks.
TABLE = re.compile(r"(<!-- table: (\w+)(?: of (\w+))? -->\n).*?(<!-- end of table -->)", re.DOTALL)


def main(argv: list[str] | None = None) -> None:
    """Write the generated files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is out of date")
    check = parser.parse_args(argv).check
    readme = TABLE.sub(lambda match: f"{match[1]}{table(match[2], match[3])}{match[4]}", README.read_text("utf-8"))
    for file, text in ((SCHEMA, schema_file()), (README, readme)):
        if not check:
            file.write_text(text, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != text:
            sys.exit(f"{file.relative_to(ROOT)} is out of date: run python -m lawpipe.config.document")


def schema_file() -> str:
    """Return the JSON schema as the content of a YAML file."""
    first = "# Generated from the models in lawpipe/config by `python -m lawpipe.config.document`: do not edit.\n"
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return first + yaml.safe_dump(draft | json_schema(), sort_keys=False, allow_unicode=True, width=118)


def table(name: str, problem: str | None) -> str:
    """Return a table of the README: `presets`, `policies`, or the keys of `file`, `experiment` or a block.

    The keys are those of `problem` alone, or, without it, those that all problems have.
    """
    if name == "presets":
        searches = [(of, preset, search) for of, presets in PRESETS.items() for preset, search in presets.items()]
        columns = list(searches[0][2])
        rows = [[of, f"`{preset}`", *(f"`{search[key]}`" for key in columns)] for of, preset, search in searches]
        return _markdown(["problem", "preset", *columns], rows)
    if name == "policies":
        policies = [
            [f"`{policy}`", of.phrase, ", ".join(f"`{other}`" for other in of.builds_on)]
            for policy, of in POLICIES.items()
        ]
        return _markdown(["policy", "weights", "requires"], policies)
    rows = [
        _row(path, field, meaning)
        for path, only, field, meaning in block.keys(ConfigFile if name == "file" else Experiment)
        if only == problem and (name == "file" or (path.partition(".")[0] if "." in path else "experiment") == name)
    ]
    return _markdown(["key", "default", "meaning", "source"], rows)


def _row(path: str, field: FieldInfo, meaning: str) -> list[str]:
    """Return the cells of one key."""
    marks = block.marks(field)
    default: Any = marks.get("defaults", field.get_default())
    if field.is_required():
        shown = "none"
    elif "defaults" in marks:
        shown = ", ".join(f"`{value}` ({problem})" for problem, value in default.items())
    else:
        shown = f"`{default if isinstance(default, str) else json.dumps(default)}`"
    return [f"`{path}`", shown, meaning, marks["source"]]


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    """Write a table in Markdown."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, ["---"] * len(header), *rows))


if __name__ == "__main__":
    main()
