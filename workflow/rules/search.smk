"""Policies: takes a seed's examples and initial parameters; gives the search's log and every policy."""

# One rule for each experiment, because each has its own snapshots, which are outputs of the search.
for name, settings in EXPERIMENTS.items():
    add_stage(
        f"search-{name}",
        "searching for the near-optimal policy",
        script="search",
        files=(unpack(examples),),
        input=tables("theta0"),
        output={
            "search": f"{SEED}/search.parquet",
            "policies": [f"{SEED}/policies/{policy}.parquet" for policy in plan.searched_policies(settings)],
        },
        options={"policies": lambda wildcards: seed_folder(wildcards) / "policies"},
        constraints={"experiment": [name]},
        minutes=720,
        searches=True,
        shown=True,
    )

# Without and with a learning rate that is tuned.
for name, policies, further in (
    ("make_policy", [batch for batch in ALL_BATCHES if batch not in (plan.SEARCHED, *plan.TUNED)], {}),
    ("make_policy_at_its_best_rate", plan.TUNED, {"learning_rates": f"{SEED}/learning_rates/{{policy}}.parquet"}),
):
    add_stage(
        name,
        "making the {wildcards.policy} policy",
        script="make_policy",
        job="make_policy_{policy}",
        input=tables(*REQUIRED, "theta0") | {"others": policies_built_on},
        output={"output": f"{SEED}/policies/{{policy}}.parquet"} | further,
        constraints={"policy": policies},
        minutes=720,
        searches=True,
    )
