"""Figures inside the page: an SVG file made safe to inline, and in the page's own light or dark colours."""

import re
from pathlib import Path
from xml.etree import ElementTree

from lawpipe.errors import InputError
from lawpipe.figures.surfaces import SURFACES, TITLE_ID

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

#: What a drawing needs; anything else (scripts, foreign objects, links) has no place in it.
ALLOWED = {"svg", "g", "defs", "path", "use", "clipPath", "rect", "image", "title", "linearGradient", "stop"}
REFERENCE = re.compile(r"url\(#([^)]*)\)")


def inlined(path: Path, prefix: str, label: str) -> str:
    """Return a figure's SVG for inlining in HTML.

    Comments, metadata, style sheets and the figure's own title go; ids get a prefix, so that many figures
    share a page; the colours of `surfaces` become CSS variables (`--figure-ink` and so on); `label` is what a
    screen reader says.

    Raises InputError if the file is missing, is not SVG, or holds anything but a drawing.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise InputError(
            f"{path} cannot be read as SVG ({error}): delete it and run again to draw it anew."
        ) from error
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    _drop_title(root)
    referenced = {reference for element in root.iter() for reference in _references(element)}
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{SVG}}}")
        if name not in ALLOWED:
            raise InputError(f"{path} holds a <{name}> element, expected a plain drawing: delete it and run again.")
        for attribute, value in list(element.attrib.items()):
            _rewrite(element, attribute, value, prefix, referenced, path)
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    root.attrib |= {"role": "img", "aria-label": label}
    for title in root.findall(f"{{{SVG}}}title"):
        root.remove(title)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return re.sub(r">\s+<", "><", ElementTree.tostring(root, encoding="unicode"))


def _drop_title(root: ElementTree.Element) -> None:
    """Take the title's letters out, not their shapes: other texts use those too."""
    for group in root.iter(f"{{{SVG}}}g"):
        if group.get("id") == TITLE_ID:
            for line in group.iter(f"{{{SVG}}}g"):
                for letter in line.findall(f"{{{SVG}}}use"):
                    line.remove(letter)


def _references(element: ElementTree.Element) -> list[str]:
    """Return the ids that an element refers to."""
    found = [match for value in element.attrib.values() for match in REFERENCE.findall(value)]
    target = element.get(f"{{{XLINK}}}href", "")
    return [*found, target[1:]] if target.startswith("#") else found


def _rewrite(
    element: ElementTree.Element, attribute: str, value: str, prefix: str, referenced: set[str], path: Path
) -> None:
    """Give one attribute its form in the page."""
    if attribute == "id":
        if value in referenced:
            element.set("id", prefix + value)
        else:
            del element.attrib["id"]
    elif attribute.rpartition("}")[2] == "href":
        if value.startswith("#"):
            element.set(attribute, f"#{prefix}{value[1:]}")
        elif not value.startswith("data:image/png;base64,"):
            raise InputError(
                f"{path} refers to {value[:60]!r}, expected nothing from outside: delete it and run again."
            )
    elif attribute.lower().startswith("on"):
        raise InputError(
            f"{path} has an event handler {attribute!r}, expected a plain drawing: delete it and run again."
        )
    else:
        value = REFERENCE.sub(lambda match: f"url(#{prefix}{match[1]})", value)
        if attribute == "style":
            for role, colour in SURFACES.items():
                value = value.replace(colour, f"var(--figure-{role})")
        element.set(attribute, value)
