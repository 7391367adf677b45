"""Policies: takes a seed's examples and start; gives the searched policies with the search's log, and the others."""

# A rule for each experiment, because the snapshots (files that the search writes) are the experiment's own.
for name, chosen in EXPERIMENTS.items():

    rule:
        name:
            f"search-{name}"
        input:
            unpack(examples),
            theta0=f"{SEED}/theta0.parquet",
        output:
            search=f"{SEED}/search.parquet",
            policies=[f"{SEED}/policies/{policy}.parquet" for policy in plan.searched_policies(chosen)],
            cost=f"{SEED}/cost/search.json",
        log:
            f"{SEED}/logs/search.txt",
        benchmark:
            f"{SEED}/benchmarks/search.tsv"
        wildcard_constraints:
            experiment=one_of([name]),
        # What takes longest and most waits for comes first, so that no core is idle at the end.
        priority: 1
        threads: processes
        resources:
            mem_mb=for_each_process(memory("search")),
            runtime=720,
            gpu=for_each_process(gpu),
        params:
            python=PYTHON,
            script=script("search"),
            processes=processes,
            settings=settings("search"),
            code=code("search"),
            state=side_folder("search"),
            validation=lambda wildcards, input: (
                f"--validation {input.validation}" if "validation" in input.keys() else ""
            ),
        message:
            "{wildcards.experiment}, seed {wildcards.seed}: searching for the near-optimal policy"
        shell:
            "{params.python:q} -m lawpipe.run.launch {params.processes} {params.script:q} --settings {params.settings:q}"
            " --train {input.train} --desired {input.desired} --test {input.test} {params.validation}"
            " --theta0 {input.theta0} --search {output.search} --policies $(dirname {output.policies[0]})"
            " --state {params.state} --cost {output.cost} 2>&1 | tee {log}"


rule make_policy:
    input:
        train=f"{SEED}/train.parquet",
        desired=f"{SEED}/desired.parquet",
        test=f"{SEED}/test.parquet",
        theta0=f"{SEED}/theta0.parquet",
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
        mem_mb=for_each_process(memory("make_policy")),
        runtime=720,
        gpu=for_each_process(gpu),
    params:
        python=PYTHON,
        script=script("make_policy"),
        processes=processes,
        settings=settings("make_policy"),
        code=code("make_policy"),
        state=side_folder("make_policy"),
        others=lambda wildcards, input: f"--others {input.others}" if input.others else "",
        tried="",
    message:
        "{wildcards.experiment}, seed {wildcards.seed}: making the {wildcards.policy} policy"
    shell:
        "{params.python:q} -m lawpipe.run.launch {params.processes} {params.script:q} --settings {params.settings:q} --train {input.train}"
        " --desired {input.desired} --test {input.test} --theta0 {input.theta0} {params.others} {params.tried}"
        " --output {output.policy} --state {params.state} --cost {output.cost} > {log} 2>&1"


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
