"""What each stage of the pipeline depends on: its settings, and which policies go through it together."""

from collections.abc import Mapping
from typing import Any

#: The blocks of an experiment's settings that determine each stage's result. They accumulate along the
#: pipeline, and hold nothing more: a changed search does not redraw the data.
STAGES: dict[str, tuple[str, ...]] = {
    "prepare_corpus": ("data.corpus", "data.tokenizer"),
    "generate_data": ("data",),
    "initialise": ("data", "model"),
    "make_policy": ("data", "model", "device", "training"),
    "search": ("data", "model", "device", "training", "search"),
    "train": ("data", "model", "device", "training", "analysis"),
    "collect": ("data", "model", "device", "training", "search", "analysis"),
    "fit": ("data", "model", "device", "training", "search", "analysis"),
    "summarise": ("data", "model", "device", "training", "search", "analysis"),
    "summarise_seeds": ("data", "model", "device", "training", "search", "analysis"),
    "plot": ("data", "model", "device", "training", "search", "analysis"),
    "claims": ("data", "model", "device", "training", "search", "analysis", "policies"),
    "report": ("data", "model", "device", "training", "search", "analysis", "policies"),
}

#: The stages whose result no seed has a part in.
FOR_ALL_SEEDS = ("prepare_corpus",)

#: The problems that train on a corpus of text, which the stage `prepare_corpus` reads and tokenises for all seeds.
ON_TEXT = ("language_model",)

#: The batch of the policies that the search makes.
SEARCHED = "near_optimal"

#: The policies whose contributions of every single example are kept.
WITH_CONTRIBUTIONS = ("conventional", "near_optimal")

SPLITS = ("train", "desired", "test", "validation")

#: The tables that are made batch by batch and then joined.
COLLECTED = ("curves", "similarity", "zero_weights", "examples", "measures")


def snapshot(iteration: int) -> str:
    """Return the name of the policy that the search holds after an iteration."""
    return f"search_{iteration:04d}"


def searched_policies(settings: Mapping[str, Any]) -> list[str]:
    """Return the policies that an experiment's search writes: the best one and the snapshots."""
    return [SEARCHED, *(snapshot(iteration) for iteration in settings["search"]["snapshots"])]


def batches(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return an experiment's batches: the policies that are trained and measured in one process.

    The near-optimal policy goes with the search's snapshots, every other policy alone: adding a policy
    leaves the others' results as they are.
    """
    return {
        policy: searched_policies(settings) if policy == SEARCHED else [policy] for policy in settings["policies"]
    }


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


def tables(settings: Mapping[str, Any]) -> list[str]:
    """Return every table of one seed, as paths below the seed's folder; no parts."""
    policies = [policy for batch in batches(settings).values() for policy in batch]
    names = [
        *splits(settings),
        "theta0",
        "search",
        *(f"policies/{policy}" for policy in policies),
        *(f"contributions/{policy}" for policy in WITH_CONTRIBUTIONS),
        *COLLECTED,
        "fits",
        "sensitivity",
        "summary",
    ]
    return [f"{name}.parquet" for name in names]


def parts(settings: Mapping[str, Any]) -> list[str]:
    """Return the tables of one seed that are later joined over the batches, as paths below the seed's folder."""
    return [f"parts/{table}/{batch}.parquet" for table in COLLECTED for batch in batches(settings)]


def costs(settings: Mapping[str, Any]) -> list[str]:
    """Return the cost files of one seed, as paths below the seed's folder."""
    groups = batches(settings)
    names = [
        *("generate_data", "initialise", "search", "collect", "fit", "summarise"),
        *(f"make_policy_{policy}" for policy in groups if policy != SEARCHED),
        *(f"train_{batch}" for batch in groups),
    ]
    return [f"cost/{name}.json" for name in names]


def stage_settings(
    settings: Mapping[str, Any], stage: str, experiment: str, *, seed: int | None = None, batch: str | None = None
) -> dict[str, Any]:
    """Return the part of an experiment's complete settings that determines a stage's result.

    `seed` is left out for the stages that join the seeds, which get all of them, and for those before there are
    any. Training depends on the search only for the batch of searched policies; for a policy that
    is made, `batch` is its name.
    """
    names = STAGES[stage]
    if batch == SEARCHED:
        names = (*names, "search")
    result: dict[str, Any] = {"experiment": experiment, "problem": settings["problem"]}
    for name in names:
        block, _, key = name.partition(".")
        if key:
            result.setdefault(block, {})[key] = settings[block][key]
        elif block in settings:
            result[block] = settings[block]
    if stage == "make_policy":
        result["policy"] = batch
    if stage in FOR_ALL_SEEDS:
        return result
    return result | ({"seeds": settings["seeds"]} if seed is None else {"seed": seed})
