"""What a stage is: all that is its own of a rule that runs a script. stages.smk holds what the rules share."""

# The beginning of a message, by the folder of the stage: whose job it is.
WHOSE = {ROOT: "", EXPERIMENT: "{wildcards.experiment}: ", SEED: "{wildcards.experiment}, seed {wildcards.seed}: "}

# All stages, in the order of the rules.
STAGES = []


@dataclass
class Stage:
    """What a stage takes, gives and needs. A function among the values is one of the wildcards."""

    # The name of the rule, and what a run says of a job, after its experiment and seed.
    name: str
    message: str
    # Named files: the script has an option of each name.
    output: dict
    input: dict = field(default_factory=dict)
    # Inputs that are no options of the script.
    files: tuple = ()
    # Further options of the script, or other values of options, each a value or a function.
    options: dict = field(default_factory=dict)
    # Further params, and the possible values of wildcards.
    params: dict = field(default_factory=dict)
    constraints: dict = field(default_factory=dict)
    # A value or a function; by default those settings of the experiment that the stage depends on.
    settings: object = None
    # The script, by default of the rule's name. Log, benchmark and cost file are named after the job, by default the
    # script, and lie in the folder.
    script: str = ""
    job: str = ""
    folder: str = SEED
    # The time limit of small jobs.
    minutes: int = 10
    # Whether it searches: in the experiment's number of processes, with a side folder from which it resumes.
    searches: bool = False
    # Whether a run shows what the script prints.
    shown: bool = False

    def __post_init__(self):
        self.script = self.script or self.name
        self.job = self.job or self.script
        self.message = WHOSE[self.folder] + self.message

    def settings_text(self, wildcards):
        """The settings of a job, as sorted JSON."""
        return json.dumps(self.settings_of(wildcards), sort_keys=True)

    def settings_of(self, wildcards):
        """The settings of a job."""
        if self.settings is not None:
            return resolved(self.settings, wildcards)
        seed = int(wildcards.seed) if "seed" in wildcards.keys() else None
        batch = wildcards.get("batch", wildcards.get("policy"))
        return plan.stage_settings(settings_of(wildcards), self.script, wildcards.experiment, seed=seed, batch=batch)

    def code(self, wildcards):
        """The digest of a job's code."""
        return code_digest(BASE / f"scripts/{self.script}.py", registry.chosen(self.settings_of(wildcards)))

    def side_folder(self, wildcards):
        """The folder of a job's checkpoints, named by settings and code, as a path, which Snakemake does not track."""
        meaning = f"{self.settings_text(wildcards)} {self.code(wildcards)}"
        name = f".{self.job.format(**wildcards)}-{hashlib.sha256(meaning.encode()).hexdigest()[:16]}"
        return seed_folder(wildcards) / name

    def options_of(self, wildcards, input, output):
        """The options of a job: its named files and `options`."""
        values = {name: file for name, file in [*output.items(), *input.items()] if file}
        state = {"state": self.side_folder} if self.searches else {}
        words = []
        for name, value in (values | state | self.options).items():
            value = resolved(value, wildcards)
            words += [f"--{name.replace('_', '-')}", *([value] if isinstance(value, (str, Path)) else value)]
        return shlex.join(map(str, words))

    def spread(self, wildcards):
        """The number of processes of a job and of the nodes to divide them among: more than one if it searches."""
        policy = wildcards.get("policy", plan.SEARCHED)
        searches = self.searches and policy in (plan.SEARCHED, *plan.SEARCHED_CONTROLS)
        settings = settings_of(wildcards) if searches else {"processes": 1, "nodes": 1}
        return settings["processes"], settings["nodes"]

    def processes(self, wildcards):
        """The number of processes of a job, one thread each."""
        return self.spread(wildcards)[0]

    def nodes(self, wildcards):
        """The number of nodes that a cluster runs a job on."""
        return 1 if workflow.local_exec else self.spread(wildcards)[1]

    def threads(self, wildcards):
        """The number of threads of a job on each of its nodes."""
        return self.processes(wildcards) // self.nodes(wildcards)

    def launch(self, wildcards):
        """What starts the script in several processes, or in a process that nothing is loaded in, for a GPU."""
        count, nodes = self.spread(wildcards)
        cold = count > 1 or (self.script in estimate.TRAINING and self.gpus(wildcards))
        divided = f" --nodes {nodes}" if nodes > 1 else ""
        return f"-m lawpipe.run.launch {count}{divided}" if cold else ""

    def memory(self, wildcards):
        """The memory of a job on each of its nodes, in MB: as estimated, if its settings are an experiment's."""
        if self.settings is not None:
            return 1000
        return estimate.memory_mb(settings_of(wildcards), self.script) * self.threads(wildcards)

    def runtime(self, wildcards):
        """The time limit of a job, in minutes: more than `minutes` where its estimate is long."""
        if self.settings is not None or self.script not in estimate.TRAINING:
            return self.minutes
        batch = wildcards.get("batch", wildcards.get("policy", ""))
        return max(self.minutes, estimate.minutes(settings_of(wildcards), self.script, batch))

    def gpus(self, wildcards):
        """The number of GPUs of a job."""
        return int(settings_of(wildcards)["device"] == "cuda") * self.processes(wildcards)

    def resources(self):
        """The resources of a job that depend on its settings; `gres` and `tasks` are for the profile of a cluster."""
        # A cluster is asked for the GPUs of each node: a number of GPUs in all could be divided in any way.
        gpus = {"gpu": lambda job: workflow.local_exec * self.gpus(job), "gres": self.gpus_of_a_node}
        nodes = {"nodes": self.nodes, "tasks": self.tasks}
        return (gpus if self.script in estimate.TRAINING else {}) | (nodes if self.searches else {})

    def gpus_of_a_node(self, wildcards):
        """The GPUs that a cluster gives a job on each node, in the words of Slurm; empty if it gives none."""
        count = self.gpus(wildcards) // self.nodes(wildcards)
        return f"gpu:{count}" if count and not workflow.local_exec else ""

    def tasks(self, wildcards):
        """The tasks of a cluster's job: one on each node, which starts the processes there.

        Beside GPUs a number would be that of tasks for each GPU. 0 leaves it to Slurm, which takes one on each node.
        """
        return 0 if self.gpus(wildcards) else self.nodes(wildcards)

    def all_params(self):
        """Interpreter, script, settings, digest of the code, options, and where the output goes.

        A changed string among them reruns the job. Paths do not: a moved checkout or environment reruns nothing.
        """
        return {
            "python": Path(sys.executable),
            "start": BASE / "workflow/start.py",
            "launch": self.launch,
            "script": BASE / f"scripts/{self.script}.py",
            "settings": self.settings_text,
            "code": self.code,
            "options": self.options_of,
            "to": "|& tee" if self.shown else "&>",
            **self.params,
        }


def add_stage(*arguments, **named):
    """Add a stage to the workflow; the arguments are the fields of `Stage`."""
    STAGES.append(Stage(*arguments, **named))
