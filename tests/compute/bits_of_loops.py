"""Prints a digest of what the loops of a Transformer compute; run by test_compiled.py."""

import hashlib

import torch

from lawpipe.problems.language_model.models.transformer import Transformer

model = Transformer(vocabulary=64, length=16, hidden_size=16, layers=1, heads=2)
random = torch.Generator().manual_seed(0)
theta, direction = torch.randn(2, sum(torch.Size(shape).numel() for shape in model.shapes.values()), generator=random)
windows = torch.randint(64, (8, 17), generator=random)
product = torch.zeros_like(theta)
loops = model.loops()
assert loops is not None
loops.along(theta / 10, direction, windows, torch.rand(8, 16, generator=random), product)
print(hashlib.sha256(product.numpy().tobytes()).hexdigest())
