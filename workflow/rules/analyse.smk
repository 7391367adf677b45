"""Analysis: takes each batch's part of the tables; gives each seed's tables, fits and summary, then each experiment's
summary over the seeds, figures and tables."""

add_stage(
    "summarise",
    "fitting scaling laws and summarising",
    input={table: parts(table) for table in COLLECTED},
    output=tables(*COLLECTED, "fits", "sensitivity", "summary"),
    options={"output": seed_folder},
    minutes=60,
)

add_stage(
    "describe",
    "summarising over the seeds, drawing figures and tables",
    folder=EXPERIMENT,
    files=(
        lambda wildcards: files_of_seeds(wildcards.experiment, plan.tables),
        lambda wildcards: corpus_files(wildcards.experiment),
    ),
    output={
        "summary": f"{EXPERIMENT}/summary.parquet",
        "figures": report(
            directory(f"{EXPERIMENT}/figures"),
            patterns=["{figure}.svg"],
            category="{experiment}",
            subcategory="figures",
            caption="../report/figure.rst",
            labels=title_of(catalogue.FIGURES, "figure"),
        ),
        "tables": report(
            directory(f"{EXPERIMENT}/tables"),
            patterns=["{table}.html"],
            category="{experiment}",
            subcategory="tables",
            caption="../report/table.rst",
            labels=title_of(catalogue.TABLES, "table"),
        ),
    },
    options={"seeds": lambda wildcards: settings_of(wildcards)["seeds"]},
    params={"catalogue": catalogue},  # for the captions; a module is not tracked
    minutes=30,
)
