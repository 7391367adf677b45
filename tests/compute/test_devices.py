"""Device and precision."""

import pytest
import torch

from lawpipe.compute import devices
from lawpipe.run.errors import InputError


def test_auto_is_cuda_where_there_is_one(monkeypatch):
    for available, kind in ((False, "cpu"), (True, "cuda")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda is_available=available: is_available)
        assert devices.device("auto").type == kind


def test_cuda_without_cuda_is_the_users_mistake(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="finds no CUDA"):
        devices.device("cuda")


def test_one_thread_unless_told_otherwise(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    devices.device("cpu")
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_precision():
    assert (devices.dtype("float32"), devices.dtype("float64")) == (torch.float32, torch.float64)
    # Whatever the products are rounded to, numbers are kept in float32.
    assert (devices.dtype("tf32"), devices.dtype("bfloat16")) == (torch.float32, torch.float32)


def test_numbers_below_the_smallest_normal_one_become_zero():
    tiny = torch.tensor(1e-30)
    torch.set_flush_denormal(False)
    assert float(tiny * 1e-10) != 0
    devices.device("cpu")
    assert float(tiny * 1e-10) == 0
