"""Policies: takes a seed's examples and initial parameters; gives the search's log and every policy."""

# One rule for each experiment, because each has its own snapshots, which are outputs of the search.
for name, settings in EXPERIMENTS.items():

    rule:
        name:
            f"search-{name}"
        input:
            unpack(examples),
            theta0=f"{SEED}/theta0.parquet",
        output:
            search=f"{SEED}/search.parquet",
            policies=[f"{SEED}/policies/{policy}.parquet" for policy in plan.searched_policies(settings)],
            cost=f"{SEED}/cost/search.json",
        log:
            f"{SEED}/logs/search.txt",
        benchmark:
            f"{SEED}/benchmarks/search.tsv"
        wildcard_constraints:
            experiment=one_of([name]),
        # The longest jobs, for which most others wait, come first, so that no core is idle at the end.
        priority: 1
        threads: processes
        resources:
            mem_mb=for_all_processes(memory("search")),
            runtime=720,
            gpu=for_all_processes(gpu),
        params:
            **stage_params("search"),
            processes=processes,
            state=side_folder("search"),
            validation=lambda wildcards, input: (
                f"--validation {input.validation}" if "validation" in input.keys() else ""
            ),
        message:
            "{wildcards.experiment}, seed {wildcards.seed}: searching for the near-optimal policy"
        shell:
            "{params.python:q} -m lawpipe.run.launch {params.processes} {params.script:q}"
            " --settings {params.settings:q} --train {input.train} --desired {input.desired} --test {input.test}"
            " {params.validation} --theta0 {input.theta0} --search {output.search}"
            " --policies $(dirname {output.policies[0]}) --state {params.state} --cost {output.cost} 2>&1 | tee {log}"


rule make_policy:
    input:
        **TRAINING_INPUTS,
        others=policies_built_on,
    output:
        policy=f"{SEED}/policies/{{policy}}.parquet",
        cost=f"{SEED}/cost/make_policy_{{policy}}.json",
    log:
        f"{SEED}/logs/make_policy_{{policy}}.txt",
    benchmark:
        f"{SEED}/benchmarks/make_policy_{{policy}}.tsv"
    wildcard_constraints:
        policy=one_of(batch for batch in ALL_BATCHES if batch != plan.SEARCHED and batch not in plan.TUNED),
    priority: 1
    threads: processes
    resources:
        mem_mb=for_all_processes(memory("make_policy")),
        runtime=720,
        gpu=for_all_processes(gpu),
    params:
        **stage_params("make_policy"),
        processes=processes,
        state=side_folder("make_policy"),
        others=lambda wildcards, input: f"--others {input.others}" if input.others else "",
        tried="",
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: making the {wildcards.policy} policy"
    shell:
        "{params.python:q} -m lawpipe.run.launch {params.processes} {params.script:q} --settings {params.settings:q}"
        " --train {input.train} --desired {input.desired} --test {input.test} --theta0 {input.theta0} {params.others}"
        " {params.tried} --output {output.policy} --state {params.state} --cost {output.cost} > {log} 2>&1"


# The same for the policies whose learning rate is tuned.
use rule make_policy as make_policy_at_its_best_rate with:
    output:
        policy=f"{SEED}/policies/{{policy}}.parquet",
        learning_rates=f"{SEED}/learning_rates/{{policy}}.parquet",
        cost=f"{SEED}/cost/make_policy_{{policy}}.json",
    wildcard_constraints:
        policy=one_of(plan.TUNED),
    params:
        tried=f"--learning-rates {SEED}/learning_rates/{{policy}}.parquet",
