"""A LightningModule with online weights, on a tiny Transformer."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

lightning = pytest.importorskip("lightning", reason="lawpipe[lightning] is not installed")

from lawpipe import online  # noqa: E402
from lawpipe.online.lightning_callback import OnlineCallback  # noqa: E402
from tests.online.models import Transformer, token_losses, tokens  # noqa: E402

HALVES = (tokens(8, 11), tokens(8, 12))


class Mine(lightning.LightningModule):  # type: ignore[misc,name-defined]
    def __init__(self, accumulate: int = 1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.model = Transformer()
        self.weigh = online.Online(self.model, token_losses, examples=16, refresh=2, accumulate=accumulate)

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        rows, examples = batch
        weights, losses = self.weigh(examples, lambda: HALVES, rows)
        return weights @ losses

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.parameters(), lr=1e-2)


def fit(
    folder: Path, steps: int, accumulate: int = 1, size: int = 4, path: str | None = None, **options: Any
) -> tuple[Mine, Any]:
    module = Mine(accumulate)
    trainer = lightning.Trainer(
        max_steps=steps, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        default_root_dir=folder, callbacks=[OnlineCallback()], accumulate_grad_batches=accumulate, **options,
    )  # fmt: skip
    data = DataLoader(list(zip(range(16), tokens(16, 1), strict=True)), batch_size=size)  # type: ignore[arg-type,var-annotated]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="online weights")
        trainer.fit(module, data, ckpt_path=path, weights_only=False)
    return module, trainer


@pytest.mark.parametrize(("accumulate", "precision"), [(1, "32-true"), (2, "32-true"), (1, "bf16-mixed")])
def test_it_trains_and_logs(accumulate: int, precision: str, tmp_path: Path) -> None:
    module, trainer = fit(tmp_path, 6, accumulate, precision=precision)
    assert isinstance(module.weigh.optimizer, list)
    assert module.weigh.memory is not None
    assert (module.weigh.memory.log_weights != 0).any()
    assert module.weigh.calls == 6 * accumulate
    assert 0 < float(trainer.callback_metrics["online_effective_share"]) <= 1
    assert {"online_evidence", "online_lowest_tenth"} <= set(trainer.callback_metrics)


def test_a_resumed_run_has_the_same_bits(tmp_path: Path) -> None:
    whole, _ = fit(tmp_path, 8, size=16)
    _, trainer = fit(tmp_path, 4, size=16)
    path = str(tmp_path / "part.ckpt")
    trainer.save_checkpoint(path)
    again, _ = fit(tmp_path, 8, size=16, path=path)
    assert again.weigh.calls == 8
    assert whole.weigh.memory is not None
    assert again.weigh.memory is not None
    torch.testing.assert_close(again.weigh.memory.log_weights, whole.weigh.memory.log_weights, rtol=0, atol=0)


def test_a_module_without_weights_or_with_another_accumulation_is_refused(tmp_path: Path) -> None:
    trainer = lightning.Trainer(accelerator="cpu", logger=False, accumulate_grad_batches=2)
    with pytest.raises(TypeError, match="weigh: the LightningModule must have"):
        OnlineCallback().setup(trainer, torch.nn.Linear(1, 1), "fit")
    with pytest.raises(ValueError, match="accumulate of the online weights must be the Trainer's"):
        OnlineCallback().setup(trainer, Mine(), "fit")


def test_a_second_fit_has_the_metric_of_its_own_optimiser(tmp_path: Path) -> None:
    module, _ = fit(tmp_path, 2)
    options = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = lightning.Trainer(
        max_steps=2, accelerator="cpu", default_root_dir=tmp_path, callbacks=[OnlineCallback()], **options
    )
    data = DataLoader(list(zip(range(16), tokens(16, 1), strict=True)), batch_size=4)  # type: ignore[arg-type,var-annotated]
    trainer.fit(module, data)
    assert isinstance(module.weigh.optimizer, list)
    assert module.weigh.optimizer[0] is trainer.optimizers[0]
    trainer.accumulate_grad_batches = 2
    with pytest.raises(ValueError, match="accumulate of the online weights must be the Trainer's"):
        OnlineCallback.on_train_batch_start(trainer.callbacks[0], trainer, module)
