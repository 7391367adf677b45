"""Every figure of the catalogue on toy experiments: what it shows, what it says, what it is as a file."""

import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from lawpipe.analysis import compression
from lawpipe.figures import draw, overview, panels, scaling_law, similarity, style
from lawpipe.paper import values as paper
from lawpipe.results import catalogue, problem
from lawpipe.results.catalogue import FIGURES, TABLES
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number
from tests import toy
from tests.toy import Toy

NAMES = [entry.name for entry in FIGURES]
SIZES = {
    "plain": Toy(),
    "five_seeds": toy.FIVE_SEEDS,
    "with_nulls": Toy(nulls=True),
    "without_snapshots": Toy(seeds=(3,), snapshots=()),
    "stories": toy.STORIES,
}
CASES = [(case, entry.name) for case, size in SIZES.items() for entry in catalogue.figures(toy.settings("any", size))]


#: Figures that tests look at and leave as they are; with their results, whose ids stay theirs.
DRAWN: dict[tuple[int, str], tuple[Results, Figure]] = {}


def figure_of(name: str, results: Results) -> Figure:
    """Return a figure; tests of the same figure of the same results share it."""
    key = id(results), name
    if key not in DRAWN:
        DRAWN[key] = results, draw_anew(name, results)
    return DRAWN[key][1]


def draw_anew(name: str, results: Results) -> Figure:
    with style.theme():
        return draw.draw(catalogue.figure(name), results)


def panels_of(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


def words(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def labels_of(axes: Axes, name: str) -> list[str]:
    """The labels of an axis and of those that share it; rows may have names instead."""
    shared = axes.get_shared_x_axes() if name == "x" else axes.get_shared_y_axes()
    labels = [getattr(other, f"get_{name}label")() for other in shared.get_siblings(axes)]
    rows = [tick.get_text() for other in shared.get_siblings(axes) for tick in other.get_yticklabels()]
    return [label for label in labels if label] or ([row for row in rows if row[:1].isalpha()] if name == "y" else [])


def test_the_catalogue_and_the_functions_are_the_same_list() -> None:
    assert len(set(NAMES)) == len(NAMES)
    functions = {
        name
        for module in draw.MODULES.values()
        for name, function in vars(module).items()
        if getattr(function, "__annotations__", {}).get("return") is Figure and function.__module__ == module.__name__
    }
    assert functions == set(NAMES)
    for entry in FIGURES:
        assert callable(getattr(draw.MODULES[entry.module], entry.name))
    for entry in (*FIGURES, *TABLES):
        assert len(re.findall(r"\.(?: |$)", entry.caption)) == 2  # what it shows, what to see
        assert entry.source is None or re.fullmatch(r"(Fig|Table) \d+(, (Fig|Table) \d+)*", entry.source)


def test_a_figure_is_for_the_experiments_it_makes_sense_for() -> None:
    names = {case: {name for other, name in CASES if other == case} for case in SIZES}
    assert "fig09_learned" in names["plain"]
    assert "fig09_learned" not in names["stories"]
    assert "weight_on_perturbed" not in names["plain"]
    assert "weight_on_perturbed" in names["five_seeds"] & names["stories"]
    tables = {entry.name for entry in catalogue.tables(toy.settings("any", toy.STORIES))}
    assert tables - {entry.name for entry in catalogue.tables(toy.settings("any", Toy()))} == {"stories", "corpus"}


def test_figures_take_vocabulary_and_corruption_from_the_settings() -> None:
    perceptron, stories = (toy.settings("any", size) for size in (toy.FIVE_SEEDS, toy.STORIES))
    assert [compression.vocabulary(settings) for settings in (perceptron, stories)] == [2, 90]
    assert [problem.corruption(settings) for settings in (perceptron, stories)] == ["flipped", "perturbed"]
    assert [problem.corrupted_share(settings) for settings in (perceptron, stories)] == [0.1, 0.5]


@pytest.mark.parametrize(("case", "name"), CASES)
def test_every_figure_can_be_read_without_the_text(name: str, case: str, request: pytest.FixtureRequest) -> None:
    results = request.getfixturevalue(case)
    figure = figure_of(name, results)
    entry = next(entry for entry in FIGURES if entry.name == name)
    text = words(figure)
    if name == "front":  # whose words are the page's
        assert [label.get_text() for legend in figure.legends for label in legend.get_texts()][-1] == "near-optimal"
        return
    assert entry.title in text
    count = len(results.seeds)
    assert f"n = {count} seed" in text
    published = entry.source and paper.values(problem.name(results.settings), entry.source)
    assert not published or f"{entry.source}, one run" in text
    assert "Unlike the paper's" in text
    for axes in panels_of(figure):
        if axes.axison:  # otherwise the panel says why it is empty
            assert labels_of(axes, "x")
            assert labels_of(axes, "y")
        else:
            assert axes.texts[-1].get_text()
        for line in axes.lines:
            assert len(line.get_xdata()) <= panels.MOST_POINTS


@pytest.mark.parametrize("name", NAMES)
def test_files_are_small_and_the_same_every_time(name: str, five_seeds: Results, tmp_path: Path) -> None:
    texts = []
    for figure in (figure_of(name, five_seeds), draw_anew(name, five_seeds)):
        path = tmp_path / f"{len(texts)}.svg"
        with style.theme():
            style.save(figure, path, "a title")
        texts.append(path.read_bytes())
    assert texts[0] == texts[1]
    assert len(texts[0]) < 400_000
    assert b"<dc:date>" not in texts[0]
    assert list(tmp_path.glob(".*")) == []


def test_the_objective_is_that_of_the_search(plain: Results) -> None:
    figure = figure_of("fig04_objective", plain)
    losses, ratio, gap, spent = panels_of(figure)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["desired (searched on)", "test (unseen)"]
    assert len(losses.lines) == 2 * (2 + 1)  # desired and test: two seeds and their mean
    first = plain.search[plain.search["seed"] == 0]
    np.testing.assert_allclose(losses.lines[0].get_ydata(), first["objective"])
    np.testing.assert_allclose(ratio.lines[0].get_ydata(), np.log(2) / first["objective"])
    np.testing.assert_allclose(gap.lines[0].get_ydata(), first["gap"])
    np.testing.assert_allclose(spent.lines[0].get_ydata(), first["cost"])
    assert gap.get_yscale() == "log"


def test_the_papers_compression_ratios_are_drawn_for_the_papers_task_alone(plain: Results) -> None:
    assert not any("paper" in text.get_text() for text in figure_of("fig04_objective", plain).legends[0].get_texts())
    data = plain.settings["data"] | {
        "dimension": 128,
        "train_examples": 4096,
        "desired_examples": 512,
        "test_examples": 512,
    }
    training = plain.settings["training"] | {"steps": 2000}
    same = Results(plain.name, plain.folder, plain.seeds, {**plain.settings, "data": data, "training": training})
    figure = figure_of("fig04_objective", same)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[2:] == ["paper's CR, conventional (read off)", "paper's CR, near-optimal (read off)"]
    assert "The task is the paper's" in words(figure)


def test_loss_curves_have_a_line_a_policy_and_the_acceleration(five_seeds: Results) -> None:
    figure = figure_of("fig05_loss_curves", five_seeds)
    desired = panels_of(figure)[0]
    curves = [line for line in desired.lines if line.get_label() in ("conventional", "near-optimal")]
    assert len(curves) == 2
    assert len(desired.collections) == 2  # bands
    rows = five_seeds.curves[five_seeds.curves["policy"] == "near_optimal"]
    means = np.exp(np.log(rows["desired_loss"]).groupby(rows["step"]).mean())
    assert np.asarray(curves[1].get_ydata())[-1] == pytest.approx(means.iloc[-1])
    ratio = five_seeds.quantity("near_optimal", "acceleration_desired")
    assert desired.get_title("left") == f"Desired: {number(ratio.mean, 2)} x fewer steps"
    (arrow,) = desired.texts
    assert arrow.xy[0] == pytest.approx(700 / ratio.mean)  # type: ignore[attr-defined]


def test_an_acceleration_that_was_never_reached_says_so(with_nulls: Results) -> None:
    figure = figure_of("fig05_loss_curves", with_nulls)
    assert panels_of(figure)[0].get_title("left") == "Desired: never as low"
    assert "Acceleration ratio on desired: never." in " ".join(words(figure).split())


def test_similarity_has_a_line_a_policy_along_the_search(five_seeds: Results) -> None:
    figure = figure_of("fig06_similarity_against_loss", five_seeds)
    assert [len(axes.lines) for axes in panels_of(figure)] == [5] * 4  # both ends of the search, three snapshots
    assert len({line.get_color() for line in panels_of(figure)[0].lines}) == 5
    assert panels_of(figure)[0].xaxis_inverted()
    rows = five_seeds.similarity
    rows = rows[(rows["policy"] == "conventional") & (rows["kind"] == "instantaneous")]
    rows = rows[(rows["against"] == "desired") & (rows["similarity"] > 0)]
    rows = rows.merge(five_seeds.curves[["policy", "seed", "step", "desired_loss"]])
    span = pd.cut(np.log(rows["desired_loss"]), similarity.SPANS)
    means = np.exp(np.log(rows["similarity"]).groupby(span, observed=True).mean())
    np.testing.assert_allclose(panels_of(figure)[0].lines[0].get_ydata(), means)


def test_a_point_a_policy_and_seed(five_seeds: Results) -> None:
    figure = figure_of("fig07_similarity_against_compression", five_seeds)
    for axes in panels_of(figure):
        assert sum(len(points.get_offsets()) for points in axes.collections) == 5 * 6


def test_without_similarity_the_panels_say_why(with_nulls: Results) -> None:
    for name in ("fig06_similarity_against_loss", "fig07_similarity_against_compression", "adjoint_similarity"):
        for axes in panels_of(figure_of(name, with_nulls)):
            assert "two weighted examples" in axes.texts[-1].get_text().replace("\n", " ")


def test_shares_of_non_contributive_examples_are_those_of_the_table(plain: Results) -> None:
    desired = panels_of(figure_of("fig08_noncontributive", plain))[0]
    rows = plain.zero_weights
    rows = rows[(rows["property"] == "noncontributive_excluded") & (rows["against"] == "desired")]
    drawn = np.concatenate([line.get_ydata() for line in desired.lines if line.get_marker() == "."])
    np.testing.assert_allclose(np.sort(drawn), np.sort(100 * rows["value"].dropna()))


def test_the_distribution_of_learned_examples_passes_through_the_share_below(five_seeds: Results) -> None:
    (axes,) = panels_of(figure_of("fig09_learned", five_seeds))
    line = next(line for line in axes.lines if line.get_label() == "near-optimal")
    shares = dict(zip(np.round(np.asarray(line.get_xdata(), dtype=float), 3), line.get_ydata(), strict=True))
    assert shares[1.0] == 100
    assert (np.diff(line.get_ydata()) >= 0).all()
    rows = five_seeds.zero_weights
    rows = rows[(rows["property"] == "learned_ignored") & (rows["policy"] == "near_optimal")]
    assert shares[0.2] == pytest.approx(100 * rows["value"].mean())
    band = axes.collections[-1].get_paths()[0].vertices[:, 1]
    assert 0 <= band.min() <= band.max() <= 100


def test_figure_9_says_if_no_example_is_learned(plain: Results) -> None:
    for axes in panels_of(figure_of("fig09_learned", plain)):
        assert "no example's loss falls below" in axes.texts[-1].get_text().replace("\n", " ")


def test_the_heat_map_shows_helpful_examples_alone(plain: Results) -> None:
    heat, share = panels_of(figure_of("fig10_redundant", plain))
    zero, shown = (mesh for mesh in heat.collections if isinstance(mesh, QuadMesh))
    steps, contribution = plain.contributions(0, "near_optimal", "desired", "contribution")
    weights = plain.weights(0, "near_optimal", steps)
    helpful = contribution > 0
    assert np.ma.count(zero.get_array()) == int((helpful & (weights == 0)).sum())
    assert np.ma.count(shown.get_array()) == int((helpful & (weights > 0)).sum())
    assert zero.get_rasterized()
    assert shown.get_rasterized()
    expected = 100 * (helpful & (weights == 0)).sum(axis=1) / helpful.sum(axis=1)
    np.testing.assert_allclose(share.lines[0].get_ydata(), expected)


def test_laws_that_hold_are_drawn_over_the_fitted_steps_with_their_coefficients(five_seeds: Results) -> None:
    figure = figure_of("fig11_scaling_law", five_seeds)
    desired, _, exponent, scale = panels_of(figure)
    fitted = five_seeds.fits
    fitted = fitted[fitted["policy"].isin(["conventional", "near_optimal"]) & fitted["scale"].notna()]
    on_desired = fitted[fitted["against"] == "desired"]
    laws = [line for line in desired.lines if "law" in str(line.get_label())]
    holding = [fit for _, fit in on_desired.iterrows() if scaling_law.holds(five_seeds, fit)]
    assert 0 < len(laws) == len(holding)
    assert {line.get_xdata()[0] for line in laws} == {fit["first_step"] for fit in holding}
    assert sum(len(line.get_xdata()) for line in exponent.lines) == len(fitted)
    assert scale.get_xscale() == "log"


def test_a_failed_fit_leaves_the_panel_with_a_word(with_nulls: Results) -> None:
    for axes in panels_of(figure_of("fig11_scaling_law", with_nulls)):
        assert axes.texts[-1].get_text() == "no fit was possible"


def test_active_examples_are_counted(five_seeds: Results) -> None:
    effective, active = panels_of(figure_of("active_examples", five_seeds))
    np.testing.assert_allclose(effective.lines[0].get_ydata(), 96, rtol=1e-5)
    np.testing.assert_allclose(active.lines[0].get_ydata(), 100)


@pytest.mark.parametrize(("case", "share"), [("five_seeds", 10 / 96), ("stories", 0.5)])
def test_weight_on_corrupted_examples(case: str, share: float, request: pytest.FixtureRequest) -> None:
    results = request.getfixturevalue(case)
    corrupted, effective = panels_of(figure_of("weight_on_perturbed", results))
    chance, *lines = corrupted.lines
    np.testing.assert_allclose(chance.get_ydata(), 100 * share, rtol=1e-5)
    seeds = len(results.seeds) if len(results.seeds) < 3 else 1
    assert len(lines) == len(effective.lines) == 2 * seeds
    np.testing.assert_allclose(lines[0].get_ydata(), 100 * share, rtol=1e-5)
    steps = np.unique(results.similarity["step"])
    means = [
        100 * results.weights(seed, "near_optimal", steps)[:, results.corrupted(seed)].sum(axis=1)
        for seed in results.seeds
    ]
    drawn = np.mean([line.get_ydata() for line in lines[seeds:]], axis=0)
    np.testing.assert_allclose(drawn, np.mean(means, axis=0), rtol=1e-4)


def test_losses_that_move_little_have_a_linear_axis(five_seeds: Results, stories: Results) -> None:
    assert panels_of(figure_of("fig05_loss_curves", five_seeds))[0].get_yscale() == "log"
    assert panels_of(figure_of("fig06_similarity_against_loss", five_seeds))[0].get_xscale() == "log"
    desired = panels_of(figure_of("fig05_loss_curves", stories))[0]
    assert desired.get_yscale() == "linear"
    assert panels_of(figure_of("fig06_similarity_against_loss", stories))[0].get_xscale() == "linear"
    last = stories.curves[(stories.curves["policy"] == "conventional") & (stories.curves["step"] == 40)]
    mark = next(line for line in desired.lines if line.get_linestyle() == ":")
    assert mark.get_ydata()[0] == pytest.approx(last["desired_loss"].mean())


def test_the_compression_ratio_is_of_the_vocabulary(stories: Results) -> None:
    ratio = panels_of(figure_of("fig04_objective", stories))[1]
    first = stories.search[stories.search["seed"] == 0]
    np.testing.assert_allclose(ratio.lines[0].get_ydata(), np.log(90) / first["objective"])
    assert ratio.get_title("left") == "Compression ratio ln 90 / J"


def as_in_the_paper(stories: Results) -> Results:
    """The toy's results, said to be of the paper's own task."""
    settings = stories.settings
    data = settings["data"] | {
        "corpus": settings["data"]["corpus"] | {"source": "hub"},
        "tokenizer": {"kind": "mistral", "vocabulary": 5000},
        "length": 64,
        "perturbation": settings["data"]["perturbation"] | {"operations": 20},
        "train_examples": 16384,
        "desired_examples": 512,
        "test_examples": 512,
    }
    model = {"architecture": "transformer", "hidden": 128, "layers": 2, "heads": 8}
    training = settings["training"] | {"steps": 4000, "learning_rate": 0.1}
    return Results(
        stories.name,
        stories.folder,
        stories.seeds,
        {**settings, "data": data, "model": model, "training": training},
    )


def test_the_papers_mixed_ratios_are_drawn_in_one_unit(stories: Results) -> None:
    same = as_in_the_paper(stories)
    ratio = panels_of(figure_of("fig04_objective", same))[1]
    assert [text.get_text() for text in figure_of("fig04_objective", same).legends[0].get_texts()][2:] == [
        "paper's CR, conventional (read off, in one unit)",
        "paper's CR, near-optimal (read off, in one unit)",
    ]
    marks = [line.get_ydata()[0] for line in ratio.lines if line.get_linestyle() == ":"]
    assert marks == pytest.approx([2.92 * np.log(2), 3.24 * np.log(2)])


def test_local_speed_is_the_weighted_mean_contribution(plain: Results) -> None:
    figure = figure_of("speed", plain)
    desired = panels_of(figure)[0]
    rows = plain.similarity
    rows = rows[
        (rows["kind"] == "instantaneous") & (rows["against"] == "desired") & (rows["policy"] == "conventional")
    ]
    rows = rows[(rows["mean"] > 0) & (rows["global_speed"] > 0)]
    np.testing.assert_allclose(np.asarray(desired.lines[0].get_ydata(), dtype=float), rows["mean"])
    assert "they differ by" in words(figure).replace("\n", " ")


def test_the_shaded_area_is_the_objective(five_seeds: Results) -> None:
    desired, test = panels_of(figure_of("fig01_objective", five_seeds))
    for axes, against in ((desired, "desired"), (test, "test")):
        for line, policy in zip(axes.lines, ("conventional", "near_optimal"), strict=True):
            objective = five_seeds.quantity(policy, f"objective_{against}").mean
            steps, losses = (np.asarray(values, dtype=float) for values in line.get_data())
            # Thinned to 500 of 701 steps, and from step 0: the trapezoid comes near the mean.
            assert np.trapezoid(losses, steps) / steps[-1] == pytest.approx(objective, rel=0.02)
            assert f"{objective:.3g}" in axes.get_title("left")
        assert axes.get_ylim()[0] == 0


def test_the_headline_has_the_mean_of_the_seeds_and_the_laws_that_hold(five_seeds: Results) -> None:
    desired = panels_of(figure_of("fig02_headline", five_seeds))[0]
    ratio = five_seeds.quantity("near_optimal", "acceleration_desired").mean
    assert ratio is not None
    (arrow,) = desired.texts
    assert arrow.xy[0] == pytest.approx(700 / ratio)  # type: ignore[attr-defined]
    assert desired.get_title("left") == f"Desired: {number(ratio, 2)} x fewer steps"
    curves = five_seeds.curves[five_seeds.curves["policy"] == "conventional"]
    last = np.exp(np.log(curves[curves["step"] == 700]["desired_loss"]).mean())
    assert desired.lines[0].get_ydata()[-1] == pytest.approx(last)
    laws = [line for line in desired.lines if "law" in str(line.get_label())]
    fits = five_seeds.fits
    fits = fits[(fits["against"] == "desired") & fits["policy"].isin(["conventional", "near_optimal"])]
    fits = fits[fits["scale"].notna()].sort_values("policy", kind="stable")
    holding = [fit for _, fit in fits.iterrows() if scaling_law.holds(five_seeds, fit)]
    assert holding
    for law, fit in zip(laws, holding, strict=True):
        steps, drawn = (np.asarray(values, dtype=float) for values in law.get_data())
        np.testing.assert_allclose(drawn, fit["loss_floor"] + (fit["scale"] / steps) ** fit["exponent"], rtol=1e-6)


def test_without_a_law_and_an_acceleration_the_headline_says_so(with_nulls: Results) -> None:
    figure = figure_of("fig02_headline", with_nulls)
    text = " ".join(words(figure).split())
    assert "Near-optimal, desired: a law holds in 0 of 2 seeds." in text
    assert "Desired: never as low." in text
    assert len(panels_of(figure)[0].texts) == 0


@pytest.mark.parametrize("case", ["five_seeds", "stories"])
def test_contributions_are_drawn_in_order_around_their_weighted_mean(
    case: str, request: pytest.FixtureRequest
) -> None:
    results = request.getfixturevalue(case)
    figure = figure_of("fig03_law", results)
    for axes, kind in zip(panels_of(figure), ("instantaneous", "adjoint"), strict=False):
        level, *lines = axes.lines
        if case == "five_seeds" and kind == "adjoint":  # its whole run would be better off without this step
            assert "Conventional, adjoint: the mean contribution is not above 0." in " ".join(words(figure).split())
            assert len(lines) == 1
            continue
        conventional, near = lines
        np.testing.assert_array_equal(level.get_ydata(), [1, 1])
        widths, heights = (np.asarray(values, dtype=float) for values in conventional.get_data())
        assert (np.diff(heights) >= 0).all()
        assert widths[-1] == pytest.approx(100, rel=1e-4)
        # 1/N each: the mean of the heights is the weighted mean itself.
        assert heights[:-1].mean() == pytest.approx(1, rel=1e-4)
        widths, heights = (np.asarray(values, dtype=float) for values in near.get_data())
        assert np.diff(widths) @ heights[:-1] == pytest.approx(100, rel=1e-3)
        assert f"Near-optimal, {kind}:" in words(figure).replace("\n", " ")


def test_the_chosen_step_has_two_weighted_examples(five_seeds: Results) -> None:
    step = overview._chosen_step(five_seeds, 0)
    rows = five_seeds.similarity
    rows = rows[(rows["policy"] == "near_optimal") & (rows["seed"] == 0) & (rows["step"] == step)]
    assert (rows["active"] > 1).all()


def test_the_papers_asymptote_is_drawn_for_its_own_task_in_one_unit(stories: Results) -> None:
    same = as_in_the_paper(stories)
    first, _, third, _ = panels_of(figure_of("fig07_similarity_against_compression", same))
    line = next(line for line in first.lines if "paper" in str(line.get_label()))
    ratios, values = (np.asarray(data, dtype=float) for data in line.get_data())
    np.testing.assert_allclose(values, 0.140 * np.log(1.203 / (3.268 - ratios / np.log(2))))
    assert not any("paper" in str(line.get_label()) for line in third.lines)
    assert not any(
        "paper" in str(line.get_label())
        for line in panels_of(figure_of("fig07_similarity_against_compression", stories))[0].lines
    )


def test_a_matplotlibrc_of_the_user_changes_no_figure() -> None:
    with mpl.rc_context({"text.usetex": True, "axes.labelpad": 30, "lines.linestyle": "--", "savefig.bbox": "tight"}):
        with style.theme():
            inside = dict(mpl.rcParams)
        assert mpl.rcParams["text.usetex"]
    with style.theme():
        assert dict(mpl.rcParams) == inside
    assert not inside["text.usetex"]


def test_the_stability_of_the_policies_with_the_edge(plain: Results) -> None:
    figure = figure_of("stability", plain)
    sharpness, growth = panels_of(figure)
    *lines, edge = sharpness.lines
    assert len(lines) == 2 * 2  # two policies and seeds
    assert set(edge.get_ydata()) == {2}
    rows = plain.stability[(plain.stability["policy"] == "conventional") & (plain.stability["seed"] == 0)]
    np.testing.assert_allclose(lines[0].get_xdata(), rows["step"] + 1)
    np.testing.assert_allclose(lines[0].get_ydata(), rows["sharpness"])
    np.testing.assert_allclose(growth.lines[0].get_ydata(), rows["adjoint_growth"])
    assert [line.get_ydata()[-1] for line in growth.lines[:4]] == pytest.approx([1.0] * 4)
    assert "J changes by a share of at most 2.0e-7" in words(figure)
