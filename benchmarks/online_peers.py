"""Step time and memory of the online weights beside other ways to compute the contributions of a batch.

    python -m venv peers && peers/bin/pip install torch dattri-llm==0.1.0 && peers/bin/pip install -e .
    peers/bin/python -m benchmarks.online_peers [--hidden 128] [--length 64] [--batch 32] ...

An optional benchmark with an environment of its own, because lawpipe does not depend on what it is compared with. The
peers are dattri-llm (its DataSelectionCallback, which drops examples with a negative score), and the gradients of
single examples, in a loop and by torch.func.vmap. Without dattri-llm its rows are left out.

All are first compared: contributions of one batch along one mean desired gradient, in float32. Then steps take turns,
on one thread; the ratio is that of the median processor times to a plain step of AdamW. "new gradient every k" is the
number of steps from one desired gradient to the next. Memory is the increase of resident memory over some steps, each
way in its own process (--memory).
"""

import argparse
import contextlib
import importlib.metadata
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from benchmarks import common
from examples.train_online import LanguageModel, losses
from lawpipe import online

PLAIN, LOOP, VMAP = "plain", "single gradients, loop", "single gradients, vmap"
HOOKS = ("deferred", "fused")
DATTRI, DATTRI_FIXED = "dattri-llm, validation loader", "dattri-llm, fixed target"


class Model(LanguageModel):
    """The example's model with a row of positions per example, without which dattri-llm sums them over the batch."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of the token after each token."""
        positions = torch.arange(tokens.shape[1]).expand(tokens.shape)
        logits: Tensor = self.head(self.layers(self.tokens(tokens) + self.positions(positions)))
        return logits


class Loop:
    """A model in training on random tokens, with the contributions of every batch computed in a way."""

    def __init__(self, options: argparse.Namespace, way: str, refresh: int = 1) -> None:
        torch.manual_seed(0)
        self.batch, self.refresh, self.steps = options.batch, refresh, 0
        self.model = Model(options.vocabulary, options.length, options.hidden, options.layers)
        self.data = torch.randint(2, options.vocabulary, (16 * options.batch, options.length + 1))
        self.desired = self.data[: options.batch]
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
        self.parameters = dict(self.model.named_parameters())
        self.contributions = torch.empty(0)
        self.context = contextlib.ExitStack()
        kinds = {PLAIN: self.plain, LOOP: self.loop, VMAP: self.vmap}
        if way in HOOKS:
            # Without averages and the metric of the optimiser, so that all have the same direction.
            self.weigh = online.Online(
                self.model, losses, examples=len(self.data), refresh=refresh, momentum=0.0, contributions=way
            )
            kinds[way] = self.online
        elif way in (DATTRI, DATTRI_FIXED):
            self.callback = with_dattri(self, fixed=way == DATTRI_FIXED)
            kinds[way] = self.dattri
        self.gradients = kinds[way]

    def step(self) -> None:
        """Do one training step."""
        rows = torch.randint(len(self.data), (self.batch,))
        self.optimiser.zero_grad()
        self.gradients(rows)
        self.optimiser.step()
        self.steps += 1

    def plain(self, rows: Tensor) -> None:
        """Do a plain backward pass."""
        losses(self.model, self.data[rows]).mean().backward()

    def online(self, rows: Tensor) -> None:
        """Weigh by online weights."""
        half = self.batch // 2
        weights, current = self.weigh(self.data[rows], lambda: (self.desired[:half], self.desired[half:]), rows)
        (weights @ current).backward()
        last = self.weigh.last
        assert last is not None
        self.contributions = last.contributions

    def dattri(self, rows: Tensor) -> None:
        """Leave it to the hooks of dattri-llm."""
        losses(self.model, self.data[rows]).mean().backward()
        # Those of the mean loss, 1/B of each.
        self.contributions = self.callback.last_scores * self.batch

    def loop(self, rows: Tensor) -> None:
        """Compute the gradient of one example after the other."""
        current = losses(self.model, self.data[rows])
        single = [torch.autograd.grad(loss, list(self.parameters.values()), retain_graph=True) for loss in current]
        self.weighted(dict(zip(self.parameters, map(torch.stack, zip(*single, strict=True)), strict=True)))

    def vmap(self, rows: Tensor) -> None:
        """Compute the gradients of all examples at once."""

        def loss(parameters: dict[str, Tensor], example: Tensor) -> Tensor:
            return losses(partial(functional_call, self.model, parameters), example[None])[0]

        values = {name: value.detach() for name, value in self.parameters.items()}
        self.weighted(vmap(grad(loss), in_dims=(None, 0))(values, self.data[rows]))

    def weighted(self, single: dict[str, Tensor]) -> None:
        """Set the contributions, and the mean gradient of the examples with a positive one."""
        if self.steps % self.refresh == 0:
            mean = losses(self.model, self.desired).mean()
            self.direction = torch.autograd.grad(mean, list(self.parameters.values()))
        pairs = zip(single.values(), self.direction, strict=True)
        self.contributions = torch.stack([one.flatten(1) @ d.flatten() for one, d in pairs]).sum(dim=0)
        weights = (self.contributions > 0).float()
        weights /= weights.sum().clamp(min=1)
        for name, parameter in self.parameters.items():
            parameter.grad = (weights @ single[name].flatten(1)).view_as(parameter)


def with_dattri(loop: Loop, *, fixed: bool) -> Any:
    """Attach the hooks of dattri-llm to a model; return its callback."""
    import dattri_llm

    def mean(model: Any, batch: Tensor) -> Tensor:
        return losses(model, batch).mean()

    manager = dattri_llm.HookManager(
        loop.model, config=dattri_llm.HookManagerConfig(linear_io=dattri_llm.REGISTER_ALL)
    )
    loop.context.enter_context(manager.collect())
    target: dict[str, Any] = {"target": "val_loader", "val_loader": [loop.desired], "val_loss_fn": mean}
    if fixed:
        mean(loop.model, loop.desired).backward()
        target = {"target": "fixed", "target_gradient": manager.get_gradient()}
    callback = dattri_llm.DataSelectionCallback(loop.model, **target)
    manager.add_callback(callback)
    return callback


def main(argv: list[str] | None = None) -> None:
    """Compare, measure and print."""
    sizes = {"hidden": 128, "layers": 6, "length": 64, "batch": 32, "vocabulary": 512}
    parser = common.parser(__doc__, **sizes, rounds=5, steps=online.REFRESH)
    parser.add_argument("--memory", nargs=2, metavar=("WAY", "K"), help="only measure the memory of a way, MB")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    if options.memory is not None:
        loop = Loop(options, options.memory[0], int(options.memory[1]))
        print(common.working_memory(partial(several, loop.step, options.steps + 1)))
        return
    common.print_machine()
    ways = [(way, k) for way in HOOKS for k in (1, online.REFRESH)] + [(LOOP, 1), (VMAP, 1)]
    try:
        print(f"dattri-llm {importlib.metadata.version('dattri-llm')}")
        ways += [(DATTRI, 1), (DATTRI_FIXED, 0)]
    except importlib.metadata.PackageNotFoundError:
        print("dattri-llm is not installed")
    compare(options, [*dict.fromkeys(way for way, _ in ways)])
    every = {0: "", 1: ", new gradient every step"}
    names = {f"{way}{every.get(k, f', every {k}')}": (way, k) for way, k in [(PLAIN, 0), *ways]}
    loops = {name: Loop(options, way, max(1, k)) for name, (way, k) in names.items()}
    actions = {name: partial(several, loop.step, options.steps) for name, loop in loops.items()}
    common.interleaved(actions, 1)  # warms up
    seconds = common.interleaved(actions, options.rounds)
    arguments = sys.argv[1:] if argv is None else argv
    megabytes = {name: measured(arguments, way, max(1, k)) for name, (way, k) in names.items()}
    print(f"\n{'':52}{'ms / step':>10}{'/ plain':>9}{'MB':>9}{'/ plain':>9}")
    for name, spent in seconds.items():
        time, memory = spent / seconds[PLAIN], megabytes[name] / megabytes[PLAIN]
        print(f"{name:52}{1e3 * spent / options.steps:10.2f}{time:9.2f}{megabytes[name]:9.1f}{memory:9.2f}")


def compare(options: argparse.Namespace, ways: list[str]) -> None:
    """Print the largest difference of the contributions of the first batch from those of single gradients."""
    found = {}
    for way in ways:
        loop = Loop(options, way)
        torch.manual_seed(1)
        loop.step()
        found[way] = loop.contributions
    print(f"\n{'largest difference from single gradients':52}{'/ largest contribution':>24}")
    for way, values in found.items():
        error = float((values - found[LOOP]).abs().max() / found[LOOP].abs().max())
        print(f"{way:52}{error:24.1e}")


def several(step: Callable[[], None], steps: int) -> None:
    """Do some steps."""
    for _ in range(steps):
        step()


def measured(arguments: list[str], way: str, refresh: int) -> float:
    """Return the memory of a way in another process, MB."""
    command = [sys.executable, "-m", "benchmarks.online_peers", *arguments, "--memory", way, str(refresh)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
