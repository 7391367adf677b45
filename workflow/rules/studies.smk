"""Studies: takes the results of several experiments, or recorded ones; gives what compares them."""

# The experiments with a policy of another, and those with weights that need no search, at their own best learning rate.
TRANSFERS = experiments_where(lambda settings: plan.TRANSFERRED in settings["policies"])
WITHOUT_SEARCH = experiments_where(lambda settings: "online_tuned" in settings["policies"])

# The newest records of searches by every method, and of the growth of time and memory.
RECORDED_SEARCHES = max(RECORDS.glob("*/search.parquet"))
RECORDED_GROWTH = max(RECORDS.glob("*/growth.parquet"))


# The studies of several experiments: the names of the rule, the study and the cost file, the experiments, and what a
# run says.
STUDIES = (
    ("transfer", "transfer", "transfer", TRANSFERS, "comparing transferred policies with those searched there"),
    (
        "compare_online",
        "online",
        "compare_online",
        WITHOUT_SEARCH,
        "comparing weights without a search with tuned baselines",
    ),
    ("compare_laws", "which_law", "which_law", list(EXPERIMENTS), "comparing the two laws"),
)

# The default config's experiments that have results: the study of the two laws shows them beside its own.
SHOWN_BESIDE = {"which_law": [file.parent for file in sorted(Path("results").glob("*/summary.parquet"))]}


for name, study, cost, experiments, said in STUDIES:

    rule:
        name:
            name
        input:
            summaries(experiments),
        output:
            rows=f"{ROOT}/{study}.parquet",
            figure=f"{ROOT}/{study}.svg",
            page=f"{ROOT}/{study}.html",
            cost=f"{ROOT}/cost/{cost}.json",
        log:
            f"{ROOT}/logs/{name}.txt",
        benchmark:
            f"{ROOT}/benchmarks/{name}.tsv"
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            **stage_params("compare", study_settings(study, experiments=experiments)),
            folders=[*folders(experiments), *SHOWN_BESIDE.get(study, [])],
        message:
            said
        shell:
            "{params.python:q} {params.script:q} --settings {params.settings:q} --folders {params.folders}"
            " --rows {output.rows} --figure {output.figure} --page {output.page} --cost {output.cost} 2>&1 | tee {log}"


# The experiments of a sweep over one number.
rule compare_sweep:
    input:
        lambda wildcards: summaries(CONFIG.groups[wildcards.group]),
    output:
        figure=f"{ROOT}/sweeps/{{group}}.svg",
        cost=f"{ROOT}/cost/compare_{{group}}.json",
    log:
        f"{ROOT}/logs/compare_{{group}}.txt",
    benchmark:
        f"{ROOT}/benchmarks/compare_{{group}}.tsv"
    wildcard_constraints:
        group=one_of(CONFIG.sweeps),
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **stage_params("compare", lambda wildcards: {"study": "sweep", "sweep": CONFIG.sweeps[wildcards.group]}),
        folders=lambda wildcards: folders(CONFIG.groups[wildcards.group]),
        key=lambda wildcards: CONFIG.sweeps[wildcards.group],
    message:
        "{wildcards.group}: comparing the values of {params.key}"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --folders {params.folders}"
        " --figure {output.figure} --cost {output.cost} 2>&1 | tee {log}"


# The recorded comparison of the search methods, and the recorded growth of time and memory.
for study, record, said in (
    ("methods", RECORDED_SEARCHES, "drawing the recorded comparison of the search methods"),
    ("growth", RECORDED_GROWTH, "drawing the recorded growth of time and memory"),
):

    rule:
        name:
            f"plot_{study}"
        output:
            figure=f"{ROOT}/{study}.svg",
            cost=f"{ROOT}/cost/{study}.json",
        log:
            f"{ROOT}/logs/{study}.txt",
        benchmark:
            f"{ROOT}/benchmarks/{study}.tsv"
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            **stage_params("plot_record", study_settings(study)),
            record=record,
            content=file_digest(record),
        message:
            said
        shell:
            "{params.python:q} {params.script:q} --settings {params.settings:q} --record {params.record:q}"
            " --figure {output.figure} --cost {output.cost} > {log} 2>&1"
