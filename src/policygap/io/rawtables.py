"""Column names and cells as a file holds them come in; a raw table with tidy names, and what was wrong, goes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from attrs import frozen

from ..disk import DiskTextDtype
from ..errors import Problem
from ..package import RawTable
from ..schema import TABLES, Form

__all__ = ["BIG", "Reading", "is_coded", "make_table", "to_categories"]

BIG: Final = ("statements", "codings", "links")
"""Tables that may have millions of rows: their ids and words are held as categories."""


@frozen(kw_only=True)
class Reading:
    """One table as it was read, with the problems and remarks met on the way."""

    table: RawTable | None = None
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()


def is_coded(table: str, column: str) -> bool:
    """Whether a column of a big table holds ids or words, one a cell.

    Examples
    --------
    >>> is_coded("codings", "code"), is_coded("codings", "note"), is_coded("themes", "id")
    (True, False, False)
    """
    found = TABLES[table].column(column) if table in BIG else None
    return found is not None and not found.many and found.form in (Form.ID, Form.REF, Form.WORD)


def to_categories(cells: pd.Series) -> pd.Series:
    """Turn text into categories of text, sorted.

    ``read_csv(dtype="category")`` would be shorter, but makes numbers of categories that all look like numbers.

    Examples
    --------
    >>> to_categories(pd.Series(["007", None, "1.0"])).tolist()
    ['007', nan, '1.0']
    """
    codes, distinct = pd.factorize(cells, sort=True, use_na_sentinel=True)
    categories = pd.Index(distinct, dtype="str")
    return pd.Series(pd.Categorical.from_codes(codes, categories=categories), index=cells.index, name=cells.name)


def make_table(
    *, file: str, names: Sequence[str], frame: pd.DataFrame, rows: Any = None, header: int = 1
) -> tuple[RawTable, tuple[Problem, ...]]:
    """Name a frame's columns, leave out blank rows and columns, and report names that can't be.

    Parameters
    ----------
    file
        The file or sheet, for messages.
    names
        The header as it stands in the file.
    frame
        The cells as text or missing, its columns numbered from 0.
    rows
        The row numbers in the file; ``None`` where they follow the header one by one.
    header
        The number of the row with the names.
    """
    problems: list[Problem] = []
    kept: dict[str, int] = {}
    for place, name in enumerate(name.strip() for name in names):
        if not name:
            problems.extend(_unnamed(file, header, place, frame[place]))
        elif name in kept:
            what = f"the name '{name}' stands over two columns ({kept[name] + 1} and {place + 1})"
            problems.append(Problem(file=file, row=header, column=name, what=what, fix="rename or delete one of them"))
        else:
            kept[name] = place
    named = frame[list(kept.values())].set_axis(pd.Index(list(kept), dtype=object), axis=1)
    named, rows = _without_blank_rows(named, rows)
    return RawTable(file=file, frame=named, rows=rows, header=header), tuple(problems)


def _unnamed(file: str, header: int, place: int, cells: pd.Series) -> list[Problem]:
    """A column without a name is a problem if it holds anything; spreadsheets leave empty ones behind."""
    filled = int((~_is_blank(cells)).sum())
    if not filled:
        return []
    what = f"column {place + 1} has no name, but {filled} of its cells are filled"
    return [Problem(file=file, row=header, what=what, fix=f"write a name into row {header}, or empty the column")]


def _is_blank(cells: pd.Series) -> npt.NDArray[np.bool_]:
    """Which cells are missing or hold nothing but blanks, which people leave behind without seeing them."""
    if isinstance(cells.dtype, DiskTextDtype):
        return cells.isna().to_numpy()
    if not isinstance(cells.dtype, pd.CategoricalDtype):
        return (cells.isna() | cells.str.isspace().fillna(value=False)).to_numpy(dtype=bool)
    blank = pd.Series(cells.cat.categories.astype("str")).str.isspace().to_numpy(dtype=bool)
    return np.append(blank, True)[cells.cat.codes.to_numpy()]  # a missing cell reads the last


def _without_blank_rows(frame: pd.DataFrame, rows: Any) -> tuple[pd.DataFrame, Any]:
    blank = np.ones(len(frame), dtype=bool)
    for place in range(frame.shape[1]):
        blank &= _is_blank(frame.iloc[:, place])
        if not blank.any():
            return frame, rows
    numbers = np.arange(2, len(frame) + 2) if rows is None else np.asarray(rows)
    return frame[~blank].reset_index(drop=True), numbers[~blank]
