"""A problem whose examples are shared among processes: each computes its part, and every one has the result.

A process holds a share of the training examples and of the reference sets. A sum over examples, [P], is the total of
the processes' sums; a number an example, [N], is put together from their shares. Both come out the same to the bit in
every process, since each total is formed once and handed out: whoever computes with them takes the same decisions
everywhere. They differ from those of one process by the order of a sum.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.functional import pad

from lawpipe.problems.base import Backward, Problem, Source, mapped, share_of
from lawpipe.run import distributed
from lawpipe.run.errors import InputError


def shared(problem: Problem) -> Problem:
    """Share a problem among the processes of this job; of one process, the problem as it is."""
    return (
        problem if distributed.world_size() == 1 else Sharded(problem, distributed.rank(), distributed.world_size())
    )


class Sharded(Problem):
    """One of `count` shares of a problem, with the products of the whole."""

    def __init__(self, whole: Problem, place: int, count: int) -> None:
        """Keep the share at a place, from 0; `whole` may be dropped.

        Raises InputError if there are fewer training examples than processes.
        """
        if whole.examples < count:
            raise InputError(f"processes is {count}, expected at most one a training example: {whole.examples} here.")
        self.dtype, self.device = whole.dtype, whole.device
        self.examples, self.parameters, self.references = whole.examples, whole.parameters, whole.references
        self._mine = whole.share(place, count)
        self._mine.total = total
        self._place, self._count = place, count
        parts = [share_of(whole.examples, each, count) for each in range(count)]
        self._rows = parts[place]
        self._sizes = [rows.stop - rows.start for rows in parts]
        #: What the mean over the own share of a reference set counts for in the mean over all that is held.
        self._fractions = {
            name: size / (whole.references[name] if whole.references[name] >= count else size * count)
            for name, size in self._mine.references.items()
        }

    def losses(self, theta: Tensor) -> Tensor:
        """Return the loss of every training example, [N]."""
        return self._whole(self._mine.losses(theta))

    def gradient_norms(self, theta: Tensor) -> Tensor:
        """Return the norm of every training example's gradient, [N]."""
        return self._whole(self._mine.gradient_norms(theta))

    def contributions(self, theta: Tensor, direction: Tensor) -> Tensor:
        """Return every <grad l_n(theta), direction>, [N]."""
        return self._whole(self._mine.contributions(theta, direction))

    def weighted_gradient(self, theta: Tensor, weights: Tensor) -> Tensor:
        """Return sum_n weights[n] grad l_n(theta), [P]."""
        return total(self._mine.weighted_gradient(theta, weights[self._rows]))

    def adjoint_product(self, theta: Tensor, weights: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
        """Return the contributions along a direction, [N], and the weighted Hessian's product with it, [P]."""
        contributions, product = self._mine.adjoint_product(theta, weights[self._rows], direction)
        return self._whole(contributions), total(product)

    def reference_losses(self, against: str, thetas: Tensor) -> npt.NDArray[np.float64]:
        """Return the mean loss on a reference set at each of S parameter vectors, [S]."""
        means = self._mine.reference_losses(against, thetas) * self._fractions[against]
        return total(torch.from_numpy(means)).numpy()

    def reference_gradients(self, against: str, thetas: Tensor) -> Tensor:
        """Return the gradient of the mean loss on a reference set at each of S parameter vectors, [S, P]."""
        return total(self._mine.reference_gradients(against, thetas).mul_(self._fractions[against]))

    def half_gradients(self, against: str, theta: Tensor) -> Tensor:
        """Return the gradients of the mean losses on the even and on the odd examples of a reference set, [2, P]."""
        halves, size = self._mine.half_gradients(against, theta), self.references[against]
        if size < self._count:
            return total(halves / self._count)
        rows = share_of(size, self._place, self._count)
        own = [len(range(size)[rows][start::2]) for start in (0, 1)]
        shares = torch.tensor(own, dtype=self.dtype, device=self.device).unsqueeze(1)
        if rows.start % 2:
            # The first of these is an odd one of the set.
            halves, shares = halves.flip(0), shares.flip(0)
        return total(halves * shares / shares.new_tensor([[size - size // 2], [size // 2]]))

    def backward(
        self,
        thetas: Tensor,
        weights: Tensor,
        learning_rates: Sequence[float],
        adjoint: Tensor,
        source: Source,
    ) -> Backward:
        """Go back as the problem itself does, over the own share: it adds up the products on the way."""
        sweep = self._mine.backward(thetas, weights[:, self._rows], learning_rates, adjoint, source)
        return mapped(sweep, lambda step, block: (step, self._whole(block)))

    def _whole(self, mine: Tensor) -> Tensor:
        """Put together [..., N] from the numbers of every process's own examples."""
        widest = max(self._sizes)
        # Tensors of one size are what all can hand round.
        padded = pad(mine, (0, widest - mine.shape[-1])).contiguous()
        found = [torch.empty_like(padded) for _ in self._sizes]
        with distributed.collective():
            dist.all_gather(found, padded)
        return torch.cat([each[..., :size] for each, size in zip(found, self._sizes, strict=True)], dim=-1)


def total(mine: Tensor) -> Tensor:
    """Add up a tensor over the processes, in place."""
    with distributed.collective():
        dist.all_reduce(mine)
    return mine
