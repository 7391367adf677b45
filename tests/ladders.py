"""Made-up rows of the ladder of sizes."""

from typing import Any

import pandas as pd

from lawpipe.run.tables.ladder import RECORDED

#: Of every row, unless given.
USUAL: dict[str, Any] = {
    **{"corpus": "file", "stories": "5a5a5a5a5a5a5a5a", "desired_examples": 8, "length": 8, "vocabulary": 90},
    **{"operations": 20, "hidden": 8, "layers": 2, "parameters": 1000, "evaluations": 6, "learning_rate": 0.1},
    **{"acceleration_desired": 1.5},
    **{"acceleration_test": 1.2, "gap": 0.2, "weight_on_perturbed": 0.1, "similarity_desired": 0.5},
    **{"similarity_test": 0.4, "adjoint_similarity_desired": 0.6, "noncontributive_excluded": 0.9},
    **{"redundant_dropped": 0.4, "loss_floor": 0.1, "scale": 100.0, "exponent": 0.2, "r_squared": 0.99},
    **{"processor_seconds": 60.0, "estimated_seconds": 50.0, "peak_memory_mb": 500.0, "estimated_memory_mb": 600.0},
    **{"machine": "an abacus", "date": "2026-01-02", "commit": "0123456789abcdef", "command": "make run"},
}


def rows(experiment: str, *, steps: int = 10, examples: int = 30, **objectives: dict[int, float]) -> pd.DataFrame:
    """Return the rows of one size, with J by policy and seed; J of the conventional policy is 4 in every seed."""
    given = {"near_optimal": {0: 3.0}} | objectives
    seeds = sorted({seed for by_seed in given.values() for seed in by_seed})
    records = [
        USUAL
        | {"experiment": experiment, "steps": steps, "examples": examples, "seed": seed, "policy": policy}
        | {"objective_desired": objective, "objective_test": objective}
        for policy, by_seed in (given | {"conventional": dict.fromkeys(seeds, 4.0)}).items()
        for seed, objective in by_seed.items()
    ]
    return pd.DataFrame(records, columns=[*RECORDED.columns])
