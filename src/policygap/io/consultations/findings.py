"""What was wrong, doubled or left unread while a file was read comes in; problems and remarks go out, bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import define, field

from ...errors import Problem
from ...schema import TABLES
from ...spelling import fold, suggest
from ..cells import cell_text, unix_lines
from ..naming import misspelt

__all__ = ["Findings", "find_variable", "listed", "name_columns", "natural", "plain"]

_LISTED: Final = 20  # problems of one kind in one file; beyond it they are counted
_SHOWN: Final = 5
_LONGEST: Final = 100  # letters of a column's name
_DIGITS: Final = 18


@define
class Findings:
    """Gathers problems and remarks; those of a kind are counted once there are many."""

    problems: list[Problem] = field(factory=list)
    remarks: list[str] = field(factory=list)
    unread: Counter[str] = field(factory=Counter)
    _more: Counter[tuple[str, str]] = field(factory=Counter)

    def wrong(self, file: str, what: str, fix: str, *, row: int | None = None) -> None:
        """A problem; ``fix`` is that of its kind."""
        self._more[file, fix] += 1
        if self._more[file, fix] <= _LISTED:
            self.problems.append(Problem(file=file, row=row, what=what, fix=fix))

    def finish(self) -> None:
        """Say what was only counted so far."""
        for (file, fix), count in sorted(self._more.items()):
            if count > _LISTED:
                what = f"{count - _LISTED:,} more are wrong in the same way"
                self.problems.append(Problem(file=file, what=what, fix=fix))
        if self.unread:
            shown = ", ".join(f"{name} ({count:,})" for name, count in sorted(self.unread.items())[:_LISTED])
            more = f" and {len(self.unread) - _LISTED} more" if len(self.unread) > _LISTED else ""
            self.remarks.append(f"Not read, since a study has no place for it: {shown}{more}.")


def plain(value: Any) -> str | None:
    """A value of JSON as a cell; an object, or a list that holds one, is none.

    Examples
    --------
    >>> plain(7.0), plain([" a", "b"]), plain({}), plain(" ")
    ('7', 'a;b', None, None)
    """
    if isinstance(value, str):
        return unix_lines(value).strip() or None
    if isinstance(value, list):
        return ";".join(text for text in map(plain, value) if text) or None
    return cell_text(value) if isinstance(value, (int, float)) else None


def natural(name: str) -> tuple[int, int, str]:
    """A key that sorts numbers by their size, and short names before long ones.

    Examples
    --------
    >>> sorted(["10", "AA", "9", "B"], key=natural)
    ['9', '10', 'B', 'AA']
    """
    if name.isascii() and name.isdecimal() and len(name) <= _DIGITS:
        return 0, int(name), name
    return 1, len(name), name


def listed(names: Iterable[str]) -> str:
    """The first few of some names, and how many more there are.

    Examples
    --------
    >>> listed("abcdefg")
    'a, b, c, d, e and 2 more'
    """
    found = list(names)
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def find_variable(group: str | None, names: Sequence[str]) -> tuple[str | None, tuple[str, str] | None]:
    """The variable that a mapping names as the group, or what is wrong and how to mend it."""
    found = next((name for name in names if group is not None and fold(name) == fold(group)), None)
    if group is None or found is not None:
        return found, None
    fix = suggest(group, names, otherwise="there is none like it")
    return None, (f"the mapping's group {group!r} is no variable", fix)


def name_columns(names: Mapping[str, int], table: str, *, before: str, most: int) -> dict[str, str]:
    """A column of a table for each variable, the most frequent ones where there are too many.

    Parameters
    ----------
    names
        The variables, with how often each is there.
    table
        The table; a variable that is called like one of its columns gets a longer name, but for a text column.
    before
        What stands before such a name.
    most
        How many columns there may be.

    Examples
    --------
    >>> name_columns({"Region": 2, "Label": 2, "Sector": 1}, "actors", before="respondent", most=2)
    {'Label': 'respondent Label', 'Region': 'region'}
    """
    own = TABLES[table]
    known = [column.name for column in own.columns]
    free = {
        column.name for column in own.columns if column.form == "text" and not column.required and not column.varies
    }
    chosen: dict[str, str] = {}
    taken = {name.casefold() for name in known}
    for name in sorted(sorted(names, key=lambda name: (-names[name], name))[:most]):
        shown = " ".join("".join(char if char.isprintable() else " " for char in name[:_LONGEST]).split())
        if shown.casefold() in free and shown.casefold() not in chosen.values():
            chosen[name] = shown.casefold()
            continue
        stem, _, tail = shown.rpartition("_")
        if not shown or misspelt(shown, known) or (stem and tail.isalpha() and own.column(stem) is not None):
            shown = f"{before} {shown}".strip()
        base, number = shown, 1
        while shown.casefold() in taken:
            number += 1
            shown = f"{base} ({number})"
        taken.add(shown.casefold())
        chosen[name] = shown
    return chosen
