"""The kernels, run by Triton's interpreter where there is no GPU, against the chunked way in float64."""

import json
import os
import subprocess
import sys

import pytest
import torch

pytest.importorskip("triton", reason="triton is not installed: its kernels are not tested")

from lawpipe.compute import matmul
from lawpipe.problems.language_model.models import cross_entropy as ending
from lawpipe.problems.language_model.models import fused_cross_entropy as fused

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
#: No multiple of a tile: two blocks of tokens, three of words, a hidden size that is padded.
TOKENS, SIZE, VOCABULARY = 75, 20, 150


def numbers(seed, *shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


HIDDEN, HEAD, DIRECTION = numbers(0, TOKENS, SIZE), numbers(1, VOCABULARY, SIZE), numbers(2, VOCABULARY, SIZE)
WEIGHTS = numbers(3, TOKENS).abs() * (numbers(5, TOKENS) > -1)
TARGETS = torch.randint(0, VOCABULARY, (TOKENS,), generator=torch.Generator().manual_seed(4)).to(DEVICE)
COTANGENT = numbers(6, TOKENS, SIZE)
KINDS = {"float32": 5e-6, "tf32": 3e-3, "bfloat16": 2e-2}


@pytest.fixture(params=KINDS)
def precision(request):
    """A kind of products and the relative error that it may have."""
    if request.param == "bfloat16" and DEVICE == "cpu":
        pytest.skip("the interpreter has no products of bf16")
    if request.param == "tf32" and DEVICE == "cpu":
        # The interpreter does not round.
        return request.param, KINDS["float32"]
    return request.param, KINDS[request.param]


def single(*tensors):
    return [tensor.float() for tensor in tensors]


def relative_error(value, expected):
    return float((value.double() - expected).norm() / expected.norm())


def by_kernels(monkeypatch, kind, action):
    monkeypatch.setattr(ending, "FUSED", True)
    monkeypatch.setattr(fused, "SHARES", 2)
    monkeypatch.setattr(matmul, "_current", kind)
    result = action()
    monkeypatch.setattr(ending, "FUSED", False)
    return result


def test_losses(monkeypatch, precision):
    kind, tolerance = precision
    losses = by_kernels(monkeypatch, kind, lambda: ending.losses(*single(HIDDEN, HEAD), TARGETS))
    assert relative_error(losses, ending.losses(HIDDEN, HEAD, TARGETS)) < tolerance


def test_first_derivative(monkeypatch, precision):
    kind, tolerance = precision
    arguments = *single(HIDDEN, HEAD), TARGETS, WEIGHTS.float()
    gradients = by_kernels(monkeypatch, kind, lambda: ending.gradient(*arguments))
    expected = ending.gradient(HIDDEN, HEAD, TARGETS, WEIGHTS)
    assert max(relative_error(*pair) for pair in zip(gradients, expected, strict=True)) < tolerance


def second(hidden, head, direction, weights, cotangent):
    leaves = [x.clone().requires_grad_() for x in (hidden, head, weights)]
    along = ending.gradient_along(*leaves[:2], direction, TARGETS, leaves[2])
    factor = torch.tensor(0.7, dtype=hidden.dtype, device=DEVICE)
    return [*(part.detach() for part in along), *torch.autograd.grad(along, leaves, (cotangent, factor))]


def test_second_derivative(monkeypatch, precision):
    kind, tolerance = precision
    arguments = single(HIDDEN, HEAD, DIRECTION, WEIGHTS, COTANGENT)
    derivatives = by_kernels(monkeypatch, kind, lambda: second(*arguments))
    expected = second(HIDDEN, HEAD, DIRECTION, WEIGHTS, COTANGENT)
    errors = [relative_error(*pair) for pair in zip(derivatives, expected, strict=True)]
    assert max(errors) < tolerance, errors


def test_nearly_certain_predictions_lose_no_digits(monkeypatch):
    hidden = 12 * HEAD[TARGETS] / HEAD[TARGETS].square().sum(dim=1, keepdim=True).sqrt()
    weights = torch.ones_like(WEIGHTS)
    expected = ending.gradient(hidden, HEAD, TARGETS, weights)[0]
    gradients = by_kernels(
        monkeypatch, "float32", lambda: ending.gradient(*single(hidden, HEAD), TARGETS, weights.float())
    )
    by_chunks = ending.gradient(*single(hidden, HEAD), TARGETS, weights.float())[0]
    certain = ending.losses(hidden, HEAD, TARGETS) < 1e-3
    assert int(certain.sum()) > 20
    of_kernels, of_chunks = (
        relative_error(hidden[certain], expected[certain]) for hidden in (gradients[0], by_chunks)
    )
    assert of_kernels < 1e-5
    assert of_kernels <= 2 * of_chunks


#: Kernels with the flags that make the most of them, and their tiles; bytes of shared memory that a program may take
#: on a H100 or H200.
MOST = [("_along", {"parts": 2}, "BY_TOKEN"), ("_turned", {}, "BY_TOKEN"), ("_by_word", {"second": True}, "BY_WORD")]
SHARED = 232_448

COMPILE = """
import json, sys
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from lawpipe.problems.language_model.models import fused_cross_entropy as fused

name, flags, tile, precision = json.loads(sys.argv[1])
kernel, given = getattr(fused, name), fused.shape(getattr(fused, tile), 128, precision) | flags
options = {option: given.pop(option) for option in ("num_warps", "num_stages")}
kinds = {"tokens": "i32", "vocabulary": "i32", "stride": "i32", "tokens_a_share": "i32", "targets": "*i64"}
signature = {each: "constexpr" if each in given else kinds.get(each, "*fp32") for each in kernel.arg_names}
constants = {(kernel.arg_names.index(each),): value for each, value in given.items()}
aligned = {(place,): [["tt.divisibility", 16]] for place, kind in enumerate(signature.values()) if kind[0] == "*"}
made = triton.compile(ASTSource(kernel, signature, constants, aligned), GPUTarget("cuda", 90, 32), options)
print(json.dumps({"shared": made.metadata.shared, "ptx": made.asm["ptx"].count("wgmma.mma_async")}))
"""


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
@pytest.mark.parametrize(("name", "flags", "tile"), MOST)
def test_they_compile_for_a_card_and_fit_it(name, flags, tile, precision):
    environment = os.environ | {"TRITON_INTERPRET": "0"}
    command = [sys.executable, "-W", "ignore", "-c", COMPILE, json.dumps([name, flags, tile, precision])]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    compiled = json.loads(run.stdout)
    assert compiled["shared"] <= SHARED
    # On the matrix units.
    assert compiled["ptx"] > 0


def test_only_float32_logits_that_fit_go_through_the_kernels():
    assert not fused.fits(HIDDEN)
    assert not fused.fits(torch.zeros(2, 2 * fused.LARGEST))
    assert fused.fits(HIDDEN.float())
