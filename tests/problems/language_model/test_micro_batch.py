"""The size of micro-batches, from a memory that is made up."""

import pytest

from lawpipe.problems.language_model.micro_batch import PROBE, rows_that_fit


def taken(an_example, fixed=1000):
    return lambda rows: fixed + an_example * rows


@pytest.mark.parametrize(
    ("examples", "room", "expected"),
    [
        (4096, 10**9, 4096),
        (4096, 3000 * 100, 2048),
        (4096, 1500 * 100, 1366),
        (4096, 50, 1),
        (5, 300, 3),
        (1, 10**9, 1),
    ],
)
def test_as_many_as_there_is_room_for_in_equal_parts(examples, room, expected):
    assert rows_that_fit(examples, room, taken(100)) == expected


def test_memory_that_does_not_grow_with_the_examples_does_not_count():
    asked = []

    def measured(rows):
        asked.append(rows)
        return 10**12 + 100 * rows

    assert rows_that_fit(10**6, 10**6, measured) == 10**4
    assert max(asked) == PROBE
