"""Policies: takes a seed's examples and initial parameters; gives the search's log and every policy."""

# Snapshots are outputs of the search, so a rule is for one experiment, or for those of a sweep with the same snapshots.
for target, policies, names in searches():
    add_stage(
        f"search-{target}",
        "searching for the near-optimal policy",
        script="search",
        files=(unpack(examples),),
        input=tables("theta0"),
        output={
            "search": f"{SEED}/search.parquet",
            "policies": [f"{SEED}/policies/{policy}.parquet" for policy in policies],
        },
        options={"policies": lambda wildcards: seed_folder(wildcards) / "policies"},
        constraints={"experiment": names},
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
