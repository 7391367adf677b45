"""Tests that share what is costly run in one worker process (see conftest.py)."""

import os

import pytest


@pytest.mark.xdist_group("together")
def test_a_group_is_part_of_the_node_id(request: pytest.FixtureRequest) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("the tests run in one process")
    assert request.node.nodeid.endswith("@together")
