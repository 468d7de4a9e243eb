"""The bytes of an ``.xlsx`` come in; its sheets as rows of text, with all that is odd about them, go out."""

from __future__ import annotations

import datetime
import importlib
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError

from attrs import define, field, frozen

from ..errors import missing_extra
from .cells import cell_text, unix_lines
from .limits import Limits
from .officefile import SpreadsheetError, check_workbook

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["MOST_COLUMNS", "Oddity", "Sheet", "SpreadsheetError", "cell_name", "read_sheets", "read_values", "unescape"]

MOST_COLUMNS: Final = 16_384
_MOST_ROWS: Final = 1_048_576
_ESCAPE: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_DAMAGED: Final = (  # what openpyxl and zipfile raise on damaged files; NotImplementedError: an unknown compression
    zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, OSError,
    RuntimeError, zlib.error, NotImplementedError, RecursionError,
)  # fmt: skip


@frozen(kw_only=True)
class Oddity:
    """A cell without text to read: an ``error`` (``detail`` is its code), a ``formula`` without a value, a ``date``.

    Of a date, what stands in the rows is the day or time as ISO 8601 writes it, and not what was typed.
    """

    row: int
    place: int
    kind: str
    detail: str = ""


@define(kw_only=True)
class Sheet:
    """One sheet: its rows that hold anything, as text, with their numbers, and what is odd about it.

    ``typed`` holds the places (row, column from 0) of numbers and booleans, where they were asked for.
    """

    name: str
    rows: list[list[str | None]] = field(factory=list)
    numbers: list[int] = field(factory=list)
    merged: list[str] = field(factory=list)
    oddities: list[Oddity] = field(factory=list)
    typed: set[tuple[int, int]] = field(factory=set)


def unescape(text: str) -> str:
    """Text from a workbook's table of texts, where ``_x000D_`` stands for the character of that number.

    Examples
    --------
    >>> unescape("_x005F_x0041_ and _x0041_")
    '_x0041_ and A'
    """
    return _ESCAPE.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    number = int(found.group(1), 16)
    # Half a surrogate pair is no character: leave what was written.
    return found.group() if 0xD800 <= number <= 0xDFFF else chr(number)  # noqa: PLR2004  # Unicode's surrogates


def cell_name(place: int) -> str:
    """The letters of a column counted from 0.

    Examples
    --------
    >>> cell_name(0), cell_name(27)
    ('A', 'AB')
    """
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def read_sheets(stream: IO[bytes], *, typed: str = "", limits: Limits | None = None) -> Iterator[Sheet]:
    """Read a workbook sheet by sheet.

    Parameters
    ----------
    stream
        The open file.
    typed
        The sheet whose numbers and booleans are told apart from text.
    limits
        How much of it is read.

    Raises
    ------
    SpreadsheetError
        The file is no workbook, encrypted, damaged, or far too large.
    UsageError
        The extra ``excel`` is not installed.
    """
    _require()
    check_workbook(stream, limits or Limits())
    try:
        with warnings.catch_warnings():
            # The library warns of what it leaves out, such as drop-down lists: none of that is a table's text.
            warnings.simplefilter("ignore")
            formulas = _load(stream, values=False)
            sheets = list(formulas.wb.worksheets)
            values = (_load(stream, values=True) if any(map(_has_formulas, sheets)) else formulas).wb
            for sheet in sheets:
                found = _read_sheet(sheet, values[sheet.title], formulas.merged[sheet.title])
                if found.name.strip().lower() == typed:
                    cells = _cells(values[sheet.title]).values()
                    found.typed = {(cell.row, cell.column - 1) for cell in cells if cell.data_type in ("n", "b")}
                yield found
    except _DAMAGED as error:
        raise SpreadsheetError(f"the workbook is damaged ({error})", "open it in Excel and save it again") from error


def read_values(stream: IO[bytes], *, most_cells: int = 20_000_000) -> Iterator[tuple[str, int, list[str | None]]]:
    """Read what a workbook's cells show, row by row, without holding it all.

    Parameters
    ----------
    stream
        The open file.
    most_cells
        After how many cells, empty ones before a filled one included, to give up.

    Yields
    ------
    tuple
        Sheet, row number and cells of each row that holds anything.

    Raises
    ------
    SpreadsheetError
        The file is no workbook, encrypted, damaged, or far too large.
    UsageError
        The extra ``excel`` is not installed.
    """
    _require()
    check_workbook(stream, Limits())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as above
            workbook: Any = _load(stream, values=True, streaming=True).wb
            count = 0
            for sheet in workbook.worksheets:
                sheet.reset_dimensions()  # what a sheet says of its size need not be so
                for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                    count += len(row)
                    if number > _MOST_ROWS or count > most_cells:
                        raise SpreadsheetError("the workbook is far too large", "save its filled cells as a CSV file")
                    cells = [cell_text(value) for value in row]
                    if any(cells):
                        yield sheet.title, number, cells
    except _DAMAGED as error:
        raise SpreadsheetError(f"the workbook is damaged ({error})", "open it in Excel and save it again") from error


def _require() -> None:
    try:
        importlib.import_module("openpyxl")
    except ImportError as error:
        raise missing_extra("reading Excel workbooks", "excel") from error


def _load(stream: IO[bytes], *, values: bool, streaming: bool = False) -> Any:
    """A reader with the workbook: the stored values of its formulas, or the formulas themselves; and what is merged."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.worksheet._reader import WorksheetReader

    class Reader(ExcelReader):
        """The library's reader, but for two things.

        Escapes in the table of texts it leaves in or takes away half. And of sheets, cells alone are made, since it
        makes one for each place of a merged range or a link's, and a few bytes may name all seventeen billion.
        """

        merged: dict[str, list[str]]

        def read_strings(self) -> None:
            part = self.package.find("application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml")
            if part is not None:
                with self.archive.open(part.PartName[1:]) as table:
                    self.shared_strings = _read_texts(table)

        def read_worksheets(self) -> None:
            if self.read_only:
                return super().read_worksheets()
            self.merged = {}
            for sheet, link in self.parser.find_sheets():
                if link.target in self.valid_files and "chartsheet" not in link.Type:
                    made = self.wb.create_sheet(sheet.name)
                    with self.archive.open(link.target) as part:
                        found = WorksheetReader(made, part, self.shared_strings, self.data_only, self.rich_text)
                        found.bind_cells()
                    ranges = found.parser.merged_cells
                    self.merged[made.title] = [one.ref for one in ranges.mergeCell] if ranges else []
            return None

    reader = Reader(stream, read_only=streaming, data_only=values)
    reader.read()
    return reader


def _read_texts(table: IO[bytes]) -> list[str]:
    from openpyxl.cell.text import Text
    from openpyxl.xml.functions import iterparse

    texts: list[str] = []
    for _, node in iterparse(table):
        if node.tag.endswith("}si"):
            text: Any = Text.from_tree(node)
            texts.append(unescape(text.content))
            node.clear()
    return texts


def _cells(sheet: Worksheet) -> dict[tuple[int, int], Any]:
    """The cells that are in the file, by row and column.

    The library's own loops go through the whole rectangle: one stray cell in the last row would mean a million rows.
    """
    return sheet._cells  # pyright: ignore[reportPrivateUsage]  # there is no public way to them


def _has_formulas(sheet: Worksheet) -> bool:
    return any(cell.data_type == "f" for cell in _cells(sheet).values())


def _read_sheet(formulas: Worksheet, values: Worksheet, merged: Sequence[str]) -> Sheet:
    sheet = Sheet(name=formulas.title, merged=sorted(merged))
    given = _cells(values)
    rows: dict[int, dict[int, str]] = {}
    for (row, column), cell in sorted(_cells(formulas).items()):
        if column > MOST_COLUMNS:
            raise ValueError(f"there is no column {column}")
        content = _read_cell(sheet, cell, given[row, column])
        if content:
            rows.setdefault(row, {})[column] = content
    for row, cells in rows.items():
        sheet.numbers.append(row)
        sheet.rows.append([cells.get(column) for column in range(1, max(cells) + 1)])
    return sheet


def _read_cell(sheet: Sheet, asked: Any, given: Any) -> str | None:
    place = {"row": asked.row, "place": asked.column - 1}
    if asked.data_type == "f" and given.value is None and given.data_type == "n":
        sheet.oddities.append(Oddity(kind="formula", **place))
    elif given.data_type == "e":
        sheet.oddities.append(Oddity(kind="error", detail=str(given.value), **place))
    elif isinstance(given.value, datetime.date | datetime.time | datetime.timedelta):
        sheet.oddities.append(Oddity(kind="date", **place))
        return cell_text(given.value)
    elif isinstance(given.value, str):
        return unix_lines(given.value)
    else:
        return cell_text(given.value)
    return None
