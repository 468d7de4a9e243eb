"""A document's figures come in; pictures of them, as SVG or PNG, go out. Drawing needs the extra ``report``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any
from xml.etree import ElementTree as ET

from .document import Document
from .figures import COLOURS

__all__ = ["Drawings", "to_inline_svg"]

_VERSION = "6.1"  # of Vega-Lite: pictures change when the library moves, and only then
_SVG = "http://www.w3.org/2000/svg"
_LARGE = 2.0  # pixels of a PNG for each of the figure's own, sharp in print


class Drawings:
    """The pictures of a report's figures, each drawn once, when it is first wanted."""

    def __init__(self, document: Document) -> None:
        self._figures = {figure.id: figure for figure in document.figures()}
        self._drawn: dict[str, str] = {}
        self._painted: dict[str, bytes] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._figures)

    def svg(self, name: str) -> str:
        """A figure as an SVG document that stands by itself."""
        if name not in self._drawn:
            spec = json.dumps(self._figures[name].spec)
            self._drawn[name] = str(_converter().vegalite_to_svg(spec, vl_version=_VERSION))
        return self._drawn[name] + "\n"

    def png(self, name: str) -> bytes:
        """A figure as a PNG picture, two pixels for each of the figure's own."""
        if name not in self._painted:
            self._painted[name] = bytes(_converter().svg_to_png(self.svg(name), scale=_LARGE))
        return self._painted[name]

    def inline(self, name: str) -> str:
        """A figure as SVG for a page: one picture with a name, in the page's own colours, light or dark."""
        return to_inline_svg(self.svg(name), self._figures[name].title, name)


def to_inline_svg(svg: str, title: str, ident: str) -> str:
    """Make a drawing part of a page.

    Colours become the page's custom properties (``var(--ink)``), and the parts are hidden from screen readers, which
    read the name and the table behind the figure.
    """
    ET.register_namespace("", _SVG)
    root = ET.fromstring(svg)
    properties = {colour: f"var(--{name})" for name, colour in COLOURS.items()}
    for element in root.iter():
        for name in [name for name in element.attrib if name.startswith("aria-") or name == "role"]:
            del element.attrib[name]
        for name in ("fill", "stroke"):
            colour = element.attrib.get(name, "")
            if colour in properties:
                element.attrib[name] = properties[colour]
        element.attrib.pop("font-family", None)
    _lean(root)
    width = float(root.attrib["viewBox"].split()[2])
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{ident}-name", "class": "drawing", "data-width": f"{width:.0f}"}
    called = ET.Element(f"{{{_SVG}}}title", {"id": f"{ident}-name"})
    called.text = title
    root.insert(0, called)
    return ET.tostring(root, encoding="unicode")


def _lean(element: ET.Element) -> None:
    """Drop what draws nothing: empty paths and groups, and names that only an editor of the drawing would want."""
    for child in list(element):
        _lean(child)
        tag = child.tag.rsplit("}", 1)[-1]
        hidden = child.attrib.get("display") == "none"
        flat = tag == "path" and child.attrib.get("d", "") in ("", "M0,0h0v0h0Z")
        if hidden or flat or (tag == "g" and not len(child)):
            element.remove(child)
    for name in ("class", "pointer-events"):
        element.attrib.pop(name, None)


@cache
def _converter() -> Any:
    """The library that draws, with a face of our own: the same text has the same width and shape on every machine."""
    import vl_convert  # heavy, and an extra

    with resources.as_file(resources.files("policygap").joinpath("data/report/fonts")) as folder:
        vl_convert.register_font_directory(str(folder))
    return vl_convert
