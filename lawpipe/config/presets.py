"""The published searches, by problem: what `search.preset` stands for. Rates are for the mean J over the steps."""

from typing import Any

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "perceptron": {
        "paper": {"method": "projected_gradient", "iterations": 500, "rate": 0.01, "decay": "constant"},
        "public_script": {"method": "projected_gradient", "iterations": 500, "rate": 0.001, "decay": "linear"},
    },
    "language_model": {
        "paper": {"method": "projected_gradient", "iterations": 15, "rate": 0.4, "decay": "constant"},
        "public_script": {"method": "projected_gradient", "iterations": 20, "rate": 0.4, "decay": "linear"},
    },
}
