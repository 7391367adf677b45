"""One rule for each stage: it runs a script of scripts/, which reads the inputs and writes the outputs."""

for stage in STAGES:

    rule:
        name:
            stage.name
        input:
            *stage.files,
            **stage.input,
        output:
            **stage.output,
            cost=f"{stage.folder}/cost/{stage.job}.json",
        log:
            f"{stage.folder}/logs/{stage.job}.txt",
        wildcard_constraints:
            **{name: one_of(values) for name, values in stage.constraints.items()},
        # Searches, for which most others wait, come first, so that no core is idle at the end.
        priority: int(stage.searches)
        threads: stage.threads
        resources:
            **stage.resources(),
            mem_mb=stage.memory,
            runtime=stage.runtime,
        params:
            **stage.all_params(),
        message:
            stage.message
        shell:
            "{params.python:q} -I -S {params.start:q} {params.launch} {params.script:q}"
            " --code {params.code} --settings {params.settings:q} {params.options}"
            " {params.to} {log}"
