"""From what the user wrote to complete settings: validation, inheritance, presets, sweeps, defaults.

The rules for each key are a JSON schema (workflow/schemas/config.schema.yaml); this module applies it and adds
what a schema cannot say. Every mistake raises InputError with one sentence: the key's dotted path, what was
found, what is allowed.
"""

import difflib
import itertools
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import jsonschema

from lawpipe.config import plan
from lawpipe.run.errors import InputError

Settings = dict[str, Any]

#: The published searches, by problem: what `search.preset` stands for (rates are on the mean J).
PRESETS: dict[str, dict[str, Settings]] = {
    "perceptron": {
        "paper": {"method": "projected_gradient", "iterations": 500, "rate": 0.01, "decay": "constant"},
        "public_script": {"method": "projected_gradient", "iterations": 500, "rate": 0.001, "decay": "linear"},
    },
    "language_model": {
        "paper": {"method": "projected_gradient", "iterations": 15, "rate": 0.4, "decay": "constant"},
        "public_script": {"method": "projected_gradient", "iterations": 20, "rate": 0.4, "decay": "linear"},
    },
}

#: Search methods that need `search.rate`; the others set their own step.
METHODS_WITH_RATE = ("projected_gradient",)

#: Policies that every experiment has: all others are compared with them.
REQUIRED_POLICIES = ("conventional", "near_optimal")

#: Names that mean something else: rules of the workflow, and folders beside those of the experiments.
RESERVED_NAMES = (
    *("all", "verify", "benchmarks", "cost", "logs"),
    *plan.STAGES,
    *("generate_data_with_validation", "make_policy_at_its_best_rate", "train_with_contributions"),
    *("report_of_experiment", "compare_laws", "compare_sweep", "compare_online", "transfer"),
    *("plot_methods", "plot_growth"),
)

#: Precisions of a problem without products that would gain from rounding.
PRECISIONS_OF_TYPES = ("float32", "float64")

MOST_SNAPSHOTS = 12


@dataclass(frozen=True)
class Config:
    """A resolved config."""

    name: str
    #: Complete settings of each experiment, sweeps expanded, in the order of the file.
    experiments: dict[str, Settings]
    #: Each name written in the file and the experiments it stands for: itself, or those of its sweep.
    groups: dict[str, tuple[str, ...]]
    #: The key that a group sweeps over, where it is one with numbers: what its experiments are compared against.
    sweeps: dict[str, str]
    #: The verdict that each claim is expected to have, by experiment and claim; none where nothing is expected.
    claims: dict[str, dict[str, str]]

    @property
    def root(self) -> str:
        """The folder of the results."""
        return "results" if self.name == "default" else f"results-{self.name}"

    @property
    def in_all(self) -> tuple[str, ...]:
        """The experiments that the main report shows."""
        return tuple(name for name, settings in self.experiments.items() if settings["in_all"])


def resolve(raw: Mapping[str, Any], schema: Mapping[str, Any], stories: str | None = None) -> Config:
    """Return the complete settings of every experiment of a config.

    `stories` is a file of text that takes the place of the hub, for all experiments that read from it.

    An experiment's settings are, later ones winning: the schema's defaults, the block it extends (and so on
    down the chain), its own block, one combination of its sweep. In each block, `search.preset` counts first.

    Raises InputError, one sentence, for anything the schema or the checks below do not allow.
    """
    _check_keys(raw, "")
    _check(raw, schema, schema, "")
    blocks: Mapping[str, Settings] = raw["experiments"]
    block_schema = schema["$defs"]["experiment"]
    experiments: dict[str, Settings] = {}
    groups: dict[str, tuple[str, ...]] = {}
    sweeps: dict[str, str] = {}
    for name in blocks:
        if name in RESERVED_NAMES:
            raise InputError(f"experiments.{name} has a name that lawpipe itself uses: choose another.")
        lineage = _lineage(name, blocks)
        default = block_schema["properties"]["problem"]["default"]
        problem = next((blocks[each]["problem"] for each in reversed(lineage) if "problem" in blocks[each]), default)
        inherited: Settings = {}
        for ancestor in lineage:
            inherited = _overlay(inherited, blocks[ancestor], problem)
        expanded = dict(_expand(name, inherited, blocks[name].get("sweep", {}), schema, problem))
        for variant, settings in expanded.items():
            path = f"experiments.{variant}"
            experiments[variant] = _complete(settings, block_schema, problem, path)
            _cross_check(experiments[variant], path)
            if stories is not None and experiments[variant]["data"].get("corpus", {}).get("source") == "hub":
                experiments[variant]["data"]["corpus"] |= {"source": "file", "path": stories}
        groups[name] = tuple(expanded)
        swept = blocks[name].get("sweep", {})
        if len(swept) == 1 and all(isinstance(value, int | float) for values in swept.values() for value in values):
            sweeps[name] = next(iter(swept))
    for name, settings in experiments.items():
        _complete_transfer(settings, experiments, f"experiments.{name}")
    expected = {experiment: dict(verdicts) for experiment, verdicts in raw.get("claims", {}).items()}
    config = Config(raw["name"], experiments, groups, sweeps, expected)
    if not config.in_all:
        raise InputError(
            "experiments all have in_all false, expected at least one for the main report: set one to true."
        )
    return config


def check_folders(config: Config) -> None:
    """Raise InputError if a file of the user's own data is missing (paths count from the working folder)."""
    for name, settings in config.experiments.items():
        for file in plan.own_files(settings):
            if Path(file).is_file():
                continue
            if settings["problem"] in plan.ON_TEXT:
                raise InputError(
                    f"experiments.{name}.data.corpus.path is {file!r}, expected a file of text there: "
                    "put it there, or set data.corpus.source to grammar for stories of the embedded grammar."
                )
            raise InputError(
                f"experiments.{name}.data.folder is {settings['data']['folder']!r}, but {file} does not exist: "
                f"put it there, or set the folder to null to draw the data."
            )


def check_writable(folders: Iterable[Path]) -> None:
    """Raise InputError unless files can be written in each of some folders, or the folder can be made there."""
    for folder in folders:
        place = next(path for path in (folder, *folder.parents, Path()) if os.access(path, os.F_OK))
        if not place.is_dir():
            raise InputError(
                f"{place} is a file, expected a folder for results there: move it away, or choose another name in "
                "the config."
            )
        if not os.access(place, os.W_OK | os.X_OK):
            raise InputError(
                f"{place} is a folder that this user may not write to, expected one for results: mend its "
                "permissions, or choose another name in the config."
            )


def _check_keys(value: Any, path: str) -> None:
    """Raise unless every key at every depth is text: YAML reads `on`, `1` or `null` as something else."""
    if not isinstance(value, Mapping):
        return
    for key, inner in value.items():
        if not isinstance(key, str):
            raise InputError(f"{path or 'the config'} has the key {_show(key)}, expected text: put it in quotes.")
        _check_keys(inner, _join(path, key))


def _check(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: str) -> None:
    """Raise InputError for the first mistake in `value`; unknown keys come before everything else."""
    validator = jsonschema.Draft202012Validator({"$defs": root["$defs"], **schema})
    errors = list(validator.iter_errors(value))
    if errors:
        first = min(errors, key=lambda error: (error.validator != "additionalProperties", list(map(str, error.path))))
        raise InputError(_explain(first, path))
    _check_finite(value, path)


def _check_finite(value: Any, path: str) -> None:
    """Raise for NaN and for numbers beyond floating point, which pass a schema's limits."""
    if isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
        raise InputError(f"{path} is {_show(value)}, expected a finite number.")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_finite(inner, _join(path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_finite(inner, f"{path}[{index}]")


def _explain(error: jsonschema.ValidationError, prefix: str) -> str:
    """Say a schema error in one sentence."""
    path = prefix
    for part in error.absolute_path:
        path = f"{path}[{part}]" if isinstance(part, int) else _join(path, str(part))
    found: Any = error.instance
    rule = error.validator
    schema: Mapping[str, Any] = error.schema  # type: ignore[assignment]  # never a mere true or false here
    if rule == "additionalProperties":
        known = schema["properties"]
        return _unknown(path, next(key for key in found if key not in known), known)
    if rule == "required":
        missing = next(key for key in schema["required"] if key not in found)
        return f"{_join(path, missing)} is missing: {schema['properties'][missing]['description']}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{_join(path, str(found))} is not a possible name: use small letters, digits and _, a letter first."
    if rule == "uniqueItems":
        twice = next(item for index, item in enumerate(found) if item in found[:index])
        return f"{path} holds {_show(twice)} twice: name it once."
    return f"{path or 'the config'} is {_show(found)}, expected {_expected(schema)}{_hint(found, schema)}."


def _unknown(path: str, key: str, known: Iterable[str]) -> str:
    """Say that a key is unknown, what was perhaps meant and what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{_join(path, key)} is not a known key: {meant}Known keys here: {', '.join(names)}."


def _expected(schema: Mapping[str, Any]) -> str:
    """Say in words what a schema allows."""
    if "enum" in schema:
        shown = [_show(value) for value in schema["enum"]]
        return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
    if "pattern" in schema:
        return "small letters, digits and _, a letter first"
    if "maximum" in schema:
        limits = f" from {schema['minimum']} to {schema['maximum']}"
    elif "minimum" in schema:
        limits = f" of at least {schema['minimum']}"
    else:
        limits = f" above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else ""
    sizes = f" of at most {schema['maxItems']} entries" if "maxItems" in schema else ""
    words = {
        "integer": f"a whole number{limits}",
        "number": f"a number{limits}",
        "string": "text",
        "boolean": "true or false",
        "null": "null",
        "array": f"a list{sizes}" if "minItems" not in schema else "a list with at least one entry",
        "object": "a mapping with at least one key" if schema.get("minProperties") else "a mapping of keys to values",
    }
    return " or ".join(words[kind] for kind in _types(schema))


def _types(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema allows; none for an enumeration."""
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else kind


def _hint(found: Any, schema: Mapping[str, Any]) -> str:
    """Explain the trap that a number such as 1e-3 is text in YAML."""
    if not isinstance(found, str) or not {"integer", "number"}.intersection(_types(schema)):
        return ""
    try:
        value = float(found)
    except ValueError:
        return ""
    if "e" not in found.lower():
        return " (without quotes)"
    return (
        f" (YAML reads {found} as text: a number in this form needs a dot and a sign, such as {_yaml_number(value)})"
    )


def _yaml_number(value: float) -> str:
    """Write a number with an exponent so that YAML reads it as one."""
    mantissa, _, exponent = f"{value:e}".partition("e")
    return f"{float(mantissa)}e{int(exponent):+d}"


def _show(value: Any) -> str:
    """Write a value as in a config, shortened."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _join(path: str, key: str) -> str:
    """Append a key to a dotted path."""
    return f"{path}.{key}" if path else key


def _lineage(name: str, blocks: Mapping[str, Settings]) -> list[str]:
    """Return the experiments that `name` is built from, the furthest ancestor first, itself last."""
    chain = [name]
    while (parent := blocks[chain[-1]].get("extends")) is not None:
        if parent not in blocks:
            near = difflib.get_close_matches(parent, blocks, n=1)
            raise InputError(
                f"experiments.{chain[-1]}.extends is {parent!r}, expected another experiment of this config"
                f"{f': did you mean {near[0]!r}?' if near else ', one of ' + ', '.join(sorted(blocks)) + '.'}"
            )
        if parent in chain:
            circle = " -> ".join([*chain[chain.index(parent) :], parent])
            raise InputError(f"experiments.{parent}.extends goes in a circle ({circle}): remove one of the links.")
        chain.append(parent)
    return chain[::-1]


def _overlay(base: Settings, block: Mapping[str, Any], problem: str) -> Settings:
    """Merge a block over inherited settings: mappings key by key, everything else as a whole."""
    own = {key: value for key, value in block.items() if key not in ("extends", "sweep")}
    preset = own.get("search", {}).get("preset")
    if preset is not None:
        own["search"] = {**PRESETS[problem][preset], **own["search"]}
    return _merge(base, own)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Settings:
    """Return `base` with `over` merged in, without changing either."""
    result = dict(base)
    for key, value in over.items():
        inherited = result.get(key)
        if isinstance(inherited, Mapping) and isinstance(value, Mapping):
            result[key] = _merge(inherited, value)
        else:
            result[key] = value
    return result


def _expand(
    name: str, settings: Settings, sweep: Mapping[str, list[Any]], schema: Mapping[str, Any], problem: str
) -> Iterator[tuple[str, Settings]]:
    """Yield name and settings of each combination of a sweep's values; without a sweep, the experiment itself."""
    leaves = dict(_leaves(schema["$defs"]["experiment"], ""))
    path = f"experiments.{name}.sweep"
    for key, values in sweep.items():
        if key not in leaves:
            raise InputError(_unknown(path, key, leaves))
        for index, value in enumerate(values):
            _check(value, leaves[key], schema, f"{path}.{key}[{index}]")
            if not re.fullmatch(r"[A-Za-z0-9_.+-]+", _label(value)):
                raise InputError(
                    f"{path}.{key}[{index}] is {_show(value)}, which cannot be part of a folder's name: "
                    "write an experiment for each value instead."
                )
    for combination in itertools.product(*sweep.values()):
        chosen = list(zip(sweep, combination, strict=True))
        variant = "-".join([name, *(f"{key.rpartition('.')[2]}{_label(value)}" for key, value in chosen)])
        result = settings
        for key, value in chosen:
            block = value
            for part in reversed(key.split(".")):
                block = {part: block}
            result = _overlay(result, block, problem)
        yield variant, result


def _leaves(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the dotted path and the schema of every setting that a sweep may vary."""
    for key, inner in schema["properties"].items():
        if inner.get("type") == "object" and "properties" in inner:
            yield from _leaves(inner, _join(path, key))
        elif inner.get("type") != "object" and "items" not in inner and key not in ("extends", "in_all", "problem"):
            yield _join(path, key), inner


def _label(value: Any) -> str:
    """Write a swept value as part of an experiment's name."""
    return value if isinstance(value, str) else json.dumps(value)


def _complete(settings: Mapping[str, Any], schema: Mapping[str, Any], problem: str, path: str) -> Settings:
    """Fill in the defaults and give every number the type of its key, so that 1 and 1.0 are the same setting.

    Keys of another problem are left out, and refused if they are set.
    """
    result: Settings = {}
    for key, inner in schema["properties"].items():
        if key in ("extends", "sweep"):
            continue
        if inner.get("problem", problem) != problem:
            if key in settings:
                raise InputError(
                    f"{_join(path, key)} belongs to the problem {inner['problem']}, but the experiment's problem is "
                    f"{problem}: leave it out, or set {'.'.join(path.split('.')[:2])}.problem to {inner['problem']}."
                )
            continue
        default = inner["defaults"][problem] if "defaults" in inner else inner.get("default")
        value = settings.get(key, default)
        if "properties" in inner:
            result[key] = _complete(value, inner, problem, _join(path, key))
        else:
            result[key] = _typed(value, inner)
    return result


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a value with its schema's number type."""
    if isinstance(value, list):
        return [_typed(item, schema["items"]) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if "integer" in _types(schema) else float(value)
    return value


def _cross_check(settings: Settings, path: str) -> None:
    """Check what involves several keys, and fill in the snapshots that follow from the iterations."""
    missing = [name for name in REQUIRED_POLICIES if name not in settings["policies"]]
    if missing:
        raise InputError(
            f"{path}.policies is {_show(settings['policies'])}, expected {' and '.join(REQUIRED_POLICIES)} "
            f"among them: add {missing[0]}."
        )
    for name in settings["policies"]:
        for other in plan.builds_on(name):
            if other not in settings["policies"]:
                raise InputError(f"{path}.policies holds {name}, which is made from {other}: add {other}.")
    if settings["problem"] == "perceptron":
        _check_folder(settings["data"]["folder"], f"{path}.data.folder")
        _check_planted(settings["data"], f"{path}.data")
        if settings["training"]["precision"] not in PRECISIONS_OF_TYPES:
            raise InputError(
                f"{path}.training.precision is {settings['training']['precision']}, which is for language models: "
                "the perceptron has no use for it, set float32 or float64."
            )
    else:
        _check_language_model(settings, path)
    _check_search(settings["search"], f"{path}.search")


def _complete_transfer(settings: Settings, experiments: Mapping[str, Settings], path: str) -> None:
    """Check an experiment's `transfer_from` and replace the name by the settings that it stands for."""
    name, path = settings["transfer_from"], f"{path}.transfer_from"
    if name is None:
        if plan.TRANSFERRED in settings["policies"]:
            raise InputError(
                f"{path} is missing: the policy {plan.TRANSFERRED} needs the experiment that it is from."
            )
        return
    if plan.TRANSFERRED not in settings["policies"]:
        raise InputError(f"{path} is {name!r}, but no policy is transferred: add {plan.TRANSFERRED} to policies.")
    if name not in experiments:
        near = difflib.get_close_matches(name, experiments, n=1)
        raise InputError(
            f"{path} is {_show(name)}, expected an experiment of this config"
            f"{f': did you mean {near[0]!r}?' if near else ', one of ' + ', '.join(sorted(experiments)) + '.'}"
        )
    source = experiments[name]
    for key in ("problem", "data", "training.steps"):
        own, other = (_value(each, key) for each in (settings, source))
        if own != other:
            raise InputError(
                f"{path} is {name!r}, whose {key} is not the same, but weights belong to a training step and an "
                f"example: give both experiments the same {key}."
            )
    missing = [seed for seed in settings["seeds"] if seed not in source["seeds"]]
    if missing:
        raise InputError(
            f"{path} is {name!r}, which has no seed {missing[0]}: add it to its seeds, or leave it out here."
        )
    determining = {block: source[block] for block in plan.TRANSFERRED_FROM if source.get(block) is not None}
    settings["transfer_from"] = {"experiment": name, **determining}


def _value(settings: Settings, key: str) -> Any:
    """Return the value of a dotted key."""
    value: Any = settings
    for part in key.split("."):
        value = value[part]
    return value


def _check_folder(folder: str | None, path: str) -> None:
    """Check that a folder of the user's data stays inside the working folder."""
    if folder is not None and (PurePath(folder).is_absolute() or ".." in PurePath(folder).parts):
        raise InputError(
            f"{path} is {folder!r}, expected a path inside the working folder: "
            "move or link the folder there and give its relative path."
        )


def _check_planted(data: Settings, path: str) -> None:
    """Check that there is room for the redundant examples, and that nothing else decides their labels."""
    copies, sums = data["duplicates"], data["dependent"]
    if not copies + sums:
        return
    key = f"{path}.{'duplicates' if copies else 'dependent'}"
    if data["folder"] is not None:
        raise InputError(
            f"{key} is {copies or sums}, but the examples are those of {path}.folder: leave one of them out."
        )
    if data["flip_fraction"]:
        raise InputError(
            f"{key} is {copies or sums}, but {path}.flip_fraction is {data['flip_fraction']}: a copy has the label "
            "of its original, so set one of them to 0."
        )
    needed = 2 * copies + 3 * sums
    if needed > data["train_examples"]:
        raise InputError(
            f"{path}.train_examples is {data['train_examples']}, expected at least {needed}: {copies} copies and "
            f"their originals, {sums} sums and their two parts."
        )


def _check_language_model(settings: Settings, path: str) -> None:
    """Check the keys of text and model against each other."""
    corpus, model = settings["data"]["corpus"], settings["model"]
    if corpus["source"] == "file" and corpus["path"] is None:
        raise InputError(f"{path}.data.corpus.path is missing: the source is file, so name your file of text.")
    if corpus["source"] != "file" and corpus["path"] is not None:
        raise InputError(
            f"{path}.data.corpus.path is {corpus['path']!r}, but the source is {corpus['source']}: "
            "set data.corpus.source to file, or leave the path out."
        )
    place = PurePath(corpus["path"] or "")
    if not place.is_absolute() and ".." in place.parts:
        raise InputError(
            f"{path}.data.corpus.path is {corpus['path']!r}, expected a path inside the working folder: copy the "
            "file there, or give its absolute path."
        )
    if corpus["source"] == "grammar" and corpus["stories"] is None:
        raise InputError(
            f"{path}.data.corpus.stories is null, expected how many stories the grammar is to write, such as 20000."
        )
    if model["hidden"] % model["heads"]:
        raise InputError(
            f"{path}.model.hidden is {model['hidden']}, expected a multiple of model.heads, "
            f"which is {model['heads']}."
        )
    if not any(settings["data"]["perturbation"]["mix"].values()):
        raise InputError(
            f"{path}.data.perturbation.mix has only zeros, expected a number above 0 for replace, delete or repeat."
        )


def _check_search(search: Settings, path: str) -> None:
    """Check the search's keys against each other."""
    method, iterations = search["method"], search["iterations"]
    if method in METHODS_WITH_RATE and search["rate"] is None:
        raise InputError(f"{path}.rate is missing: {method} needs a number above 0 (the paper's is 0.01).")
    if method not in METHODS_WITH_RATE and search["rate"] is not None:
        raise InputError(
            f"{path}.rate is {search['rate']}, but {method} sets its own step: write null or leave it out."
        )
    if method not in METHODS_WITH_RATE and search["decay"] != "constant":
        raise InputError(f"{path}.decay is {search['decay']!r}, but {method} sets its own step: leave it out.")
    if search["snapshots"] is None:
        powers = [2**exponent for exponent in range(iterations.bit_length())]
        search["snapshots"] = powers[-MOST_SNAPSHOTS:]
    snapshots = search["snapshots"]
    if snapshots != sorted(snapshots):
        raise InputError(
            f"{path}.snapshots is {_show(snapshots)}, expected rising numbers: {_show(sorted(snapshots))}."
        )
    if snapshots and snapshots[-1] > iterations:
        raise InputError(
            f"{path}.snapshots holds {snapshots[-1]}, expected numbers up to {path}.iterations, "
            f"which is {iterations}."
        )
