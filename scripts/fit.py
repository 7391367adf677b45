"""Fit the scaling law L(t) = L0 + (B / t)^beta to the loss curves.

Takes the curves of all policies of one seed. Gives one row per policy and reference set (desired, test) with L0, B,
beta, t0, r^2 and 95 % intervals; nulls for a curve that does not follow the law. L0 and t0 are fitted to the
conventional and the near-optimal policy together, or to the conventional one where there is no other. Also gives the
fits of these two with L0 or t0 fixed at other values: how much B, beta and the acceleration depend on them.
"""

from dataclasses import asdict

from lawpipe.analysis import convexity, curves, scaling_law, scaling_sensitivity
from lawpipe.run import artifacts, stage
from lawpipe.run.splits import REFERENCES
from lawpipe.run.tables.fits import FITS, SENSITIVITY
from lawpipe.run.tables.measurements import CURVES

#: The policies that L0 and t0 are fitted to.
SHARING = ("conventional", "near_optimal")


@stage.script(
    curves="the loss curves of all policies",
    fits="output: the fitted scaling laws",
    sensitivity="output: the fits with L0 or t0 fixed",
)
def main(job: stage.Job) -> None:
    """Write the fits of all policies."""
    table = artifacts.read(job.options.curves, CURVES)
    policies, steps = table.column("policy").to_pylist(), table.column("step").to_numpy()
    fits, variants = {}, []
    steeper = []
    for against in REFERENCES:
        losses = table.column(f"{against}_loss").to_numpy()
        by_policy = curves.split(policies, steps, losses)
        fits[against] = scaling_law.fit_curves(by_policy, SHARING)
        steeper += [
            f"{policy} on {against}"
            for policy, fit in fits[against].items()
            if fit.first_step is not None and convexity.falls_faster_again(by_policy[policy], fit.first_step)
        ]
        sensitivity = scaling_sensitivity.sensitivity(by_policy, SHARING)
        variants += [{"against": against, **row} for row in sensitivity]
    rows = [
        {"policy": policy, "against": against, **asdict(fits[against][policy])}
        for policy in fits["desired"]
        for against in fits
    ]
    job.write_rows(job.options.fits, FITS, rows)
    job.write_rows(job.options.sensitivity, SENSITIVITY, variants)
    for row in rows:
        if row["policy"] in SHARING and row["scale"] is not None:
            print(
                f"{row['policy']} on {row['against']}: L0 {row['loss_floor']:.4g}, B {row['scale']:.4g},"
                f" beta {row['exponent']:.4g} from step {row['first_step']} on"
            )
    if steeper:
        print(
            f"no power law, for the loss falls faster again at its end: {', '.join(steeper)}; B and beta mean little"
        )
    missing = sum(row["scale"] is None for row in rows)
    if missing:
        print(f"{missing} of {len(rows)} curves do not follow a scaling law")
