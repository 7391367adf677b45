"""Example weights for anyone's training loop, without a search; imports torch alone.

The public names are those below; `lawpipe.online.weights` defines them.
"""

from lawpipe.online.weights import (
    MOMENTUM,
    REFRESH,
    Contributions,
    Memory,
    Online,
    agreement,
    difference,
    double_backward,
    forward_mode,
    in_metric,
)

__all__ = [
    "MOMENTUM",
    "REFRESH",
    "Contributions",
    "Memory",
    "Online",
    "agreement",
    "difference",
    "double_backward",
    "forward_mode",
    "in_metric",
]
