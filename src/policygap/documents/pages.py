"""A PDF comes in; its passages, page by page, go out. It needs the extra ``documents``."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import define, frozen

from ..errors import Problem
from ..notices import Notice
from .blocks import Block, find_mark, full_width, is_question, join_lines, section_level
from .passages import Contents, DocumentError, Passage, tidy

__all__ = ["read_pages"]

_LIGATURES: Final = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_GAP: Final = 1.35  # lines of a paragraph stand closer than this times the usual distance
_MADE_UP: Final = re.compile(r"^(?:microsoft word|untitled|uten navn|dokument\d*$)|\.\w{2,4}$", re.IGNORECASE)
_MOST_LISTED: Final = 10
_OPEN: Final = "save a copy without a password (print it to a new PDF)"


@define
class _Line:
    text: str = ""
    height: float | None = None


@frozen(kw_only=True)
class _Read:
    """What came of the pages."""

    passages: list[Passage]
    problems: list[Problem]
    blank: list[int]


def read_pages(path: Path, *, file: str) -> Contents:
    """Read a PDF page by page.

    Parameters
    ----------
    path
        The file.
    file
        What to call it in problems and notices.

    Raises
    ------
    DocumentError
        It is encrypted or damaged.
    """
    with _quiet():
        reader = _open(path)
        title = _title(reader)
        read = _read(reader, file)
    notices: list[Notice] = []
    if read.blank:
        values = {"file": file, "pages": _listed(read.blank), "count": len(read.blank)}
        notices.append(Notice(kind="document_scan", subjects=(file,), values=values))
    return Contents(kind="pdf", title=title, passages=read.passages, problems=read.problems, notices=notices)


@contextmanager
def _quiet() -> Generator[None]:
    """The library tells its log of each oddity of a file; none of them is a fault of the user's."""
    log = logging.getLogger("pypdf")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)


def _open(path: Path) -> Any:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    reader = PdfReader(path)
    if not reader.is_encrypted:
        return reader
    try:
        if reader.decrypt(""):  # many are encrypted without a password, only to say what may be done with them
            return reader
    except DependencyError as error:
        raise DocumentError("the PDF is encrypted", f"{_OPEN}, or run: pip install 'pypdf[crypto]'") from error
    raise DocumentError("the PDF is encrypted with a password", _OPEN)


def _title(reader: Any) -> str | None:
    try:
        title = " ".join(tidy(str(reader.metadata.title or "")).split()) if reader.metadata else ""
    except Exception:  # a title is a nicety, and what stands there may be anything
        return None
    return None if not title or _MADE_UP.search(title) else title


def _read(reader: Any, file: str) -> _Read:
    read = _Read(passages=[], problems=[], blank=[])
    refused: dict[int, str] = {}
    for number in range(1, len(reader.pages) + 1):
        try:
            lines = _find_lines(reader.pages[number - 1])
        except Exception as error:  # a parser of files by strangers may raise anything; the other pages are read
            refused[number] = f"{type(error).__name__}: {error}"
            continue
        blocks = [block for block in find_page_blocks(lines) if block.text]
        if not blocks:
            read.blank.append(number)
        read.passages.extend(
            Passage(text=block.text, locator=f"p. {number} ¶ {count}", block=block.kind, level=block.level)
            for count, block in enumerate(blocks, start=1)
        )
    if refused:
        reason = next(iter(refused.values()))[:200]
        what = f"{len(refused)} of {len(reader.pages)} pages can't be read: {_listed(list(refused))} ({reason})"
        read.problems.append(Problem(file=file, what=what, fix="print the file to a new PDF and use that"))
    return read


def _listed(pages: Sequence[int]) -> str:
    return ", ".join(map(str, pages[:_MOST_LISTED])) + (", ..." if len(pages) > _MOST_LISTED else "")


def _find_lines(page: Any) -> list[_Line]:
    """The lines of a page in the order in which they are drawn, with their heights."""
    lines = [_Line()]

    def take(text: str, outer: Sequence[float], inner: Sequence[float], *_: object) -> None:
        for count, piece in enumerate(text.split("\n")):
            if count:
                lines.append(_Line())
            if piece.strip() and lines[-1].height is None:
                lines[-1].height = outer[1] * inner[4] + outer[3] * inner[5] + outer[5]
            lines[-1].text += piece

    page.extract_text(visitor_text=take)
    for line in lines:
        line.text = tidy(line.text.translate(_LIGATURES)).replace("\n", " ")
    return lines


def find_page_blocks(lines: Sequence[_Line]) -> Iterator[Block]:
    """Put a page's lines together to blocks.

    A block ends at a gap, before a bullet or a question, and after a line in which the next word would have had room:
    whoever broke it there meant to.
    """
    filled = [line for line in lines if line.text]
    if not filled:
        return
    width = full_width([line.text for line in filled])
    usual = _usual_distance(filled)
    waiting = [filled[0]]
    mark = find_mark(filled[0].text, first=True)
    blank = False
    for line in lines[lines.index(filled[0]) + 1 :]:
        if not line.text:
            blank = True
            continue
        parted = blank or _parted(waiting, line, width=width, usual=usual)
        found = find_mark(line.text, mark, first=parted)
        if parted or found:
            yield _block(waiting)
            waiting = []
        waiting.append(line)
        mark, blank = found or mark, False
    yield _block(waiting)


def _usual_distance(lines: Sequence[_Line]) -> float:
    heights = [line.height for line in lines if line.height is not None]
    distances = sorted(above - below for above, below in itertools.pairwise(heights) if above > below)
    return distances[len(distances) // 4] if distances else 0.0


def _parted(waiting: Sequence[_Line], line: _Line, *, width: float, usual: float) -> bool:
    last = waiting[-1]
    if is_question(line.text) or is_question(waiting[0].text):
        return True
    if last.height is not None and line.height is not None and usual and last.height - line.height > usual * _GAP:
        return True
    return len(last.text) + 1 + len(line.text.split()[0]) <= width


def _block(lines: Sequence[_Line]) -> Block:
    text = join_lines([line.text for line in lines])
    if level := section_level(text):
        return Block(text, "heading", level)
    return Block(text, "bullet" if find_mark(text, first=True) else "paragraph")
