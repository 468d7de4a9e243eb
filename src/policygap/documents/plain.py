"""A text or Markdown file comes in; its passages go out."""

from __future__ import annotations

import re
from pathlib import Path

from .blocks import find_blocks, single_space
from .decoding import decode_text
from .passages import Contents, Passage, tidy

__all__ = ["make_passages", "read_plain"]


def read_plain(path: Path, *, file: str, kind: str) -> Contents:
    """Read a text file.

    Parameters
    ----------
    path
        The file.
    file
        What to call it in notices.
    kind
        ``txt``, or ``md``, in which some lines are headings.

    Raises
    ------
    DocumentError
        It is no text.
    """
    text, notices = decode_text(path.read_bytes(), file=file)
    passages = make_passages(single_space(tidy(text)), markdown=kind == "md")
    heading = next((re.sub(r"^#+\s*|\n.*", "", found.text) for found in passages if found.block == "heading"), None)
    return Contents(kind=kind, title=heading, passages=passages, notices=notices)


def make_passages(text: str, *, markdown: bool = False) -> tuple[Passage, ...]:
    r"""The blocks of a tidy text as passages, numbered as paragraphs.

    Examples
    --------
    >>> [passage.locator for passage in make_passages("one\n\ntwo")]
    ['¶ 1', '¶ 2']
    """
    return tuple(
        Passage(text=block.text, locator=f"¶ {number}", block=block.kind, level=block.level)
        for number, block in enumerate(find_blocks(text, markdown=markdown), start=1)
    )
