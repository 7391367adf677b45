"""Data: takes the settings alone, or the user's own files; gives each seed's examples and initial parameters."""


rule prepare_corpus:
    output:
        tokenizer=f"{EXPERIMENT}/tokenizer.json",
        tokens=f"{EXPERIMENT}/tokens.parquet",
        glimpse=f"{EXPERIMENT}/corpus.json",
        cost=f"{EXPERIMENT}/cost/prepare_corpus.json",
    log:
        f"{EXPERIMENT}/logs/prepare_corpus.txt",
    benchmark:
        f"{EXPERIMENT}/benchmarks/prepare_corpus.tsv"
    wildcard_constraints:
        experiment=one_of(experiments_where(lambda settings: settings["problem"] in plan.ON_TEXT)),
    resources:
        mem_mb=memory("prepare_corpus"),
        runtime=60,
    params:
        **stage_params("prepare_corpus"),
        own=digests_of_own_files,
    message:
        "{wildcards.experiment}: reading the corpus and making its tokeniser"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --tokenizer {output.tokenizer}"
        " --tokens {output.tokens} --glimpse {output.glimpse} --cost {output.cost} > {log} 2>&1"


rule generate_data:
    input:
        unpack(corpus_of_examples),
    output:
        train=f"{SEED}/train.parquet",
        desired=f"{SEED}/desired.parquet",
        test=f"{SEED}/test.parquet",
        cost=f"{SEED}/cost/generate_data.json",
    log:
        f"{SEED}/logs/generate_data.txt",
    benchmark:
        f"{SEED}/benchmarks/generate_data.tsv"
    wildcard_constraints:
        experiment=one_of(experiments_where(lambda settings: "validation" not in plan.splits(settings))),
    resources:
        mem_mb=memory("generate_data"),
        runtime=10,
    params:
        **stage_params("generate_data"),
        own=digests_of_own_files,
        tokens=lambda wildcards, input: f"--tokens {input.tokens}" if "tokens" in input.keys() else "",
        validation="",
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: drawing the examples"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} {params.tokens} --train {output.train}"
        " --desired {output.desired} --test {output.test} {params.validation} --cost {output.cost} > {log} 2>&1"


# The same for the experiments that have validation examples.
use rule generate_data as generate_data_with_validation with:
    output:
        train=f"{SEED}/train.parquet",
        desired=f"{SEED}/desired.parquet",
        test=f"{SEED}/test.parquet",
        validation=f"{SEED}/validation.parquet",
        cost=f"{SEED}/cost/generate_data.json",
    wildcard_constraints:
        experiment=one_of(experiments_where(lambda settings: "validation" in plan.splits(settings))),
    params:
        validation=f"--validation {SEED}/validation.parquet",


rule initialise:
    input:
        train=f"{SEED}/train.parquet",
    output:
        theta0=f"{SEED}/theta0.parquet",
        cost=f"{SEED}/cost/initialise.json",
    log:
        f"{SEED}/logs/initialise.txt",
    benchmark:
        f"{SEED}/benchmarks/initialise.tsv"
    resources:
        mem_mb=memory("initialise"),
        runtime=10,
    params:
        **stage_params("initialise"),
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: initialising the model"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --train {input.train}"
        " --theta0 {output.theta0} --cost {output.cost} > {log} 2>&1"
