"""An ``.xlsx`` comes in and a package goes out, with every problem of its cells.

One sheet is one table, named after it; the sheet ``study`` holds the metadata as rows of key and value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ..errors import Problem
from ..package import Package, RawTable
from ..schema import TABLES
from .cells import text_of
from .descriptor import tidy_meta
from .naming import misspelt
from .rawtables import is_coded, make_table, to_categories
from .spreadsheet import Oddity, Sheet, SpreadsheetError, cell_name, read_sheets

__all__ = ["LISTS", "META", "find_oddities", "meta_cells", "read_workbook"]

META: Final = "study"
LISTS: Final = "policygap lists"
"""The hidden sheet that policygap writes for drop-down lists."""

_LOOKED_AT: Final = 30  # rows among which the one with the columns' names is looked for, below titles


def read_workbook(path: Path) -> Package:
    """Read a study's raw tables from an Excel workbook.

    Parameters
    ----------
    path
        The ``.xlsx``. Sheets are matched to tables by name, whatever the case.

    Returns
    -------
    Package
        The tables as text, with the problems and remarks met on the way.
    """
    meta: dict[str, Any] = {}
    tables: dict[str, RawTable] = {}
    problems: list[Problem] = []
    remarks: list[str] = []
    try:
        with path.open("rb") as stream:
            for sheet in read_sheets(stream, typed=META):
                name = sheet.name.strip().lower()
                if name == META:
                    meta, found = _read_meta(sheet)
                elif name == LISTS:
                    found = []
                elif name in TABLES and name not in tables:
                    table, found = _read_table(name, sheet, remarks)
                    tables |= {} if table is None else {name: table}
                else:
                    found = _other_sheet(sheet.name, name, tables, remarks)
                problems.extend(found)
    except SpreadsheetError as error:
        problems.append(Problem(file=path.name, what=error.what, fix=error.fix))
    if not tables and not problems:
        names = ", ".join(TABLES)
        what, fix = "no sheet is a table of a study", f"name the sheets after the tables: {names}"
        problems.append(Problem(file=path.name, what=what, fix=fix))
    return Package(
        name=path.stem,
        meta={"id": path.stem, **meta},
        tables={name: tables[name] for name in TABLES if name in tables},
        problems=tuple(problems),
        remarks=tuple(remarks),
    )


def _other_sheet(title: str, name: str, tables: Mapping[str, RawTable], remarks: list[str]) -> list[Problem]:
    if name in tables:
        what = f"two sheets are the table {name}"
        return [Problem(file=title, what=what, fix="rename or delete one of them")]
    near = misspelt(title, TABLES)
    if near is not None:
        return [Problem(file=title, what=f"no table is called '{title}'", fix=f"rename the sheet to {near}")]
    remarks.append(f"The sheet '{title}' is no table of a study and is not read.")
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


def find_oddities(
    sheet: Sheet, names: Sequence[str] = (), *, header: int = 1, dates: Sequence[int] = ()
) -> Iterator[Problem]:
    """Cells of a sheet that hold no text to read, named by their columns, and those that are merged.

    Parameters
    ----------
    sheet
        The sheet.
    names
        The names of its columns.
    header
        The row that holds them; what is merged or odd above it is a title.
    dates
        The places of columns that may hold dates.
    """
    for area in sheet.merged:
        first, last = (int(number) for number in (re.findall(r"[0-9]+", area) * 2)[:2])
        if last < header:
            continue
        what = f"the cells {area} are merged"
        fix = "unmerge them and fill in every cell (a merged range holds one value only)"
        yield Problem(file=sheet.name, row=first, what=what, fix=fix)
    for odd in sheet.oddities:
        if odd.row < header or (odd.kind == "date" and odd.place in dates):
            continue
        name = names[odd.place].strip() if odd.place < len(names) else ""
        what, fix = _say(odd)
        yield Problem(file=sheet.name, row=odd.row, column=name or cell_name(odd.place), what=what, fix=fix)


def _say(odd: Oddity) -> tuple[str, str]:
    if odd.kind == "date":
        return "Excel holds a date here", "format the column as text and type the cell again"
    if odd.kind == "error":
        return f"the cell shows the error {odd.detail}", "correct the formula, or type the value"
    return "the formula has no stored value", "open the workbook in Excel and save it, or type the value"


def _read_meta(sheet: Sheet) -> tuple[dict[str, Any], list[Problem]]:
    """Metadata from rows of key and value; a first row 'key, value' is a header."""
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
