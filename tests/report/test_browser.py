"""The page in a real browser: nothing on the console, nothing asked of a network, every picture there."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.report.conftest import SIZES

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
  const headline = document.querySelector("#perceptron-headline table");
  const column = (place) => [...headline.tBodies[0].rows].map((row) => row.cells[place].textContent);
  const orders = [column(2)];
  for (let clicks = 0; clicks < 3; clicks += 1) {
    headline.tHead.rows[0].cells[2].querySelector("button").click();
    orders.push(column(2));
  }
  const colour = () => getComputedStyle(document.body).backgroundColor;
  const colours = [colour()];
  for (let clicks = 0; clicks < 2; clicks += 1) {
    document.getElementById("theme").click();
    colours.push(colour());
  }
  const folded = [...document.querySelectorAll("main details")];
  const shut = folded.filter((each) => !each.open).length;
  dispatchEvent(new Event("beforeprint"));
  const measures = {
    folded: folded.length, shut, shut_on_paper: folded.filter((each) => !each.open).length,
    pictures: sources.length, broken, orders, colours,
    drawings: [...document.querySelectorAll("figure svg")].map((each) => each.getBoundingClientRect().height),
    asked: performance.getEntriesByType("resource").map((each) => each.name.slice(0, 80)),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    width: innerWidth, open: document.querySelectorAll("nav details[open]").length,
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


def browse(file: Path, profile: Path) -> tuple[str, list[str]]:
    """Open a file; return the document as it ended up, and what the browser's console said."""
    assert BROWSER is not None
    options = [
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging=stderr", "--dump-dom"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--virtual-time-budget=20000", "--window-size=1400,2000", "--host-resolver-rules=MAP * ~NOTFOUND"),
        f"--user-data-dir={profile}",
    ]
    done = subprocess.run([BROWSER, *options, file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="session")
def probed(html: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    """What the probe finds in the page, by the width of its frame; the page's own policy is removed for the probe."""
    folder = tmp_path_factory.mktemp("frames")
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    assert without != html
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
    assert "Dark page" in dom  # the script ran


def test_a_breach_of_the_policy_would_show(html: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    intruder = '<img src="https://example.org/x.png"><script>document.title = "taken"</script></body>'
    file.write_text(html.replace("</body>", intruder), encoding="utf-8")
    dom, console = browse(file, tmp_path / "profile")
    assert len(console) == 2
    assert all("Content Security Policy" in line for line in console)
    assert "<title>taken" not in dom


def test_at_desktop_width_everything_is_there_and_nothing_is_asked_for(desktop: dict[str, Any], html: str) -> None:
    assert desktop["asked"] == []
    assert desktop["pictures"] == html.count("data:image/png;base64,") > 0
    assert desktop["broken"] == []
    assert len(desktop["drawings"]) == html.count("<svg") - 1  # one holds the letters of all
    assert min(desktop["drawings"]) > 200
    assert desktop["overflow"] <= 0
    assert desktop["open"] == len(SIZES)


def test_folded_sections_are_open_in_print(desktop: dict[str, Any]) -> None:
    assert desktop["folded"] == desktop["shut"] > 0
    assert desktop["shut_on_paper"] == 0


def test_a_click_sorts_a_table_and_the_third_puts_it_back(desktop: dict[str, Any]) -> None:
    first, rising, falling, last = desktop["orders"]

    def numbers(cells: list[str]) -> list[float]:
        return [float(cell.split()[0]) for cell in cells if cell != "-"]

    assert numbers(rising) == sorted(numbers(first))
    assert numbers(falling) == sorted(numbers(first), reverse=True)
    missing = first.count("-")
    assert missing
    assert rising[-missing:] == falling[-missing:] == ["-"] * missing
    assert last == first


def test_the_page_can_be_made_dark_and_light_again(desktop: dict[str, Any]) -> None:
    light, dark, again = desktop["colours"]
    assert (light, again) == ("rgb(255, 255, 255)",) * 2
    assert dark == "rgb(20, 24, 29)"


def test_on_a_phone_nothing_sticks_out_and_the_contents_are_folded(probed: dict[int, dict[str, Any]]) -> None:
    phone = probed[390]
    assert phone["overflow"] <= 0
    assert phone["open"] == 0
    assert phone["broken"] == []
