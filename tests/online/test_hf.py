"""The Trainer of Hugging Face with online weights, on a tiny GPT-2 that is built here."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

transformers = pytest.importorskip("transformers", reason="lawpipe[hf] is not installed")
pytest.importorskip("accelerate", reason="lawpipe[hf] is not installed")

from lawpipe import online  # noqa: E402
from lawpipe.online import hf  # noqa: E402


def tiny() -> Any:
    torch.manual_seed(0)
    sizes = {"vocab_size": 37, "n_positions": 16, "n_embd": 16, "n_layer": 2, "n_head": 2}
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=0))


def examples(count: int, seed: int) -> list[dict[str, Any]]:
    """Sequences that count upwards; every fourth is random."""
    generator = torch.Generator().manual_seed(seed)
    rows = (torch.randint(0, 37, (count, 1), generator=generator) + torch.arange(12)) % 37
    if seed == 0:
        rows[::4] = torch.randint(0, 37, rows[::4].shape, generator=generator)
    return [{"input_ids": row, "labels": row} for row in rows]


def trainer(folder: Path, **options: Any) -> hf.OnlineTrainer:
    settings = {
        "learning_rate": 3e-3, "max_steps": 8, "logging_steps": 2, "save_steps": 4, "use_cpu": True, "report_to": [],
        "disable_tqdm": True, "per_device_train_batch_size": 8,
    }  # fmt: skip
    arguments = transformers.TrainingArguments(output_dir=str(folder), **settings | options)
    data = {"train_dataset": examples(32, 0), "eval_dataset": examples(8, 1)}
    return hf.OnlineTrainer(tiny(), arguments, desired=(examples(32, 2), examples(32, 3)), **data)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("bf16", [False, True])
def test_it_trains_evaluates_and_logs(accumulate: int, bf16: bool, tmp_path: Path) -> None:
    run = trainer(tmp_path, gradient_accumulation_steps=accumulate, bf16=bf16, max_steps=8)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="online weights")
        before = run.evaluate()["eval_loss"]
        run.train()
        assert run.evaluate()["eval_loss"] < before
    assert run.weigh is not None
    assert run.weigh.last is not None
    assert run.weigh.memory is not None
    assert (run.weigh.memory.log_weights != 0).any()
    logged = [entry for entry in run.state.log_history if "loss" in entry]
    assert len(logged) == 4
    assert all(0 < entry["online_effective_share"] <= 1 for entry in logged)
    assert all({"online_evidence", "online_lowest_tenth"} <= set(entry) for entry in logged)
    assert json.dumps(logged)


def test_a_checkpoint_has_the_state_of_the_weights(tmp_path: Path) -> None:
    first = trainer(tmp_path)
    first.train()
    state = torch.load(tmp_path / "checkpoint-4" / hf.STATE)
    assert state["calls"] == 4
    second = trainer(tmp_path)
    second.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))
    assert second.weigh is not None
    assert second.weigh.calls == 8


def test_the_check_of_a_model_of_hugging_face() -> None:
    model = tiny().eval()
    batch = {name: torch.stack([e[name] for e in examples(6, 0)]) for name in ("input_ids", "labels")}
    result = online.check(model, hf.causal_losses, batch)
    assert result.ok, result
    assert result.way == "hooks"
    assert result.error < 1e-5


def test_it_evaluates_without_training_examples(tmp_path: Path) -> None:
    arguments = transformers.TrainingArguments(str(tmp_path), use_cpu=True, report_to=[], disable_tqdm=True)
    run = hf.OnlineTrainer(tiny(), arguments, desired=(examples(8, 2), examples(8, 3)), eval_dataset=examples(8, 1))
    assert run.evaluate()["eval_loss"] > 0


def test_models_without_causal_losses_and_other_settings_are_refused(tmp_path: Path) -> None:
    class ForMaskedLM(transformers.GPT2LMHeadModel):  # type: ignore[misc,name-defined]
        pass

    run = trainer(tmp_path)
    run.model.__class__ = ForMaskedLM
    with pytest.raises(ValueError, match="losses must be given for ForMaskedLM"):
        run.train()
    with pytest.raises(ValueError, match="label_smoothing_factor has no effect"):
        trainer(tmp_path, label_smoothing_factor=0.1)


def test_every_training_has_the_model_and_the_state_that_belong_to_it(tmp_path: Path) -> None:
    run = trainer(tmp_path)
    run.train()
    run.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))
    assert run.weigh is not None
    assert run.weigh.calls == 8
    run.model_init = tiny
    run.train()
    assert run.weigh.subject.plain is run.model
    assert run.weigh.calls == 8
