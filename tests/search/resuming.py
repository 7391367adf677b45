"""A search that is stopped after three iterations and resumed, for the tests of methods with a state of their own."""

from pathlib import Path

import pytest
import torch

from lawpipe.run.signals import Stopped
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.loop import Search
from lawpipe.search.method import Method
from lawpipe.search.objective import Objective


def check_resumes_bit_for_bit(objective: Objective, method: type[Method], folder: Path) -> None:
    """Search once without a stop and once with one, six iterations each, and compare all rows and the best policy."""
    whole = Search(objective, method(), iterations=6)
    whole.run()
    calls = []

    def stop_after_three() -> int | None:
        calls.append(0)
        return 15 if len(calls) == 3 else None

    stopped = Search(objective, method(), iterations=6, checkpoint=Checkpoint(folder))
    stopped.asked_to_stop = stop_after_three
    with pytest.raises(Stopped):
        stopped.run()
    assert len(stopped.rows) == 4
    resumed = Search(objective, method(), iterations=6, checkpoint=Checkpoint(folder))
    resumed.run()
    assert resumed.rows == whole.rows
    assert torch.equal(resumed.best, whole.best)
