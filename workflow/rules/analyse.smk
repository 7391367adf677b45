"""Analysis: takes policies and curves; gives each seed's measures, fits and summary, and the summary over seeds."""


rule measure:
    input:
        train=f"{SEED}/train.parquet",
        desired=f"{SEED}/desired.parquet",
        test=f"{SEED}/test.parquet",
        theta0=f"{SEED}/theta0.parquet",
        policies=policies_of_batch,
    output:
        similarity=f"{SEED}/parts/similarity/{{batch}}.parquet",
        zero_weights=f"{SEED}/parts/zero_weights/{{batch}}.parquet",
        examples=f"{SEED}/parts/examples/{{batch}}.parquet",
        measures=f"{SEED}/parts/measures/{{batch}}.parquet",
        cost=f"{SEED}/cost/measure_{{batch}}.json",
    log:
        f"{SEED}/logs/measure_{{batch}}.txt",
    benchmark:
        f"{SEED}/benchmarks/measure_{{batch}}.tsv"
    wildcard_constraints:
        batch=one_of(batch for batch in ALL_BATCHES if batch not in plan.WITH_CONTRIBUTIONS),
    threads: 1
    resources:
        mem_mb=memory("measure"),
        runtime=240,
        gpu=gpu,
    params:
        python=PYTHON,
        script=script("measure"),
        settings=settings("measure"),
        code=code("measure"),
        contributions="",
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: measuring contributions under the {wildcards.batch} policy"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q}"
        " --train {input.train} --desired {input.desired} --test {input.test} --theta0 {input.theta0}"
        " --policies {input.policies} --similarity {output.similarity} --zero-weights {output.zero_weights}"
        " --examples {output.examples} --measures {output.measures} {params.contributions}"
        " --cost {output.cost} 2>&1 | tee {log}"


# The same for the policies whose every single contribution is kept.
use rule measure as measure_with_contributions with:
    output:
        similarity=f"{SEED}/parts/similarity/{{batch}}.parquet",
        zero_weights=f"{SEED}/parts/zero_weights/{{batch}}.parquet",
        examples=f"{SEED}/parts/examples/{{batch}}.parquet",
        measures=f"{SEED}/parts/measures/{{batch}}.parquet",
        contributions=f"{SEED}/contributions/{{batch}}.parquet",
        cost=f"{SEED}/cost/measure_{{batch}}.json",
    wildcard_constraints:
        batch=one_of(plan.WITH_CONTRIBUTIONS),
    params:
        contributions=f"--contributions {SEED}/contributions/{{batch}}.parquet",


rule collect:
    input:
        **{table: parts(table) for table in plan.COLLECTED},
    output:
        **{table: f"{SEED}/{table}.parquet" for table in plan.COLLECTED},
        cost=f"{SEED}/cost/collect.json",
    log:
        f"{SEED}/logs/collect.txt",
    benchmark:
        f"{SEED}/benchmarks/collect.tsv"
    threads: 1
    resources:
        mem_mb=memory("collect"),
        runtime=30,
        gpu=0,
    params:
        python=PYTHON,
        script=script("collect"),
        settings=settings("collect"),
        code=code("collect"),
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
        cost=f"{SEED}/cost/fit.json",
    log:
        f"{SEED}/logs/fit.txt",
    benchmark:
        f"{SEED}/benchmarks/fit.tsv"
    threads: 1
    resources:
        mem_mb=memory("fit"),
        runtime=60,
        gpu=0,
    params:
        python=PYTHON,
        script=script("fit"),
        settings=settings("fit"),
        code=code("fit"),
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: fitting scaling laws"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --curves {input.curves}"
        " --fits {output.fits} --cost {output.cost} > {log} 2>&1"


rule summarise:
    input:
        curves=f"{SEED}/curves.parquet",
        similarity=f"{SEED}/similarity.parquet",
        measures=f"{SEED}/measures.parquet",
        fits=f"{SEED}/fits.parquet",
    output:
        summary=f"{SEED}/summary.parquet",
        cost=f"{SEED}/cost/summarise.json",
    log:
        f"{SEED}/logs/summarise.txt",
    benchmark:
        f"{SEED}/benchmarks/summarise.tsv"
    threads: 1
    resources:
        mem_mb=memory("summarise"),
        runtime=10,
        gpu=0,
    params:
        python=PYTHON,
        script=script("summarise"),
        settings=settings("summarise"),
        code=code("summarise"),
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: summarising"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --curves {input.curves}"
        " --similarity {input.similarity} --measures {input.measures} --fits {input.fits}"
        " --summary {output.summary} --cost {output.cost} > {log} 2>&1"


rule summarise_seeds:
    input:
        summaries=of_seeds(lambda chosen: ["summary.parquet"]),
    output:
        summary=f"{EXPERIMENT}/summary.parquet",
        cost=f"{EXPERIMENT}/cost/summarise_seeds.json",
    log:
        f"{EXPERIMENT}/logs/summarise_seeds.txt",
    benchmark:
        f"{EXPERIMENT}/benchmarks/summarise_seeds.tsv"
    threads: 1
    resources:
        mem_mb=memory("summarise_seeds"),
        runtime=10,
        gpu=0,
    params:
        python=PYTHON,
        script=script("summarise_seeds"),
        settings=settings("summarise_seeds"),
        code=code("summarise_seeds"),
    message:
        "{wildcards.experiment}: summarising over the seeds"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --summaries {input.summaries}"
        " --output {output.summary} --cost {output.cost} > {log} 2>&1"
