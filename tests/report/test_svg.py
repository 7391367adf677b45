import re
from pathlib import Path

import pytest

from lawpipe.figures import surfaces
from lawpipe.report import svg
from lawpipe.run.errors import InputError

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'


def inline(tmp_path: Path, body: str) -> str:
    path = tmp_path / "figure.svg"
    path.write_text(f"{HEAD}{body}</svg>")
    return svg.inlined(path, "f1-", "A label", svg.Glyphs())


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<foreignObject><p>text</p></foreignObject>",
        '<a xlink:href="https://example.org"><path d="M 0 0"/></a>',
        '<path d="M 0 0" onclick="alert(1)"/>',
        '<image xlink:href="https://example.org/x.png"/>',
        '<image href="data:text/html;base64,AAAA"/>',
        "<unclosed>",
    ],
)
def test_an_svg_with_scripts_links_or_errors_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(InputError, match=r"figure\.svg"):
        inline(tmp_path, body)


def test_a_missing_figure_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.svg cannot be read as SVG"):
        svg.inlined(tmp_path / "no.svg", "", "", svg.Glyphs())


def test_ids_are_the_pages_own_where_they_are_used_and_dropped_where_not(tmp_path: Path) -> None:
    body = '<g id="lonely"><path id="a" d="M 0 0"/><use xlink:href="#a" clip-path="url(#c)"/></g>'
    text = inline(tmp_path, f'{body}<clipPath id="c"/>')
    defined = re.findall(r' id="([^"]*)"', text)
    assert len(defined) == 2
    assert all(name.startswith("f1-") for name in defined)
    assert [f'href="#{defined[0]}"' in text, f'clip-path="url(#{defined[1]})"' in text] == [True, True]
    assert "xlink" not in text
    assert "lonely" not in text


def test_letters_are_shared_by_all_figures_of_a_page(tmp_path: Path) -> None:
    glyphs = svg.Glyphs()
    texts = []
    for index, shape in enumerate(("M 0 1", "M 0 1", "M 0 2")):
        path = tmp_path / f"{index}.svg"
        use = '<use xlink:href="#DejaVuSans-41"/>'
        path.write_text(f'{HEAD}<defs><path id="DejaVuSans-41" d="{shape}"/></defs>{use}</svg>')
        texts.append(svg.inlined(path, f"f{index}-", "A label", glyphs))
    assert [re.findall(r'href="#(\w+)"', text) for text in texts] == [["g0"], ["g0"], ["g1"]]
    assert not any("<path" in text for text in texts)
    assert re.findall(r'<path id="(g\d)" d="([^"]*)"', glyphs.drawing()) == [("g0", "M 0 1"), ("g1", "M 0 2")]


def test_comments_and_metadata_are_removed_and_a_label_is_added(tmp_path: Path) -> None:
    text = inline(tmp_path, "<!-- <b>hostile</b> --><metadata><x/></metadata><style>* { color: red }</style><g/>")
    assert "hostile" not in text
    assert "metadata" not in text
    assert "color: red" not in text
    assert 'role="img" aria-label="A label"' in text


def test_page_colours_become_variables_and_others_stay(tmp_path: Path) -> None:
    text = inline(tmp_path, f'<path d="M 0 0" style="fill: {surfaces.INK}; stroke: #d55e00"/>')
    assert "fill: var(--figure-ink); stroke: #d55e00" in text


def test_the_style_sheet_defines_every_colour_for_light_dark_and_print() -> None:
    light, dark = ((Path(svg.__file__).parent / name).read_text() for name in ("style.css", "dark.css"))
    for role, colour in surfaces.SURFACES.items():
        pattern = rf"--figure-{role}: (#\w+);"
        assert re.findall(pattern, light) == [colour, colour]  # screen and print
        assert len(re.findall(pattern, dark)) == 1


def test_a_real_figure_keeps_its_letters(root: Path) -> None:
    for path in sorted((root / "perceptron/figures").glob("*.svg")):
        glyphs = svg.Glyphs()
        text = svg.inlined(path, "x-", "label", glyphs)
        defined = set(re.findall(r' id="([^"]+)"', text + glyphs.drawing()))
        used = set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))
        assert used <= defined
        assert len(used) > 20
        assert len(glyphs.numbers) > 20
        assert surfaces.TITLE_ID not in text


def test_the_title_goes_with_its_space(tmp_path: Path) -> None:
    title = f'<g id="{surfaces.TITLE_ID}"><use href="#a"/></g>'
    with_title = inline(tmp_path, f'<path id="a" d="M 0 0"/>{title}')
    cut = 72 * surfaces.TITLE_HEIGHT - svg.MARGIN
    assert f'viewBox="0 {cut:g} 9 {9 - cut:g}"' in with_title
    assert 'viewBox="0 0 9 9"' in inline(tmp_path, '<path d="M 0 0"/>')
