"""The rows of the ladder of sizes that an experiment has, as `analysis.ladder` takes them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from lawpipe.cost.flops import Size
from lawpipe.results.experiment import Results, Seed
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.parsing import parsing
from lawpipe.run.tables.ladder import LADDER
from lawpipe.run.tables.policies import POLICY, SEARCH

#: Columns of the summary, coefficients of the fit, and properties of zero weights.
OF_SUMMARY = (
    *("objective_desired", "objective_test", "acceleration_desired", "acceleration_test", "gap"),
    *("weight_on_perturbed", "similarity_desired", "similarity_test", "adjoint_similarity_desired"),
)
OF_FIT = ("loss_floor", "scale", "exponent", "r_squared")
SHARES = ("noncontributive_excluded", "redundant_dropped")


def rows(results: Results) -> pd.DataFrame:
    """Return the ladder's rows of one experiment, a language model, for the seeds of `results`.

    Raises InputError if the seeds were computed with different settings, as after a rerun that is not finished.
    """
    _check_alike(results)
    settings = results.settings
    data, model = settings["data"], settings["model"]
    size = {
        "experiment": results.name,
        "corpus": data["corpus"]["source"],
        "stories": _fingerprint(results.folder / "corpus.json"),
        "steps": settings["training"]["steps"],
        "examples": data["train_examples"],
        "desired_examples": data["desired_examples"],
        "length": data["length"],
        "vocabulary": data["tokenizer"]["vocabulary"],
        "operations": data["perturbation"]["operations"],
        "hidden": model["hidden"],
        "layers": model["layers"],
        "parameters": Size.of(settings).parameters,
    }
    records = [size | row for seed in results.seeds for row in _of_seed(results.seed(seed), seed)]
    return pd.DataFrame(records, columns=[*LADDER.columns])


def _fingerprint(path: Path) -> str:
    """Return the fingerprint of the stories from a corpus's description."""
    with parsing(path, "not a corpus's description"):
        return str(json.loads(path.read_text(encoding="utf-8"))["fingerprint"])


def _check_alike(results: Results) -> None:
    """Raise InputError unless all seeds have the settings of the first."""
    for seed in results.seeds:
        own = artifacts.metadata(results.path(seed, "summary"))["settings"]
        keys = own.keys() | results.settings.keys()
        changed = sorted(key for key in keys - {"seed"} if own.get(key) != results.settings.get(key))
        if changed:
            raise InputError(
                f"{results.folder}: seed {seed} differs from seed {results.seeds[0]} in {', '.join(changed)}, "
                "expected the same settings in all seeds: run the experiment again to its end."
            )


def _of_seed(tables: Seed, seed: int) -> Iterator[dict[str, Any]]:
    """Yield what a seed says of each of its policies but the snapshots of the search."""
    evaluations = artifacts.read(tables.path("search"), SEARCH, ["evaluations"]).column("evaluations")
    for policy, summary in tables.summary.items():
        if policy.startswith("search_"):
            continue
        fit = tables.fits.get((policy, "desired"), {})
        rates = artifacts.read(tables.path(f"policies/{policy}"), POLICY, ["learning_rate"])
        yield {
            "evaluations": max(evaluations.to_pylist()),
            "seed": seed,
            "policy": policy,
            "learning_rate": rates.column("learning_rate")[0].as_py(),
            **{name: summary[name] for name in OF_SUMMARY},
            **{name: tables.shares.get((policy, name, "instantaneous", "desired")) for name in SHARES},
            **{name: fit.get(name) for name in OF_FIT},
        }
