"""Analysis: takes each batch's part of the tables; gives each seed's tables, fits and summary, and one over the seeds."""


rule collect:
    input:
        **{table: parts(table) for table in COLLECTED},
    output:
        **{table: f"{SEED}/{table}.parquet" for table in COLLECTED},
        cost=f"{SEED}/cost/collect.json",
    log:
        f"{SEED}/logs/collect.txt",
    benchmark:
        f"{SEED}/benchmarks/collect.tsv"
    resources:
        mem_mb=memory("collect"),
        runtime=30,
    params:
        **stage_params("collect"),
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: collecting the policies' tables"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --curves {input.curves}"
        " --similarity {input.similarity} --zero-weights {input.zero_weights} --examples {input.examples}"
        " --measures {input.measures} --output $(dirname {output.curves}) --cost {output.cost} > {log} 2>&1"


rule fit:
    input:
        curves=f"{SEED}/curves.parquet",
    output:
        fits=f"{SEED}/fits.parquet",
        sensitivity=f"{SEED}/sensitivity.parquet",
        cost=f"{SEED}/cost/fit.json",
    log:
        f"{SEED}/logs/fit.txt",
    benchmark:
        f"{SEED}/benchmarks/fit.tsv"
    resources:
        mem_mb=memory("fit"),
        runtime=60,
    params:
        **stage_params("fit"),
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: fitting scaling laws"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --curves {input.curves}"
        " --fits {output.fits} --sensitivity {output.sensitivity} --cost {output.cost} > {log} 2>&1"


rule summarise:
    input:
        **{table: f"{SEED}/{table}.parquet" for table in ("curves", "similarity", "measures", "fits")},
    output:
        summary=f"{SEED}/summary.parquet",
        cost=f"{SEED}/cost/summarise.json",
    log:
        f"{SEED}/logs/summarise.txt",
    benchmark:
        f"{SEED}/benchmarks/summarise.tsv"
    resources:
        mem_mb=memory("summarise"),
        runtime=10,
    params:
        **stage_params("summarise"),
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: summarising"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --curves {input.curves}"
        " --similarity {input.similarity} --measures {input.measures} --fits {input.fits} --summary {output.summary}"
        " --cost {output.cost} > {log} 2>&1"


rule summarise_seeds:
    input:
        summaries=of_seeds(lambda settings, seed: ["summary.parquet"]),
    output:
        summary=f"{EXPERIMENT}/summary.parquet",
        cost=f"{EXPERIMENT}/cost/summarise_seeds.json",
    log:
        f"{EXPERIMENT}/logs/summarise_seeds.txt",
    benchmark:
        f"{EXPERIMENT}/benchmarks/summarise_seeds.tsv"
    resources:
        mem_mb=memory("summarise_seeds"),
        runtime=10,
    params:
        **stage_params("summarise_seeds"),
    message:
        "{wildcards.experiment}: summarising over the seeds"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --summaries {input.summaries}"
        " --output {output.summary} --cost {output.cost} > {log} 2>&1"
