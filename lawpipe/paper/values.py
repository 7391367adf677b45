"""What the paper reports, as data: "Towards Optimal Learning of Language Models", arXiv 2402.17759v2.

Each value carries its place in the paper and whether it is printed there or was read off a figure by eye
(`digitised`: good to about two digits). Nothing here is computed and nothing is ours. The claims, and the rules
that judge them, are in `lawpipe.paper.claims`; where the paper contradicts itself, in `lawpipe.paper.contradictions`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lawpipe.config.presets import PRESETS

TITLE = "Towards Optimal Learning of Language Models"
REFERENCE = "Gu, Dong, Hao, Dong, Huang, Wei (2024), arXiv 2402.17759v2"


@dataclass(frozen=True)
class Published:
    """One value or statement of the paper.

    `low` and `high` are the value as numbers: equal for a single value, different for a range, one of them
    None for a bound, both None for a statement in words. `measure` names our quantity of the same meaning (a
    column of `summary` without its ending `_desired`, or a property of `zero_weights`) and `policy` whose it
    is; None where we have no such number. `mixed_units`: a compression ratio of log2|V| over a loss in nats,
    as the paper has it for language models; in one unit it is ln 2 times that.
    """

    problem: str
    source: str
    quantity: str
    text: str
    low: float | None = None
    high: float | None = None
    digitised: bool = False
    measure: str | None = None
    policy: str | None = None
    mixed_units: bool = False

    @property
    def mark(self) -> str:
        """Say how the value was had, for a label beside it."""
        return f"{self.source}, read off" if self.digitised else self.source


#: The values of the paper's figures and tables, perceptron first.
VALUES: tuple[Published, ...] = (
    Published(
        "perceptron",
        "Fig 4",
        "compression ratio, conventional policy",
        "about 4",
        4.0,
        4.0,
        digitised=True,
        measure="compression_ratio",
        policy="conventional",
    ),
    Published(
        "perceptron",
        "Fig 4",
        "compression ratio, near-optimal policy",
        "about 6.5 to 7",
        6.5,
        7.0,
        digitised=True,
        measure="compression_ratio",
        policy="near_optimal",
    ),
    Published(
        "perceptron",
        "Fig 5",
        "acceleration ratio on the desired loss",
        "5.50",
        5.50,
        5.50,
        measure="acceleration",
        policy="near_optimal",
    ),
    Published(
        "perceptron",
        "Fig 6",
        "similarity against the desired loss",
        "a higher compression ratio goes with a higher similarity throughout training",
    ),
    Published(
        "perceptron",
        "Fig 7",
        "similarity against the compression ratio",
        "similarity rises with the compression ratio, towards an asymptote (SIM = c ln(a / (b - CR)))",
    ),
    Published(
        "perceptron",
        "Fig 8",
        "(t, n) with contribution <= 0 that have weight 0",
        "rises towards 100 % with the compression ratio",
        measure="noncontributive_excluded",
        policy="near_optimal",
    ),
    Published(
        "perceptron",
        "Fig 9",
        "(t, n) with loss < 1e-6 whose weight is below 0.2 of the step's largest",
        "more than 90 %",
        0.9,
        None,
        measure="learned_ignored",
        policy="near_optimal",
    ),
    Published(
        "perceptron",
        "Fig 10",
        "weights of examples with contribution > 0",
        "a large share is near 0: redundant examples are dropped",
        measure="redundant_dropped",
        policy="near_optimal",
    ),
    Published(
        "language_model",
        "Fig 4",
        "compression ratio, conventional policy (log2 |V| over a loss in nats)",
        "about 2.92",
        2.92,
        2.92,
        digitised=True,
        measure="compression_ratio",
        policy="conventional",
        mixed_units=True,
    ),
    Published(
        "language_model",
        "Fig 4",
        "compression ratio, near-optimal policy (log2 |V| over a loss in nats)",
        "about 3.24",
        3.24,
        3.24,
        digitised=True,
        measure="compression_ratio",
        policy="near_optimal",
        mixed_units=True,
    ),
    Published(
        "language_model",
        "Fig 2, Fig 5",
        "acceleration ratio on the desired loss",
        "2.41",
        2.41,
        2.41,
        measure="acceleration",
        policy="near_optimal",
    ),
    Published(
        "language_model",
        "Fig 6",
        "similarity against the desired loss",
        "a higher compression ratio goes with a higher similarity throughout training",
    ),
    Published(
        "language_model",
        "Fig 7",
        "similarity, lowest policy",
        "about 0.17",
        0.17,
        0.17,
        digitised=True,
        measure="similarity",
        policy="conventional",
    ),
    Published(
        "language_model",
        "Fig 7",
        "similarity, highest policy",
        "about 0.52",
        0.52,
        0.52,
        digitised=True,
        measure="similarity",
        policy="near_optimal",
    ),
    Published(
        "language_model", "Fig 7", "a of SIM = c ln(a / (b - CR))", "about 1.203", 1.203, 1.203, digitised=True
    ),
    Published(
        "language_model",
        "Fig 7",
        "b, the asymptote of the compression ratio",
        "about 3.268",
        3.268,
        3.268,
        digitised=True,
    ),
    Published(
        "language_model", "Fig 7", "c of SIM = c ln(a / (b - CR))", "about 0.140", 0.140, 0.140, digitised=True
    ),
    Published(
        "language_model",
        "Fig 8",
        "(t, n) with contribution <= 0 that have weight 0",
        "rises towards 100 % with the compression ratio",
        measure="noncontributive_excluded",
        policy="near_optimal",
    ),
    Published(
        "language_model",
        "Fig 10",
        "weights of examples with contribution > 0",
        "a large share is near 0: redundant examples are dropped",
        measure="redundant_dropped",
        policy="near_optimal",
    ),
    Published(
        "language_model", "Table 1, Fig 11", "loss floor L0 of the fits", "0.051", 0.051, 0.051, measure="loss_floor"
    ),
    Published(
        "language_model", "Table 1, Fig 11", "first step t0 of the fits", "400", 400, 400, measure="first_step"
    ),
    Published(
        "language_model",
        "Table 1, Fig 11",
        "B, conventional policy",
        "3.16e8",
        3.16e8,
        3.16e8,
        measure="scale",
        policy="conventional",
    ),
    Published(
        "language_model",
        "Table 1, Fig 11",
        "B, near-optimal policy",
        "1.99e7",
        1.99e7,
        1.99e7,
        measure="scale",
        policy="near_optimal",
    ),
    Published(
        "language_model",
        "Table 1, Fig 11",
        "beta, conventional policy",
        "0.12",
        0.12,
        0.12,
        measure="exponent",
        policy="conventional",
    ),
    Published(
        "language_model",
        "Table 1, Fig 11",
        "beta, near-optimal policy",
        "0.14",
        0.14,
        0.14,
        measure="exponent",
        policy="near_optimal",
    ),
    Published(
        "language_model",
        "Table 1, Fig 11",
        "r squared, conventional policy",
        "0.995",
        0.995,
        0.995,
        measure="r_squared",
        policy="conventional",
    ),
    Published(
        "language_model",
        "Table 1, Fig 11",
        "r squared, near-optimal policy",
        "0.999",
        0.999,
        0.999,
        measure="r_squared",
        policy="near_optimal",
    ),
)


@dataclass(frozen=True)
class Scale:
    """A row of the paper's Table 2 (transformer): how the fit improves at one size of the experiment."""

    steps: int
    examples: int
    vocabulary: int
    #: Relative changes of B (a decrease) and beta (an increase), and the acceleration ratio.
    scale_change: float
    exponent_change: float
    acceleration: float
    source: str = "Table 2"

    @property
    def task(self) -> dict[str, Any]:
        """The settings, by dotted keys, that make the paper's experiment one of this size."""
        return {
            "training.steps": self.steps,
            "data.train_examples": self.examples,
            "data.tokenizer.vocabulary": self.vocabulary,
        }


TABLE_2: tuple[Scale, ...] = (
    Scale(1000, 2**12, 4000, 0.885, 0.100, 2.16),
    Scale(2000, 2**13, 4500, 0.949, 0.180, 2.31),
    Scale(4000, 2**14, 5000, 0.937, 0.187, 2.41),
    Scale(8000, 2**15, 6000, 0.948, 0.190, 2.48),
)

#: The settings of the paper's perceptron experiment, by the config's own keys. `train_variance`
#: reads the paper's "3I" as a variance.
PERCEPTRON: dict[str, dict[str, Any]] = {
    "data": {
        "dimension": 128,
        "train_examples": 4096,
        "desired_examples": 512,
        "test_examples": 512,
        "train_variance": 3.0,
        "desired_mean": 0.5,
        "desired_variance": 1.0,
        "flip_fraction": 0.0,
        "folder": None,
    },
    "training": {"steps": 2000, "learning_rate": 0.1},
    "search": PRESETS["perceptron"]["paper"],
}

#: The settings of its language-model experiment, at the size of Figs 2 and 5.
LANGUAGE_MODEL: dict[str, dict[str, Any]] = {
    "data": {
        "corpus": {"source": "TinyStories"},
        "tokenizer": {"kind": "mistral", "vocabulary": 5000},
        "length": 64,
        "perturbation": {"fraction": 0.5, "operations": 20},
        "train_examples": 16384,
        "desired_examples": 512,
        "test_examples": 512,
    },
    "model": {"hidden": 128, "layers": 2, "heads": 8},
    "training": {"steps": 4000, "learning_rate": 0.1},
    "search": PRESETS["language_model"]["paper"],
}

SETTINGS: dict[str, dict[str, dict[str, Any]]] = {"perceptron": PERCEPTRON, "language_model": LANGUAGE_MODEL}


@dataclass(frozen=True)
class Difference:
    """A setting that is not the paper's."""

    key: str
    here: Any
    paper: Any

    @property
    def label(self) -> str:
        """Say the setting in words: its key without the section."""
        return self.key.partition(".")[2].replace(".", " ").replace("_", " ")


def values(problem: str, source: str | None = None) -> tuple[Published, ...]:
    """Return the paper's values for a problem; `source` (`Fig 4`) picks those of one figure or table."""
    return tuple(
        value
        for value in VALUES
        if value.problem == problem and (source is None or source in value.source.split(", "))
    )


def differences(settings: Mapping[str, Any], *, search: bool = False) -> tuple[Difference, ...]:
    """Return how an experiment's settings differ from the paper's, by the keys that the paper fixes.

    `search` adds the settings of the policy search; without it only the task is compared: the data, the model
    and the training run, which decide what the conventional policy does.
    """
    published = SETTINGS.get(str(settings.get("problem")), {})
    here = dict(leaves(settings))
    if "data.corpus.source" in here:
        here["data.corpus.source"] = _stories(here)
    return tuple(
        Difference(key, here[key], value)
        for section, keys in published.items()
        if search or section != "search"
        for key, value in leaves(keys, section)
        if key in here and here[key] != value
    )


def _stories(here: Mapping[str, Any]) -> str:
    """Say whose stories an experiment reads: those of a repository by its name, of a file by its path."""
    source = str(here["data.corpus.source"])
    if source == "hub":
        return str(here["data.corpus.repository"]).rpartition("/")[2]
    return str(here["data.corpus.path"]) if source == "file" else source


def leaves(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of every setting in nested blocks."""
    for key, value in settings.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            yield from leaves(value, name)
        else:
            yield name, value
