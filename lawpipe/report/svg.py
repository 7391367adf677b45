"""Figures within a page: SVG files checked for active content, with the colours of the page's light or dark theme."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from lawpipe.figures.surfaces import SURFACES, TITLE_HEIGHT, TITLE_ID
from lawpipe.run.errors import InputError

NAMESPACE = "{http://www.w3.org/2000/svg}"

#: The elements of a drawing. Any other element (script, foreign object, link) is an error.
ALLOWED = {"svg", "g", "defs", "path", "use", "clipPath", "rect", "image", "title", "linearGradient", "stop"}
REFERENCE = re.compile(r"url\(#([^)]*)\)")
#: The id of a glyph begins with the name of the font.
GLYPH_ID = "DejaVu"
#: What is left of the space of a title above the rest of a figure, in points.
MARGIN = 5


@dataclass
class Glyphs:
    """The glyphs of all figures of a page, each stored once: copies would be a third of the page."""

    #: The number of each glyph, by its outline and transformation.
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def name(self, element: ElementTree.Element) -> str:
        """Return the id of a glyph; equal outlines have the same id."""
        shape = (element.get("d", ""), element.get("transform", ""))
        return f"g{self.numbers.setdefault(shape, len(self.numbers))}"

    def drawing(self) -> str:
        """Return an invisible SVG that defines all glyphs so far."""
        root = ElementTree.Element(f"{NAMESPACE}svg", {"width": "0", "height": "0", "aria-hidden": "true"})
        definitions = ElementTree.SubElement(root, f"{NAMESPACE}defs")
        for (outline, transform), number in self.numbers.items():
            ElementTree.SubElement(definitions, f"{NAMESPACE}path", id=f"g{number}", d=outline, transform=transform)
        return _text(root)


def inlined(path: Path, prefix: str, label: str, glyphs: Glyphs) -> str:
    """Return the SVG of a figure, ready to be placed in HTML.

    - Comments, metadata, style sheets and the figure's own title, with the space that it takes, are removed.
    - Glyphs move to `glyphs`, which the page shows once.
    - Other ids get the prefix, so that they are unique in a page with many figures.
    - The colours of `lawpipe.figures.surfaces` become CSS variables (`--figure-ink` and so on).
    - `label` becomes the description for a screen reader.

    Raises InputError if the file is missing, is not SVG, or contains anything but a drawing.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise InputError(
            f"{path} cannot be read as SVG ({error}): delete it and run again to draw it anew."
        ) from error
    _remove(root, "metadata", "style")
    # The text of the title goes, but its glyphs stay: other texts use them as well.
    for title in root.iterfind(f".//{NAMESPACE}g[@id='{TITLE_ID}']"):
        _remove(title, "use")
        _crop(root, 72 * TITLE_HEIGHT - MARGIN)
    used = dict.fromkeys(name for element in root.iter() for name in _references(element))
    names = {name: f"{prefix}{number}" for number, name in enumerate(used)} | _move_glyphs(root, glyphs)
    for element in root.iter():
        name = element.tag.removeprefix(NAMESPACE)
        if name not in ALLOWED:
            raise _refused(path, f"holds a <{name}> element, expected a plain drawing")
        for attribute, value in list(element.attrib.items()):
            _rewrite(element, attribute, value, names, path)
    for attribute in ("width", "height"):
        root.attrib.pop(attribute, None)
    root.attrib |= {"role": "img", "aria-label": label}
    _remove(root, "title")
    return _text(root)


def _refused(path: Path, reason: str) -> InputError:
    """Return the error of a figure that is no plain drawing."""
    return InputError(f"{path} {reason}: delete it and run again.")


def _text(root: ElementTree.Element) -> str:
    """Write an SVG without white space between its elements."""
    ElementTree.register_namespace("", NAMESPACE[1:-1])
    text = ElementTree.tostring(root, encoding="unicode")
    return re.sub(r">\s+<", "><", text).replace(" />", "/>")


def _remove(root: ElementTree.Element, *names: str) -> None:
    """Remove all elements of some names."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.removeprefix(NAMESPACE) in names:
                parent.remove(child)


def _crop(root: ElementTree.Element, points: float) -> None:
    """Cut the top off a drawing."""
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    root.set("viewBox", f"{left:g} {top + points:g} {width:g} {height - points:g}")


def _move_glyphs(root: ElementTree.Element, glyphs: Glyphs) -> dict[str, str]:
    """Move the glyphs of a figure to `glyphs`; return their new ids by their old ones."""
    names = {}
    for definitions in root.iter(f"{NAMESPACE}defs"):
        for element in definitions.findall(f"{NAMESPACE}path"):
            if element.get("id", "").startswith(GLYPH_ID):
                names[element.attrib["id"]] = glyphs.name(element)
                definitions.remove(element)
    return names


def _references(element: ElementTree.Element) -> list[str]:
    """Return the ids that an element refers to."""
    names = [name for value in element.attrib.values() for name in REFERENCE.findall(value)]
    return names + [value[1:] for key, value in element.items() if key.endswith("href") and value.startswith("#")]


def _rewrite(element: ElementTree.Element, attribute: str, value: str, names: Mapping[str, str], path: Path) -> None:
    """Rewrite one attribute for the page; `names` maps every id that is referred to to its new name."""
    if attribute == "id":
        if value in names:
            element.set("id", names[value])
        else:
            del element.attrib["id"]
    elif attribute.rpartition("}")[2] == "href":
        if not value.startswith(("#", "data:image/png;base64,")):
            raise _refused(path, f"refers to {value[:60]!r}, expected nothing from outside")
        del element.attrib[attribute]
        element.set("href", f"#{names[value[1:]]}" if value.startswith("#") else value)
    elif attribute.lower().startswith("on"):
        raise _refused(path, f"has an event handler {attribute!r}, expected a plain drawing")
    else:
        value = REFERENCE.sub(lambda match: f"url(#{names[match[1]]})", value)
        for role, colour in SURFACES.items() if attribute == "style" else ():
            value = value.replace(colour, f"var(--figure-{role})")
        element.set(attribute, value)
