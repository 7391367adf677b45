"""lawpipe: the Learning Law, from a config to a report.

    snakemake                     every experiment of the config's `all`, and results/report.html
    snakemake perceptron          one experiment, by its name in the config
    snakemake report              the report alone, and what it needs
    snakemake verify              the paper's claims: their verdicts against those that the config expects

Another config: --configfile config/small.yaml. The stages are in workflow/rules; each runs one script of scripts/.
"""

import os
import sys

from snakemake.common.configfile import load_configfile
from snakemake.utils import min_version

min_version("9.27")

# The rules and their jobs import the lawpipe beside this file, even if the environment was made for another checkout.
sys.path.insert(0, str(workflow.basedir))
further = os.environ.get("PYTHONPATH")
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [str(workflow.basedir), further])))

# A config given by --configfile that has experiments stands alone; another is laid over the default, which is beside
# this file, wherever the working folder is. --replace-workflow-config leaves the default out: here it is needed.
if "experiments" not in config:
    default = f"{workflow.basedir}/config/config.yaml"

    configfile: default

    if "experiments" not in config:
        for key, value in load_configfile(default).items():
            config.setdefault(key, value)


report: "workflow/report/workflow.rst"


# Has no effect without --software-deployment-method apptainer.
container: "docker://python:3.11-slim"


include: "workflow/rules/common.smk"
include: "workflow/rules/stage.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/stages.smk"


rule all:
    default_target: True
    input:
        rules.report.output,


# One target for each experiment, and for each group of experiments that a sweep makes: their reports.
for target, names in CONFIG.groups.items():

    rule:
        name:
            target
        input:
            expand(f"{EXPERIMENT}/report.html", experiment=names),
            expand(rules.compare_sweep.output.figure, group=[target] if target in CONFIG.sweeps else []),


onstart:
    # With its limit of 100 jobs a second, Snakemake 9.27 checks every waiting job again one second after each job, which
    # keeps a core busy after some hundred jobs. On one machine the limit has no use.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    left_over = stale.find(Path(ROOT), EXPERIMENTS)
    stale.record(Path(ROOT), left_over)
    if left_over:
        print(stale.describe(Path(ROOT), left_over), file=sys.stderr)
    steps = estimate.measure_speed(EXPERIMENTS)
    measured = "measured here just now" if steps else "not measured here"
    print(
        f"This config, when computed from nothing (the speed of a core is {measured}):\n"
        f"{estimate.describe(EXPERIMENTS, steps)}",
        file=sys.stderr,
    )
    estimate.record(Path(ROOT, "cost/estimate.json"), EXPERIMENTS, steps)
    console.begin(workflow, EXPERIMENTS, steps)
    if workflow.local_exec and len(list(workflow.dag.needrun_jobs())) > warm.FEW:
        warm.start()


onsuccess:
    console.end(Path(ROOT))
