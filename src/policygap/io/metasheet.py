"""The sheet that says what a study says of itself comes in, and its metadata goes out; or the other way round."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..errors import Problem
from .descriptor import tidy_meta
from .oddities import find_oddities
from .spreadsheet import Sheet

__all__ = ["META", "meta_cells", "read_meta"]

META: Final = "study"
"""The sheet's name."""


def read_meta(sheet: Sheet) -> tuple[dict[str, Any], list[Problem]]:
    """Read metadata from rows of key and value; a first row 'key, value' is a header."""
    given: dict[str, Any] = {}
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        key, value = (row[0] or "").strip(), row[1] if len(row) > 1 else None
        header = number == 1 and (key.lower(), (value or "").strip().lower()) == ("key", "value")
        if not key or value is None or header:
            continue
        given[key] = _meta_value(key, value, typed=(number, 1) in sheet.typed)
    meta, problems = tidy_meta(given, file=sheet.name)
    return meta, [*problems, *find_oddities(sheet, ("key", "value"))]


def _meta_value(key: str, value: str, *, typed: bool = False) -> Any:
    """Metadata that policygap knows is text; of the study's own, what Excel holds as a number is one."""
    if key in ("id", "title", "default_coder", "sampling"):
        return value
    try:
        return json.loads(value) if typed or value.startswith(("[", "{", '"')) else value
    except (ValueError, RecursionError):
        return value


def meta_cells(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The cells that hold a study's metadata: text as it is, lists and the like as JSON.

    Examples
    --------
    >>> meta_cells({"title": "Towns", "languages": ["en", "nb"], "year": 2022})
    {'title': 'Towns', 'languages': '["en", "nb"]', 'year': 2022}
    """
    cells: dict[str, Any] = {}
    for key, value in meta.items():
        if isinstance(value, str) and _meta_value(key, value) == value:
            cells[key] = value
        elif value is not None:
            cells[key] = value if isinstance(value, (int, float)) else json.dumps(value, ensure_ascii=False)
    return cells
