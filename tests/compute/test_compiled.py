"""What all compiled loops share: kept machine code, exponentials, products and checked arrays."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch

from lawpipe.compute import compiled
from lawpipe.run import provenance

ROOT = Path(__file__).parents[2]


@pytest.fixture
def double(tmp_path, monkeypatch):
    """A function in a module of its own."""
    path = tmp_path / "doubling.py"
    path.write_text("def double(x):\n    return 2 * x\n")
    spec = importlib.util.spec_from_file_location("doubling", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "doubling", module)
    spec.loader.exec_module(module)
    return module.double


def test_machine_code_is_kept_for_the_code_that_it_was_compiled_from(double, monkeypatch):
    for digest, hits in (("first", 0), ("first", 1), ("second", 0)):
        monkeypatch.setattr(provenance, "code_digest", lambda path, digest=digest: digest)
        function = compiled.compiled(double)
        assert function(21.0) == 42
        assert sum(function.stats.cache_hits.values()) == hits


def test_damaged_machine_code_is_compiled_again(double, tmp_path):
    assert compiled.compiled(double)(21.0) == 42
    (index,) = tmp_path.glob("__pycache__/*.nbi")
    index.write_bytes(b"")
    for hits in (0, 1):
        function = compiled.compiled(double)
        assert function(21.0) == 42
        assert sum(function.stats.cache_hits.values()) == hits


def test_a_disk_without_room_for_machine_code_stops_nothing(double, monkeypatch):
    function = compiled.compiled(double)
    monkeypatch.setattr(function._cache._cache_file, "save", Mock(side_effect=OSError(28, "No space left on device")))
    assert function(21.0) == 42


def test_machine_code_that_cannot_be_kept_is_compiled_again(double, monkeypatch):
    njit = compiled.numba.njit

    def refuse(function, *, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(function, **options)

    monkeypatch.setattr(compiled.numba, "njit", refuse)
    assert compiled.compiled(double)(21.0) == 42


def exponential(x):
    compiled.compiled(lambda values, powers: compiled.exp_(values, powers))(x, np.empty_like(x))
    return x


def test_exponentials_at_all_magnitudes():
    x = np.linspace(-86.9, 88, 5001).astype(np.float32)
    np.testing.assert_allclose(exponential(x.copy()), np.exp(x.astype(np.float64)), rtol=4e-7)
    ends = exponential(np.array([-np.inf, -1e30, -87.1, 0, np.nan], np.float32))
    np.testing.assert_array_equal(ends, [0, 0, 0, 1, np.nan])


@pytest.mark.parametrize("left_transposed", [False, True])
@pytest.mark.parametrize("right_transposed", [False, True])
def test_products_of_parts_of_matrices(left_transposed, right_transposed):
    generator = np.random.default_rng(0)
    left, right, result = (generator.standard_normal((9, 9)).astype(np.float32) for _ in range(3))
    a = left[2:5, 1:5] if left_transposed else left[2:6, 1:4]
    b = right[:2, 3:6] if right_transposed else right[:3, 3:5]
    half = 0.5 * (a.T if left_transposed else a).astype(np.float64)
    expected = result[1:5, 4:6] + half @ (b.T if right_transposed else b)
    evaluate = compiled.compiled(
        lambda arguments, x, y, z, first, second: compiled.product(
            arguments, x, y, z, first, second, np.float32(0.5), True
        )
    )
    evaluate(np.empty(10, np.int32), a, b, result[1:5, 4:6], left_transposed, right_transposed)
    np.testing.assert_allclose(result[1:5, 4:6], expected, rtol=1e-5, atol=1e-6)


def test_arrays_are_checked():
    wide = torch.ones(3, 4, requires_grad=True)
    assert compiled.array(wide[:, ::2], 3, 2).flags.c_contiguous
    with pytest.raises(ValueError, match=r"found float32 of shape \(3, 4\), expected float32 of shape \(4, 3\)"):
        compiled.array(wide, 4, 3)
    with pytest.raises(ValueError, match="found float64"):
        compiled.array(wide.double(), 3, 4)


def test_loops_that_are_compiled_and_those_that_are_read_add_in_the_same_order(tmp_path):
    script = Path(__file__).with_name("bits_of_loops.py")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    digests = [
        subprocess.run([sys.executable, script], env=environment, check=True, capture_output=True, text=True).stdout
        for _ in ("compiles", "reads")
    ]
    assert len(digests[0]) == 65
    assert digests[0] == digests[1]
