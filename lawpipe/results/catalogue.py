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
        module: the module of `lawpipe` that makes it.
        data: what it is made from: tables of each seed by their names, files of the experiment with their endings.
        problems: the problems that have it.
        corrupted: whether it needs corrupted training examples.
        policy: the policy that it needs, if it does not apply to every experiment.
    """

    name: str
    title: str
    source: str | None
    caption: str
    module: str
    data: tuple[str, ...]
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
    Entry("fig01_objective", "The objective: area under the loss curve", "Fig 1",
          "The loss during training under the conventional and the near-optimal policy on a linear axis from 0; the "
          "area under the near-optimal curve is shaded, and the area between the curves is grey. The grey area is "
          "what the policy saves: the search maximises it on the desired examples, and the test examples show how "
          "much of it generalises.",
          module="figures.overview", data=("curves", "summary.parquet")),
    Entry("fig02_headline", "The headline: steps saved, and the scaling laws", "Fig 2",
          "The two loss curves of the first seed against the logarithm of the step, the steps that the near-optimal "
          "policy saves on the way to the conventional policy's last loss, and both fitted scaling laws. Where a "
          "dashed line departs from its curve, the law does not describe the run.",
          module="figures.overview", data=("curves", "fits", "summary")),
    Entry("fig03_law", "The law at one step", "Fig 3",
          "The instantaneous and the adjoint contributions of the weighted examples at one step half-way down the "
          "loss, in rising order and each as wide as its weight; and the mean similarity against the compression "
          "ratio. The law predicts that the near-optimal curve is flat at 1, the dashed line: all weighted examples "
          "contribute the same.",
          module="figures.overview", data=("contributions/conventional", "contributions/near_optimal", "summary")),
    Entry("fig04_objective", "Search: objective and compression ratio", "Fig 4",
          "The search over the outer iterations: the objective J (mean loss over the training run), the compression "
          "ratio ln|V| / J (|V|: the size of the vocabulary, or the 2 labels), the Frank-Wolfe gap and the number of "
          "gradient evaluations. Compare the curve of the desired examples, which the search optimises, with that of "
          "the test examples, which it does not see: only the second shows whether the policy generalises.",
          module="figures.search", data=("search",)),
    Entry("fig05_loss_curves", "Loss curves of the policies", "Fig 5",
          "The loss on desired and test examples during training under each policy, with the acceleration ratio: T "
          "over the first step at which a policy is at or below the conventional policy's final loss. The arrow "
          "spans the steps saved; it is missing where not every seed reaches that loss.",
          module="figures.curves", data=("curves", "summary.parquet")),
    Entry("fig06_similarity_against_loss", "Similarity of contributions during training", "Fig 6",
          "The similarity SIM[t] of the contributions of the weighted examples against the loss at that step, one "
          "line per policy along the search, coloured by its compression ratio. If the law holds, lines of a higher "
          "compression ratio lie higher; the exact first-order condition is about the adjoint contributions (lower "
          "row).",
          module="figures.similarity", data=("similarity", "curves", "summary.parquet")),
    Entry("fig07_similarity_against_compression", "Similarity against compression ratio", "Fig 7",
          "The mean similarity of a policy against its compression ratio, one point per policy along the search and "
          "seed, with the paper's fit SIM = c ln(a / (b - CR)) for each seed that determines it. The law predicts "
          "points that rise with the compression ratio; at b the fitted curve goes to infinity.",
          module="figures.similarity", data=("summary",)),
    Entry("fig08_noncontributive", "Weight of non-contributive examples", "Fig 8",
          "The share of (step, example) pairs with a contribution of zero or less whose weight is exactly zero, "
          "before convergence, against the compression ratio. The paper's property 4.1 predicts that the share "
          "approaches 100 % as the policy improves.",
          module="figures.weights", data=("zero_weights", "summary")),
    Entry("fig09_learned", "Weight of perfectly learned examples", "Fig 9",
          "The weight relative to the largest weight of its step, over the (step, example) pairs of all measured "
          "steps whose loss is below 1e-6; the share in the table counts only the steps before convergence. The "
          "paper's property 4.2 predicts that such examples get little weight: bars near 0 for the near-optimal "
          "policy, all at 1 for the conventional one.",
          module="figures.weights",
          data=("contributions/conventional", "contributions/near_optimal",
                "policies/conventional", "policies/near_optimal"),
          problems=(PERCEPTRON,)),
    Entry("fig10_redundant", "Weight of redundant examples", "Fig 10",
          "The near-optimal policy's weights for examples with a positive contribution, in units of the uniform "
          "weight 1/N; other pairs are left blank. Grey cells have weight exactly zero although the example would "
          "help: the paper considers them redundant (property 4.3), and the curve on the right shows their share.",
          module="figures.weights", data=("contributions/near_optimal", "policies/near_optimal")),
    Entry("fig11_scaling_law", "Scaling-law fits", "Fig 11",
          "The loss above the fitted floor L0 against the step, both on log axes, with the fitted line L0 + "
          "(B/t)^beta, and the coefficients of every seed with their intervals. A straight curve means that the law "
          "describes the run; where the near-optimal curve bends, its B and beta mean little.",
          module="figures.scaling_law", data=("curves", "fits")),
    Entry("controls", "What explains the gain: controls", None,
          "J of the near-optimal policy and of simpler ones on desired and test examples, the share of the "
          "near-optimal policy's gain that each has, and J over the learning rates that were tried for uniform "
          "weights and for the clean examples alone. What uniform weights gain at their own best learning rate, or "
          "the near-optimal weights lose at the conventional policy's step length, is an effect of the learning rate "
          "and not of the weights.",
          module="figures.controls",
          data=("summary", "learning_rates/conventional_tuned"), policy="conventional_tuned"),
    Entry("online", "Weights without a search", None,
          "The loss on test examples during training under the online policy, which needs no search, and under the "
          "policies to compare it with, each at its own best learning rate; and J on test relative to that of "
          "uniform weights at theirs. The oracle is told which examples are corrupted: the distance from uniform "
          "weights to it is what leaving those out can gain.",
          module="figures.online", data=("curves", "summary"), policy="online_tuned"),
    Entry("adjoint_similarity", "Which law holds: instantaneous against adjoint similarity", None,
          "The similarity over the training steps by the instantaneous contribution (the paper's law) and by the "
          "adjoint contribution (the exact first-order condition). At first-order stationarity the adjoint "
          "contributions of a step are equal and their similarity has no bound; the instantaneous one need not grow, "
          "and a step with fewer than two weighted examples has no value.",
          module="figures.similarity", data=("similarity",)),
    Entry("speed", "Local speed against global speed", None,
          "The weighted mean contribution (local speed) against the measured fall of the loss per unit of training "
          "time, (L[t] - L[t+1]) / eta (global speed), and their relative difference over the steps. In gradient "
          "flow the two are equal for every policy, so points off the line measure the discretisation by the step "
          "size, not the quality of the policy.",
          module="figures.speed", data=("similarity",)),
    Entry("active_examples", "How many examples carry the weight", None,
          "The effective number of examples, 1 / sum of squared weights, and the share of examples with any weight, "
          "over the training steps. A near-optimal policy far below the conventional line trains on a few examples "
          "at a time.",
          module="figures.weights", data=("policies/conventional", "policies/near_optimal")),
    Entry("weight_on_perturbed", "Weight on flipped or perturbed examples", None,
          "The total weight on the training examples with flipped labels or perturbed text, over the training steps "
          "under each policy, and the effective number of examples. The dotted line is their share of the examples, "
          "which a policy that cannot tell them apart gives them: a curve below it means that the policy recognises "
          "the corrupted examples.",
          module="figures.weights", data=("train", "policies/conventional", "policies/near_optimal"), corrupted=True),
)

TABLES: tuple[Entry, ...] = (
    Entry("headline", "Objective, compression ratio and acceleration", "Fig 4, Fig 5",
          "J (mean loss over training, nats), CR = ln|V| / J and the acceleration ratio of each policy: mean over "
          "the seeds with its 95 % t interval, each seed, and the paper's value. Read the desired and test columns "
          "together: a gain on the desired examples alone is fitted to them.",
          module="report.tables.quantities", data=("summary", "summary.parquet")),
    Entry("summary", "All quantities over the seeds", None,
          "Mean and 95 % t interval over the seeds of every quantity of the summary, for each policy except the "
          "snapshots of the search; accelerations are averaged as logarithms. Where not all seeds have a value, the "
          "cell gives their number, and its mean is over those alone.",
          module="report.tables.quantities", data=("summary.parquet",)),
    Entry("online", "Weights without a search, against tuned baselines", None,
          "J on test, its difference to uniform weights at their own best learning rate, the share of this "
          "difference in what the oracle gains at its own, the weight on corrupted examples, and how near each "
          "policy is to the law (similarity on desired and the Frank-Wolfe gap): means over the seeds with 95 % t "
          "intervals, differences paired by seed. A negative difference is a gain; no policy was chosen or tuned by "
          "a test example.",
          module="report.tables.online", data=("summary", "summary.parquet"), policy="online_tuned"),
    Entry("search", "Where the search ended", "Fig 4",
          "The start and the best row of each seed's search: objective, gradient evaluations, their cost with trial "
          "runs, Frank-Wolfe gap, and the share of the weights that are above 0. The gap is the distance from "
          "first-order stationarity, not from the best J.",
          module="report.tables.quantities", data=("search",)),
    Entry("zero_weights", "Properties of zero weights", "Fig 8, Fig 9, Fig 10",
          "The share of (step, example) pairs that have each property before convergence, and of (step, group) pairs "
          "where dependent examples were planted: mean over the seeds with its 95 % t interval, and the total number "
          "of cases. A share of few cases means little, and one of planted groups has a meaning only beside that of "
          "unrelated examples.",
          module="report.tables.quantities", data=("zero_weights",)),
    Entry("fits", "Coefficients of the scaling law", "Table 1",
          "L = L0 + (B/t)^beta for t > t0, fitted per seed, policy and loss, with 95 % intervals. B and beta are "
          "nearly collinear: compare the two together.",
          module="report.tables.quantities", data=("fits",)),
    Entry("sensitivity", "Scaling laws with L0 or t0 fixed elsewhere", "Table 1, Fig 11",
          "B and beta of both policies on the desired loss, and the acceleration that the two laws imply at T and at "
          "the paper's 10M steps, when L0 is fixed at 0 or at 0.9 of the lowest loss and t0 at a share of T: means "
          "over the seeds with 95 % intervals, geometric for B and the accelerations. What changes from row to row "
          "is not a finding; the paper gives more than 9 at 10M steps, without an interval.",
          module="analysis.scaling_sensitivity", data=("sensitivity",)),
    Entry("stories", "Stories with the most and the least weight", None,
          "The ten training examples with the most and the ten with the least total weight under the near-optimal "
          "policy of the first seed: the text that the model reads, whether it was perturbed, its mean weight over "
          "the steps in units of the uniform weight 1/N, and when it first and last had any. See whether clean "
          "stories are at the top and perturbed ones at the bottom; the search was not told which is which.",
          module="report.tables.stories", data=("train", "examples", "tokenizer.json"), problems=(LANGUAGE_MODEL,)),
    Entry("corpus", "The corpus", None,
          "Where the stories come from, how many were dropped and why, how long they are, how they became tokens, "
          "and three of them. The fingerprint is the SHA-256 of the stories in their order: the same one means the "
          "same corpus.",
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
