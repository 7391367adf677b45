"""Train a small language model on a text of yours with and without online weights, and draw the test curves.

    python examples/train_online.py --text my/stories.txt --output curves.svg [--optimiser sgd] [--perturbed 0.5] ...

The text is a Parquet or JSONL file with a column `text`, or a plain text file with blank lines between its stories;
without --text the embedded grammar writes stories. It is cut into windows of training, desired and test examples. A
share of the training windows is perturbed as in arXiv 2402.17759 (--perturbed 0 for none); an oracle then trains on
the others alone. Training is in mini-batches by AdamW or SGD with momentum, with a warm-up and a linear decay of the
learning rate. With several learning rates, each way of training uses the one with the lowest mean desired loss over
the run.

Prints losses and the time of a step; `--curves` writes the curves as Parquet.
"""

import argparse
import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lawpipe import online
from lawpipe.data import corpus, tokenizer
from lawpipe.data.specials import PAD
from lawpipe.figures import style
from lawpipe.problems.language_model import perturb, windows
from lawpipe.run import stage

SPLITS = ("train", "desired", "test")
CONTRIBUTIONS = ("hooks", "deferred", "fused", "double_backward", "forward_mode", "difference")
PLAIN, ORACLE, ONLINE = "plain", "unperturbed only", "online weights"
COLOURS = {
    PLAIN: style.POLICIES["conventional"].colour,
    ORACLE: style.BLUE,
    ONLINE: style.POLICIES["near_optimal"].colour,
}


@dataclass(frozen=True)
class Data:
    """Windows [N, L+1] of each split, which training windows are corrupted [N], and the size of the vocabulary."""

    windows: Mapping[str, Tensor]
    corrupted: Tensor
    vocabulary: int


class Layer(nn.Module):
    """A Transformer layer with explicit attention, because fused kernels have no forward-mode derivative."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(hidden), nn.LayerNorm(hidden)])
        self.all = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.forward_layers = nn.Sequential(nn.Linear(hidden, 4 * hidden), nn.GELU(), nn.Linear(4 * hidden, hidden))

    def forward(self, x: Tensor) -> Tensor:
        """Return the hidden states after this layer, [B, L, H]."""
        query, key, value = self.all(self.norms[0](x)).unflatten(2, (3 * self.heads, -1)).transpose(1, 2).chunk(3, 1)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        seen = scores.masked_fill(later, -math.inf).softmax(dim=3) @ value
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        out: Tensor = x + self.forward_layers(self.norms[1](x))
        return out


class LanguageModel(nn.Module):
    """A small Transformer from tokens [B, L] to logits [B, L, V]."""

    def __init__(self, vocabulary: int, length: int, hidden: int, layers: int = 2) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, hidden)
        self.positions = nn.Embedding(length, hidden)
        self.layers = nn.Sequential(*(Layer(hidden, 4) for _ in range(layers)), nn.LayerNorm(hidden))
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of the token after each token."""
        # Calls the module, rather than indexing its weight, so that hooks see it.
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        logits: Tensor = self.head(self.layers(x))
        return logits


def losses(model: Callable[[Tensor], Tensor], batch: Tensor) -> Tensor:
    """Return the loss of each window of a batch, [B], in nats: the mean over its tokens."""
    targets = batch[:, 1:]
    logits = model(batch[:, :-1]).flatten(0, 1)
    token_losses = cross_entropy(logits, targets.flatten(), reduction="none").view_as(targets)
    counted = targets != PAD
    return torch.where(counted, token_losses, 0.0).sum(dim=1) / counted.sum(dim=1).clamp(min=1)


def main(argv: list[str] | None = None) -> None:
    """Train in every way, print the results and draw the curves."""
    options = parser().parse_args(argv)
    torch.set_num_threads(1)
    data = load(options)
    runs = []
    for way in ways(options):
        best = tuned(data, options, way)
        runs.append(best)
        last = best.iloc[-1]
        print(
            f"{way:16} learning rate {last['learning_rate']:g}: test loss {last['test']:.4f} at the end, "
            f"{best['test'].mean():.4f} on average; weight on perturbed {last['weight_on_perturbed']:.1%}; "
            f"{1e3 * last['seconds']:.1f} ms a step"
        )
    curves = pd.concat(runs, ignore_index=True)
    if options.curves is not None:
        curves.to_parquet(options.curves, compression="zstd")
    draw(curves, options.output)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--text", type=Path, help="a Parquet, JSONL or plain text file")
    options.add_argument(
        "--output", type=Path, default=Path("online.svg"), help="output: the figure (SVG, PDF or PNG)"
    )
    options.add_argument("--curves", type=Path, help="output: the curves, as Parquet")
    options.add_argument(
        "--perturbed", type=float, default=0.5, help="share of the training windows that are perturbed"
    )
    options.add_argument("--examples", type=int, default=2048, help="training windows")
    options.add_argument("--desired", type=int, default=256, help="desired windows")
    options.add_argument("--test", type=int, help="test windows; as many as desired ones without it")
    options.add_argument("--length", type=int, default=32, help="tokens per window")
    options.add_argument("--vocabulary", type=int, default=512)
    options.add_argument("--hidden", type=int, default=64)
    options.add_argument("--batch", type=int, default=32, help="windows per batch")
    options.add_argument("--steps", type=int, default=1000)
    options.add_argument("--optimiser", choices=["adamw", "sgd"], default="adamw")
    options.add_argument("--learning-rates", type=float, nargs="+", default=[3e-3])
    options.add_argument("--refresh", type=int, default=online.REFRESH, help="steps between desired gradients")
    options.add_argument(
        "--momentum", type=float, default=online.MOMENTUM, help="of the average of desired gradients"
    )
    options.add_argument("--contributions", choices=CONTRIBUTIONS, default="hooks")
    options.add_argument(
        "--plain-metric", action="store_true", help="contributions without the metric of the optimiser"
    )
    options.add_argument("--forget", action="store_true", help="weights without memory, as for data seen once")
    options.add_argument("--seed", type=int, default=0)
    return options


def load(options: argparse.Namespace) -> Data:
    """Read the text and cut it into windows."""
    stories, rows, vocabulary = encoded(options.text, options.vocabulary)
    shape = {
        "length": options.length,
        "minimum_fill": 0.25,
        "train_examples": options.examples,
        "desired_examples": options.desired,
        "test_examples": options.desired if options.test is None else options.test,
    }
    splits = windows.make(stories, rows, shape, options.seed, SPLITS)
    mix = {"replace": 1.0, "delete": 1.0, "repeat": 1.0}
    settings = {"fraction": options.perturbed, "operations": 20, "mix": mix}
    perturbed, corrupted = perturb.apply(splits["train"].tokens, vocabulary, settings, options.seed)
    arrays = {name: split.tokens for name, split in splits.items()} | {"train": perturbed}
    tensors = {name: torch.from_numpy(array.astype(np.int64)) for name, array in arrays.items()}
    return Data(tensors, torch.from_numpy(np.array(corrupted)), vocabulary)


@functools.cache
def encoded(text: Path | None, vocabulary: int) -> tuple[Sequence[windows.Tokens], NDArray[np.int64], int]:
    """Return the stories of a text as tokens, their rows in it, and the size of the vocabulary."""
    source: dict[str, Any] = {"source": "grammar", "stories": 20_000, "seed": 0, "near_copies": "ignore"}
    if text is not None:
        source = {
            "source": "file",
            "path": str(text),
            "stories": None,
            "near_copies": "drop",
            "text_column": "text",
            "separator": None,
        }
    stories = corpus.load(source)
    tokens = tokenizer.make({"kind": "bpe", "vocabulary": vocabulary}, stories.stories)
    return tokens.encode(stories.stories), stories.rows, tokens.size


def ways(options: argparse.Namespace) -> list[str]:
    """Return the ways of training; there is an oracle if some, but not all, windows are perturbed."""
    return [PLAIN, ORACLE, ONLINE] if 0 < options.perturbed < 1 else [PLAIN, ONLINE]


def tuned(data: Data, options: argparse.Namespace, way: str) -> pd.DataFrame:
    """Return the run at the learning rate with the lowest mean desired loss."""
    runs = [train(data, options, rate, way) for rate in options.learning_rates]
    return min(runs, key=lambda run: math.inf if run["desired"].isna().any() else run["desired"].mean())


def train(data: Data, options: argparse.Namespace, rate: float, way: str) -> pd.DataFrame:
    """Train once; return the desired and test losses along the run, and the mean weight on corrupted windows."""
    model, optimiser, schedule = prepared(data, options, rate)
    generator = torch.Generator().manual_seed(options.seed)
    weigh = online.Online(
        model,
        losses,
        examples=None if options.forget else options.examples,
        optimizer=None if options.plain_metric else optimiser,
        refresh=options.refresh,
        momentum=options.momentum,
        contributions=options.contributions,
    )
    trained_on = torch.nonzero(~data.corrupted).flatten() if way == ORACLE else torch.arange(options.examples)
    desired = functools.partial(two_batches, data.windows["desired"], options.batch, generator)
    uniform = torch.full((options.batch,), 1 / options.batch)
    rows, seconds, on_corrupted = [], 0.0, []
    for step in range(options.steps + 1):
        if step % max(1, options.steps // 40) == 0 or step == options.steps:
            rows.append({"step": step, **{name: evaluate(model, data.windows[name]) for name in SPLITS[1:]}})
        if step == options.steps:
            break
        chosen = trained_on[torch.randint(len(trained_on), (options.batch,), generator=generator)]
        batch = data.windows["train"][chosen]
        began = time.perf_counter()
        weights, current = weigh(batch, desired, chosen) if way == ONLINE else (uniform, losses(model, batch))
        optimiser.zero_grad()
        (weights @ current).backward()
        optimiser.step()
        schedule.step()
        seconds += time.perf_counter() - began
        on_corrupted.append(float(weights[data.corrupted[chosen]].sum()))
    return pd.DataFrame(rows).assign(
        way=way,
        learning_rate=rate,
        seconds=seconds / options.steps,
        weight_on_perturbed=float(np.mean(on_corrupted)),
    )


def prepared(
    data: Data, options: argparse.Namespace, rate: float
) -> tuple[LanguageModel, torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """Return a new model, its optimiser, and the schedule of its learning rate."""
    torch.manual_seed(options.seed)
    model = LanguageModel(data.vocabulary, options.length, options.hidden)
    optimiser: torch.optim.Optimizer
    if options.optimiser == "sgd":
        optimiser = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    else:
        optimiser = torch.optim.AdamW(model.parameters(), lr=rate)
    warm = max(1, options.steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, (options.steps - step) / (options.steps - warm + 1))
    )
    return model, optimiser, schedule


def two_batches(desired: Tensor, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw a batch from each half of the desired windows, together of `size` windows, or all if there are fewer."""
    half, count = len(desired) // 2, size // 2
    first, second = (torch.randperm(half, generator=generator)[:count] for _ in range(2))
    return desired[first], desired[half + second]


def evaluate(model: nn.Module, batch: Tensor) -> float:
    """Return the mean loss of some windows, nats."""
    with torch.no_grad():
        return float(losses(model, batch).mean())


def draw(curves: pd.DataFrame, path: Path) -> None:
    """Draw the test curves."""
    with style.theme():
        figure, axes = plt.subplots(figsize=(5.4, 3.4), layout="constrained")
        for way, rows in curves.groupby("way", sort=False):
            axes.plot(rows["step"], rows["test"], color=COLOURS[str(way)], label=str(way))
        axes.set_xlabel("training step")
        axes.set_ylabel("loss on unseen windows (nats)")
        axes.legend()
        figure.savefig(path)
        plt.close(figure)


if __name__ == "__main__":
    stage.run(main)
