"""The findings of the page: sentences generated from the numbers of one experiment, or of all."""

import math
from collections.abc import Iterable, Sequence
from functools import partial

from lawpipe.analysis.intervals import Interval
from lawpipe.paper import values as paper
from lawpipe.paper.values import Difference
from lawpipe.report.comparison import in_mixed_units
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval, number, percent, plural
from lawpipe.results.problem import Settings
from lawpipe.run.splits import REFERENCES

POLICIES = ("conventional", "near_optimal")
OBJECTIVES = [f"objective_{against}" for against in REFERENCES]
SIMILARITIES = {"instantaneous": "similarity_desired", "adjoint": "adjoint_similarity_desired"}
#: The names of the paper's models.
MODELS = {problem.PERCEPTRON: "perceptron", problem.LANGUAGE_MODEL: "transformer"}
#: The overview names this many settings that differ from the paper's; of more, it gives the number.
NAMED = 2


def overview(experiments: Sequence[Results], hardware: Sequence[str], seconds: float) -> list[str]:
    """Return five sentences on all experiments, the machines that computed them, and the total time of all jobs."""
    names = dict.fromkeys(problem.name(results.settings) for results in experiments)
    published = ", ".join(f"{paper.values(name, 'Fig 5')[0].text} for its {MODELS[name]}" for name in names)
    tasks = "; ".join(f"{each.name} ({plural(len(each.seeds), 'seed')}, {_short_task(each)})" for each in experiments)
    machines = "; ".join(hardware) or "a machine that was not recorded"
    return [
        f"{plural(len(experiments), 'experiment')}, computed on {machines}, in {duration(seconds)} of jobs: {tasks}.",
        "On the desired examples, which the search optimises, the near-optimal policy's "
        f"{_changes(experiments, 'desired')} (the paper: {published}).",
        f"On test examples, which the search never sees, its {_changes(experiments, 'test')}.",
        "The mean similarity of the contributions on the desired loss, which by the paper's law has no bound at the "
        f"optimum, changed from conventional to near-optimal: {'; '.join(map(_similarities, experiments))}.",
        "The Frank-Wolfe gap, which is 0 at first-order stationarity, is still "
        f"{'; '.join(map(_remaining, experiments))}.",
    ]


def duration(seconds: float) -> str:
    """Write a time in hours, minutes or seconds."""
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{number(seconds / size, 2)} {unit}"
    return f"{number(seconds, 2)} seconds"


def _short_task(results: Results) -> str:
    """Say whether the task is the paper's, and otherwise in which or in how many settings it differs."""
    differences = paper.differences(results.settings)
    if len(differences) > NAMED:
        return f"{len(differences)} settings not the paper's"
    return "; ".join(map(difference, differences)) or "the paper's task"


def difference(setting: Difference) -> str:
    """Say how a setting differs from the paper's."""
    return f"{paper.words(setting.key)} {setting.here} instead of {setting.paper}"


def _both(results: Results, quantity: str) -> tuple[Interval, Interval]:
    """Return a quantity of the conventional and of the near-optimal policy."""
    conventional, near_optimal = (results.quantity(policy, quantity) for policy in POLICIES)
    return conventional, near_optimal


def _relative_change(results: Results, against: str) -> float:
    """Return the relative change of J from the conventional to the near-optimal policy; NaN if it is not known."""
    before, after = _both(results, f"objective_{against}")
    return after.mean_or_nan / before.mean_or_nan - 1


def _changes(experiments: Sequence[Results], against: str) -> str:
    """Say how J changed in each experiment, and how much sooner the conventional policy's final loss is reached."""
    changes, accelerations = [], []
    for results in experiments:
        change = _relative_change(results, against)
        lower = f"{percent(abs(change))} {'lower' if change < 0 else 'higher'}"
        changes.append(f"{lower if math.isfinite(change) else 'not finite'} in {results.name}")
        acceleration = results.quantity("near_optimal", f"acceleration_{against}")
        accelerations.append(f"{_sooner(acceleration)} in {results.name}")
    return (
        f"J is {enumeration(changes)} than under the conventional policy, whose final loss is reached "
        f"{enumeration(accelerations)}"
    )


def _sooner(acceleration: Interval) -> str:
    """Say how much sooner the conventional policy's final loss was reached, and in how many seeds."""
    if not acceleration.n_reached:
        return "never"
    partly = acceleration.n_reached < acceleration.n
    seeds = f" ({acceleration.n_reached} of {plural(acceleration.n, 'seed')})" if partly else ""
    return f"{interval(acceleration, count_seeds=False)} times sooner{seeds}"


def enumeration(parts: Sequence[str]) -> str:
    """Join parts of a sentence: a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _similarities(results: Results) -> str:
    """Say how the mean similarities changed, without intervals."""
    means = {kind: [number(value.mean) for value in _both(results, name)] for kind, name in SIMILARITIES.items()}
    changes = " and ".join(f"{kind} {before} to {after}" for kind, (before, after) in means.items())
    return f"{changes} in {results.name}"


def _remaining(results: Results) -> str:
    """Say how large the near-optimal policy's gap is, and which weight the corrupted examples kept."""
    gap, objective = (results.quantity("near_optimal", name).mean_or_nan for name in ("gap", "objective_desired"))
    text = f"{percent(gap / objective)} of J in {results.name}"
    share = problem.corrupted_share(results.settings)
    if not share:
        return text
    weight = percent(results.quantity("near_optimal", "weight_on_perturbed").mean)
    corrupted = f"the {problem.corruption(results.settings)} examples, {percent(share)} of all,"
    return f"{text}, where {corrupted} kept {weight} of the weight"


def sentences(results: Results) -> list[str]:
    """Return the findings of an experiment, one sentence each."""
    parts = (_setup, _objective, _acceleration, _test, _corrupted, _stationarity)
    return [sentence for sentence in (part(results) for part in parts) if sentence]


def _setup(results: Results) -> str:
    """Say what was run."""
    settings = results.settings
    data, training, search = settings["data"], settings["training"], settings["search"]
    differences = "; ".join(map(difference, paper.differences(settings)))
    task = f"not the paper's task: {differences}" if differences else "the paper's task"
    published = paper.SETTINGS[problem.name(settings)]["search"]["iterations"]
    return (
        f"{plural(len(results.seeds), 'seed')} of {_model(settings)}, {data['train_examples']} training and "
        f"{data['desired_examples']} desired examples, {training['steps']} steps at learning rate "
        f"{training['learning_rate']} ({task}); the policy was searched with "
        f"{str(search['method']).replace('_', ' ')}, at most {plural(search['iterations'], 'iteration')} "
        f"(the paper: projected gradient, {published})."
    )


def _model(settings: Settings) -> str:
    """Describe the model and its data."""
    data = settings["data"]
    if problem.name(settings) == problem.PERCEPTRON:
        return f"a perceptron with {data['dimension']} features"
    model = settings["model"]
    return (
        f"a language model of {plural(model['layers'], 'layer')} of width {model['hidden']} with "
        f"{data['tokenizer']['vocabulary']} ids, on texts of {data['length']} tokens of which "
        f"{percent(data['perturbation']['fraction'])} are perturbed in training"
    )


def _objective(results: Results) -> str:
    """Say how far the objective fell on the desired examples."""
    before, after = _both(results, "objective_desired")
    ratios = _both(results, "compression_ratio_desired")
    published = paper.values(problem.name(results.settings), "Fig 4")
    unit = ""
    if any(value.mixed_units for value in published):
        mixed = " and ".join(interval(in_mixed_units(ratio)) for ratio in ratios)
        unit = f", in log2 |V| over nats, where ours are {mixed}"
    return (
        f"On the desired examples, which the search optimises, J went from {interval(before)} to {interval(after)} "
        f"nats ({percent(after.mean_or_nan / before.mean_or_nan)} of the conventional policy's) and CR from "
        f"{_from_to(ratios)}; the paper's figure shows a CR of {published[0].text} and {published[1].text}{unit}."
    )


def _from_to(values: Iterable[Interval]) -> str:
    """Write the change of a quantity."""
    return " to ".join(map(interval, values))


def _acceleration(results: Results) -> str:
    """Say how many fewer steps the near-optimal policy needs on the desired loss."""
    acceleration = results.quantity("near_optimal", "acceleration_desired")
    published = paper.values(problem.name(results.settings), "Fig 5")[0].text
    if not acceleration.n_reached:
        return f"It never reached the conventional policy's final desired loss (the paper: {published} times sooner)."
    sooner = f"{interval(acceleration)} times sooner (the paper: {published})"
    return f"It reached the conventional policy's final desired loss {sooner}."


def _test(results: Results) -> str:
    """Say what holds on test examples; empty if J is not known."""
    change = _relative_change(results, "test")
    if not math.isfinite(change):
        return ""
    falls = [before.mean_or_nan - after.mean_or_nan for before, after in map(partial(_both, results), OBJECTIVES)]
    kept = f"; the change is {percent(falls[1] / falls[0])} of that on the desired examples" if min(falls) > 0 else ""
    return (
        f"On test examples, which the search never sees, J {'fell' if change < 0 else 'rose'} by "
        f"{percent(abs(change))}, from {_from_to(_both(results, 'objective_test'))} nats{kept}; "
        f"{_reached(results.quantity('near_optimal', 'acceleration_test'))}."
    )


def _corrupted(results: Results) -> str:
    """Say how much weight the corrupted examples have; empty if there are none."""
    share = problem.corrupted_share(results.settings)
    if not share:
        return ""
    weight = results.quantity("near_optimal", "weight_on_perturbed").clipped(0, 1)
    return (
        f"It puts {interval(weight, share=True, count_seeds=False)} of its weight on the "
        f"{problem.corruption(results.settings)} training examples, which are {percent(share)} of all; the search is "
        "not told which these are."
    )


def _reached(acceleration: Interval) -> str:
    """Say in how many seeds the conventional policy's final test loss was reached, and how much sooner."""
    seeds, final = plural(acceleration.n, "seed"), "the conventional policy's final test loss"
    if not acceleration.n_reached:
        return f"in none of {seeds} did it reach {final}"
    count = "all" if acceleration.n_reached == acceleration.n else str(acceleration.n_reached)
    return f"in {count} of {seeds} it reached {final}, {interval(acceleration, count_seeds=False)} times sooner"


def _stationarity(results: Results) -> str:
    """Say how far from first-order stationarity the policy is, and how the similarities changed."""
    gaps, objective = _both(results, "gap"), results.quantity("near_optimal", "objective_desired")
    similarities = " and the ".join(
        f"{kind} one from {_from_to(_both(results, column))}" for kind, column in SIMILARITIES.items()
    )
    return (
        "The Frank-Wolfe gap, its distance from first-order stationarity (not from the best J), went from "
        f"{_from_to(gaps)} nats ({percent(gaps[1].mean_or_nan / objective.mean_or_nan)} of its J). "
        f"Of the mean similarities of contributions on the desired loss, the {similarities}."
    )
