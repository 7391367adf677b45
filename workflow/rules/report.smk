"""Report: takes every table of an experiment's seeds; gives its figures and tables, the paper's claims
and their verdicts, and the page that shows them."""


rule plot:
    input:
        summary=f"{EXPERIMENT}/summary.parquet",
        seeds=of_seeds(plan.tables),
        corpus=lambda wildcards: expand(
            f"{EXPERIMENT}/{{file}}", file=plan.corpus_files(EXPERIMENTS[wildcards.experiment]), **wildcards
        ),
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
    threads: 1
    resources:
        mem_mb=memory("plot"),
        runtime=30,
        gpu=0,
    params:
        python=PYTHON,
        script=script("plot"),
        settings=settings("plot"),
        code=code("plot"),
        catalogue=catalogue,  # for the captions; a module is not tracked
        folder=lambda wildcards: Path(ROOT, wildcards.experiment),
        seeds=lambda wildcards: " ".join(map(str, EXPERIMENTS[wildcards.experiment]["seeds"])),
    message:
        "{wildcards.experiment}: drawing figures and tables"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --folder {params.folder}"
        " --seeds {params.seeds} --figures {output.figures} --tables {output.tables}"
        " --cost {output.cost} > {log} 2>&1"


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
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        gpu=0,
    params:
        python=PYTHON,
        script=script("claims"),
        settings=claims_settings,
        code=code_digest(script("claims")),
        root=Path(ROOT),
    message:
        "judging the paper's claims"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --root {params.root}"
        " --claims {output.claims} --sizes {output.sizes} --cost {output.cost} > {log} 2>&1"


# No output: asked for, it compares again.
rule verify:
    input:
        claims=rules.claims.output.claims,
    log:
        f"{ROOT}/logs/verify.txt",
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
        gpu=0,
    params:
        python=PYTHON,
        script=script("verify"),
        settings=json.dumps({"claims": CONFIG.claims}, sort_keys=True),
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
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
        gpu=0,
    params:
        python=PYTHON,
        script=script("report"),
        settings=report_settings,
        code=code_digest(script("report")),
        root=Path(ROOT),
        experiments=lambda wildcards: " ".join(shown(wildcards)),
        judged="--judged",
        records=["--records", RECORDS] if RECORDED_RUNS else "",
        recorded=[hashlib.sha256(path.read_bytes()).hexdigest() for path in RECORDED_RUNS],
    message:
        "writing the report"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --root {params.root}"
        " --experiments {params.experiments} --output {output.page} --front-page {output.findings} {params.judged} {params.records}"
        " --cost {output.cost} > {log} 2>&1"


# The same page for one experiment alone, without the claims, which are about all.
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


# Similarity against the gap, over all experiments of a config whose searches go on to stationarity (config/which_law.yaml).
rule compare_laws:
    input:
        expand("{folder}/summary.parquet", folder=[f"{ROOT}/{name}" for name in EXPERIMENTS]),
    output:
        points=f"{ROOT}/which_law.parquet",
        figure=f"{ROOT}/which_law.svg",
        table=f"{ROOT}/which_law.html",
        cost=f"{ROOT}/cost/which_law.json",
    log:
        f"{ROOT}/logs/which_law.txt",
    benchmark:
        f"{ROOT}/benchmarks/which_law.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        gpu=0,
    params:
        python=PYTHON,
        script=script("which_law"),
        settings=report_settings,
        code=code_digest(script("which_law")),
        small=[Path(ROOT, name) for name in EXPERIMENTS],
        beside=finished_beside,
    message:
        "comparing the two laws"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --small {params.small}"
        " --beside {params.beside} --points {output.points} --figure {output.figure} --table {output.table}"
        " --cost {output.cost} > {log} 2>&1"


# The experiments of a sweep over one number, beside each other.
rule compare_sweep:
    input:
        lambda wildcards: expand(f"{EXPERIMENT}/summary.parquet", experiment=CONFIG.groups[wildcards.group]),
    output:
        figure=f"{ROOT}/sweeps/{{group}}.svg",
        cost=f"{ROOT}/cost/compare_{{group}}.json",
    log:
        f"{ROOT}/logs/compare_{{group}}.txt",
    benchmark:
        f"{ROOT}/benchmarks/compare_{{group}}.tsv"
    wildcard_constraints:
        group=one_of(CONFIG.sweeps),
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        gpu=0,
    params:
        python=PYTHON,
        script=script("compare_sweep"),
        settings=lambda wildcards: json.dumps({"sweep": CONFIG.sweeps[wildcards.group]}),
        code=code_digest(script("compare_sweep")),
        folders=lambda wildcards: [Path(ROOT, name) for name in CONFIG.groups[wildcards.group]],
        key=lambda wildcards: CONFIG.sweeps[wildcards.group],
    message:
        "{wildcards.group}: comparing the values of {params.key}"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --folders {params.folders}"
        " --key {params.key} --figure {output.figure} --cost {output.cost} 2>&1 | tee {log}"


# The policies of some experiments in the settings of others.
rule transfer:
    input:
        expand("{folder}/summary.parquet", folder=[f"{ROOT}/{name}" for name in TRANSFERS]),
    output:
        points=f"{ROOT}/transfer.parquet",
        figure=f"{ROOT}/transfer.svg",
        page=f"{ROOT}/transfer.html",
        cost=f"{ROOT}/cost/transfer.json",
    log:
        f"{ROOT}/logs/transfer.txt",
    benchmark:
        f"{ROOT}/benchmarks/transfer.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        gpu=0,
    params:
        python=PYTHON,
        script=script("transfer"),
        settings=json.dumps({"experiments": TRANSFERS}),
        code=code_digest(script("transfer")),
        folders=[Path(ROOT, name) for name in TRANSFERS],
    message:
        "comparing transferred policies with those searched there"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --folders {params.folders}"
        " --points {output.points} --figure {output.figure} --page {output.page} --cost {output.cost} 2>&1 | tee {log}"


# Weights without a search beside tuned baselines, over all experiments of a config that have them (config/online.yaml).
use rule transfer as compare_online with:
    input:
        expand("{folder}/summary.parquet", folder=[f"{ROOT}/{name}" for name in WITHOUT_SEARCH]),
    output:
        points=f"{ROOT}/online.parquet",
        figure=f"{ROOT}/online.svg",
        page=f"{ROOT}/online.html",
        cost=f"{ROOT}/cost/compare_online.json",
    log:
        f"{ROOT}/logs/compare_online.txt",
    benchmark:
        f"{ROOT}/benchmarks/compare_online.tsv"
    params:
        script=script("compare_online"),
        settings=json.dumps({"experiments": WITHOUT_SEARCH}),
        code=code_digest(script("compare_online")),
        folders=[Path(ROOT, name) for name in WITHOUT_SEARCH],
    message:
        "comparing weights without a search with tuned baselines"


# The recorded comparison of the search methods, for the page.
rule plot_methods:
    output:
        figure=f"{ROOT}/methods.svg",
        cost=f"{ROOT}/cost/methods.json",
    log:
        f"{ROOT}/logs/methods.txt",
    benchmark:
        f"{ROOT}/benchmarks/methods.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
        gpu=0,
    params:
        python=PYTHON,
        script=script("plot_methods"),
        settings="{}",
        code=code_digest(script("plot_methods")),
        rows=RECORDED_SEARCHES,
        content=hashlib.sha256(RECORDED_SEARCHES.read_bytes()).hexdigest(),
    message:
        "drawing the recorded comparison of the search methods"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --rows {params.rows:q}"
        " --figure {output.figure} --cost {output.cost} > {log} 2>&1"


# How time and memory grow, as recorded, for the page.
use rule plot_methods as plot_growth with:
    output:
        figure=f"{ROOT}/growth.svg",
        cost=f"{ROOT}/cost/growth.json",
    log:
        f"{ROOT}/logs/growth.txt",
    benchmark:
        f"{ROOT}/benchmarks/growth.tsv"
    params:
        script=script("plot_growth"),
        code=code_digest(script("plot_growth")),
        rows=RECORDED_GROWTH,
        content=hashlib.sha256(RECORDED_GROWTH.read_bytes()).hexdigest(),
    message:
        "drawing the recorded growth of time and memory"
