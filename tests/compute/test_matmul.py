"""Products of rounded operands: what is rounded, how far off it is, and that nothing else changes."""

import numpy as np
import pytest
import torch

from lawpipe.compute import matmul
from tests.small_problems import initial, language_model

CPU = torch.device("cpu")
#: Half a unit in the last place that is kept.
UNITS = {"tf32": 2.0**-11, "bfloat16": 2.0**-8}
ROUND = {"tf32": matmul.to_tf32, "bfloat16": matmul.to_bfloat16}


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", matmul.ROUNDED)
def test_rounding_is_to_the_nearest_number_of_so_many_bits(kind):
    x = numbers(10_000) * 10.0 ** torch.arange(10_000).remainder(20).sub(10)
    rounded = ROUND[kind](x)
    assert float(((rounded - x) / x).abs().max()) <= UNITS[kind] * 1.0001
    assert float(((rounded - x) / x).abs().max()) > 0.8 * UNITS[kind]
    assert torch.equal(ROUND[kind](rounded), rounded)


def test_tf32_rounds_halves_to_even_and_keeps_infinities_and_nan():
    x = torch.tensor([1 + 2.0**-11, 1 + 3 * 2.0**-11, -1 - 2.0**-11, np.inf, -np.inf, 0.0])
    expected = torch.tensor([1, 1 + 2 * 2.0**-10, -1, np.inf, -np.inf, 0.0])
    assert torch.equal(matmul.to_tf32(x), expected)
    assert bool(matmul.to_tf32(torch.tensor([np.nan])).isnan().all())


@pytest.mark.parametrize("kind", matmul.ROUNDED)
def test_every_product_of_the_engine_is_of_rounded_operands(kind):
    a, b, c = numbers(5, 7), numbers(7, 3, seed=1), numbers(5, 3, seed=2)
    left, right = ROUND[kind](a), ROUND[kind](b)
    ours = {
        "mm": lambda: a @ b,
        "linear": lambda: torch.nn.functional.linear(a, b.T),
        "out": lambda: torch.mm(a, b, out=torch.empty(5, 3)),
        "addmm": lambda: torch.addmm(c, a, b) - c,
        "addmm_": lambda: c.clone().addmm_(a, b) - c,
        "bmm": lambda: torch.bmm(a[None], b[None])[0],
        "baddbmm": lambda: torch.baddbmm(c[None], a[None], b[None])[0] - c,
    }
    for name, action in ours.items():
        with matmul.rounding(kind, CPU):
            assert matmul.current() == kind
            product = action()
        torch.testing.assert_close(product, left @ right, rtol=1e-6, atol=2e-6, msg=name)
        assert not torch.allclose(product, action(), rtol=1e-5, atol=1e-5)
    assert matmul.current() == "float32"


def test_derivatives_are_rounded_too_and_float64_is_not():
    a = numbers(5, 7).requires_grad_()
    b, grad = numbers(7, 3, seed=1), numbers(5, 3, seed=2)
    with matmul.rounding("bfloat16", CPU):
        (gradient,) = torch.autograd.grad(a @ b, a, grad)
        whole = a.double() @ b.double()
    torch.testing.assert_close(gradient, matmul.to_bfloat16(grad) @ matmul.to_bfloat16(b).T)
    assert torch.equal(whole, a.double() @ b.double())


@pytest.mark.parametrize(
    ("precision", "low", "high"), [("float32", 0, 2e-6), ("tf32", 1e-5, 5e-3), ("bfloat16", 1e-3, 5e-2)]
)
def test_a_problem_computes_with_the_products_it_is_given(precision, low, high):
    exact, problem = language_model(), language_model(torch.float32, precision=precision)
    theta, direction = initial(exact).float(), initial(exact, 1).float()
    weights = torch.full((exact.examples,), 1 / exact.examples)
    products = problem.adjoint_product(theta, weights, direction)
    expected = exact.adjoint_product(theta.double(), weights.double(), direction.double())
    for ours, true in zip(products, expected, strict=True):
        assert ours.dtype == torch.float32
        assert low <= float((ours.double() - true).norm() / true.norm()) < high


#: Rows, inner dimension and columns of the perceptron's products: losses and gradients of a reference set over a run,
#: a block of steps, and several runs together.
SHAPES = [(2000, 128, 512), (2000, 512, 128), (16, 128, 4096), (8, 128, 4096), (8, 4096, 128), (1, 3, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("amd", [False, True])
def test_both_libraries_give_the_product(shape, transposed, amd, monkeypatch):
    monkeypatch.setattr(matmul, "by_numpy", lambda: amd)
    rows, inner, columns = shape
    left, right = numbers(rows, inner), numbers(columns, inner, seed=1).T if transposed else numbers(inner, columns)
    exact = left.double() @ right.double()
    out = torch.empty(rows, columns)
    assert torch.equal(matmul.product(left, right), matmul.product(left, right, out=out))
    assert float((out - exact).norm() / exact.norm()) < 1e-6


def test_other_types_and_rounded_products_are_left_to_pytorch(monkeypatch):
    monkeypatch.setattr(matmul, "by_numpy", lambda: True)
    monkeypatch.setattr(matmul.np, "matmul", lambda *_, **__: pytest.fail("NumPy was asked"))
    left, right = numbers(4, 5), numbers(5, 6)
    assert torch.equal(matmul.product(left.double(), right.double()), left.double() @ right.double())
    with matmul.rounding("bfloat16", CPU):
        rounded = matmul.product(left, right)
    assert torch.equal(rounded, matmul.to_bfloat16(left) @ matmul.to_bfloat16(right))
