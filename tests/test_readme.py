"""The README's example: run as it stands, on small results."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests import toy
from tests.toy import Toy

README = Path(__file__).resolve().parents[1] / "README.md"


def block(word: str = "pandas") -> str:
    """The example that has a word in it."""
    (example,) = (text for text in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL) if word in text)
    return str(example)


def test_the_example_has_ten_lines() -> None:
    assert len([line for line in block().splitlines() if line]) == 10


@pytest.mark.parametrize("flips", [0.0, 0.25])
def test_the_example_draws_its_figure(tmp_path: Path, flips: float) -> None:
    toy.write_experiment(tmp_path / "results", "perceptron", Toy(flip_fraction=flips))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", block()],
        cwd=tmp_path,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    drawn = (tmp_path / "heaviest.svg").read_text()
    assert "</svg>" in drawn
    # A line for each of the five examples, and one for the loss.
    assert len(re.findall(r'id="line2d_\d+"', drawn)) >= 6


def test_the_training_loop_trains() -> None:
    def losses(model: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        return (model(batch[0]) - batch[1]).square().mean(dim=1)

    torch.manual_seed(0)
    model, target = nn.Linear(3, 2), torch.randn(3, 2)
    data = torch.randn(40, 3)
    labels = data @ target
    labels[:10] *= -1
    desired = torch.randn(20, 3)
    given = {
        "model": model,
        "losses": losses,
        "data": data,
        "batches": [(rows, (data[rows], labels[rows])) for rows in torch.randint(40, (300, 8))],
        "some_desired": (desired[::2], desired[::2] @ target),
        "others_desired": (desired[1::2], desired[1::2] @ target),
        "optimizer": torch.optim.SGD(model.parameters(), lr=0.1),
    }
    exec(block("online"), given)
    memory = given["weigh"].memory.weights()  # type: ignore[attr-defined]
    assert memory[:10].sum() < 0.05
    assert losses(model, (desired, desired @ target)).mean().item() < 0.01
