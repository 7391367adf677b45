"""The workflow itself: a run from nothing, and what runs again after each kind of change."""

import inspect
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from snakemake.scheduling.job_scheduler import JobScheduler

from lawpipe.config import plan
from lawpipe.config.resolve import resolve
from lawpipe.cost import costs, estimate
from lawpipe.paper.rules import VERDICTS
from lawpipe.run import artifacts
from lawpipe.run.tables.claims import CLAIMS
from lawpipe.run.tables.examples import GAUSSIAN_EXAMPLES, THETA0
from lawpipe.run.tables.policies import LEARNING_RATES, POLICY, SEARCH
from lawpipe.run.tables.studies import ONLINE, TRANSFER
from lawpipe.run.tables.summary import SUMMARY, SUMMARY_OVER_SEEDS
from tests.workflow import forked, reproduce
from tests.workflow.copies import SMALL, Plan, Project

pytestmark = pytest.mark.workflow

Copy = Callable[[], Project]

#: What one more seed of one experiment needs, and nothing else.
ONE_SEED = {
    "generate_data": 1,
    "initialise": 1,
    "make_policy": 1,
    "search-perceptron": 1,
    "train_with_contributions": 2,
    "summarise": 1,
    "describe": 1,
    "report": 1,
    "all": 1,
}


def experiments(project: Project) -> dict[str, dict[str, object]]:
    return resolve(yaml.safe_load((project.folder / "config/small.yaml").read_text())).experiments


def test_a_run_writes_exactly_the_planned_files(small: Project) -> None:
    expected = {"claims.parquet", "sizes.parquet"}
    for name, settings in experiments(small).items():
        expected |= {f"{name}/{file}" for file in ("summary.parquet", *plan.corpus_files(settings))}
        for seed in settings["seeds"]:
            files = plan.tables(settings, seed) + plan.parts(settings, seed) + plan.costs(settings, seed)
            expected |= {f"{name}/seed{seed}/{file}" for file in files}
    written = {path.relative_to(small.results).as_posix() for path in small.results.rglob("*.*")}
    data = {path for path in written if path.endswith((".parquet", "tokenizer.json", "/corpus.json"))}
    data |= {path for path in written if "/seed" in path and path.endswith(".json")}
    assert data == expected
    assert "report.html" in written
    assert not [path for path in written if "/.search-" in path or "/.make_policy" in path or path.endswith(".tmp")]


def test_the_sizes_are_as_estimated(small: Project) -> None:
    for name, settings in experiments(small).items():
        files = list((small.results / name).rglob("*.parquet"))
        guess = estimate.total(estimate.stages(settings).values())
        assert guess.files == len(files)
        assert 0.5 < guess.bytes / sum(path.stat().st_size for path in files) < 2


def test_jobs_and_memory_are_as_estimated(small: Project) -> None:
    recorded = json.loads((small.results / "cost/estimate.json").read_text())
    for name, settings in experiments(small).items():
        spent = costs.read(small.results / name, tuple(settings["seeds"]))
        assert {stage.stage: stage.jobs for stage in spent.stages} == {
            stage.replace("_", " "): cost["jobs"] for stage, cost in recorded[name].items()
        }
        for stage in spent.stages:
            # A scheduler may end what takes more than it was said to; of short jobs less is estimated generously.
            lowest = 0.5 if stage.stage.partition(" ")[0] in ("search", "train") else 0.25
            assert lowest < stage.peak_memory_mb / stage.estimated_memory_mb < 1.5, stage
            assert stage.estimated_seconds > 0


def test_the_console_says_what_happens(small: Project) -> None:
    console = (small.folder / "console.txt").read_text()
    assert "perceptron_noisy  1 seed," in console
    assert "perceptron, seed 1: searching for the near-optimal policy" in console
    assert "perceptron seed 0: iteration" in console  # the search's own progress
    assert re.search(r"This run: \d\d jobs, about ", console)
    assert "Traceback" not in console


def test_settings_and_code_are_in_each_table(small: Project) -> None:
    stored = artifacts.metadata(small.results / "perceptron/seed1/policies/near_optimal.parquet")
    assert stored["settings"] == plan.stage_settings(experiments(small)["perceptron"], "search", "perceptron", seed=1)
    assert len(stored["code"]) == 16


def test_a_second_run_does_nothing(copy: Copy) -> None:
    run = copy().snakemake()
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout


def test_a_moved_folder_touched_files_and_comments_rerun_nothing(copy: Copy) -> None:
    project = copy()
    for path in (project.folder / "lawpipe").rglob("*.py"):
        with path.open("a") as file:
            file.write("\n# A comment.\n")
    for path in (project.folder / "scripts").glob("*.py"):
        os.utime(path)
    os.utime(project.folder / "Snakefile")
    project.replace("lawpipe/engine/simplex.py", '"""', '"""Of this docstring: ')
    assert project.plan().jobs == {}


def test_a_copy_runs_its_own_code_in_the_environment_of_another_checkout(copy: Copy, small: Project) -> None:
    project = copy()
    project.replace("lawpipe/figures/style.py", '"""', 'CHANGED = True\n"""')
    rule, target = "describe", "results-small/perceptron_noisy/figures"
    arguments = [target, "--allowed-rules", rule, "--cores", "1", "--configfile", *SMALL]
    run = forked.run(arguments, project.folder, small.folder)
    assert run.returncode == 0, run.stdout
    assert "drawing" in run.stdout
    assert project.plan(target).jobs == {}


def test_a_search_in_several_processes_is_a_search_of_its_own_and_gives_the_same(copy: Copy) -> None:
    project = copy()
    configs = ("config/small.yaml", project.write_config("experiments: {perceptron_noisy: {processes: 2}}"))
    assert "search-perceptron_noisy" in project.plan(configs=configs).changed
    folder = project.results / "perceptron_noisy/seed0"
    before = pq.read_table(folder / "search.parquet").to_pandas()
    rule = "search-perceptron_noisy"
    target = folder.relative_to(project.folder) / "search.parquet"
    run = project.snakemake(str(target), "--allowed-rules", rule, configs=configs)
    assert run.returncode == 0, run.stdout
    assert json.loads((folder / "cost/search.json").read_text())["processes"] == 2
    assert artifacts.metadata(folder / "search.parquet")["settings"]["processes"] == 2
    after = pq.read_table(folder / "search.parquet").to_pandas()
    np.testing.assert_allclose(after["objective"], before["objective"], rtol=1e-5)  # in single precision


def test_a_change_in_a_module_reruns_the_stages_that_import_it(copy: Copy) -> None:
    project = copy()
    deep = project.folder / "lawpipe/search/checkpoint.py"  # search -> lawpipe.search.loop -> this
    deep.write_text(deep.read_text() + "\nCHANGED = True\n")
    planned = project.plan()
    assert planned.changed == {"search-perceptron", "search-perceptron_noisy", "search-stories", "make_policy"}
    # What follows from the new policies, and the controls that search or build on a search; the others stand.
    assert planned.jobs["train_with_contributions"] == 4
    assert planned.jobs["make_policy"] == planned.jobs["train"] == 1
    assert not {"generate_data", "initialise", "make_policy_at_its_best_rate"} & set(planned.jobs)


def test_a_change_in_the_figures_redraws_them_alone(copy: Copy) -> None:
    project = copy()
    style = project.folder / "lawpipe/figures/style.py"
    style.write_text(style.read_text() + "\nCHANGED = True\n")
    assert project.plan().jobs == {"describe": 3, "report": 1, "all": 1}


def test_a_change_in_the_language_model_leaves_the_perceptron_alone(copy: Copy) -> None:
    project = copy()
    model = project.folder / "lawpipe/problems/language_model/losses.py"
    model.write_text(model.read_text() + "\nCHANGED = True\n")
    planned = project.plan()
    controls = {"make_policy", "make_policy_at_its_best_rate"}
    assert planned.changed == {"search-stories", *controls}
    assert (planned.jobs["make_policy"], planned.jobs["make_policy_at_its_best_rate"]) == (2, 1)
    assert planned.jobs["train_with_contributions"] == 2
    assert not {"search-perceptron", "generate_data", "initialise", "prepare_corpus"} & set(planned.jobs)


def test_another_seed_computes_that_seed_alone(copy: Copy) -> None:
    project = copy()
    overlay = project.write_config("experiments: {perceptron: {seeds: [0, 1, 2]}}")
    assert project.plan(configs=("config/small.yaml", overlay)).jobs == ONE_SEED


def test_another_experiment_computes_that_experiment_alone(copy: Copy) -> None:
    project = copy()
    overlay = project.write_config("experiments: {half: {extends: perceptron, seeds: [0], training: {steps: 30}}}")
    expected = {rule.replace("search-perceptron", "search-half"): count for rule, count in ONE_SEED.items()}
    assert project.plan(configs=("config/small.yaml", overlay)).jobs == expected


def test_another_policy_computes_that_policy_alone(copy: Copy) -> None:
    project = copy()
    policies = project.folder / "lawpipe/policies"
    uniform = (policies / "conventional.py").read_text()
    (policies / "another.py").write_text(uniform.replace("required=True", "required=False"))
    overlay = project.write_config("experiments: {perceptron: {policies: [conventional, near_optimal, another]}}")
    planned = project.plan(configs=("config/small.yaml", overlay)).jobs
    seeds = 2
    assert planned["make_policy"] == planned["train"] == seeds
    assert not {"generate_data", "initialise", "search-perceptron", "train_with_contributions"} & set(planned)


def test_a_control_with_a_search_is_made_for_the_first_seeds_and_what_it_needs_comes_first(copy: Copy) -> None:
    project = copy()
    names = "[conventional, near_optimal, conventional_tuned, static, near_optimal_at_tuned_rate]"
    overlay = project.write_config(
        f"experiments: {{perceptron: {{policies: {names}, controls: {{evaluations: 3, seeds: 1}}}}}}"
    )
    configs = ("config/small.yaml", overlay)
    run = project.snakemake("results-small/perceptron/summary.parquet", configs=configs)
    assert run.returncode == 0, run.stdout
    jobs = Plan.read(run.stdout).jobs
    assert (jobs["make_policy_at_its_best_rate"], jobs["make_policy"], jobs["train"]) == (2, 2, 4)
    table = artifacts.read(project.results / "perceptron/summary.parquet", SUMMARY_OVER_SEEDS).to_pandas()
    counts = table[table["quantity"] == "objective_desired"].set_index("policy")["n"]
    assert [
        counts[name] for name in ("conventional", "conventional_tuned", "static", "near_optimal_at_tuned_rate")
    ] == [2, 2, 1, 1]
    tried = artifacts.read(
        project.results / "perceptron/seed1/learning_rates/conventional_tuned.parquet", LEARNING_RATES
    )
    policy = artifacts.read(project.results / "perceptron/seed0/policies/near_optimal_at_tuned_rate.parquet", POLICY)
    assert policy.column("learning_rate")[0].as_py() in tried.column("learning_rate").to_pylist()


def test_another_search_keeps_the_data_and_the_conventional_results(copy: Copy) -> None:
    project = copy()
    overlay = project.write_config("experiments: {perceptron: {search: {iterations: 9}}}")
    planned = project.plan("perceptron", configs=("config/small.yaml", overlay))
    assert planned.jobs["search-perceptron"] == planned.jobs["train_with_contributions"] == 2
    assert not {"generate_data", "initialise", "make_policy"} & set(planned.jobs)


def test_another_step_count_of_the_measurement_does_not_search_again(copy: Copy) -> None:
    project = copy()
    overlay = project.write_config("experiments: {perceptron: {analysis: {measured_steps: 5}}}")
    planned = project.plan("perceptron", configs=("config/small.yaml", overlay))
    assert planned.jobs["train_with_contributions"] == 4
    assert not {"search-perceptron", "make_policy", "generate_data"} & set(planned.jobs)


def test_a_deleted_table_is_made_again(copy: Copy) -> None:
    project = copy()
    (project.results / "perceptron/seed0/fits.parquet").unlink()
    left_over = project.results / "perceptron/seed0/policies/tuned.parquet"
    left_over.write_bytes(b"")
    run = project.snakemake("results-small/perceptron/seed0/fits.parquet")
    assert run.returncode == 0, run.stdout
    assert "  perceptron: perceptron/seed0/policies/tuned.parquet\nThey are kept." in run.stdout
    assert left_over.is_file()
    again = project.results / "perceptron/seed0/fits.parquet"
    assert again.is_file()


def test_verify_prints_the_claims_and_fails_at_any_difference(copy: Copy) -> None:
    project = copy()
    nothing_expected = project.snakemake("verify", "--quiet")
    assert nothing_expected.returncode == 0, nothing_expected.stdout
    assert "this config expects no verdicts" in nothing_expected.stdout
    rows = artifacts.read(project.results / "claims.parquet", CLAIMS).to_pylist()
    expected: dict[str, dict[str, str]] = {}
    for row in rows:
        expected.setdefault(row["experiment"], {})[row["claim"]] = row["verdict"]
    right = project.snakemake(
        "verify", configs=("config/small.yaml", project.write_config(yaml.safe_dump({"claims": expected})))
    )
    assert right.returncode == 0, right.stdout
    assert "have the expected verdict" in right.stdout
    verdict = expected["stories"].pop("compression_rises")
    expected["stories"]["compression_rises"] = next(name for name in VERDICTS if name != verdict)
    expected["perceptron"] = {}
    wrong = project.snakemake(
        "verify", configs=("config/small.yaml", project.write_config(yaml.safe_dump({"claims": expected})))
    )
    assert wrong.returncode != 0
    assert f"but the run says {verdict} (" in wrong.stdout
    assert wrong.stdout.strip().splitlines()[-1].startswith("error: claims.stories.compression_rises is ")
    assert "claims.perceptron" not in wrong.stdout  # nothing is expected of it


def test_validation_examples_are_drawn_and_logged_by_the_search(copy: Copy) -> None:
    project = copy()
    overlay = project.write_config("experiments: {perceptron: {seeds: [0], data: {validation_examples: 16}}}")
    run = project.snakemake("results-small/perceptron/seed0/search.parquet", configs=("config/small.yaml", overlay))
    assert run.returncode == 0, run.stdout
    folder = project.results / "perceptron/seed0"
    assert artifacts.read(folder / "validation.parquet", GAUSSIAN_EXAMPLES).num_rows == 16
    assert artifacts.read(folder / "search.parquet", SEARCH).column("validation_objective").null_count == 0


OWN = """
experiments:
  own: {seeds: [0], data: {folder: own}}
"""


def write_own(project: Project, split: str, label: int) -> None:
    features = pa.FixedSizeListArray.from_arrays(pa.array(np.linspace(-1, 1, 24, dtype=np.float32)), 3)
    (project.folder / "own").mkdir(exist_ok=True)
    table = pa.table({"features": features, "label": pa.array([0, label] * 4, type=pa.int64())})
    pq.write_table(table, project.folder / f"own/{split}.parquet")


def test_own_data_are_inputs_and_mistakes_in_them_one_sentence(copy: Copy) -> None:
    project = copy()
    configs = ("config/small.yaml", project.write_config(OWN))
    target = "results-small/own/seed0/train.parquet"
    missing = project.snakemake(target, configs=configs)
    assert missing.returncode != 0
    assert "error: experiments.own.data.folder is 'own', but own/train.parquet does not exist" in missing.stdout
    for split, label in (("train", 1), ("desired", 1), ("test", 2)):
        write_own(project, split, label)
    wrong = project.snakemake(target, configs=configs)
    assert wrong.returncode != 0  # although the script's output goes through a pipe
    assert wrong.stdout.splitlines()[-1].startswith("error: own/test.parquet")
    assert "Traceback" not in wrong.stdout
    write_own(project, "test", 1)
    right = project.snakemake(target, configs=configs)
    assert right.returncode == 0, right.stdout
    assert project.plan(target, configs=configs).jobs == {}
    write_own(project, "desired", 0)
    # Content counts, not the date: a copy keeps an old one, and a clock may jump back.
    os.utime(project.folder / "own/desired.parquet", (0, 0))
    assert project.plan(target, configs=configs).jobs == {"generate_data": 1}
    write_own(project, "desired", 1)
    os.utime(project.folder / "own/desired.parquet", (4e9, 4e9))
    assert project.plan(target, configs=configs).jobs == {}


def test_the_default_config_plans_the_papers_perceptron(bare: Project) -> None:
    planned = bare.plan(configs=()).jobs
    assert planned["search-perceptron"] == planned["search-perceptron_noisy"] == 5
    assert "search-perceptron_paper" not in planned
    assert planned["report"] == 1


def test_experiments_and_the_report_are_targets_by_name(bare: Project) -> None:
    paper = bare.plan("perceptron_paper", configs=()).jobs
    assert paper["search-perceptron_paper"] == 3
    assert paper["report_of_experiment"] == paper["perceptron_paper"] == 1
    assert "search-perceptron" not in paper
    assert bare.plan("report", configs=()).jobs.keys() == bare.plan(configs=()).jobs.keys() - {"all"}


def test_a_sweep_is_a_target_by_the_name_it_was_given(copy: Copy) -> None:
    project = copy()
    overlay = project.write_config(
        "experiments: {k: {extends: perceptron, in_all: false, seeds: [0], sweep: {data.desired_examples: [8, 16]}}}"
    )
    planned = project.plan("k", configs=("config/small.yaml", overlay)).jobs
    assert planned["search-k"] == 2
    assert planned["report_of_experiment"] == 2
    assert project.plan(configs=("config/small.yaml", overlay)).jobs == {}


TRANSFERRED = """
experiments:
  moved:
    extends: perceptron
    in_all: false
    seeds: [1]
    policies: [conventional, near_optimal, transferred]
    transfer_from: perceptron
    initialisation: 1
    search: {iterations: 3, snapshots: []}
"""


def test_a_policy_is_transferred_to_another_initialisation(copy: Copy) -> None:
    project = copy()
    configs = ("config/small.yaml", project.write_config(TRANSFERRED))
    run = project.snakemake("transfer", configs=configs)
    assert run.returncode == 0, run.stdout
    source, moved = (project.results / f"{name}/seed1" for name in ("perceptron", "moved"))
    assert not artifacts.read(source / "theta0.parquet", THETA0).equals(
        artifacts.read(moved / "theta0.parquet", THETA0)
    )
    weights, transferred, own = (
        artifacts.matrix(artifacts.read(path, POLICY), "weights")
        for path in (
            source / "policies/near_optimal.parquet",
            moved / "policies/transferred.parquet",
            moved / "policies/near_optimal.parquet",
        )
    )
    np.testing.assert_array_equal(transferred, weights)
    assert (own != weights).any()
    rows = artifacts.read(project.results / "transfer.parquet", TRANSFER).to_pylist()
    assert [(row["source"], row["experiment"], row["against"]) for row in rows] == [
        ("perceptron", "moved", "desired"),
        ("perceptron", "moved", "test"),
    ]
    assert rows[0]["changed"] == "another initialisation"
    assert rows[0]["transferred"] < rows[0]["conventional"]
    assert (project.results / "transfer.svg").is_file()
    assert "another initialisation" in (project.results / "transfer.html").read_text()
    assert project.plan("transfer", configs=configs).jobs == {}
    # Whatever the source's policy depends on, the transferred one does.
    deeper = project.write_config(f"{TRANSFERRED}  perceptron: {{search: {{iterations: 9}}}}\n")
    planned = project.plan("transfer", configs=("config/small.yaml", deeper)).jobs
    assert planned["search-perceptron"] == planned["make_policy"] == planned["train"] == 1
    assert not {"search-moved", "train_with_contributions", "initialise"} & set(planned)


def test_without_a_transferred_policy_there_is_nothing_to_compare(copy: Copy) -> None:
    run = copy().snakemake("transfer")
    assert run.returncode != 0
    assert "error: no experiment of this config transfers a policy" in run.stdout


WITHOUT_SEARCH = """
experiments:
  perceptron_noisy: {policies: [conventional, near_optimal, conventional_tuned, clean_only_tuned, online_tuned]}
"""


def test_weights_without_a_search_are_compared_where_they_are(copy: Copy) -> None:
    project = copy()
    run = project.snakemake("compare_online")
    assert run.returncode != 0
    assert "error: no experiment of this config has weights without a search" in run.stdout
    configs = ("config/small.yaml", project.write_config(WITHOUT_SEARCH))
    run = project.snakemake("compare_online", configs=configs)
    assert run.returncode == 0, run.stdout
    assert "| perceptron | 10 % | 64 | 1 |" in run.stdout
    rows = artifacts.read(project.results / "online.parquet", ONLINE).to_pylist()
    assert {row["experiment"] for row in rows} == {"perceptron_noisy"}
    by_policy = {row["policy"]: row for row in rows if row["against"] == "test"}
    summary = artifacts.read(project.results / "perceptron_noisy/seed0/summary.parquet", SUMMARY).to_pylist()
    stored = {row["policy"]: row["objective_test"] for row in summary if not row["policy"].startswith("search_")}
    assert by_policy.keys() == stored.keys() - {"near_optimal"}
    assert {name: row["objective"] for name, row in by_policy.items()} == {name: stored[name] for name in by_policy}
    assert (project.results / "online.svg").is_file()
    assert (project.results / "online.html").is_file()
    assert project.plan("compare_online", configs=configs).jobs == {}
    assert "compare_online" not in project.plan(configs=configs).jobs


def test_an_overlay_without_experiments_is_laid_over_the_default(copy: Copy) -> None:
    project = copy()
    target = "results-mine/perceptron/seed4/search.parquet"
    planned = project.plan(target, configs=(project.write_config("name: mine"),))
    assert planned.jobs == {"generate_data": 1, "initialise": 1, "search-perceptron": 1}


@pytest.mark.parametrize(
    "arguments", [[], ["--configfile", "mine.yaml"], ["--configfile", "mine.yaml", "--replace-workflow-config"]]
)
def test_the_default_config_lies_beside_the_snakefile_from_whatever_folder(
    bare: Project, tmp_path: Path, arguments: list[str]
) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "mine.yaml").write_text("name: mine")
    everything = ["-n", "-s", str(bare.folder / "Snakefile"), "-d", ".", "--cores", "1", *arguments]
    run = forked.run(everything, elsewhere, bare.folder)
    assert run.returncode == 0, run.stdout
    assert Plan.read(run.stdout).jobs == bare.plan(configs=()).jobs
    assert ("results-mine/" in run.stdout) == bool(arguments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "experiments: {perceptron: {training: {stesp: 3}}}",
            "error: experiments.perceptron.training.stesp is not a known key: did you mean 'steps'? "
            "Known keys here: learning_rate, precision, steps.",
        ),
        (
            "experiments: {perceptron: {training: {learning_rate: 1e-3}}}",
            "error: experiments.perceptron.training.learning_rate is '1e-3', expected a number above 0 "
            "(YAML reads 1e-3 as text: a number in this form needs a dot and a sign, such as 1.0e-3).",
        ),
    ],
)
def test_a_mistake_in_the_config_ends_in_one_sentence(copy: Copy, text: str, expected: str) -> None:
    project = copy()
    run = project.snakemake(configs=("config/small.yaml", project.write_config(text)))
    assert run.returncode == 1
    lines = [line for line in run.stdout.splitlines() if not line.startswith("Using workflow specific profile")]
    assert lines == [expected]


def test_snakemakes_own_report_has_every_figure_and_no_broken_caption(copy: Copy) -> None:
    project = copy()
    page = project.folder / "snakemake-report.html"
    run = project.snakemake("--report", page.name)
    assert run.returncode == 0, run.stdout
    text = page.read_text()
    assert "System Message" not in text
    figures = list((project.results / "perceptron/figures").glob("*.svg"))
    assert figures
    for figure in figures:
        assert figure.stem in text


def test_the_numbers_are_those_recorded(small: Project) -> None:
    numbers, recorded = reproduce.values(small.results), reproduce.recorded()
    assert {name: set(policies) for name, policies in numbers.items()} == {
        name: set(policies) for name, policies in recorded.items()
    }
    # A search may amplify the rounding of another processor: its numbers are for `make reproduce`.
    ours, theirs = (
        {name: {"conventional": policies["conventional"]} for name, policies in of.items()}
        for of in (numbers, recorded)
    )
    assert reproduce.differences(ours, theirs) == []


def test_snakemake_still_has_its_limit_of_jobs_where_the_workflow_takes_it_away() -> None:
    """`onstart` in the Snakefile: without the limit nothing looks at the waiting jobs again and again."""
    for part in (JobScheduler.job_selector, JobScheduler.schedule):
        assert "if self.job_rate_limiter is" in inspect.getsource(part)
