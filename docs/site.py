"""What mkdocs needs to show the documents where they lie: pages from outside docs/, and links between them."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent

#: Pages of the site that lie elsewhere in the checkout.
PAGES = {"README.md": "index.md", "ARCHITECTURE.md": "architecture.md", "config/README.md": "config.md"}

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\((?!https?:)([^)\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from outside docs/."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point links at the pages of the site; a link to another file of the checkout becomes its path."""
    source = {target: origin for origin, target in PAGES.items()}.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    folder = posixpath.dirname(source)

    def place(link: str) -> tuple[str, str | None]:
        path = posixpath.normpath(posixpath.join(folder, link))
        if path in PAGES:
            return path, PAGES[path]
        return path, path.removeprefix("docs/") if path.startswith("docs/") else None

    def linked(match: re.Match[str]) -> str:
        text, link, anchor = match[1], match[2], match[3] or ""
        path, target = place(link)
        if not (ROOT / path).exists():
            raise FileNotFoundError(f"{source} links to {link}, which does not exist")
        return f"[{text}]({target}{anchor})" if target else f"{text} (`{path}`)"

    def drawn(match: re.Match[str]) -> str:
        return f"![{match[1]}]({place(match[2])[1]})"

    return IMAGE.sub(drawn, LINK.sub(linked, markdown))
