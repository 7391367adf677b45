"""CUDA graphs: work of fixed shapes that is captured once and replayed without launching its kernels one by one."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

#: Runs before the capture, in which libraries allocate workspaces and choose kernels.
WARM_UP = 3


class Replay:
    """A function of tensors of fixed shapes, captured as a CUDA graph; without CUDA it is called directly.

    Inputs are copied to buffers, and results are valid until the next call. The function must not synchronise with
    the host, and must write only to tensors that it creates.
    """

    def __init__(self, function: Callable[..., tuple[Tensor, ...]], inputs: Sequence[Tensor]) -> None:
        self._function = function
        self._inputs = [tensor.detach().clone() for tensor in inputs]
        self._graph = None
        if self._inputs[0].is_cuda:
            self._graph, self._results = self._capture()

    def _capture(self) -> tuple[torch.cuda.CUDAGraph, tuple[Tensor, ...]]:
        """Return the graph of the function's kernels and its results."""
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                self._function(*self._inputs)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = self._function(*self._inputs)
        return graph, results

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return the results of the function for the given inputs."""
        for buffer, tensor in zip(self._inputs, inputs, strict=True):
            buffer.copy_(tensor)
        if self._graph is None:
            return self._function(*self._inputs)
        self._graph.replay()
        return self._results
