"""An ``.xlsx`` comes in and a package goes out, with every problem of its cells.

One sheet is one table, named after it; the sheet ``study`` holds the metadata as rows of key and value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import evolve

from ..errors import Problem
from ..package import Package, RawTable
from ..schema import TABLES
from .cells import text_of
from .limits import Limits
from .mapping import CodeMapping
from .metasheet import META, read_meta
from .naming import misspelt
from .oddities import find_oddities
from .rawtables import is_coded, make_table, to_categories
from .spreadsheet import Sheet, SpreadsheetError, read_sheets
from .wide import holds_marks, spread_sheet

__all__ = ["LISTS", "read_workbook"]

LISTS: Final = "policygap lists"
"""The hidden sheet that policygap writes for drop-down lists."""

_LOOKED_AT: Final = 30  # rows among which the one with the columns' names is looked for, below titles


def read_workbook(path: Path, mapping: CodeMapping | None = None, limits: Limits | None = None) -> Package:
    """Read a study's raw tables from an Excel workbook.

    Parameters
    ----------
    path
        The ``.xlsx``. Sheets are matched to tables by name, whatever the case. Where none holds statements or links,
        another may be a wide table (:mod:`policygap.io.wide`).
    mapping
        Which columns of a wide table are themes and which targets.
    limits
        How much is read.

    Returns
    -------
    Package
        The tables as text, with the problems and remarks met on the way.
    """
    meta: dict[str, Any] = {}
    tables: dict[str, RawTable] = {}
    problems: list[Problem] = []
    remarks: list[str] = []
    others: list[Sheet] = []
    try:
        with path.open("rb") as stream:
            for sheet in read_sheets(stream, typed=META, limits=limits):
                name = sheet.name.strip().lower()
                if name == META:
                    meta, found = read_meta(sheet)
                elif name == LISTS:
                    found = []
                elif name in TABLES and name not in tables:
                    table, found = _read_table(name, sheet, remarks)
                    tables |= {} if table is None else {name: table}
                else:
                    found = _other_sheet(sheet, tables)
                    others += [] if found else [sheet]
                problems.extend(found)
    except SpreadsheetError as error:
        problems.append(Problem(file=path.name, what=error.what, fix=error.fix))
    if not problems and not any(name in tables and len(tables[name].frame) for name in ("statements", "links")):
        for sheet in others:
            beside = {name: tables[name] for name in TABLES if name in tables and len(tables[name].frame)}
            wide = spread_sheet(sheet, mapping, path, beside, meta)
            if wide is not None:
                left = [f"The sheet '{one.name}' is not read." for one in others if one is not sheet]
                return evolve(wide, remarks=(*remarks, *wide.remarks, *left))
    remarks += [f"The sheet '{sheet.name}' is no table of a study and is not read." for sheet in others]
    if mapping is not None and not problems:
        what = "no sheet is a wide table, whose columns are mapped"
        problems.append(Problem(file=path.name, what=what, fix="leave the mapping out"))
    if not tables and not problems:
        names = ", ".join(TABLES)
        what = "no sheet is a table of a study, or has a submission a row and a code a column"
        problems.append(Problem(file=path.name, what=what, fix=f"name the sheets after the tables: {names}"))
    return Package(
        name=path.stem,
        meta={"id": path.stem, **meta},
        tables={name: tables[name] for name in TABLES if name in tables},
        problems=tuple(problems),
        remarks=tuple(remarks),
    )


def _other_sheet(sheet: Sheet, tables: Mapping[str, RawTable]) -> list[Problem]:
    title, name = sheet.name, sheet.name.strip().lower()
    if name in tables:
        what = f"two sheets are the table {name}"
        return [Problem(file=title, what=what, fix="rename or delete one of them")]
    near = misspelt(title, TABLES)
    if near is not None and not holds_marks(sheet):  # a wide table may well be called Coding
        return [Problem(file=title, what=f"no table is called '{title}'", fix=f"rename the sheet to {near}")]
    return []


def _read_table(table: str, sheet: Sheet, remarks: list[str]) -> tuple[RawTable | None, list[Problem]]:
    if not sheet.rows:
        fix = f"write the columns' names into row 1, such as {', '.join(TABLES[table].required)}"
        return None, [Problem(file=sheet.name, row=1, what="the sheet is empty", fix=fix)]
    place = _find_header(table, sheet)
    if place:
        number = sheet.numbers[place]
        remarks.append(f"The columns' names of the sheet '{sheet.name}' stand in row {number}; above is no table.")
    rows, numbers = sheet.rows[place:], sheet.numbers[place:]
    names = [name or "" for name in rows[0]]
    width = max(map(len, rows))
    names += [""] * (width - len(names))
    frame = pd.DataFrame(
        {place: _column(table, name, rows[1:], place) for place, name in enumerate(names)},
        index=pd.RangeIndex(len(rows) - 1),
    )
    below = np.array(numbers[1:], dtype=int)
    raw, problems = make_table(file=sheet.name, names=names, frame=frame, rows=below, header=numbers[0])
    own = [at for at, name in enumerate(names) if name.strip() and TABLES[table].column(name.strip()) is None]
    return raw, [*problems, *find_oddities(sheet, names, header=numbers[0], dates=own)]


def _find_header(table: str, sheet: Sheet) -> int:
    """The place of the row with the columns' names: of the first ones, that which holds most names of columns."""
    known = {column.name for column in TABLES[table].columns}
    found = [sum((cell or "").strip() in known for cell in row) for row in sheet.rows[:_LOOKED_AT]]
    return found.index(max(found))


def _column(table: str, name: str, rows: Sequence[Sequence[str | None]], place: int) -> pd.Series:
    cells = [row[place] if place < len(row) else None for row in rows]
    text = text_of(pd.Series(cells, dtype=object))
    return to_categories(text) if is_coded(table, name.strip()) else text
