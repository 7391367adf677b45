"""The columns of every artifact table."""

from dataclasses import dataclass

from lawpipe.run.splits import REFERENCES


@dataclass(frozen=True)
class Vector:
    """A column whose rows are vectors, of one length in the whole file (`fixed`) or of any length."""

    item: str
    fixed: bool = True


Column = str | Vector

#: The columns of every table, in order. Files may hold more columns, never fewer.
TABLES: dict[str, dict[str, Column]] = {
    "gaussian_examples": {"features": Vector("float32"), "label": "int8", "flipped": "bool"},
    "token_examples": {"tokens": Vector("int32"), "perturbed": "bool", "story": "int64"},
    # A whole corpus, one row per story; `story` is its row in the source.
    "tokens": {"story": "int64", "tokens": Vector("int32", fixed=False)},
    "theta0": {
        "name": "string",
        "shape": Vector("int64", fixed=False),
        "values": Vector("float32", fixed=False),
    },
    "search": {
        "iteration": "int32",
        "evaluations": "int32",
        "forward_evaluations": "int32",
        "cost": "float64",
        "objective": "float64",
        "validation_objective": "float64",
        "test_objective": "float64",
        "gap": "float64",
        "step_size": "float64",
        "accepted": "bool",
        "active_fraction": "float64",
        "effective_examples": "float64",
    },
    "policy": {"step": "int32", "weights": Vector("float*"), "learning_rate": "float64"},
    "curves": {
        "policy": "string",
        "step": "int32",
        "train_loss": "float64",
        "desired_loss": "float64",
        "test_loss": "float64",
    },
    # The rates that were tried for a policy whose learning rate is tuned. J is null where training diverged.
    "learning_rates": {
        "policy": "string",
        "learning_rate": "float64",
        "objective_desired": "float64",
        "objective_test": "float64",
    },
    "contributions": {
        "step": "int32",
        "against": "string",
        "kind": "string",
        "contribution": Vector("float32"),
        "loss": Vector("float32"),
        "gradient_norm": Vector("float32"),
    },
    # global_speed is (L[t] - L[t+1]) / learning_rate of the loss `against`: the left-hand side of the law.
    "similarity": {
        "policy": "string",
        "step": "int32",
        "against": "string",
        "kind": "string",
        "mean": "float64",
        "std": "float64",
        "similarity": "float64",
        "active": "int32",
        "global_speed": "float64",
    },
    "which_law": {
        "experiment": "string",
        "seed": "int64",
        "policy": "string",
        "relative_gap": "float64",
        "cost": "float64",
        "measured": "int64",
        "several": "int64",
        "instantaneous": "float64",
        "adjoint": "float64",
    },
    # A transferred policy on one reference set: J in nats, and the share that it keeps of the gain of the seed's
    # near-optimal policy, null where there is no gain.
    "transfer": {
        "source": "string",
        "experiment": "string",
        "changed": "string",
        "seed": "int64",
        "against": "string",
        "conventional": "float64",
        "near_optimal": "float64",
        "transferred": "float64",
        "share": "float64",
    },
    # Weights without a search and their baselines: J in nats on one reference set, and the share of the gain of the
    # seed's oracle over uniform weights, null where there is no gain.
    "online": {
        "experiment": "string",
        "problem": "string",
        "spoilt": "float64",
        "desired_examples": "int64",
        "text": "string",
        "seed": "int64",
        "policy": "string",
        "against": "string",
        "objective": "float64",
        "share": "float64",
    },
    "zero_weights": {
        "policy": "string",
        "property": "string",
        "kind": "string",
        "against": "string",
        "value": "float64",
        "count": "int64",
    },
    "examples": {
        "policy": "string",
        "row": "int32",
        "total_weight": "float64",
        "first_active": "int32",
        "last_active": "int32",
    },
    # What is measured of a whole policy: one row per policy; part of `summary`.
    "measures": {
        "policy": "string",
        "gap": "float64",
        "weight_on_perturbed": "float64",
        "effective_examples": "float64",
    },
    "fits": {
        "policy": "string",
        "against": "string",
        "loss_floor": "float64",
        "scale": "float64",
        "exponent": "float64",
        "first_step": "int32",
        "r_squared": "float64",
        **{f"{name}_{end}": "float64" for name in ("loss_floor", "scale", "exponent") for end in ("low", "high")},
    },
    # The fits of the policies that share L0 and t0, repeated with L0 or t0 fixed at other values.
    "sensitivity": {
        "policy": "string",
        "against": "string",
        "variant": "string",
        "loss_floor": "float64",
        "first_step": "int32",
        "scale": "float64",
        "exponent": "float64",
        "acceleration": "float64",
        "acceleration_far": "float64",
    },
    "summary": {
        "policy": "string",
        **{
            f"{quantity}_{against}": kind
            for quantity, kind in {
                "objective": "float64",
                "compression_ratio": "float64",
                "acceleration": "float64",
                "acceleration_to_best": "float64",
                "acceleration_to_tuned": "float64",
                "acceleration_fit": "float64",
                "similarity": "float64",
                "adjoint_similarity": "float64",
                "steps_measured": "int32",
                "adjoint_steps_measured": "int32",
            }.items()
            for against in REFERENCES
        },
        "gap": "float64",
        "weight_on_perturbed": "float64",
        "effective_examples": "float64",
    },
    "summary_over_seeds": {
        "policy": "string",
        "quantity": "string",
        "mean": "float64",
        "low": "float64",
        "high": "float64",
        "n": "int32",
        "n_reached": "int32",
    },
    # The language-model experiments of a config by size, and the paper's, whose `experiment` is null.
    "sizes": {
        "experiment": "string",
        "steps": "int32",
        "examples": "int32",
        "vocabulary": "int32",
        "quantity": "string",
        "mean": "float64",
        "low": "float64",
        "high": "float64",
        "n": "int32",
    },
    "claims": {
        "claim": "string",
        "experiment": "string",
        "source": "string",
        "paper": "string",
        "ours": "float64",
        "low": "float64",
        "high": "float64",
        "n": "int32",
        "verdict": "string",
        "reason": "string",
    },
}

#: The tables that are written for each batch of policies and then joined.
COLLECTED = ("curves", "similarity", "zero_weights", "examples", "measures")
