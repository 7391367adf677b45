"""A sentence for each mistake in a config: the key's path, what was found, what is expected and how to mend it.

pydantic reports the place and the kind of a mistake; the generated JSON schema describes what is allowed there.
"""

import difflib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

#: The new name of each old key or value, by the dotted key that contains it (within the experiment) and the old name.
RENAMED = {
    ("policies", "tuned"): "conventional_tuned",
    ("policies", "near_optimal_tuned"): "near_optimal_at_tuned_rate",
}


def explain(error: ValidationError, raw: Any, schema: Mapping[str, Any], at: str | None = None) -> list[str]:
    """Return the sentences for all mistakes in `raw`; unknown keys come before all others.

    `schema` is the JSON schema of `raw`. `at` replaces the path that is shown.
    """
    mistakes = sorted(error.errors(include_url=False), key=_order)
    unknown = [mistake["loc"] for mistake in mistakes if mistake["type"] == "extra_forbidden"]
    mistakes = [mistake for mistake in mistakes if not _follows(mistake, unknown)]
    # pydantic reports a mistake once for each alternative that the value is not.
    return list(dict.fromkeys(_explain(mistake, raw, schema, at) for mistake in mistakes))


def _follows(mistake: ErrorDetails, unknown: Iterable[tuple[str | int, ...]]) -> bool:
    """Return whether a key is missing because an unknown key beside it, at one of the places, is meant."""
    *above, name = mistake["loc"] or ("",)
    beside = [str(path[-1]) for path in unknown if list(path[:-1]) == above]
    return mistake["type"] == "missing" and bool(difflib.get_close_matches(str(name), beside))


def _explain(mistake: ErrorDetails, raw: Any, schema: Mapping[str, Any], at: str | None) -> str:
    """Return the sentence for one mistake."""
    kind, loc = mistake["type"], mistake["loc"]
    parts: list[str | int] = []
    value = raw
    for part in loc:
        try:
            value = value[part]
        except (LookupError, TypeError):
            break  # the rest is a missing key, or pydantic's name for a part of a type
        parts.append(part)
    path = at or _dotted(parts)
    if kind == "extra_forbidden":
        *above, name = map(str, parts)
        return _renamed(path, above, name) or unknown(path, name, allowed(schema, above)[0]["properties"])
    if kind == "missing":
        return f"{_dotted(loc)} is missing: {allowed(schema, loc)[0]['description']}"
    if loc[-1:] == ("[key]",):
        return f"{path} is not a possible name: use small letters, digits and _, a letter first."
    if kind == "twice":
        return f"{path} holds {show(value[mistake['ctx']['index']])} twice: name it once."
    if kind == "finite_number" or (kind == "float_type" and type(value) is int):
        return f"{path} is {show(value)}, expected a finite number."
    options = allowed(schema, parts)
    expected = f"{' or '.join(map(_words, options))}{_hint(value, options)}"
    return (
        _renamed(f"{path} is {show(value)}, which", parts, value)
        or f"{path or 'the config'} is {show(value)}, expected {expected}"
    )


def unknown(path: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for an unknown key: what was perhaps meant, and all keys that there are."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{path} is not a known key: {meant}Known keys here: {', '.join(names)}."


def suggestion(name: str, known: Collection[str]) -> str:
    """Return the end of the sentence for an unknown name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f": did you mean {near[0]!r}?"
    return f", one of {', '.join(sorted(known))}." if known else ", but there is no other."


def allowed(schema: Mapping[str, Any], path: Iterable[str | int]) -> list[Mapping[str, Any]]:
    """Return the alternatives that a JSON schema allows for the value at a path."""
    options = _options(schema, schema)
    for part in path:
        options = _options(next(filter(None, (_inside(option, part) for option in options))), schema)
    return options


def show(value: Any) -> str:
    """Write a value as in a config, shortened."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def join(path: str, key: str) -> str:
    """Append a key to a dotted path."""
    return f"{path}.{key}" if path else key


def _order(error: ErrorDetails) -> tuple[bool, list[str]]:
    """Return what mistakes are ordered by: unknown keys first, then by path; a missing key counts for its block."""
    unknown = error["type"] == "extra_forbidden"
    loc = error["loc"][:-1] if unknown or error["type"] == "missing" else error["loc"]
    return not unknown, [str(part) for part in loc]


def _dotted(parts: Iterable[str | int]) -> str:
    """Write a path with dots, and the indexes of lists in brackets."""
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else join(path, part)
    return path


def _renamed(subject: str, above: Sequence[str | int], old: Any) -> str | None:
    """Return the sentence for an old name below a path; None for a name that was never in use there."""
    inner = [part for part in above if isinstance(part, str)]
    if inner[:1] == ["experiments"]:
        inner = inner[2:]
    new = RENAMED.get((".".join(inner), old)) if isinstance(old, str) else None
    return None if new is None else f"{subject} has the new name {new!r}: write that."


def _options(rules: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the alternatives of a part of a schema, with its reference resolved."""
    if "$ref" in rules:
        rules = schema["$defs"][rules["$ref"].rpartition("/")[2]]
    options: list[Mapping[str, Any]] = rules.get("anyOf", [rules])
    return options


def _inside(option: Mapping[str, Any], part: str | int) -> Any:
    """Return the part of a schema for a key or an index; nothing if there is none."""
    if isinstance(part, int):
        return option.get("items")
    named = option.get("properties", {}).get(part) or option.get("additionalProperties")
    return named or next(iter(option.get("patternProperties", {}).values()), None)


def _words(option: Mapping[str, Any]) -> str:
    """Say in words what one alternative of a schema allows."""
    values = option.get("enum", [option["const"]] if "const" in option else [])
    if values:
        *others, last = map(show, values)
        return f"{', '.join(others)} or {last}" if others else last
    if "pattern" in option:
        return "small letters, digits and _, a letter first"
    if "maximum" in option:
        limits = f" from {option['minimum']} to {option['maximum']}"
    elif "minimum" in option:
        limits = f" of at least {option['minimum']}"
    else:
        limits = f" above {option['exclusiveMinimum']}" if "exclusiveMinimum" in option else ""
    sizes = f" of at most {option['maxItems']} entries" if "maxItems" in option else ""
    words = {
        "integer": f"a whole number{limits}",
        "number": f"a number{limits}",
        "string": "text that is not empty" if "minLength" in option else "text",
        "boolean": "true or false",
        "null": "null",
        "array": "a list with at least one entry" if "minItems" in option else f"a list{sizes}",
        "object": f"a mapping {'with at least one key' if 'minProperties' in option else 'of keys to values'}",
    }
    return words[option["type"]]


def _hint(value: Any, options: Iterable[Mapping[str, Any]]) -> str:
    """Return the end of a sentence: a near match among known names, or how YAML took a number for text."""
    if not isinstance(value, str):
        return "."
    names = [name for option in options for name in option.get("enum", ()) if name is not None]
    if near := difflib.get_close_matches(value, names, n=1, cutoff=0.8):  # gpu is no cpu
        return f": did you mean {near[0]!r}?"
    try:
        mantissa, _, exponent = f"{float(value):e}".partition("e")
    except ValueError:
        return "."
    numeric = {"integer", "number"}.intersection(option.get("type", "") for option in options)
    if not numeric or not exponent:  # a number without an exponent in this form is not finite
        return "."
    if "e" not in value.lower():
        return " (without quotes)."
    number = f"{float(mantissa)}e{int(exponent):+d}"
    return f" (YAML reads {value} as text: a number in this form needs a dot and a sign, such as {number})."
