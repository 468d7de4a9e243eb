"""A sheet comes in; a problem for each cell that holds no text to read, or is merged, goes out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..errors import Problem
from .spreadsheet import Oddity, Sheet, cell_name

__all__ = ["find_oddities"]


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
        The row that holds them; what is merged or odd above it is a title, or a name that reaches into it.
    dates
        The places of columns that may hold dates.
    """
    for area in sheet.merged:
        first, last = (int(number) for number in (re.findall(r"[0-9]+", area) * 2)[:2])
        if last < header or first < last == header:
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
