"""Studies: takes the results of several experiments; gives what compares them."""

# The experiments with a policy of another, and those with weights that need no search, at their own best learning rate.
TRANSFERS = experiments_where(lambda settings: plan.TRANSFERRED in settings["policies"])
ONLINE = experiments_where(lambda settings: "online_tuned" in settings["policies"])

# The searches with validation examples, and the different searches on the same examples.
WATCHED = experiments_where(lambda settings: settings["data"]["validation_examples"] > 0)
SEARCHES = plan.searches_on_the_same_examples(EXPERIMENTS)

# The default config's experiments that have results: the study of the two laws shows them beside its own.
SHOWN_BESIDE = {"which_law": {"beside": [file.parent for file in sorted(Path("results").glob("*/summary.parquet"))]}}

# The studies of several experiments.
for name, study, job, experiments, said in (
    ("transfer", "transfer", "transfer", TRANSFERS, "comparing transferred policies with those searched there"),
    ("compare_online", "online", "compare_online", ONLINE, "comparing weights without a search with tuned baselines"),
    (
        "compare_overfitting",
        "overfitting",
        "overfitting",
        WATCHED,
        "comparing J on unseen with J on desired examples",
    ),
    ("compare_optima", "optima", "optima", SEARCHES, "comparing the policies of several searches"),
    ("compare_laws", "which_law", "which_law", list(EXPERIMENTS), "comparing the two laws"),
):
    add_stage(
        name,
        said,
        script="compare",
        job=job,
        folder=ROOT,
        files=(expand(f"{EXPERIMENT}/summary.parquet", experiment=experiments),),
        output={
            "rows": f"{ROOT}/{study}.parquet",
            "figure": f"{ROOT}/{study}.svg",
            "page": f"{ROOT}/{study}.html",
        },
        settings={"study": study, "experiments": experiments},
        options={"folders": [Path(ROOT, experiment) for experiment in experiments]} | SHOWN_BESIDE.get(study, {}),
        shown=True,
    )

# The experiments of a sweep over one number.
add_stage(
    "compare_sweep",
    "{wildcards.group}: comparing the values of {params.key}",
    script="compare",
    job="compare_{group}",
    folder=ROOT,
    files=(lambda wildcards: expand(f"{EXPERIMENT}/summary.parquet", experiment=CONFIG.groups[wildcards.group]),),
    output={"figure": f"{ROOT}/sweeps/{{group}}.svg"},
    settings=lambda wildcards: {"study": "sweep", "sweep": CONFIG.sweeps[wildcards.group]},
    options={"folders": lambda wildcards: [Path(ROOT, name) for name in CONFIG.groups[wildcards.group]]},
    params={"key": lambda wildcards: CONFIG.sweeps[wildcards.group]},
    constraints={"group": CONFIG.sweeps},
    shown=True,
)
