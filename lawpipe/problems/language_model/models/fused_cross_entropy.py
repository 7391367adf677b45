"""Triton kernels for the output layer of a language model, which never write the logits to memory.

They compute what `cross_entropy` computes chunk by chunk. A block of tokens meets the vocabulary tile by tile, and
a tile of logits lives in registers. With the probabilities p of a token, its target t and d = p - y:

- One pass over the vocabulary gives the losses, log sum exp, d head and d direction by an online softmax: sums of
  exp(logit - largest) times rows, rescaled whenever the largest logit grows. The target is left out of the sums,
  because d head = sum_{v != t} p_v (head_v - head_t) loses no digits when the prediction is nearly certain.
- Gradients of head are sums over tokens. Each program has a block of the vocabulary and a share of the tokens, and
  computes the logits again. The programs' results are added afterwards, always in the same order.

The change of p along a change u of the logits is p (u - <p, u>), and <p, u> follows from p head and p direction. The
second derivative takes the products of 12 forward passes instead of 9 in chunks, but saves moving 14 tensors of the
logits' size through memory; it is faster where products are cheap (see docs/gpu.md). Triton's interpreter
(TRITON_INTERPRET=1) runs the kernels on a CPU.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

#: Tokens and words of a tile and stages of its pipeline, for kernels with a block of tokens per program and for
#: kernels with a block of words per program. Chosen by the compiler's report for compute capability 9.0 at H = 128,
#: where no kernel spills more than 48 bytes of registers with TF32 and bf16. Products in full float32 spill a lot.
BY_TOKEN, BY_WORD = (64, 32, 3), (32, 128, 2)
WARPS = 8

#: Programs among which the tokens are divided in kernels with a block of words per program.
SHARES = 8

#: The largest hidden size for which tiles fit.
LARGEST = 256


def fits(hidden: Tensor) -> bool:
    """Return whether the kernels support these hidden states."""
    return hidden.dtype == torch.float32 and hidden.shape[1] <= LARGEST


def losses(hidden: Tensor, head: Tensor, targets: Tensor, precision: str) -> Tensor:
    """Return the loss of every token, [M]; `precision` of products is ieee, tf32 or bf16."""
    return _forward(hidden, head, head, targets, precision, parts=0)[0]


def along_head(hidden: Tensor, head: Tensor, targets: Tensor, precision: str) -> tuple[Tensor, Tensor]:
    """Return d head, [M, H], and log sum exp, [M]."""
    _, log_sums, excess = _forward(hidden, head, head, targets, precision, parts=1)
    return excess[:, : hidden.shape[1]], log_sums


def along_both(hidden: Tensor, both: Tensor, targets: Tensor, precision: str) -> tuple[Tensor, Tensor]:
    """Return d both, [M, 2H], for head and direction side by side in `both` [V, 2H], and log sum exp, [M]."""
    size = hidden.shape[1]
    _, log_sums, excess = _forward(hidden, both[:, :size], both[:, size:], targets, precision, parts=2)
    return excess, log_sums


def head_gradient(
    hidden: Tensor, head: Tensor, targets: Tensor, weights: Tensor, log_sums: Tensor, precision: str
) -> Tensor:
    """Return sum_m weights[m] d[m, v] hidden[m], [V, H]."""
    zero = hidden.new_zeros(())
    return _to_head(hidden, hidden, zero, head, head, targets, weights, log_sums, log_sums, precision, second=False)


def second(
    hidden: Tensor,
    change: Tensor,
    factor: Tensor,
    both: Tensor,
    targets: Tensor,
    weights: Tensor,
    log_sums: Tensor,
    means: Tensor,
    precision: str,
) -> tuple[Tensor, Tensor]:
    """Return r head, [M, H], and sum_m weights[m] (r[m, v] hidden[m] + d[m, v] change[m]), [V, H].

    r = p (u - means) with u = change head^T + factor hidden direction^T; `means` [M] are the <p, u>.
    """
    size = hidden.shape[1]
    head, direction = both[:, :size], both[:, size:]
    turned = torch.empty_like(hidden)
    _turned[(triton.cdiv(len(hidden), BY_TOKEN[0]),)](
        hidden.contiguous(), change.contiguous(), factor, head, direction, log_sums, means, turned,
        len(hidden), len(head), both.stride(0), **shape(BY_TOKEN, size, precision),
    )  # fmt: skip
    grad = _to_head(
        hidden, change, factor, head, direction, targets, weights, log_sums, means, precision, second=True
    )
    return turned, grad


def shape(tile: tuple[int, int, int], size: int, precision: str) -> dict[str, object]:
    """Return the compile-time arguments of a kernel."""
    tokens, words, stages = tile
    padded = max(16, triton.next_power_of_2(size))
    sizes = {"size": size, "padded": padded, "tokens_a_tile": tokens, "words_a_tile": words}
    return {**sizes, "precision": precision, "num_warps": WARPS, "num_stages": stages}


def _forward(
    hidden: Tensor, head: Tensor, direction: Tensor, targets: Tensor, precision: str, parts: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return losses, log sum exp and, for `parts` 1 or 2, d head or d both, [M, 2H]."""
    count, size = hidden.shape
    loss, log_sum = hidden.new_empty(2, count)
    excess = hidden.new_empty(count if parts else 0, 2 * size)
    _along[(triton.cdiv(count, BY_TOKEN[0]),)](
        hidden.contiguous(), head, direction, targets, loss, log_sum, excess, count, len(head), head.stride(0),
        parts=parts, **shape(BY_TOKEN, size, precision),
    )  # fmt: skip
    return loss, log_sum, excess


def _to_head(
    hidden: Tensor,
    change: Tensor,
    factor: Tensor,
    head: Tensor,
    direction: Tensor,
    targets: Tensor,
    weights: Tensor,
    log_sums: Tensor,
    means: Tensor,
    precision: str,
    *,
    second: bool,
) -> Tensor:
    """Return the gradient of head, summed over tokens, [V, H]."""
    count, size = hidden.shape
    (tokens, words, _), flags = BY_WORD, shape(BY_WORD, size, precision)
    shares = min(SHARES, triton.cdiv(count, tokens))
    sums = hidden.new_empty(shares, *head.shape)
    _by_word[(triton.cdiv(len(head), words), shares)](
        hidden.contiguous(), change.contiguous(), factor, head, direction, targets, weights, log_sums, means, sums,
        count, triton.cdiv(count, shares), len(head), head.stride(0), second=second, **flags,
    )  # fmt: skip
    return sums.sum(dim=0)


@triton.jit
def _product(left, right, precision: tl.constexpr):
    """Return left right, summed in float32."""
    # Both branches are compiled unless there is an else.
    if precision == "bf16":
        result = tl.dot(left.to(tl.bfloat16), right.to(tl.bfloat16))
    else:
        result = tl.dot(left, right, input_precision=precision)
    return result


@triton.jit
def _rows(matrix, rows, stride, count, size: tl.constexpr, padded: tl.constexpr):
    """Load rows of a matrix, [R, padded]; zero beyond its borders."""
    columns = tl.arange(0, padded)
    inside = (rows[:, None] < count) & (columns[None, :] < size)
    return tl.load(matrix + rows[:, None].to(tl.int64) * stride + columns[None, :], mask=inside, other=0.0)


@triton.jit
def _along(
    hidden, head, direction, targets, losses, log_sums, excess, tokens, vocabulary, stride,
    parts: tl.constexpr, size: tl.constexpr, padded: tl.constexpr, precision: tl.constexpr,
    tokens_a_tile: tl.constexpr, words_a_tile: tl.constexpr,
):  # fmt: skip
    """One block of tokens and the whole vocabulary: losses, log sum exp, d head and d direction."""
    rows = tl.program_id(0) * tokens_a_tile + tl.arange(0, tokens_a_tile)
    inside = rows < tokens
    states = _rows(hidden, rows, size, tokens, size, padded)
    target = tl.load(targets + rows, mask=inside, other=0)
    largest = tl.full([tokens_a_tile], -1e30, tl.float32)
    rest = tl.zeros([tokens_a_tile], tl.float32)
    target_logit = tl.zeros([tokens_a_tile], tl.float32)
    sum_head = tl.zeros([tokens_a_tile, padded], tl.float32)
    sum_direction = tl.zeros([tokens_a_tile, padded], tl.float32)
    for start in range(0, vocabulary, words_a_tile):
        words = start + tl.arange(0, words_a_tile)
        tile = _rows(head, words, stride, vocabulary, size, padded)
        logits = _product(states, tl.trans(tile), precision)
        is_target = words[None, :] == target[:, None]
        target_logit += tl.sum(tl.where(is_target, logits, 0.0), axis=1)
        logits = tl.where(is_target | (words[None, :] >= vocabulary), float("-inf"), logits)
        higher = tl.maximum(largest, tl.max(logits, axis=1))
        shrink = tl.exp(largest - higher)
        share = tl.exp(logits - higher[:, None])
        rest = rest * shrink + tl.sum(share, axis=1)
        if parts >= 1:
            sum_head = sum_head * shrink[:, None] + _product(share, tile, precision)
        if parts == 2:
            tile = _rows(direction, words, stride, vocabulary, size, padded)
            sum_direction = sum_direction * shrink[:, None] + _product(share, tile, precision)
        largest = higher
    top = tl.maximum(largest, target_logit)
    log_sum = top + tl.log(rest * tl.exp(largest - top) + tl.exp(target_logit - top))
    tl.store(losses + rows, log_sum - target_logit, mask=inside)
    tl.store(log_sums + rows, log_sum, mask=inside)
    scale = tl.exp(largest - log_sum)
    columns = tl.arange(0, padded)
    pointers = excess + rows[:, None].to(tl.int64) * (2 * size) + columns[None, :]
    mask = inside[:, None] & (columns[None, :] < size)
    if parts >= 1:
        target_row = _rows(head, target, stride, vocabulary, size, padded)
        tl.store(pointers, (sum_head - rest[:, None] * target_row) * scale[:, None], mask=mask)
    if parts == 2:
        target_row = _rows(direction, target, stride, vocabulary, size, padded)
        tl.store(pointers + size, (sum_direction - rest[:, None] * target_row) * scale[:, None], mask=mask)


@triton.jit
def _turned(
    hidden, change, factor, head, direction, log_sums, means, turned, tokens, vocabulary, stride,
    size: tl.constexpr, padded: tl.constexpr, precision: tl.constexpr,
    tokens_a_tile: tl.constexpr, words_a_tile: tl.constexpr,
):  # fmt: skip
    """One block of tokens and the whole vocabulary: (change of p) head."""
    rows = tl.program_id(0) * tokens_a_tile + tl.arange(0, tokens_a_tile)
    inside = rows < tokens
    states = _rows(hidden, rows, size, tokens, size, padded)
    moved = _rows(change, rows, size, tokens, size, padded)
    log_sum = tl.load(log_sums + rows, mask=inside, other=0.0)
    mean = tl.load(means + rows, mask=inside, other=0.0)
    times = tl.load(factor)
    total = tl.zeros([tokens_a_tile, padded], tl.float32)
    for start in range(0, vocabulary, words_a_tile):
        words = start + tl.arange(0, words_a_tile)
        tile = _rows(head, words, stride, vocabulary, size, padded)
        other = _rows(direction, words, stride, vocabulary, size, padded)
        share = tl.exp(_product(states, tl.trans(tile), precision) - log_sum[:, None])
        raised = _product(moved, tl.trans(tile), precision) + times * _product(states, tl.trans(other), precision)
        turn = tl.where(words[None, :] < vocabulary, share * (raised - mean[:, None]), 0.0)
        total += _product(turn, tile, precision)
    columns = tl.arange(0, padded)
    pointers = turned + rows[:, None].to(tl.int64) * size + columns[None, :]
    tl.store(pointers, total, mask=inside[:, None] & (columns[None, :] < size))


@triton.jit
def _by_word(
    hidden, change, factor, head, direction, targets, weights, log_sums, means, result,
    tokens, tokens_a_share, vocabulary, stride,
    second: tl.constexpr, size: tl.constexpr, padded: tl.constexpr, precision: tl.constexpr,
    tokens_a_tile: tl.constexpr, words_a_tile: tl.constexpr,
):  # fmt: skip
    """One block of words and a share of the tokens: the gradient of head."""
    words = tl.program_id(0) * words_a_tile + tl.arange(0, words_a_tile)
    begin = tl.program_id(1) * tokens_a_share
    end = tl.minimum(begin + tokens_a_share, tokens)
    tile = _rows(head, words, stride, vocabulary, size, padded)
    other = _rows(direction, words, stride, vocabulary, size, padded)
    times = tl.load(factor)
    total = tl.zeros([words_a_tile, padded], tl.float32)
    for start in range(begin, end, tokens_a_tile):
        rows = start + tl.arange(0, tokens_a_tile)
        inside = rows < end
        states = _rows(hidden, rows, size, end, size, padded)
        weight = tl.load(weights + rows, mask=inside, other=0.0)
        log_sum = tl.load(log_sums + rows, mask=inside, other=0.0)
        target = tl.load(targets + rows, mask=inside, other=-1)
        share = tl.exp(_product(tile, tl.trans(states), precision) - log_sum[None, :])
        excess = share - tl.where(words[:, None] == target[None, :], 1.0, 0.0)
        if second:
            moved = _rows(change, rows, size, end, size, padded)
            mean = tl.load(means + rows, mask=inside, other=0.0)
            raised = _product(tile, tl.trans(moved), precision) + times * _product(other, tl.trans(states), precision)
            total += _product(share * (raised - mean[None, :]), states * weight[:, None], precision)
            total += _product(excess, moved * weight[:, None], precision)
        else:
            total += _product(excess, states * weight[:, None], precision)
    columns = tl.arange(0, padded)
    pointers = result + (tl.program_id(1) * vocabulary + words[:, None]).to(tl.int64) * size + columns[None, :]
    tl.store(pointers, total, mask=(words[:, None] < vocabulary) & (columns[None, :] < size))
