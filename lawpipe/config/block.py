"""Base of the config's blocks: how a key is declared, and the types and limits that several keys share.

A block is a pydantic model and a key is one of its fields; the docstring under a field is the key's description.
Unknown keys are refused, and types are exact: text is never read as a number, nor true as 1. A whole number may be
written as 7.0, and any number as 7.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError


class Block(BaseModel):
    """A mapping of the config with a fixed set of keys."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON schema of the block, with the description of each key."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for name, text in descriptions(cls).items():
            properties[name]["description"] = text
        return schema


@cache
def descriptions(model: type[Block]) -> dict[str, str]:
    """Return the description of each key of a block: the docstring under its field, in one line.

    Pydantic would read them whenever a class is made (`use_attribute_docstrings`), which takes a tenth of a second.
    """
    module = ast.parse(Path(inspect.getfile(model)).read_text(encoding="utf-8"))
    (body,) = (node.body for node in module.body if isinstance(node, ast.ClassDef) and node.name == model.__name__)
    result = {}
    for statements in pairwise(body):
        match statements:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                result[name] = " ".join(text.split())
    return result


def key(value: Any = ..., *, source: str = "this project", problem: str | None = None, **defaults: Any) -> Any:
    """Return the field of a key with the default `value`; a key without a default is required.

    `source` is where the key comes from: a place in the paper, its public code, or this project. `problem` is the
    only problem that has the key, if not all have it. `defaults` replace `value` where the problems differ.
    """
    marks: dict[str, Any] = {"source": source} | ({"problem": problem} if problem else {})
    if defaults:
        return Field(default_factory=lambda: None, json_schema_extra=marks | {"defaults": defaults})
    return Field(default=value, json_schema_extra=marks)


def block(model: type[Block], problem: str | None = None) -> Any:
    """Return the field of a nested block; `problem` is the only problem that has it, if not all have it."""
    return Field(default_factory=model, json_schema_extra={"problem": problem} if problem else {})


def marks(field: FieldInfo) -> Mapping[str, Any]:
    """Return the `source` of a key, its `problem` and its `defaults`, as far as it has them."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, Mapping) else {}


def nested(field: FieldInfo) -> type[Block] | None:
    """Return the block that a field holds; None for a field that holds a value."""
    return field.annotation if isinstance(field.annotation, type) and issubclass(field.annotation, Block) else None


def keys(
    model: type[Block], path: str = "", problem: str | None = None
) -> Iterator[tuple[str, str | None, FieldInfo, str]]:
    """Yield the dotted path, the only problem (or None), the field and the description of every key of a block."""
    for name, field in model.model_fields.items():
        inner, only = nested(field), marks(field).get("problem", problem)
        if inner is None:
            yield f"{path}{name}", only, field, descriptions(model).get(name, "")
        else:
            yield from keys(inner, f"{path}{name}.", only)


def _whole(value: Any) -> Any:
    """Return a float without a fraction as an integer, so that 7 and 7.0 are the same setting."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _distinct(values: list[Any]) -> list[Any]:
    """Return a list whose values all differ; refuse any other."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise PydanticCustomError("twice", "entry {index} is there before", {"index": index})
    return values


Whole = BeforeValidator(_whole)
Distinct = AfterValidator(_distinct)

Count = Annotated[int, Field(ge=1, le=2**31 - 1), Whole]
CountOrZero = Annotated[int, Field(ge=0, le=2**31 - 1), Whole]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1), Whole]
Size = Annotated[int, Field(ge=1, le=2**16), Whole]
Iteration = Annotated[int, Field(ge=1, le=9999), Whole]
Fraction = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
