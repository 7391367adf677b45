"""Online weights in the Trainer of Hugging Face's transformers: `pip install 'lawpipe[hf]'`.

    trainer = OnlineTrainer(
        model, arguments, train_dataset=data, desired=(some_trusted, other_trusted), data_collator=collator
    )
    trainer.train()

The training examples get their row numbers from the collator. Evidence, effective examples and the share of weight on
the lowest tenth appear in the Trainer's own log, and checkpoints have the weights' state.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from lawpipe.online.contributions import Losses
from lawpipe.online.models import unwrapped
from lawpipe.online.weights import Online

#: The column of row numbers, and the file of the weights' state in a checkpoint.
ROWS, STATE = "online_rows", "online.pt"


#: Ends of the names of models that have no causal losses.
OTHERS = (
    "ForMaskedLM",
    "ForPreTraining",
    "ForConditionalGeneration",
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForMultipleChoice",
    "ForQuestionAnswering",
    "ForImageClassification",
)


def causal_losses(model: Callable[..., Any], batch: Any) -> Tensor:
    """Return the mean loss over the tokens of each example, [B], of a causal model; labels of -100 do not count."""
    logits = model(**{name: value for name, value in batch.items() if name != "labels"}).logits[:, :-1]
    labels = batch["labels"][:, 1:]
    tokens: Tensor = cross_entropy(logits.float().mT, labels, reduction="none", ignore_index=-100)
    losses: Tensor = tokens.sum(dim=1) / (labels != -100).sum(dim=1).clamp(min=1)
    return losses


class Numbered(Dataset[dict[str, Any]]):
    """A dataset whose examples also have their row numbers."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {**self.data[row], ROWS: row}


class Collator:
    """A collator that passes row numbers on, and leaves all else to another one."""

    def __init__(self, collate: Callable[[list[Any]], Any]) -> None:
        self.collate = collate

    def __call__(self, examples: list[dict[str, Any]]) -> Any:
        """Return the batch, with row numbers if the examples have them."""
        rows = [example[ROWS] for example in examples if ROWS in example]
        batch = self.collate([{name: v for name, v in example.items() if name != ROWS} for example in examples])
        if rows:
            batch[ROWS] = torch.tensor(rows)
        return batch


class OnlineTrainer(Trainer):
    """A Trainer whose training loss is weighed by `Online`."""

    data_collator: Any
    _signature_columns: Any

    def __init__(
        self,
        model: Any,
        args: TrainingArguments,
        *,
        desired: tuple[Any, Any],
        losses: Losses = causal_losses,
        settings: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """Prepare the Trainer; `options` are its own.

        `desired` has two datasets of trusted examples that have no example in common, `losses` is as in `Online`, and
        `settings` are further arguments of `Online`.
        """
        if len(desired) != 2 or not all(len(half) for half in desired):
            raise ValueError("desired must be two datasets of trusted examples.")
        data = options.get("train_dataset")
        if data is not None and not hasattr(data, "__len__"):
            raise ValueError("train_dataset must have a length, because each of its examples has a log-weight.")
        if args.label_smoothing_factor:
            raise ValueError("label_smoothing_factor has no effect on weighed losses; smooth the labels in `losses`.")
        if args.ddp_find_unused_parameters is None:
            args.ddp_find_unused_parameters = False
        if data is not None:
            options["train_dataset"] = Numbered(data)
        super().__init__(model, args, **options)
        self.data_collator = Collator(self.data_collator)
        self.loss_is_scaled_for_ga = False  # the weights of a batch sum to 1, so that the Trainer divides the loss
        self.model_accepts_loss_kwargs = False
        self.losses = losses
        self.settings = settings or {}
        self.weigh: Online | None = None
        self.resumed: Path | None = None
        self.desired = [self._forever(half) for half in desired]

    def train(self, resume_from_checkpoint: str | bool | None = None, **options: Any) -> Any:
        """Train; a checkpoint also has the state of the weights."""
        folder = resume_from_checkpoint
        if folder is True:
            folder = get_last_checkpoint(self.args.output_dir)
        self.resumed = Path(folder) / STATE if folder else None
        if folder:
            self.weigh = None  # the state in the checkpoint counts, not that of training before
        return super().train(resume_from_checkpoint=resume_from_checkpoint, **options)

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **options: Any) -> Any:
        """Return the weighted loss in training, and the Trainer's own otherwise."""
        rows = inputs.pop(ROWS, None)
        if not model.training or return_outputs:
            return super().compute_loss(model, inputs, return_outputs, **options)
        if self.weigh is None or self.weigh.subject.plain is not unwrapped(model):
            self.weigh = self._start(model)  # model_init makes a new model for every training
        self.weigh.optimizer = self.optimizer
        weights, losses = self.weigh(dict(inputs), self._two_batches, rows)
        return weights @ losses

    def log(self, logs: dict[str, float], *args: Any, **options: Any) -> None:
        """Log the summary of the weights too."""
        if self.weigh is not None and "loss" in logs:
            logs = logs | {f"online_{name}": value for name, value in self.weigh.summary().items()}
        super().log(logs, *args, **options)

    def _start(self, model: Any) -> Online:
        kind = type(self.accelerator.unwrap_model(model)).__name__
        if self.losses is causal_losses and kind.endswith(OTHERS):
            raise ValueError(f"losses must be given for {kind}; by default they are those of a causal model.")
        weigh = Online(
            model,
            self.losses,
            examples=len(self.train_dataset),
            optimizer=self.optimizer,
            accumulate=self.args.gradient_accumulation_steps,
            **self.settings,
        )
        if self.resumed is not None and self.resumed.exists():
            weigh.load_state_dict(torch.load(self.resumed, map_location="cpu"))
        return weigh

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        if self.weigh is not None and self.args.should_save:
            torch.save(self.weigh.state_dict(), folder / STATE)

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        if ROWS not in self._signature_columns:
            self._signature_columns = [*self._signature_columns, ROWS]

    def _two_batches(self) -> tuple[Any, Any]:
        first, second = (dict(self._prepare_inputs(next(half))) for half in self.desired)
        return first, second

    def _forever(self, data: Any) -> Iterator[Any]:
        while True:
            size = max(1, self.args.per_device_train_batch_size // 2)
            collate = self._get_collator_with_removed_columns(self.data_collator)
            yield from DataLoader(data, batch_size=min(size, len(data)), shuffle=True, collate_fn=collate)
