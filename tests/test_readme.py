"""The README's example: run as it stands, on small results."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.figures import toy
from tests.figures.toy import Toy

README = Path(__file__).resolve().parents[1] / "README.md"


def block() -> str:
    (found,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    return str(found)


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
