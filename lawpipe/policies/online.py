"""The Learning Law without a search: weights from the contributions of the run so far (lawpipe.online)."""

from lawpipe.policies.base import Problem, Record, Rule, Tensor

RECORD = Record(
    label="online",
    phrase="online weights",
    position=50,
    work={"own": (1.5, 0.5), "tuned": (12.0, 4.0), "matched": (2.5, 0.5)},
    formula="online",
)


def rule(problem: Problem) -> Rule:
    """Return the weights of `online.Memory`, which keeps one number per example."""
    from lawpipe import online

    memory = online.Memory(problem.examples)

    def weights(theta: Tensor) -> Tensor:
        halves = problem.half_gradients("desired", theta)
        evidence = online.agreement(*halves)
        if evidence == 0:
            return memory.weights().to(theta)
        return memory.update(problem.contributions(theta, halves.mean(dim=0)), evidence)

    return weights
