"""The cluster profile, on a real Slurm on this machine where one can be started."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from tests.workflow import local_slurm
from tests.workflow.copies import Project, duplicate

WHY_NOT = local_slurm.why_not()
pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(bool(WHY_NOT), reason=f"no Slurm: {WHY_NOT}"),
    pytest.mark.xdist_group("slurm"),  # there is one Slurm at a time
]

#: What a cluster without accounting needs, and shorter waits.
HERE = ("--slurm-no-account", "--slurm-status-command", "squeue", "--seconds-between-status-checks", "1")
WAITS = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5")

#: Double precision, so that the order of sums decides nothing. Three seeds, which share groups.
DOUBLE = "experiments: {{perceptron_noisy: {{processes: {}, nodes: {}, training: {{precision: float64}}}}}}"
SEEDS = "experiments: {perceptron_noisy: {seeds: [0, 1, 2]}}"


@contextmanager
def slurm(folder: Path, nodes: int = 1, gpus: int = 0) -> Iterator[None]:
    """Start a Slurm for a test; skip the test if this machine lets none be started."""
    try:
        with local_slurm.running(folder, nodes, gpus):
            yield
    except local_slurm.DoesNotStart as error:
        pytest.skip(f"no Slurm: {error}")


def submit(project: Project, *arguments: str, configs: tuple[str, ...], expected: int = 0) -> list[str]:
    """Run Snakemake with the cluster profile, to the expected exit code; return what Slurm knows of each job."""
    run = project.snakemake("--workflow-profile", "profiles/slurm", *HERE, *WAITS, *arguments, configs=configs)
    assert run.returncode == expected, run.stdout
    command = ["scontrol", "--oneliner", "show", "job"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def copied(bare: Project, folder: Path) -> Project:
    """Return a copy of the project."""
    duplicate(bare.folder, folder)
    return Project(folder)


def test_the_same_results_on_slurm(bare: Project, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    project = copied(bare, tmp_path / "copy")
    target = "results-small/perceptron_noisy/summary.parquet"
    with slurm(tmp_path / "slurm"):
        jobs = submit(project, target, configs=("config/small.yaml",))
    assert len(jobs) == 9  # of 10 jobs, 3 of them in two groups
    small = request.getfixturevalue("small")  # only now, so that another worker process makes it while Slurm waits
    ours, theirs = (folder.results / "perceptron_noisy" for folder in (project, small))
    tables = sorted(path.relative_to(ours) for path in ours.rglob("*.parquet"))
    assert len(tables) > 20
    for table in tables:
        assert (ours / table).read_bytes() == (theirs / table).read_bytes(), table


def test_a_group_of_jobs_asks_for_the_sum_of_their_times(bare: Project, tmp_path: Path) -> None:
    project = copied(bare, tmp_path / "copy")
    targets = [f"results-small/perceptron_noisy/seed{seed}/theta0.parquet" for seed in range(3)]
    with slurm(tmp_path / "slurm"):
        (job,) = submit(project, *targets, configs=("config/small.yaml", project.write_config(SEEDS)))
    # Three times two jobs of ten minutes, one after the other on one core.
    assert "TimeLimit=01:00:00" in job
    assert "NumCPUs=1" in job


def test_a_search_on_two_nodes_finds_what_one_process_finds(bare: Project, tmp_path: Path) -> None:
    found = {}
    for processes, nodes in ((1, 1), (2, 1), (2, 2)):
        project = copied(bare, tmp_path / f"{processes}-{nodes}")
        folder = project.results / "perceptron_noisy/seed0"
        target = str((folder / "search.parquet").relative_to(project.folder))
        configs = ("config/small.yaml", project.write_config(DOUBLE.format(processes, nodes)))
        if nodes == 1:
            run = project.snakemake(target, configs=configs)
            assert run.returncode == 0, run.stdout
        else:
            with slurm(tmp_path / "slurm", nodes):
                jobs = submit(project, target, configs=configs)
            (search,) = (job for job in jobs if "NumNodes=2" in job)
            assert re.search(r" NodeList=node\[1-2\] .* NumCPUs=2 NumTasks=2 ", search)
        assert json.loads((folder / "cost/search.json").read_text())["processes"] == processes
        weights = pq.read_table(folder / "policies/near_optimal.parquet")["weights"].combine_chunks()
        log = pq.read_table(folder / "search.parquet", columns=["objective", "gap"]).to_pandas()
        found[processes, nodes] = (weights.flatten().to_numpy(), log.to_numpy())
    for weights, log in found.values():
        np.testing.assert_allclose(weights, found[1, 1][0], rtol=0, atol=1e-6)
        np.testing.assert_allclose(log, found[1, 1][1], rtol=1e-6)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, which these nodes do not have")
def test_a_search_on_two_nodes_is_given_the_gpus_of_each(bare: Project, tmp_path: Path) -> None:
    project = copied(bare, tmp_path / "copy")
    cuda = project.write_config("experiments: {perceptron_noisy: {device: cuda, processes: 2, nodes: 2}}")
    target = "results-small/perceptron_noisy/seed0/search.parquet"
    with slurm(tmp_path / "slurm", nodes=2, gpus=1):
        jobs = submit(project, target, configs=("config/small.yaml", cuda), expected=1)
    (search,) = (job for job in jobs if "NumNodes=2" in job)
    assert re.search(r" NumCPUs=2 NumTasks=2 CPUs/Task=1 .* TresPerNode=gres:gpu:1 ", search)
    # It started on both nodes, and found that there is no GPU behind what Slurm gave it.
    log = (project.results / "perceptron_noisy/seed0/logs/search.txt").read_text()
    assert "PyTorch finds no CUDA here" in log
