"""README's picture: three policies on both reference sets, and one sentence for results that cannot be drawn."""

import sys
from dataclasses import replace

import pandas as pd
import pytest

from lawpipe.figures import picture
from lawpipe.results.experiment import Results
from lawpipe.run.errors import InputError
from tests.figures.readable import faults


def test_it_shows_three_policies_on_each_reference_set(three_seeds: Results) -> None:
    with pytest.raises(InputError, match="has no policy conventional_tuned"):
        picture.draw(three_seeds)
    results = replace(three_seeds)
    tuned = three_seeds.curves.query("policy == 'conventional'").assign(policy="conventional_tuned")
    tuned["desired_loss"] *= 0.5
    results.__dict__["curves"] = pd.concat([three_seeds.curves, tuned], ignore_index=True)
    results.__dict__["policies"] = [*three_seeds.policies, "conventional_tuned"]
    figure = picture.draw(results)
    assert len(figure.legends[0].get_texts()) == 3
    assert faults(figure) == []
    ends = [sorted(float(line.get_ydata()[-1]) for line in axes.lines) for axes in figure.axes]
    conventional = three_seeds.curves.query("policy == 'conventional'").groupby("seed").last()
    assert any(end == pytest.approx(conventional["desired_loss"].mean() / 2, rel=0.05) for end in ends[0])


def test_a_folder_without_results_gets_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["picture", str(tmp_path), str(tmp_path / "picture.svg")])
    with pytest.raises(InputError, match=r"has no seed\*/summary\.parquet"):
        picture.main()
    monkeypatch.setattr(sys, "argv", ["picture"])
    with pytest.raises(InputError, match="expected an experiment's folder"):
        picture.main()
