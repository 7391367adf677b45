"""The embedded stories are rich enough to learn from for long: the default experiment's test loss keeps falling."""

import json
from pathlib import Path

import torch
import yaml

from lawpipe.config import plan
from lawpipe.config.resolve import resolve
from lawpipe.engine import trajectory
from lawpipe.problems.base import load_problem
from lawpipe.run import artifacts
from scripts import generate_data, initialise, prepare_corpus

ROOT = Path(__file__).resolve().parents[3]


def test_the_conventional_test_loss_still_falls_by_one_percent_from_step_2t_to_4t(tmp_path):
    experiments = resolve(yaml.safe_load((ROOT / "config/config.yaml").read_text())).experiments
    settings = plan.stage_settings(experiments["stories"], "train", "stories", seed=0)
    # Fewer stories than the experiment reads: the windows are cut from others, all else is the same.
    settings["data"] = settings["data"] | {"corpus": settings["data"]["corpus"] | {"stories": 2000}}
    text, files = (
        json.dumps(settings),
        {name: str(tmp_path / name) for name in ("tokens", "train", "desired", "test")},
    )
    prepare_corpus.main(
        [f"--settings={text}", f"--tokens={files['tokens']}", f"--tokenizer={tmp_path}/t", f"--glimpse={tmp_path}/g"]
    )
    generate_data.main([f"--settings={text}", *(f"--{name}={path}" for name, path in files.items())])
    initialise.main([f"--settings={text}", f"--train={files['train']}", f"--theta0={tmp_path}/theta0"])

    splits = {name: tmp_path / name for name in ("train", "test")}
    problem = load_problem(settings, splits)
    theta = trajectory.flatten(artifacts.read(tmp_path / "theta0", "theta0"), problem)
    steps, rate = settings["training"]["steps"], settings["training"]["learning_rate"]
    uniform = torch.full((problem.examples,), 1 / problem.examples)
    losses_at = {}
    for step in range(1, 4 * steps + 1):
        theta = theta - rate * problem.weighted_gradient(theta, uniform)
        if step in (2 * steps, 4 * steps):
            (losses_at[step],) = problem.reference_losses("test", theta.unsqueeze(0))
    print(f"test loss {losses_at[2 * steps]:.4f} nats at 2T = {2 * steps}, {losses_at[4 * steps]:.4f} at 4T")
    assert losses_at[4 * steps] < 0.99 * losses_at[2 * steps]
