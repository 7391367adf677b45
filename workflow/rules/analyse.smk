"""Analysis: takes each batch's part of the tables; gives each seed's tables, fits and summary, and one over the seeds."""

STAGES += [
    Stage(
        "collect",
        "collecting the policies' tables",
        input={table: parts(table) for table in COLLECTED},
        output=tables(*COLLECTED),
        options={"output": seed_folder},
        minutes=30,
    ),
    Stage(
        "fit",
        "fitting scaling laws",
        input=tables("curves"),
        output=tables("fits", "sensitivity"),
        minutes=60,
    ),
    Stage(
        "summarise",
        "summarising",
        input=tables("curves", "similarity", "measures", "fits"),
        output=tables("summary"),
    ),
    Stage(
        "summarise_seeds",
        "summarising over the seeds",
        folder=EXPERIMENT,
        input={"summaries": of_seeds(lambda settings, seed: ["summary.parquet"])},
        output={"output": f"{EXPERIMENT}/summary.parquet"},
    ),
]
