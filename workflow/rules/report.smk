"""Report: takes every table of an experiment's seeds; gives its figures and tables, the paper's claims with their
verdicts, and the page that shows them."""

# All runs on a GPU, and the option that shows them.
GPU_RUNS = sorted(RECORDS.glob("*/gpu-*.json"))
# The newest record of the ladder of sizes.
LADDER = max(RECORDS.glob("*/ladder.parquet"))
RECORDS_SHOWN = {"ladder": LADDER} | ({"records": RECORDS} if GPU_RUNS else {})

# The tables of each seed that the claims are judged by.
JUDGED = tables("search", "summary", "curves", "similarity", "zero_weights", "fits").values()

add_stage(
    "plot",
    "drawing figures and tables",
    folder=EXPERIMENT,
    files=(
        f"{EXPERIMENT}/summary.parquet",
        lambda wildcards: files_of_seeds(wildcards.experiment, plan.tables),
        lambda wildcards: corpus_files(wildcards.experiment),
    ),
    output={
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
    options={
        "folder": lambda wildcards: Path(ROOT, wildcards.experiment),
        "seeds": lambda wildcards: settings_of(wildcards)["seeds"],
    },
    params={"catalogue": catalogue},  # for the captions; a module is not tracked
    minutes=30,
)

add_stage(
    "claims",
    "judging the paper's claims",
    folder=ROOT,
    files=([expand(JUDGED, experiment=name, seed=EXPERIMENTS[name]["seeds"]) for name in CONFIG.in_all],),
    output={"claims": f"{ROOT}/claims.parquet", "sizes": f"{ROOT}/sizes.parquet"},
    settings={"experiments": settings_by_experiment("claims", CONFIG.in_all)},
    options={"root": Path(ROOT)},
)

# The report of the target `all`, and that of one experiment, without the claims, which are about all.
for name, folder, said, recorded, further in (
    ("report", ROOT, "writing the report", [*GPU_RUNS, LADDER], {"judged": []} | RECORDS_SHOWN),
    ("report_of_experiment", EXPERIMENT, "writing its report", [], {}),
):
    add_stage(
        name,
        said,
        script="report",
        folder=folder,
        files=(report_inputs,),
        output={"output": f"{folder}/report.html", "front_page": f"{folder}/findings.rst"},
        settings=report_settings,
        options={"root": Path(ROOT), "experiments": experiments_shown} | further,
        params={"recorded": list(map(file_digest, recorded))},
        minutes=30,
    )


# Without an output, it compares whenever it is asked for.
rule verify:
    input:
        claims=f"{ROOT}/claims.parquet",
    log:
        f"{ROOT}/logs/verify.txt",
    resources:
        mem_mb=500,
        runtime=10,
    params:
        **Stage("verify", "", {}, folder=ROOT, settings={"claims": CONFIG.claims}).all_params(),
    message:
        "comparing the verdicts with the expected ones"
    shell:
        "{params.python:q} {params.script:q} --code {params.code} --settings {params.settings:q} {params.options}"
        " 2>&1 | tee {log}"
