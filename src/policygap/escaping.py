"""Text written by strangers comes in; the same text, safe for one kind of file, goes out."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from .errors import printable

__all__ = ["flat", "for_markdown", "for_spreadsheet", "for_terminal"]

# A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")
# Marks that turn the direction of text or hide it from sight.
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def for_spreadsheet(text: str) -> str:
    """Text that a spreadsheet shows and never runs.

    Examples
    --------
    >>> for_spreadsheet("=1+1"), for_spreadsheet("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def for_markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line.

    Examples
    --------
    >>> for_markdown("a|b <script>")
    'a\\\\|b \\\\<script\\\\>'
    """
    return _MARKUP.sub(r"\\\1", " ".join(_HIDDEN.sub("", text).split()))


def for_terminal(text: str) -> str:
    """Text on one line, without control characters or marks that turn its direction.

    Examples
    --------
    >>> for_terminal("a\\n\\x1b[2Jb")
    'a \\\\x1b[2Jb'
    """
    return printable(" ".join(_HIDDEN.sub("", text).split()))


def flat(value: Any) -> Any:
    """A cell as plain data: missing is ``None``, a tuple is joined by ``;``, numpy numbers are Python's.

    Examples
    --------
    >>> flat(("A", "C")), flat(float("nan")), flat(True)
    ('A;C', None, True)
    """
    if isinstance(value, tuple | list):
        return ";".join(str(item) for item in value)
    if value is None or pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
