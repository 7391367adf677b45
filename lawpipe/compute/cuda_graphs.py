"""Work of fixed shapes, captured once as a CUDA graph and replayed: no processor launches its kernels."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

#: Runs before the capture, which allocate what libraries keep and choose their kernels.
WARM_UP = 3


class Replay:
    """A function of tensors whose shapes never change; where there is no CUDA it is called as it is.

    Inputs are copied to places of their own, and the results are valid until the next call. The function may not look
    at the numbers (no synchronisation), and writes to nothing but what it makes.
    """

    def __init__(self, function: Callable[..., tuple[Tensor, ...]], inputs: Sequence[Tensor]) -> None:
        self._function = function
        self._inputs = [tensor.detach().clone() for tensor in inputs]
        self._graph = None
        if self._inputs[0].is_cuda:
            self._graph, self._results = self._capture()

    def _capture(self) -> tuple[torch.cuda.CUDAGraph, tuple[Tensor, ...]]:
        """Record the function's kernels."""
        beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                self._function(*self._inputs)
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = self._function(*self._inputs)
        return graph, results

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return the function's results at some inputs."""
        for place, tensor in zip(self._inputs, inputs, strict=True):
            place.copy_(tensor)
        if self._graph is None:
            return self._function(*self._inputs)
        self._graph.replay()
        return self._results
