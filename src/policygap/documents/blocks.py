"""Plain text comes in; its paragraphs, bullets and headings go out in order, with every character but blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from attrs import frozen

__all__ = [
    "ROOM",
    "Block",
    "find_blocks",
    "find_mark",
    "full_width",
    "is_question",
    "join_lines",
    "section_level",
    "single_space",
]

# The last are Word's own bullets, in fonts of pictures.
_DASHED: Final = re.compile("(?:[-*+•‣\u2043▪■□▫●○◦–—·►▶➢➤→⇒❖✓✔✗\uf0a7\uf0b7\uf0d8\uf0e0\uf0fc]|o)\\s+\\S")
_SECTION: Final = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,3})\.?\s+[^\W\d_]")
_LONGEST_HEADING: Final = 120
_COUNTED: Final = re.compile(r"\(?(\d{1,3}|[A-Za-z])[.)]\s+(\S)")
ROOM: Final = 0.85
"""Letters are not equally wide, so a line counts as full from this share of the usual longest one on."""
_FEWEST: Final = 20  # parts that tell whether a text is double-spaced
_SINGLE, _GOING_ON = 0.9, 0.25  # the least shares of parts that are one line, and that begin in lower case
_WIDEST: Final = 120  # nobody wraps lines by hand above this
_LONGEST_QUESTION: Final = 400
_ASKED: Final = re.compile(
    r"(?:spørsmål|spm\.?|question|query|q)\s*(?:nr\.?|no\.?)?\s*\d+[a-z]?(?:\.\d+)*\s*(?:$|[\s.:)\-–—])", re.IGNORECASE
)
_HYPHENS: Final = ("-", "\u00ad", "\u2010")
_NUMBERED: Final = re.compile(r"\(?\d{1,3}(?:\.\d+)*[.):]?\s")


@frozen
class Block:
    """A block of text; ``kind`` is ``paragraph``, ``bullet`` or ``heading``."""

    text: str
    kind: str = "paragraph"
    level: int = 0


def is_question(text: str, *, heading: bool = False) -> bool:
    """Whether a block of its own looks like a question that a consultation asks.

    Parameters
    ----------
    text
        The block's text.
    heading
        Whether the document itself marks it as a heading.

    Examples
    --------
    >>> is_question("Spørsmål 3: Hva bør staten gjøre?"), is_question("2. What should be done?")
    (True, True)
    >>> is_question("Why not?"), is_question("Why not?", heading=True)
    (False, True)
    """
    line = text.strip()
    if "\n" in line or len(line) > _LONGEST_QUESTION:
        return False
    if _ASKED.match(line):
        return heading or line.endswith(("?", ":")) or len(line.split()) <= 3 or "?" in line  # noqa: PLR2004  # "Question 3"
    return line.endswith("?") and (heading or bool(_NUMBERED.match(line)))


def join_lines(lines: Sequence[str]) -> str:
    r"""The lines of a paragraph as one; a hyphen at a line's end keeps the break that tells what it is.

    Examples
    --------
    >>> join_lines(["more buses", "to the inter-", "change"])
    'more buses to the inter-\nchange'
    """
    glued = [line + ("\n" if line.endswith(_HYPHENS) else " ") for line in lines[:-1]]
    return "".join((*glued, *lines[-1:]))


def full_width(lines: Sequence[str]) -> float:
    """From how many characters on a line is full, so that the next one was begun for want of room.

    Examples
    --------
    >>> full_width(["x" * 80, "x" * 100, "x"])
    85.0
    """
    return sorted(map(len, lines))[int(len(lines) * 0.95)] * ROOM


def single_space(text: str) -> str:
    r"""Take the blank lines out of a text that has one after every line, where a paragraph goes on.

    Some programs write text that way. It is told by single lines that begin in lower case. A paragraph ends after a
    line that had room for the next word.

    Parameters
    ----------
    text
        Tidy text.

    Examples
    --------
    >>> single_space("Other texts\n\nstay as they are.")
    'Other texts\n\nstay as they are.'
    """
    parts = text.split("\n\n")
    single = sum("\n" not in part and len(part) <= _WIDEST for part in parts)
    going_on = sum(part[:1].islower() for part in parts)
    if len(parts) < _FEWEST or single < _SINGLE * len(parts) or going_on < _GOING_ON * len(parts):
        return text
    width = full_width(parts)
    gaps = ["\n" if len(one) + 1 + len(two.split()[0]) > width else "\n\n" for one, two in pairwise(parts)]
    return "".join(part + gap for part, gap in zip(parts, (*gaps, ""), strict=True))


def find_blocks(text: str, *, markdown: bool = False) -> Iterator[Block]:
    r"""Find the blocks of plain text.

    Blank lines part paragraphs. A line that begins like an item of a list is a bullet. Lines of a paragraph are joined
    where they were wrapped; where some line is far too long for that, each line is a paragraph.

    Parameters
    ----------
    text
        Tidy text (see :func:`policygap.documents.passages.tidy`).
    markdown
        Whether lines that begin with ``#``, or are underlined, are headings.

    Examples
    --------
    >>> [(block.kind, block.text) for block in find_blocks("We want\nmore:\n- buses\n- trains")]
    [('paragraph', 'We want more:'), ('bullet', '- buses'), ('bullet', '- trains')]
    """
    for part in text.split("\n\n"):
        lines = [line.strip() for line in part.split("\n") if line.strip()]
        if markdown:
            yield from _find_marked(lines)
        else:
            yield from _find_in_part(lines)


def _find_marked(lines: Sequence[str]) -> Iterator[Block]:
    waiting: list[str] = []
    for line in lines:
        underlined = waiting and re.fullmatch(r"=+|-{2,}", line)
        if found := re.match(r"(#{1,6})\s+\S", line):
            yield from _find_in_part(waiting)
            yield Block(line, "heading", len(found.group(1)))
            waiting = []
        elif underlined:
            yield Block(f"{join_lines(waiting)}\n{line}", "heading", 1 if line.startswith("=") else 2)
            waiting = []
        else:
            waiting.append(line)
    yield from _find_in_part(waiting)


def _find_in_part(lines: Sequence[str]) -> Iterator[Block]:
    wrapped = all(len(line) <= _WIDEST for line in lines)
    waiting: list[str] = []
    kind, last = "paragraph", ""
    if lines and (level := section_level(lines[0])):
        yield Block(lines[0], "heading", level)
        lines = lines[1:]
    for line in lines:
        mark = find_mark(line, last, first=not waiting)
        alone = is_question(line)
        if waiting and (mark or alone or not wrapped or is_question(waiting[0])):
            yield Block(join_lines(waiting), kind)
            waiting = []
        if not waiting:
            kind = "bullet" if mark and not alone else "paragraph"
        last = mark or last
        waiting.append(line)
    if waiting:
        yield Block(join_lines(waiting), kind)


def section_level(line: str) -> int:
    """The level of a numbered section whose heading a line of its own looks like, or 0.

    Examples
    --------
    >>> section_level("2.1 Roads and ferries"), section_level("2.1 million is too much."), section_level("2. Roads")
    (2, 0, 0)
    """
    found = _SECTION.match(line)
    if not found or len(line) > _LONGEST_HEADING or line.endswith((".", ",", ";", ":", "-", "?", "!")):
        return 0
    return 0 if line[found.end() - 1].islower() else found.group(1).count(".") + 1


def find_mark(line: str, last: str = "", *, first: bool = False) -> str:
    """The mark of an item of a list that a line begins with, or nothing.

    Numbers and letters must go on counting from the last mark, since a wrapped line may well begin with a date.

    Parameters
    ----------
    line
        The line.
    last
        The last mark before it.
    first
        Whether the line begins a paragraph; then it may begin to count anywhere, unless a date stands there.

    Examples
    --------
    >>> find_mark("- buses"), find_mark("3. mai"), find_mark("3. mai", "2"), find_mark("3. Buses", first=True)
    ('-', '', '3', '3')
    """
    if _DASHED.match(line):
        return line[0]
    if not (found := _COUNTED.match(line)):
        return ""
    mark, begins = found.groups()
    if mark.isdigit():
        goes_on = mark == "1" or (last.isdecimal() and last.isascii() and int(mark) == int(last) + 1)
    else:
        goes_on = mark in "aA" or (len(last) == 1 and last.isalpha() and ord(mark) == ord(last) + 1)
    return mark if goes_on or (first and not begins.islower()) else ""
