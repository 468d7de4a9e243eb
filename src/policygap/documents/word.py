"""A Word document comes in; its passages, tables in their place, go out. It needs the extra ``documents``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from .archives import check_archive
from .blocks import find_mark
from .passages import Contents, Passage, tidy

__all__ = ["read_word"]

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# What was deleted or moved away, what Word shows twice, and what is no text of the document.
_SKIPPED: Final = frozenset(
    {
        f"{_W}{name}"
        for name in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr", "sdtPr", "tblPr", "tcPr", "trPr")
    }
    | {_FALLBACK}
)
_SIGNS: Final = {
    f"{_W}tab": "\t",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
    f"{_W}softHyphen": "\u00ad",
}
_P, _TBL, _TR, _T, _BOX = (f"{_W}{name}" for name in ("p", "tbl", "tr", "t", "txbxContent"))
_BODY_LEVEL: Final = 9  # Word's outline level for body text


def read_word(path: Path, *, largest: int) -> Contents:
    """Read a Word document: the body with its tables and text boxes, as if all tracked changes had been accepted.

    Headers, footers, footnotes and comments are not read.

    Parameters
    ----------
    path
        The file.
    largest
        To how many bytes it may unpack.

    Raises
    ------
    DocumentError
        It is encrypted, damaged, or unpacks to too much.
    """
    import docx

    check_archive(path, largest=largest)
    document = docx.Document(str(path))
    styles = _Styles.of(document)
    walk = _Walk(styles=styles)
    walk.through(document.element.body)
    heading = next((passage.text for passage in walk.passages if passage.block == "heading"), None)
    title = " ".join((document.core_properties.title or "").split())
    # Word's own template is not what somebody called the letter.
    return Contents(kind="docx", title=title if title and title != "Word Document" else heading, passages=walk.passages)


@define(kw_only=True)
class _Styles:
    """The paragraph styles that make headings (with their levels) and items of lists."""

    levels: dict[str, int] = field(factory=dict)
    bullets: set[str] = field(factory=set)

    @classmethod
    def of(cls, document: Any) -> _Styles:
        found = cls()
        for style in document.styles.element.iterfind(f"{_W}style"):
            name, key = style.find(f"{_W}name"), style.get(f"{_W}styleId")
            words = (name.get(f"{_W}val") or "").lower() if name is not None else ""
            outline = style.find(f"{_W}pPr/{_W}outlineLvl")
            if words.startswith("heading ") and words[8:].isdecimal():
                found.levels[key] = int(words[8:])
            elif words == "title":
                found.levels[key] = 1
            elif outline is not None:
                found.levels[key] = _level(outline)
            if words.startswith("list ") or style.find(f"{_W}pPr/{_W}numPr") is not None:
                found.bullets.add(key)
        found.levels = {key: level for key, level in found.levels.items() if level}
        found.bullets -= set(found.levels) | {None}
        return found


def _level(outline: Any) -> int:
    value = str(outline.get(f"{_W}val") or "")
    return int(value) + 1 if value.isdecimal() and int(value) < _BODY_LEVEL else 0


@define(kw_only=True)
class _Walk:
    """A way through the body in reading order."""

    styles: _Styles
    passages: list[Passage] = field(factory=list)
    paragraphs: int = 0
    tables: int = 0

    def through(self, body: Any) -> None:
        self._blocks(body, "")

    def _blocks(self, parent: Any, place: str) -> None:
        """Go through a body, a cell, or whatever holds either (the parser itself bounds how deep they are nested)."""
        for element in parent:
            if element.tag == _P:
                self._paragraph(element, place)
            elif element.tag == _TBL:
                self._table(element)
            elif element.tag not in _SKIPPED and isinstance(element.tag, str):
                self._blocks(element, place)

    def _table(self, table: Any) -> None:
        self.tables += 1
        number = self.tables
        rows = (row for row in table.iter(_TR) if next(row.iterancestors(_TBL)) is table)
        for count, row in enumerate(rows, start=1):
            if row.find(f"{_W}trPr/{_W}del") is None:
                self._blocks(row, f"table {number} row {count}")

    def _paragraph(self, paragraph: Any, place: str) -> None:
        boxes: list[Any] = []
        text = tidy("".join(_pieces(paragraph, boxes)))
        if not place:
            self.paragraphs += 1
        if text:
            block, level = self._kind(paragraph, text)
            locator = place or f"¶ {self.paragraphs}"
            parts = text.split("\n\n") if block != "heading" else [text.replace("\n\n", "\n")]
            self.passages += [Passage(text=part, locator=locator, block=block, level=level) for part in parts]
        for box in boxes:
            self._blocks(box, place or f"¶ {self.paragraphs}")

    def _kind(self, paragraph: Any, text: str) -> tuple[str, int]:
        properties = paragraph.find(f"{_W}pPr")
        if properties is None:
            return ("bullet" if find_mark(text, first=True) else "paragraph"), 0
        style, outline = properties.find(f"{_W}pStyle"), properties.find(f"{_W}outlineLvl")
        key = str(style.get(f"{_W}val")) if style is not None else ""
        level = _level(outline) if outline is not None else self.styles.levels.get(key, 0)
        if level:
            return "heading", level
        listed: Any = (
            properties.find(f"{_W}numPr") is not None or key in self.styles.bullets or find_mark(text, first=True)
        )
        return ("bullet" if listed else "paragraph"), 0


def _pieces(element: Any, boxes: list[Any]) -> Iterator[str]:
    """The text below an element; text boxes are put aside, since they stand beside the paragraph."""
    for child in element:
        if child.tag == _T:
            yield child.text or ""
        elif child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag == _BOX:
            boxes.append(child)
        elif child.tag not in _SKIPPED and isinstance(child.tag, str):
            yield from _pieces(child, boxes)
