"""What each stage depends on and what it writes: its part of the settings, the policies, the files of a seed."""

import json
from collections.abc import Mapping
from typing import Any

from lawpipe.policies.catalogue import POLICIES
from lawpipe.run.splits import SPLITS
from lawpipe.run.tables.measurements import COLLECTED

#: The blocks of an experiment's settings that determine a training run.
TRAINING = ("data", "model", "initialisation", "device", "training")

#: The blocks that determine each stage's result, and nothing more: a changed search redraws no data. `block.key`
#: is a single key of a block.
STAGES: dict[str, tuple[str, ...]] = {
    "prepare_corpus": ("data.corpus", "data.tokenizer"),
    "generate_data": ("data",),
    "initialise": ("data", "model", "initialisation"),
    "make_policy": TRAINING,
    "search": (*TRAINING, "search"),
    "train": (*TRAINING, "analysis"),
    **dict.fromkeys(
        ("summarise", "describe", "report"),
        (*TRAINING, "search", "controls", "analysis", "policies", "transfer_from"),
    ),
}

#: The stages whose result does not depend on the seed.
FOR_ALL_SEEDS = ("prepare_corpus",)

#: The problems that train on a corpus of text, which the stage `prepare_corpus` reads and tokenises for all seeds.
ON_TEXT = ("language_model",)

#: The policy that the search makes, and the one of its policies that is best on the validation examples.
SEARCHED, VALIDATED = "near_optimal", "near_optimal_validated"

#: The policy with the weights of another experiment's searched one, and the blocks of that experiment's settings that
#: determine them (its data are the same).
TRANSFERRED, TRANSFERRED_FROM = "transferred", ("model", "initialisation", "device", "training", "search")

#: The controls that take a search of their own: only the first `controls.seeds` of the seeds have them.
SEARCHED_CONTROLS = tuple(name for name, record in POLICIES.items() if record.takes_search and name != SEARCHED)

#: The keys of `search` that do not apply to a control's search: it has its own budget and writes no snapshots.
NOT_OF_CONTROLS = ("preset", "iterations", "snapshots")

#: The policies whose learning rate is tuned, each with a table `learning_rates/{policy}` of the rates tried.
TUNED = tuple(name for name, record in POLICIES.items() if record.variant == "tuned")

#: The policies that every experiment has, because all others are compared with them: the contributions of every
#: example are kept.
REQUIRED_POLICIES = tuple(name for name, record in POLICIES.items() if record.required)


def searched_policies(settings: Mapping[str, Any]) -> list[str]:
    """Return the policies that the search writes: the best on desired, the best on validation, the snapshots.

    The search watches the objective on the validation examples, if there are any, and does not optimise it.
    """
    best = [SEARCHED, VALIDATED] if settings["data"]["validation_examples"] > 0 else [SEARCHED]
    return best + [f"search_{iteration:04d}" for iteration in settings["search"]["snapshots"]]


def batches(settings: Mapping[str, Any], seed: int) -> dict[str, list[str]]:
    """Return the batches of one seed: the policies that one job trains and measures.

    The near-optimal policy is in one batch with the search's snapshots. Every other policy has its own, so a new
    policy leaves the results of the others as they are.
    """
    has_searches = seed in settings["seeds"][: settings["controls"]["seeds"]]
    return {
        policy: searched_policies(settings) if policy == SEARCHED else [policy]
        for policy in settings["policies"]
        if has_searches or policy not in SEARCHED_CONTROLS
    }


def splits(settings: Mapping[str, Any]) -> list[str]:
    """Return the names of an experiment's sets of examples."""
    return [split for split in SPLITS if settings["data"][f"{split}_examples"] > 0]


def searches_on_the_same_examples(experiments: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the experiments whose examples the largest number of different searches share; none if all differ.

    They share their model, too. Searches differ in their method, preset, iterations or learning rate. Experiments
    that transfer a policy or start elsewhere are about another question.
    """
    groups: dict[str, dict[str, str]] = {}
    for name, settings in experiments.items():
        if settings["initialisation"] is None and settings["transfer_from"] is None:
            search = {key: settings["search"][key] for key in ("method", "preset", "iterations")}
            task = [settings["problem"], settings["data"], settings.get("model"), settings["training"]["steps"]]
            searches = groups.setdefault(json.dumps(task), {})
            searches.setdefault(json.dumps([search, settings["training"]["learning_rate"]]), name)
    largest = max(groups.values(), key=len, default={})
    return [*largest.values()] if len(largest) > 1 else []


def own_files(settings: Mapping[str, Any]) -> list[str]:
    """Return the paths of the user's own data files; none if the data are drawn."""
    data = settings["data"]
    if settings["problem"] in ON_TEXT:
        return [data["corpus"]["path"]] if data["corpus"]["source"] == "file" else []
    return [] if data["folder"] is None else [f"{data['folder']}/{split}.parquet" for split in splits(settings)]


def corpus_files(settings: Mapping[str, Any]) -> list[str]:
    """Return the files of an experiment's corpus, relative to its folder; none if the problem has no text."""
    return ["tokenizer.json", "tokens.parquet", "corpus.json"] if settings["problem"] in ON_TEXT else []


def tables(settings: Mapping[str, Any], seed: int) -> list[str]:
    """Return all tables of one seed but the parts, as paths relative to the seed's folder."""
    policies = [policy for batch in batches(settings, seed).values() for policy in batch]
    names = [
        *(*splits(settings), "theta0", "search"),
        *(f"policies/{policy}" for policy in policies),
        *(f"learning_rates/{policy}" for policy in policies if policy in TUNED),
        *(f"contributions/{policy}" for policy in REQUIRED_POLICIES),
        *(*COLLECTED, "fits", "sensitivity", "summary"),
    ]
    return [f"{name}.parquet" for name in names]


def parts(settings: Mapping[str, Any], seed: int) -> list[str]:
    """Return the tables of one seed that are joined over the batches, as paths relative to the seed's folder."""
    return [f"parts/{table}/{batch}.parquet" for table in COLLECTED for batch in batches(settings, seed)]


def jobs(settings: Mapping[str, Any], seed: int) -> list[tuple[str, str]]:
    """Return the jobs of one seed: pairs of a stage and a batch, which is empty for stages with a single job."""
    groups = batches(settings, seed)
    return [
        *((stage, "") for stage in ("generate_data", "initialise", "search", "summarise")),
        *(("make_policy", policy) for policy in groups if policy != SEARCHED),
        *(("train", batch) for batch in groups),
    ]


def costs(settings: Mapping[str, Any], seed: int) -> list[str]:
    """Return the cost files of one seed, as paths relative to the seed's folder."""
    return [f"cost/{stage}_{batch}.json" if batch else f"cost/{stage}.json" for stage, batch in jobs(settings, seed)]


def stage_settings(
    settings: Mapping[str, Any], stage: str, experiment: str, *, seed: int | None = None, batch: str | None = None
) -> dict[str, Any]:
    """Return the part of an experiment's complete settings that determines the result of one job.

    `seed` is None for the stages that join the seeds (all of them are in the result). `batch` is the batch of
    policies, for stages with one job per batch: only batches that the search makes, that are built on those, or that
    take a search of their own depend on the block `search`. Keys whose value is null are left out.
    """
    blocks = STAGES[stage]
    if batch == TRANSFERRED:
        blocks = (*blocks, "transfer_from")
    elif batch is not None and SEARCHED in (batch, *POLICIES[batch].builds_on):
        blocks = (*blocks, "search")
    result: dict[str, Any] = {"experiment": experiment, "problem": settings["problem"]}
    for name in blocks:
        block, _, key = name.partition(".")
        if key:
            result.setdefault(block, {})[key] = settings[block][key]
        elif settings.get(block) is not None:
            result[block] = settings[block]
    if batch in SEARCHED_CONTROLS:
        result["search"] = {key: value for key, value in settings["search"].items() if key not in NOT_OF_CONTROLS}
        result["controls"] = {"evaluations": settings["controls"]["evaluations"]}
        if POLICIES[batch].constant:
            # A single row of weights is always searched by mirror descent.
            result["search"]["method"] = "mirror_descent"
    if "search" in result and settings.get("processes", 1) > 1:
        # The number of processes decides the order of a sum, and a search may answer to that with another policy.
        result["processes"] = settings["processes"]
    if stage == "make_policy":
        result["policy"] = batch
    if stage in FOR_ALL_SEEDS:
        return result
    return result | ({"seeds": settings["seeds"]} if seed is None else {"seed": seed})
