"""For all tests: which stay together when they run in several processes (`make test`); the interpreter of Triton."""

import os
from pathlib import Path

import pytest

# Triton decides when it is first imported, by any library: without a GPU, kernels are interpreted.
if not Path("/dev/nvidiactl").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")

#: Folders whose tests share what is costly to make.
TOGETHER = ("figures", "report", "workflow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of such a folder in one process."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(folder))
