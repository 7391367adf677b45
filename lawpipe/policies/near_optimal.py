"""The near-optimal policy, the result of the experiment's search (the stage `search` writes it)."""

from lawpipe.policies.base import Record

RECORD = Record(
    label="near-optimal",
    phrase="the near-optimal weights",
    position=80,
    formula="searched",
    required=True,
    takes_search=True,
)
