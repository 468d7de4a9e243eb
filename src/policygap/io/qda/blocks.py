"""Columns that a project has no place for come in; lines that stand in a description go out, and the other way round.

Coding programs keep descriptions as they are, so what policygap writes there comes back after work in another program.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

__all__ = ["join_block", "split_block"]

_MARK: Final = "[policygap]"


def join_block(text: str | None, columns: Mapping[str, str]) -> str:
    """A description: text for people, and below a mark a line for each column.

    Examples
    --------
    >>> print(join_block("Where to live", {"id": "homes", "label_nb": "Boliger"}))
    Where to live
    <BLANKLINE>
    [policygap]
    id: homes
    label_nb: Boliger
    """
    lines = [_MARK, *(f"{_value(name, key=True)}: {_value(value)}" for name, value in columns.items())]
    block = "\n".join(lines)
    return f"{text}\n\n{block}" if text else block


def split_block(text: str | None) -> tuple[str | None, dict[str, str] | None]:
    r"""What :func:`join_block` joined; the columns are ``None`` where the description has no mark.

    Examples
    --------
    >>> split_block("Where to live\n\n[policygap]\nid: homes")
    ('Where to live', {'id': 'homes'})
    >>> split_block("Where to live")
    ('Where to live', None)
    """
    plain = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    lines = plain.split("\n")
    marks = [place for place, line in enumerate(lines) if line.strip(" ") == _MARK]
    if not marks:
        return text, None
    columns = {name: _read(value) for name, colon, value in map(_cut, lines[marks[-1] + 1 :]) if colon}
    return "\n".join(lines[: marks[-1]]).strip("\n") or None, columns


def _value(text: str, *, key: bool = False) -> str:
    plain = text == text.strip() and not any(char in text for char in "\n\r") and not text.startswith('"')
    if plain and text and not (key and ":" in text):
        return text
    return json.dumps(text, ensure_ascii=False)


def _cut(line: str) -> tuple[str, str, str]:
    if line.startswith('"'):
        try:
            name, end = json.JSONDecoder().raw_decode(line)
        except ValueError:
            return line, "", ""
        colon, value = line[end : end + 1], line[end + 1 :]
        return str(name), colon, value
    return line.partition(":")


def _read(value: str) -> str:
    value = value.strip(" ")
    if not value.startswith('"'):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return read if isinstance(read, str) else value
