import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lawpipe.data import tokenizer
from lawpipe.report import table_page
from lawpipe.report.tables import stories as texts
from lawpipe.results import experiment
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.examples import TOKEN_EXAMPLES
from lawpipe.run.tables.measurements import EXAMPLES
from tests import toy
from tests.toy import Toy

#: What a corpus may hold: markup, quotes, control characters, marks that turn the line, a word without end.
HOSTILE = (
    "</td></table><script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"quotes\" & 'apostrophes' &amp; {{ 7 * 7 }} {% raw %}",
    "bell\x07 escape\x1b[31m red\x1b[0m\nnew line\r\n\ttab\x85",
    "\u202eright to left\u202c and \u2067isolated\u2069 \u200fmark\u2028line",
    "w" * 5000,
    "שלום עולם and 你好 and 🙂‍🙂",
)


class Text(HTMLParser):
    """Reads the tags and the text of a page as a browser would."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "td":
            self.cells.append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1] += data


def test_a_text_is_shown_on_one_line() -> None:
    assert texts.one_line("a\n\nb\tc\r\n  d") == "a↵ ↵ b c↵ d"
    assert texts.one_line("x\u202ey\x07\u2028") == "x<U+202E>y<U+0007><U+2028>"
    assert texts.one_line("lone \ud800 half") == "lone <U+D800> half"
    for text in ("שלום 🙂‍🙂 é", "<b>&amp;</b>"):
        assert texts.one_line(text) == text


def test_stories_are_ordered_by_their_weight(stories: Results) -> None:
    table = texts.stories(stories)
    weights = [float(row.cells[3]) for row in table.rows]
    assert [row.cells[0] for row in table.rows] == [f"{end} {i}" for end in ("most", "least") for i in range(1, 11)]
    assert weights[:10] == sorted(weights[:10], reverse=True)
    assert weights[10:] == sorted(weights[10:])
    assert max(weights[10:]) <= min(weights[:10])

    examples = artifacts.read(stories.path(0, "examples"), EXAMPLES).to_pandas()
    examples = examples[examples["policy"] == "near_optimal"].set_index("row")
    heaviest = int(examples["total_weight"].idxmax())
    train = artifacts.read(stories.path(0, "train"), TOKEN_EXAMPLES)
    model = tokenizer.load(stories.folder / "tokenizer.json")
    first = table.rows[0].cells
    assert first[1] == texts.one_line(model.decode(artifacts.matrix(train, "tokens")[heaviest]))
    assert first[2] == ("perturbed" if train.column("perturbed")[heaviest].as_py() else "clean")
    assert float(first[3]) == pytest.approx(48 * examples["total_weight"].max(), rel=1e-2)
    assert first[4] == str(examples["first_active"][heaviest])
    assert first[6] == str(train.column("story")[heaviest].as_py())


def test_the_note_counts_the_perturbed_and_the_never_used(stories: Results) -> None:
    table = texts.stories(stories)
    kinds = [row.cells[2] for row in table.rows]
    most, least = kinds[:10].count("perturbed"), kinds[10:].count("perturbed")
    assert f"of the 10 with the most weight {most} are perturbed, of the 10 with the least {least}" in table.note
    assert "(of all 48: 24)" in table.note


def test_an_example_without_any_weight_is_never_active(stories: Results, tmp_path: Path) -> None:
    folder = toy.write_experiment(tmp_path, "stories", Toy(**{**vars(toy.STORIES), "seeds": (0,)}))
    path = folder / "seed0/examples.parquet"
    columns = {name: list(values) for name, values in artifacts.read(path, EXAMPLES).to_pydict().items()}
    unused = [i for i, policy in enumerate(columns["policy"]) if policy == "near_optimal"][:15]
    for row in unused:
        columns["total_weight"][row] = 0.0
        columns["first_active"][row] = columns["last_active"][row] = None
    artifacts.write(path, EXAMPLES, columns, settings={}, code="0")
    table = texts.stories(experiment.load(folder, [0]))
    assert all(row.cells[3:6] == ("0", "never", "never") for row in table.rows[10:])
    assert "15 examples never had any weight, and those shown are the last of them." in table.note


def test_few_examples_are_shown_once_each(tmp_path: Path) -> None:
    size = Toy(**{**vars(toy.STORIES), "seeds": (0,), "examples": 7, "steps": 5, "measured": 3})
    table = texts.stories(experiment.load(toy.write_experiment(tmp_path, "few", size), [0]))
    assert [row.cells[0] for row in table.rows] == [
        "most 1",
        "most 2",
        "most 3",
        "most 4",
        *(f"least {i}" for i in (1, 2, 3)),
    ]


def test_the_table_of_the_corpus_agrees_with_its_description(stories: Results) -> None:
    described = json.loads((stories.folder / "corpus.json").read_text())
    rows = dict(row.cells for row in texts.corpus(stories).rows)
    assert rows["source"] == "written by the embedded grammar, seed 0"
    assert rows["stories kept"] == str(described["glimpse"]["counts"]["stories"])
    assert rows["fingerprint"] == described["fingerprint"]
    assert "byte-pair encoding trained on this corpus: 90 ids" in rows["tokeniser"]
    examples = described["glimpse"]["examples"]
    assert len(examples) == 3
    for example in examples:
        assert rows[f"story {example['story']}"] == texts.one_line(example["text"])


@pytest.mark.parametrize("text", ["{", "[]", '{"glimpse": {}}'])
def test_a_damaged_description_of_the_corpus_is_one_sentence(stories: Results, tmp_path: Path, text: str) -> None:
    (tmp_path / "corpus.json").write_text(text)
    broken = Results(stories.name, tmp_path, stories.seeds, stories.settings)
    with pytest.raises(InputError, match=r"corpus\.json is not a corpus's description"):
        texts.corpus(broken)


def test_hostile_stories_are_shown_and_never_obeyed(tmp_path: Path) -> None:
    own = tuple(f"{text} ({index})" for index in range(4) for text in HOSTILE)
    sizes = {"seeds": (0,), "own": own, "examples": 18, "evaluated": 3, "perturbed": 0.0}
    size = Toy(**{**vars(toy.STORIES), **sizes, "vocabulary": 150})
    results = experiment.load(toy.write_experiment(tmp_path, "stories", size), [0])
    glimpse = json.loads((results.folder / "corpus.json").read_text())
    glimpse["glimpse"]["examples"] = [{"story": i, "text": text} for i, text in enumerate(HOSTILE)]
    (results.folder / "corpus.json").write_text(json.dumps(glimpse))
    model = tokenizer.load(results.folder / "tokenizer.json")
    train = artifacts.matrix(artifacts.read(results.path(0, "train"), TOKEN_EXAMPLES), "tokens")
    for table in (texts.stories(results), texts.corpus(results)):
        html = table_page.render(table)
        read = Text(html)
        assert not read.tags & {"script", "img"}
        assert not any(ord(character) < 32 and character != "\n" for character in html)
        assert not set(html) & texts.INVISIBLE
        for row in table.rows:
            assert row.cells[table.prose or 0] in read.cells
        shown = [row.cells[1] for row in table.rows]
        expected = HOSTILE if table.entry.name == "corpus" else [model.decode(row) for row in train]
        written = {texts.one_line(text) for text in expected}
        assert set(shown[-3:]) <= written
        assert any("script" in cell for cell in shown)
    assert np.isin(train, [0]).mean() < 0.1  # the tokeniser knows the hostile characters
