"""Figures made part of a page: no ids in common, no fonts, the page's own colour of text."""

import re
from pathlib import Path
from xml.etree import ElementTree

from ercbench.evaluation.figures.style import INK

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
HREF = f"{{{XLINK}}}href"
ElementTree.register_namespace("", SVG)


def inline_svg(path: Path, prefix: str, title: str) -> str:
    """Returns a figure of matplotlib's as an element for HTML.

    Args:
        path: Of the figure.
        prefix: Makes the ids that the figure needs unique on the page; all others are dropped.
        title: What assistive technology reads out.
    """
    root = ElementTree.parse(path).getroot()
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    needed = set(re.findall(r"(?:#)([\w-]+)", " ".join(_references(root))))
    for element in root.iter():
        _rename(element, needed, prefix)
    root.attrib |= {"role": "img", "aria-label": title}
    text = ElementTree.tostring(root, encoding="unicode").replace(INK, "currentColor")
    return re.sub(r">\s+<", "><", text)


def _references(root: ElementTree.Element) -> list[str]:
    values = [value for element in root.iter() for value in element.attrib.values()]
    return [value for value in values if value.startswith("#") or "url(#" in value]


def _rename(element: ElementTree.Element, needed: set[str], prefix: str) -> None:
    """Keeps an element's id only if something refers to it, and says whose it is."""
    own = element.attrib.pop("id", None)
    if own in needed:
        element.set("id", f"{prefix}-{own}")
    if HREF in element.attrib:
        element.set("href", f"#{prefix}-{element.attrib.pop(HREF)[1:]}")
    for name, value in element.attrib.items():
        if "url(#" in value:
            element.set(name, value.replace("url(#", f"url(#{prefix}-"))
