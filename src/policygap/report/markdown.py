"""A report's document comes in; Markdown, with GitHub's tables, goes out. All text in it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..escaping import for_markdown
from .content import Content
from .document import Block, Bullets, Document, Figure, Item, Map, Paragraph, Table
from .outline import show_cell, write_document

__all__ = ["render_document", "render_markdown"]


def render_markdown(content: Content) -> str:
    """Render the whole report as Markdown.

    Examples
    --------
    >>> import policygap as pg
    >>> from policygap.report import gather_content
    >>> render_markdown(gather_content(pg.read_study("smabystrategi"), robustness=False)).startswith(
    ...     "# Policy gap report"
    ... )
    True
    """
    return render_document(write_document(content))


def render_document(document: Document, pictures: Iterable[str] = ()) -> str:
    """Render a document as Markdown; figures whose picture (``figures/ID.svg``) lies beside it are shown."""
    drawn = frozenset(pictures)
    lines = [f"# {for_markdown(document.title)}\n"]
    for section in document.sections:
        lines.append(f"## {for_markdown(section.title)}\n")
        for block in section.blocks:
            lines += _block(block, document.language, drawn)
    return "\n".join(lines).rstrip() + "\n"


def _block(block: Block, language: str, drawn: frozenset[str]) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield f"{for_markdown(block.text)}\n"
    elif isinstance(block, Bullets):
        if block.title:
            yield f"### {for_markdown(block.title)}\n"
        yield from map(_line, block.items)
        yield ""
    elif isinstance(block, Figure):
        if block.id in drawn:
            yield f"![{for_markdown(block.description)}](figures/{block.id}.svg)\n"
        yield from _table(block.table, language)
    elif isinstance(block, Map):
        yield from _table(block.table, language)
    else:
        yield from _table(block, language)


def _line(item: Item) -> str:
    parts = [for_markdown(item.text)]
    if item.detail:
        parts.append(f"*{for_markdown(item.detail)}*")
    if item.mark:
        parts.append(f"({for_markdown(item.mark)})")
    return f"- {' '.join(parts)}"


def _table(table: Table, language: str) -> Iterator[str]:
    yield f"**{for_markdown(table.caption)}**\n"
    yield _row(table.headings)
    yield "|" + "---|" * len(table.headings)
    for row in table.rows:
        yield _row([show_cell(value, language, share=place in table.percent) for place, value in enumerate(row)])
    yield ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(for_markdown(cell) for cell in cells) + " |"
