"""Training: takes a batch of policies with a seed's examples and initial parameters; gives curves and measurements."""

# Without and with the contributions of every single example.
for name, batches, further in (
    ("train", [batch for batch in ALL_BATCHES if batch not in plan.REQUIRED_POLICIES], {}),
    (
        "train_with_contributions",
        plan.REQUIRED_POLICIES,
        {"contributions": f"{SEED}/contributions/{{batch}}.parquet"},
    ),
):
    add_stage(
        name,
        "training and measuring under the {wildcards.batch} policy",
        script="train",
        job="train_{batch}",
        input=tables(*REQUIRED, "theta0") | {"policies": policies_of_batch},
        output={table: f"{SEED}/parts/{table}/{{batch}}.parquet" for table in COLLECTED} | further,
        constraints={"batch": batches},
        minutes=240,
        shown=True,
    )
