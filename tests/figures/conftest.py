import pytest

from lawpipe.results.experiment import Results
from tests.conftest import load
from tests.toy import Toy


@pytest.fixture(scope="session")
def three_seeds(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Three seeds, whose tables tests replace."""
    return load(tmp_path_factory.mktemp("three"), Toy(seeds=(0, 1, 2)))
