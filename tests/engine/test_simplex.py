"""The projection onto the simplex, against a float64 reference by sorting."""

import numpy as np
import pytest
import torch

from lawpipe.engine.simplex import project_


def reference(rows):
    """Project by sorting, in float64 (Held, Wolfe and Crowder 1974)."""
    result = []
    for row in rows.double().numpy():
        falling = np.sort(row)[::-1]
        excess = (np.cumsum(falling) - 1) / np.arange(1, len(row) + 1)
        size = np.flatnonzero(falling > excess)[-1]
        result.append(np.maximum(row - excess[size], 0))
    return torch.from_numpy(np.array(result))


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(draw(40, 300), id="mostly zeros"),
        pytest.param(1 / 4096 + 1e-6 * draw(20, 4096), id="all active"),
        pytest.param(1 / 4096 + 1e-3 * draw(20, 4096), id="partly active"),
        pytest.param(1e4 * draw(20, 50), id="one active"),
        pytest.param(1e4 + draw(20, 50), id="far away"),
        pytest.param(torch.cat([draw(3, 64), 1e-4 * draw(3, 64), 1e3 * draw(3, 64)]), id="unlike rows in one block"),
        pytest.param(draw(3, 1), id="a single example"),
        pytest.param(torch.zeros(2, 7), id="ties"),
    ],
)
def test_agrees_with_the_reference(rows):
    expected = reference(rows)
    projected = project_(rows.clone())
    assert float((projected - expected).abs().max()) < 1e-6
    assert float((projected.double().sum(dim=1) - 1).abs().max()) < 1e-6
    assert float(projected.min()) >= 0
    # Zeros are exact, up to entries that the reference itself has within rounding of the threshold.
    assert float(expected[projected == 0].max() if (projected == 0).any() else 0) < 1e-6
    assert bool((projected[expected == 0] < 1e-6).all())


def test_inactive_entries_are_exact_zeros():
    rows = torch.tensor([[0.9, 0.5, -3.0, 0.1], [0.25, 0.25, 0.25, 0.25]])
    expected = torch.tensor([[0.7, 0.3, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    torch.testing.assert_close(project_(rows), expected)
    assert rows[0, 2] == 0
    assert rows[0, 3] == 0


def test_a_point_of_the_simplex_stays():
    weights = torch.rand(9, 100, generator=torch.Generator().manual_seed(3), dtype=torch.float64).relu_()
    weights[:, ::3] = 0
    weights /= weights.sum(dim=1, keepdim=True)
    projected = project_(weights.clone())
    torch.testing.assert_close(projected, weights, rtol=0, atol=1e-15)
    assert bool((projected[:, ::3] == 0).all())


def test_a_row_with_nan_projects_to_nan():
    rows = torch.zeros(2, 5)
    rows[0, 3] = float("nan")
    projected = project_(rows)
    assert bool(projected[0].isnan().all())
    torch.testing.assert_close(projected[1], torch.full((5,), 0.2))
