"""Functions of the wildcards that name the rules' inputs."""


def corpus_of_examples(wildcards):
    """The tokens that a language model's examples are cut from; nothing for a perceptron."""
    return {"tokens": f"{EXPERIMENT}/tokens.parquet"} if settings_of(wildcards)["problem"] in plan.ON_TEXT else {}


def digests_of_own_files(wildcards):
    """The digest of each of the user's own files. Tracked in the place of their dates, which a copy may set back."""
    return [file_digest(file) for file in plan.own_files(settings_of(wildcards))]


def examples(wildcards):
    """The examples of a seed: one named input for each split."""
    return tables(*plan.splits(settings_of(wildcards)))


def searches():
    """The rules of the search: a name, the policies that it writes, and the experiments that it is for."""
    for target, names in CONFIG.groups.items():
        rules = {}
        for name in names:
            rules.setdefault(tuple(plan.searched_policies(EXPERIMENTS[name])), []).append(name)
        for policies, members in rules.items():
            yield target if len(rules) == 1 else members[0], policies, members


def policies_of_batch(wildcards):
    """The policies that one job trains and measures."""
    names = plan.batches(settings_of(wildcards), int(wildcards.seed))[wildcards.batch]
    return expand(f"{SEED}/policies/{{policy}}.parquet", policy=names, **wildcards)


def policies_built_on(wildcards):
    """The policies that a policy is made from, of the same seed; for a transferred one of another experiment."""
    names = POLICIES[wildcards.policy].builds_on
    experiment = wildcards.experiment
    if wildcards.policy == plan.TRANSFERRED:
        experiment = settings_of(wildcards)["transfer_from"]["experiment"]
    return expand(f"{SEED}/policies/{{policy}}.parquet", policy=names, experiment=experiment, seed=wildcards.seed)


def parts(table):
    """A function of the wildcards: one part of a table for each batch of policies."""
    pattern = f"{SEED}/parts/{table}/{{batch}}.parquet"
    return lambda wildcards: expand(
        pattern, batch=plan.batches(settings_of(wildcards), int(wildcards.seed)), **wildcards
    )


def corpus_files(experiment):
    """The files of an experiment's corpus; none for a perceptron."""
    return expand(f"{EXPERIMENT}/{{file}}", file=plan.corpus_files(EXPERIMENTS[experiment]), experiment=experiment)


def files_of_seeds(experiment, files):
    """Files of each seed of an experiment; `files` is a function of the settings and the seed."""
    settings = EXPERIMENTS[experiment]
    return [f"{ROOT}/{experiment}/seed{seed}/{file}" for seed in settings["seeds"] for file in files(settings, seed)]


def title_of(entries, kind):
    """A function of the wildcards: the label of a figure or table in Snakemake's own report."""
    titles = {entry.name: entry.title for entry in entries}
    return lambda wildcards: {kind: titles[wildcards[kind]]}


def experiments_shown(wildcards):
    """The experiments that a report shows: the one of the wildcards, or those of the target `all`."""
    return [wildcards.experiment] if "experiment" in wildcards.keys() else list(CONFIG.in_all)


def report_inputs(wildcards):
    """All files that a report shows or links."""
    files = []
    for name in experiments_shown(wildcards):
        files += expand(rules.describe.output, experiment=name)
        files += corpus_files(name)
        files += files_of_seeds(name, lambda settings, seed: plan.tables(settings, seed) + plan.costs(settings, seed))
    return files


def settings_by_experiment(stage, names):
    """The settings of each of some experiments that a stage depends on."""
    return {name: plan.stage_settings(EXPERIMENTS[name], stage, name) for name in names}


def report_settings(wildcards):
    """The settings of a report: the config's name and those of the experiments that it shows."""
    return {"name": CONFIG.name, "experiments": settings_by_experiment("report", experiments_shown(wildcards))}
