"""Report: takes every table of an experiment's seeds; gives its figures and tables, the paper's claims with their
verdicts, and the page that shows them."""

# All runs on a GPU.
RECORDED_RUNS = sorted(RECORDS.glob("*/gpu-*.json"))


rule plot:
    input:
        summary=f"{EXPERIMENT}/summary.parquet",
        seeds=of_seeds(plan.tables),
        corpus=lambda wildcards: corpus_files(wildcards.experiment),
    output:
        figures=report(
            directory(f"{EXPERIMENT}/figures"),
            patterns=["{figure}.svg"],
            category="{experiment}",
            subcategory="figures",
            caption="../report/figure.rst",
            labels=title_of(catalogue.FIGURES, "figure"),
        ),
        tables=report(
            directory(f"{EXPERIMENT}/tables"),
            patterns=["{table}.html"],
            category="{experiment}",
            subcategory="tables",
            caption="../report/table.rst",
            labels=title_of(catalogue.TABLES, "table"),
        ),
        cost=f"{EXPERIMENT}/cost/plot.json",
    log:
        f"{EXPERIMENT}/logs/plot.txt",
    benchmark:
        f"{EXPERIMENT}/benchmarks/plot.tsv"
    resources:
        mem_mb=memory("plot"),
        runtime=30,
    params:
        **stage_params("plot"),
        catalogue=catalogue,  # for the captions; a module is not tracked
        folder=lambda wildcards: Path(ROOT, wildcards.experiment),
        seeds=lambda wildcards: " ".join(map(str, settings_of(wildcards)["seeds"])),
    message:
        "{wildcards.experiment}: drawing figures and tables"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --folder {params.folder}"
        " --seeds {params.seeds} --figures {output.figures} --tables {output.tables} --cost {output.cost} > {log}"
        " 2>&1"


rule claims:
    input:
        claims_inputs,
    output:
        claims=f"{ROOT}/claims.parquet",
        sizes=f"{ROOT}/sizes.parquet",
        cost=f"{ROOT}/cost/claims.json",
    log:
        f"{ROOT}/logs/claims.txt",
    benchmark:
        f"{ROOT}/benchmarks/claims.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **stage_params("claims", claims_settings),
        root=Path(ROOT),
    message:
        "judging the paper's claims"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --root {params.root}"
        " --claims {output.claims} --sizes {output.sizes} --cost {output.cost} > {log} 2>&1"


# Without an output, it compares whenever it is asked for.
rule verify:
    input:
        claims=rules.claims.output.claims,
    log:
        f"{ROOT}/logs/verify.txt",
    resources:
        mem_mb=500,
        runtime=10,
    params:
        **stage_params("verify", lambda wildcards: {"claims": CONFIG.claims}),
    message:
        "comparing the verdicts with the expected ones"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --claims {input.claims} 2>&1 | tee {log}"


rule report:
    input:
        report_inputs,
    output:
        page=f"{ROOT}/report.html",
        findings=f"{ROOT}/findings.rst",
        cost=f"{ROOT}/cost/report.json",
    log:
        f"{ROOT}/logs/report.txt",
    benchmark:
        f"{ROOT}/benchmarks/report.tsv"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        **stage_params("report", report_settings),
        root=Path(ROOT),
        experiments=lambda wildcards: " ".join(experiments_shown(wildcards)),
        judged="--judged",
        records=["--records", RECORDS] if RECORDED_RUNS else "",
        recorded=list(map(file_digest, RECORDED_RUNS)),
    message:
        "writing the report"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --root {params.root}"
        " --experiments {params.experiments} --output {output.page} --front-page {output.findings} {params.judged}"
        " {params.records} --cost {output.cost} > {log} 2>&1"


# The same page for one experiment, without the claims, which are about all.
use rule report as report_of_experiment with:
    output:
        page=f"{EXPERIMENT}/report.html",
        findings=f"{EXPERIMENT}/findings.rst",
        cost=f"{EXPERIMENT}/cost/report.json",
    log:
        f"{EXPERIMENT}/logs/report.txt",
    benchmark:
        f"{EXPERIMENT}/benchmarks/report.tsv"
    params:
        judged="",
        records="",
        recorded=[],
    message:
        "{wildcards.experiment}: writing its report"
