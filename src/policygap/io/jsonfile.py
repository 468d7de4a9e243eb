"""A JSON file from a stranger comes in; what it holds goes out, bounded in size and depth, no key doubled, no NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

from ..errors import Problem, StudyError
from .encoding import guess_wide
from .limits import Limits, check_size

__all__ = ["decode_text", "load_json", "load_json_lines", "parse_json", "parse_json_lines", "read_bounded"]

_DEEPEST: Final = 100  # objects and lists within each other; formats that are read have under ten
_LISTED: Final = 20
_AGAIN: Final = "export it again from the program it was made with"


def read_bounded(path: Path, limits: Limits) -> str:
    """A file's text, in UTF-8 or UTF-16.

    Raises
    ------
    StudyError
        Where it is larger than ``limits.text``, or in no such encoding.
    """
    check_size(path, limits)
    return decode_text(path.read_bytes(), path.name)


def decode_text(data: bytes, file: str) -> str:
    """The text of a file's bytes, in UTF-8 or UTF-16.

    Raises
    ------
    StudyError
        Where they are in no such encoding.
    """
    wide = guess_wide(data[:4096])
    try:
        return data.decode(wide.codec if wide else "utf-8-sig").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"the text is not {wide.codec if wide else 'UTF-8'} (line {line})"
        raise StudyError([Problem(file=file, what=what, fix="save the file as UTF-8")]) from None


def load_json(path: Path, limits: Limits) -> Any:
    """Load a JSON file.

    Raises
    ------
    StudyError
        Where it is too large, no JSON, nested deeper than any format that is read, or holds NaN or a key twice in one
        object.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.json")
    ...     _ = file.write_text('{"a": NaN}', encoding="utf-8")
    ...     load_json(file, Limits())
    Traceback (most recent call last):
    policygap.errors.StudyError: a.json: this is not JSON that can be read: NaN is no number in JSON; export it ...
    """
    return parse_json(read_bounded(path, limits), path.name)


def parse_json(text: str, file: str) -> Any:
    """What a text holds, as :func:`load_json` has it of a file."""
    return _parse(text, file, None)


def load_json_lines(path: Path, limits: Limits) -> Iterator[tuple[int, Any]]:
    """The values of a file with one JSON value a line (JSONL), each with its line's number; blank lines are none.

    Raises
    ------
    StudyError
        Where the file is too large, or with the lines that are no JSON, once the others have been given.
    """
    return parse_json_lines(read_bounded(path, limits), path.name)


def parse_json_lines(text: str, file: str) -> Iterator[tuple[int, Any]]:
    """What the lines of a text hold, as :func:`load_json_lines` has it of a file."""
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = _parse(line, file, number)
        except StudyError as error:
            problems += error.problems
            if len(problems) >= _LISTED:
                break
            continue
        yield number, value
    if problems:
        raise StudyError(problems)


def _parse(text: str, file: str, line: int | None) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        place = f"in line {error.lineno}, character {error.colno}" if line is None else f"at character {error.colno}"
        raise _failed(file, line, f"this is not JSON: {error.msg} {place}") from None
    except RecursionError:
        raise _failed(file, line, "this is nested too deep to be read") from None
    except ValueError as error:
        raise _failed(file, line, f"this is not JSON that can be read: {error}") from None
    if _is_deep(value):
        raise _failed(file, line, f"this is nested deeper than {_DEEPEST} levels")
    return value


def _failed(file: str, line: int | None, what: str) -> StudyError:
    return StudyError([Problem(file=file, row=line, what=what, fix=_AGAIN)])


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:40]} is larger than any number that can be held")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"the key {twice[:80]!r} stands twice in one object")
    return found


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True
