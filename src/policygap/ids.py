"""Columns of ids, in memory or on the disk, come in; the rows in which the ids of one stand in the other go out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from .arrow import load_pyarrow
from .disk import DiskText, DiskTextDtype

__all__ = ["are_distinct", "are_tidy", "find_rows", "name_rows", "refer"]

Array = np.ndarray[Any, Any]

_KNOWN: Final = 1 << 20  # ids that are looked up in together, at the least: some 200 MB while they are
_ROUNDS: Final = 8  # how often all cells are looked up at the most
_ASKED: Final = 1 << 21  # ids that are looked up together
_NOT_IN_IDS: Final = r"[;\x00-\x1f\x7f-\x{9f}\x{2028}\x{2029}]"


def find_rows(cells: pd.Series, known: pd.Series) -> Array:
    """For each cell the position of the row that has its id, the first one where several have.

    Where one of the columns is on the disk it is a join in Arrow: some ids are held in memory, all cells are looked up
    among them, and then come the next.

    Parameters
    ----------
    cells
        Ids, in memory or on the disk.
    known
        Ids of rows.

    Returns
    -------
    numpy.ndarray
        Whole numbers; -1 where the cell is missing or no row has its id.

    Examples
    --------
    >>> find_rows(pd.Series(["b", None, "x", "a"]), pd.Series(["a", "b"])).tolist()
    [1, -1, -1, 0]
    """
    if isinstance(cells.dtype, pd.CategoricalDtype):
        places = find_rows(pd.Series(cells.cat.categories), known)
        return np.append(places, places.dtype.type(-1))[cells.cat.codes.to_numpy()]
    if isinstance(cells.dtype, DiskTextDtype) and cells.dtype == known.dtype and cells.dtype.ids_of:
        return _match_rows(cells.array, known.array)
    if isinstance(cells.dtype, DiskTextDtype) or isinstance(known.dtype, DiskTextDtype):
        return _join(cells, known)
    ids = known.reset_index(drop=True).dropna().astype(object)
    ids = ids[~ids.duplicated()]
    places = np.append(ids.index.to_numpy(), -1)[pd.Index(ids).get_indexer(pd.Index(cells.astype(object)))]
    return np.where(cells.isna(), -1, places)


def are_tidy(ids: DiskText) -> bool:
    """Whether no id has blanks around it or characters that ids can't have; missing ones are no fault here."""
    pc = load_pyarrow("Parquet").compute
    for block in ids.blocks():
        wrong = pc.match_substring_regex(block, _NOT_IN_IDS)
        trimmed = pc.equal(pc.utf8_trim_whitespace(block), block)
        if pc.any(wrong).as_py() or pc.any(pc.invert(trimmed)).as_py():
            return False
    return True


def are_distinct(ids: DiskText) -> bool:
    """Whether no id stands in two rows."""
    cells = pd.Series(ids)
    there = ~ids.isna()
    return bool((_join(cells, cells)[there] == np.flatnonzero(there)).all())


def refer(cells: pd.Series, known: pd.Series) -> pd.Series:
    """Ids on the disk as numbers of the rows that they name; the same column where it is in memory, or one is unknown.

    Parameters
    ----------
    cells
        References to rows of another table.
    known
        The ids of these rows.
    """
    if not isinstance(cells.dtype, DiskTextDtype):
        return cells
    places = find_rows(cells, known)
    if (places[cells.notna().to_numpy()] < 0).any():
        return cells
    return pd.Series(known.array.take(places, allow_fill=True), index=cells.index, name=cells.name, copy=False)


def name_rows(ids: pd.Series, rows: Array) -> Array:
    """The ids of some rows, as Python texts; ``nan`` where a row's number is -1.

    Examples
    --------
    >>> name_rows(pd.Series(["a", "b"]), np.array([1, -1])).tolist()
    ['b', nan]
    """
    return np.asarray(ids.array.take(rows, allow_fill=True), dtype=object)


def _match_rows(cells: DiskText, known: DiskText) -> Array:
    """Where two columns are rows of the same ids, their numbers are all that is looked at."""
    places = np.full(len(known.table.rows) + 1, -1, dtype=np.int32)  # the last is what a missing cell's -1 reads
    rows = known.rows
    places[rows[::-1]] = np.arange(len(rows) - 1, -1, -1)
    places[-1] = -1
    return places[cells.rows]


def _join(cells: pd.Series, known: pd.Series) -> Array:
    pa = load_pyarrow("Parquet")
    places = np.full(len(cells), -1, dtype=np.int32)
    first = 0
    for ids in _blocks(known, max(_KNOWN, -(-len(known) // _ROUNDS))):
        at, among = 0, ids.combine_chunks()
        for asked in _blocks(cells, _ASKED):
            here = places[at : at + len(asked)]
            open_ones = here < 0
            if open_ones.any():
                rest = asked.filter(pa.array(open_ones))
                found = pa.compute.index_in(rest, value_set=among, skip_nulls=True)
                found = found.combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
                here[open_ones] = np.where(found >= 0, found + first, -1)
            at += len(asked)
        first += len(ids)
        pa.default_memory_pool().release_unused()
    return places


def _blocks(cells: pd.Series, size: int) -> Iterator[Any]:
    """A column as Arrow text, about so many cells at a time."""
    pa = load_pyarrow("Parquet")
    kind = pa.large_string()
    whole = isinstance(cells.dtype, DiskTextDtype)
    waiting: list[Any] = []
    for part in cells.array.blocks() if whole else [pa.array(cells.astype("str"), kind, from_pandas=True)]:
        waiting.append(part)
        if sum(map(len, waiting)) >= size:
            yield pa.chunked_array(waiting, kind)
            waiting = []
    if waiting:
        yield pa.chunked_array(waiting, kind)
