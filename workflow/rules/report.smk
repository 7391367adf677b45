"""Report: takes the summaries, figures and tables of experiments; gives the page that shows them, and of all
experiments together the paper's claims with their verdicts."""

# Benchmarks, and searches on GPUs, that were recorded on some machine, and the figures of those that there are.
RECORDED = {
    name: sorted(RECORDS.glob(f"*/{file}"))
    for name, file in (
        ("methods", "search.parquet"),
        ("growth", "growth.parquet"),
        ("ladder", "ladder.parquet"),
        ("gpu", "gpu-*.json"),
    )
}
DRAWN = {name: f"{ROOT}/{name}.svg" for name in ("methods", "growth", "ladder") if RECORDED[name]}

# The report of the target `all`, and that of one experiment, without what is about all.
OF_ALL = {
    "claims": f"{ROOT}/claims.parquet",
    "sizes": f"{ROOT}/sizes.parquet",
    **DRAWN,
}

for name, folder, said, further, recorded in (
    ("report", ROOT, "judging the paper's claims, writing the report", OF_ALL, sum(RECORDED.values(), [])),
    ("report_of_experiment", EXPERIMENT, "writing its report", {}, []),
):
    add_stage(
        name,
        said,
        script="report",
        folder=folder,
        files=(report_inputs,),
        output={"output": f"{folder}/report.html", "front_page": f"{folder}/findings.rst"} | further,
        settings=report_settings,
        options={"root": Path(ROOT), "experiments": experiments_shown} | ({"records": RECORDS} if further else {}),
        params={"recorded": list(map(file_digest, recorded))},
        minutes=30,
    )


# Without an output, it compares whenever it is asked for.
rule verify:
    input:
        claims=OF_ALL["claims"],
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
