"""Training: takes a batch of policies with a seed's examples and initial parameters; gives curves and measurements."""

# With the contributions of every single example, and without.
for name, batches, further in (
    ("train", [batch for batch in ALL_BATCHES if batch not in plan.REQUIRED], {}),
    (
        "train_with_contributions",
        plan.REQUIRED,
        {"contributions": f"{SEED}/contributions/{{batch}}.parquet"},
    ),
):
    STAGES += [
        Stage(
            name,
            "training and measuring under the {wildcards.batch} policy",
            script="train",
            job="train_{batch}",
            input=tables(*REQUIRED, "theta0") | {"policies": policies_of_batch},
            output={table: f"{SEED}/parts/{table}/{{batch}}.parquet" for table in COLLECTED} | further,
            constraints={"batch": one_of(batches)},
            minutes=240,
            shown=True,
        )
    ]
