"""Cells of any kind come in; the text that stands for them in a file goes out."""

from __future__ import annotations

import datetime
import math
import numbers
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ..disk import DiskTextDtype

__all__ = ["cell_text", "illegal_in_xml", "legal_in_xml", "number_text", "text_of", "unix_lines"]

# What XML 1.0 can't hold: most control characters, halves of surrogate pairs, and two code points that are none.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# Above this, floats stand further apart than 1 and a written integer would feign digits that nobody measured.
_EXACT = 1e15


def illegal_in_xml(text: str) -> str | None:
    r"""The first character of ``text`` that XML 1.0 can't hold, as it is named in messages.

    Examples
    --------
    >>> illegal_in_xml("bell\x07")
    'U+0007'
    >>> illegal_in_xml("plain text") is None
    True
    """
    found = _ILLEGAL.search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def legal_in_xml(text: str) -> str:
    r"""Text without the characters that XML 1.0 can't hold.

    Examples
    --------
    >>> legal_in_xml("bell\x07")
    'bell'
    """
    return _ILLEGAL.sub("", text)


def unix_lines(text: str) -> str:
    r"""Text whose lines end in LF alone.

    Examples
    --------
    >>> unix_lines("one\r\ntwo\rthree")
    'one\ntwo\nthree'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def number_text(value: float) -> str:
    """A number as it is written: whole ones without a point, all others with every digit they need.

    Examples
    --------
    >>> number_text(5.0), number_text(0.1), number_text(1e21)
    ('5', '0.1', '1e+21')
    """
    if math.isfinite(value) and value == int(value) and abs(value) < _EXACT:
        return str(int(value))
    return repr(value)


def cell_text(value: Any) -> str | None:
    """One cell of any Python type as text, or ``None`` where it is missing.

    Examples
    --------
    >>> [cell_text(value) for value in (7, 2.0, True, ["a", "b"], float("nan"), "")]
    ['7', '2', 'true', 'a;b', None, None]
    """
    if isinstance(value, str):
        text = unix_lines(str(value))  # str() because it may be a subclass, such as an enum's member
    elif isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        items: Iterable[Any] = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        text = ";".join(item for item in map(cell_text, items) if item)
    elif value is None or pd.isna(value):
        text = ""
    elif isinstance(value, (bool, np.bool_)):
        text = "true" if value else "false"
    elif isinstance(value, numbers.Integral):
        text = str(int(value))
    elif isinstance(value, (float, np.floating)):
        text = number_text(float(value))
    elif isinstance(value, datetime.datetime) and value.time() == datetime.time():
        text = value.date().isoformat()
    else:
        text = unix_lines(str(value))
    return text or None


def text_of(values: pd.Series) -> pd.Series:
    """Turn a column of any dtype into text: missing where it was missing or empty, lines ending in LF.

    Parameters
    ----------
    values
        A column of text, categories, numbers, booleans, dates or Python objects.

    Returns
    -------
    pandas.Series
        ``category`` where it was, else ``str``; ``object`` only where a text holds half a surrogate pair, which
        ``str`` can't hold (the caller refuses it by name).

    Examples
    --------
    >>> text_of(pd.Series([1.0, None, 2.5])).tolist()
    ['1', nan, '2.5']
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _text_categories(values)
    if isinstance(values.dtype, DiskTextDtype):
        return values.astype("str")  # missing and tidy as it is
    if not isinstance(values.dtype, pd.StringDtype):
        return _from_values(values)
    text = values.astype("str")
    empty = text == ""
    if empty.any():
        text = text.mask(empty)
    if text.str.contains("\r", regex=False).fillna(value=False).any():
        text = text.map(unix_lines, na_action="ignore").astype("str")
    return text


def _as_str(texts: list[str | None], index: pd.Index, name: Any) -> pd.Series:
    array = np.empty(len(texts), dtype=object)
    array[:] = [np.nan if text is None else text for text in texts]
    try:
        return pd.Series(array, index=index, name=name, dtype="str")
    except UnicodeEncodeError:
        return pd.Series(array, index=index, name=name, dtype=object)


def _from_values(values: pd.Series) -> pd.Series:
    if values.dtype == object:
        return _as_str([cell_text(value) for value in values], values.index, values.name)
    # Numbers and dates repeat: each different one is turned into text once.
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = np.array([*(cell_text(value) for value in distinct), None], dtype=object)
    return _as_str(list(texts[codes]), values.index, values.name)


def _text_categories(values: pd.Series) -> pd.Series:
    """Categories as text; those that become the same text become one, the empty one becomes missing."""
    given = pd.Series(values.cat.categories)
    if isinstance(given.dtype, pd.StringDtype) and text_of(given).equals(given):
        return values.cat.as_unordered()
    texts = [cell_text(value) for value in values.cat.categories.to_numpy(dtype=object).tolist()]
    kept = sorted({text for text in texts if text is not None})
    position = {text: place for place, text in enumerate(kept)}
    new = np.array([*(-1 if text is None else position[text] for text in texts), -1], dtype=np.int64)
    codes = new[values.cat.codes.to_numpy()]
    try:
        index = pd.Index(kept, dtype="str")
    except UnicodeEncodeError:
        index = pd.Index(kept, dtype=object)
    return pd.Series(pd.Categorical.from_codes(codes, categories=index), index=values.index, name=values.name)
