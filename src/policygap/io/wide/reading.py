"""A CSV file or a sheet with one row a submission and one column a code comes in; a study's tables go out."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

import pandas as pd
from attrs import evolve

from ...errors import Problem, StudyError
from ...package import Package, RawTable
from ...schema import TABLES
from ...spelling import fold
from ..crosswalks import crosswalk_columns
from ..csvfile import SEPARATORS, first_rows, read_csv
from ..encoding import guess_wide
from ..limits import Limits, check_size
from ..mapping import CodeMapping
from ..naming import slug
from ..oddities import find_oddities
from ..spreadsheet import MOST_COLUMNS, Sheet
from .grid import Grid, is_mark
from .tables import Given, make_tables

__all__ = ["holds_marks", "looks_wide", "read_wide", "spread_sheet"]

_LOOKED_AT: Final = 30  # rows in which the header of a sheet is looked for
_SAMPLE: Final = 200  # rows of a file by which a wide table is told from a crosswalk
_CELLS: Final = 4  # cells of a file for each element of XML: they take about as much less
_EITHER: Final = ("a", "b", "left", "right", "from", "to")  # names of a crosswalk's sides that may be others' too
_FEWEST: Final = 2  # columns of marks that make a table wide


def looks_wide(data: bytes) -> bool:
    r"""Whether the bytes at a CSV file's start are of a table with several columns of marks.

    Examples
    --------
    >>> looks_wide(b"name,housing,roads\nOslo,1,0\n"), looks_wide(b"theme,target\nroads,A\n")
    (True, False)
    """
    wide = guess_wide(data)
    text = data.decode(wide.codec if wide else "utf-8-sig", errors="replace").removeprefix("\ufeff")
    text = re.sub(r'\A"?sep=.\"?\r?\n', "", text)
    return any(_is_wide(_sample(text, separator)) for separator in SEPARATORS)


def _sample(text: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):  # what comes before an error decides
        rows += islice(first_rows(text, separator), _SAMPLE)
    if rows and not text.endswith(("\n", "\r")):
        rows[-1] = rows[-1][:-1] or rows[-1]  # its last cell may be cut off
    return [row for row in rows if any(cell.strip() for cell in row)]


def _is_wide(rows: Sequence[Sequence[str]]) -> bool:
    if not rows or _names_both_sides(rows[0]):
        return False
    place = _find_header(rows)
    names, below = rows[place], rows[place + 1 :]
    marks = _find_marks(len(names), below)
    sides = crosswalk_columns(names)
    # Codes may be called A and B, which in a crosswalk are its two sides; there, what stands below is no mark.
    return len(marks) >= _FEWEST and (len(marks) < len(names) if sides.get("target") in marks else len(sides) < _FEWEST)


def _names_both_sides(names: Sequence[str]) -> bool:
    """Whether a header says plainly that it is a crosswalk's, and not by names that codes or speakers may have."""
    sides = crosswalk_columns(names)
    plain = {"theme", "target"} <= set(sides)
    return plain and not any(fold(names[sides[side]]) in _EITHER for side in ("theme", "target"))


def _find_marks(width: int, rows: Sequence[Sequence[str | None]]) -> set[int]:
    """The places of the columns that hold marks for the most part."""
    columns = [[(row[place] or "").strip() for row in rows if place < len(row)] for place in range(width)]
    filled = [[cell for cell in cells if cell] for cells in columns]
    return {
        place
        for place, cells in enumerate(filled)
        if cells and 2 * sum(is_mark(cell) is not None for cell in cells) >= len(cells)
    }


def read_wide(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a CSV file with one row a submission and one column a code as a study's raw tables."""
    check_size(path, limits)
    reading = read_csv(path, file=path.name, table="statements", named=False)
    if reading.table is None:
        raise StudyError(reading.problems)
    frame = reading.table.frame
    if frame.shape[1] > MOST_COLUMNS:
        what = f"it has {frame.shape[1]:,} columns, and {MOST_COLUMNS:,} are read"
        raise StudyError([Problem(file=path.name, what=what, fix="leave out those that you do not need")])
    if frame.size > _CELLS * limits.elements:
        what = f"it has {frame.size:,} cells, and {_CELLS * limits.elements:,} are read"
        raise StudyError([Problem(file=path.name, what=what, fix="if you trust it, raise the limit")])
    cells = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    numbers = [reading.table.row(place) for place in range(len(frame))]
    grid = _grid(Sheet(name=path.name, rows=cells, numbers=numbers))
    problems = [one for one in reading.problems if one.row is None or one.row >= grid.header]
    if problems:
        raise StudyError(problems)
    package, _ = _package(grid, mapping, path, {}, {})
    return evolve(package, remarks=(*reading.remarks, *package.remarks))


def spread_sheet(
    sheet: Sheet, mapping: CodeMapping | None, path: Path, tables: Mapping[str, RawTable], meta: Mapping[str, Any]
) -> Package | None:
    """Make a package of a workbook's sheet, if it is a wide table, and of the tables that stand beside it.

    Parameters
    ----------
    sheet
        The sheet.
    mapping
        Which columns are themes and which targets.
    path
        The workbook.
    tables
        The workbook's other tables, such as themes and targets; columns are then their ids or labels.
    meta
        What the workbook says of the study.
    """
    if not holds_marks(sheet):
        return None
    grid = _grid(sheet)
    package, own = _package(grid, mapping, path, tables, meta)
    odd = find_oddities(sheet, grid.names, header=grid.header, dates=own)
    return evolve(package, problems=(*odd, *package.problems))


def holds_marks(sheet: Sheet) -> bool:
    """Whether a sheet has several columns of marks."""
    if not sheet.rows:
        return False
    rows = sheet.rows[_find_header(sheet.rows) + 1 :]
    return len(_find_marks(max(map(len, rows), default=0), rows)) >= _FEWEST


def _grid(sheet: Sheet) -> Grid:
    place = _find_header(sheet.rows)
    names = [(name or "").strip() for name in sheet.rows[place]]
    rows, numbers = sheet.rows[place + 1 :], sheet.numbers[place + 1 :]
    names += [""] * (max(map(len, rows), default=0) - len(names))
    above = _above(sheet, place, len(names))
    titles = _titles(above, names)
    names = [name or cell for name, cell in zip(names, above, strict=True)]
    return Grid(file=sheet.name, header=sheet.numbers[place], names=names, titles=titles, rows=rows, numbers=numbers)


def _find_header(rows: Sequence[Sequence[str | None]]) -> int:
    """The place of the row with most different texts that are no marks, or of the one below that completes it."""
    found = [
        len({cell.strip() for cell in row if cell and cell.strip() and is_mark(cell) is None})
        for row in rows[:_LOOKED_AT]
    ]
    place = found.index(max(found)) if found else 0
    return place + 1 if place + 1 < len(rows) and _completes(rows[place], rows[place + 1]) else place


def _completes(upper: Sequence[str | None], lower: Sequence[str | None]) -> bool:
    """Whether names go on in the row below: it holds no mark, and texts under titles that span several columns."""
    texts = {place: cell for place, cell in enumerate(lower) if cell and cell.strip()}
    named = {place for place, cell in enumerate(upper) if cell and cell.strip()}
    return bool(texts.keys() - named) and named - texts.keys() != set() and all(map(_is_text, texts.values()))


def _is_text(cell: str) -> bool:
    return is_mark(cell) is None


def _above(sheet: Sheet, header: int, width: int) -> list[str]:
    """What stands in the row right above the names, but for the title of the whole sheet."""
    near = header and sheet.numbers[header] == sheet.numbers[header - 1] + 1
    row = [(cell or "").strip() for cell in sheet.rows[header - 1][:width]] if near else []
    row = [] if [place for place, cell in enumerate(row) if cell] == [0] and sheet.rows[header][0] else row
    return row + [""] * (width - len(row))


def _titles(above: Sequence[str], names: Sequence[str]) -> list[str | None]:
    """What stands above the names, over the columns that it spans: as far as it is merged, or the next.

    Where there is no name below, it is a name itself, of a column that is named across both rows.
    """
    titles: list[str | None] = [None] * len(names)
    starts = [place for place, cell in enumerate(above) if cell]
    for start, end in pairwise([*starts, len(names)]):
        if names[start]:
            titles[start:end] = [above[start]] * (end - start)
    return titles


def _package(
    grid: Grid,
    mapping: CodeMapping | None,
    path: Path,
    tables: Mapping[str, RawTable],
    meta: Mapping[str, Any],
) -> tuple[Package, Sequence[int]]:
    """The study's tables, and which columns are neither codes nor known."""
    made = make_tables(grid, mapping, Given.of(tables), path.with_suffix(".toml").name)
    raw = {
        name: RawTable(
            file=grid.file,
            frame=pd.DataFrame(made.columns[name], dtype=object).where(lambda frame: frame.notna()),
            rows=made.numbers.get(name),
        )
        for name in TABLES
        if name in made.columns
    }
    name = slug(path.name.partition(".")[0])
    package = Package(
        name=name,
        meta={"id": name, **meta},
        tables={**tables, **raw},
        problems=tuple(made.problems),
        remarks=tuple(made.remarks),
    )
    return package, made.own
