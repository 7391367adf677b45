"""What the paper reports, as data: "Towards Optimal Learning of Language Models", arXiv 2402.17759v2.

Every published number is written here once: the values of its figures and tables with the rule that judges ours,
the rows of Table 2, and the settings of its two experiments. Claims, figures and the report take them from here.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from lawpipe.config.presets import PRESETS
from lawpipe.paper.rules import NOT_REPRODUCED, NOT_TESTED, Judgement, Near
from lawpipe.results.problem import LANGUAGE_MODEL, PERCEPTRON, PROBLEMS

TITLE = "Towards Optimal Learning of Language Models"
REFERENCE = "Gu, Dong, Hao, Dong, Huang, Wei (2024), arXiv 2402.17759v2"

#: The coefficients of the scaling law, as `fits` calls them; those of SIM = c ln(a / (b - CR)), which no table has.
COEFFICIENTS = ("loss_floor", "scale", "exponent", "first_step", "r_squared")
ASYMPTOTE = ("asymptote_a", "asymptote_b", "asymptote_c")
#: From a compression ratio ln|V| / J to the paper's for language models, log2|V| / J; J in nats.
MIXED_UNITS = 1 / math.log(2)

#: The judgements where no seed has an acceleration, a scaling law, or the curve of similarity against compression.
NEVER = Judgement(NOT_REPRODUCED, "no seed ever reaches the conventional policy's final loss")
NO_LAW = Judgement(NOT_TESTED, "in no seed do both curves follow a scaling law")
NO_CURVE = Judgement(NOT_TESTED, "in no seed do the policies along the search determine the curve")


class Kind(NamedTuple):
    """How the values of one measure are judged.

    `claim` is the name of the claim that our value is the same, with `{}` in the place of the policy, `near` its rule
    as a function of the ends of the paper's range, and `wording` its text, with `{}` in the place of the paper's
    text. `logarithmic` tells whether our mean over the seeds is the geometric one.
    """

    claim: str
    near: Callable[[float, float], Near]
    logarithmic: bool = False
    wording: str = "{}"


SPEED = partial(Near, factor=1.25, mark=1, missing=NEVER)
CURVE = partial(Near, factor=1.25, missing=NO_CURVE)
LOG2, FIT = "{} (log2 |V| over nats)", "{} (SIM = c ln(a / (b - CR)))"

#: The kinds by their measure. `factor` is the factor within which two values count as the same; B varies by orders of
#: magnitude.
KINDS: dict[str, Kind] = {
    "compression_ratio": Kind("compression_of_{}", partial(Near, factor=1.1)),
    "acceleration": Kind("acceleration_value", SPEED, logarithmic=True),
    "similarity": Kind("similarity_of_{}", partial(Near, factor=1.5)),
    **{name: Kind(name, CURVE, wording=FIT) for name in ASYMPTOTE},
    "loss_floor": Kind("loss_floor", partial(Near, factor=2, missing=NO_LAW), wording="L0 {}"),
    "first_step": Kind("first_step", partial(Near, factor=2, missing=NO_LAW), wording="t0 {}"),
    "scale": Kind("scale_of_{}", partial(Near, factor=10, missing=NO_LAW), logarithmic=True, wording="B {}"),
    "exponent": Kind("exponent_of_{}", partial(Near, factor=1.25, missing=NO_LAW), wording="beta {}"),
}


@dataclass(frozen=True)
class Published:
    """One value or statement of the paper.

    Attributes:
        problem: the problem of the experiment that it is about.
        source: the figures, tables or sections that have it, joined by `, `.
        quantity: what it is a value of.
        text: the value as the paper writes it; "about" marks one that was read off a figure by eye.
        low: the value as a number, or the lower end of a range; NaN for a statement in words.
        high: the same as `low`, or the upper end of a range; infinite for a lower bound.
        measure: our quantity of the same meaning: a column of `summary` without its ending `_desired`, one of
            `COEFFICIENTS` or `ASYMPTOTE`, or a property of `zero_weights`; None if there is none.
        policy: the policy that has the value; None if the policies share it.
    """

    problem: str
    source: str
    quantity: str
    text: str
    low: float = math.nan
    high: float = math.nan
    measure: str | None = None
    policy: str | None = None

    @property
    def digitised(self) -> bool:
        """Whether it was read off a figure by eye, which is good to about two digits."""
        return self.text.startswith("about")

    @property
    def mixed_units(self) -> bool:
        """Whether it is a compression ratio log2|V| / J with J in nats. In one unit it is ln 2 times that."""
        return (self.problem, self.measure) == (LANGUAGE_MODEL, "compression_ratio")


#: One row per value, by figure and table. The claims on values are in this order.
# fmt: off
VALUES: tuple[Published, ...] = (
    Published(PERCEPTRON, "Fig 4", "compression ratio, conventional policy", "about 4", 4, 4,
              "compression_ratio", "conventional"),
    Published(PERCEPTRON, "Fig 4", "compression ratio, near-optimal policy", "about 6.5 to 7", 6.5, 7,
              "compression_ratio", "near_optimal"),
    Published(LANGUAGE_MODEL, "Fig 4", "compression ratio, conventional policy (log2 |V| over a loss in nats)",
              "about 2.92", 2.92, 2.92, "compression_ratio", "conventional"),
    Published(LANGUAGE_MODEL, "Fig 4", "compression ratio, near-optimal policy (log2 |V| over a loss in nats)",
              "about 3.24", 3.24, 3.24, "compression_ratio", "near_optimal"),
    Published(PERCEPTRON, "Fig 5", "acceleration ratio on the desired loss", "5.50", 5.5, 5.5,
              "acceleration", "near_optimal"),
    Published(LANGUAGE_MODEL, "Fig 2, Fig 5", "acceleration ratio on the desired loss", "2.41", 2.41, 2.41,
              "acceleration", "near_optimal"),
    *(Published(problem, "Fig 6", "similarity against the desired loss",
                "a higher compression ratio goes with a higher similarity throughout training")
      for problem in PROBLEMS),
    Published(PERCEPTRON, "Fig 7", "similarity against the compression ratio",
              "similarity rises with the compression ratio, towards an asymptote (SIM = c ln(a / (b - CR)))"),
    Published(LANGUAGE_MODEL, "Fig 7", "similarity, lowest policy", "about 0.17", 0.17, 0.17,
              "similarity", "conventional"),
    Published(LANGUAGE_MODEL, "Fig 7", "similarity, highest policy", "about 0.52", 0.52, 0.52,
              "similarity", "near_optimal"),
    Published(LANGUAGE_MODEL, "Fig 7", "a of SIM = c ln(a / (b - CR))", "about 1.203", 1.203, 1.203, "asymptote_a"),
    Published(LANGUAGE_MODEL, "Fig 7", "b, the asymptote of the compression ratio", "about 3.268", 3.268, 3.268,
              "asymptote_b"),
    Published(LANGUAGE_MODEL, "Fig 7", "c of SIM = c ln(a / (b - CR))", "about 0.14", 0.14, 0.14, "asymptote_c"),
    *(Published(problem, "Fig 8", "(t, n) with contribution <= 0 that have weight 0",
                "rises towards 100 % with the compression ratio",
                measure="noncontributive_excluded", policy="near_optimal")
      for problem in PROBLEMS),
    Published(PERCEPTRON, "Fig 9", "(t, n) with loss < 1e-6 whose weight is below 0.2 of the step's largest",
              "more than 90 %", 0.9, math.inf, "learned_ignored", "near_optimal"),
    *(Published(problem, "Fig 10", "weights of examples with contribution > 0",
                "a large share is near 0: redundant examples are dropped",
                measure="redundant_dropped", policy="near_optimal")
      for problem in PROBLEMS),
    *(Published(LANGUAGE_MODEL, "Table 1, Fig 11", *row) for row in (
        ("loss floor L0 of the fits", "0.051", 0.051, 0.051, "loss_floor"),
        ("first step t0 of the fits", "400", 400, 400, "first_step"),
        ("B, conventional policy", "3.16e8", 3.16e8, 3.16e8, "scale", "conventional"),
        ("B, near-optimal policy", "1.99e7", 1.99e7, 1.99e7, "scale", "near_optimal"),
        ("beta, conventional policy", "0.12", 0.12, 0.12, "exponent", "conventional"),
        ("beta, near-optimal policy", "0.14", 0.14, 0.14, "exponent", "near_optimal"),
        ("r squared, conventional policy", "0.995", 0.995, 0.995, "r_squared", "conventional"),
        ("r squared, near-optimal policy", "0.999", 0.999, 0.999, "r_squared", "near_optimal"),
    )),
)
# fmt: on

#: The least acceleration after 10M steps by the extrapolation of equation 9, which the paper shows in no figure.
AT_10M_STEPS = 9


#: The text's relative changes of B and beta for the run of Table 1, which is the third row of Table 2.
TEXT_SCALE_CHANGE, TEXT_EXPONENT_CHANGE = 0.966, 0.212

#: The settings of the paper's experiments by the config's own keys; the Transformer has the size of Figs 2 and 5.
#: `train_variance` reads the paper's "3I" as a variance.
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    PERCEPTRON: {
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
        "search": PRESETS[PERCEPTRON]["paper"],
    },
    LANGUAGE_MODEL: {
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
        "search": PRESETS[LANGUAGE_MODEL]["paper"],
    },
}


def values(problem: str, source: str) -> tuple[Published, ...]:
    """Return the paper's values for a problem in some figures and tables (`Fig 4, Fig 5`)."""
    parts = set(source.split(", "))
    return tuple(value for value in VALUES if value.problem == problem and parts & set(value.source.split(", ")))


#: The values by problem, measure of ours and policy.
BY_MEASURE = {(value.problem, value.measure, value.policy): value for value in VALUES}


def words(key: str) -> str:
    """Return a dotted key in words, without its section."""
    return key.partition(".")[2].replace(".", " ").replace("_", " ")


def differences(settings: Mapping[str, Any], *, search: bool = False) -> tuple[tuple[str, Any, Any], ...]:
    """Return where an experiment's settings differ from the paper's: dotted key, its value and the paper's.

    Keys that the paper does not fix are left out. Without `search` only the task is compared: the data, the model and
    the training run, which determine the results of the conventional policy. With it, the policy search is compared,
    too.
    """
    published = SETTINGS.get(str(settings.get("problem")), {})
    here = dict(leaves(settings))
    if here.get("data.corpus.source") == "hub":
        here["data.corpus.source"] = str(here["data.corpus.repository"]).rpartition("/")[2]
    elif here.get("data.corpus.source") == "file":
        here["data.corpus.source"] = str(here["data.corpus.path"])
    return tuple(
        (key, here[key], setting)
        for section, keys in published.items()
        if search or section != "search"
        for key, setting in leaves(keys, section)
        if key in here and here[key] != setting
    )


def leaves(settings: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted key and the value of every setting in nested blocks."""
    for key, setting in settings.items():
        name = f"{path}.{key}" if path else key
        if isinstance(setting, Mapping) and setting:
            yield from leaves(setting, name)
        else:
            yield name, setting
