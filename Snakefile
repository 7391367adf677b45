"""lawpipe: the Learning Law, from a config to a report.

    snakemake                     every experiment of the config's `all`, and results/report.html
    snakemake perceptron          one experiment, by its name in the config
    snakemake report              the report alone, and what it needs
    snakemake verify              the paper's claims: their verdicts against those that the config expects

Another config: --configfile config/small.yaml. Rules are in workflow/rules, one script each in scripts/.
"""

from snakemake.utils import min_version

min_version("9.9")

# A config given by --configfile stands alone; without one (or with a mere overlay) this is it.
if "experiments" not in config:

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


# Inert unless asked for by --software-deployment-method apptainer.
container: "docker://python:3.11-slim"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        rules.report.output.page,
        rules.claims.output,


# Each experiment of the config by its name, with a report of its own.
for target, names in CONFIG.groups.items():

    rule:
        name:
            target
        input:
            expand(rules.report_of_experiment.output.page, experiment=names),
            expand(rules.compare_sweep.output.figure, group=[target] if target in CONFIG.sweeps else []),


onstart:
    # Its limit of jobs a second (100) makes Snakemake 9.27 look again a second after every job, at every waiting job, and
    # after each of these looks again: some hundred jobs later that keeps a core busy. On one machine nothing needs it.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    steps = estimate.measure_speed(EXPERIMENTS)
    measured = "measured here just now" if steps else "not measured here"
    print(
        f"This config, when computed from nothing (the speed of a core is {measured}):\n"
        f"{estimate.describe(EXPERIMENTS, steps)}",
        file=sys.stderr,
    )
    estimate.record(Path(ROOT, "cost/estimate.json"), EXPERIMENTS, steps)
