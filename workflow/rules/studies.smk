"""Studies: takes the results of several experiments, or recorded ones; gives what compares them."""

# The experiments with a policy of another, and those with weights that need no search, at their own best learning rate.
TRANSFERS = experiments_where(lambda settings: plan.TRANSFERRED in settings["policies"])
WITHOUT_SEARCH = experiments_where(lambda settings: "online_tuned" in settings["policies"])

# The newest records of searches by every method, and of the growth of time and memory.
RECORDED_SEARCHES = max(RECORDS.glob("*/search.parquet"))
RECORDED_GROWTH = max(RECORDS.glob("*/growth.parquet"))


# The share of the gain that transferred policies keep, compared with policies searched in the new setting.
rule transfer:
    input:
        summaries(TRANSFERS),
    output:
        rows=f"{ROOT}/transfer.parquet",
        figure=f"{ROOT}/transfer.svg",
        page=f"{ROOT}/transfer.html",
        cost=f"{ROOT}/cost/transfer.json",
    log:
        f"{ROOT}/logs/transfer.txt",
    benchmark:
        f"{ROOT}/benchmarks/transfer.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **stage_params("compare", lambda wildcards: {"study": "transfer", "experiments": TRANSFERS}),
        folders=folders(TRANSFERS),
    message:
        "comparing transferred policies with those searched there"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --folders {params.folders}"
        " --rows {output.rows} --figure {output.figure} --page {output.page} --cost {output.cost} 2>&1 | tee {log}"


# Weights without a search against tuned baselines (config/online.yaml).
use rule transfer as compare_online with:
    input:
        summaries(WITHOUT_SEARCH),
    output:
        rows=f"{ROOT}/online.parquet",
        figure=f"{ROOT}/online.svg",
        page=f"{ROOT}/online.html",
        cost=f"{ROOT}/cost/compare_online.json",
    log:
        f"{ROOT}/logs/compare_online.txt",
    benchmark:
        f"{ROOT}/benchmarks/compare_online.tsv"
    params:
        **stage_params("compare", lambda wildcards: {"study": "online", "experiments": WITHOUT_SEARCH}),
        folders=folders(WITHOUT_SEARCH),
    message:
        "comparing weights without a search with tuned baselines"


# Similarity against the gap, for searches that go on to stationarity (config/which_law.yaml). The default config's
# experiments that have results are shown beside them.
use rule transfer as compare_laws with:
    input:
        summaries(EXPERIMENTS),
    output:
        rows=f"{ROOT}/which_law.parquet",
        figure=f"{ROOT}/which_law.svg",
        page=f"{ROOT}/which_law.html",
        cost=f"{ROOT}/cost/which_law.json",
    log:
        f"{ROOT}/logs/which_law.txt",
    benchmark:
        f"{ROOT}/benchmarks/which_law.tsv"
    params:
        **stage_params("compare", lambda wildcards: {"study": "which_law", "experiments": list(EXPERIMENTS)}),
        folders=[*folders(EXPERIMENTS), *(file.parent for file in sorted(Path("results").glob("*/summary.parquet")))],
    message:
        "comparing the two laws"


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


# The recorded comparison of the search methods.
rule plot_methods:
    output:
        figure=f"{ROOT}/methods.svg",
        cost=f"{ROOT}/cost/methods.json",
    log:
        f"{ROOT}/logs/methods.txt",
    benchmark:
        f"{ROOT}/benchmarks/methods.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **stage_params("plot_record", lambda wildcards: {"study": "methods"}),
        record=RECORDED_SEARCHES,
        content=file_digest(RECORDED_SEARCHES),
    message:
        "drawing the recorded comparison of the search methods"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --record {params.record:q}"
        " --figure {output.figure} --cost {output.cost} > {log} 2>&1"


# The recorded growth of time and memory.
use rule plot_methods as plot_growth with:
    output:
        figure=f"{ROOT}/growth.svg",
        cost=f"{ROOT}/cost/growth.json",
    log:
        f"{ROOT}/logs/growth.txt",
    benchmark:
        f"{ROOT}/benchmarks/growth.tsv"
    params:
        **stage_params("plot_record", lambda wildcards: {"study": "growth"}),
        record=RECORDED_GROWTH,
        content=file_digest(RECORDED_GROWTH),
    message:
        "drawing the recorded growth of time and memory"
