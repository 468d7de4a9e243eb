"""A wide table's cells come in; which of its columns are codes, and which say who spoke, goes out."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

from attrs import field, frozen

from ...errors import Problem
from ...schema import TABLES
from ...spelling import fold
from ..mapping import hints

__all__ = ["Grid", "Layout", "find_layout", "find_odd_cells", "is_mark", "is_total", "words_of_wide_tables"]

Row = Sequence[str | None]

_SHOWN: Final = 20  # odd cells of one column that are told one by one


@cache
def words_of_wide_tables() -> dict[str, Any]:
    """What people call columns, and how they mark a cell."""
    return tomllib.loads(resources.files("policygap").joinpath("data/wide.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=10_000)
def is_mark(text: str) -> bool | None:
    """Whether a cell says yes or no; ``None`` where it says something else.

    Examples
    --------
    >>> is_mark("X"), is_mark("0"), is_mark("2")
    (True, False, None)
    """
    plain, words = text.strip().casefold(), words_of_wide_tables()
    return True if plain in words["yes"] else False if plain in words["no"] else None


@frozen(kw_only=True)
class Grid:
    """A table as it stands in a sheet or file.

    Attributes
    ----------
    file
        The sheet's or file's name.
    header
        The number of the row with the names.
    names
        The columns' names.
    titles
        What stands above each column and says what kind of code it is; ``None`` where nothing does.
    rows, numbers
        The cells below, and the number of each row.
    """

    file: str
    header: int
    names: tuple[str, ...] = field(converter=tuple)
    titles: tuple[str | None, ...] = field(converter=tuple)
    rows: Sequence[Row]
    numbers: Sequence[int]

    def path(self, place: int) -> tuple[str, ...]:
        """A column's name with what it stands under, by a title above it or a slash within it."""
        title = (self.titles[place] or "").strip()
        outer, slash, inner = self.names[place].partition("/")
        parts = (outer.strip(), inner.strip()) if slash and outer.strip() and inner.strip() else (self.names[place],)
        return (title, *parts) if title else tuple(part.strip() for part in parts)

    def cells(self, place: int) -> list[str | None]:
        """A column's cells, blank ones missing."""
        return [((row[place] or "").strip() or None) if place < len(row) else None for row in self.rows]


@frozen(kw_only=True)
class Layout:
    """Which columns are what: ``codes`` and ``own`` by place, others by the name that they have in a study."""

    codes: tuple[int, ...]
    columns: Mapping[str, int]
    own: tuple[int, ...]
    problems: tuple[Problem, ...] = ()


def find_layout(grid: Grid, *, codes: Iterable[str] = (), group: str | None = None) -> Layout:
    """Tell the columns of a wide table apart.

    Parameters
    ----------
    grid
        The table.
    codes
        Names and paths of columns that surely are codes.
    group
        The name of the column that says which group a speaker belongs to.

    Returns
    -------
    Layout
        A column that is mostly marks is a code. One that is called a sum and holds numbers is none.
    """
    surely = {fold(name) for name in codes}
    said = _find_known(grid, surely, group)
    found: list[int] = []
    own: list[int] = []
    problems: list[Problem] = []
    for place, name in enumerate(grid.names):
        cells = [cell for cell in grid.cells(place) if cell is not None]
        if not name.strip():
            problems += _unnamed(grid, place, len(cells))
            continue
        marks = sum(is_mark(cell) is not None for cell in cells)
        if place in said.values():
            continue
        sums = is_total(name) and all(cell.isdecimal() for cell in cells)
        if _is_named(grid, place, surely) or (cells and 2 * marks >= len(cells) and not sums):
            found.append(place)
        else:
            own.append(place)
    problems += _same_names(grid, own, said)
    return Layout(codes=tuple(found), columns=said, own=tuple(own), problems=tuple(problems))


def _is_named(grid: Grid, place: int, surely: Collection[str]) -> bool:
    path = grid.path(place)
    return any(fold(name) in surely for name in (grid.names[place], "/".join(path), *path))


def _find_known(grid: Grid, surely: Collection[str], group: str | None) -> dict[str, int]:
    """Columns that are called like those of statements; of several words for one, that which is listed first wins."""
    found: dict[str, tuple[int, int]] = {}
    for place, name in enumerate(grid.names):
        if name.strip() and len(grid.path(place)) == 1 and not _is_named(grid, place, surely):
            column, rank = _known(name, group)
            if column and (column not in found or rank < found[column][0]):
                found[column] = rank, place
    return {column: place for column, (_, place) in found.items()}


def _known(name: str, group: str | None) -> tuple[str | None, int]:
    """What a column of statements is called elsewhere, and how far down its list of words."""
    plain = fold(name).replace("_", " ")
    if group is not None and fold(name) == fold(group):
        return "group", 0
    return _words_for_columns(group is None).get(plain, (None, 0))


@cache
def _words_for_columns(grouped: bool) -> dict[str, tuple[str, int]]:
    words = {one.name: [one.name.replace("_", " ")] for one in TABLES["statements"].columns}
    words |= words_of_wide_tables()["columns"] | ({"group": hints()["group"]} if grouped else {})
    found: dict[str, tuple[str, int]] = {}
    for column in reversed(words):
        found |= {fold(word): (column, rank) for rank, word in enumerate(words[column])}
    return found


def is_total(name: str | None) -> bool:
    """Whether a row or column is called a sum of others.

    Examples
    --------
    >>> is_total("Sum:"), is_total("Summer"), is_total(None)
    (True, False, False)
    """
    return fold((name or "").strip().rstrip(":")) in map(fold, words_of_wide_tables()["totals"])


def _same_names(grid: Grid, own: Sequence[int], said: Mapping[str, int]) -> list[Problem]:
    """Columns that would be kept under one name."""
    taken: dict[str, int] = {**said, **{grid.names[place]: place for place in said.values()}}
    problems: list[Problem] = []
    for place in own:
        name = grid.names[place].strip()
        if name in taken:
            what = f"columns {taken[name] + 1} and {place + 1} would both be '{name}'"
            problems.append(Problem(file=grid.file, row=grid.header, column=name, what=what, fix="rename one of them"))
        taken[name] = place
    return problems


def _unnamed(grid: Grid, place: int, filled: int) -> list[Problem]:
    if not filled:
        return []
    what = f"column {place + 1} has no name, but {filled} of its cells are filled"
    return [Problem(file=grid.file, row=grid.header, what=what, fix="name it, or empty it")]


def find_odd_cells(grid: Grid, place: int) -> list[Problem]:
    """Find the cells of a code's column that say neither yes nor no."""
    odd = [(at, cell) for at, cell in enumerate(grid.cells(place)) if cell is not None and is_mark(cell) is None]
    fix = "write 1, 0 or x; if the column is no code, name the columns that are in a mapping"
    problems = [
        Problem(
            file=grid.file,
            row=grid.numbers[at],
            column=grid.names[place],
            what=f"the cell holds {cell[:40]!r}, where most of the column's cells say yes or no",
            fix=fix,
        )
        for at, cell in odd[:_SHOWN]
    ]
    if len(odd) > _SHOWN:
        what = f"{len(odd) - _SHOWN} more of its cells say neither yes nor no"
        problems.append(Problem(file=grid.file, column=grid.names[place], what=what, fix=fix))
    return problems
