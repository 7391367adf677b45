"""Training: takes a batch of policies and a seed's examples and start; gives the policies' loss curves."""


rule train:
    input:
        train=f"{SEED}/train.parquet",
        desired=f"{SEED}/desired.parquet",
        test=f"{SEED}/test.parquet",
        theta0=f"{SEED}/theta0.parquet",
        policies=policies_of_batch,
    output:
        curves=f"{SEED}/parts/curves/{{batch}}.parquet",
        cost=f"{SEED}/cost/train_{{batch}}.json",
    log:
        f"{SEED}/logs/train_{{batch}}.txt",
    benchmark:
        f"{SEED}/benchmarks/train_{{batch}}.tsv"
    threads: 1
    resources:
        mem_mb=memory("train"),
        runtime=240,
        gpu=gpu,
    params:
        python=PYTHON,
        script=script("train"),
        settings=settings("train"),
        code=code("train"),
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: training under the {wildcards.batch} policy"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q}"
        " --train {input.train} --desired {input.desired} --test {input.test} --theta0 {input.theta0}"
        " --policies {input.policies} --curves {output.curves} --cost {output.cost} 2>&1 | tee {log}"
