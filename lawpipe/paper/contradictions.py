"""Where the paper contradicts itself or leaves something open, with our arithmetic on its own numbers."""

import math

from lawpipe.analysis.acceleration import acceleration_from_fits
from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.paper import values as paper
from lawpipe.paper.table_2 import TABLE_2
from lawpipe.paper.values import TEXT_EXPONENT_CHANGE, TEXT_SCALE_CHANGE
from lawpipe.results.problem import LANGUAGE_MODEL


def contradictions() -> tuple[tuple[str, str, str, str], ...]:
    """Return the contradictions of the paper, and points that it leaves open, in the order of the audit.

    Each is the figures, tables or sections that it is about, what the paper says there, what another place says or
    what follows, and our arithmetic on the paper's numbers; `-` if there is none.
    """
    scale, scale_near, exponent, exponent_near = (
        paper.BY_MEASURE[LANGUAGE_MODEL, measure, policy].low
        for measure in ("scale", "exponent")
        for policy in ("conventional", "near_optimal")
    )
    row = next(row for row in TABLE_2 if row.steps == 4000)
    after = (scale * (1 - row.scale_change), exponent * (1 + row.exponent_change))
    at_steps, at_far = (acceleration_from_fits(scale, exponent, *after, steps=steps) for steps in (row.steps, FAR))
    ratio = paper.BY_MEASURE[LANGUAGE_MODEL, "compression_ratio", "conventional"].low
    vocabulary = paper.SETTINGS[LANGUAGE_MODEL]["data"]["tokenizer"]["vocabulary"]
    bits, nats = math.log2(vocabulary), math.log(vocabulary)
    objective = bits / ratio
    # fmt: off
    return (
        (
            "Fig 11, Table 1, Table 2",
            f"B falls by {_percent(TEXT_SCALE_CHANGE)} and beta rises by {_percent(TEXT_EXPONENT_CHANGE)}",
            f"Table 2 has {_percent(row.scale_change)} and {_percent(row.exponent_change)} for the same run",
            f"1 - {scale_near:.3g} / {scale:.3g} = {_percent(1 - scale_near / scale)}; "
            f"{exponent_near} / {exponent} - 1 = {_percent(exponent_near / exponent - 1)} "
            "with Table 1's rounded beta"),
        (
            "Table 2",
            f"the acceleration at T = {row.steps} is {row.acceleration}, and the coefficients explain it",
            f"that value is read off the curves; equation 9 with Table 2's coefficients gives {at_steps:.2f}",
            f"AR = B1^(beta1/beta2) / B2 x T^(1 - beta1/beta2), B1 = {scale:.3g}, beta1 = {exponent}, "
            f"B2 = {after[0]:.3g}, beta2 = {after[1]:.4f}"),
        (
            "Section 4",
            f"more than {paper.AT_10M_STEPS} times fewer steps at 10M steps",
            f"no run is longer than {max(size.steps for size in TABLE_2)} steps: the number is equation 9, "
            f"extrapolated {FAR // row.steps}-fold, with no interval",
            f"the same coefficients at T = 10M: {at_far:.2f}"),
        (
            "Fig 4, Fig 7",
            f"the Transformer's conventional compression ratio is about {ratio}",
            f"it is log2 of the vocabulary over a loss in nats; in one unit it is about {nats / objective:.2f}",
            f"log2({vocabulary}) = {bits:.2f}; {bits:.2f} / {ratio} = {objective:.2f} nats; "
            f"ln({vocabulary}) / {objective:.2f} = {nats / objective:.2f}"),
        (
            "Section 3, Fig 6",
            "contributions are those of the parameters and weights of one step t",
            "the public code takes the contribution at theta[t+1] with the weights of t, and its projection returns "
            "zeros that are not exact", "-"),
        (
            "Section 2",
            "training is seen as lossless compression, its objective as the length of the code",
            "the authors call this not entirely rigorous: many epochs of full-batch descent, and the desired instead "
            "of the training loss", "-"),
        (
            "Section 4",
            "every number is of one run",
            "there are no seeds, error bars, baselines but uniform weights, certificate of optimality or ablation",
            "-"),
    )
    # fmt: on


def _percent(share: float) -> str:
    """Return a share in per cent with the paper's number of digits."""
    return f"{100 * share:.1f} %"
