"""A workflow that is asked to stop: its jobs save their state and end, and the next run goes on from there."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.workflow.copies import Project, duplicate

pytestmark = pytest.mark.workflow

LONG = """
experiments:
  perceptron: {seeds: [0], training: {steps: 400}, search: {method: mirror_descent, iterations: 5000, snapshots: []}}
"""
TARGET = "results-small/perceptron/seed0/search.parquet"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_a_signal_to_the_workflow_reaches_its_jobs(bare: Project, tmp_path, how: signal.Signals) -> None:
    duplicate(bare.folder, tmp_path / "copy")
    project = Project(tmp_path / "copy")
    configs = ("config/small.yaml", project.write_config(LONG))
    command = [sys.executable, "-m", "workflow.driver", TARGET, "--cores", "1", "--configfile", *configs]
    environment = os.environ | {"PYTHONPATH": str(project.folder), "OMP_NUM_THREADS": "1"}
    driver = subprocess.Popen(
        command, cwd=project.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = ""
    assert driver.stdout is not None
    for line in driver.stdout:
        said += line
        if "iteration 0/5000" in line:
            break
    sent = time.monotonic()
    driver.send_signal(how)
    rest, _ = driver.communicate(timeout=60)
    assert driver.returncode == 128 + how, said + rest
    assert time.monotonic() - sent < 20
    assert "searches save their state" in rest
    assert rest.endswith("\nstopped; run again to go on\n")
    for noise in ("Traceback", "Error in rule", "RuleException", "WorkflowError"):
        assert noise not in rest
    assert list(project.results.glob("perceptron/seed0/.search-*/state.npz"))
    assert not (project.folder / TARGET).exists()
    # No lock is left, and the search is what is still to be done.
    assert project.plan(TARGET, configs=configs).jobs["search-perceptron"] == 1
