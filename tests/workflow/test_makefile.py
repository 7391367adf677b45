"""The Makefile: what it starts, seen with `make --dry-run`."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.workflow.copies import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Ask make what it would run, with an environment that is taken as ready."""
    command = ["make", "--dry-run", "--assume-old=.venv/.ready", *arguments]
    # A make that runs the tests would hand its options on.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["plain.yaml", "my config.yaml", "it's “mine”, ç.yaml", "a;b & (c) `d`.yaml"])
def test_a_config_has_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("name: mine")
    said = make("run", f"CONFIG={path}")
    assert said.returncode == 0, said.stderr
    command = said.stdout.replace(".venv/bin/python -m workflow.driver", "printf '%s\\n'")
    assert subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout.splitlines() == [
        "--configfile",
        str(path),
    ]


def test_a_config_that_is_missing_is_named() -> None:
    said = make("run", "CONFIG=my missing.yaml")
    assert said.returncode == 2
    assert "CONFIG is my missing.yaml, which does not exist" in said.stderr


def test_a_target_with_a_config_of_its_own_takes_no_other() -> None:
    said = make("ladder", "CONFIG=config/small.yaml")
    assert said.returncode == 2
    assert "ladder has a config of its own" in said.stderr
