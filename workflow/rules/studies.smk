"""Studies: takes the results of several experiments, or recorded ones; gives what compares them."""

# The experiments with a policy of another, and those with weights that need no search, at their own best learning rate.
TRANSFERS = experiments_where(lambda settings: plan.TRANSFERRED in settings["policies"])
WITHOUT_SEARCH = experiments_where(lambda settings: "online_tuned" in settings["policies"])

# The newest records of searches by every method, and of the growth of time and memory.
RECORDED_SEARCHES = max(RECORDS.glob("*/search.parquet"))
RECORDED_GROWTH = max(RECORDS.glob("*/growth.parquet"))

# The default config's experiments that have results: the study of the two laws shows them beside its own.
SHOWN_BESIDE = [file.parent for file in sorted(Path("results").glob("*/summary.parquet"))]

# The studies of several experiments.
for name, study, job, experiments, beside, said in (
    ("transfer", "transfer", "transfer", TRANSFERS, [], "comparing transferred policies with those searched there"),
    (
        "compare_online",
        "online",
        "compare_online",
        WITHOUT_SEARCH,
        [],
        "comparing weights without a search with tuned baselines",
    ),
    ("compare_laws", "which_law", "which_law", list(EXPERIMENTS), SHOWN_BESIDE, "comparing the two laws"),
):
    STAGES += [
        Stage(
            name,
            said,
            script="compare",
            job=job,
            folder=ROOT,
            files=(summaries(experiments),),
            output={
                "rows": f"{ROOT}/{study}.parquet",
                "figure": f"{ROOT}/{study}.svg",
                "page": f"{ROOT}/{study}.html",
            },
            settings={"study": study, "experiments": experiments},
            options={"folders": [*folders(experiments), *beside]},
            shown=True,
        )
    ]

# The experiments of a sweep over one number.
STAGES += [
    Stage(
        "compare_sweep",
        "{wildcards.group}: comparing the values of {params.key}",
        script="compare",
        job="compare_{group}",
        folder=ROOT,
        files=(lambda wildcards: summaries(CONFIG.groups[wildcards.group]),),
        output={"figure": f"{ROOT}/sweeps/{{group}}.svg"},
        settings=lambda wildcards: {"study": "sweep", "sweep": CONFIG.sweeps[wildcards.group]},
        options={"folders": lambda wildcards: folders(CONFIG.groups[wildcards.group])},
        params={"key": lambda wildcards: CONFIG.sweeps[wildcards.group]},
        constraints={"group": one_of(CONFIG.sweeps)},
        shown=True,
    )
]

# The recorded comparison of the search methods, and the recorded growth of time and memory.
for study, record, said in (
    ("methods", RECORDED_SEARCHES, "drawing the recorded comparison of the search methods"),
    ("growth", RECORDED_GROWTH, "drawing the recorded growth of time and memory"),
):
    STAGES += [
        Stage(
            f"plot_{study}",
            said,
            script="plot_record",
            job=study,
            folder=ROOT,
            output={"figure": f"{ROOT}/{study}.svg"},
            settings={"study": study},
            options={"record": record},
            params={"content": file_digest(record)},
        )
    ]
