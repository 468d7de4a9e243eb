"""HTML comes in; its passages, as a reader would see them, go out. It needs the extra ``documents``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from .blocks import find_mark
from .decoding import decode_text
from .passages import Contents, DocumentError, Passage, tidy

__all__ = ["read_markup", "read_page"]

_SKIPPED: Final = re.compile("script|style|nav|template|noscript|head|iframe|object|svg|math|select|button|textarea")
_BLOCKS: Final = re.compile(
    "address|article|aside|blockquote|body|caption|center|d[dlt]|details|dialog|div|fieldset|figcaption|figure|footer|form"
    "|h[1-6]|header|hgroup|hr|html|legend|li|main|menu|[ou]l|p|pre|section|summary|table|tbody|t[dhr]|tfoot|thead"
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
# Tags that never enclose others, or that the next of their kind closes: open ones say nothing of the depth.
_FLAT: Final = re.compile(
    rb"area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|p|li|d[dt]|t[dhr]|option|optgroup|thead|tbody|tfoot"
    rb"|colgroup|r[tp]|html|body|head",
    re.IGNORECASE,
)
_TAG: Final = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)[^<>]*?(/?)>?")
_CHARSET: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HEAD: Final = 4096
_DEEPEST: Final = 1_000  # browsers stop at 512; the parser's time grows with the square of the depth


def read_markup(path: Path, *, file: str) -> Contents:
    """Read an HTML file.

    Parameters
    ----------
    path
        The file.
    file
        What to call it in notices.

    Raises
    ------
    DocumentError
        It is no text, or its tags are nested far too deep.
    """
    data = path.read_bytes()
    found = _CHARSET.search(data[:_HEAD])
    text, notices = decode_text(data, file=file, declared=found.group(1).decode("ascii") if found else None)
    title, passages = read_page(text)
    return Contents(kind="html", title=title, passages=passages, notices=notices)


def read_page(text: str) -> tuple[str | None, tuple[Passage, ...]]:
    r"""The title and the passages of an HTML page, without scripts, styles and navigation.

    Parameters
    ----------
    text
        The page's source.

    Raises
    ------
    DocumentError
        Its tags are nested far too deep.

    Examples
    --------
    >>> title, passages = read_page("<title>A</title><h1>Roads</h1><p>We &amp; you<br>agree</p>")
    >>> title, [(passage.block, passage.text) for passage in passages]
    ('A', [('heading', 'Roads'), ('paragraph', 'We & you\nagree')])
    """
    from selectolax.lexbor import LexborHTMLParser

    _check_depth(text.encode("utf-8", errors="replace"))
    page = LexborHTMLParser(text.encode("utf-8", errors="replace").decode("utf-8"))
    title = page.css_first("title")
    passages = tuple(
        Passage(text=found, locator=f"¶ {number}", block=block, level=level)
        for number, (found, block, level) in enumerate(_find_blocks(page.root), start=1)
    )
    named = " ".join(title.text().split()) if title is not None else ""
    return named or next((passage.text for passage in passages if passage.block == "heading"), None), passages


def _check_depth(data: bytes) -> None:
    depth = deepest = 0
    for closing, name, empty in _TAG.findall(data):
        if empty or _FLAT.fullmatch(name):
            continue
        depth = max(0, depth - 1) if closing else depth + 1
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        what = f"its tags are nested {deepest:,} deep, more than the {_DEEPEST:,} that are read"
        raise DocumentError(what, "save it as text, or print it to PDF in a browser")


def _find_blocks(root: Any) -> Iterator[tuple[str, str, int]]:
    """Go through the tree in order, without recursion; an element that is a block ends what was gathered before it."""
    gathered: list[str] = []
    kinds: list[str] = []  # the blocks that are open
    stack: list[tuple[Any, str, int]] = [(root, "", 0)]  # node, tag; 1 to close it
    while stack:
        node, tag, closing = stack.pop()
        if closing:
            yield from _gathered(gathered, kinds)
            kinds.pop()
            continue
        if tag == "-text":
            text = node.text_content or ""
            gathered.append(text if "pre" in kinds else re.sub(r"[ \t\r\n\f]+", " ", text))
            continue
        if tag == "br":
            gathered.append("\n")
        if _BLOCKS.fullmatch(tag):
            yield from _gathered(gathered, kinds)
            kinds.append(tag)
            stack.append((node, tag, 1))
        children: list[tuple[Any, str, int]] = []
        child = node.child if node is not None else None
        while child is not None:
            name = str(child.tag or "")
            if not _SKIPPED.fullmatch(name) and not name.startswith(("-comment", "_comment", "!")):
                children.append((child, name, 0))
            child = child.next
        stack.extend(reversed(children))
    yield from _gathered(gathered, kinds)


def _gathered(gathered: list[str], kinds: list[str]) -> Iterator[tuple[str, str, int]]:
    text = tidy("".join(gathered))
    gathered.clear()
    if not text:
        return
    heading = next((kind for kind in reversed(kinds) if kind in _HEADINGS), None)
    if heading:
        yield text, "heading", _HEADINGS[heading]
        return
    block = "bullet" if "li" in kinds or find_mark(text, first=True) else "paragraph"
    for part in text.split("\n\n"):
        yield part, block, 0
