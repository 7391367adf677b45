"""Figures inside the page: an SVG file made safe to inline, and in the page's own light or dark colours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from lawpipe.figures.surfaces import SURFACES, TITLE_ID
from lawpipe.run.errors import InputError

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

#: What a drawing needs; anything else (scripts, foreign objects, links) has no place in it.
ALLOWED = {"svg", "g", "defs", "path", "use", "clipPath", "rect", "image", "title", "linearGradient", "stop"}
REFERENCE = re.compile(r"url\(#([^)]*)\)")
#: How the id of a letter's shape begins: the name of the figures' font.
LETTER = "DejaVu"


@dataclass
class Letters:
    """The shapes of letters that all figures of a page share: a third of a page would be copies of them."""

    #: The number of each shape, by its outline and scale.
    shapes: dict[tuple[str, str], int] = field(default_factory=dict)

    def name(self, element: ElementTree.Element) -> str:
        """Return the id of a letter's shape, the same for equal shapes."""
        shape = (element.get("d", ""), element.get("transform", ""))
        return f"g{self.shapes.setdefault(shape, len(self.shapes))}"

    def drawing(self) -> str:
        """Return an SVG that shows nothing and holds all shapes so far."""
        root = ElementTree.Element(f"{{{SVG}}}svg", {"width": "0", "height": "0", "aria-hidden": "true"})
        shelf = ElementTree.SubElement(root, f"{{{SVG}}}defs")
        for (outline, transform), number in self.shapes.items():
            ElementTree.SubElement(
                shelf, f"{{{SVG}}}path", {"id": f"g{number}", "d": outline, "transform": transform}
            )
        return _written(root)


def inlined(path: Path, prefix: str, label: str, letters: Letters) -> str:
    """Return a figure's SVG for inlining in HTML.

    Comments, metadata, style sheets and the figure's own title go; the shapes of letters go to `letters`, which
    the page shows once; other ids get a prefix, so that many figures share a page; the colours of `surfaces`
    become CSS variables (`--figure-ink` and so on); `label` is what a screen reader says.

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
    referenced = dict.fromkeys(reference for element in root.iter() for reference in _references(element))
    names = {old: f"{prefix}{place}" for place, old in enumerate(referenced)} | _take_letters(root, letters)
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{SVG}}}")
        if name not in ALLOWED:
            raise InputError(f"{path} holds a <{name}> element, expected a plain drawing: delete it and run again.")
        for attribute, value in list(element.attrib.items()):
            _rewrite(element, attribute, value, names, path)
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    root.attrib |= {"role": "img", "aria-label": label}
    for title in root.findall(f"{{{SVG}}}title"):
        root.remove(title)
    return _written(root)


def _written(root: ElementTree.Element) -> str:
    """Write an SVG without white space between its elements."""
    ElementTree.register_namespace("", SVG)
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub(r">\s+<", "><", text).replace(" />", "/>")


def _take_letters(root: ElementTree.Element, letters: Letters) -> dict[str, str]:
    """Move the shapes of letters out of a figure; return their new ids by their old ones."""
    names = {}
    for shelf in root.iter(f"{{{SVG}}}defs"):
        for element in list(shelf):
            if element.tag == f"{{{SVG}}}path" and element.get("id", "").startswith(LETTER):
                names[element.attrib["id"]] = letters.name(element)
                shelf.remove(element)
    return names


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
    target = element.get(f"{{{XLINK}}}href", element.get("href", ""))
    return [*found, target[1:]] if target.startswith("#") else found


def _rewrite(element: ElementTree.Element, attribute: str, value: str, names: Mapping[str, str], path: Path) -> None:
    """Give one attribute its form in the page; `names` are the new ids of all that is referred to."""
    if attribute == "id":
        if value in names:
            element.set("id", names[value])
        else:
            del element.attrib["id"]
    elif attribute.rpartition("}")[2] == "href":
        if not value.startswith(("#", "data:image/png;base64,")):
            raise InputError(
                f"{path} refers to {value[:60]!r}, expected nothing from outside: delete it and run again."
            )
        del element.attrib[attribute]
        element.set("href", f"#{names[value[1:]]}" if value.startswith("#") else value)
    elif attribute.lower().startswith("on"):
        raise InputError(
            f"{path} has an event handler {attribute!r}, expected a plain drawing: delete it and run again."
        )
    else:
        value = REFERENCE.sub(lambda match: f"url(#{names[match[1]]})", value)
        if attribute == "style":
            for role, colour in SURFACES.items():
                value = value.replace(colour, f"var(--figure-{role})")
        element.set(attribute, value)
