"""Complete settings from a config file: validation, inheritance, presets, sweeps and defaults.

The models of this package say which keys there are. All mistakes of a config are named at once, in an InputError with
a sentence for each: the key's dotted path, what was found, and what is expected.
"""

import copy
import itertools
import json
import os
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lawpipe.config import block, experiment, messages, own_data, plan
from lawpipe.config.block import Block
from lawpipe.config.data import Corpus
from lawpipe.config.experiment import ConfigFile, Experiment
from lawpipe.config.messages import join, show
from lawpipe.config.presets import PRESETS
from lawpipe.run.errors import InputError, Mistakes

Settings = dict[str, Any]

#: Names that no experiment can have: rules of the workflow, and folders next to those of the experiments.
RESERVED_NAMES = (
    *("all", "verify", "benchmarks", "cost", "logs"),
    *plan.STAGES,
    *("generate_data_with_validation", "make_policy_at_its_best_rate", "train_with_contributions"),
    *("report_of_experiment", "compare_laws", "compare_sweep", "compare_online", "transfer"),
    *("compare_overfitting", "compare_optima"),
)

#: Keys of an experiment's block that are used up when it is resolved.
RESOLVED = ("extends", "sweep")


@dataclass(frozen=True)
class Config:
    """A resolved config."""

    name: str
    #: Complete settings of each experiment, sweeps expanded, in the order of the file.
    experiments: dict[str, Settings]
    #: The experiments of each name that is written in the file: itself, or those of its sweep.
    groups: dict[str, tuple[str, ...]]
    #: The key that a group sweeps over, for groups that sweep over one key with numbers.
    sweeps: dict[str, str]
    #: The expected verdicts, by experiment and claim; claims without an expected verdict are left out.
    claims: dict[str, dict[str, str]]

    @property
    def root(self) -> str:
        """The folder of the results."""
        return "results" if self.name == "default" else f"results-{self.name}"

    @property
    def in_all(self) -> tuple[str, ...]:
        """The experiments that the main report shows."""
        return tuple(name for name, settings in self.experiments.items() if settings["in_all"])


def resolve(raw: Mapping[str, Any], stories: str | None = None) -> Config:
    """Return the complete settings of every experiment of a config.

    An experiment's settings are, in rising precedence: the defaults, the block that it extends (and the block that
    this one extends, and so on), its own block, and one combination of its sweep's values. In each block,
    `search.preset` comes before the other keys. `stories` is a file of text that replaces the hub as the source of
    every experiment's stories.

    Raises InputError, a sentence for each mistake, if the models or the checks do not allow what is written. An
    experiment with a value that the models do not allow is not checked further, nor are those that extend it.
    """
    mistakes = Mistakes()
    parsed = _parse_what_is_right(raw, mistakes)
    blocks: dict[str, Settings] = parsed["experiments"]
    variants: dict[str, dict[str, Settings]] = {}
    sweeps: dict[str, str] = {}
    for name, written in blocks.items():
        sweep = raw["experiments"][name]["sweep"] if "sweep" in written else {}  # as written, for the names
        with mistakes:
            variants[name] = _variants(name, blocks, sweep)
        if len(sweep) == 1 and all(isinstance(value, int | float) for value in next(iter(sweep.values()))):
            sweeps[name] = next(iter(sweep))
    experiments = {name: settings for of_name in variants.values() for name, settings in of_name.items()}
    for settings in experiments.values():
        if stories is not None and settings["data"].get("corpus", {}).get("source") == "hub":
            settings["data"]["corpus"] |= {"source": "file", "path": stories}
    for name, settings in experiments.items():
        if settings["transfer_from"] not in raw["experiments"].keys() - variants:  # it has mistakes of its own
            with mistakes:
                experiment.complete_transfer(settings, experiments, f"experiments.{name}")
    mistakes.raise_all()
    groups = {name: tuple(of_name) for name, of_name in variants.items()}
    config = Config(parsed["name"], experiments, groups, sweeps, parsed.get("claims", {}))
    if not config.in_all:
        raise InputError(
            "experiments all have in_all false, expected at least one for the main report: set one to true."
        )
    return config


def check_folders(config: Config) -> None:
    """Raise InputError for the files of the user's own data that are missing, in the working folder or at a path."""
    mistakes = Mistakes()
    for name, settings in config.experiments.items():
        for file in (file for file in plan.own_files(settings) if not Path(file).is_file()):
            if settings["problem"] in plan.ON_TEXT:
                named = ", as LAWPIPE_STORIES says" if file == os.environ.get("LAWPIPE_STORIES") else ""
                mistakes.add(
                    f"experiments.{name}.data.corpus.path is {file!r}{named}, expected a file of text there: "
                    "put it there, or set data.corpus.source to grammar for stories of the embedded grammar."
                )
            else:
                mistakes.add(
                    f"experiments.{name}.data.folder is {settings['data']['folder']!r}, but {file} does not exist: "
                    f"put it there, or set the folder to null to draw the data."
                )
    mistakes.raise_all()


def check_writable(folders: Iterable[Path]) -> None:
    """Raise InputError unless each folder can be written to, or can be made."""
    mistakes = Mistakes()
    for folder in folders:
        existing = next(path for path in (folder, *folder.parents, Path()) if os.access(path, os.F_OK))
        if not existing.is_dir():
            mistakes.add(
                f"{existing} is a file, expected a folder for results there: move it away, or choose another name in "
                "the config."
            )
        elif not os.access(existing, os.W_OK | os.X_OK):
            mistakes.add(
                f"{existing} is a folder that this user may not write to, expected one for results: mend its "
                "permissions, or choose another name in the config."
            )
    mistakes.raise_all()


def _keys_that_are_no_text(value: Any, path: str) -> Iterator[str]:
    """Yield a sentence for each key, at all depths, that is no text: YAML reads `on`, `1` and `null` as others."""
    if not isinstance(value, Mapping):
        return
    for key, inner in value.items():
        if isinstance(key, str):
            yield from _keys_that_are_no_text(inner, join(path, key))
        else:
            yield f"{path or 'the config'} has the key {show(key)}, expected text: put it in quotes."


def _parse(raw: Any, at: str | None = None) -> Settings:
    """Return what a config file says, with every number in the type of its key; keys that are left out stay out.

    Raises InputError with a sentence for each mistake, with its path or, if given, `at`.
    """
    try:
        return ConfigFile.model_validate(raw).model_dump(exclude_unset=True)
    except ValidationError as error:
        raise InputError("\n".join(messages.explain(error, raw, experiment.json_schema(), at))) from None


def _parse_what_is_right(raw: Any, mistakes: Mistakes) -> Settings:
    """Return what a config file says; collect the mistakes, and leave out the experiments that have one.

    An experiment that extends one with a mistake is left out as well. Raises the mistakes if nothing is left.
    """
    mistakes.add(*_keys_that_are_no_text(raw, ""))
    mistakes.raise_all()
    with mistakes:
        return _parse(raw)
    experiments = raw.get("experiments") if isinstance(raw, Mapping) else None
    written_experiments: Settings = dict(experiments) if isinstance(experiments, Mapping) else {}
    right = written_experiments.copy()
    for name, written in written_experiments.items():
        try:
            _parse({"name": "right", "experiments": {name: written}})
        except InputError:
            del right[name]
    while left_out := [
        name for name, written in right.items() if written.get("extends") in written_experiments.keys() - right
    ]:
        for name in left_out:
            del right[name]
    if not right:
        mistakes.raise_all()
    return _parse({"name": "right", "experiments": right})


def _variants(name: str, blocks: Mapping[str, Settings], sweep: Mapping[str, list[Any]]) -> dict[str, Settings]:
    """Return the complete settings of an experiment, or of each combination of its sweep's values, by name.

    Raises InputError for the mistakes of the first one that has any: the others of a sweep most likely have the same.
    """
    if name in RESERVED_NAMES:
        raise InputError(f"experiments.{name} has a name that lawpipe itself uses: choose another.")
    chain = [blocks[ancestor] for ancestor in _lineage(name, blocks)]
    problem = ChainMap(*chain).get("problem", Experiment.model_fields["problem"].default)
    variants: dict[str, Settings] = {}
    for variant, overlays in _expand(name, sweep):
        path, settings, mistakes = f"experiments.{variant}", Settings(), Mistakes()
        for overlay in (*reversed(chain), *overlays):
            preset = PRESETS[problem].get(overlay.get("search", {}).get("preset"), {})
            settings = _merge(_merge(settings, {"search": preset}), overlay)
            if problem not in plan.ON_TEXT and settings.get("data", {}).get("folder") is not None:
                mistakes.add(*own_data.determined(overlay.get("data", {}), f"{path}.data"))
                settings["data"] = own_data.without_sizes(settings["data"])
        mistakes.add(*_of_another_problem(Experiment, settings, problem, path))
        mistakes.raise_all()
        variants[variant] = _complete(Experiment, _with_text_defaults(settings, problem), problem)
        if problem not in plan.ON_TEXT and variants[variant]["data"]["folder"] is not None:
            own_data.read_sizes(variants[variant])
        experiment.check(variants[variant], path)
    return variants


def _with_text_defaults(settings: Settings, problem: str) -> Settings:
    """Return settings, as written, over the defaults that fit the user's file of text, if they name one."""
    if problem not in plan.ON_TEXT:
        return settings
    corpus = _complete(Corpus, settings.get("data", {}).get("corpus", {}), problem)
    if corpus["source"] != "file" or corpus["path"] is None:
        return settings
    return _merge(own_data.text_defaults(settings, corpus), settings)


def _lineage(name: str, blocks: Mapping[str, Settings]) -> list[str]:
    """Return the names that `name` is built from, itself first and the furthest ancestor last."""
    chain = [name]
    while (parent := blocks[chain[-1]].get("extends")) is not None:
        if parent not in blocks:
            raise InputError(
                f"experiments.{chain[-1]}.extends is {parent!r}, expected another experiment of this config"
                f"{messages.suggestion(parent, blocks.keys() - {chain[-1]})}"
            )
        if parent in chain:
            links = chain[chain.index(parent) :]
            first = links.index(min(links))  # every member of the circle gives the same sentence
            circle = [*links[first:], *links[: first + 1]]
            raise InputError(
                f"experiments.{circle[0]}.extends goes in a circle ({' -> '.join(circle)}): remove one of the links."
            )
        chain.append(parent)
    return chain


def _merge(base: Settings, over: Settings) -> Settings:
    """Merge `over` into a copy of `base`: mappings key by key, everything else as a whole."""
    merged = base | over
    for key in base.keys() & over:
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            merged[key] = _merge(base[key], over[key])
    return merged


def _expand(name: str, sweep: Mapping[str, list[Any]]) -> Iterator[tuple[str, list[Settings]]]:
    """Yield the name and the overlays of each combination of a sweep's values; without a sweep, the name alone."""
    known = _sweepable() if sweep else []
    choices: list[list[tuple[str, Settings]]] = []
    mistakes = Mistakes()
    for key, values in sweep.items():
        path = f"experiments.{name}.sweep.{key}"
        if key not in known:
            mistakes.add(messages.unknown(path, key, known))
            continue
        choices.append([])
        for index, value in enumerate(values):
            with mistakes:
                choices[-1].append(_choice(name, key, value, f"{path}[{index}]"))
    mistakes.raise_all()
    for combination in itertools.product(*choices):
        yield "-".join([name, *(label for label, _ in combination)]), [overlay for _, overlay in combination]


def _choice(name: str, key: str, value: Any, at: str) -> tuple[str, Settings]:
    """Return the part of a name and the overlay of one value of a sweep; raises InputError with the path `at`."""
    overlay = reduce(lambda inner, part: {part: inner}, reversed(key.split(".")), value)
    parsed = _parse({"name": name, "experiments": {name: overlay}}, at)["experiments"][name]
    label = value if isinstance(value, str) else json.dumps(value)
    if not re.fullmatch(r"[A-Za-z0-9_.+-]+", label):
        raise InputError(
            f"{at} is {show(value)}, which cannot be part of a folder's name: "
            "write an experiment for each value instead."
        )
    return f"{key.rpartition('.')[2]}{label}", parsed


def _sweepable() -> list[str]:
    """Return the dotted keys that a sweep may vary: those that hold a single value and decide a result."""
    return [
        path
        for path, *_ in block.keys(Experiment)
        if path not in ("extends", "in_all", "problem", "processes", "nodes")
        and {"array", "object"}.isdisjoint(
            option.get("type")
            for option in messages.allowed(experiment.json_schema(), ("experiments", "any", *path.split(".")))
        )
    ]


def _of_another_problem(model: type[Block], settings: Settings, problem: str, path: str) -> Iterator[str]:
    """Yield a sentence for each key of a block that belongs to another problem."""
    for name, field in model.model_fields.items():
        only, inner = block.marks(field).get("problem", problem), block.nested(field)
        if only == problem and inner is not None:
            yield from _of_another_problem(inner, settings.get(name, {}), problem, join(path, name))
        elif only != problem and name in settings:
            yield (
                f"{join(path, name)} belongs to the problem {only}, but the experiment's problem is "
                f"{problem}: leave it out, or set {'.'.join(path.split('.')[:2])}.problem to {only}."
            )


def _complete(model: type[Block], settings: Settings, problem: str) -> Settings:
    """Fill in the defaults of a block, without the keys of another problem."""
    result: Settings = {}
    for name, field in model.model_fields.items():
        marks, inner = block.marks(field), block.nested(field)
        if name in RESOLVED or marks.get("problem", problem) != problem:
            continue
        if inner is not None:
            result[name] = _complete(inner, settings.get(name, {}), problem)
        else:
            default = marks.get("defaults", {}).get(problem, field.get_default())
            result[name] = copy.deepcopy(settings.get(name, default))
    return result
