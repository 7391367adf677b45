from pathlib import Path

import pandas as pd
import pytest
import torch

from examples import train_online

SMALL = [
    "--examples",
    "40",
    "--desired",
    "12",
    "--length",
    "8",
    "--vocabulary",
    "64",
    "--hidden",
    "8",
    "--batch",
    "8",
]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "mine.txt"
    words = ["The", "old", "cat", "saw", "a", "small", "red", "bird", "and", "ran", "home"]
    stories = [" ".join(words[(i * j) % 11] for j in range(1, 40)) + f" {i}." for i in range(1, 120)]
    path.write_text("\n\n".join(stories))
    return path


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_the_example_trains_with_and_without_weights_and_draws(
    text: Path, optimiser: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, curves = tmp_path / "o.svg", tmp_path / "o.parquet"
    options = ["--text", text, "--output", output, "--curves", curves, "--optimiser", optimiser, "--steps", 24]
    # At the second rate training goes nowhere, and is not chosen.
    train_online.main([*map(str, options), *SMALL, "--learning-rates", "0.02", "1e-9", "--refresh", "2"])
    assert "<svg" in output.read_text()
    table = pd.read_parquet(curves)
    assert list(table["way"].unique()) == ["plain", "unperturbed only", "online weights"]
    assert (table["learning_rate"] == 0.02).all()
    for _, rows in table.groupby("way"):
        assert rows["test"].iloc[-1] < rows["test"].iloc[0]
    starts = table[table["step"] == 0]
    assert starts["test"].nunique() == 1
    assert table["weight_on_perturbed"].nunique() == 3
    assert (table.loc[table["way"] == "unperturbed only", "weight_on_perturbed"] == 0).all()
    assert "ms a step" in capsys.readouterr().out


def test_a_layer_sees_nothing_of_later_tokens() -> None:
    torch.manual_seed(0)
    model = train_online.LanguageModel(20, 6, 8)
    tokens = torch.randint(2, 20, (3, 6))
    changed = tokens.clone()
    changed[:, 4:] = 2
    torch.testing.assert_close(model(tokens)[:, :4], model(changed)[:, :4])
    assert not torch.allclose(model(tokens)[:, 5], model(changed)[:, 5])


def test_pads_count_for_nothing() -> None:
    def model(tokens: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(tokens, 9).double()

    padded = torch.tensor([[3, 4, 5, 1, 1]])
    torch.testing.assert_close(train_online.losses(model, padded), train_online.losses(model, padded[:, :3]))
