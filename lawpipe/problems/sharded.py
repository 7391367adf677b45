"""A problem whose examples are divided among the processes of a job.

Each process holds a shard of the training examples and of every reference set. Sums over examples, [P], are added up
over the processes (all-reduce); numbers per example, [N], are gathered from all (all-gather). Each result is formed
once and handed to every process, so all hold the same bits and take the same decisions. Results differ from those of
a single process by the order of summation.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.functional import pad

from lawpipe.problems.base import OnBlock, Problem, TermGradients, shard
from lawpipe.run import distributed
from lawpipe.run.errors import InputError


def shared(problem: Problem) -> Problem:
    """Return the problem divided among the processes of this job; the problem itself if there is one process."""
    world_size = distributed.world_size()
    return problem if world_size == 1 else Sharded(problem, distributed.rank(), world_size)


class Sharded(Problem):
    """The products of a whole problem, computed from one shard per process."""

    def __init__(self, whole: Problem, rank: int, world_size: int) -> None:
        """Keep the shard of a rank; `whole` may be dropped afterwards.

        Raises InputError if there are fewer training examples than processes.
        """
        if whole.examples < world_size:
            raise InputError(
                f"processes is {world_size}, expected at most one a training example: {whole.examples} here."
            )
        self.dtype, self.device = whole.dtype, whole.device
        self.examples, self.parameters, self.references = whole.examples, whole.parameters, whole.references
        self._shard = whole.shard(rank, world_size)
        self._shard.sum_over_processes = all_reduce
        self._rank, self._world_size = rank, world_size
        shards = [shard(whole.examples, other, world_size) for other in range(world_size)]
        self._rows = shards[rank]
        self._sizes = [rows.stop - rows.start for rows in shards]
        #: Weight of the mean over this shard of a reference set in the mean over the whole set. A set with fewer
        #: examples than processes is whole in every process, and counts 1 / world_size in each.
        self._fractions = {
            name: size / (whole.references[name] if whole.references[name] >= world_size else size * world_size)
            for name, size in self._shard.references.items()
        }

    def losses(self, theta: Tensor) -> Tensor:
        """Return the loss of every training example, [N]."""
        return self._gather(self._shard.losses(theta))

    def gradient_norms(self, theta: Tensor) -> Tensor:
        """Return the norm of every training example's gradient, [N]."""
        return self._gather(self._shard.gradient_norms(theta))

    def contributions(self, theta: Tensor, direction: Tensor) -> Tensor:
        """Return <grad l_n(theta), direction> of every training example, [N]."""
        return self._gather(self._shard.contributions(theta, direction))

    def weighted_gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] grad l_n(theta), [P]."""
        return all_reduce(self._shard.weighted_gradient(theta, weights[self._rows]))

    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return the contributions along a direction, [N], and the weighted Hessian's product with it, [P]."""
        contributions, product = self._shard.adjoint_product(theta, weights[self._rows], direction)
        return self._gather(contributions), all_reduce(product)

    def reference_losses(self, against: str, thetas: Tensor) -> npt.NDArray[np.float64]:
        """Return the mean loss on a reference set at each of S parameter vectors, [S]."""
        means = self._shard.reference_losses(against, thetas) * self._fractions[against]
        return all_reduce(torch.from_numpy(means)).numpy()

    def reference_gradients(self, against: str, thetas: Tensor) -> Tensor:
        """Return the gradient of the mean loss on a reference set at each of S parameter vectors, [S, P]."""
        return all_reduce(self._shard.reference_gradients(against, thetas).mul_(self._fractions[against]))

    def half_gradients(self, against: str, theta: Tensor) -> Tensor:
        """Return the gradients of the mean losses on the even and on the odd examples of a reference set, [2, P]."""
        halves, size = self._shard.half_gradients(against, theta), self.references[against]
        if size < self._world_size:
            return all_reduce(halves / self._world_size)
        rows = shard(size, self._rank, self._world_size)
        counts = [len(range(size)[rows][start::2]) for start in (0, 1)]
        shares = torch.tensor(counts, dtype=self.dtype, device=self.device).unsqueeze(1)
        if rows.start % 2:
            # The shard begins with an odd example of the set.
            halves, shares = halves.flip(0), shares.flip(0)
        return all_reduce(halves * shares / shares.new_tensor([[size - size // 2], [size // 2]]))

    def backward(
        self,
        thetas: Tensor,
        weights: Tensor,
        learning_rates: Sequence[float],
        adjoint: Tensor,
        term_gradients: TermGradients,
        on_block: OnBlock,
    ) -> Tensor:
        """Go back over the shard as its problem does, and gather each block of contributions."""

        def gathered(step: int, block: Tensor) -> None:
            on_block(step, self._gather(block))

        return self._shard.backward(thetas, weights[:, self._rows], learning_rates, adjoint, term_gradients, gathered)

    def _gather(self, shard: Tensor) -> Tensor:
        """Return [..., N] from every process's [..., n]."""
        widest = max(self._sizes)
        # all_gather needs tensors of one size.
        padded = pad(shard, (0, widest - shard.shape[-1])).contiguous()
        shards = [torch.empty_like(padded) for _ in self._sizes]
        with distributed.collective():
            dist.all_gather(shards, padded)
        return torch.cat([part[..., :size] for part, size in zip(shards, self._sizes, strict=True)], dim=-1)


def all_reduce(value: Tensor) -> Tensor:
    """Add a tensor up over the processes, in place."""
    with distributed.collective():
        dist.all_reduce(value)
    return value
