"""What Excel can hold is said here, and cells of any kind go out as it holds them."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape as escape_xml

import numpy as np

from ..errors import missing_extra

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

__all__ = ["CREATED", "LARGEST_NUMBER", "MOST_CHARACTERS", "MOST_ROWS", "require_excel", "utf16_length", "write_row"]

MOST_CHARACTERS: Final = 32_767
MOST_ROWS: Final = 1_048_576
LARGEST_NUMBER: Final = 2**53
# Excel writes the time of writing into each file; two writes of the same content must be the same bytes.
CREATED: Final = datetime.datetime(2000, 1, 1)  # without a time zone, as the format wants it
_NEEDS_CARE: Final = re.compile(r"_x[0-9A-Fa-f]{4}_|^<r>")
_MUST_ESCAPE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


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


class _Exact(float):
    """A number that is written with all its digits; the library would round to 16 of the 17 that some need."""

    def __format__(self, _: str) -> str:
        return repr(float(self))


def write_row(sheet: Worksheet, row: int, cells: Sequence[Any], style: Any = None, *, first: int = 0) -> None:
    """Write cells of a row so that they read back as they were: text as text, numbers with all their digits."""
    for place, cell in enumerate(cells, start=first):
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
