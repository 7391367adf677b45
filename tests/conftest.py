"""For all tests: which of them stay together when they run in several processes (`make test`)."""

from pathlib import Path

import pytest

#: Folders whose tests share what is costly to make.
TOGETHER = ("figures", "report", "workflow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of such a folder in one process."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(folder))
