import pandas as pd
import pytest

from lawpipe.report import findings
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import percent


def changed(results: Results, **values: tuple[float, float, int]) -> Results:
    """A copy whose near-optimal quantities over the seeds are (mean, half-width, seeds with a value)."""
    rows = results.over_seeds.copy()
    for name, (mean, half, reached) in values.items():
        chosen = (rows["policy"] == "near_optimal") & (rows["quantity"] == name)
        rows.loc[chosen, ["mean", "low", "high", "n_reached"]] = [mean, mean - half, mean + half, reached]
    copy = Results(results.name, results.folder, results.seeds, results.settings)
    vars(copy)["over_seeds"] = rows
    return copy


#: J of conventional, near-optimal and, unless None, uniform weights at their best rate, by seed.
Losses = tuple[list[float], list[float], list[float] | None]
#: A gain of about 0.5; and what is said without the control.
FALLS: tuple[list[float], list[float]] = ([1.0, 1.1, 1.05], [0.5, 0.6, 0.54])
UNTESTED = (
    "What explains the gain in perceptron is not known: uniform weights at their best learning rate were not run "
    "there."
)


def losses(results: Results, values: Losses) -> Results:
    """A copy whose J on desired is this, by policy and seed."""
    names = ("conventional", "near_optimal", "conventional_tuned")
    rows = [
        {"seed": seed, "policy": name, "objective_desired": loss}
        for name, of_seeds in zip(names, values, strict=True)
        for seed, loss in enumerate(of_seeds or [])
    ]
    copy = Results(results.name, results.folder, tuple(range(len(values[0]))), results.settings)
    vars(copy)["summary"] = pd.DataFrame(rows)
    return copy


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (
            (*FALLS, [0.52, 0.61, 0.53]),
            "A better learning rate alone, with uniform weights, explains 99~% of the near-optimal policy's gain in "
            "perceptron.",
        ),
        (
            (*FALLS, [0.98, 1.09, 1.05]),
            "The weights themselves matter in perceptron, where a better learning rate alone, with uniform weights, "
            "explains 2.0~% of the near-optimal policy's gain.",
        ),
        (
            (*FALLS, [0.1, 0.2, 0.14]),
            "A better learning rate alone, with uniform weights, gains 1.8 times as much as the near-optimal policy "
            "in perceptron.",
        ),
        (
            (*FALLS, [0.9, 0.5, 0.2]),
            "What explains the gain in perceptron is open: the seeds differ too much.",
        ),
        ((*FALLS, None), UNTESTED),
        ((*FALLS, [float("nan")] * 3), UNTESTED),
        ((FALLS[1], FALLS[0], [0.4, 0.5, 0.5]), "The near-optimal policy has no certain gain in perceptron."),
        (([1.0, 1.1, 1.0], [0.5, 1.2, 0.6], [0.4] * 3), "The near-optimal policy has no certain gain in perceptron."),
        (
            ([float("nan")], [0.5], None),
            "The near-optimal policy has no certain gain in perceptron (0 seeds); fewer than three seeds are no "
            "test.",
        ),
        (
            ([1.0], [0.5], [0.75]),
            "The weights themselves matter in perceptron (1 seed), where a better learning rate alone, with uniform "
            "weights, explains 50~% of the near-optimal policy's gain; fewer than three seeds are no test.",
        ),
        (
            (*FALLS, [1.02, 1.13, 1.07]),
            "The weights themselves matter in perceptron, where a better learning rate alone, with uniform weights, "
            "explains -4.6~% of the near-optimal policy's gain.",
        ),
    ],
)
def test_the_verdict_says_what_the_control_explains(plain: Results, values: Losses, verdict: str) -> None:
    assert findings.verdict([losses(plain, values)]) == verdict.replace("~", "\N{NO-BREAK SPACE}")


def test_the_verdict_is_one_sentence_on_all_experiments(plain: Results) -> None:
    kinds = [[0.52, 0.61, 0.53], [0.98, 1.09, 1.05], [0.1, 0.2, 0.14], None]
    experiments = [losses(plain, (*FALLS, tuned)) for tuned in kinds]
    assert findings.verdict(experiments) == (
        "A better learning rate alone, with uniform weights, explains 99~% of the near-optimal policy's gain in "
        "perceptron and gains 1.8 times as much in perceptron; the weights themselves matter in perceptron, where it "
        "explains 2.0~%; what explains the gain in perceptron is not known: uniform weights at their best learning "
        "rate were not run there."
    ).replace("~", "\N{NO-BREAK SPACE}")
    several = findings.verdict([losses(plain, (*FALLS, None))] * 7)
    assert "in perceptron, perceptron, perceptron, perceptron and 3 more is not known" in several


def test_the_numbers_are_those_of_the_summary(plain: Results) -> None:
    text = " ".join(findings.sentences(plain))
    for policy in ("conventional", "near_optimal"):
        for quantity in ("objective_desired", "objective_test", "compression_ratio_desired", "gap"):
            row = plain.over_seeds[
                (plain.over_seeds["policy"] == policy) & (plain.over_seeds["quantity"] == quantity)
            ]
            assert f"{row['mean'].iloc[0]:.3g}" in text
    assert "2 seeds of a perceptron with 6 features, 32 training and 16 desired examples" in text
    assert "dimension 6 instead of 128" in text
    assert "not from the best J" in text


@pytest.mark.parametrize(("objective", "verb"), [(0.1, "fell"), (0.9, "rose")])
def test_the_sentence_on_test_examples_says_fell_or_rose(plain: Results, objective: float, verb: str) -> None:
    text = findings.sentences(changed(plain, objective_test=(objective, 0.01, 2)))[3]
    assert f"J {verb} by" in text
    assert ("of that on the desired examples" in text) == (verb == "fell")


def test_how_many_seeds_reached_the_mark(plain: Results) -> None:
    assert "in all of 2 seeds" in findings.sentences(changed(plain, acceleration_test=(3.0, 1.0, 2)))[3]
    assert "in 1 of 2 seeds" in findings.sentences(changed(plain, acceleration_test=(3.0, 1.0, 1)))[3]
    assert "in none of 2 seeds" in findings.sentences(changed(plain, acceleration_test=(pd.NA, 0, 0)))[3]
    assert "It never reached" in findings.sentences(changed(plain, acceleration_desired=(pd.NA, 0, 0)))[2]


def test_missing_numbers_leave_sentences_without_nan(noisy: Results) -> None:
    for sentence in findings.sentences(noisy):
        assert "nan" not in sentence.split()
        assert sentence.endswith(".")


def test_the_sentences_on_a_language_model_give_the_perturbed_share_and_both_units(stories: Results) -> None:
    sentences = findings.sentences(stories)
    assert "2 seeds of a language model of 1 layer of width 90 with 90 ids, on texts of 16 tokens" in sentences[0]
    assert "corpus source grammar instead of TinyStories" in sentences[0]
    assert "in log2 |V| over nats, where ours are" in sentences[1]
    weight = stories.quantity("near_optimal", "weight_on_perturbed").mean
    assert f"It puts {percent(weight)}" in sentences[4]
    assert "are 50.0" in sentences[4]


def test_flipped_labels_are_mentioned_if_there_are_any(plain: Results, noisy: Results) -> None:
    assert not any("flipped" in sentence for sentence in findings.sentences(plain)[1:])
    assert any("on the flipped training examples" in sentence for sentence in findings.sentences(noisy))


def unstable(results: Results, **values: float) -> Results:
    """A copy in which the near-optimal policy of the first seed has these values in the summary."""
    rows = results.summary.copy()
    place = (rows["policy"] == "near_optimal") & (rows["seed"] == results.seeds[0])
    for name, value in values.items():
        rows.loc[place, name] = value
    copy = Results(results.name, results.folder, results.seeds, results.settings)
    vars(copy)["summary"] = rows
    return copy


def test_a_gap_that_certifies_nothing_is_no_percentage(plain: Results) -> None:
    chaotic = unstable(plain, replay_moved=-0.2, sharpness_max=2.5, adjoint_growth_max=1e5)
    text = " ".join(findings.sentences(chaotic))
    reason = "training again with weights moved by 1e-6 changes J by 20.0\N{NO-BREAK SPACE}%"
    assert f"nats (unstable in 1 of 2 seeds: {reason}; sharpness up to 2.50, the adjoint grows 1.00e5 times)" in text
    assert "its J changes by at most 0.20 of itself" in text
    assert "is still unstable (1 of 2 seeds) in" in findings.overview([chaotic], [], 1.0)[-1]
    above = unstable(plain, gap=1e3)
    assert "nats (above J in 1 of 2 seeds: the linear model promises" in " ".join(findings.sentences(above))
    assert "is still above J (1 of 2 seeds) in" in findings.overview([above], [], 1.0)[-1]


def test_the_stability_and_the_kept_promise_are_a_paragraph(plain: Results) -> None:
    text = findings.sentences(plain)[-1]
    assert text.startswith("Trained again with every weight moved by a millionth of itself, its J changes by at most")
    log = plain.search[plain.search["seed"] == 0]
    fall = log["objective"].diff()[1:] / log["predicted"][1:]
    assert fall.between(0, 1.5).all()
    assert "times what the gradient promised (median)." in text
