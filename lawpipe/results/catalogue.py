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
          "The mean loss on desired and on unseen examples over the training steps. Uniform weights at their own best "
          "learning rate (conventional tuned) are the control that decides what the weights themselves gain.",
          module="figures.front", data=("curves",)),
    Entry("fig01_objective", "The objective: area under the loss curve", "Fig 1",
          "The mean loss against the training step under the conventional and the near-optimal policy, as means over "
          "the seeds: the objective J (mean loss over all training steps) is the area under a curve divided by the "
          "number of steps T. The grey area between the curves is what the policy saves: the search makes it as "
          "large as it can on the desired examples, and the test examples, which the search does not see, show how "
          "much of it generalises.",
          module="figures.overview", data=("curves", "summary.parquet")),
    Entry("fig02_headline", "The headline: steps saved, and the scaling laws", "Fig 2",
          "The loss of the first seed against the training step on a log axis under both policies, with an arrow "
          "over the steps that the near-optimal policy saves on the way to the conventional policy's last loss, and "
          "both fitted scaling laws (dashed). Where a dashed line leaves its curve, the law does not describe the "
          "run.",
          module="figures.overview", data=("curves", "fits", "summary")),
    Entry("fig03_law", "The law at one step", "Fig 3",
          "The contributions of the weighted examples at one step half-way down the loss, divided by their weighted "
          "mean, in rising order and each as wide as its weight, for both kinds of contribution; and the mean "
          "similarity SIM (weighted mean of a step's contributions over their standard deviation) of each policy "
          "against its compression ratio CR = ln|V| / J. The law says that all weighted examples contribute the "
          "same: the near-optimal curve should be flat at 1, the dashed line.",
          module="figures.overview", data=("contributions/conventional", "contributions/near_optimal", "summary")),
    Entry("fig04_objective", "Search: objective and compression ratio", "Fig 4",
          "The search, by outer iteration: the objective J (mean loss over all training steps), the compression "
          "ratio CR = ln|V| / J (|V|: size of the vocabulary, or the 2 labels), the Frank-Wolfe gap (distance from "
          "first-order stationarity) and the gradient evaluations used. Compare the curve of the desired examples, "
          "which the search sees, with that of the test examples, which it does not see: only the second shows "
          "whether the policy generalises.",
          module="figures.search", data=("search",)),
    Entry("fig05_loss_curves", "Loss curves of the policies", "Fig 5",
          "The mean loss on desired and test examples against the training step under each policy, and the "
          "acceleration ratio AR: T over the first step at which the near-optimal policy is at or below the "
          "conventional policy's last loss (dotted line). The arrow covers the steps saved; it is missing if a seed "
          "never gets that low.",
          module="figures.curves", data=("curves", "summary.parquet")),
    Entry("fig06_similarity_against_loss", "Similarity of contributions during training", "Fig 6",
          "The similarity SIM[t] of the weighted examples' contributions (their weighted mean over their standard "
          "deviation) against the loss at step t, one line per policy along the search, coloured by its compression "
          "ratio CR = ln|V| / J. If the law holds, lines of a higher CR lie higher; the exact first-order condition "
          "is about the adjoint contributions in the lower row.",
          module="figures.similarity", data=("similarity", "curves", "summary.parquet")),
    Entry("fig07_similarity_against_compression", "Similarity against compression ratio", "Fig 7",
          "The similarity SIM (weighted mean of a step's contributions over their standard deviation), averaged over "
          "the steps, against the compression ratio CR = ln|V| / J: one point per policy along the search and seed, "
          "with the paper's fit SIM = c ln(a / (b - CR)) for each seed in which it exists. The law asks for points "
          "that rise with CR; the fit goes to infinity at CR = b.",
          module="figures.similarity", data=("summary",)),
    Entry("fig08_noncontributive", "Weight of non-contributive examples", "Fig 8",
          "The share of the (step, example) pairs with a contribution CT of zero or less whose weight is exactly "
          "zero, before convergence, against the compression ratio CR = ln|V| / J: one point per policy along the "
          "search and seed. The paper's property 4.1 says that the share goes to 100 % as the policy gets better.",
          module="figures.weights", data=("zero_weights", "summary")),
    Entry("fig09_learned", "Weight of perfectly learned examples", "Fig 9",
          "The weight relative to the largest weight of its step, over the (step, example) pairs of all measured "
          "steps with a loss below 1e-6: a histogram per policy, whose whiskers are 95 % t intervals over the seeds, "
          "and the share of the pairs below 0.2 (the table's share counts only the steps before convergence). The "
          "paper's property 4.2 says that such examples get little weight: expect bars near 0 for the near-optimal "
          "policy; those of the conventional policy are all at 1.",
          module="figures.weights",
          data=("contributions/conventional", "contributions/near_optimal",
                "policies/conventional", "policies/near_optimal"), problems=(PERCEPTRON,)),
    Entry("fig10_redundant", "Weight of redundant examples", "Fig 10",
          "The near-optimal policy's weights for the (step, example) pairs with a contribution CT above zero, in "
          "units of the uniform weight 1/N (other pairs are blank), and the share of these pairs whose weight is "
          "exactly zero. Grey cells have weight exactly zero although the example would help: the paper calls these "
          "examples redundant (property 4.3).",
          module="figures.weights", data=("contributions/near_optimal", "policies/near_optimal")),
    Entry("fig11_scaling_law", "Scaling-law fits", "Fig 11",
          "The loss above the fitted floor L0 against the training step on log axes, with the fitted law L = L0 + "
          "(B/t)^beta (dashed), and the coefficients B and beta of every seed with their 95 % intervals. A straight "
          "curve means that the law describes the run; where the near-optimal curve bends, its B and beta mean "
          "little.",
          module="figures.scaling_law", data=("curves", "fits")),
    Entry("controls", "What explains the gain: controls", None,
          "The objective J (mean loss over all training steps) of the near-optimal policy and of simpler policies on "
          "desired and test examples, the share of the near-optimal policy's gain that each has, and J against the "
          "learning rates that were tried. What uniform weights gain at their own best learning rate, and what the "
          "near-optimal weights lose at the conventional policy's step length, is the effect of the learning rate "
          "and not of the weights.",
          module="figures.controls",
          data=("summary", "learning_rates/conventional_tuned"), policy="conventional_tuned"),
    Entry("online", "Weights without a search", None,
          "The mean loss on test examples against the training step under the online policy, which needs no search, "
          "and under the policies to compare it with, each at its own best learning rate; and the objective J (mean "
          "loss over all training steps) on test relative to that of uniform weights. The oracle knows which "
          "examples are corrupted: the distance between it and uniform weights is what leaving them out gains.",
          module="figures.curves", data=("curves", "summary"), policy="online_tuned"),
    Entry("adjoint_similarity", "Which law holds: instantaneous against adjoint similarity", None,
          "The similarity SIM[t] of the weighted examples' contributions (their weighted mean over their standard "
          "deviation) against the training step, by the instantaneous contribution (the paper's law) and by the "
          "adjoint contribution (the exact first-order condition). At first-order stationarity all adjoint "
          "contributions of a step are equal and their similarity has no bound; the instantaneous similarity need "
          "not grow, and a step with fewer than two weighted examples has no value.",
          module="figures.similarity", data=("similarity",)),
    Entry("stability", "Stability: sharpness and growth of the adjoint", None,
          "The sharpness (learning rate times the largest eigenvalue of the weighted Hessian) and the growth of the "
          "adjoint (its norm over the sum of the norms of its terms) at steps that are evenly spaced on a log axis. "
          "Training is stable where the sharpness is below 2, the dashed line; an adjoint far above 1 has been "
          "amplified by unstable steps, and then neither J nor its gap can be trusted.",
          module="figures.stability", data=("stability", "summary")),
    Entry("speed", "Local speed against global speed", None,
          "The weighted mean contribution (local speed) against the measured fall of the loss per unit of training "
          "time, (L[t] - L[t+1]) / eta (global speed), at each measured step, and their relative difference against "
          "the training step. In gradient flow the two speeds are equal for every policy: points off the dashed line "
          "show the error of finite steps, not the quality of the policy.",
          module="figures.similarity", data=("similarity",)),
    Entry("active_examples", "How many examples carry the weight", None,
          "The effective number of examples, 1 / (sum of squared weights), and the share of the examples with any "
          "weight, against the training step. A near-optimal line far below the conventional one means that the "
          "policy trains on few examples at a time.",
          module="figures.weights", data=("policies/conventional", "policies/near_optimal")),
    Entry("weight_on_perturbed", "Weight on corrupted examples", None,
          "The total weight on the training examples with flipped labels or perturbed text against the training step "
          "under each policy, and the effective number of examples, 1 / (sum of squared weights). The dotted line is "
          "their share of all examples, which uniform weights give: a curve below it means that the policy avoids "
          "the corrupted examples.",
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
          "that are above 0; and how much of its promise the gradient kept: the change of J over the change to first "
          "order (median over the steps). The gap is the distance from first-order stationarity, not from the best J: "
          "above J or unstable, it says no more than that the policy is not stationary.",
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
