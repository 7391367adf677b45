"""All artifacts of an experiment at toy size, computed with numpy in a fraction of a second.

The numbers are those of a real, small perceptron or language model: a search by exponentiated gradient, its
snapshots, and every policy trained and measured. The files are as the pipeline writes them, so that figures and the
report can be tested without it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lawpipe.analysis import (
    acceleration,
    compression,
    intervals,
    policy_tables,
    scaling_sensitivity,
    similarity,
    zero_weights,
)
from lawpipe.analysis import curves as loss_curves
from lawpipe.data import corpus, tokenizer
from lawpipe.engine import stability
from lawpipe.problems.language_model import perturb, windows
from lawpipe.run import artifacts
from lawpipe.run.splits import REFERENCES, REQUIRED
from lawpipe.run.tables.fits import SENSITIVITY
from lawpipe.run.tables.measurements import CONTRIBUTIONS
from lawpipe.run.tables.policies import SEARCH
from lawpipe.run.tables.summary import SUMMARY, SUMMARY_OVER_SEEDS
from tests import toy_models
from tests.tables import TABLES
from tests.toy_models import Array, Bigrams, Data, Rows

LOGARITHMIC = ("acceleration", "scale")


@dataclass(frozen=True)
class Toy:
    """The sizes of a toy experiment, and what is missing from it."""

    seeds: tuple[int, ...] = (0, 1)
    dimension: int = 6
    examples: int = 32
    evaluated: int = 16
    steps: int = 30
    learning_rate: float = 0.1
    iterations: int = 5
    snapshots: tuple[int, ...] = (1, 3)
    measured: int = 12
    flip_fraction: float = 0.0
    #: Set every similarity, acceleration and fit to null.
    nulls: bool = False
    problem: str = "perceptron"
    #: For the language model: size of the vocabulary, tokens per window, share of perturbed windows, stories.
    vocabulary: int = 90
    length: int = 16
    perturbed: float = 0.5
    stories: int = 120
    #: Stories to use instead of the grammar's.
    own: tuple[str, ...] = ()


#: Five seeds, with a tenth of the labels flipped, and long enough for some examples to be learned perfectly.
FIVE_SEEDS = Toy(
    seeds=(0, 1, 2, 3, 4),
    dimension=24,
    examples=96,
    steps=700,
    iterations=8,
    snapshots=(1, 2, 4, 6),
    flip_fraction=0.1,
    measured=40,
)

#: A language model, whose loss falls by little, like that of a real one.
STORIES = Toy(problem="language_model", examples=48, steps=40, learning_rate=4.0, measured=20, iterations=6)


def write_experiment(root: Path, name: str = "perceptron", toy: Toy | None = None) -> Path:
    """Write every file that figures and report read to the folder `{root}/{name}`; return the folder."""
    toy = toy or Toy()
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    if toy.problem == "language_model":
        _write_corpus(folder, toy)
    summaries = [_write_seed(folder / f"seed{seed}", seed, settings(name, toy, seed=seed), toy) for seed in toy.seeds]
    _write_over_seeds(folder / "summary.parquet", summaries, settings(name, toy))
    _write_cost(folder / "cost/describe.json", 0.5)
    return folder


def settings(name: str, toy: Toy, seed: int | None = None) -> dict[str, Any]:
    """Return the complete settings of the experiment, as the stages write them to the metadata."""
    sizes = {
        "train_examples": toy.examples,
        "desired_examples": toy.evaluated,
        "test_examples": toy.evaluated,
        "validation_examples": 0,
    }
    gaussian = {
        "dimension": toy.dimension,
        **sizes,
        "train_variance": 3.0,
        "desired_mean": 0.5,
        "desired_variance": 1.0,
        "flip_fraction": toy.flip_fraction,
        "folder": None,
    }
    texts = {
        "corpus": {
            "source": "grammar",
            "stories": toy.stories,
            "seed": 0,
            "near_copies": "together",
            "path": None,
            "text_column": "text",
            "separator": None,
            "repository": "roneneldan/TinyStories",
            "revision": "0" * 40,
            "files": [],
            "sha256": {},
        },
        "tokenizer": {"kind": "bpe", "vocabulary": toy.vocabulary},
        "length": toy.length,
        "minimum_fill": 0.5,
        "perturbation": {
            "fraction": toy.perturbed,
            "operations": 8,
            "mix": {"replace": 1.0, "delete": 1.0, "repeat": 1.0},
        },
        **sizes,
    }
    language = toy.problem == "language_model"
    model = {"architecture": "bigrams", "hidden": toy.vocabulary, "layers": 1, "heads": 1}
    return {
        "experiment": name,
        "problem": toy.problem,
        **({"seeds": list(toy.seeds)} if seed is None else {"seed": seed}),
        "device": "auto",
        "data": texts if language else gaussian,
        **({"model": model} if language else {}),
        "training": {"steps": toy.steps, "learning_rate": toy.learning_rate, "precision": "float32"},
        "search": {
            "preset": None,
            "method": "mirror_descent",
            "iterations": toy.iterations,
            "rate": None,
            "decay": "constant",
            "gap_tolerance": 0.0,
            "snapshots": list(toy.snapshots),
        },
        "analysis": {"measured_steps": toy.measured},
        "policies": ["conventional", "near_optimal"],
    }


def _corpus(toy: Toy) -> corpus.Corpus:
    """Return the stories."""
    if toy.own:
        count = len(toy.own)
        dropped = dict.fromkeys(("empty", "not_text", "too_long", "duplicates", "near_copies"), 0)
        counts = {"records": count, "stories": count, **dropped}
        return corpus.Corpus(toy.own, np.arange(count), np.arange(count), counts, "f" * 64)
    return corpus.load(settings("", toy)["data"]["corpus"])


def _write_corpus(folder: Path, toy: Toy) -> None:
    """Write the tokeniser and the description of the corpus, which all seeds share."""
    loaded = _corpus(toy)
    trained = tokenizer.make({"kind": "bpe", "vocabulary": toy.vocabulary}, loaded.stories)
    tokenizer.save(folder / "tokenizer.json", trained)
    described = {
        "glimpse": corpus.glimpse(loaded),
        "fingerprint": loaded.fingerprint,
        "tokenizer": trained.description(),
        "unknown_share": tokenizer.unknown_share(np.concatenate(trained.encode(loaded.stories))),
    }
    (folder / "corpus.json").write_text(json.dumps(described), encoding="utf-8")


def _data(folder: Path, seed: int, toy: Toy) -> Data:
    """Return the examples of one seed."""
    if toy.problem == "perceptron":
        return toy_models.perceptron(
            np.random.default_rng(seed),
            dimension=toy.dimension,
            examples=toy.examples,
            evaluated=toy.evaluated,
            share=toy.flip_fraction,
        )
    chosen, loaded = settings("", toy)["data"], _corpus(toy)
    tokens = tokenizer.load(folder / "tokenizer.json").encode(loaded.stories)
    cut = windows.make(tokens, loaded.rows, chosen, seed, REQUIRED)
    tokens, corrupted = perturb.apply(cut["train"].tokens, toy.vocabulary, chosen["perturbation"], seed)
    rows = {split: Bigrams(window.tokens, window.story, toy.vocabulary) for split, window in cut.items()}
    train = Bigrams(tokens, cut["train"].story, toy.vocabulary)
    return Data(train, rows["desired"], rows["test"], corrupted, np.zeros(toy.vocabulary**2))


def _write_seed(folder: Path, seed: int, chosen: dict[str, Any], toy: Toy) -> dict[str, list[Any]]:
    """Write the artifacts of one seed; return its summary."""

    def write(name: str, table: str, columns: artifacts.Columns) -> None:
        artifacts.write(folder / f"{name}.parquet", TABLES[table], columns, settings=chosen, code="0" * 16)

    data = _data(folder.parent, seed, toy)
    for split in REQUIRED:
        corrupted = data.corrupted if split == "train" else np.zeros(toy.evaluated, dtype=bool)
        kind = "gaussian_examples" if toy.problem == "perceptron" else "token_examples"
        write(split, kind, getattr(data, split).columns(corrupted))

    uniform = np.full((toy.steps, toy.examples), 1 / toy.examples)
    log, searched = _search(data, uniform, toy)
    write("search", "search", log)
    snapshots = {f"search_{i:04d}": searched[i] for i in toy.snapshots}
    policies = {"conventional": uniform, "near_optimal": searched[-1], **snapshots}

    tables: dict[str, dict[str, list[Any]]] = {
        name: {column: [] for column in TABLES[name].columns}
        for name in ("curves", "similarity", "zero_weights", "examples", "measures", "stability", "fits", "summary")
    }
    for policy, weights in policies.items():
        write(
            f"policies/{policy}",
            "policy",
            {
                "step": np.arange(toy.steps),
                "weights": weights.astype(np.float32),
                "learning_rate": [toy.learning_rate] * toy.steps,
            },
        )
        _measure(policy, weights.astype(np.float32).astype(np.float64), data, toy, tables, write)
    for name, columns in tables.items():
        write(name, name, columns)
    write("sensitivity", "sensitivity", _sensitivity(tables["curves"]))
    for stage, seconds in (("generate_data", 1.0), ("search", 2.5), ("train_conventional", 0.25)):
        _write_cost(folder / f"cost/{stage}.json", seconds + seed)
    return tables["summary"]


def _trajectory(data: Data, weights: Array, rate: float) -> Array:
    """Train: theta [T + 1, P]."""
    thetas = [data.theta0]
    for row in weights:
        thetas.append(thetas[-1] - rate * data.train.gradient(thetas[-1], row))
    return np.array(thetas)


def _curve(rows: Rows, thetas: Array) -> Array:
    """Return the mean loss at every theta."""
    return np.asarray(rows.losses(thetas).mean(axis=1))


def _adjoint(data: Data, against: Rows, thetas: Array, weights: Array, rate: float) -> Array:
    """Return the adjoint contributions <lambda[t+1], grad l_n(theta[t])>, [T, N]."""
    steps, gradients = len(weights), _mean_gradients(against, thetas)
    adjoint = gradients[-1] / steps
    result = np.empty_like(weights)
    for t in range(steps - 1, -1, -1):
        result[t] = data.train.contributions(thetas[t], adjoint)
        curvature = data.train.hessian_product(thetas[t], weights[t], adjoint)
        adjoint = adjoint - rate * curvature + (gradients[t] / steps if t else 0)
    return result


def _instantaneous(data: Data, against: Rows, thetas: Array) -> Array:
    """Return the instantaneous contributions <mean gradient, grad l_n> at some thetas, [S, N]."""
    gradients = _mean_gradients(against, thetas)
    return np.array([data.train.contributions(*pair) for pair in zip(thetas, gradients, strict=True)])


def _mean_gradients(rows: Rows, thetas: Array) -> Array:
    """Return the gradient of the mean loss at every theta."""
    count = len(rows.losses(thetas[0]))
    return rows.gradient(thetas, np.full(count, 1 / count))


def _search(data: Data, uniform: Array, toy: Toy) -> tuple[dict[str, list[Any]], list[Array]]:
    """Search by exponentiated gradient; return the log and the policy of each iteration."""
    log: dict[str, list[Any]] = {column: [] for column in SEARCH.columns}
    weights, policies = uniform, []
    before, slopes = weights, np.zeros_like(weights)
    for iteration in range(toy.iterations + 1):
        thetas = _trajectory(data, weights, toy.learning_rate)
        gradient = -toy.learning_rate * _adjoint(data, data.desired, thetas, weights, toy.learning_rate)
        policies.append(weights)
        row = {
            "iteration": iteration,
            "evaluations": iteration,
            "forward_evaluations": 0,
            "cost": float(iteration),
            "objective": _curve(data.desired, thetas[1:]).mean(),
            "validation_objective": None,
            "test_objective": _curve(data.test, thetas[1:]).mean(),
            "gap": float(((weights * gradient).sum(axis=1) - gradient.min(axis=1)).sum()),
            "step_size": None if iteration == 0 else 1.0,
            "accepted": True,
            "active_fraction": float((weights > 0).mean()),
            "effective_examples": float(zero_weights.effective_examples(weights).mean()),
            "predicted": float((slopes * (weights - before)).sum()) if iteration else None,
            "feedback_objective": None,
            "replay_objective": None,
        }
        before, slopes = weights, gradient
        for column, value in row.items():
            log[column].append(value)
        raised = np.log(np.maximum(weights, 1e-30)) - gradient / np.sqrt((gradient**2).mean())
        weights = np.exp(raised - raised.max(axis=1, keepdims=True))
        weights = np.where(weights < 1e-2 * weights.max(axis=1, keepdims=True), 0, weights)
        weights /= weights.sum(axis=1, keepdims=True)
    return log, policies


def _measure(
    policy: str,
    weights: Array,
    data: Data,
    toy: Toy,
    tables: dict[str, dict[str, list[Any]]],
    write: Any,
) -> None:
    """Train under a policy and append what is measured to the tables."""
    rate = toy.learning_rate
    thetas = _trajectory(data, weights, rate)
    steps = np.unique(np.linspace(0, toy.steps - 1, toy.measured).astype(int))
    curves = {against: _curve(getattr(data, against), thetas) for against in REFERENCES}
    train = (weights * data.train.losses(thetas[:-1])).sum(axis=1)
    _extend(
        tables["curves"],
        policy=[policy] * (toy.steps + 1),
        step=list(range(toy.steps + 1)),
        train_loss=[*train, None],
        desired_loss=curves["desired"],
        test_loss=curves["test"],
    )
    losses = data.train.losses(thetas[steps])
    norms = np.array([data.train.norms(theta) for theta in thetas[steps]])
    first = tables["curves"]
    conventional = {a: np.array(first[f"{a}_loss"][: toy.steps + 1]) for a in REFERENCES}
    summary: dict[str, Any] = {"policy": policy}
    stored: dict[str, list[Any]] = {column: [] for column in CONTRIBUTIONS.columns}
    gap = 0.0
    for against in REFERENCES:
        rows = getattr(data, against)
        adjoint = _adjoint(data, rows, thetas, weights, rate)
        by_kind = {"instantaneous": _instantaneous(data, rows, thetas[steps]), "adjoint": adjoint[steps]}
        if against == "desired":
            stable = _stability(data, thetas, weights, rate)
            gradient = -rate * adjoint
            gap = float(((weights * gradient).sum(axis=1) - gradient.min(axis=1)).sum())
        speeds = similarity.global_speed(curves[against], [rate] * toy.steps)
        before = np.asarray(steps) < (zero_weights.convergence_step(curves[against]) or 0)
        for kind, contributions in by_kind.items():
            measured = similarity.similarity(weights[steps], contributions)
            values = [None if toy.nulls or not math.isfinite(value) else value for value in measured.similarity]
            _extend(
                tables["similarity"],
                policy=[policy] * len(steps),
                step=steps,
                against=[against] * len(steps),
                kind=[kind] * len(steps),
                mean=measured.mean,
                std=[None if not math.isfinite(value) else value for value in measured.std],
                similarity=values,
                active=measured.active,
                global_speed=speeds[steps],
            )
            present = [value for value in values if value is not None]
            prefix = "adjoint_" if kind == "adjoint" else ""
            summary[f"{prefix}similarity_{against}"] = float(np.mean(present)) if present else None
            summary[f"{prefix}steps_measured_{against}"] = len(present)
            shares = zero_weights.of_contributions(weights[steps][before], contributions[before])
            for name, counted in shares.items():
                _extend(
                    tables["zero_weights"],
                    policy=[policy],
                    property=[name],
                    kind=[kind],
                    against=[against],
                    value=[counted.value],
                    count=[counted.count],
                )
            _extend(
                stored,
                step=steps,
                against=[against] * len(steps),
                kind=[kind] * len(steps),
                contribution=list(contributions),
                loss=list(losses),
                gradient_norm=list(norms),
            )
        objective = compression.objective(curves[against])
        summary[f"objective_{against}"] = objective
        summary[f"compression_ratio_{against}"] = compression.compression_ratio(
            objective, toy.vocabulary if toy.problem == "language_model" else 2
        )
        never = toy.nulls and policy != "conventional"
        reached = acceleration.acceleration(curves[against], conventional[against])
        best = acceleration.acceleration(curves[against], conventional[against], to_best=True)
        summary[f"acceleration_{against}"] = None if never else reached
        summary[f"acceleration_to_best_{against}"] = None if never else best
        summary[f"acceleration_to_tuned_{against}"] = None
        summary[f"acceleration_fit_{against}"] = None
        _fit(policy, against, curves[against], tables["fits"], toy)
    learned = zero_weights.learned_ignored(weights[steps], losses)
    _extend(
        tables["zero_weights"],
        policy=[policy],
        property=["learned_ignored"],
        kind=[None],
        against=[None],
        value=[learned.value],
        count=[learned.count],
    )
    if policy in ("conventional", "near_optimal"):
        dense = {name: np.array(stored[name], np.float32) for name in ("contribution", "loss", "gradient_norm")}
        write(f"contributions/{policy}", "contributions", {**stored, **dense})
    replays = {"replay_float64": 1e-7, "replay_moved": -2e-7}
    row = policy_tables.measure_row(weights, gap, data.corrupted, stable, replays)
    measures = {name: values[0] for name, values in row.items()}
    use = {name: values.tolist() for name, values in policy_tables.example_rows(weights).items()}
    _extend(tables["examples"], policy=[policy] * toy.examples, **use)
    _extend(tables["stability"], policy=[policy] * len(stable["step"]), **stable)
    _extend(tables["measures"], policy=[policy], **{name: [value] for name, value in measures.items()})
    _extend(tables["summary"], **{name: [value] for name, value in {**summary, **measures}.items()})


def _stability(data: Data, thetas: Array, weights: Array, rate: float) -> dict[str, Any]:
    """Return the sharpness, by power iterations, and the growth of the adjoint of J on desired."""
    steps = stability.measured_steps(len(weights))
    sharpness = []
    for step in steps:
        vector = data.train.gradient(thetas[step], weights[step])
        for _ in range(10):
            vector = data.train.hessian_product(thetas[step], weights[step], vector / np.linalg.norm(vector))
        sharpness.append(rate * np.linalg.norm(vector))
    terms = _mean_gradients(data.desired, thetas) / len(weights)
    adjoint, total = np.zeros_like(terms[0]), 0.0
    norms, growth = np.zeros(len(weights)), np.zeros(len(weights))
    for step in reversed(range(len(weights))):
        if step + 1 < len(weights):
            adjoint = adjoint - rate * data.train.hessian_product(thetas[step + 1], weights[step + 1], adjoint)
        adjoint, total = adjoint + terms[step + 1], total + np.linalg.norm(terms[step + 1])
        norms[step] = np.linalg.norm(adjoint)
        growth[step] = norms[step] / total
    return policy_tables.stability_rows(steps, np.array(sharpness), norms[steps], growth[steps])


def _sensitivity(curves: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Fit the desired curves with L0 or t0 fixed, as the stage does."""
    by_policy = loss_curves.split(curves["policy"], np.array(curves["step"]), np.array(curves["desired_loss"]))
    fits = scaling_sensitivity.sensitivity(by_policy, ("conventional", "near_optimal"))
    rows = [{"against": "desired", **row} for row in fits]
    return {name: [row[name] for row in rows] for name in SENSITIVITY.columns}


def _fit(policy: str, against: str, curve: Array, table: dict[str, list[Any]], toy: Toy) -> None:
    """Append a straight line through log loss, as the scaling law with the floor at half of the last loss."""
    floor, first = curve.min() / 2, max(1, toy.steps // 10)
    t = np.arange(first, toy.steps + 1)
    slope, level = np.polyfit(np.log(t), np.log(curve[first:] - floor), 1)
    exponent = -float(slope)
    scale = float(np.exp(min(level / exponent, 300.0))) if exponent > 0 else None
    values: dict[str, Any] = {"loss_floor": floor, "scale": scale, "exponent": exponent, "r_squared": 0.97}
    if toy.nulls or scale is None:
        values = dict.fromkeys(values)
    for name, spread in (("loss_floor", 1.1), ("scale", 3.0), ("exponent", 1.2)):
        known = values[name]
        values[f"{name}_low"] = None if known is None else known / spread
        values[f"{name}_high"] = None if known is None else known * spread
    row = {"policy": policy, "against": against, "first_step": first, **values}
    _extend(table, **{name: [value] for name, value in row.items()})


def _extend(table: dict[str, list[Any]], **columns: Any) -> None:
    """Append rows to a table of lists."""
    for name, values in columns.items():
        table[name].extend(values)


def _write_over_seeds(path: Path, summaries: list[dict[str, list[Any]]], chosen: Mapping[str, Any]) -> None:
    """Write the summary over the seeds."""
    rows: dict[str, list[Any]] = {column: [] for column in SUMMARY_OVER_SEEDS.columns}
    for index, policy in enumerate(summaries[0]["policy"]):
        for quantity in SUMMARY.columns:
            if quantity == "policy":
                continue
            over = intervals.mean_interval(
                [summary[quantity][index] for summary in summaries],
                logarithmic=quantity.startswith(LOGARITHMIC),
            )
            _extend(
                rows,
                policy=[policy],
                quantity=[quantity],
                mean=[over.mean],
                low=[over.low],
                high=[over.high],
                n=[over.n],
                n_reached=[over.n_reached],
            )
    artifacts.write(path, SUMMARY_OVER_SEEDS, rows, settings=chosen, code="0" * 16)


def _write_cost(path: Path, seconds: float) -> None:
    """Write a stage's cost as `stage.job` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cost = {
        "stage": path.stem,
        "seconds": seconds,
        "processor_seconds": seconds,
        "peak_memory_mb": 100.0 + seconds,
        "started": "2024-01-01T00:00:00Z",
        "hardware": {"processor": "a processor", "cores": 2, "memory_gib": 7.6, "system": "Linux"},
        "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "modified": False},
    }
    path.write_text(json.dumps(cost), encoding="utf-8")
