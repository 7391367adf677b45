"""Analysis: takes each batch's part of the tables; gives each seed's tables, fits and summary, and one over the seeds."""

add_stage(
    "collect",
    "collecting the policies' tables",
    input={table: parts(table) for table in COLLECTED},
    output=tables(*COLLECTED),
    options={"output": seed_folder},
    minutes=30,
)

add_stage(
    "fit",
    "fitting scaling laws",
    input=tables("curves"),
    output=tables("fits", "sensitivity"),
    minutes=60,
)

add_stage(
    "summarise",
    "summarising",
    input=tables("curves", "similarity", "measures", "fits"),
    output=tables("summary"),
)

add_stage(
    "summarise_seeds",
    "summarising over the seeds",
    folder=EXPERIMENT,
    input={"summaries": lambda wildcards: files_of_seeds(wildcards.experiment, lambda *seed: ["summary.parquet"])},
    output={"output": f"{EXPERIMENT}/summary.parquet"},
)
