"""The cluster profile, on a real Slurm of one node where one can be started."""

from contextlib import ExitStack

import pytest

from tests.workflow import local_slurm
from tests.workflow.copies import Project, duplicate

WHY_NOT = local_slurm.why_not()
pytestmark = [pytest.mark.workflow, pytest.mark.skipif(bool(WHY_NOT), reason=f"no Slurm: {WHY_NOT}")]

#: What a cluster without accounting needs, and shorter waits.
HERE = ("--slurm-no-account", "--slurm-status-command", "squeue", "--seconds-between-status-checks", "1")
WAITS = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5")


def test_the_same_results_on_slurm(bare: Project, tmp_path, request: pytest.FixtureRequest) -> None:
    duplicate(bare.folder, tmp_path / "copy")
    project = Project(tmp_path / "copy")
    target = "results-small/perceptron_noisy/summary.parquet"
    with ExitStack() as stack:
        try:
            stack.enter_context(local_slurm.running(tmp_path / "slurm"))
        except local_slurm.DoesNotStart as error:
            pytest.skip(f"no Slurm: {error}")
        run = project.snakemake("--profile", "profiles/slurm", *HERE, *WAITS, target)
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("has been submitted with SLURM jobid") == 9  # of 10 jobs, 3 of them in two groups
    assert "Group job prepare" in run.stdout
    small = request.getfixturevalue("small")  # only now, so that another worker process makes it while Slurm waits
    ours, theirs = (folder.results / "perceptron_noisy" for folder in (project, small))
    tables = sorted(path.relative_to(ours) for path in ours.rglob("*.parquet"))
    assert len(tables) > 20
    for table in tables:
        assert (ours / table).read_bytes() == (theirs / table).read_bytes(), table
