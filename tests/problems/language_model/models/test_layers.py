"""The layers with derivatives written by hand, against automatic differentiation."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from lawpipe.problems.language_model.models.layers import causal_attention, rms_norm

LENGTH, HEADS, FACTOR = 4, 2, 0.7


def numbers(*shape):
    draw = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))
    return draw.requires_grad_()


def plain_norm(x, scale, shift):
    return x / (x.square().mean(dim=-1, keepdim=True).sqrt() + 1e-8) * scale + shift


def plain_attention(qkv):
    batch, size = len(qkv) // LENGTH, qkv.shape[1] // 3
    q, k, v = qkv.view(batch, LENGTH, 3, HEADS, size // HEADS).permute(2, 0, 3, 1, 4)
    mask = torch.full((LENGTH, LENGTH), -torch.inf).triu(1)
    return (torch.softmax(FACTOR * q @ k.mT + mask, dim=-1) @ v).transpose(1, 2).reshape(-1, size)


def attention(qkv):
    return causal_attention(qkv, LENGTH, HEADS, FACTOR)


CASES = {
    "norm": (rms_norm, plain_norm, (numbers(7, 5), numbers(5), numbers(5).detach().add(1).requires_grad_())),
    "attention": (attention, plain_attention, (numbers(3 * LENGTH, 18),)),
    "attention of one sequence": (attention, plain_attention, (numbers(LENGTH, 18),)),
}


@pytest.mark.parametrize(("layer", "plain", "inputs"), CASES.values(), ids=CASES)
def test_value_and_both_derivatives(layer, plain, inputs):
    torch.testing.assert_close(layer(*inputs), plain(*inputs), rtol=1e-13, atol=1e-14)
    assert gradcheck(layer, inputs)
    assert gradgradcheck(layer, inputs)


@pytest.mark.parametrize(("layer", "plain", "inputs"), CASES.values(), ids=CASES)
def test_inputs_are_left_as_they_are(layer, plain, inputs):
    before = [x.detach().clone() for x in inputs]
    first = torch.autograd.grad(layer(*inputs).square().sum(), inputs, create_graph=True)
    torch.autograd.grad(sum(grad.square().sum() for grad in first), inputs)
    assert all(torch.equal(x, y) for x, y in zip(inputs, before, strict=True))


def test_gradients_of_single_examples_by_vmap():
    x, scale, shift = (x.detach() for x in CASES["norm"][2])

    def value(row, norm):
        return norm(row.unsqueeze(0), scale, shift).square().sum()

    ours, plain = (
        torch.func.vmap(torch.func.grad(lambda row, norm=norm: value(row, norm)))(x)
        for norm in (rms_norm, plain_norm)
    )
    torch.testing.assert_close(ours, plain, rtol=1e-12, atol=1e-12)
