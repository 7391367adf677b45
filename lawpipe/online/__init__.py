"""Example weights for any PyTorch training loop, without a search.

Imports PyTorch and no other room; the public names are those below.
"""

from lawpipe.online.contributions import Contributions, difference, double_backward, forward_mode, in_metric
from lawpipe.online.memory import Memory, agreement
from lawpipe.online.weights import MOMENTUM, REFRESH, Online

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
