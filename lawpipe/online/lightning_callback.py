"""Online weights in Lightning: `pip install 'lawpipe[lightning]'`.

    class Mine(lightning.LightningModule):
        def __init__(self, model, examples, desired):
            super().__init__()
            self.model, self.desired = model, desired
            self.weigh = online.Online(model, losses, examples=examples)

        def training_step(self, batch, index):
            rows, examples = batch
            weights, losses = self.weigh(examples, self.desired, rows)
            return weights @ losses

    trainer = lightning.Trainer(callbacks=[OnlineCallback()])

The callback gives the weights the optimisers, logs evidence, effective examples and the share of weight on the lowest
tenth, and keeps the weights' state in checkpoints.
"""

from typing import Any

import lightning

from lawpipe.online import arguments
from lawpipe.online.weights import Online


class OnlineCallback(lightning.Callback):
    """Looks after the `Online` in the attribute `weigh` of a LightningModule."""

    weigh: Online

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Find the weights."""
        weigh = getattr(pl_module, "weigh", None)
        if not isinstance(weigh, Online):
            raise TypeError(
                "weigh: the LightningModule must have an online.Online in its attribute weigh, made in __init__."
            )
        self.weigh = weigh
        self._check_accumulation(trainer)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Take contributions in the metric of the optimisers."""
        current = arguments.optimizers(list(trainer.optimizers))
        known = {id(optimizer) for optimizer in arguments.optimizers(self.weigh.optimizer)}
        if not any(id(optimizer) in known for optimizer in current):
            self.weigh.optimizer = current

    def on_train_batch_start(self, trainer: Any, pl_module: Any, *batch: Any) -> None:
        """Check that nothing has changed the accumulation."""
        self._check_accumulation(trainer)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *batch: Any) -> None:
        """Log the summary."""
        pl_module.log_dict({f"online_{name}": value for name, value in self.weigh.summary().items()})

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the weights, for a checkpoint."""
        return self.weigh.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a checkpoint."""
        self.weigh.load_state_dict(state_dict)

    def _check_accumulation(self, trainer: Any) -> None:
        if self.weigh.accumulate != trainer.accumulate_grad_batches:
            raise ValueError(
                f"accumulate of the online weights must be the Trainer's accumulate_grad_batches, "
                f"{trainer.accumulate_grad_batches}, not {self.weigh.accumulate}."
            )
