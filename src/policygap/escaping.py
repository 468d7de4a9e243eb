"""Text written by strangers comes in; the same text, safe for one kind of file, goes out."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from .errors import printable

__all__ = ["clip", "flat", "for_html", "for_markdown", "for_spreadsheet", "for_terminal", "is_formula"]

# A cell that begins with one of these is a formula to a spreadsheet; some pass over blanks and unseen characters first.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_UNSEEN = re.compile("^[\\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_MARKUP = re.compile(r"([\\`*\[\]<|~$&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
# What makes a list, a rule or a heading where a line begins with it; a number's sign does not.
_LINE_START = re.compile(r"^(?:[-+](?=\s|$)|-(?=-)|[=#>])")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
# What is not to be seen in HTML or a document: controls, marks that turn the direction of what follows, and characters
# that nobody sees or XML can't hold. The joiners that Persian or an emoji need stay.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u180e\u200b\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
# Marks that turn the direction of text or hide it from sight.
_HIDDEN = re.compile("[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("1+1")
    (True, False)
    """
    return text.startswith(("\t", "\r", "\n")) or _UNSEEN.sub("", text).startswith(_FORMULA)


def for_spreadsheet(text: str) -> str:
    """Text that a spreadsheet shows and never runs.

    Examples
    --------
    >>> for_spreadsheet("=1+1"), for_spreadsheet("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if is_formula(text) else text


def for_markdown(text: str) -> str:
    r"""Text that Markdown shows as it is, on one line, without control characters.

    Examples
    --------
    >>> print(for_markdown("a|b <script>"))
    a\|b \<script>
    >>> print(for_markdown("1. a list?"))
    1\. a list?
    """
    plain = _MARKUP.sub(r"\\\1", for_terminal(text))
    return _NUMBERED.sub(r"\1\\\2", _LINE_START.sub(r"\\\g<0>", plain))


def for_html(text: str) -> str:
    r"""Text without control characters and marks that turn its direction or hide; markup is escaped elsewhere.

    Examples
    --------
    >>> for_html("a\x00b\u202ec")
    'abc'
    """
    return _UNSHOWN.sub("", text)


def for_terminal(text: str) -> str:
    r"""Text on one line, without control characters or marks that turn its direction.

    Examples
    --------
    >>> print(for_terminal("a\n\x1b[2Jb"))
    a \x1b[2Jb
    """
    return printable(" ".join(_HIDDEN.sub("", text).split()))


def clip(text: str, length: int) -> str:
    """Text no longer than so, an ellipsis at its end where some is cut off.

    Examples
    --------
    >>> clip("concentration", 8), clip("town", 8)
    ('concent\N{HORIZONTAL ELLIPSIS}', 'town')
    """
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def flat(value: Any) -> Any:
    """A cell as plain data: missing is ``None``, a tuple is joined by ``;``, numpy numbers are Python's.

    Examples
    --------
    >>> flat(("A", "C")), flat(float("nan")), flat(True)
    ('A;C', None, True)
    """
    if type(value) is str:  # as most are
        return value
    if isinstance(value, tuple | list):
        return ";".join(str(item) for item in value)
    if value is None or pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
