"""The paper's Transformer."""

from math import prod

import numpy as np
import pytest
import torch

from lawpipe.problems.language_model.models.transformer import Transformer, build
from lawpipe.run.errors import InputError
from tests.problems.language_model.models.test_layers import plain_norm

PAPER = Transformer(vocabulary=5000, length=64, hidden_size=128, layers=2, heads=8)
SMALL = Transformer(vocabulary=11, length=6, hidden_size=8, layers=2, heads=2)


def draw(model, seed=0):
    values = model.initialise(np.random.default_rng(seed))
    return {name: torch.from_numpy(value) for name, value in values.items()}


def test_parameters_at_the_papers_size():
    assert sum(prod(shape) for shape in PAPER.shapes.values()) == 1_682_688


def test_initial_parameters_are_pytorchs_default():
    values = draw(PAPER)
    assert {name: tuple(value.shape) for name, value in values.items()} == dict(PAPER.shapes)
    reference = {
        "tokens": torch.nn.Embedding(5000, 128).weight,
        "0.attention.in": torch.nn.Linear(128, 3 * 128).weight,
        "1.forward.out": torch.nn.Linear(4 * 128, 128).weight,
        "head": torch.nn.Linear(128, 5000).weight,
    }
    for name, weight in reference.items():
        assert values[name].shape == weight.shape
        weight = weight.detach()
        assert float(values[name].std()) == pytest.approx(float(weight.std()), rel=0.02)
        assert float(values[name].abs().mean()) == pytest.approx(float(weight.abs().mean()), rel=0.02)
    assert float(values["0.attention.in"].abs().max()) <= 128**-0.5
    assert set(values["norm.scale"].tolist()) == {1.0}
    assert set(values["1.forward_norm.shift"].tolist()) == {0.0}


def test_hidden_states_equal_the_formulas():
    values = draw(SMALL, 1)
    values = {name: value + 0.1 * torch.randn_like(value) for name, value in values.items()}
    tokens = torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]])
    x = values["tokens"][tokens] + values["positions"][:5]
    mask = torch.full((5, 5), -torch.inf).triu(1)
    for layer in range(2):

        def norm(which, x, layer=layer):
            return plain_norm(x, values[f"{layer}.{which}_norm.scale"], values[f"{layer}.{which}_norm.shift"])

        query, key, value = (norm("attention", x) @ values[f"{layer}.attention.in"].T).split(8, dim=-1)
        heads = []
        for head in range(2):
            part = slice(4 * head, 4 * head + 4)
            scores = query[..., part] @ key[..., part].mT / 8**0.5
            heads.append(torch.softmax(scores + mask, dim=-1) @ value[..., part])
        x = x + torch.cat(heads, dim=-1) @ values[f"{layer}.attention.out"].T
        inner = torch.relu(norm("forward", x) @ values[f"{layer}.forward.in"].T)
        x = x + inner @ values[f"{layer}.forward.out"].T
    expected = plain_norm(x, values["norm.scale"], values["norm.shift"])
    torch.testing.assert_close(SMALL.hidden(values, tokens), expected, rtol=1e-12, atol=1e-13)


def test_a_prediction_does_not_see_later_tokens():
    values = draw(SMALL)
    tokens = torch.tensor([[3, 1, 4, 1, 5, 9]])
    changed = tokens.clone()
    changed[0, 4:] = 7
    before, after = SMALL.hidden(values, tokens), SMALL.hidden(values, changed)
    assert torch.equal(before[0, :4], after[0, :4])
    assert not torch.equal(before[0, 4:], after[0, 4:])


def test_heads_have_to_share_the_hidden_size():
    with pytest.raises(InputError, match="multiple"):
        build({"hidden": 10, "layers": 1, "heads": 4}, 50, 8)
