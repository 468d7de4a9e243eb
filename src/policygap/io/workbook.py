"""An ``.xlsx`` comes in and a package goes out, or the other way round.

One sheet is one table, named after it; the sheet ``study`` holds the metadata as rows of key and value.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape as escape_xml

import numpy as np
import pandas as pd

from ..errors import Problem, missing_extra
from ..package import Package, RawTable
from ..schema import TABLES
from .cells import text_of
from .descriptor import tidy_meta
from .naming import misspelt
from .rawtables import is_coded, make_table, to_categories
from .spreadsheet import Oddity, Sheet, SpreadsheetError, cell_name, read_sheets

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

__all__ = [
    "LARGEST_NUMBER",
    "MOST_CHARACTERS",
    "MOST_ROWS",
    "find_oddities",
    "meta_cells",
    "read_workbook",
    "require_excel",
    "utf16_length",
    "write_workbook",
]

META: Final = "study"
MOST_CHARACTERS: Final = 32_767
MOST_ROWS: Final = 1_048_576
LARGEST_NUMBER: Final = 2**53
_NEEDS_CARE: Final = re.compile(r"_x[0-9A-Fa-f]{4}_|^<r>")
_MUST_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
# Excel writes the time of writing into each file; two writes of one study must be the same bytes.
_CREATED: Final = datetime.datetime(2000, 1, 1)  # without a time zone, as the format wants it


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
                elif name in TABLES and name not in tables:
                    table, found = _read_table(name, sheet)
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


def _read_table(table: str, sheet: Sheet) -> tuple[RawTable | None, list[Problem]]:
    first = sheet.numbers[0] if sheet.numbers else None
    if first != 1:
        what = "the sheet is empty" if first is None else "the first row is empty"
        fix = f"write the columns' names into row 1, such as {', '.join(TABLES[table].required)}"
        return None, [Problem(file=sheet.name, row=1, what=what, fix=fix)]
    names = [name or "" for name in sheet.rows[0]]
    width = max(map(len, sheet.rows))
    names += [""] * (width - len(names))
    frame = pd.DataFrame(
        {place: _column(table, name, sheet.rows[1:], place) for place, name in enumerate(names)},
        index=pd.RangeIndex(len(sheet.rows) - 1),
    )
    raw, problems = make_table(file=sheet.name, names=names, frame=frame, rows=np.array(sheet.numbers[1:], dtype=int))
    return raw, [*problems, *find_oddities(sheet, names)]


def _column(table: str, name: str, rows: Sequence[Sequence[str | None]], place: int) -> pd.Series:
    cells = [row[place] if place < len(row) else None for row in rows]
    text = text_of(pd.Series(cells, dtype=object))
    return to_categories(text) if is_coded(table, name.strip()) else text


def find_oddities(sheet: Sheet, names: Sequence[str] = ()) -> Iterator[Problem]:
    """Cells of a sheet that hold no text to read, named by their columns, and those that are merged."""
    for area in sheet.merged:
        first = int(re.sub(r"\D.*", "", area.lstrip("$ABCDEFGHIJKLMNOPQRSTUVWXYZ")) or 1)
        what = f"the cells {area} are merged"
        fix = "unmerge them and fill in every cell (a merged range holds one value only)"
        yield Problem(file=sheet.name, row=first, what=what, fix=fix)
    for odd in sheet.oddities:
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


def require_excel() -> Any:
    """The library that writes workbooks, or an error that says how to get it."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise missing_extra("writing Excel workbooks", "excel") from error
    return xlsxwriter


def utf16_length(text: str) -> int:
    """The length of a text as Excel counts it.

    Examples
    --------
    >>> utf16_length("a😀")
    3
    """
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def write_workbook(stream: IO[bytes], meta: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> None:
    """Write frames that may be written (see :mod:`policygap.io.outgoing`) as a workbook.

    Parameters
    ----------
    stream
        Where the bytes go.
    meta, tables
        The metadata and the frames by table.
    """
    library = require_excel()
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    try:
        with library.Workbook(stream, options) as workbook:
            workbook.set_properties({"created": _CREATED})
            bold = workbook.add_format({"bold": True})
            _write_meta(workbook.add_worksheet(META), meta_cells(meta), bold)
            for name, frame in tables.items():
                _write_table(workbook.add_worksheet(name), frame, bold)
    except library.exceptions.FileCreateError as error:
        # It wraps the system's error, which says why.
        raise error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error)) from error


def _write_meta(sheet: Worksheet, cells: Mapping[str, Any], bold: Any) -> None:
    _write_row(sheet, 0, ("key", "value"), bold)
    for row, (key, value) in enumerate(cells.items(), start=1):
        _write_row(sheet, row, (key, value))


def _write_table(sheet: Worksheet, frame: pd.DataFrame, bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    _write_row(sheet, 0, list(frame.columns), bold)
    columns = [_python_cells(frame.iloc[:, place]) for place in range(frame.shape[1])]
    for row, cells in enumerate(zip(*columns, strict=True), start=1):
        _write_row(sheet, row, cells)


def _python_cells(values: pd.Series) -> list[Any]:
    if not pd.api.types.is_numeric_dtype(values.dtype):  # booleans are numeric to pandas, which suits here
        values = text_of(values)
    cells: list[Any] = values.astype(object).where(values.notna(), None).tolist()
    return cells


class _Exact(float):
    """A number that is written with all its digits; the library would round to 16 of the 17 that some need."""

    def __format__(self, _: str) -> str:
        return repr(float(self))


def _write_row(sheet: Worksheet, row: int, cells: Sequence[Any], style: Any = None) -> None:
    for place, cell in enumerate(cells):
        if cell is None:
            continue
        if isinstance(cell, (bool, np.bool_)):
            sheet.write_boolean(row, place, bool(cell), style)
        elif isinstance(cell, (int, np.integer)) and abs(cell) >= LARGEST_NUMBER:
            _write_text(sheet, row, place, str(cell), style)  # Excel's numbers would lose the last digits
        elif isinstance(cell, (int, float, np.integer, np.floating)):
            _write_number(sheet, row, place, float(cell), style)
        else:
            _write_text(sheet, row, place, cell, style)


def _write_number(sheet: Worksheet, row: int, place: int, number: float, style: Any) -> None:
    whole = math.isfinite(number) and number == int(number) and abs(number) < LARGEST_NUMBER
    sheet.write_number(row, place, int(number) if whole else _Exact(number), style)


def _write_text(sheet: Worksheet, row: int, place: int, text: str, style: Any) -> None:
    # Lengths were checked before; what is handed over here may be longer than what the cell will hold.
    sheet.xls_strmax = 1 << 30
    sheet.write_string(row, place, _stored(text) if _NEEDS_CARE.search(text) else text, style)


def _stored(text: str) -> str:
    """Text that the library would misunderstand, as a piece of XML that it writes as it is.

    It does not escape ``_x0041_x0042_`` enough, and takes text that begins with ``<r>`` for XML. Underscores are
    written by number so that it escapes nothing here.
    """
    inner = escape_xml(_MUST_ESCAPE.sub("_x005F_", text)).replace("_", "&#95;")
    return f'<r><t xml:space="preserve">{inner}</t></r>'
