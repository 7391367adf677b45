"""Operations and bytes of the language model at the paper's four sizes, and the shortest possible times on a GPU.

    python benchmarks/counts.py             print the tables of docs/gpu.md
    python benchmarks/counts.py --write     put them there, and write benchmarks/paper_settings.json: the complete
                                            settings of config/paper.yaml, for machines that cannot read configs

Operations are those of the matrix products (lawpipe.cost.flops). Bytes are counted while the engine works on a few
examples: each PyTorch operation is taken to read its inputs and write its results once, as if there were no cache.
The traffic per token is the difference between two numbers of examples, divided by the difference in tokens.
Logits-sized arrays hold one number per token and word of the vocabulary.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from lawpipe.config.resolve import resolve
from lawpipe.cost.estimate import duration
from lawpipe.cost.flops import KERNELS, LEAST, PASSES, Pass, Size
from lawpipe.problems.language_model.losses import LanguageModel
from lawpipe.problems.language_model.models import cross_entropy
from lawpipe.problems.language_model.models.transformer import Transformer
from lawpipe.report.table import markdown

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/gpu.md"
SETTINGS = ROOT / "benchmarks/paper_settings.json"
BEGIN, END = "<!-- counted: python benchmarks/counts.py --write -->", "<!-- end -->"

#: Operations a second of a H100 or H200: float32 by its data sheet, bf16 as measured (8192 x 8192 x 8192 on random
#: numbers), TF32 as half of that; bytes a second of a copy, read and written, as measured on a H200.
RATES = {"float32": 67e12, "TF32": 395e12, "bf16": 790e12}
COPY = 4.3e12

#: The number of arrays of the size of the weights in a search, and of training runs whose parameters it keeps.
ARRAYS, RUNS = 8, 2

#: Operations that use only the shape of a tensor.
MAKES = ("empty_like", "new_empty", "new_full", "new_zeros", "zeros_like")


@dataclass
class Traffic(TorchDispatchMode):
    """Counts the bytes that operations read and write; `logits` counts those of arrays of tokens times vocabulary."""

    vocabulary: int
    hidden: int
    total: int = 0
    logits: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and count its bytes, unless it is a view."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if not func.is_view and func is not torch.ops.aten.detach.default:
            name = func.overloadpacket.__name__
            touched = [args, [value for key, value in kwargs.items() if key != "out"], result]
            if name in MAKES:
                touched = [result]
            elif name == "scatter_add_":
                touched = [args[2], args[2], args[3]]
            for tensor in _tensors(touched):
                self._count(tensor)
        return result

    def _count(self, tensor: Tensor) -> None:
        """Count the bytes of a tensor in memory; an expanded dimension counts once."""
        strides = zip(tensor.shape, tensor.stride(), strict=True)
        numbers = int(np.prod([size for size, stride in strides if stride != 0], dtype=np.int64))
        self.total += numbers * tensor.element_size()
        if self.vocabulary in tensor.shape and not {self.hidden, 2 * self.hidden} & {*tensor.shape}:
            self.logits += numbers * tensor.element_size()


def _tensors(values: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested sequences."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _tensors(value)


def experiments() -> dict[str, Any]:
    """Return the complete settings of the paper's experiments."""
    raw = yaml.safe_load((ROOT / "config/paper.yaml").read_text(encoding="utf-8"))
    return resolve(raw).experiments


def sizes() -> dict[str, tuple[Size, int]]:
    """Return the paper's four sizes, smallest first, with the number of heads."""
    texts = {name: own for name, own in experiments().items() if own["problem"] == "language_model"}
    by_name = {name: (Size.of(own), own["model"]["heads"]) for name, own in texts.items()}
    return dict(sorted(by_name.items(), key=lambda item: item[1][0].steps))


def actions(problem: LanguageModel, theta: Tensor, direction: Tensor) -> dict[str, Callable[[], object]]:
    """Return the passes over all examples by name, under uniform weights."""
    weights = torch.full((problem.examples,), 1 / problem.examples, dtype=problem.dtype, device=problem.device)
    return {
        "forward": lambda: problem.losses(theta),
        "gradient": lambda: problem.weighted_gradient(theta, weights),
        "contributions": lambda: problem.contributions(theta, direction),
        "second": lambda: problem.adjoint_product(theta, weights, direction),
    }


def traffic(size: Size, heads: int) -> dict[str, tuple[float, float]]:
    """Return the bytes per token of each pass in float32, of all arrays and of logits-sized arrays."""
    cross_entropy.KEEP = 0
    counters: dict[int, dict[str, Traffic]] = {}
    few, many = 3, 7
    for examples in (few, many):
        generator = np.random.default_rng(0)
        model = Transformer(size.vocabulary, size.length, size.hidden, size.layers, heads)
        tokens = generator.integers(2, size.vocabulary, (examples, size.length + 1))
        # One micro-batch and one chunk of logits, as on a card.
        problem = LanguageModel(model, tokens, {}, torch.float32, torch.device("cpu"), 10**6)
        problem._loops = None  # as on a GPU
        cross_entropy.CHUNK["cpu"] = 10**9
        theta = 0.1 * torch.randn(problem.parameters, generator=torch.Generator().manual_seed(0))
        counters[examples] = {}
        for name, action in actions(problem, theta, theta).items():
            with Traffic(size.vocabulary, size.hidden) as counter:
                action()
            counters[examples][name] = counter
    tokens_between = (many - few) * size.length
    pairs = {name: (counters[few][name], counters[many][name]) for name in PASSES}
    return {
        name: ((more.total - fewer.total) / tokens_between, (more.logits - fewer.logits) / tokens_between)
        for name, (fewer, more) in pairs.items()
    }


def times() -> str:
    """Return the table of an outer iteration at each size: operations, shortest and expected times, memory."""
    rows = []
    for name, (size, heads) in sizes().items():
        bytes_of = traffic(size, heads)
        shape = f"{size.steps:,} x {size.examples:,}, {size.vocabulary:,}"
        cells = [f"`{name}`", shape, f"{size.parameters / 1e6:.2f} M", f"{size.iteration() / 1e15:.1f}"]
        for precision, passes in (("float32", PASSES), ("TF32", KERNELS)):
            rate = RATES[precision]
            cells += [duration(size.iteration(LEAST) / rate), duration(seconds(size, bytes_of, passes, rate))]
        weights = ARRAYS * size.steps * size.examples * 4
        run = (size.steps + 1) * size.parameters * 4
        rows.append([*cells, gigabytes(weights), gigabytes(RUNS * run)])
    heading = ["experiment", "T x N, V", "P", "PFLOP", "float32: floor", "expected", "TF32: floor", "expected"]
    return markdown([*heading, "weights, GB", "parameters of two runs, GB"], rows)


def seconds(size: Size, bytes_of: dict[str, tuple[float, float]], passes: Mapping[str, Pass], rate: float) -> float:
    """Return the seconds of an outer iteration in which neither products and traffic nor two kernels overlap."""
    total = 0.0
    for name, examples in (
        ("gradient", size.examples + size.desired),
        ("forward", size.desired + size.test),
        ("second", size.examples),
    ):
        moved = bytes_of[name][0] - (bytes_of[name][1] if passes is KERNELS else 0.0)
        total += examples * (size.operations(passes[name]) / rate + size.length * moved / COPY)
    return size.steps * total


def gigabytes(count: float) -> str:
    """Write bytes in GB."""
    size = count / 1e9
    return f"{size:.0f}" if size >= 100 else f"{size:.2g}"


def bytes_and_times() -> str:
    """Return the table of the traffic per token at the third size, and of the times on a GPU."""
    size, heads = sizes()["transformer_4k"]
    rows = []
    bytes_of = traffic(size, heads)
    ways = [(name, PASSES, *bytes_of[name]) for name in PASSES]
    ways += [(name, KERNELS, bytes_of[name][0] - bytes_of[name][1], 0.0) for name in ("gradient", "second")]
    for name, passes, total, logits in ways:
        work = size.operations(passes[name]) / size.length
        label = f"{name}, kernels" if passes is KERNELS else name
        cells = [label, f"{work / 1e6:.1f}", f"{total / 1e3:.0f}", f"{logits / 4 / size.vocabulary:.0f}"]
        cells += [f"{1e9 * work / rate:.0f} + {1e9 * total / COPY:.0f}" for rate in RATES.values()]
        rows.append(cells)
    heading = ["a token, one pass", "MFLOP", "KB", "passes over its logits"]
    return markdown([*heading, *(f"{name}: products + traffic, ns" for name in RATES)], rows)


def main(argv: list[str] | None = None) -> None:
    """Print the tables, or write them into their page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace the tables in docs/gpu.md")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    tables = f"{times()}\n\n{bytes_and_times()}"
    if options.write:
        SETTINGS.write_text(json.dumps(experiments(), indent=1) + "\n", encoding="utf-8")
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    else:
        print(tables)


if __name__ == "__main__":
    main()
