"""Training: takes a batch of policies with a seed's examples and initial parameters; gives curves and measurements."""


rule train:
    input:
        **TRAINING_INPUTS,
        policies=policies_of_batch,
    output:
        **{table: f"{SEED}/parts/{table}/{{batch}}.parquet" for table in COLLECTED},
        cost=f"{SEED}/cost/train_{{batch}}.json",
    log:
        f"{SEED}/logs/train_{{batch}}.txt",
    benchmark:
        f"{SEED}/benchmarks/train_{{batch}}.tsv"
    wildcard_constraints:
        batch=one_of(batch for batch in ALL_BATCHES if batch not in plan.REQUIRED),
    resources:
        mem_mb=memory("train"),
        runtime=240,
        gpu=gpu,
    params:
        **stage_params("train"),
        contributions="",
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: training and measuring under the {wildcards.batch} policy"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --train {input.train}"
        " --desired {input.desired} --test {input.test} --theta0 {input.theta0} --policies {input.policies}"
        " --curves {output.curves} --similarity {output.similarity} --zero-weights {output.zero_weights}"
        " --examples {output.examples} --measures {output.measures} {params.contributions} --cost {output.cost}"
        " 2>&1 | tee {log}"


# The same for the policies of which the contribution of every single example is kept.
use rule train as train_with_contributions with:
    output:
        **{table: f"{SEED}/parts/{table}/{{batch}}.parquet" for table in COLLECTED},
        contributions=f"{SEED}/contributions/{{batch}}.parquet",
        cost=f"{SEED}/cost/train_{{batch}}.json",
    wildcard_constraints:
        batch=one_of(plan.REQUIRED),
    params:
        contributions=f"--contributions {SEED}/contributions/{{batch}}.parquet",
