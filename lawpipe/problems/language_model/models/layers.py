"""Layers for models that are differentiated twice, with first and second derivatives written by hand.

PyTorch's fused kernels have no second derivative, and automatic differentiation of plain operations makes several
times as many passes over memory. All functions work in float32 and float64, on any device, and under
`torch.func.vmap`. In the comments, dx is the change of x along the direction of the second differentiation.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

#: Added to the root mean square, as in the paper's public code, so that a vector of zeros can be normalised.
EPSILON = 1e-8


def rms_norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Return x / (rms(x) + EPSILON) * scale + shift, [M, H], with the root mean square over the last dimension."""
    result: Tensor = _Norm.apply(x, scale, shift)[0]  # type: ignore[no-untyped-call]
    return result


def causal_attention(qkv: Tensor, length: int, heads: int, factor: float) -> Tensor:
    """Return causal attention, softmax(factor q k^T + mask) v for each head, [B L, H].

    `qkv` holds query, key and value of each token side by side, [B L, 3 H]; each head takes H / heads entries of
    them. `length` is L, the tokens per sequence, and `factor` the scale of the scores.
    """
    result: Tensor = _Attention.apply(qkv, length, heads, factor)[0]  # type: ignore[no-untyped-call]
    return result


class _Norm(Function):
    """y = n scale + shift with n = x i, i = 1 / (r + EPSILON), r = rms(x); returns y, i and 1 / (H r)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        root = torch.linalg.vector_norm(x, dim=-1, keepdim=True).mul_(x.shape[-1] ** -0.5)
        inverse = (root + EPSILON).reciprocal_()
        return torch.addcmul(shift, x * inverse, scale), inverse, root.mul_(x.shape[-1]).reciprocal_()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        x, scale, _ = inputs
        _, inverse, radial = output
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(inverse, radial)
        ctx.save_for_backward(x, scale, inverse, radial)

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None, *_: None) -> Any:
        if grad is None:
            return None, None, None
        return _NormGradient.apply(grad, *ctx.saved_tensors)  # type: ignore[no-untyped-call]


class _NormGradient(Function):
    """Gradient of `_Norm`, given grad = dF/dy.

    grad_x = i (a - e <a, n>)   with a = grad scale, e = x / (H r)
    grad_scale = sum over tokens of grad n
    grad_shift = sum over tokens of grad
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        grad: Tensor, x: Tensor, scale: Tensor, inverse: Tensor, radial: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        along = grad * scale
        normal = x * inverse
        share = torch.linalg.vecdot(along, normal).unsqueeze(-1)
        grad_x = torch.addcmul(along, x, share.mul_(radial), value=-1).mul_(inverse)
        return grad_x, normal.mul_(grad).sum(dim=0), grad.sum(dim=0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dx: Tensor, dscale: Tensor, dshift: Tensor) -> Any:
        # <(grad_x, grad_scale, grad_shift), (dx, dscale, dshift)> = <grad, dy>, where
        # dy = dn scale + n dscale + dshift, dn = i (dx - n t), t = <e, dx>.
        grad, x, scale, inverse, radial = ctx.saved_tensors
        normal, unit = x * inverse, x * radial
        along, other = grad * scale, grad * dscale
        turn = torch.linalg.vecdot(unit, dx).unsqueeze(-1)
        change = torch.addcmul(dx, normal, turn, value=-1).mul_(inverse)
        grad_grad = torch.addcmul(dshift, change, scale).addcmul_(normal, dscale)
        grad_scale = change.mul_(grad).sum(dim=0)
        # The derivative of <grad, dy> = <a, dn> + <b, n> + const with respect to x, a = grad scale, b = grad dscale.
        share = torch.linalg.vecdot(along, normal).unsqueeze(-1)
        growth = share * turn * (2 * inverse + radial * x.shape[-1])
        growth -= torch.linalg.vecdot(along, dx).unsqueeze(-1).mul_(inverse)
        growth -= torch.linalg.vecdot(other, normal).unsqueeze(-1)
        grad_x = other.addcmul_(along, turn.mul_(inverse), value=-1)
        grad_x.addcmul_(dx, share.mul_(radial), value=-1).addcmul_(unit, growth).mul_(inverse)
        return grad_grad, grad_x, grad_scale, None, None


def _pack(x: Tensor, parts: int, length: int, heads: int, factor: float) -> Tensor:
    """Copy [B L, C H] to the layout [C, B heads, H / heads, L], the first of the C parts times `factor`.

    Positions are the last dimension: products with the few numbers of a head as rows are several times slower.
    """
    size = x.shape[1] // (parts * heads)
    laid = x.view(-1, length, parts, heads, size).permute(2, 0, 3, 4, 1)
    packed = laid.clone(memory_format=torch.contiguous_format).view(parts, -1, size, length)
    packed[0].mul_(factor)
    return packed


def _unpack(parts: tuple[Tensor, ...], heads: int, factor: float) -> Tensor:
    """Return C parts [B heads, H / heads, L] in the layout [B L, C H], the first part times `factor`."""
    parts[0].mul_(factor)
    _, size, length = parts[0].shape
    together = parts[0] if len(parts) == 1 else torch.stack(parts)
    laid = together.view(len(parts), -1, heads, size, length).permute(1, 4, 0, 2, 3)
    return laid.clone(memory_format=torch.contiguous_format).view(-1, len(parts) * heads * size)


def _softmax_gradient(grad: Tensor, probability: Tensor) -> Tensor:
    """Return probability (grad - <grad, probability>), with the inner product over the last dimension."""
    return torch.ops.aten._softmax_backward_data(grad, probability, -1, probability.dtype)  # type: ignore[no-any-return]


class _Attention(Function):
    """o = a v with a = softmax(q k^T + mask), q scaled by the factor; returns o, and (q, k, v), a, o packed."""

    generate_vmap_rule = True

    @staticmethod
    def forward(qkv: Tensor, length: int, heads: int, factor: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        packed = _pack(qkv, 3, length, heads, factor)
        q, k, v = packed
        mask = torch.full((length, length), -torch.inf, dtype=qkv.dtype, device=qkv.device).triu_(1)
        attention = torch.softmax(torch.baddbmm(mask, q.mT, k), dim=-1)
        average = torch.bmm(v, attention.mT)
        return _unpack((average,), heads, 1.0), packed, attention, average

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        qkv, *ctx.settings = inputs
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(qkv, *output[1:])

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None, *_: None) -> Any:
        if grad is None:
            return None, None, None, None
        gradient = _AttentionGradient.apply(grad, *ctx.saved_tensors, *ctx.settings)  # type: ignore[no-untyped-call]
        return gradient[0], None, None, None


class _AttentionGradient(Function):
    """Gradient of `_Attention`, given g = dF/do; returns (grad_q, grad_k, grad_v), and g packed, c, s.

        grad_q = s k,  grad_k = s^T q,  grad_v = a^T g,   c = g v^T,  s = a (c - <a, c>)

    s is the gradient of the scores.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(
        grad: Tensor,
        qkv: Tensor,
        packed: Tensor,
        attention: Tensor,
        average: Tensor,
        length: int,
        heads: int,
        factor: float,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        q, k, v = packed
        gradients = _pack(grad, 1, length, heads, 1.0)
        g = gradients[0]
        slope = torch.bmm(g.mT, v)
        scores = _softmax_gradient(slope, attention)
        parts = (torch.bmm(k, scores.mT), torch.bmm(q, scores), torch.bmm(g, attention))
        return _unpack(parts, heads, factor), gradients, slope, scores

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _, _, packed, attention, average, *ctx.settings = inputs
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(packed, attention, average, *output[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, change: Tensor | None, *_: None) -> Any:
        if change is None:
            return (None,) * 8
        # <(grad_q, grad_k, grad_v), (dq, dk, dv)> = <g, do>, where do = da v + a dv, da = a w, w = ds - <a, ds>,
        # ds = dq k^T + q dk^T.
        packed, attention, average, gradients, slope, scores = ctx.saved_tensors
        length, heads, factor = ctx.settings
        (q, k, v), g = packed, gradients[0]
        dq, dk, dv = _pack(change, 3, length, heads, factor)
        raised = torch.bmm(torch.cat((dq, q), dim=1).mT, torch.cat((k, dk), dim=1))
        raised -= torch.linalg.vecdot(raised, attention).unsqueeze(-1)
        moved = attention * raised
        grad_grad = torch.baddbmm(torch.bmm(v, moved.mT), dv, attention.mT)
        # The derivative of <g, do> with respect to ds is s. With respect to a it is g dv^T + (c - <a, c>) w up to a
        # constant per row, and <a, c> = <g, o>.
        second = _softmax_gradient(torch.baddbmm(raised.mul_(slope), g.mT, dv), attention)
        second.addcmul_(moved, torch.linalg.vecdot(g, average, dim=1).unsqueeze(-1), value=-1)
        parts = (
            torch.baddbmm(torch.bmm(k, second.mT), dk, scores.mT),
            torch.baddbmm(torch.bmm(q, second), dq, scores),
            torch.bmm(g, moved),
        )
        return _unpack((grad_grad,), heads, 1.0), _unpack(parts, heads, factor), *(None,) * 6
