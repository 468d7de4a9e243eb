"""Text of strangers comes in; passages of a document, fit to be kept in a study, go out."""

from __future__ import annotations

import re
from typing import Final

from attrs import field, frozen

from ..errors import Problem
from ..io.cells import unix_lines
from ..notices import Notice

__all__ = ["Contents", "DocumentError", "Passage", "tidy"]

_BREAKS: Final = re.compile("[\x0b\x1c-\x1e\x85\u2028]")
_PARTS: Final = re.compile("[\x0c\u2029]")
# What neither XML nor a reader can do anything with.
_JUNK: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\ufeff]")
_HALVES: Final = re.compile("[\ud800-\udfff]")
_EDGES: Final = re.compile(r"[^\S\n]*\n[^\S\n]*")
_GAPS: Final = re.compile(r"\n{3,}")


class DocumentError(Exception):
    """A document can't be read; ``what`` and ``fix`` are those of a problem."""

    def __init__(self, what: str, fix: str) -> None:
        self.what, self.fix = what, fix
        super().__init__(what)


@frozen(kw_only=True)
class Passage:
    """One block of a document's text with its place.

    Parameters
    ----------
    text
        The block's text, tidy and not empty.
    locator
        Where it stands, such as ``p. 3``, ``¶ 4`` or ``row 7``.
    block
        ``paragraph``, ``bullet`` or ``heading``.
    level
        A heading's level, 1 for the highest; 0 for all else.
    row
        The row of a table in which each row is an answer of its own, else ``None``.
    speaker
        Who speaks, where a column says so, else ``None``.
    """

    text: str
    locator: str
    block: str = "paragraph"
    level: int = 0
    row: int | None = None
    speaker: str | None = None


@frozen(kw_only=True)
class Contents:
    """What was read from one file. ``place`` is the sheet of a workbook whose rows speak, and else empty."""

    kind: str
    title: str | None = None
    passages: tuple[Passage, ...] = field(factory=tuple, converter=tuple)
    problems: tuple[Problem, ...] = field(factory=tuple, converter=tuple)
    notices: tuple[Notice, ...] = field(factory=tuple, converter=tuple)


def tidy(text: str) -> str:
    r"""Text with LF alone as line end, without control characters, blanks at the ends of lines, or large gaps.

    Examples
    --------
    >>> tidy("one \r\ntwo\x00\x0b three\n\n\n\nfour ")
    'one\ntwo\nthree\n\nfour'
    """
    text = _PARTS.sub("\n\n", _BREAKS.sub("\n", unix_lines(text)))
    text = _HALVES.sub("\ufffd", _JUNK.sub("", text))
    return _GAPS.sub("\n\n", _EDGES.sub("\n", text)).strip()
