"""The config file and the block of one experiment, with the checks across its blocks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field

from lawpipe.config import data, model, plan, search, training
from lawpipe.config.block import Block, Distinct, Name, Seed, Whole, block, key
from lawpipe.config.controls import Analysis, Controls
from lawpipe.config.data import Data
from lawpipe.config.messages import show, suggestion
from lawpipe.config.model import Model
from lawpipe.config.search import Search
from lawpipe.config.training import Training
from lawpipe.policies.catalogue import POLICIES
from lawpipe.run.errors import InputError, Mistakes

#: The fewest desired examples of which a quarter can be held out: `problems.base.EVERY`, whose import takes PyTorch.
FEWEST_HELD_OUT_OF = 4

Policy = Literal[*POLICIES]  # type: ignore[valid-type]  # mypy wants the names written out


class Experiment(Block):
    """One experiment."""

    extends: str | None = key(None)
    """The experiment whose block this one starts from, without its sweep; keys written here replace inherited
    ones."""
    sweep: Annotated[
        dict[str, Annotated[list[float | str | bool], Field(min_length=1), Distinct]], Field(min_length=1)
    ] = key({})
    """Expands the experiment into one for each value, or each combination of values, named {experiment}-{key}{value}:
    a mapping of dotted keys, such as data.desired_examples, to lists of values."""
    in_all: bool = key(True)
    """Whether the target `all` and the main report include the experiment; if false, it runs by its own name only."""
    problem: Literal["perceptron", "language_model"] = key("perceptron", source="Section 4")
    """What is trained: `perceptron` is linear classification without a bias, with the logistic loss; `language_model`
    is a small Transformer that predicts the next token of a story."""
    device: Literal["auto", "cpu", "cuda"] = key("auto")
    """The device of all computations; `auto` uses CUDA if available. Only `cuda` makes jobs request a GPU from a
    scheduler."""
    processes: Annotated[int, Field(ge=1, le=1024), Whole] = key(1)
    """Number of processes that share the examples of a search, with one core or GPU each. More than one change the
    order of sums, and so possibly the policy that a search finds; the number is then recorded with the results."""
    nodes: Annotated[int, Field(ge=1, le=1024), Whole] = key(1)
    """Number of nodes of a Slurm cluster that the processes of a search are divided among; it divides their number.
    Elsewhere all of them run on one machine."""
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct] = key(
        [0, 1, 2, 3, 4], source="this project (the paper has one seed)"
    )
    """The random seeds. Each draws its own teacher, examples, corruption and initial parameters."""
    policies: Annotated[list[Policy], Distinct] = key(["conventional", "near_optimal"], source="Section 4")
    """The learning policies to compare. `conventional` (1/N everywhere) and `near_optimal` (from the search) are
    required; the others are controls (table below)."""
    initialisation: Seed | None = key(None)
    """Which draw of the initial parameters to use: null for the seed's own, or a number for another draw with the
    same examples."""
    transfer_from: str | None = key(None)
    """The experiment whose near-optimal weights, of the same seed, the policy `transferred` uses. Its problem, data
    and number of training steps must be the same."""
    data: Data = block(Data)
    model: Model = block(Model, "language_model")
    training: Training = block(Training)
    search: Search = block(Search)
    controls: Controls = block(Controls)
    analysis: Analysis = block(Analysis)


class ConfigFile(Block):
    """A lawpipe config."""

    name: Name = key()
    """Names the results folder, results-{name}; the name `default` gives results."""
    experiments: Annotated[dict[Name, Experiment], Field(min_length=1)] = key()
    """The experiments, each a block of settings under a name of its own."""
    claims: dict[str, dict[str, Literal["reproduced", "partly", "not_reproduced", "not_tested"]]] = key({})
    """The expected verdict on each claim of the paper: a mapping of experiments to mappings of claims to verdicts,
    which `make verify` compares with the results."""


@cache
def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a config file, with each description in one line and without titles."""

    def tidy(rules: dict[str, Any]) -> dict[str, Any]:
        rules.pop("title", None)
        return rules | ({"description": " ".join(rules["description"].split())} if "description" in rules else {})

    schema: dict[str, Any] = json.loads(json.dumps(ConfigFile.model_json_schema()), object_hook=tidy)
    return schema


def check(settings: dict[str, Any], path: str) -> None:
    """Check the complete settings of an experiment across their keys, and fill in the search's snapshots.

    Raises InputError, a sentence for each contradiction.
    """
    search.complete(settings["search"])
    mistakes = Mistakes()
    mistakes.add(*_check_policies(settings["policies"], f"{path}.policies"))
    mistakes.add(*_check_held_out(settings, path))
    if settings["problem"] == "perceptron":
        mistakes.add(*data.check_perceptron(settings["data"], f"{path}.data"))
        mistakes.add(*training.check_perceptron(settings["training"], f"{path}.training"))
    else:
        mistakes.add(*data.check_text(settings["data"], f"{path}.data"))
        mistakes.add(*model.check(settings["model"], f"{path}.model"))
    mistakes.add(*search.check(settings["search"], settings["problem"], settings["processes"], f"{path}.search"))
    if settings["processes"] % settings["nodes"]:
        mistakes.add(
            f"{path}.nodes is {settings['nodes']}, expected a number that divides that of the processes, "
            f"{settings['processes']}: set processes to {settings['nodes']} or a multiple of it."
        )
    mistakes.raise_all()


def _check_policies(policies: Sequence[str], path: str) -> Iterator[str]:
    """Yield a sentence for each policy that is missing: one that is required, or one that another is made from."""
    missing = [name for name in plan.REQUIRED_POLICIES if name not in policies]
    if missing:
        yield (
            f"{path} is {show(policies)}, expected {' and '.join(plan.REQUIRED_POLICIES)} "
            f"among them: add {' and '.join(missing)}."
        )
    for name in policies:
        for other in POLICIES[name].builds_on:
            if other not in (*policies, *missing):
                yield f"{path} holds {name}, which is made from {other}: add {other}."


def _check_held_out(settings: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield a sentence if there are too few desired examples to hold a quarter out for a policy that needs it."""
    holding_out = [name for name in settings["policies"] if POLICIES[name].trains_on_desired]
    count = settings["data"]["desired_examples"]
    if holding_out and count < FEWEST_HELD_OUT_OF:
        yield (
            f"{path}.data.desired_examples is {count}, expected at least {FEWEST_HELD_OUT_OF} for {holding_out[0]}, "
            "which trains on the desired examples and is chosen by a quarter of them: take more, or leave it out."
        )


def complete_transfer(settings: dict[str, Any], experiments: Mapping[str, dict[str, Any]], path: str) -> None:
    """Replace the name in `transfer_from` by the settings that determine the transferred policy.

    Raises InputError if no policy can be transferred from the experiment of that name.
    """
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
        raise InputError(
            f"{path} is {show(name)}, expected an experiment of this config{suggestion(name, experiments)}"
        )
    source = experiments[name]
    same = {part: settings[part] == source[part] for part in ("problem", "data")}
    same["training.steps"] = settings["training"]["steps"] == source["training"]["steps"]
    if different := [part for part, equal in same.items() if not equal]:
        raise InputError(
            f"{path} is {name!r}, whose {different[0]} is not the same, but weights belong to a training step and an "
            f"example: give both experiments the same {different[0]}."
        )
    missing = [seed for seed in settings["seeds"] if seed not in source["seeds"]]
    if missing:
        raise InputError(
            f"{path} is {name!r}, which has no seed {missing[0]}: add it to its seeds, or leave it out here."
        )
    determining = {block: source[block] for block in plan.TRANSFERRED_FROM if source.get(block) is not None}
    settings["transfer_from"] = {"experiment": name, **determining}
