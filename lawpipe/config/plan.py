"""What each stage of the pipeline depends on: its settings, which policies it makes of which others, and together."""

from collections.abc import Mapping
from typing import Any

from lawpipe.policies.catalogue import POLICIES
from lawpipe.run.splits import SPLITS
from lawpipe.run.tables import COLLECTED

#: All blocks of an experiment's settings that determine a result.
COMPLETE = (
    *("data", "model", "initialisation", "device", "training", "search", "controls", "analysis"),
    *("policies", "transfer_from"),
)

#: The blocks of an experiment's settings that determine each stage's result. They accumulate along the
#: pipeline, and hold nothing more: a changed search does not redraw the data.
STAGES: dict[str, tuple[str, ...]] = {
    "prepare_corpus": ("data.corpus", "data.tokenizer"),
    "generate_data": ("data",),
    "initialise": ("data", "model", "initialisation"),
    "make_policy": ("data", "model", "initialisation", "device", "training"),
    "search": ("data", "model", "initialisation", "device", "training", "search"),
    "train": ("data", "model", "initialisation", "device", "training", "analysis"),
    "collect": COMPLETE,
    "fit": COMPLETE,
    "summarise": COMPLETE,
    "summarise_seeds": COMPLETE,
    "plot": COMPLETE,
    "claims": COMPLETE,
    "report": COMPLETE,
}

#: The stages whose result no seed has a part in.
FOR_ALL_SEEDS = ("prepare_corpus",)

#: The problems that train on a corpus of text, which the stage `prepare_corpus` reads and tokenises for all seeds.
ON_TEXT = ("language_model",)

#: The batch of the policies that the search makes.
SEARCHED = "near_optimal"

#: The policy of the search that is best on the validation examples.
VALIDATED = "near_optimal_validated"

#: The policy with the weights of another experiment's searched one, that of `transfer_from`.
TRANSFERRED = "transferred"

#: The blocks of another experiment's settings that determine what is transferred from it; its data are the same.
TRANSFERRED_FROM = ("model", "initialisation", "device", "training", "search")

#: The controls that take a search of their own: only the first `controls.seeds` of the seeds have them.
SEARCHED_CONTROLS = tuple(name for name, record in POLICIES.items() if record.takes_search and name != SEARCHED)

#: What searches one row for all steps, in the place of a method that decides each step's weights by itself.
FOR_ONE_ROW = {"feedback_descent": "mirror_descent", "newton": "mirror_descent"}

#: The policies whose learning rate is tuned, each with a table `learning_rates/{policy}` of the rates tried.
TUNED = tuple(name for name, record in POLICIES.items() if record.variant == "tuned")

#: The keys of `search` that a control's own search does without: it has its own iterations and no snapshots.
NOT_OF_CONTROLS = ("preset", "iterations", "snapshots")

#: The policies whose contributions of every single example are kept.
WITH_CONTRIBUTIONS = tuple(name for name, record in POLICIES.items() if record.required)


def snapshot(iteration: int) -> str:
    """Return the name of the policy that the search holds after an iteration."""
    return f"search_{iteration:04d}"


def searched_policies(settings: Mapping[str, Any]) -> list[str]:
    """Return the policies that an experiment's search writes: the best one and the snapshots.

    With validation examples also the best one on those, which the search watches and does not optimise.
    """
    best = [SEARCHED, VALIDATED] if settings["data"]["validation_examples"] > 0 else [SEARCHED]
    return [*best, *(snapshot(iteration) for iteration in settings["search"]["snapshots"])]


def batches(settings: Mapping[str, Any], seed: int) -> dict[str, list[str]]:
    """Return the batches of one seed: the policies that are trained and measured in one process.

    The near-optimal policy goes with the search's snapshots, every other policy alone: adding a policy
    leaves the others' results as they are. Controls with a search of their own are of the first seeds alone.
    """
    searches = seed in settings["seeds"][: settings["controls"]["seeds"]]
    return {
        policy: searched_policies(settings) if policy == SEARCHED else [policy]
        for policy in settings["policies"]
        if searches or policy not in SEARCHED_CONTROLS
    }


def builds_on(policy: str) -> tuple[str, ...]:
    """Return the policies that one is made from, of the same seed."""
    return POLICIES[policy].builds_on if policy in POLICIES else ()


def splits(settings: Mapping[str, Any]) -> list[str]:
    """Return the names of an experiment's sets of examples."""
    return [split for split in SPLITS if settings["data"][f"{split}_examples"] > 0]


def own_files(settings: Mapping[str, Any]) -> list[str]:
    """Return the files of the user's own data; none if the data are drawn."""
    data = settings["data"]
    if settings["problem"] in ON_TEXT:
        return [data["corpus"]["path"]] if data["corpus"]["source"] == "file" else []
    return [] if data["folder"] is None else [f"{data['folder']}/{split}.parquet" for split in splits(settings)]


def corpus_files(settings: Mapping[str, Any]) -> list[str]:
    """Return the files of an experiment's corpus, as paths below its folder; none if it has no text."""
    return ["tokenizer.json", "tokens.parquet", "corpus.json"] if settings["problem"] in ON_TEXT else []


def tables(settings: Mapping[str, Any], seed: int) -> list[str]:
    """Return every table of one seed, as paths below the seed's folder; no parts."""
    policies = [policy for batch in batches(settings, seed).values() for policy in batch]
    names = [
        *splits(settings),
        "theta0",
        "search",
        *(f"policies/{policy}" for policy in policies),
        *(f"learning_rates/{policy}" for policy in policies if policy in TUNED),
        *(f"contributions/{policy}" for policy in WITH_CONTRIBUTIONS),
        *COLLECTED,
        "fits",
        "sensitivity",
        "summary",
    ]
    return [f"{name}.parquet" for name in names]


def parts(settings: Mapping[str, Any], seed: int) -> list[str]:
    """Return the tables of one seed that are later joined over the batches, as paths below the seed's folder."""
    return [f"parts/{table}/{batch}.parquet" for table in COLLECTED for batch in batches(settings, seed)]


def jobs(settings: Mapping[str, Any], seed: int) -> list[tuple[str, str]]:
    """Return the jobs of one seed: a stage and, of stages with a job a batch of policies, the batch."""
    groups = batches(settings, seed)
    return [
        *((stage, "") for stage in ("generate_data", "initialise", "search", "collect", "fit", "summarise")),
        *(("make_policy", policy) for policy in groups if policy != SEARCHED),
        *(("train", batch) for batch in groups),
    ]


def costs(settings: Mapping[str, Any], seed: int) -> list[str]:
    """Return the cost files of one seed, as paths below the seed's folder."""
    return [f"cost/{stage}_{batch}.json" if batch else f"cost/{stage}.json" for stage, batch in jobs(settings, seed)]


def stage_settings(
    settings: Mapping[str, Any], stage: str, experiment: str, *, seed: int | None = None, batch: str | None = None
) -> dict[str, Any]:
    """Return the part of an experiment's complete settings that determines a stage's result.

    `seed` is left out for the stages that join the seeds, which get all of them, and for those before there are
    any. A job for a batch of policies depends on the search only if they do: those that it makes, those built on
    them, and those with a search of their own, which has its own number of iterations. What is null is left out.
    """
    names = STAGES[stage]
    if batch == TRANSFERRED:
        names = (*names, "transfer_from")
    elif batch is not None and SEARCHED in (batch, *builds_on(batch)):
        names = (*names, "search")
    result: dict[str, Any] = {"experiment": experiment, "problem": settings["problem"]}
    for name in names:
        block, _, key = name.partition(".")
        if key:
            result.setdefault(block, {})[key] = settings[block][key]
        elif settings.get(block) is not None:
            result[block] = settings[block]
    if batch in SEARCHED_CONTROLS:
        result["search"] = {key: value for key, value in settings["search"].items() if key not in NOT_OF_CONTROLS}
        result["controls"] = {"evaluations": settings["controls"]["evaluations"]}
    if batch in SEARCHED_CONTROLS and POLICIES[batch].constant:
        method = result["search"]["method"]
        result["search"]["method"] = FOR_ONE_ROW.get(method, method)
    if "search" in result and settings.get("processes", 1) > 1:
        # Their number is the order of a sum, and a search may answer to that with another policy.
        result["processes"] = settings["processes"]
    if stage == "make_policy":
        result["policy"] = batch
    if stage in FOR_ALL_SEEDS:
        return result
    return result | ({"seeds": settings["seeds"]} if seed is None else {"seed": seed})
