"""The side folder of a running search."""

import torch

from lawpipe.search.checkpoint import Checkpoint


def test_a_saved_state_is_loaded_to_the_bit(tmp_path):
    checkpoint = Checkpoint(tmp_path / "side")
    assert checkpoint.load(torch.device("cpu")) is None
    tensors = {"weights": torch.rand(3, 4), "gradient": torch.rand(2, dtype=torch.float64)}
    plain = {"step_size": 0.1 + 0.2, "rows": [{"gap": 1e-300, "step": None, "accepted": True}]}
    checkpoint.save(tensors | plain)
    loaded = checkpoint.load(torch.device("cpu"))
    assert {name: loaded[name] for name in plain} == plain
    assert loaded.keys() == tensors.keys() | plain.keys()
    assert all(
        torch.equal(loaded[name], tensors[name]) and loaded[name].dtype == tensors[name].dtype for name in tensors
    )


def test_due_only_after_the_interval(tmp_path):
    assert not Checkpoint(tmp_path, interval=1000).due()
    assert Checkpoint(tmp_path, interval=0).due()


def test_a_save_replaces_the_last_and_leaves_nothing_beside_it(tmp_path):
    checkpoint = Checkpoint(tmp_path)
    for value in (1.0, 2.0):
        checkpoint.save({"weights": torch.tensor([value])})
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
    assert float(checkpoint.load(torch.device("cpu"))["weights"]) == 2.0
