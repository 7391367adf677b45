import re
import shutil
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import docutils.core
import pytest
from markupsafe import escape

from lawpipe.report import findings, page
from lawpipe.report.glossary import TERMS
from lawpipe.results.catalogue import FIGURES, TABLES
from lawpipe.results.experiment import load
from lawpipe.results.numbers import interval, percent
from lawpipe.run import artifacts, provenance
from lawpipe.run.errors import InputError
from lawpipe.run.tables.claims import CLAIMS
from lawpipe.run.tables.claims import SIZES as SIZES_TABLE
from lawpipe.run.tables.summary import SUMMARY_OVER_SEEDS
from scripts import report
from tests import toy
from tests.report.conftest import SIZES
from tests.toy import Toy

VOID = {"meta", "col", "br", "img", "link", "hr", "input"}


class Reader(HTMLParser):
    """Reads a page: its text, its ids, its links, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name.endswith(("href", "src")):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_the_page_is_whole_and_asks_nothing_of_a_network(html: str, root: Path) -> None:
    reader = read(html)
    assert len(html) < 10_000_000
    assert not reader.tags & {"script", "link", "iframe", "object", "embed", "form", "img"}
    beside = [link for link in reader.links if not link.startswith(("#", "data:image/png;base64,"))]
    assert all((root / link).is_file() for link in beside)  # files to open, by a click alone
    assert not any(link.startswith(("/", "..")) for link in beside)
    assert "@import" not in html
    assert re.findall(r"url\((?!#)[^)]*\)", html) == []
    # The only address is the name of SVG's own vocabulary.
    assert set(re.findall(r"https?://[^\"'\s<]+", html)) == {"http://www.w3.org/2000/svg"}


def test_no_script_may_run_and_nothing_may_be_loaded(html: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    parts = dict(part.strip().split(" ", 1) for part in unescape(policy).split(";"))
    assert parts == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_every_figure_names_its_data_its_code_and_its_settings(html: str, root: Path) -> None:
    origins = re.findall(r'<p class="origin">(.*?)</p>', html, re.DOTALL)
    settings = [toy.settings(name, size) for name, size in SIZES.items()]
    assert len(origins) == sum(entry.suits(experiment) for entry in (*FIGURES, *TABLES) for experiment in settings)
    curves = next(text for text in origins if 'noisy/figures/fig05_loss_curves.svg"' in text)
    assert re.findall(r'href="([^"]*)"', curves) == [
        *(f"noisy/seed{seed}/curves.parquet" for seed in (0, 1, 2)),
        "noisy/summary.parquet",
        "#noisy-settings",
        "noisy/figures/fig05_loss_curves.svg",
    ]
    assert "made by lawpipe/figures/curves.py in scripts/describe.py" in curves


def test_a_page_kept_in_the_checkout_links_the_code(root: Path) -> None:
    text = page.report(root, ["perceptron"], page.CHECKOUT / "results")
    files = ("lawpipe/figures/curves.py", "scripts/describe.py")
    assert " in ".join(f'<a href="../{name}">{name}</a>' for name in files) in text


def test_without_recorded_benchmarks_the_page_has_the_claims_alone(judged: str, root: Path) -> None:
    drawn = re.compile(r'<figure id="(methods|growth|ladder)">')
    assert drawn.findall(judged) == ["methods", "growth", "ladder"]
    alone = page.report(root, list(SIZES), judged=True)
    assert drawn.findall(alone) == []
    assert 'id="claims"' in alone


def test_the_first_screen_has_a_verdict_and_a_picture_of_every_experiment(html: str, root: Path) -> None:
    before, _, _ = html.partition('<section id="glance">')
    experiments = [load(root / name) for name in SIZES]
    assert f'<p class="verdict" id="verdict">{escape(findings.verdict(experiments))}</p>' in before
    assert before.index('id="verdict"') < before.index('id="picture"')
    assert re.findall(r'<figure id="([^"]*)-front">', before) == list(SIZES)
    for term in ("policy", "gain", "J"):
        assert f"<dfn>{term}</dfn>" in before


def test_the_findings_are_five_sentences_of_all_experiments(html: str, root: Path) -> None:
    section = re.search(r'<section id="found">.*?</section>', html, re.DOTALL)
    assert section is not None
    sentences = re.findall(r"<li>(.*?)</li>", section[0], re.DOTALL)
    assert len(sentences) == 5
    text = unescape(" ".join(sentences))
    for name in SIZES:
        experiment = load(root / name)
        before, after = (
            experiment.quantity(policy, "objective_desired").mean for policy in ("conventional", "near_optimal")
        )
        assert f"{percent(abs(after / before - 1))} {'lower' if after < before else 'higher'} in {name}" in text
    assert "never in noisy" in text
    assert "nan" not in text


def test_every_claim_is_a_row_and_every_judgement_a_cell_that_opens(judged: str, root: Path) -> None:
    rows = artifacts.read(root / "claims.parquet", CLAIMS).to_pylist()
    section = re.search(r'<section id="claims">.*?</section>', judged, re.DOTALL)
    assert section is not None
    assert section[0].count('<tr><th scope="row"') == len({row["claim"] for row in rows})
    buttons = re.findall(r'popovertarget="([^"]*)"', section[0])
    cells = re.findall(r'<div class="behind" id="([^"]*)" popover>(.*?)</div>', section[0], re.DOTALL)
    assert buttons == [name for name, _ in cells]
    assert len(cells) == len(rows)
    text = [unescape(re.sub(r"<[^>]*>", " ", cell)) for _, cell in cells]
    for row in rows:
        (found,) = [
            t
            for t in text
            if row["reason"] in t and f"{row['claim'].replace('_', ' ')}  in {row['experiment']}:" in t
        ]
        assert row["source"] in found
        assert row["verdict"].replace("_", " ") in found
        assert ("our question, not the paper's" in found) == (row["asked_by"] == "audit")
        assert (row["p"] is not None) == ("after Holm's correction" in found)
    assert not re.search(r"<details[^>]* open", judged)
    assert read(judged).open == []


def test_the_claims_and_the_sizes_have_their_settings_beside_the_page(judged: str, root: Path) -> None:
    stored = artifacts.metadata(root / "claims.parquet")["settings"]
    assert stored["experiments"]["perceptron"]["training"]["steps"] == Toy().steps
    assert artifacts.read(root / "claims.parquet", CLAIMS).num_rows > 20
    rows = artifacts.read(root / "sizes.parquet", SIZES_TABLE).to_pylist()
    # Of the paper's four sizes three quantities are published; of ours there are six.
    assert Counter(row["experiment"] for row in rows) == {None: 4 * 3, "stories": 6}
    assert all("</svg>" in (root / f"{name}.svg").read_text() for name in report.RECORDED)


def test_the_recorded_ladder_stands_under_its_figure(judged: str) -> None:
    figure = re.search(r'<figure id="ladder">.*?</figure>', judged, re.DOTALL)
    assert figure
    assert "J on desired, near-optimal / conventional tuned" in figure[0]
    assert "The search changes J on the desired stories by" in figure[0]


def test_the_groups_say_how_many_claims_have_each_verdict(judged: str, root: Path) -> None:
    rows = artifacts.read(root / "claims.parquet", CLAIMS).to_pylist()
    summaries = re.findall(r'<details class="group"><summary>(.*?)</summary>', judged)
    assert len(summaries) == 5
    counts = [list(map(int, re.findall(r"</span></span> (\d+)<", summary))) for summary in summaries]
    groups = list(dict.fromkeys(row["group"] for row in rows))
    for group, of_group in zip(groups, counts, strict=True):
        verdicts = [row["verdict"] for row in rows if row["group"] == group]
        assert of_group == [verdicts.count(v) for v in ("reproduced", "partly", "not_reproduced", "not_tested")]


def test_terms_are_defined_where_they_are_used_first_and_in_the_glossary(judged: str) -> None:
    for name, term in TERMS.items():
        assert f"<dt>{escape(name)}</dt>" in judged
        definition = f"<dfn>{escape(name)}</dfn>"
        if definition in judged and name not in ("policy", "gain", "J"):
            assert f"{definition}: {escape(term.clause)}" in judged
    for name in ("CR", "AR", "SIM", "gap", "adjoint", "B, beta"):
        assert f"<dfn>{name}</dfn>" in judged


def test_every_link_has_a_target_and_every_id_is_unique(html: str) -> None:
    reader = read(html)
    assert len(set(reader.ids)) == len(reader.ids)
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)


def test_every_figure_and_table_of_every_experiment_is_there(html: str) -> None:
    text = " ".join(" ".join(read(html).text).split())
    settings = [toy.settings(name, size) for name, size in SIZES.items()]
    shown = {entry.name: sum(entry.suits(experiment) for experiment in settings) for entry in (*FIGURES, *TABLES)}
    assert html.count("<svg") == 1 + sum(shown[entry.name] for entry in FIGURES)
    assert (shown["fig09_learned"], shown["weight_on_perturbed"], shown["stories"]) == (2, 2, 1)
    for entry in FIGURES:
        links = 0 if entry.name == "front" else shown[entry.name]
        assert html.count(f'-{entry.name}"') == shown[entry.name] + links
    for entry in (*FIGURES, *TABLES):
        assert text.count(entry.caption) == (1 if entry.name == "front" else shown[entry.name])


def test_numbers_are_those_of_the_artifacts(html: str, root: Path) -> None:
    results = load(root / "perceptron")
    text = " ".join(read(html).text)
    for policy in ("conventional", "near_optimal"):
        for quantity in ("objective_desired", "compression_ratio_test", "gap", "adjoint_similarity_desired"):
            assert interval(results.quantity(policy, quantity)) in text


def test_settings_and_provenance_are_complete(html: str, root: Path) -> None:
    text = " ".join(read(html).text)
    settings = artifacts.metadata(root / "perceptron/summary.parquet")["settings"]
    for section in ("data", "training", "search", "analysis"):
        for key in settings[section]:
            assert f"{section}.{key}" in text
    for library, version in provenance.versions().items():
        assert f"{library} {version}" in text
    assert "0123456789abcdef0123456789abcdef01234567" in text
    assert "train conventional" in text
    assert 'class="differs"' in html


def test_hostile_text_is_shown_and_never_obeyed(root: Path, tmp_path: Path) -> None:
    hostile = "</td><script>alert('x')</script><img src=x onerror=alert(1)>"
    size = Toy(seeds=(0,), snapshots=())
    folder = toy.write_experiment(tmp_path, "perceptron", size)
    shutil.copytree(root / "perceptron/figures", folder / "figures")
    chosen = toy.settings("perceptron", size)
    chosen["data"]["folder"] = hostile
    table = artifacts.read(folder / "summary.parquet", SUMMARY_OVER_SEEDS)
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    artifacts.write(folder / "summary.parquet", SUMMARY_OVER_SEEDS, columns, settings=chosen, code="0")
    cost = folder / "seed0/cost/search.json"
    cost.write_text(cost.read_text().replace("a processor", hostile).replace("{", '{"resumed": true, ', 1))
    html = page.report(tmp_path, ["perceptron"])
    reader = read(html)
    assert "search (since it was resumed)" in " ".join(reader.text)
    assert "img" not in reader.tags
    assert "script" not in reader.tags
    assert " ".join(reader.text).count(hostile) >= 2


def test_a_table_is_a_page_of_its_own(root: Path) -> None:
    chosen = artifacts.metadata(root / "stories/summary.parquet")["settings"]
    for entry in [entry for entry in TABLES if entry.suits(chosen)]:
        reader = read((root / "stories/tables" / f"{entry.name}.html").read_text())
        assert entry.caption in " ".join(reader.text)
        assert reader.links == []
        assert "table" in reader.tags


def test_the_front_page_is_sound_restructuredtext(root: Path) -> None:
    text = page.front_page(root, list(SIZES))
    body = docutils.core.publish_parts(text, writer="html", settings_overrides={"halt_level": 2})["body"]
    assert "System Message" not in body
    assert body.count("<li>") == 6 + 6 + 7 + 7
    assert "the paper: projected gradient, 500" in body
    assert "the paper: projected gradient, 15" in body


def test_a_missing_figure_and_a_missing_experiment_are_one_sentence(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.summary\.parquet does not exist"):
        page.report(root, ["absent"])
    copy = shutil.copytree(root / "perceptron", tmp_path / "perceptron")
    (copy / "figures/speed.svg").unlink()
    with pytest.raises(InputError, match=r"speed\.svg cannot be read"):
        page.report(tmp_path, ["perceptron"])


def test_the_script_writes_the_same_page_elsewhere_with_links_from_there(
    html: str, root: Path, tmp_path: Path
) -> None:
    output, front, cost = (tmp_path / name for name in ("report.html", "findings.rst", "cost.json"))
    where = ["--output", str(output), "--front-page", str(front), "--cost", str(cost)]
    report.main(["--settings", "{}", "--root", str(root), "--experiments", *SIZES, *where])
    written = output.read_text()
    link = re.compile(r'href="(?!#|data:)([^"]*)"')
    assert link.sub("", written) == link.sub("", html)
    assert len(link.findall(written)) == len(link.findall(html)) > 0
    assert all((tmp_path / target).resolve().is_file() for target in link.findall(written))
    computed, verdict, *_ = front.read_text().splitlines()
    assert computed.startswith("#. 3 experiments, computed on a processor")
    assert "is not known" in verdict
    assert cost.is_file()
