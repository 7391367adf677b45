"""The figures and tables of an experiment's report, as data: what the workflow needs without a plot library.

A new figure is one row here and one function of its name in the module of `lawpipe.figures` that the row names. A new
table is one row here and one function in `lawpipe.report.tables`.
"""

from dataclasses import dataclass

from lawpipe.results import problem
from lawpipe.results.problem import LANGUAGE_MODEL, PERCEPTRON, PROBLEMS, Settings


@dataclass(frozen=True)
class Entry:
    """A figure or table: the file `{name}.svg` or `{name}.html`.

    Attributes:
        name: its name, unique among the figures or among the tables.
        title: its title.
        source: the figures or tables of the paper that it corresponds to, joined by `, `; None if there is none.
        caption: two sentences: what it shows, and what to look for.
        module: the module of `lawpipe` that makes it; as `data`, only of what the page links to its origin.
        data: what it is made from: tables of each seed by their names, files of the experiment with their endings.
        problems: the problems that have it.
        corrupted: whether it needs corrupted training examples.
        policy: the policy that it needs, if it does not apply to every experiment.
    """

    name: str
    title: str
    source: str | None
    caption: str
    module: str = ""
    data: tuple[str, ...] = ()
    problems: tuple[str, ...] = PROBLEMS
    corrupted: bool = False
    policy: str | None = None

    def suits(self, settings: Settings) -> bool:
        """Return whether an experiment with these settings has it."""
        return (
            problem.name(settings) in self.problems
            and (not self.corrupted or problem.corrupted_share(settings) > 0)
            and (self.policy is None or self.policy in settings["policies"])
        )


# One row per figure and table: name, title, source; caption; module, data and, for some, where it applies.
# fmt: off
FIGURES: tuple[Entry, ...] = (
    Entry("front", "Conventional policy, uniform weights at their best rate, near-optimal policy", None,
          "The mean loss on desired and on unseen examples over the training steps, with 95 % t intervals over the "
          "seeds as bands. Uniform weights at their own best learning rate (conventional tuned) are the control that "
          "decides what the weights themselves gain.",
          module="figures.front", data=("curves",)),
    Entry("fig01_objective", "How much smaller is the area under the loss curve?", "Fig 1",
          "The mean loss against the training step under both policies, as means over the seeds; the area under a "
          "curve, divided by the number of steps T, is the objective J (mean loss over all training steps). The "
          "grey area is what the near-optimal policy saves: the search makes it large on the desired examples and "
          "does not see the test examples.",
          module="figures.overview", data=("curves", "summary.parquet")),
    Entry("fig02_headline", "How many steps are saved, and do the curves follow a law?", "Fig 2",
          "The mean loss against the training step on a log axis, an arrow over the steps that the near-optimal "
          "policy saves on the way to the conventional policy's last loss, and thin lines for the scaling laws that "
          "hold for single seeds. Where a thin line leaves its curve, or there is none, no law describes the run.",
          module="figures.overview", data=("curves", "fits", "summary")),
    Entry("fig03_law", "Do all weighted examples contribute the same?", "Fig 3",
          "The contributions of the weighted examples at one step half-way down the loss, in units of their "
          "weighted mean, in rising order and each as wide as its weight, for both kinds of contribution. The law "
          "says that the near-optimal curve is flat at 1; only adjoint contributions must be equal at the optimum.",
          module="figures.overview", data=("contributions/conventional", "contributions/near_optimal", "summary")),
    Entry("fig04_objective", "How far does the search get?", "Fig 4",
          "By outer iteration of the search: the objective J (mean loss over all training steps), the compression "
          "ratio CR = ln|V| / J (|V|: size of the vocabulary, or the 2 labels), the Frank-Wolfe gap (distance from "
          "first-order stationarity) and the cost in gradient evaluations, trial runs included. The search sees the "
          "desired examples only; whether its gain generalises shows on the test examples.",
          module="figures.search", data=("search",)),
    Entry("fig05_loss_curves", "How much sooner is the conventional loss reached?", "Fig 5",
          "The mean loss against the training step under the conventional policy, the same uniform weights at their "
          "own best learning rate, and the near-optimal policy. The arrow covers the steps saved: its left end is "
          "the first step at which the near-optimal policy is at or below the conventional policy's last loss "
          "(dotted); there is none if a seed never gets that low.",
          module="figures.curves", data=("curves", "summary.parquet")),
    Entry("fig06_similarity_against_loss", "Is similarity higher for better policies?", "Fig 6",
          "The similarity SIM[t] of the weighted examples' contributions (their weighted mean over their standard "
          "deviation) against the loss at step t, for some policies along the search. If the law holds, lines of "
          "later iterations lie higher; the exact first-order condition is about the adjoint contributions in the "
          "lower row.",
          module="figures.similarity", data=("similarity", "curves", "summary.parquet")),
    Entry("fig07_similarity_against_compression", "Does similarity rise with the compression ratio?", "Fig 7",
          "The similarity SIM (weighted mean of a step's contributions over their standard deviation), averaged "
          "over the steps, against the compression ratio CR = ln|V| / J: one point per policy along the search and "
          "seed, with the paper's fit SIM = c ln(a / (b - CR)) to each seed that has enough points. The law asks "
          "for points that rise with CR.",
          module="figures.similarity", data=("summary",)),
    Entry("fig08_noncontributive", "Do examples that do not help get no weight?", "Fig 8",
          "The share of the (step, example) pairs with a contribution CT of zero or less whose weight is exactly "
          "zero, before convergence, against the compression ratio CR = ln|V| / J, along the search. The paper's "
          "property 4.1 says that the share goes to 100 % as the policy gets better, to the right.",
          module="figures.weights", data=("zero_weights", "summary")),
    Entry("fig09_learned", "Do perfectly learned examples lose their weight?", "Fig 9",
          "Of all (step, example) pairs with a loss below 1e-6, the share whose weight, relative to the largest of "
          "its step, is at most the value on the x axis. The paper's property 4.2 says that such examples get "
          "little weight: the near-optimal curve should be above 90 % at 0.2 (the claim and the table count only "
          "the steps before convergence).",
          module="figures.weights",
          data=("contributions/conventional", "contributions/near_optimal",
                "policies/conventional", "policies/near_optimal"), problems=(PERCEPTRON,)),
    Entry("fig10_redundant", "Do some helpful examples get no weight?", "Fig 10",
          "The near-optimal policy's weights of the examples with a contribution CT above zero, in units of the "
          "uniform weight 1/N, and the share of these examples whose weight is exactly zero (white: CT is zero or "
          "less). Grey cells are examples that would help and yet have no weight: the paper calls them redundant "
          "(property 4.3; the claim and the table count only the steps before convergence).",
          module="figures.weights", data=("contributions/near_optimal", "policies/near_optimal")),
    Entry("fig11_scaling_law", "Do the loss curves follow the scaling law?", "Fig 11",
          "The loss above the fitted floor L0 from the first fitted step t0 on, with the law L = L0 + (B/t)^beta "
          "where it holds (r2 of 0.95 or more, no faster fall at the end), and both coefficients of every seed. A "
          "straight curve follows the law; a hollow point is a coefficient that the curve does not determine (to a "
          "factor of 100 in B), an arrow one beyond the axis.",
          module="figures.scaling_law", data=("curves", "fits")),
    Entry("controls", "What explains the gain?", None,
          "The objective J (mean loss over all training steps) of every policy, its share of the near-optimal "
          "policy's gain over the conventional one, and J at the learning rates tried for the tuned policies. What "
          "uniform weights gain at their own best rate (conventional tuned), and what the near-optimal weights lose "
          "at the conventional step length (near-optimal matched), is due to the learning rate and not to the "
          "weights.",
          module="figures.controls",
          data=("summary", "learning_rates/conventional_tuned"), policy="conventional_tuned"),
    Entry("online", "How far do weights without a search get?", None,
          "The mean loss on test examples under the online policy, which needs no search, and under the policies to "
          "compare it with, each at its own best learning rate; and their objective J (mean loss over all training "
          "steps) on test over that of uniform weights. The oracle (clean only tuned) knows which examples are "
          "corrupted: its distance from 1 is what leaving them out gains.",
          module="figures.curves", data=("curves", "summary"), policy="online_tuned"),
    Entry("adjoint_similarity", "Which law holds: instantaneous or adjoint?", None,
          "The similarity SIM[t] of the weighted examples' contributions (their weighted mean over their standard "
          "deviation) against the training step, by the instantaneous contribution (the paper's law, above) and by "
          "the adjoint contribution (the exact first-order condition, below). At first-order stationarity the "
          "adjoint similarity has no bound, and the instantaneous one need not grow; a step with fewer than two "
          "weighted examples has no value.",
          module="figures.similarity", data=("similarity",)),
    Entry("stability", "Is training stable under each policy?", None,
          "The sharpness (learning rate times the largest eigenvalue of the weighted Hessian) and the growth of the "
          "adjoint (its norm over the sum of the norms of its terms) against the training step. Training is stable "
          "where the sharpness is below the edge at 2; an adjoint far above 1 has been amplified by unstable steps, "
          "and then neither J nor its gap can be trusted.",
          module="figures.stability", data=("stability", "summary")),
    Entry("speed", "Is local speed the global speed?", None,
          "The weighted mean contribution (local speed) against the measured fall of the loss per unit of training "
          "time, (L[t] - L[t+1]) / eta (global speed), at each measured step, and their relative difference. In "
          "gradient flow the two are equal for every policy: points off the line show the error of finite steps, "
          "not the quality of the policy.",
          module="figures.similarity", data=("similarity",)),
    Entry("active_examples", "On how many examples does the policy train?", None,
          "The effective number of examples, 1 / (sum of squared weights), and the share of the examples with any "
          "weight, against the training step. A near-optimal line far below the conventional one means that the "
          "policy trains on few examples at a time.",
          module="figures.weights", data=("policies/conventional", "policies/near_optimal")),
    Entry("weight_on_perturbed", "Does the policy avoid corrupted examples?", None,
          "The total weight on the training examples with flipped labels or perturbed text under each policy, and "
          "the effective number of examples, 1 / (sum of squared weights). Uniform weights give the corrupted "
          "examples their share (dotted): a curve below it avoids them.",
          module="figures.weights", data=("train", "policies/conventional", "policies/near_optimal"), corrupted=True),
)

TABLES: tuple[Entry, ...] = (
    Entry("headline", "Objective, compression ratio and acceleration", "Fig 4, Fig 5",
          "The objective J (mean loss over all training steps, nats), the compression ratio CR = ln|V| / J and the "
          "acceleration ratio AR of each policy: mean over the seeds with its 95 % t interval, each seed, and the "
          "paper's value. Compare the desired with the test columns: a gain on the desired examples alone is fitted "
          "to them.",
          module="report.tables.quantities", data=("summary", "summary.parquet")),
    Entry("summary", "All quantities over the seeds", None,
          "Mean and 95 % t interval over the seeds of every quantity of the summary, for each policy except the "
          "search's snapshots; accelerations are averaged as logarithms. If some seeds have no value, the cell says "
          "how many have one, and its mean is over those seeds.",
          module="report.tables.quantities", data=("summary.parquet",)),
    Entry("online", "Weights without a search, against tuned baselines", None,
          "The objective J (mean loss over all training steps) on test, its difference from that of uniform weights "
          "at their own best learning rate, this difference as a share of the oracle's, the weight on corrupted "
          "examples, and how near each policy is to the law (similarity SIM on desired and Frank-Wolfe gap): means "
          "over the seeds with 95 % t intervals, differences paired by seed. A negative difference is a gain; no "
          "policy was chosen or tuned with a test example.",
          module="report.tables.online", data=("summary", "summary.parquet"), policy="online_tuned"),
    Entry("search", "Where the search ended", "Fig 4",
          "The first and the best iteration of each seed's search: the objective J (mean loss over all training "
          "steps), gradient evaluations, their cost with trial runs, Frank-Wolfe gap, and the share of the weights "
          "that are above 0; J of the last run with feedback that the search kept, and of training again under the "
          "weights that it left; and how much of its promise the gradient kept: the change of J over the change to "
          "first order (median over the steps). The gap is the distance from first-order stationarity, not from the "
          "best J: above J or unstable, it says no more than that the policy is not stationary.",
          module="report.tables.quantities", data=("search",)),
    Entry("zero_weights", "Properties of zero weights", "Fig 8, Fig 9, Fig 10",
          "The share of (step, example) pairs before convergence that follow each property, and of (step, group) "
          "pairs where dependent examples were planted: mean over the seeds with its 95 % t interval, and the total "
          "number of cases. A share of few cases says little, and a share of planted groups is to be compared with "
          "that of unrelated examples.",
          module="report.tables.quantities", data=("zero_weights",)),
    Entry("fits", "Coefficients of the scaling law", "Table 1",
          "The coefficients of L = L0 + (B/t)^beta for t > t0, fitted per seed, policy and loss, with 95 % "
          "intervals. B and beta are nearly collinear: compare the two together.",
          module="report.tables.quantities", data=("fits",)),
    Entry("sensitivity", "Scaling laws with L0 or t0 fixed elsewhere", "Table 1, Fig 11",
          "B and beta of both policies on the desired loss, and the acceleration that the two laws imply at T and at "
          "the paper's 10M steps, with L0 fixed at 0 or at 0.9 of the lowest loss, or t0 at a share of T: means over "
          "the seeds with 95 % intervals, geometric for B and the accelerations. A value that changes from row to "
          "row is not a finding; the paper says more than 9 at 10M steps, without an interval.",
          module="analysis.scaling_sensitivity", data=("sensitivity",)),
    Entry("stories", "Stories with the most and the least weight", None,
          "The ten training examples with the most and the ten with the least total weight under the near-optimal "
          "policy of the first seed: the text that the model reads, whether it was perturbed, its mean weight over "
          "the steps in units of the uniform weight 1/N, and the first and last step with any weight. Check whether "
          "clean stories are at the top and perturbed ones at the bottom; the policy is not told which are which.",
          module="report.tables.stories", data=("train", "examples", "tokenizer.json"), problems=(LANGUAGE_MODEL,)),
    Entry("corpus", "The corpus", None,
          "Where the stories come from, how many were dropped and why, how long they are, how they became tokens, "
          "and three of them. The fingerprint is the SHA-256 of the stories in their order: equal fingerprints mean "
          "equal corpora.",
          module="report.tables.stories", data=("corpus.json",), problems=(LANGUAGE_MODEL,)),
)
# fmt: on


def figure(name: str) -> Entry:
    """Return a figure by its name."""
    return next(entry for entry in FIGURES if entry.name == name)


def table(name: str) -> Entry:
    """Return a table by its name."""
    return next(entry for entry in TABLES if entry.name == name)


def figures(settings: Settings) -> tuple[Entry, ...]:
    """Return the figures of an experiment, in order."""
    return tuple(entry for entry in FIGURES if entry.suits(settings))


def tables(settings: Settings) -> tuple[Entry, ...]:
    """Return the tables of an experiment, in order."""
    return tuple(entry for entry in TABLES if entry.suits(settings))
