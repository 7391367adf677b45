"""The example of a problem of one's own runs, and finds the wrong labels."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples/own_problem.py"


def test_the_policy_is_better_on_unseen_examples_and_avoids_wrong_labels():
    run = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=True, timeout=300)
    desired, test = (
        [float(number) for number in re.search(rf"{name}: (\S+), with uniform weights (\S+)", run.stdout).groups()]
        for name in ("desired", "test")
    )
    assert desired[0] < 0.6 * desired[1]
    assert test[0] < 0.8 * test[1]
    flipped, weight = re.search(r"on the (\d+)% of examples with wrong labels: (\S+)%", run.stdout).groups()
    assert float(weight) < 0.5 * float(flipped)
