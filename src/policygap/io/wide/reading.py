"""A CSV file or a sheet with one row a submission and one column a code comes in; a study's tables go out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from attrs import evolve

from ...errors import StudyError
from ...package import Package, RawTable
from ..cells import text_of
from ..crosswalks import is_crosswalk
from ..csvfile import SEPARATORS, read_csv
from ..encoding import guess_wide
from ..limits import Limits, check_size
from ..mapping import CodeMapping
from ..naming import slug
from ..oddities import find_oddities
from ..spreadsheet import Sheet
from .grid import Grid, is_mark
from .tables import Given, make_tables

__all__ = ["looks_wide", "read_wide", "spread_sheet"]

_LOOKED_AT: Final = 30  # rows in which the header of a sheet is looked for
_SAMPLE: Final = 200  # rows of a file by which a wide table is told from a crosswalk
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
    line = text.partition("\n")[0]
    separator = max(SEPARATORS, key=line.count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=separator):
            rows.append(row)
            if len(rows) > _SAMPLE:
                break
    except csv.Error:
        pass  # a cell longer than the library reads: what came before it decides
    if not rows or is_crosswalk(rows[0]):
        return False
    below = rows[1:-1] if len(rows) > _FEWEST else rows[1:]  # the last one may be cut off
    return _count_marks(len(rows[0]), below) >= _FEWEST


def _count_marks(width: int, rows: Sequence[Sequence[str | None]]) -> int:
    """How many columns hold marks for the most part."""
    columns = [[(row[place] or "").strip() for row in rows if place < len(row)] for place in range(width)]
    filled = [[cell for cell in cells if cell] for cells in columns]
    return sum(bool(cells) and 2 * sum(is_mark(cell) is not None for cell in cells) >= len(cells) for cells in filled)


def read_wide(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a CSV file with one row a submission and one column a code as a study's raw tables."""
    check_size(path, limits)
    reading = read_csv(path, file=path.name, table="statements")
    if reading.table is None or reading.problems:
        raise StudyError(reading.problems)
    frame = reading.table.frame
    columns = [text_of(frame.iloc[:, place]).astype(object) for place in range(frame.shape[1])]
    cells = zip(*(column.where(column.notna(), None) for column in columns), strict=True)
    names = [str(name) for name in frame.columns]
    grid = Grid(
        file=path.name,
        header=1,
        names=names,
        titles=[None] * len(names),
        rows=list(cells),
        numbers=[reading.table.row(place) for place in range(len(frame))],
    )
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
    if not sheet.rows:
        return None
    place = _find_header(sheet)
    names = [(name or "").strip() for name in sheet.rows[place]]
    rows, numbers = sheet.rows[place + 1 :], sheet.numbers[place + 1 :]
    names += [""] * (max(map(len, rows), default=0) - len(names))
    if _count_marks(len(names), rows) < _FEWEST:
        return None
    grid = Grid(
        file=sheet.name,
        header=sheet.numbers[place],
        names=names,
        titles=_titles(sheet, place, len(names)),
        rows=rows,
        numbers=numbers,
    )
    package, own = _package(grid, mapping, path, tables, meta)
    odd = find_oddities(sheet, names, header=grid.header, dates=own)
    return evolve(package, problems=(*odd, *package.problems))


def _find_header(sheet: Sheet) -> int:
    """The place of the row with most different texts that are no marks."""
    found = [
        len({cell.strip() for cell in row if cell and cell.strip() and is_mark(cell) is None})
        for row in sheet.rows[:_LOOKED_AT]
    ]
    return found.index(max(found))


def _titles(sheet: Sheet, header: int, width: int) -> list[str | None]:
    """What stands in the row above the names, over the columns that it spans: as far as it is merged, or the next."""
    titles: list[str | None] = [None] * width
    if not header or sheet.numbers[header] != sheet.numbers[header - 1] + 1:
        return titles
    above = sheet.rows[header - 1]
    starts = [place for place, cell in enumerate(above[:width]) if (cell or "").strip()]
    if starts == [0]:
        return titles  # one text at the left is the title of the whole sheet
    for start, end in zip(starts, [*starts[1:], width], strict=True):
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
            frame=pd.DataFrame(rows, dtype=object).where(lambda frame: frame.notna()),
            rows=made.numbers.get(name),
        )
        for name, rows in made.rows.items()
        if rows
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
