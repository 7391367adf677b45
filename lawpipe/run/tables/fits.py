"""Fits of the scaling law."""

from lawpipe.run.table import table

#: One row per policy and reference set.
FITS = table(
    "fits",
    "policy: string, against: string, loss_floor, scale, exponent, first_step: int32, r_squared,"
    "loss_floor_low, loss_floor_high, scale_low, scale_high, exponent_low, exponent_high",
)

#: The fits of the policies that share L0 and t0, repeated with L0 or t0 fixed at other values.
SENSITIVITY = table(
    "sensitivity",
    "policy: string, against: string, variant: string, loss_floor, first_step: int32, scale, exponent, acceleration,"
    "acceleration_far",
)
