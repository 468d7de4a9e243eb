"""A study's frames come in; a workbook that people like to fill in goes out.

Every table has its sheet and every column its place, with a note on the heading, drop-down lists for words and ids,
and ids formatted as text, so that Excel leaves them as they are typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

import pandas as pd

from ..schema import TABLES, Column, Form, Table
from .cells import text_of
from .excel import CREATED, MOST_ROWS, require_excel, write_row
from .metasheet import META, meta_cells
from .workbook import LISTS

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

__all__ = ["write_workbook"]

_MOST_LISTED: Final = 20_000  # ids of two tables that one drop-down list offers
_ROOM: Final = 500  # rows that such a list has for ids yet to be typed
_WIDTHS: Final = {Form.ID: 16, Form.REF: 16, Form.WORD: 15, Form.TEXT: 26, Form.INTEGER: 10, Form.NUMBER: 11,
                  Form.FLAG: 9}  # fmt: skip
_WIDE: Final = ("text", "definition", "note", "label", "title", "assertion")
_ABOUT: Final = {
    Form.ID: "The id of this row, each once.",
    Form.INTEGER: "A whole number.",
    Form.NUMBER: "A number.",
    Form.FLAG: "TRUE or FALSE.",
}
_HEAD: Final = {"bold": True, "bottom": 1, "valign": "top"}


def write_workbook(stream: IO[bytes], meta: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> None:
    """Write frames that may be written (see :mod:`policygap.io.outgoing`) as a workbook.

    Parameters
    ----------
    stream
        Where the bytes go; the same frames give the same bytes.
    meta, tables
        The metadata and the frames by table.
    """
    library = require_excel()
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    try:
        with library.Workbook(stream, options) as book:
            book.set_properties({"created": CREATED})
            _Writer(book).write(meta, {name: _complete(table, tables.get(name)) for name, table in TABLES.items()})
    except library.exceptions.FileCreateError as error:
        # It wraps the system's error, which says why.
        raise error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error)) from error


def _complete(table: Table, frame: pd.DataFrame | None) -> pd.DataFrame:
    """A frame with every column of its table, in the table's order, and the study's own after them."""
    frame = pd.DataFrame() if frame is None else frame
    names = [column.name for column in table.columns]
    return frame.reindex(columns=[*names, *(name for name in frame.columns if name not in names)])


class _Writer:
    """Writes the sheets of a study's workbook."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._head = book.add_format(_HEAD)
        self._needed = book.add_format({**_HEAD, "bg_color": "#DDE7F0"})
        self._text = book.add_format({"num_format": "@", "valign": "top"})
        self._wrapped = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})

    def write(self, meta: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> None:
        self._write_meta(meta)
        sheets = {name: self._book.add_worksheet(name) for name in tables}
        lists = _Lists(self._book.add_worksheet(LISTS), tables)
        for name, frame in tables.items():
            self._write_table(sheets[name], TABLES[name], frame, lists)
        first = next((name for name, frame in tables.items() if len(frame)), None)
        if first:
            sheets[first].activate()

    def _write_meta(self, meta: Mapping[str, Any]) -> None:
        sheet = self._book.add_worksheet(META)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 60)
        write_row(sheet, 0, ("key", "value"), self._head)
        for row, (key, value) in enumerate(meta_cells(meta).items(), start=1):
            write_row(sheet, row, (key, value))

    def _write_table(self, sheet: Worksheet, table: Table, frame: pd.DataFrame, lists: _Lists) -> None:
        sheet.freeze_panes(1, 1)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for place, name in enumerate(str(name) for name in frame.columns):
            column = table.column(name)
            self._format(sheet, place, name, column)
            write_row(sheet, 0, [name], self._needed if column and column.required else self._head, first=place)
            sheet.write_comment(0, place, _note(table, name, column, first=not place), {"x_scale": 2, "y_scale": 1.2})
            options = lists.validation(column) if column else None
            if options:
                sheet.data_validation(1, place, MOST_ROWS - 1, place, options)
        columns = [_python_cells(frame.iloc[:, place]) for place in range(frame.shape[1])]
        for row, cells in enumerate(zip(*columns, strict=True), start=1):
            write_row(sheet, row, cells)
        sheet.autofilter(0, 0, max(len(frame), 1), frame.shape[1] - 1)

    def _format(self, sheet: Worksheet, place: int, name: str, column: Column | None) -> None:
        form = column.form if column else Form.TEXT
        wide = name.partition("_")[0] in _WIDE
        plain = form in (Form.INTEGER, Form.NUMBER, Form.FLAG)
        style = None if plain else self._wrapped if wide else self._text
        sheet.set_column(place, place, 48 if wide else max(_WIDTHS[form], len(name) + 4), style)


def _note(table: Table, name: str, column: Column | None, *, first: bool) -> str:
    """What is told beside a heading."""
    lines = [f"A row is {table.row}."] if first else []
    if column is None:
        return "\n".join([*lines, "A column of your own. It is kept."])
    lines.append("Must be filled in." if column.required else "May stay empty.")
    if column.form is Form.REF:
        lines.append(f"An id of the sheet {' or '.join(column.refers)}.")
    elif column.form in _ABOUT:
        lines.append(_ABOUT[column.form])
    if column.words:
        lines.append(f"One of: {', '.join(column.words)}.")
    if column.many:
        lines.append("Several are separated by ;")
    if column.varies:
        lines.append(f"In another language: a column such as {name}_nb.")
    return "\n".join([*lines, *([column.note[0].upper() + column.note[1:] + "."] if column.note else [])])


def _python_cells(values: pd.Series) -> list[Any]:
    if not pd.api.types.is_numeric_dtype(values.dtype):  # booleans are numeric to pandas, which suits here
        values = text_of(values)
    cells: list[Any] = values.astype(object).where(values.notna(), None).tolist()
    return cells


class _Lists:
    """The drop-down lists of a workbook. Ids of two sheets stand together on a hidden one, which follows them."""

    def __init__(self, sheet: Any, tables: Mapping[str, pd.DataFrame]) -> None:
        self._sheet = sheet
        self._ids = {name: _python_cells(frame["id"]) for name, frame in tables.items() if "id" in frame}
        self._places: dict[tuple[str, ...], int] = {}
        sheet.hide()

    def validation(self, column: Column) -> dict[str, Any] | None:
        """What Excel is told of a column: which words or ids it holds."""
        if column.many:
            return None
        if column.form is Form.REF:
            source = self._range(column.refers)
            title, message = "No such id", f"No id of the sheet {' or '.join(column.refers)}. Keep it?"
            told = {"error_type": "warning", "error_title": title, "error_message": message}
            return {"validate": "list", "source": source, **told} if source else None
        if column.form is Form.FLAG:
            return {"validate": "list", "source": ["TRUE", "FALSE"]}
        if column.words or column.suggested:
            told = {"error_title": "No such word", "error_message": f"One of: {', '.join(column.words)}"[:255]}
            words = list(column.words or column.suggested)
            return {"validate": "list", "source": words, "show_error": bool(column.words), **told}
        return None

    def _range(self, tables: Sequence[str]) -> str | None:
        if len(tables) == 1:
            return f"=OFFSET({tables[0]}!$A$2,0,0,MAX(1,{_count(tables[0])}),1)"
        if sum(len(self._ids[name]) for name in tables) > _MOST_LISTED:
            return None
        key = tuple(tables)
        if key not in self._places:
            self._places[key] = len(self._places)
            self._write(self._places[key], key)
        letter = chr(ord("A") + self._places[key])
        counts = "+".join(map(_count, key))
        return f"=OFFSET('{LISTS}'!${letter}$2,0,0,MAX(1,{counts}),1)"

    def _write(self, place: int, tables: tuple[str, ...]) -> None:
        """Both sheets' ids one below the other, as formulas that also take what is typed there later."""
        first, second = tables
        ids = [text for name in tables for text in self._ids[name]]
        self._sheet.write_string(0, place, " or ".join(tables))
        for row, text in enumerate([*ids, *[""] * _ROOM], start=1):
            above = f"ROW()-{_count(first)}"
            formula = (
                f"=IF(ROW()-1<={_count(first)},INDEX({first}!$A:$A,ROW()),"
                f'IF({above}-1<={_count(second)},INDEX({second}!$A:$A,{above}),""))'
            )
            self._sheet.write_formula(row, place, formula, None, text)


def _count(table: str) -> str:
    return f"COUNTA({table}!$A$2:$A${MOST_ROWS})"
