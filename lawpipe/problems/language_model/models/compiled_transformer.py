"""Compiled loops of the Transformer on a CPU in float32, a few sequences at a time so that they stay in cache.

For M tokens of B sequences with the parameters theta [P], a direction [P] and the weight of each token in the loss:

- `forward` gives the states of all layers, and `tangent` their derivatives along the direction;
- the output layer gives the loss of each token and its derivative along the direction, which is the contribution of
  the token, and the gradient of the weighted loss for the last hidden state;
- `backward` takes this gradient to all parameters, and `second` takes its derivative along the direction to them:
  the product of the weighted Hessian with the direction (Pearlmutter, Neural Computation 6, 1994).

In units of the products of one forward pass, a gradient takes 3, contributions 3 and both derivatives 8. In the
comments, dx is the derivative of x along the direction, and g_x that of the weighted loss for x. The formulas of norm
and attention are those of `layers`, the operations that PyTorch differentiates twice.
"""

from collections.abc import Iterator, Mapping
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lawpipe.compute.compiled import ONE, array, compiled, exp_, inlined, product
from lawpipe.problems.language_model.models.layers import EPSILON

ZERO = np.float32(0)

#: Bytes of the states of a micro-batch, with their derivatives: they should fit a second-level cache.
STATES = 2**20

#: Tokens of a micro-batch at least, for products with enough rows.
FEWEST = 128

#: Bytes of the logits of a part of a micro-batch.
LOGITS = 2**18

#: Micro-batches that are computed in one call: a fraction of a second for a small model.
CALL = 16

#: Parameters of a level: scale and shift of its norm, the matrix before its nonlinear function and that after it.
PER_LEVEL = 4


class States(NamedTuple):
    """The states of M tokens in all layers, or their derivatives along the direction.

    Level 2l is before layer l's attention, level 2l + 1 before its feed-forward network, the last level before the
    output layer. Both kinds of layer are a norm, a matrix, a nonlinear function and a matrix, so they share a loop.
    """

    #: Residual stream and its norm, [levels, M, H]; 1 / rms and 1 / (H rms), [levels, M].
    x: np.ndarray
    y: np.ndarray
    inverse: np.ndarray
    radial: np.ndarray
    #: Query, key and value, [layers, M, 3 H]; attention, [layers, B heads, L, L], and its average, [layers, M, H].
    qkv: np.ndarray
    attention: np.ndarray
    average: np.ndarray
    #: Activations of the feed-forward network, [layers, M, 4 H].
    active: np.ndarray


@inlined
def states(layers, heads, sequences, length, size):
    """Return memory for the states of a micro-batch."""
    tokens = sequences * length
    return States(
        np.empty((2 * layers + 1, tokens, size), np.float32),
        np.empty((2 * layers + 1, tokens, size), np.float32),
        np.empty((2 * layers + 1, tokens), np.float32),
        np.empty((2 * layers + 1, tokens), np.float32),
        np.empty((layers, tokens, 3 * size), np.float32),
        np.empty((layers, sequences * heads, length, length), np.float32),
        np.empty((layers, tokens, size), np.float32),
        np.empty((layers, tokens, 4 * size), np.float32),
    )


@inlined
def vector(theta, start, size):
    """Return the parameter [H] that starts at a position of theta."""
    return theta[start : start + size]


@inlined
def matrix(theta, start, rows, columns):
    """Return the parameter [rows, columns] that starts at a position of theta."""
    return theta[start : start + rows * columns].reshape(rows, columns)


@compiled
def embed(theta, starts, tokens, x):
    """Set x [M, H] to the sums of the embeddings of tokens [B, L] and of their positions."""
    sequences, length = tokens.shape
    size = x.shape[1]
    for b in range(sequences):
        for i in range(length):
            word, place = starts[0] + tokens[b, i] * size, starts[1] + i * size
            for h in range(size):
                x[b * length + i, h] = theta[word + h] + theta[place + h]


@compiled
def add_embedding(total, starts, tokens, g_x):
    """Add the gradients of the embeddings to `total` [P]."""
    sequences, length = tokens.shape
    size = g_x.shape[1]
    for b in range(sequences):
        for i in range(length):
            word, place = starts[0] + tokens[b, i] * size, starts[1] + i * size
            for h in range(size):
                total[word + h] += g_x[b * length + i, h]
                total[place + h] += g_x[b * length + i, h]


@compiled
def norm(x, scale, shift, y, inverse, radial):
    """Set y = x i scale + shift, i = 1 / (r + EPSILON) and 1 / (H r), with r the root mean square of each row."""
    size = x.shape[1]
    for m in range(len(x)):
        square = ZERO
        for h in range(size):
            square += x[m, h] * x[m, h]
        root = np.sqrt(square / np.float32(size))
        i = ONE / (root + np.float32(EPSILON))
        inverse[m], radial[m] = i, ONE / (np.float32(size) * root)
        for h in range(size):
            y[m, h] = x[m, h] * i * scale[h] + shift[h]


@compiled
def norm_tangent(x, dx, scale, dscale, dshift, inverse, radial, dy, dinverse, dradial):
    """Set the derivatives of the results of `norm`."""
    size = x.shape[1]
    for m in range(len(x)):
        inner = ZERO
        for h in range(size):
            inner += x[m, h] * dx[m, h]
        i, droot = inverse[m], inner * radial[m]
        di = -i * i * droot
        dinverse[m], dradial[m] = di, -radial[m] * radial[m] * np.float32(size) * droot
        for h in range(size):
            dy[m, h] = (dx[m, h] * i + x[m, h] * di) * scale[h] + x[m, h] * i * dscale[h] + dshift[h]


@compiled
def norm_backward(g_y, x, scale, inverse, radial, g_x, g_scale, g_shift):
    """Add i a - i^2 <a, x> x / (H r), with a = g_y scale, to g_x; add the gradients of the parameters to theirs."""
    size = x.shape[1]
    for m in range(len(x)):
        share = ZERO
        for h in range(size):
            share += g_y[m, h] * scale[h] * x[m, h]
        i = inverse[m]
        turn = i * i * share * radial[m]
        for h in range(size):
            g_x[m, h] += i * g_y[m, h] * scale[h] - turn * x[m, h]
            g_scale[h] += g_y[m, h] * x[m, h] * i
            g_shift[h] += g_y[m, h]


@compiled
def norm_second(g_y, dg_y, x, dx, scale, dscale, inverse, dinverse, radial, dradial, g_x, dg_x, dg_scale, dg_shift):
    """Add to g_x as `norm_backward` does, and to the others the derivatives of what it adds."""
    size = x.shape[1]
    for m in range(len(x)):
        share, dshare = ZERO, ZERO
        for h in range(size):
            a = g_y[m, h] * scale[h]
            share += a * x[m, h]
            dshare += (dg_y[m, h] * scale[h] + g_y[m, h] * dscale[h]) * x[m, h] + a * dx[m, h]
        i, di = inverse[m], dinverse[m]
        turn = i * i * share * radial[m]
        dturn = i * (np.float32(2) * di * share * radial[m] + i * (dshare * radial[m] + share * dradial[m]))
        for h in range(size):
            a, da = g_y[m, h] * scale[h], dg_y[m, h] * scale[h] + g_y[m, h] * dscale[h]
            g_x[m, h] += i * a - turn * x[m, h]
            dg_x[m, h] += di * a + i * da - dturn * x[m, h] - turn * dx[m, h]
            dg_scale[h] += dg_y[m, h] * x[m, h] * i + g_y[m, h] * (dx[m, h] * i + x[m, h] * di)
            dg_shift[h] += dg_y[m, h]


@inlined
def head_of(qkv, sequence, head, length, heads, part):
    """Return query (part 0), key (1) or value (2) of one head in one sequence, [L, H / heads]."""
    size = qkv.shape[1] // (3 * heads)
    column = (part * heads + head) * size
    return qkv[sequence * length : (sequence + 1) * length, column : column + size]


@inlined
def average_of(average, sequence, head, length, heads):
    """Return the average of one head in one sequence, [L, H / heads]."""
    size = average.shape[1] // heads
    return average[sequence * length : (sequence + 1) * length, head * size : (head + 1) * size]


@inlined
def softmax_causal_(scores, powers):
    """Replace scores [L, L] by the probabilities of positions 0..i in row i."""
    length = len(scores)
    for i in range(length):
        largest = scores[i, 0]
        for j in range(1, i + 1):
            largest = max(largest, scores[i, j])
        for j in range(length):
            scores[i, j] = scores[i, j] - largest if j <= i else ZERO
    exp_(scores.reshape(length * length), powers)
    for i in range(length):
        total = ZERO
        for j in range(i + 1):
            total += scores[i, j]
        total = ONE / total
        for j in range(length):
            scores[i, j] = scores[i, j] * total if j <= i else ZERO


@compiled
def attend(arguments, qkv, heads, attention, average):
    """Set attention = softmax(q k^T / sqrt(H)), causal, and average = attention v."""
    length, factor = attention.shape[1], np.float32((qkv.shape[1] // 3) ** -0.5)
    powers = np.empty(length * length, np.float32)
    for s in range(len(attention)):
        b, head = s // heads, s % heads
        q, k = head_of(qkv, b, head, length, heads, 0), head_of(qkv, b, head, length, heads, 1)
        product(arguments, q, k, attention[s], right_transposed=True, factor=factor)
        softmax_causal_(attention[s], powers)
        v = head_of(qkv, b, head, length, heads, 2)
        product(arguments, attention[s], v, average_of(average, b, head, length, heads))


@compiled
def attend_tangent(arguments, qkv, dqkv, heads, attention, dattention, daverage):
    """Set the derivatives of the results of `attend`: da = a (ds - <a, ds>) with ds that of the scores."""
    length, factor = attention.shape[1], np.float32((qkv.shape[1] // 3) ** -0.5)
    for s in range(len(attention)):
        b, head = s // heads, s % heads
        q, k = head_of(qkv, b, head, length, heads, 0), head_of(qkv, b, head, length, heads, 1)
        dq, dk = head_of(dqkv, b, head, length, heads, 0), head_of(dqkv, b, head, length, heads, 1)
        a, da = attention[s], dattention[s]
        product(arguments, dq, k, da, right_transposed=True, factor=factor)
        product(arguments, q, dk, da, right_transposed=True, factor=factor, keep=True)
        for i in range(length):
            mean = ZERO
            for j in range(length):
                mean += a[i, j] * da[i, j]
            for j in range(length):
                da[i, j] = a[i, j] * (da[i, j] - mean)
        v, dv = head_of(qkv, b, head, length, heads, 2), head_of(dqkv, b, head, length, heads, 2)
        result = average_of(daverage, b, head, length, heads)
        product(arguments, da, v, result)
        product(arguments, a, dv, result, keep=True)


@compiled
def attend_backward(arguments, qkv, heads, attention, g_average, g_qkv):
    """Set the gradient of query, key and value: g_s = a (g_a - <a, g_a>) with g_a = g_o v^T."""
    length, factor = attention.shape[1], np.float32((qkv.shape[1] // 3) ** -0.5)
    g_s = np.empty((length, length), np.float32)
    for s in range(len(attention)):
        b, head = s // heads, s % heads
        q, k = head_of(qkv, b, head, length, heads, 0), head_of(qkv, b, head, length, heads, 1)
        v, a = head_of(qkv, b, head, length, heads, 2), attention[s]
        g_o = average_of(g_average, b, head, length, heads)
        product(arguments, g_o, v, g_s, right_transposed=True)
        for i in range(length):
            mean = ZERO
            for j in range(length):
                mean += a[i, j] * g_s[i, j]
            for j in range(length):
                g_s[i, j] = a[i, j] * (g_s[i, j] - mean)
        product(arguments, g_s, k, head_of(g_qkv, b, head, length, heads, 0), factor=factor)
        product(arguments, g_s, q, head_of(g_qkv, b, head, length, heads, 1), left_transposed=True, factor=factor)
        product(arguments, a, g_o, head_of(g_qkv, b, head, length, heads, 2), left_transposed=True)


@compiled
def attend_second(arguments, qkv, dqkv, heads, attention, dattention, g_average, dg_average, g_qkv, dg_qkv):
    """Set the gradient as `attend_backward` does, and its derivative.

    With m = <a, g_a>: dg_s = da (g_a - m) + a (dg_a - dm), dm = <da, g_a> + <a, dg_a>.
    """
    length, factor = attention.shape[1], np.float32((qkv.shape[1] // 3) ** -0.5)
    g_s, dg_s = np.empty((length, length), np.float32), np.empty((length, length), np.float32)
    for s in range(len(attention)):
        b, head = s // heads, s % heads
        q, k = head_of(qkv, b, head, length, heads, 0), head_of(qkv, b, head, length, heads, 1)
        dq, dk = head_of(dqkv, b, head, length, heads, 0), head_of(dqkv, b, head, length, heads, 1)
        v, dv = head_of(qkv, b, head, length, heads, 2), head_of(dqkv, b, head, length, heads, 2)
        a, da = attention[s], dattention[s]
        g_o, dg_o = average_of(g_average, b, head, length, heads), average_of(dg_average, b, head, length, heads)
        product(arguments, g_o, v, g_s, right_transposed=True)
        product(arguments, dg_o, v, dg_s, right_transposed=True)
        product(arguments, g_o, dv, dg_s, right_transposed=True, keep=True)
        for i in range(length):
            mean, dmean = ZERO, ZERO
            for j in range(length):
                mean += a[i, j] * g_s[i, j]
                dmean += da[i, j] * g_s[i, j] + a[i, j] * dg_s[i, j]
            for j in range(length):
                excess = g_s[i, j] - mean
                dg_s[i, j] = da[i, j] * excess + a[i, j] * (dg_s[i, j] - dmean)
                g_s[i, j] = a[i, j] * excess
        g_q, dg_q = head_of(g_qkv, b, head, length, heads, 0), head_of(dg_qkv, b, head, length, heads, 0)
        product(arguments, g_s, k, g_q, factor=factor)
        product(arguments, dg_s, k, dg_q, factor=factor)
        product(arguments, g_s, dk, dg_q, factor=factor, keep=True)
        g_k, dg_k = head_of(g_qkv, b, head, length, heads, 1), head_of(dg_qkv, b, head, length, heads, 1)
        product(arguments, g_s, q, g_k, left_transposed=True, factor=factor)
        product(arguments, dg_s, q, dg_k, left_transposed=True, factor=factor)
        product(arguments, g_s, dq, dg_k, left_transposed=True, factor=factor, keep=True)
        g_v, dg_v = head_of(g_qkv, b, head, length, heads, 2), head_of(dg_qkv, b, head, length, heads, 2)
        product(arguments, a, g_o, g_v, left_transposed=True)
        product(arguments, da, g_o, dg_v, left_transposed=True)
        product(arguments, a, dg_o, dg_v, left_transposed=True, keep=True)


@inlined
def wide_and_after(s, level):
    """Return what a level computes before its nonlinear function, and after it: each layer has two such levels.

    Before attention: query, key and value. The feed-forward network's ReLU overwrites what is before it.
    """
    layer = level // 2
    return (s.qkv[layer], s.average[layer]) if level % 2 == 0 else (s.active[layer], s.active[layer])


@inlined
def keep_where_positive_(values, active):
    """Set values to zero where the activations are not positive: the derivative of ReLU."""
    for m in range(len(values)):
        for h in range(values.shape[1]):
            values[m, h] = ZERO if active[m, h] <= ZERO else values[m, h]


@compiled
def forward(arguments, theta, starts, heads, tokens, s):
    """Set the states s of tokens [B, L]."""
    size, last = s.x.shape[2], len(s.x) - 1
    embed(theta, starts, tokens, s.x[0])
    for level in range(last + 1):
        first = 2 + PER_LEVEL * level
        x, y = s.x[level], s.y[level]
        scale, shift = vector(theta, starts[first], size), vector(theta, starts[first + 1], size)
        norm(x, scale, shift, y, s.inverse[level], s.radial[level])
        if level == last:
            break
        wide, after = wide_and_after(s, level)
        product(arguments, y, matrix(theta, starts[first + 2], wide.shape[1], size), wide, right_transposed=True)
        if level % 2 == 0:
            attend(arguments, wide, heads, s.attention[level // 2], after)
        else:
            keep_where_positive_(wide, wide)
        s.x[level + 1, :] = x
        out = matrix(theta, starts[first + 3], size, after.shape[1])
        product(arguments, after, out, s.x[level + 1], right_transposed=True, keep=True)


@compiled
def tangent(arguments, theta, direction, starts, heads, tokens, s, d):
    """Set the derivatives d of the states s along the direction."""
    size, last = s.x.shape[2], len(s.x) - 1
    embed(direction, starts, tokens, d.x[0])
    for level in range(last + 1):
        first = 2 + PER_LEVEL * level
        x, dx, y, dy = s.x[level], d.x[level], s.y[level], d.y[level]
        scale, dscale = vector(theta, starts[first], size), vector(direction, starts[first], size)
        dshift = vector(direction, starts[first + 1], size)
        inverse, radial, dinverse, dradial = s.inverse[level], s.radial[level], d.inverse[level], d.radial[level]
        norm_tangent(x, dx, scale, dscale, dshift, inverse, radial, dy, dinverse, dradial)
        if level == last:
            break
        wide, after = wide_and_after(s, level)
        dwide, dafter = wide_and_after(d, level)
        rows, columns = wide.shape[1], after.shape[1]
        product(arguments, dy, matrix(theta, starts[first + 2], rows, size), dwide, right_transposed=True)
        product(
            arguments, y, matrix(direction, starts[first + 2], rows, size), dwide, right_transposed=True, keep=True
        )
        if level % 2 == 0:
            layer = level // 2
            attend_tangent(arguments, wide, dwide, heads, s.attention[layer], d.attention[layer], dafter)
        else:
            keep_where_positive_(dwide, wide)
        out, dout = (
            matrix(theta, starts[first + 3], size, columns),
            matrix(direction, starts[first + 3], size, columns),
        )
        d.x[level + 1, :] = dx
        product(arguments, dafter, out, d.x[level + 1], right_transposed=True, keep=True)
        product(arguments, after, dout, d.x[level + 1], right_transposed=True, keep=True)


@compiled
def backward(arguments, theta, starts, heads, tokens, s, g_y, total):
    """Add the gradient for all parameters but the output layer's to `total` [P], given that of its input, g_y."""
    size, last = s.x.shape[2], len(s.x) - 1
    g_x, g_active = np.zeros_like(g_y), np.empty((len(g_y), 4 * size), np.float32)
    g_qkv = np.empty((len(g_y), 3 * size), np.float32)
    for level in range(last, -1, -1):
        first = 2 + PER_LEVEL * level
        if level < last:
            wide, after = wide_and_after(s, level)
            rows, columns = wide.shape[1], after.shape[1]
            g_wide, g_after = (g_qkv, g_y) if level % 2 == 0 else (g_active, g_active)
            g_out = matrix(total, starts[first + 3], size, columns)
            product(arguments, g_x, after, g_out, left_transposed=True, keep=True)
            product(arguments, g_x, matrix(theta, starts[first + 3], size, columns), g_after)
            if level % 2 == 0:
                attend_backward(arguments, wide, heads, s.attention[level // 2], g_after, g_wide)
            else:
                keep_where_positive_(g_wide, wide)
            g_entry = matrix(total, starts[first + 2], rows, size)
            product(arguments, g_wide, s.y[level], g_entry, left_transposed=True, keep=True)
            product(arguments, g_wide, matrix(theta, starts[first + 2], rows, size), g_y)
        scale = vector(theta, starts[first], size)
        g_scale, g_shift = vector(total, starts[first], size), vector(total, starts[first + 1], size)
        norm_backward(g_y, s.x[level], scale, s.inverse[level], s.radial[level], g_x, g_scale, g_shift)
    add_embedding(total, starts, tokens, g_x)


@compiled
def second(arguments, theta, direction, starts, heads, tokens, s, d, g_y, dg_y, total):
    """Add the derivative of what `backward` adds, given that of g_y, dg_y."""
    size, last = s.x.shape[2], len(s.x) - 1
    g_x, g_qkv = np.zeros_like(g_y), np.empty((len(g_y), 3 * size), np.float32)
    dg_x, dg_qkv = np.zeros_like(g_y), np.empty_like(g_qkv)
    g_active = np.empty((len(g_y), 4 * size), np.float32)
    dg_active = np.empty_like(g_active)
    for level in range(last, -1, -1):
        first = 2 + PER_LEVEL * level
        if level < last:
            wide, after = wide_and_after(s, level)
            dwide, dafter = wide_and_after(d, level)
            rows, columns = wide.shape[1], after.shape[1]
            g_wide, g_after = (g_qkv, g_y) if level % 2 == 0 else (g_active, g_active)
            dg_wide, dg_after = (dg_qkv, dg_y) if level % 2 == 0 else (dg_active, dg_active)
            out, dg_out = (
                matrix(theta, starts[first + 3], size, columns),
                matrix(total, starts[first + 3], size, columns),
            )
            product(arguments, dg_x, after, dg_out, left_transposed=True, keep=True)
            product(arguments, g_x, dafter, dg_out, left_transposed=True, keep=True)
            product(arguments, g_x, out, g_after)
            product(arguments, dg_x, out, dg_after)
            product(arguments, g_x, matrix(direction, starts[first + 3], size, columns), dg_after, keep=True)
            if level % 2 == 0:
                layer = level // 2
                attention, dattention = s.attention[layer], d.attention[layer]
                attend_second(
                    arguments, wide, dwide, heads, attention, dattention, g_after, dg_after, g_wide, dg_wide
                )
            else:
                keep_where_positive_(g_wide, wide)
                keep_where_positive_(dg_wide, wide)
            entry, dg_entry = (
                matrix(theta, starts[first + 2], rows, size),
                matrix(total, starts[first + 2], rows, size),
            )
            product(arguments, dg_wide, s.y[level], dg_entry, left_transposed=True, keep=True)
            product(arguments, g_wide, d.y[level], dg_entry, left_transposed=True, keep=True)
            product(arguments, g_wide, entry, g_y)
            product(arguments, dg_wide, entry, dg_y)
            product(arguments, g_wide, matrix(direction, starts[first + 2], rows, size), dg_y, keep=True)
        scale, dscale = vector(theta, starts[first], size), vector(direction, starts[first], size)
        inverse, radial, dinverse, dradial = s.inverse[level], s.radial[level], d.inverse[level], d.radial[level]
        dg_scale, dg_shift = vector(total, starts[first], size), vector(total, starts[first + 1], size)
        x, dx = s.x[level], d.x[level]
        norm_second(
            g_y, dg_y, x, dx, scale, dscale, inverse, dinverse, radial, dradial, g_x, dg_x, dg_scale, dg_shift
        )
    add_embedding(total, starts, tokens, dg_x)


@compiled
def probabilities(arguments, y, head, targets, p, powers, losses):
    """Set p [M, V] to softmax(y head^T), and the loss of each token, [M]."""
    product(arguments, y, head, p, right_transposed=True)
    words = p.shape[1]
    for m in range(len(p)):
        row = p[m]
        largest = row[0]
        for v in range(1, words):
            largest = max(largest, row[v])
        losses[m] = largest - row[targets[m]]
        for v in range(words):
            row[v] -= largest
        exp_(row, powers)
        total = ZERO
        for v in range(words):
            total += row[v]
        losses[m] += np.log(total)
        total = ONE / total
        for v in range(words):
            row[v] *= total


@inlined
def part_of(y, head):
    """Return the tokens of a part of a micro-batch, whose logits stay in cache."""
    return min(len(y), max(FEWEST // 2, LOGITS // (4 * len(head))))


@compiled
def head_losses(arguments, y, head, targets, losses):
    """Set the loss of each token, [M]."""
    size = part_of(y, head)
    p, powers = np.empty((size, len(head)), np.float32), np.empty(len(head), np.float32)
    for start in range(0, len(y), size):
        stop = min(start + size, len(y))
        probabilities(
            arguments, y[start:stop], head, targets[start:stop], p[: stop - start], powers, losses[start:stop]
        )


@compiled
def head_backward(arguments, y, head, targets, weights, losses, g_y, g_head):
    """Set the loss of each token and the gradient of the weighted loss for y.

    Adds the gradient for head, d^T y with d = weights (p - target).
    """
    size = part_of(y, head)
    memory, powers = np.empty((size, len(head)), np.float32), np.empty(len(head), np.float32)
    for start in range(0, len(y), size):
        stop = min(start + size, len(y))
        d = memory[: stop - start]
        probabilities(arguments, y[start:stop], head, targets[start:stop], d, powers, losses[start:stop])
        for m in range(len(d)):
            weight = weights[start + m]
            for v in range(len(head)):
                d[m, v] *= weight
            d[m, targets[start + m]] -= weight
        product(arguments, d, head, g_y[start:stop])
        product(arguments, d, y[start:stop], g_head, left_transposed=True, keep=True)


@compiled
def head_tangent(arguments, y, dy, head, dhead, targets, weights, with_second, slopes, g_y, dg_y, dg_head):
    """Set the derivative of each token's loss along the direction, [M], and the rest only if it is asked for.

    With du the derivative of the logits and d as in `head_backward`: dd = weights p (du - <p, du>), g_y = d head,
    dg_y = dd head + d dhead; dd^T y + d^T dy is added to dg_head.
    """
    size = part_of(y, head)
    memory, change, powers = (
        np.empty((size, len(head)), np.float32),
        np.empty((size, len(head)), np.float32),
        np.empty(len(head), np.float32),
    )
    losses = np.empty(size, np.float32)
    for start in range(0, len(y), size):
        stop = min(start + size, len(y))
        d, dd = memory[: stop - start], change[: stop - start]
        probabilities(arguments, y[start:stop], head, targets[start:stop], d, powers, losses)
        product(arguments, dy[start:stop], head, dd, right_transposed=True)
        product(arguments, y[start:stop], dhead, dd, right_transposed=True, keep=True)
        for m in range(len(d)):
            mean = ZERO
            for v in range(len(head)):
                mean += d[m, v] * dd[m, v]
            slopes[start + m] = mean - dd[m, targets[start + m]]
            if with_second:
                weight = weights[start + m]
                for v in range(len(head)):
                    d[m, v] *= weight
                    dd[m, v] = d[m, v] * (dd[m, v] - mean)
                d[m, targets[start + m]] -= weight
        if with_second:
            product(arguments, d, head, g_y[start:stop])
            product(arguments, dd, head, dg_y[start:stop])
            product(arguments, d, dhead, dg_y[start:stop], keep=True)
            product(arguments, dd, y[start:stop], dg_head, left_transposed=True, keep=True)
            product(arguments, d, dy[start:stop], dg_head, left_transposed=True, keep=True)


@compiled
def all_losses(theta, starts, sizes, windows, losses):
    """Set the loss of each token of windows [N, L + 1], [N, L]."""
    words, size, layers, heads, together = sizes
    length, arguments = windows.shape[1] - 1, np.empty(10, np.int32)
    s = states(layers, heads, together, length, size)
    head = matrix(theta, starts[-1], words, size)
    for first in range(0, len(windows), together):
        batch = windows[first : first + together]
        if len(batch) < together:
            s = states(layers, heads, len(batch), length, size)
        forward(arguments, theta, starts, heads, batch[:, :-1], s)
        targets = batch[:, 1:].copy().reshape(-1)
        head_losses(arguments, s.y[-1], head, targets, losses[first : first + together].reshape(-1))


@compiled
def all_gradients(theta, starts, sizes, windows, weights, losses, total):
    """Set the loss of each token, [N, L]; add the gradient of their weighted sum to `total` [P]."""
    words, size, layers, heads, together = sizes
    length, arguments = windows.shape[1] - 1, np.empty(10, np.int32)
    s = states(layers, heads, together, length, size)
    head, g_head = matrix(theta, starts[-1], words, size), matrix(total, starts[-1], words, size)
    for first in range(0, len(windows), together):
        batch = windows[first : first + together]
        if len(batch) < together:
            s = states(layers, heads, len(batch), length, size)
        forward(arguments, theta, starts, heads, batch[:, :-1], s)
        g_y, targets = np.empty_like(s.y[-1]), batch[:, 1:].copy().reshape(-1)
        part, row = weights[first : first + together].reshape(-1), losses[first : first + together].reshape(-1)
        head_backward(arguments, s.y[-1], head, targets, part, row, g_y, g_head)
        backward(arguments, theta, starts, heads, batch[:, :-1], s, g_y, total)


@compiled
def all_slopes(theta, direction, starts, sizes, windows, weights, with_second, slopes, total):
    """Set the derivative of each token's loss along the direction, [N, L].

    With `with_second`, add the product of the weighted Hessian with the direction to `total` [P].
    """
    words, size, layers, heads, together = sizes
    length, arguments = windows.shape[1] - 1, np.empty(10, np.int32)
    s, d = states(layers, heads, together, length, size), states(layers, heads, together, length, size)
    head, dhead = matrix(theta, starts[-1], words, size), matrix(direction, starts[-1], words, size)
    dg_head = matrix(total, starts[-1], words, size)
    for first in range(0, len(windows), together):
        batch = windows[first : first + together]
        if len(batch) < together:
            s, d = states(layers, heads, len(batch), length, size), states(layers, heads, len(batch), length, size)
        forward(arguments, theta, starts, heads, batch[:, :-1], s)
        tangent(arguments, theta, direction, starts, heads, batch[:, :-1], s, d)
        targets = batch[:, 1:].copy().reshape(-1)
        part, row = weights[first : first + together].reshape(-1), slopes[first : first + together].reshape(-1)
        g_y, dg_y = np.empty_like(s.y[-1]), np.empty_like(s.y[-1])
        head_tangent(arguments, s.y[-1], d.y[-1], head, dhead, targets, part, with_second, row, g_y, dg_y, dg_head)
        if with_second:
            second(arguments, theta, direction, starts, heads, batch[:, :-1], s, d, g_y, dg_y, total)


class Loops:
    """The loops above for one Transformer."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], words: int, size: int, layers: int, heads: int) -> None:
        """Keep the sizes; `shapes` are those of the parameters in the order of theta."""
        self._longest = shapes["positions"][0]
        counts = [prod(shape) for shape in shapes.values()]
        self._parameters = sum(counts)
        self._starts = np.cumsum([0, *counts[:-1]])
        self._sizes = (words, size, layers, heads)

    def _parts(self, windows: Tensor) -> Iterator[tuple[slice, tuple[int, ...], npt.NDArray[np.int64]]]:
        """Yield for each call the rows of windows [N, L + 1], the sizes with those of a micro-batch, and the tokens.

        Between calls signals are handled. Raises ValueError if the windows have more tokens than the model positions,
        which the loops do not notice.
        """
        length = windows.shape[1] - 1
        if length > self._longest:
            raise ValueError(f"the sequences have {length} tokens, the model has {self._longest} positions")
        _, size, layers, heads = self._sizes
        token = 4 * 2 * (size * (2 * (2 * layers + 1) + 8 * layers) + layers * heads * length)
        together = max(1, max(STATES // token, FEWEST) // length)
        for start in range(0, len(windows), CALL * together):
            part = slice(start, start + CALL * together)
            yield part, (*self._sizes, together), windows[part].long().contiguous().numpy()

    def losses(self, theta: Tensor, windows: Tensor) -> Tensor:
        """Return the loss of each token of windows [N, L + 1], [N, L]."""
        losses, values = np.empty((len(windows), windows.shape[1] - 1), np.float32), array(theta, self._parameters)
        for part, sizes, tokens in self._parts(windows):
            all_losses(values, self._starts, sizes, tokens, losses[part])
        return torch.from_numpy(losses)

    def gradient(self, theta: Tensor, windows: Tensor, token_weights: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of each token, [N, L], and the gradient of their sum weighted by `token_weights`, [P]."""
        total, values = np.zeros(self._parameters, np.float32), array(theta, self._parameters)
        weights = array(token_weights, len(windows), windows.shape[1] - 1)
        losses = np.empty_like(weights)
        for part, sizes, tokens in self._parts(windows):
            all_gradients(values, self._starts, sizes, tokens, weights[part], losses[part], total)
        return torch.from_numpy(losses), torch.from_numpy(total)

    def along(
        self, theta: Tensor, direction: Tensor, windows: Tensor, token_weights: Tensor, product: Tensor | None
    ) -> Tensor:
        """Return the derivative of each token's loss along a direction [P], [N, L].

        Adds the product of the weighted Hessian with the direction to `product` [P], if it is given.
        """
        vectors = array(theta, self._parameters), array(direction, self._parameters)
        weights = array(token_weights, len(windows), windows.shape[1] - 1)
        slopes, total = np.empty_like(weights), np.zeros(self._parameters, np.float32)
        for part, sizes, tokens in self._parts(windows):
            row = slopes[part]
            all_slopes(*vectors, self._starts, sizes, tokens, weights[part], product is not None, row, total)
        if product is not None:
            product += torch.from_numpy(total)
        return torch.from_numpy(slopes)
