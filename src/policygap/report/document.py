"""The parts that a report is made of, whatever form it takes: sections of paragraphs, lists, tables, figures and maps.

All text is plain; each form escapes it in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["Block", "Bullets", "Document", "Figure", "Item", "Map", "Paragraph", "Section", "Table"]


@frozen(kw_only=True)
class Paragraph:
    """A paragraph of running text."""

    text: str
    weight: str = "normal"
    """``lead`` for what a reader must not miss, ``note`` for how to read what follows."""


@frozen(kw_only=True)
class Item:
    """A line of a list: its text, what stands below it, the anchor that links point at, and its evidence's name."""

    text: str
    detail: str | None = None
    anchor: str | None = None
    trace: str | None = None
    mark: str | None = None


@frozen(kw_only=True)
class Bullets:
    """A list of lines, under a heading of its own if it has one."""

    items: tuple[Item, ...]
    title: str | None = None
    folded: bool = False
    """Whether a page that can be opened and closed shows it closed."""


@frozen(kw_only=True)
class Table:
    """A table; a cell is text, a number, or ``None`` for what is missing. ``anchors`` name rows that links point at."""

    id: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]
    anchors: tuple[str, ...] = ()
    percent: frozenset[int] = frozenset()
    """Positions of columns whose numbers are shares."""


@frozen(kw_only=True, eq=False)
class Figure:
    """A figure: what it shows in a title and in a sentence, its Vega-Lite specification, and the table behind it."""

    id: str
    title: str
    description: str
    spec: Mapping[str, Any]
    table: Table


@frozen(kw_only=True)
class Map:
    """The gap matrix of a kind of target, with the same as a table for forms that can't be worked with."""

    kind: str
    table: Table
    figure: Figure | None = None


Block = Paragraph | Bullets | Table | Figure | Map


@frozen(kw_only=True, eq=False)
class Section:
    """A part of a report under a heading; ``id`` is where links point."""

    id: str
    title: str
    blocks: tuple[Block, ...] = field(converter=tuple)


@frozen(kw_only=True, eq=False)
class Document:
    """A report: its title, its language, and its sections in order."""

    title: str
    language: str
    sections: tuple[Section, ...]

    def figures(self) -> tuple[Figure, ...]:
        """All figures, those of maps too, in order."""
        blocks = [block for section in self.sections for block in section.blocks]
        found = [block.figure if isinstance(block, Map) else block for block in blocks]
        return tuple(block for block in found if isinstance(block, Figure))
