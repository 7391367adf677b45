"""A whole experiment's artifacts at toy size, computed in a fraction of a second with numpy alone.

The numbers are those of a real (small) perceptron: a search by exponentiated gradient, its snapshots, every
policy trained and measured. Curves, tables and files are as the pipeline writes them, so that figures and the
report can be tested without it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe import artifacts
from lawpipe.analysis import acceleration, compression, examples, intervals, similarity, speed, zero_weights

Array = npt.NDArray[np.float64]

BOTH = ("desired", "test")
LOGARITHMIC = ("acceleration", "scale")


@dataclass(frozen=True)
class Toy:
    """Sizes of the toy experiment and what may be missing from it."""

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
    train_std: float = math.sqrt(3.0)


@dataclass(frozen=True)
class Data:
    """Signed features of the three splits: the loss of a row z is log(1 + exp(-z . theta))."""

    train: Array
    desired: Array
    test: Array
    flipped: npt.NDArray[np.bool_]


def write_experiment(root: Path, name: str = "perceptron", toy: Toy | None = None) -> Path:
    """Write `{root}/{name}` with every file that figures and report read; return the folder."""
    toy = toy or Toy()
    folder = root / name
    summaries = [_write_seed(folder / f"seed{seed}", seed, settings(name, toy, seed=seed), toy) for seed in toy.seeds]
    _write_over_seeds(folder / "summary.parquet", summaries, settings(name, toy))
    _write_cost(folder / "cost/summarise_seeds.json", 0.5)
    return folder


def settings(name: str, toy: Toy, seed: int | None = None) -> dict[str, Any]:
    """Return the experiment's complete settings, as the stages put them into the metadata."""
    return {
        "experiment": name,
        "problem": "perceptron",
        **({"seeds": list(toy.seeds)} if seed is None else {"seed": seed}),
        "device": "auto",
        "data": {
            "dimension": toy.dimension,
            "train_examples": toy.examples,
            "desired_examples": toy.evaluated,
            "test_examples": toy.evaluated,
            "validation_examples": 0,
            "train_variance": 3.0,
            "desired_mean": 0.5,
            "desired_variance": 1.0,
            "flip_fraction": toy.flip_fraction,
            "folder": None,
        },
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
    }


def _write_seed(folder: Path, seed: int, chosen: dict[str, Any], toy: Toy) -> dict[str, list[Any]]:
    """Write the artifacts of one seed; return its summary."""

    def write(name: str, table: str, columns: artifacts.Columns) -> None:
        artifacts.write(folder / f"{name}.parquet", table, columns, settings=chosen, code="0" * 16)

    generator = np.random.default_rng(seed)
    data = _data(generator, toy)
    theta0 = generator.uniform(-1, 1, toy.dimension) / math.sqrt(toy.dimension)
    for split in ("train", *BOTH):
        rows = getattr(data, split)
        flipped = data.flipped if split == "train" else np.zeros(len(rows), dtype=bool)
        write(
            split,
            "gaussian_examples",
            {"features": rows, "label": np.ones(len(rows), np.int8), "flipped": flipped},
        )

    uniform = np.full((toy.steps, toy.examples), 1 / toy.examples)
    log, found = _search(data, theta0, uniform, toy)
    write("search", "search", log)
    snapshots = {f"search_{i:04d}": found[i] for i in toy.snapshots}
    policies = {"conventional": uniform, "near_optimal": found[-1], **snapshots}

    tables: dict[str, dict[str, list[Any]]] = {
        name: {column: [] for column in artifacts.TABLES[name]}
        for name in ("curves", "similarity", "zero_weights", "measures", "fits", "summary")
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
        _measure(policy, weights.astype(np.float32).astype(np.float64), data, theta0, toy, tables, write)
    for name, columns in tables.items():
        write(name, name, columns)
    for stage, seconds in (("generate_data", 1.0), ("search", 2.5), ("train_conventional", 0.25)):
        _write_cost(folder / f"cost/{stage}.json", seconds + seed)
    return tables["summary"]


def _data(generator: np.random.Generator, toy: Toy) -> Data:
    """Draw a teacher and the three splits."""
    teacher = generator.normal(size=toy.dimension)

    def signed(rows: Array) -> Array:
        return rows * np.sign(rows @ teacher)[:, None]

    train = signed(generator.normal(0, toy.train_std, (toy.examples, toy.dimension)))
    flipped = np.zeros(toy.examples, dtype=bool)
    flipped[generator.permutation(toy.examples)[: round(toy.flip_fraction * toy.examples)]] = True
    train[flipped] *= -1
    desired, test = (signed(generator.normal(0.5, 1, (toy.evaluated, toy.dimension))) for _ in BOTH)
    return Data(train, desired, test, flipped)


def _losses(rows: Array, thetas: Array) -> Array:
    """Return log(1 + exp(-z . theta)), [thetas, rows]."""
    return np.logaddexp(0, -(thetas @ rows.T))


def _pull(rows: Array, theta: Array) -> Array:
    """Return -dl/d(z . theta) = sigmoid(-z . theta) of each row."""
    return np.asarray(1 / (1 + np.exp(rows @ theta)))


def _gradient(rows: Array, theta: Array) -> Array:
    """Return the gradient of the mean loss."""
    return -(_pull(rows, theta) @ rows) / len(rows)


def _trajectory(data: Data, theta0: Array, weights: Array, rate: float) -> Array:
    """Train: theta [T + 1, D]."""
    thetas = [theta0]
    for row in weights:
        thetas.append(thetas[-1] + rate * ((row * _pull(data.train, thetas[-1])) @ data.train))
    return np.array(thetas)


def _adjoint(data: Data, against: Array, thetas: Array, weights: Array, rate: float) -> Array:
    """Return the adjoint contributions <lambda[t+1], grad l_n(theta[t])>, [T, N]."""
    steps = len(weights)
    adjoint = _gradient(against, thetas[-1]) / steps
    result = np.empty_like(weights)
    for t in range(steps - 1, -1, -1):
        pull = _pull(data.train, thetas[t])
        along = data.train @ adjoint
        result[t] = -pull * along
        curvature = (weights[t] * pull * (1 - pull) * along) @ data.train
        adjoint = adjoint - rate * curvature + (_gradient(against, thetas[t]) / steps if t else 0)
    return result


def _search(data: Data, theta0: Array, uniform: Array, toy: Toy) -> tuple[dict[str, list[Any]], list[Array]]:
    """Search by exponentiated gradient; return the log and the policy of each iteration."""
    log: dict[str, list[Any]] = {column: [] for column in artifacts.TABLES["search"]}
    weights, found = uniform, []
    for iteration in range(toy.iterations + 1):
        thetas = _trajectory(data, theta0, weights, toy.learning_rate)
        gradient = -toy.learning_rate * _adjoint(data, data.desired, thetas, weights, toy.learning_rate)
        found.append(weights)
        row = {
            "iteration": iteration,
            "evaluations": iteration,
            "forward_evaluations": 0,
            "cost": float(iteration),
            "objective": _losses(data.desired, thetas[1:]).mean(),
            "validation_objective": None,
            "test_objective": _losses(data.test, thetas[1:]).mean(),
            "gap": float(((weights * gradient).sum(axis=1) - gradient.min(axis=1)).sum()),
            "step_size": None if iteration == 0 else 1.0,
            "accepted": True,
            "active_fraction": float((weights > 0).mean()),
            "effective_examples": float(examples.effective_examples(weights).mean()),
        }
        for column, value in row.items():
            log[column].append(value)
        raised = np.log(np.maximum(weights, 1e-30)) - gradient / np.sqrt((gradient**2).mean())
        weights = np.exp(raised - raised.max(axis=1, keepdims=True))
        weights = np.where(weights < 1e-2 * weights.max(axis=1, keepdims=True), 0, weights)
        weights /= weights.sum(axis=1, keepdims=True)
    return log, found


def _measure(
    policy: str,
    weights: Array,
    data: Data,
    theta0: Array,
    toy: Toy,
    tables: dict[str, dict[str, list[Any]]],
    write: Any,
) -> None:
    """Train under a policy and append what is measured to the tables."""
    rate = toy.learning_rate
    thetas = _trajectory(data, theta0, weights, rate)
    steps = np.unique(np.linspace(0, toy.steps - 1, toy.measured).astype(int))
    curves = {against: _losses(getattr(data, against), thetas).mean(axis=1) for against in BOTH}
    train = (weights * _losses(data.train, thetas[:-1])).sum(axis=1)
    _extend(
        tables["curves"],
        policy=[policy] * (toy.steps + 1),
        step=list(range(toy.steps + 1)),
        train_loss=[*train, None],
        desired_loss=curves["desired"],
        test_loss=curves["test"],
    )
    losses = _losses(data.train, thetas[steps])
    norms = np.array([_pull(data.train, theta) * np.linalg.norm(data.train, axis=1) for theta in thetas[steps]])
    first = tables["curves"]
    conventional = {a: np.array(first[f"{a}_loss"][: toy.steps + 1]) for a in BOTH}
    summary: dict[str, Any] = {"policy": policy}
    stored: dict[str, list[Any]] = {column: [] for column in artifacts.TABLES["contributions"]}
    gap = 0.0
    for against in BOTH:
        rows = getattr(data, against)
        by_kind = {
            "instantaneous": np.array(
                [-_pull(data.train, theta) * (data.train @ _gradient(rows, theta)) for theta in thetas[:-1]]
            ),
            "adjoint": _adjoint(data, rows, thetas, weights, rate),
        }
        if against == "desired":
            gradient = -rate * by_kind["adjoint"]
            gap = float(((weights * gradient).sum(axis=1) - gradient.min(axis=1)).sum())
        speeds = speed.global_speed(curves[against], [rate] * toy.steps)
        before = zero_weights.before_convergence(steps, curves[against])
        for kind, contributions in by_kind.items():
            measured = similarity.similarity(weights[steps], contributions[steps])
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
            for name, share in {
                "noncontributive_excluded": zero_weights.noncontributive_excluded,
                "redundant_dropped": zero_weights.redundant_dropped,
            }.items():
                counted = share(weights[steps][before], contributions[steps][before])
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
                contribution=list(contributions[steps]),
                loss=list(losses),
                gradient_norm=list(norms),
            )
        objective = compression.objective(curves[against])
        summary[f"objective_{against}"] = objective
        summary[f"compression_ratio_{against}"] = compression.compression_ratio(objective, 2)
        never = toy.nulls and policy != "conventional"
        reached = acceleration.acceleration(curves[against], conventional[against])
        best = acceleration.acceleration_to_best(curves[against], conventional[against])
        summary[f"acceleration_{against}"] = None if never else reached
        summary[f"acceleration_to_best_{against}"] = None if never else best
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
    measures = {
        "gap": gap,
        "weight_on_perturbed": float(weights[:, data.flipped].sum(axis=1).mean()),
        "effective_examples": float(examples.effective_examples(weights).mean()),
    }
    _extend(tables["measures"], policy=[policy], **{name: [value] for name, value in measures.items()})
    _extend(tables["summary"], **{name: [value] for name, value in {**summary, **measures}.items()})


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
    rows: dict[str, list[Any]] = {column: [] for column in artifacts.TABLES["summary_over_seeds"]}
    for index, policy in enumerate(summaries[0]["policy"]):
        for quantity in artifacts.TABLES["summary"]:
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
    artifacts.write(path, "summary_over_seeds", rows, settings=chosen, code="0" * 16)


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
