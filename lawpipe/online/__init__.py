"""Example weights for any PyTorch training loop, without a search.

Imports PyTorch and no other room; the public names are those below.
"""

from lawpipe.online.check import Check, check
from lawpipe.online.contributions import Contributions, difference, double_backward, forward_mode
from lawpipe.online.history import History, Last
from lawpipe.online.memory import Memory, agreement
from lawpipe.online.metric import in_metric
from lawpipe.online.weights import MOMENTUM, REFRESH, Online

__all__ = [
    "MOMENTUM",
    "REFRESH",
    "Check",
    "Contributions",
    "History",
    "Last",
    "Memory",
    "Online",
    "agreement",
    "check",
    "difference",
    "double_backward",
    "forward_mode",
    "in_metric",
]
