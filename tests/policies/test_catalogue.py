"""The records of all policies, and what the plan, the estimate and the settings derive from them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lawpipe.config import plan
from lawpipe.policies.catalogue import POLICIES
from lawpipe.run import provenance, registry

ROOT = Path(__file__).resolve().parents[2]

NAMES = [
    *("conventional", "near_optimal", "conventional_tuned"),
    *("clean_only", "clean_only_tuned", "clean_only_matched"),
    "loss_proportional",
    *("inverse_loss", "inverse_loss_tuned", "inverse_loss_matched"),
    *("greedy", "greedy_tuned", "greedy_matched"),
    *("noise_model", "noise_model_tuned", "noise_model_matched"),
    *("noise_model_mixed", "noise_model_mixed_tuned"),
    *("online", "online_tuned", "online_matched"),
    *("online_mixed", "online_mixed_tuned"),
    *("desired_only", "desired_only_tuned"),
    *("desired_mixed", "desired_mixed_tuned"),
    *("desired_last", "desired_last_tuned"),
    *("static", "near_optimal_at_tuned_rate", "near_optimal_matched", "transferred"),
]


def test_the_policies_in_their_order() -> None:
    assert [name for name in POLICIES if name in NAMES] == NAMES


def test_the_plan_derives_its_lists_from_the_records() -> None:
    assert tuple(name for name in NAMES if name.endswith("_tuned")) == plan.TUNED
    assert plan.SEARCHED_CONTROLS == ("static", "near_optimal_at_tuned_rate")
    assert plan.REQUIRED_POLICIES == ("conventional", "near_optimal")
    assert {name: record.builds_on for name, record in POLICIES.items() if record.builds_on} == {
        "near_optimal_matched": ("near_optimal",),
        "near_optimal_at_tuned_rate": ("conventional_tuned",),
        "transferred": ("near_optimal",),
    }


def test_every_policy_has_its_own_words() -> None:
    for words in ("label", "phrase"):
        assert len({getattr(record, words) for record in POLICIES.values()}) == len(POLICIES)
    assert POLICIES["greedy_tuned"].phrase == "greedy one-step weights at their own best learning rate"
    assert POLICIES["online_matched"].phrase == "online weights at the conventional policy's step length"


def test_the_records_need_no_pytorch() -> None:
    code = "import sys; import lawpipe.policies.catalogue; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


PLANTED = '''"""Weights that fall with the row of an example."""

import numpy as np

from lawpipe.policies.base import Context, Record

RECORD = Record(
    label="planted",
    phrase="planted weights",
    position=5,
    work={"own": (0.0, 0.0), "tuned": (8.0, 0.0)},
    constant=True,
)


def weights(context: Context):
    """Return weights proportional to N - n, [N]."""
    falling = np.arange(context.examples, 0, -1)
    return (falling / falling.sum()).astype(context.number_type)
'''

USE = """
import json, sys
from lawpipe.config import plan
from lawpipe.cost import estimate
from lawpipe.policies.catalogue import POLICIES
from lawpipe.policies import variants
from lawpipe.policies.base import Context
from tests.scripts.test_training_stages import SETTINGS, prepare
from pathlib import Path

assert not [name for name in ("planted", "planted_tuned") if name not in POLICIES]
settings = json.loads(sys.argv[1])
made = {}
for name in ("planted", "planted_tuned"):
    files = prepare(Path(sys.argv[2]), SETTINGS)
    made[name] = variants.make(Context(SETTINGS | {"policy": name}, files))
print(json.dumps({
    "names": list(POLICIES),
    "tables": [name for name in plan.tables(settings, 0) if "planted" in name],
    "work": {name: cost.operations for name, cost in estimate.stages(settings).items() if "y_planted" in name},
    "sums": {name: float(policy.weights.sum(axis=1).mean()) for name, policy in made.items()},
    "rates": {name: float(policy.learning_rates[0]) for name, policy in made.items()},
}))
"""


def test_a_new_module_is_a_policy_without_any_other_change(tmp_path: Path) -> None:
    for folder in ("lawpipe", "scripts", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "lawpipe/policies/planted.py").write_text(PLANTED)
    settings = {
        "problem": "perceptron",
        "seeds": [0],
        "policies": ["conventional", "near_optimal", "planted", "planted_tuned"],
        "controls": {"seeds": 1, "evaluations": 3},
        "data": {"train_examples": 20, "desired_examples": 5, "test_examples": 5, "validation_examples": 0}
        | {"dimension": 4, "folder": None},
        "training": {"steps": 10, "learning_rate": 0.1, "precision": "float32"},
        "search": {"iterations": 2, "snapshots": []},
        "analysis": {"measured_steps": 5},
    }
    arguments = [sys.executable, "-c", USE, json.dumps(settings), str(tmp_path / "data")]
    (tmp_path / "data").mkdir()
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout.splitlines()[-1])
    assert seen["names"] == [*list(POLICIES)[:3], "planted", "planted_tuned", *list(POLICIES)[3:]]
    assert seen["tables"] == [
        *("policies/planted.parquet", "policies/planted_tuned.parquet", "learning_rates/planted_tuned.parquet")
    ]
    assert seen["work"]["make_policy_planted"] == 0 < seen["work"]["make_policy_planted_tuned"]
    assert seen["sums"] == pytest.approx({"planted": 1, "planted_tuned": 1})
    assert seen["rates"]["planted"] != seen["rates"]["planted_tuned"]


def test_a_changed_policy_is_made_again_with_its_variants_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("lawpipe", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "lawpipe")

    def digests() -> dict[str, str]:
        provenance._meaning.cache_clear()
        provenance._digest.cache_clear()
        scripts = tmp_path / "scripts"
        policies = {
            name: provenance.code_digest(
                scripts / "make_policy.py", registry.chosen({"problem": "perceptron", "policy": name})
            )
            for name in POLICIES
        }
        figures = {
            f"figures of {name}": provenance.code_digest(
                scripts / "describe.py", registry.chosen({"policies": ["conventional", name]})
            )
            for name in ("near_optimal", "greedy_tuned")
        }
        return policies | figures

    before = digests()
    with (tmp_path / "lawpipe/policies/greedy.py").open("a") as file:
        file.write("\nCHANGED = True\n")
    after = digests()
    provenance._meaning.cache_clear()
    provenance._digest.cache_clear()
    changed = [name for name in before if before[name] != after[name]]
    # The labels in figures come from the records.
    assert changed == ["greedy", "greedy_tuned", "greedy_matched", "figures of greedy_tuned"]
