"""Sentences made from the numbers: what an experiment found, and never more than it found."""

import math
from collections.abc import Sequence

from lawpipe.paper import values as paper
from lawpipe.paper.values import Difference
from lawpipe.report.comparison import in_mixed_units
from lawpipe.results import problem
from lawpipe.results.experiment import OverSeeds, Results
from lawpipe.results.numbers import number, over_seeds, percent, plural
from lawpipe.results.problem import Settings

POLICIES = ("conventional", "near_optimal")
SIMILARITIES = {"instantaneous": "similarity", "adjoint": "adjoint_similarity"}
#: What the paper calls its models.
PAPERS = {problem.PERCEPTRON: "perceptron", problem.LANGUAGE_MODEL: "transformer"}
#: So many settings that are not the paper's are named, more are counted.
FEW = 2


def overview(experiments: Sequence[Results], hardware: Sequence[str], seconds: float) -> list[str]:
    """Return what all experiments found together, in five sentences.

    `hardware` names the machines that computed them, `seconds` is the time of all jobs one after the other.
    """
    return [
        _ran(experiments, hardware, seconds),
        "On the desired examples, which the search optimises, the near-optimal policy's "
        f"{_changes(experiments, 'desired')} (the paper: {_published_accelerations(experiments)}).",
        f"On test examples, which it never saw, its {_changes(experiments, 'test')}.",
        _similarities(experiments),
        _remaining(experiments),
    ]


def _ran(experiments: Sequence[Results], hardware: Sequence[str], seconds: float) -> str:
    """Say what was computed where."""
    where = "; ".join(hardware) or "a machine that was not recorded"
    return (
        f"{plural(len(experiments), 'experiment')}, computed on {where}, in {duration(seconds)} of jobs: "
        + "; ".join(
            f"{each.name} ({plural(len(each.seeds), 'seed')}, {_likeness(each.settings)})" for each in experiments
        )
        + "."
    )


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{number(seconds / size, 2)} {unit}"
    return f"{number(seconds, 2)} seconds"


def _likeness(settings: Settings) -> str:
    """Say whether the task is the paper's."""
    changed = paper.differences(settings)
    if not changed:
        return "the paper's task"
    if len(changed) <= FEW:
        return "; ".join(map(difference, changed))
    return f"{len(changed)} settings not the paper's"


def _changes(experiments: Sequence[Results], against: str) -> str:
    """Say how the area under the loss curve changed, and how much sooner the conventional end was reached."""
    changes, sooner = [], []
    for each in experiments:
        before, after = (each.quantity(policy, f"objective_{against}").mean for policy in POLICIES)
        change = after / before - 1
        how = "lower" if change < 0 else "higher"
        known = math.isfinite(change)
        changes.append(f"{percent(abs(change))} {how} in {each.name}" if known else f"not finite in {each.name}")
        sooner.append(f"{_times(each.quantity('near_optimal', f'acceleration_{against}'))} in {each.name}")
    return (
        f"J is {enumeration(changes)} than under the conventional policy, whose last loss is reached "
        f"{enumeration(sooner)}"
    )


def _times(found: OverSeeds) -> str:
    """Say how much sooner the conventional policy's last loss was reached."""
    if not found.n_reached:
        return "never"
    bounds = f" [{number(found.low)}, {number(found.high)}]" if math.isfinite(found.low) else ""
    some = "" if found.n_reached == found.n else f" ({found.n_reached} of {plural(found.n, 'seed')})"
    return f"{number(found.mean)}{bounds} times sooner{some}"


def enumeration(parts: Sequence[str]) -> str:
    """Join parts of a sentence: a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _published_accelerations(experiments: Sequence[Results]) -> str:
    """Return the paper's accelerations for the problems at hand."""
    names = dict.fromkeys(problem.name(each.settings) for each in experiments)
    return ", ".join(f"{paper.values(name, 'Fig 5')[0].text} for its {PAPERS[name]}" for name in names)


def _similarities(experiments: Sequence[Results]) -> str:
    """Say how the similarity of contributions changed: what the law is about."""
    parts = []
    for each in experiments:
        kinds = (
            f"{kind} {number(each.quantity('conventional', f'{column}_desired').mean)} to "
            f"{number(each.quantity('near_optimal', f'{column}_desired').mean)}"
            for kind, column in SIMILARITIES.items()
        )
        parts.append(f"{' and '.join(kinds)} in {each.name}")
    return (
        "The mean similarity of the contributions on the desired loss, which the law says has no bound at the "
        f"optimum, went from conventional to near-optimal: {'; '.join(parts)}."
    )


def _remaining(experiments: Sequence[Results]) -> str:
    """Say how far from first-order stationarity the policies are, and what weight the spoilt examples kept."""
    parts = []
    for each in experiments:
        gap, objective = (each.quantity("near_optimal", name).mean for name in ("gap", "objective_desired"))
        text = f"{percent(gap / objective)} of J in {each.name}"
        if problem.corrupted_share(each.settings):
            weight = each.quantity("near_optimal", "weight_on_perturbed")
            text += (
                f", where the {percent(problem.corrupted_share(each.settings))} of "
                f"{problem.corruption(each.settings)} examples kept {percent(weight.mean)} of the weight"
            )
        parts.append(text)
    return f"The Frank-Wolfe gap that is left, 0 at first-order stationarity, is {'; '.join(parts)}."


def sentences(results: Results) -> list[str]:
    """Return the experiment's findings, a sentence each."""
    return [
        _setting(results),
        _objective(results),
        _acceleration(results),
        *_test(results),
        *_on_corrupted(results),
        _stationarity(results),
    ]


def _setting(results: Results) -> str:
    """Say what was run."""
    settings = results.settings
    data, training, search = settings["data"], settings["training"], settings["search"]
    changed = paper.differences(settings)
    task = "the paper's task" if not changed else "not the paper's task: " + "; ".join(map(difference, changed))
    method = str(search["method"]).replace("_", " ")
    name = problem.name(settings)
    return (
        f"{plural(len(results.seeds), 'seed')} of {_model(settings)}, "
        f"{data['train_examples']} training and {data['desired_examples']} desired examples, {training['steps']} "
        f"steps at learning rate {training['learning_rate']} ({task}); the policy was searched for by {method}, "
        f"at most {plural(search['iterations'], 'iteration')} "
        f"(the paper: projected gradient, {paper.SETTINGS[name]['search']['iterations']})."
    )


def _model(settings: Settings) -> str:
    """Say what was trained."""
    data = settings["data"]
    if problem.name(settings) == problem.PERCEPTRON:
        return f"a perceptron with {data['dimension']} features"
    model = settings["model"]
    return (
        f"a language model of {plural(model['layers'], 'layer')} of width {model['hidden']} with "
        f"{data['tokenizer']['vocabulary']} ids, on texts of {data['length']} tokens of which "
        f"{percent(data['perturbation']['fraction'])} are perturbed in training"
    )


def difference(found: Difference) -> str:
    """Say how one setting is not the paper's."""
    return f"{found.label} {found.here} instead of {found.paper}"


def _objective(results: Results) -> str:
    """Say how far the objective fell on the examples it was searched on."""
    before, after = (results.quantity(policy, "objective_desired") for policy in POLICIES)
    ratios = [results.quantity(policy, "compression_ratio_desired") for policy in POLICIES]
    published = paper.values(problem.name(results.settings), "Fig 4")
    unit = ""
    if any(value.mixed_units for value in published):
        mixed = " and ".join(over_seeds(in_mixed_units(ratio)) for ratio in ratios)
        unit = f", in log2 |V| over nats, where ours are {mixed}"
    return (
        f"On the desired examples, which the search optimises, J went from {over_seeds(before)} to "
        f"{over_seeds(after)} nats ({percent(after.mean / before.mean)} of the conventional policy's) and CR from "
        f"{over_seeds(ratios[0])} to {over_seeds(ratios[1])}; the paper's figure shows a CR of {published[0].text} "
        f"and {published[1].text}{unit}."
    )


def _acceleration(results: Results) -> str:
    """Say how many fewer steps the searched policy needs on the desired loss."""
    found = results.quantity("near_optimal", "acceleration_desired")
    text = next(v.text for v in paper.values(problem.name(results.settings), "Fig 5"))
    if not found.n_reached:
        return f"It never got to the conventional policy's last desired loss (the paper: {text} times sooner)."
    return (
        f"It got to the conventional policy's last desired loss {over_seeds(found)} times sooner (the paper: {text})."
    )


def _test(results: Results) -> list[str]:
    """Say what of it holds on examples that the search never saw."""
    before, after = (results.quantity(policy, "objective_test") for policy in POLICIES)
    change = after.mean / before.mean - 1
    if not math.isfinite(change):
        return []
    verb = "fell" if change < 0 else "rose"
    found = results.quantity("near_optimal", "acceleration_test")
    desired = _gain(results, "desired")
    unseen = _gain(results, "test")
    carried = (
        f"; the change is {percent(unseen / desired)} of that on the desired examples" if desired > 0 < unseen else ""
    )
    return [
        f"On test examples, which it never saw, J {verb} by {percent(abs(change))}, from {over_seeds(before)} to "
        f"{over_seeds(after)} nats{carried}; {_reached(found)}."
    ]


def _on_corrupted(results: Results) -> list[str]:
    """Say how much weight is on spoilt examples, if the experiment has any."""
    if not problem.corrupted_share(results.settings):
        return []
    weight = results.quantity("near_optimal", "weight_on_perturbed")
    return [
        f"It puts {_share(weight)} of its weight on the {problem.corruption(results.settings)} training examples, "
        f"which are {percent(problem.corrupted_share(results.settings))} of all: nothing told it which they are."
    ]


def _share(found: OverSeeds) -> str:
    """Write a share over the seeds in per cent."""
    bounds = f" [{percent(max(0.0, found.low))}, {percent(found.high)}]" if math.isfinite(found.low) else ""
    return f"{percent(found.mean)}{bounds}"


def _gain(results: Results, against: str) -> float:
    """Return how much lower the near-optimal policy's J is, in nats."""
    before, after = (results.quantity(policy, f"objective_{against}") for policy in POLICIES)
    return before.mean - after.mean


def _reached(found: OverSeeds) -> str:
    """Say whether the conventional policy's final test loss was reached, and how much sooner."""
    if not found.n_reached:
        return f"in none of {plural(found.n, 'seed')} did it get to the conventional policy's last test loss"
    seeds = "in all" if found.n_reached == found.n else f"in {found.n_reached}"
    interval = f" [{number(found.low)}, {number(found.high)}]" if math.isfinite(found.low) else ""
    return (
        f"{seeds} of {plural(found.n, 'seed')} it got to the conventional policy's last test loss, "
        f"{number(found.mean)}{interval} times sooner"
    )


def _stationarity(results: Results) -> str:
    """Say how far from the first-order condition the policy is, and which similarity it has."""
    gaps = [results.quantity(policy, "gap") for policy in POLICIES]
    objective = results.quantity("near_optimal", "objective_desired")
    kinds = {
        kind: [results.quantity(policy, f"{column}_desired") for policy in POLICIES]
        for kind, column in SIMILARITIES.items()
    }
    similarities = " and the ".join(
        f"{kind} one from {over_seeds(before)} to {over_seeds(after)}" for kind, (before, after) in kinds.items()
    )
    return (
        f"The Frank-Wolfe gap, its distance from first-order stationarity (not from the best J), went from "
        f"{over_seeds(gaps[0])} to {over_seeds(gaps[1])} nats ({percent(gaps[1].mean / objective.mean)} of its J). "
        f"Of the mean similarities of contributions on the desired loss, the {similarities}."
    )
