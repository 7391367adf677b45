"""The page in a real browser: nothing on the console, nothing asked of a network, every picture there."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium and no chrome on this machine")

#: Tells what the page looks like from the inside, once its pictures are loaded.
PROBE = """<script>
addEventListener("load", async () => {
  const sources = [...document.querySelectorAll("image, img")].map((each) => each.href?.baseVal ?? each.src);
  const load = (source) => new Promise((done) => {
    const image = new Image();
    image.onload = () => done(image.naturalWidth > 0 ? [] : [source.slice(0, 80)]);
    image.onerror = () => done([source.slice(0, 80)]);
    image.src = source;
  });
  const broken = (await Promise.all(sources.map(load))).flat();
  const shown = [];
  for (const button of [...document.querySelectorAll("button.cell")].slice(0, 3)) {
    button.closest("details").open = true;
    button.click();
    const open = [...document.querySelectorAll(":popover-open")];
    const box = open[0]?.getBoundingClientRect();
    shown.push({
      own: open.length === 1 && open[0].id === button.getAttribute("popovertarget"),
      inside: box && box.left >= 0 && box.right <= innerWidth && box.height > 20,
      text: open[0]?.textContent,
    });
  }
  document.querySelectorAll(":popover-open").forEach((each) => each.hidePopover());
  document.querySelectorAll("main details[open]").forEach((each) => { each.open = false; });
  const folded = [...document.querySelectorAll("main details")];
  const shut = folded.filter((each) => !each.open).length;
  dispatchEvent(new Event("beforeprint"));
  const measures = {
    folded: folded.length, shut, shut_on_paper: folded.filter((each) => !each.open).length,
    pictures: sources.length, broken, shown,
    drawings: [...document.querySelectorAll("figure svg")].map((each) => each.getBoundingClientRect().height),
    asked: performance.getEntriesByType("resource").map((each) => each.name.slice(0, 80)),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    width: innerWidth, screen: document.querySelector("#picture").getBoundingClientRect().bottom,
    letters: Math.min(...[...document.querySelectorAll("main .drawing svg")].map(
      (each) => each.getBoundingClientRect().width / each.viewBox.baseVal.width)),
  };
  parent.postMessage(measures, "*");
});
</script>"""
#: Shows the page at two widths, and keeps what the probe in each frame found.
FRAMES = """<!doctype html><meta charset="utf-8"><script>
const frames = [];
addEventListener("message", (event) => {
  frames.push(event.data);
  document.documentElement.setAttribute("data-frames", JSON.stringify(frames));
});
</script>
<iframe src="page.html" width="1300" height="2000"></iframe>
<iframe src="page.html" width="390" height="2000"></iframe>"""


def browse(file: Path, profile: Path, *more: str) -> tuple[str, list[str]]:
    """Open a file; return the document as it ended up, and what the browser's console said."""
    assert BROWSER is not None
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr", "--dump-dom"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--virtual-time-budget=20000", "--window-size=1400,2000", "--host-resolver-rules=MAP * ~NOTFOUND"),
        f"--user-data-dir={profile}",
        *more,
    ]
    done = subprocess.run([BROWSER, *options, file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="session")
def probed(judged: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    """What the probe finds in the page, by the width of its frame; the page's own policy is removed for the probe."""
    folder = tmp_path_factory.mktemp("frames")
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", judged)
    assert without != judged
    (folder / "page.html").write_text(without.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    (folder / "frames.html").write_text(FRAMES, encoding="utf-8")
    dom, console = browse(folder / "frames.html", folder / "profile")
    assert console == []
    probe = re.search(r'data-frames="([^"]*)"', dom)
    assert probe is not None
    return {frame["width"]: frame for frame in json.loads(unescape(probe[1]))}


@pytest.fixture(scope="session")
def desktop(probed: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return probed[1300]


def test_the_console_stays_empty_under_the_pages_own_policy(html: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    dom, console = browse(file, tmp_path / "profile")
    assert console == []
    assert dom.count("<svg") == html.count("<svg")


def test_a_breach_of_the_policy_would_show(html: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    intruder = '<img src="https://example.org/x.png"><script>document.title = "taken"</script></body>'
    file.write_text(html.replace("</body>", intruder), encoding="utf-8")
    dom, console = browse(file, tmp_path / "profile")
    assert len(console) == 2
    assert all("Content Security Policy" in line for line in console)
    assert "<title>taken" not in dom


def test_at_desktop_width_everything_is_there_and_nothing_is_asked_for(desktop: dict[str, Any], judged: str) -> None:
    assert desktop["asked"] == []
    assert desktop["pictures"] == judged.count("data:image/png;base64,") > 0
    assert desktop["broken"] == []
    assert len(desktop["drawings"]) == judged.count("<svg") - 1  # one holds the letters of all
    assert min(desktop["drawings"]) > 200
    assert desktop["overflow"] <= 0
    assert desktop["screen"] < 900


def test_what_is_folded_stays_folded_in_print(desktop: dict[str, Any]) -> None:
    assert desktop["folded"] == desktop["shut"] == desktop["shut_on_paper"] > 0


@pytest.mark.parametrize("width", [1300, 390])
def test_a_cell_opens_with_its_reason_within_the_screen(probed: dict[int, dict[str, Any]], width: int) -> None:
    shown = probed[width]["shown"]
    assert len(shown) == 3
    for one in shown:
        assert one["own"]
        assert one["inside"]
        assert "Why" in one["text"]


def test_on_a_phone_nothing_sticks_out_and_figures_can_be_read(probed: dict[int, dict[str, Any]]) -> None:
    phone = probed[390]
    assert phone["overflow"] <= 0
    assert phone["broken"] == []
    # A point of a figure is this many pixels: letters of 9 points have 6 and more.
    assert phone["letters"] > 0.6


def test_the_page_follows_the_system_to_dark(judged: str, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    probe = "<script>document.title = getComputedStyle(document.body).backgroundColor</script></body>"
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", judged)
    file.write_text(without.replace("</body>", probe), encoding="utf-8")
    colours = [
        re.search(r"<title>([^<]*)", browse(file, tmp_path / f"profile{dark}", *dark)[0])
        for dark in ((), ("--blink-settings=preferredColorScheme=0",))
    ]
    assert [colour and colour[1] for colour in colours] == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


def test_on_paper_the_toy_report_is_short(judged: str, tmp_path: Path) -> None:
    file, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    file.write_text(judged, encoding="utf-8")
    browse(file, tmp_path / "profile", f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 5 < pages <= 25
