"""Resolving a config: what is accepted, what it resolves to, and the one sentence for every mistake."""

import copy
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lawpipe.config import block, document, plan
from lawpipe.config.experiment import FEWEST_HELD_OUT_OF, ConfigFile, Experiment, json_schema
from lawpipe.config.presets import PRESETS
from lawpipe.config.resolve import RESERVED_NAMES, Config, resolve
from lawpipe.problems.base import EVERY
from lawpipe.run.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
PROBLEMS = tuple(PRESETS)


def resolved(experiments: dict[str, Any], name: str = "mine") -> Config:
    return resolve({"name": name, "experiments": experiments})


def sentences(experiments: Any, name: Any = "mine") -> list[str]:
    with pytest.raises(InputError) as caught:
        resolve({"name": name, "experiments": experiments})
    every = str(caught.value).split("\n")
    assert all(text.endswith((".", "?")) for text in every)
    return every


def sentence(experiments: Any, name: Any = "mine") -> str:
    (text,) = sentences(experiments, name)
    return text


def test_an_empty_experiment_is_the_papers() -> None:
    settings = resolved({"a": {}}).experiments["a"]
    data, training = settings["data"], settings["training"]
    assert (data["dimension"], data["train_examples"], data["desired_examples"]) == (128, 4096, 512)
    assert (training["steps"], training["learning_rate"], settings["seeds"]) == (2000, 0.1, [0, 1, 2, 3, 4])


def test_results_folder_follows_the_name() -> None:
    assert resolved({"a": {}}, "default").root == "results"
    assert resolved({"a": {}}, "small").root == "results-small"


def test_equal_numbers_are_equal_settings() -> None:
    training = resolved({"a": {"training": {"steps": 7.0, "learning_rate": 1}}}).experiments["a"]["training"]
    assert repr(training["steps"]) == "7"
    assert repr(training["learning_rate"]) == "1.0"


def test_extends_merges_blocks_along_the_chain() -> None:
    config = resolved(
        {
            "c": {"extends": "b", "data": {"flip_fraction": 0.5}},
            "a": {"data": {"dimension": 3, "flip_fraction": 0.1}, "seeds": [1, 2]},
            "b": {"extends": "a", "seeds": [7], "in_all": False},
        }
    )
    settings = config.experiments["c"]
    assert settings["data"]["dimension"] == 3
    assert settings["data"]["flip_fraction"] == 0.5
    assert settings["seeds"] == [7]
    assert config.experiments["a"]["seeds"] == [1, 2]
    assert config.in_all == ("a",)


def test_resolving_changes_nothing_it_was_given() -> None:
    raw = {"name": "mine", "experiments": {"a": {"search": {"preset": "paper"}}, "b": {"extends": "a"}}}
    before = copy.deepcopy(raw)
    resolve(raw)
    assert raw == before


@pytest.mark.parametrize(
    ("preset", "rate", "decay"), [("paper", 0.01, "constant"), ("public_script", 0.001, "linear")]
)
def test_presets(preset: str, rate: float, decay: str) -> None:
    search = resolved({"a": {"search": {"preset": preset}}}).experiments["a"]["search"]
    assert search["method"] == "projected_gradient"
    assert (search["iterations"], search["rate"], search["decay"]) == (500, rate, decay)


def test_a_preset_replaces_what_is_inherited_and_yields_to_keys_next_to_it() -> None:
    inherited = {"method": "projected_gradient", "rate": 5.0, "iterations": 3, "gap_tolerance": 0.1}
    own = {"preset": "paper", "iterations": 20}
    search = resolved({"a": {"search": inherited}, "b": {"extends": "a", "search": own}}).experiments["b"]["search"]
    assert (search["rate"], search["iterations"], search["gap_tolerance"]) == (0.01, 20, 0.1)


def test_snapshots_follow_the_iterations_unless_given() -> None:
    def snapshots(**search: Any) -> list[int]:
        iterations: list[int] = resolved({"a": {"search": search}}).experiments["a"]["search"]["snapshots"]
        return iterations

    assert snapshots(iterations=30) == [1, 2, 4, 8, 16]
    assert snapshots(iterations=1) == [1]
    assert snapshots(iterations=4, snapshots=[]) == []
    assert snapshots(iterations=9999) == [2**power for power in range(2, 14)]


def test_a_sweep_makes_an_experiment_of_each_combination() -> None:
    config = resolved(
        {
            "base": {"sweep": {"training.steps": [1]}, "data": {"dimension": 3}},
            "k": {"extends": "base", "sweep": {"data.desired_examples": [8, 16], "training.learning_rate": [0.1, 1]}},
        }
    )
    names = tuple(f"k-desired_examples{k}-learning_rate{rate}" for k in (8, 16) for rate in ("0.1", "1"))
    assert config.groups == {"base": ("base-steps1",), "k": names}
    assert list(config.experiments) == ["base-steps1", *names]
    last = config.experiments[names[-1]]
    assert (last["data"]["desired_examples"], last["data"]["dimension"]) == (16, 3)
    assert last["training"]["learning_rate"] == 1.0
    assert last["training"]["steps"] == 2000  # a sweep is not inherited


def test_a_sweep_over_presets() -> None:
    config = resolved({"a": {"sweep": {"search.preset": ["paper", "public_script"]}}})
    rates = {name: settings["search"]["rate"] for name, settings in config.experiments.items()}
    assert rates == {"a-presetpaper": 0.01, "a-presetpublic_script": 0.001}


MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"training": {"stesp": 3}}, ["experiments.a.training.stesp", "did you mean 'steps'?", "learning_rate"]),
    ({"trainig": {}}, ["experiments.a.trainig", "did you mean 'training'?"]),
    ({"training": {"learning_rate": "1e-3"}}, ["a.training.learning_rate", "'1e-3'", "above 0", "1.0e-3"]),
    ({"training": {"learning_rate": "0.1"}}, ["'0.1'", "without quotes"]),
    ({"training": {"learning_rate": "1e999"}}, ["'1e999'", "expected a number above 0."]),
    ({"training": {"learning_rate": "fast"}}, ["'fast'", "expected a number above 0."]),
    ({"training": {"learning_rate": math.inf}}, ["Infinity", "finite"]),
    ({"data": {"desired_mean": math.nan}}, ["a.data.desired_mean", "NaN", "finite"]),
    ({"data": {"desired_mean": 10**400}}, ["a.data.desired_mean", "finite"]),
    ({"training": {"steps": 0}}, ["a.training.steps is 0", "a whole number from 1 to"]),
    ({"training": {"steps": 1.5}}, ["1.5", "a whole number"]),
    ({"training": {"steps": True}}, ["true", "a whole number"]),
    ({"training": {"steps": None}}, ["null", "a whole number"]),
    ({"training": {"precision": "float16"}}, ["'float16'", "'tf32' or 'bfloat16'"]),
    ({"training": {"precision": "tf32"}}, ["training.precision is tf32", "float32 or float64"]),
    ({"training": []}, ["experiments.a.training is []", "a mapping"]),
    ({"data": {"flip_fraction": 1.1}}, ["a.data.flip_fraction is 1.1", "from 0 to 1"]),
    ({"data": {"duplicates": 2, "flip_fraction": 0.1}}, ["a.data.duplicates is 2", "flip_fraction is 0.1", "to 0"]),
    ({"data": {"dependent": 2, "folder": "x"}}, ["a.data.dependent is 2", "a.data.folder"]),
    ({"data": {"duplicates": 2000, "dependent": 100}}, ["train_examples is 4096", "at least 4300"]),
    ({"data": {"folder": "/data"}}, ["a.data.folder", "'/data'", "inside the working folder"]),
    ({"data": {"folder": "x/../../data"}}, ["a.data.folder", "inside the working folder"]),
    ({"seeds": [1, 3, 3]}, ["a.seeds holds 3 twice"]),
    ({"seeds": []}, ["a.seeds is []", "at least one"]),
    ({"seeds": [0, "x"]}, ["a.seeds[1] is 'x'"]),
    ({"policies": ["conventional"]}, ["a.policies", "near_optimal"]),
    ({"policies": ["conventional", "near_optimum"]}, ["a.policies[1] is 'near_optimum'", "'near_optimal'"]),
    (
        {"policies": ["conventional", "near_optimal", "near_optimal_at_tuned_rate"]},
        ["a.policies holds near_optimal_at_tuned_rate", "made from conventional_tuned", "add conventional_tuned"],
    ),
    ({"controls": {"evaluations": 0}}, ["a.controls.evaluations is 0", "from 1 to 9999"]),
    ({"in_all": "yes"}, ["a.in_all is 'yes'", "true or false"]),
    ({"search": {"method": "projected_gradient"}}, ["a.search.rate is missing", "projected_gradient"]),
    (
        {"problem": "language_model", "search": {"method": "dynamic_programming"}},
        ["a.search.method", "needs problem: perceptron"],
    ),
    ({"processes": 2, "search": {"method": "steered_descent"}}, ["a.search.method", "processes is 2: set it to 1"]),
    ({"processes": 3, "nodes": 2}, ["a.nodes is 2", "divides that of the processes, 3", "set processes to 2"]),
    ({"search": {"rate": 0.1}}, ["a.search.rate is 0.1", "feedback_descent sets its own step"]),
    ({"search": {"decay": "linear"}}, ["a.search.decay", "feedback_descent sets its own step"]),
    ({"search": {"snapshots": [4, 2]}}, ["a.search.snapshots", "rising", "[2, 4]"]),
    ({"search": {"snapshots": [2, 2]}}, ["a.search.snapshots holds 2 twice"]),
    ({"search": {"snapshots": list(range(1, 14))}}, ["a.search.snapshots", "at most 12"]),
    ({"search": {"iterations": 5, "snapshots": [9]}}, ["holds 9", "search.iterations", "5"]),
    ({"search": {"preset": "papers"}}, ["a.search.preset is 'papers'", "'paper', 'public_script' or null"]),
    ({"analysis": {"measured_steps": 101}}, ["a.analysis.measured_steps", "from 1 to 100"]),
    ({"extends": "b"}, ["a.extends is 'b'", "another experiment", "but there is no other."]),
    ({"extends": "a"}, ["experiments.a.extends", "circle (a -> a)"]),
    ({"sweep": {}}, ["a.sweep", "at least one key"]),
    ({"sweep": {"training.stesp": [1]}}, ["a.sweep.training.stesp", "did you mean 'training.steps'?"]),
    ({"sweep": {"seeds": [1]}}, ["a.sweep.seeds is not a known key"]),
    ({"sweep": {"nodes": [1, 2]}}, ["a.sweep.nodes is not a known key"]),
    ({"sweep": {"training.steps": 5}}, ["a.sweep.training.steps is 5", "a list"]),
    ({"sweep": {"training.steps": [5, 0]}}, ["a.sweep.training.steps[1] is 0", "a whole number"]),
    ({"sweep": {"training.steps": [5, 5]}}, ["a.sweep.training.steps holds 5 twice"]),
    ({"sweep": {"data.folder": ["x/y"]}}, ["a.sweep.data.folder[0]", "'x/y'", "folder's name"]),
    ({"policies": ["tuned"]}, ["a.policies[0] is 'tuned', which has the new name 'conventional_tuned'"]),
    ({"policies": ["near_optimal_tuned"]}, ["which has the new name 'near_optimal_at_tuned_rate': write that."]),
    ({1: {}}, ["experiments.a has the key 1", "in quotes"]),
    ({"data": {True: 1}}, ["experiments.a.data has the key true", "in quotes"]),
]


@pytest.mark.parametrize(("block", "expected"), MISTAKES, ids=lambda value: str(value)[:60])
def test_a_mistake_is_one_sentence(block: dict[str, Any], expected: list[str]) -> None:
    text = sentence({"a": block})
    for part in expected:
        assert part in text


TEXT = {"problem": "language_model"}


def test_a_language_model_has_its_own_keys_and_defaults() -> None:
    settings = resolved({"a": TEXT, "b": {}}).experiments
    text, plain = settings["a"], settings["b"]
    assert (text["data"]["train_examples"], text["training"]["steps"], text["model"]["heads"]) == (16384, 4000, 8)
    assert text["data"]["corpus"]["source"] == "grammar"
    assert "dimension" not in text["data"]
    assert "corpus" not in plain["data"]
    assert "model" not in plain


def test_presets_follow_the_problem() -> None:
    search = resolved({"a": TEXT | {"search": {"preset": "paper"}}}).experiments["a"]["search"]
    assert (search["method"], search["iterations"], search["rate"]) == ("projected_gradient", 15, 0.4)
    child = resolved({"b": {"search": {"preset": "public_script"}}, "a": TEXT | {"extends": "b"}}).experiments["a"]
    assert (child["search"]["iterations"], child["search"]["rate"], child["search"]["decay"]) == (20, 0.4, "linear")


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (TEXT | {"data": {"dimension": 3}}, "experiments.a.data.dimension belongs to the problem perceptron"),
        ({"model": {"heads": 2}}, "experiments.a.model belongs to the problem language_model"),
        ({"data": {"corpus": {}}}, "experiments.a.data.corpus belongs to the problem language_model"),
        (TEXT | {"model": {"heads": 3}}, "expected a multiple of model.heads, which is 3"),
        (TEXT | {"data": {"corpus": {"source": "file"}}}, "experiments.a.data.corpus.path is missing"),
        (TEXT | {"data": {"corpus": {"path": "a.txt"}}}, "set data.corpus.source to file"),
        (
            TEXT | {"data": {"corpus": {"source": "file", "path": "../a.txt"}}},
            "experiments.a.data.corpus.path is '../a.txt', expected a path inside the working folder",
        ),
        (TEXT | {"data": {"corpus": {"stories": None}}}, "such as 20000"),
        (TEXT | {"data": {"corpus": {"source": "web"}}}, "expected 'grammar', 'file' or 'hub'"),
        (TEXT | {"data": {"corpus": {"separator": ""}}}, "corpus.separator is '', expected text that is not empty"),
        (TEXT | {"data": {"corpus": {"revision": None}}}, "corpus.revision is null, expected text"),
        (TEXT | {"data": {"corpus": {"files": []}}}, "corpus.files is [], expected a list with at least one entry"),
        (
            TEXT | {"data": {"perturbation": {"mix": {"replace": 0, "delete": 0, "repeat": 0.0}}}},
            "experiments.a.data.perturbation.mix has only zeros",
        ),
        (TEXT | {"data": {"tokenizer": {"kind": "words"}}}, "expected 'bpe' or 'mistral'"),
        ({"sweep": {"problem": ["language_model"]}}, "experiments.a.sweep.problem is not a known key"),
    ],
)
def test_mistakes_in_a_language_model_experiment(block: dict[str, Any], expected: str) -> None:
    assert expected in sentence({"a": block})


MOVED = {"policies": ["conventional", "near_optimal", "transferred"], "transfer_from": "b"}


@pytest.mark.parametrize(
    ("block", "source", "expected"),
    [
        (MOVED | {"transfer_from": None}, {}, "experiments.a.transfer_from is missing: the policy transferred needs"),
        ({"transfer_from": "b"}, {}, "experiments.a.transfer_from is 'b', but no policy is transferred"),
        (MOVED | {"transfer_from": "bb"}, {}, "experiments.a.transfer_from is 'bb', expected an experiment"),
        (MOVED | {"transfer_from": "xyz"}, {}, "one of a, b."),
        (MOVED | {"transfer_from": 3}, {}, "experiments.a.transfer_from is 3, expected text or null"),
        (MOVED, TEXT, "experiments.a.transfer_from is 'b', whose problem is not the same"),
        (MOVED, {"data": {"dimension": 3}}, "experiments.a.transfer_from is 'b', whose data is not the same"),
        (MOVED, {"training": {"steps": 3}}, "experiments.a.transfer_from is 'b', whose training.steps is not"),
        (MOVED, {"seeds": [1, 2]}, "experiments.a.transfer_from is 'b', which has no seed 0"),
        (MOVED | {"initialisation": -1}, {}, "experiments.a.initialisation is -1, expected a whole number"),
    ],
)
def test_mistakes_in_a_transfer(block: dict[str, Any], source: dict[str, Any], expected: str) -> None:
    assert expected in sentence({"a": block, "b": source})


def test_a_transferred_policy_depends_on_what_its_source_depends_on() -> None:
    own = MOVED | {"initialisation": 2, "training": {"learning_rate": 0.3}}
    settings = resolved({"a": own, "b": {"search": {"iterations": 7}}}).experiments["a"]
    assert settings["transfer_from"]["experiment"] == "b"
    assert settings["transfer_from"]["search"]["iterations"] == 7
    assert settings["transfer_from"]["training"]["learning_rate"] == 0.1
    assert "initialisation" not in settings["transfer_from"]

    def of(stage: str, batch: str | None = None) -> dict[str, Any]:
        return plan.stage_settings(settings, stage, "a", seed=0, batch=batch)

    for stage in ("make_policy", "train"):
        assert of(stage, "transferred")["transfer_from"] == settings["transfer_from"]
        assert "search" not in of(stage, "transferred")
        assert "transfer_from" not in of(stage, "conventional")
    assert "transfer_from" not in of("search")
    assert of("summarise")["transfer_from"] == settings["transfer_from"]
    assert of("initialise")["initialisation"] == of("search")["initialisation"] == 2
    assert "initialisation" not in of("generate_data")


def test_null_keys_are_left_out_of_the_settings_of_a_stage() -> None:
    settings = resolved({"a": {}}).experiments["a"]
    assert settings["initialisation"] is None
    for stage in ("initialise", "search", "summarise"):
        assert not {"initialisation", "transfer_from"} & set(plan.stage_settings(settings, stage, "a", seed=0))


def test_a_file_of_stories_takes_the_place_of_the_hub() -> None:
    experiments = {"hub": TEXT | {"data": {"corpus": {"source": "hub"}}}, "grammar": TEXT, "plain": {}}
    settings = resolve({"name": "mine", "experiments": experiments}, stories="/data/mine.txt").experiments
    assert settings["hub"]["data"]["corpus"]["source"] == "file"
    assert settings["hub"]["data"]["corpus"]["path"] == "/data/mine.txt"
    assert settings["grammar"]["data"]["corpus"]["source"] == "grammar"


def test_resolving_imports_no_heavy_library() -> None:
    code = "import sys, lawpipe.config.resolve; print({'torch', 'pandas', 'pyarrow', 'scipy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_mistakes_outside_of_an_experiment() -> None:
    assert "did you mean 'near'?" in sentence({"near": {}, "b": {"extends": "nera"}})
    assert "circle (a -> b -> a)" in sentence({"a": {"extends": "b"}, "b": {"extends": "a"}})
    assert "experiments.A is not a possible name" in sentence({"A": {}})
    assert "experiments.search has a name that lawpipe itself uses" in sentence({"search": {}})
    assert "experiments is {}" in sentence({})
    assert "experiments.a is null, expected a mapping" in sentence({"a": None})
    assert "in_all" in sentence({"a": {"in_all": False}})
    assert "name is 'X y', expected small letters" in sentence({"a": {}}, name="X y")
    with pytest.raises(InputError, match="name is missing"):
        resolve({"experiments": {"a": {}}})
    with pytest.raises(InputError, match=r"^experimets is not a known key: did you mean 'experiments'\?"):
        resolve({"name": "mine", "experimets": {"a": {}}})


def test_no_experiment_can_take_the_name_of_a_rule() -> None:
    command = [sys.executable, "-m", "snakemake", "--list-rules", "--configfile", "config/small.yaml"]
    rules = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    # The experiments are rules as well; the names of their searches, with a hyphen, are no possible names.
    names = {name for name in rules if "-" not in name} - {"perceptron", "perceptron_noisy", "stories"}
    assert {"all", "train", "train_with_contributions", "transfer", "compare_laws", "describe"} <= names
    assert names <= set(RESERVED_NAMES)


def test_an_unknown_key_is_named_before_what_it_leaves_missing() -> None:
    unknown, *others = sentences({"a": {"search": {"metod": "projected_gradient"}, "seeds": []}})
    assert "metod" in unknown
    assert len(others) == 1
    with pytest.raises(InputError, match=r"^name_ is not a known key: did you mean 'name'\? [^\n]*$"):
        resolve({"name_": "mine", "experiments": {"a": {}}})


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        resolve({"experiments": {"a": {"training": {"learning_rate": "fast", "steps": 0}, "polices": []}}})
    starts = [text.partition(" is ")[0] for text in str(caught.value).split("\n")]
    assert starts == [
        "experiments.a.polices",
        "name",
        "experiments.a.training.learning_rate",
        "experiments.a.training.steps",
    ]


def test_experiments_are_checked_together_even_if_some_are_wrong() -> None:
    messages = sentences(
        {
            "wrong": {"training": {"learning_rate": "fast"}},
            "child": {"extends": "wrong", "transfer_from": "wrong"},  # says nothing of what it extends
            "search": {},
            "text": TEXT
            | {
                "policies": ["conventional", "static_"],
            },
            "b": TEXT
            | {
                "data": {
                    "corpus": {"source": "file"},
                    "perturbation": {"mix": {"replace": 0, "delete": 0, "repeat": 0}},
                },
                "model": {"hidden": 7, "heads": 2},
                "search": {"rate": 0.1, "decay": "linear", "snapshots": [99, 1]},
                "policies": ["conventional"],
            },
            "c": {"extends": "nothing"},
            "d": {"sweep": {"training.stesp": [1], "training.steps": [0, "x", 3]}},
            "e": {"model": {"hidden": 8}, "data": {"length": 3}},
        }
    )
    keys = [text.split()[0] for text in messages]
    assert keys == [
        "experiments.text.policies[1]",
        "experiments.wrong.training.learning_rate",
        "experiments.search",
        "experiments.b.policies",
        "experiments.b.data.corpus.path",
        "experiments.b.data.perturbation.mix",
        "experiments.b.model.hidden",
        "experiments.b.search.rate",
        "experiments.b.search.decay",
        "experiments.b.search.snapshots",
        "experiments.b.search.snapshots",
        "experiments.c.extends",
        "experiments.d.sweep.training.stesp",
        "experiments.d.sweep.training.steps[0]",
        "experiments.d.sweep.training.steps[1]",
        "experiments.e.data.length",
        "experiments.e.model",
    ]


def test_every_key_has_a_description_a_source_and_a_default() -> None:
    for path, problem, field, meaning in (*block.keys(ConfigFile), *block.keys(Experiment)):
        assert meaning, path
        assert block.marks(field)["source"], path
        assert field.is_required() == (path in ("name", "experiments")), path
        assert set(block.marks(field).get("defaults", PROBLEMS)) == set(PROBLEMS), path
        assert problem in (None, *PROBLEMS), path


def test_every_mapping_of_the_schema_refuses_unknown_keys() -> None:
    models = [json_schema(), *json_schema()["$defs"].values()]
    assert len(models) == 12
    assert all(rules["additionalProperties"] is False for rules in models)


def test_the_schema_file_and_the_readme_are_up_to_date() -> None:
    document.main(["--check"])


def test_every_key_is_in_one_table_of_the_readme() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| .* \| .* \| .* \|$", document.README.read_text(), re.MULTILINE)
    keys = [path for model in (ConfigFile, Experiment) for path, *_ in block.keys(model)]
    assert sorted(rows) == sorted(keys)


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_configs_are_valid(path: Path) -> None:
    assert resolve(yaml.safe_load(path.read_text())).name == path.stem.replace("config", "default")


@pytest.mark.parametrize("name", ["config", "small"])
def test_the_noisy_perceptron_differs_by_its_flips_alone(name: str) -> None:
    config = resolve(yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
    alike: dict[str, Any] = {"seeds": [0], "policies": []}
    noisy, plain = (config.experiments[name] | alike for name in ("perceptron_noisy", "perceptron"))
    assert noisy["data"].pop("flip_fraction") == 0.1
    assert plain["data"].pop("flip_fraction") == 0.0
    assert noisy == plain


def test_the_default_config_writes_out_what_the_schema_defaults_to() -> None:
    written = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config = resolve(written)
    policies = config.experiments["perceptron"]["policies"]
    assert config.experiments["perceptron"] == resolved({"a": {"policies": policies}}).experiments["a"]
    paper = config.experiments["perceptron_paper"]
    assert not paper["in_all"]
    assert paper["policies"] == ["conventional", "near_optimal"]
    assert paper["search"]["preset"] == "paper"


def test_stage_settings_hold_what_determines_the_stage_and_no_more() -> None:
    settings = resolved({"a": {"seeds": [4, 5]}}).experiments["a"]

    def keys(stage: str, **of: Any) -> set[str]:
        determining = plan.stage_settings(settings, stage, "a", **of)
        assert determining["experiment"] == "a"
        return set(determining) - {"experiment", "problem"}

    assert keys("generate_data", seed=4) == {"seed", "data"}
    assert keys("search", seed=4) == {"seed", "data", "training", "device", "search"}
    assert "search" not in keys("train", seed=4, batch="conventional")
    assert "search" in keys("train", seed=4, batch="near_optimal")
    assert "analysis" in keys("train", seed=4, batch="conventional")
    assert plan.stage_settings(settings, "describe", "a")["seeds"] == [4, 5]


def test_batches_join_the_search_and_keep_others_apart() -> None:
    settings = resolved({"a": {"search": {"iterations": 20, "snapshots": [3, 20]}}}).experiments["a"]
    assert plan.batches(settings, 0) == {
        "conventional": ["conventional"],
        "near_optimal": ["near_optimal", "search_0003", "search_0020"],
    }


def test_controls_with_a_search_are_of_the_first_seeds_alone() -> None:
    names = ["conventional", "near_optimal", "conventional_tuned", "static", "near_optimal_at_tuned_rate"]
    block = {"seeds": [7, 3, 5], "policies": names, "controls": {"seeds": 2}}
    settings = resolved({"a": block}).experiments["a"]
    assert [list(plan.batches(settings, seed)) for seed in (7, 3, 5)] == [names, names, names[:3]]
    assert "policies/static.parquet" in plan.tables(settings, 3)
    assert "learning_rates/conventional_tuned.parquet" in plan.tables(settings, 5)
    for files in (plan.tables, plan.parts, plan.costs):
        assert not [path for path in files(settings, 5) if "static" in path or "near_optimal_at_tuned_rate" in path]
        assert len(files(settings, 7)) > len(files(settings, 5))


def test_a_control_depends_on_what_it_is_made_from_and_on_its_own_search() -> None:
    names = [
        "conventional",
        "near_optimal",
        "conventional_tuned",
        "static",
        "near_optimal_at_tuned_rate",
        "near_optimal_matched",
    ]
    settings = resolved({"a": {"policies": names}}).experiments["a"]

    def search(policy: str, stage: str = "make_policy") -> Any:
        return plan.stage_settings(settings, stage, "a", seed=0, batch=policy).get("search")

    for stage in ("make_policy", "train"):
        assert search("conventional_tuned", stage) is None
        assert search("near_optimal_matched", stage) == settings["search"]
        for policy in plan.SEARCHED_CONTROLS:
            determining = plan.stage_settings(settings, stage, "a", seed=0, batch=policy)
            assert determining["controls"] == {"evaluations": 15}
            assert "method" in determining["search"]
            assert not {"iterations", "snapshots"} & set(determining["search"])
    assert search("near_optimal_at_tuned_rate")["method"] == "feedback_descent"
    assert search("static")["method"] == "mirror_descent"


def test_several_processes_are_a_setting_of_what_depends_on_a_search() -> None:
    raw = {"name": "mine", "experiments": {"one": {}, "two": {"processes": 2}}}
    one, two = resolve(raw).experiments.values()

    def differ(stage: str, batch: str | None = None) -> bool:
        return plan.stage_settings(one, stage, "a", seed=0, batch=batch) != plan.stage_settings(
            two, stage, "a", seed=0, batch=batch
        )

    assert all(differ(stage) for stage in ("search", "summarise"))
    assert all(differ("make_policy", policy) for policy in ("static", "near_optimal_matched"))
    assert differ("train", "near_optimal")
    assert not any(differ(stage) for stage in ("generate_data", "initialise"))
    assert not differ("make_policy", "conventional_tuned")
    assert not differ("train", "conventional")


def test_the_number_of_nodes_changes_no_result() -> None:
    raw = {"name": "mine", "experiments": {"one": {"processes": 4}, "two": {"processes": 4, "nodes": 2}}}
    one, two = resolve(raw).experiments.values()
    for stage in (name for name in plan.STAGES if name != "prepare_corpus"):
        batch = "near_optimal" if stage in ("make_policy", "train") else None
        assert len({repr(plan.stage_settings(own, stage, "a", seed=0, batch=batch)) for own in (one, two)}) == 1


def test_a_policy_that_trains_on_the_desired_examples_needs_enough_to_hold_some_out() -> None:
    assert FEWEST_HELD_OUT_OF == EVERY
    policies = ["conventional", "near_optimal", "desired_mixed_tuned"]
    few = {"data": {"desired_examples": EVERY - 1}}
    assert sentence({"a": few | {"policies": policies}}) == (
        "experiments.a.data.desired_examples is 3, expected at least 4 for desired_mixed_tuned, which trains on the "
        "desired examples and is chosen by a quarter of them: take more, or leave it out."
    )
    assert resolved({"a": few, "b": {"policies": policies, "data": {"desired_examples": EVERY}}})
