"""When training again under a policy gives the same J, so that J belongs to the policy and not to one run."""

#: Largest relative change of J with which a policy that is trained again counts as the same.
AGREES = 0.01


def agrees(change: float) -> bool:
    """Return whether a relative change of J in a replay is small enough; false for NaN."""
    return abs(change) <= AGREES
