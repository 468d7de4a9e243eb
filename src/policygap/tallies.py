"""Columns of codes come in; distinct units and exact sums of weights in each cell go out, with no object for a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import evolve, frozen

from .errors import Problem, UsageError
from .exact import LARGEST, SMALLEST, combine_sums, lay_grids

__all__ = [
    "Cells",
    "Coded",
    "Counter",
    "Unusable",
    "check_size",
    "clean_weights",
    "code_whole_numbers",
    "find_unusable",
    "mark_missing",
    "tally",
]

Array = np.ndarray[Any, Any]
Cells = dict[tuple[Any, Any], int | Fraction]

MOST_CELLS: Final = 1 << 27  # a gigabyte of figures
_BLOCK: Final = 1 << 14  # rows at a time, so that what is made of them stays in the processor's cache
_DOUBLE: Final = 53  # binary digits of a double
_LONG: Final = 62  # and of a whole number of 64 bits, with one to spare
_DENSE: Final = 1 << 16  # so far apart may whole numbers be, and so many cells be held, without a look at which occur


@frozen(kw_only=True, eq=False)
class Coded:
    """A column as small whole numbers.

    Attributes
    ----------
    codes
        For each row the position of its id, at least 0 unless ``gaps``; below 0 where the id is missing.
    ids
        The ids by position; a range where ids are whole numbers close to each other.
    gaps
        Whether ids may be missing.
    """

    codes: Array
    ids: Any
    gaps: bool = True


@frozen(kw_only=True)
class Unusable:
    """How many weights are below 0, too large (infinite ones too), and too small to be told from 0."""

    negative: int = 0
    large: int = 0
    small: int = 0

    def __add__(self, other: Unusable) -> Unusable:
        return Unusable(
            negative=self.negative + other.negative, large=self.large + other.large, small=self.small + other.small
        )


def code_whole_numbers(values: Array, missing: Array | None = None) -> Coded:
    """Code a column of whole numbers by their distance from the least, unless they lie too far apart.

    Examples
    --------
    >>> coded = code_whole_numbers(np.array([-10, -12, -10]))
    >>> coded.codes, coded.ids
    (array([2, 0, 2]), range(-12, -9))
    """
    present = values if missing is None else values[~missing]
    if not len(present):
        return Coded(codes=np.full(len(values), -1), ids=())
    least, most = int(present.min()), int(present.max())
    if most - least >= max(4 * len(values), _DENSE) or (values.dtype.itemsize == 8 and most >= 1 << 63):  # noqa: PLR2004  # bytes, and the end of int64
        codes, ids = pd.factorize(values)
        ids = ids.tolist()
    elif 0 <= least <= _DENSE:
        codes, ids = values, range(most + 1)  # as they are, since a copy takes longer than some empty places
    else:
        codes, ids = values.astype(np.int64) - least, range(least, most + 1)
    if missing is not None:
        codes = mark_missing(codes, missing)
    return Coded(codes=codes, ids=ids, gaps=missing is not None)


def mark_missing(codes: Array, missing: Array) -> Array:
    """Codes with -1 where there is none: in a type that has a -1, since that of an unsigned one is its largest number.

    Examples
    --------
    >>> mark_missing(np.array([0, 1], dtype=np.uint8), np.array([False, True]))
    array([ 0, -1])
    """
    return np.where(missing, -1, codes if codes.dtype.kind == "i" else codes.astype(np.int64))


def find_unusable(weights: Array) -> Unusable:
    """Count the weights that are no weights; missing ones are none of them."""
    return Unusable(
        negative=int((weights < 0).sum()),
        large=int((weights > LARGEST).sum()),
        small=int(((weights > 0) & (weights < SMALLEST)).sum()),
    )


def check_size(rows: int, columns: int) -> None:
    """Refuse a table that would not fit into memory."""
    if rows * columns > MOST_CELLS:
        what = f"a table of {rows} by {columns} cells is too large"
        fix = "name columns with fewer different values for rows and columns"
        raise UsageError([Problem(file="frame", what=what, fix=fix)])


def tally(row: Coded, column: Coded, unit: Coded | None, weights: Array | None) -> Cells | Unusable:
    """Count or weigh what meets in each cell.

    Parameters
    ----------
    row, column
        The two axes.
    unit
        Whose distinct ids count once a cell, with the largest of their weights there; ``None`` counts rows.
    weights
        A weight a row, NaN where it is missing; ``None`` counts.

    Returns
    -------
    Cells or Unusable
        A figure for each pair of ids that meet: a whole number, or the exact sum. Or what is wrong with the weights.

    Examples
    --------
    >>> axis = Coded(codes=np.array([0, 0, 1]), ids=["a", "b"])
    >>> tally(axis, axis, Coded(codes=np.array([7, 7, 7]), ids=range(8)), None)
    {('a', 'a'): 1, ('b', 'b'): 1}
    """
    keys = [row, column] if unit is None else [row, column, unit]
    kept = _kept(keys)
    if kept is not None:
        keys = [evolve(key, codes=key.codes[kept], gaps=False) for key in keys]
        weights = None if weights is None else weights[kept]
    limits = (0.0, 0.0)
    if weights is not None:
        weights, limits = clean_weights(weights)
        if limits[0] < SMALLEST or limits[1] > LARGEST:
            return find_unusable(weights)
    row, column = _narrow(keys[0], keys[1])
    check_size(len(row.ids), len(column.ids))
    counter = Counter(cells=len(row.ids) * len(column.ids), limits=limits, rows=len(row.codes))
    if unit is None:
        counter.add_rows(row, column, weights)
    else:
        counter.add_units(row, column, keys[2], weights)
    return counter.cells_of(row.ids, column.ids, weighted=weights is not None)


def _kept(keys: list[Coded]) -> Array | None:
    """Which rows have all their ids; ``None`` where all rows do."""
    masks = [key.codes >= 0 for key in keys if key.gaps and len(key.codes) and key.codes.min() < 0]
    return np.logical_and.reduce(masks) if masks else None


def clean_weights(weights: Array) -> tuple[Array, tuple[float, float]]:
    """Weights with 0 where one is missing; the smallest above 0 (or the least, where any is below), and the largest."""
    if not len(weights):
        return weights, (1.0, 1.0)
    if np.isnan(weights.min()):
        weights = np.nan_to_num(weights, nan=0.0, posinf=np.inf, neginf=-np.inf)
    least, largest = float(weights.min()), float(weights.max())
    if least == 0:
        least = min((float(part[part > 0].min(initial=np.inf)) for part in _blocks(weights)), default=np.inf)
    return weights, (least, largest) if largest != 0 else (1.0, 1.0)


def _blocks(values: Array, size: int = _BLOCK) -> Iterator[Array]:
    return (values[first : first + size] for first in range(0, len(values), size))


def _narrow(row: Coded, column: Coded) -> tuple[Coded, Coded]:
    """The same axes without ids that no row has, where there are so many that it matters."""
    if len(row.ids) * len(column.ids) <= _DENSE:
        return row, column
    narrowed: list[Coded] = []
    for key in (row, column):
        used = np.flatnonzero(np.bincount(key.codes, minlength=1))
        place = np.zeros(len(key.ids) + 1, dtype=np.int64)
        place[used] = np.arange(len(used))
        narrowed.append(evolve(key, codes=place[key.codes], ids=[key.ids[at] for at in used.tolist()]))
    return narrowed[0], narrowed[1]


class Counter:
    """Counts and sums of parts of weights, cell by cell; the parts are whole numbers, and so add up exactly."""

    def __init__(self, *, cells: int, limits: tuple[float, float], rows: int) -> None:
        self.size = cells
        self.bits = max(cells - 1, 1).bit_length()
        self.counts = np.zeros(cells, dtype=np.int64)
        # What is counted block by block has to be small beside the block.
        self.block = max(min(_BLOCK if cells <= _BLOCK else 4 * cells, rows), 1)
        step = min(_DOUBLE - self.block.bit_length(), _LONG - rows.bit_length())
        self.grids = lay_grids(*limits, step=step) if limits[1] else ()
        self.sums = np.zeros((len(self.grids), cells), dtype=np.int64)

    def split(self, weights: Array) -> Iterator[Array]:
        """The part of each weight on each grid."""
        for grid in self.grids:
            part = np.floor(weights * 2.0**-grid)
            weights = weights - part * 2.0**grid
            yield part

    def add(self, cells: Array, parts: Iterator[Array] | None) -> None:
        """Add entries, each once."""
        self.counts += np.bincount(cells, minlength=self.size)
        for place, part in enumerate(parts or ()):
            self.sums[place] += np.bincount(cells, part, minlength=self.size).astype(np.int64)

    def add_rows(self, row: Coded, column: Coded, weights: Array | None) -> None:
        """Add rows, each of which counts."""
        across = len(column.ids)
        for first in range(0, len(row.codes), self.block):
            block = slice(first, first + self.block)
            cells = row.codes[block].astype(np.intp) * across + column.codes[block].astype(np.intp)
            self.add(cells, None if weights is None else self.split(weights[block]))

    def add_units(self, row: Coded, column: Coded, unit: Coded, weights: Array | None) -> None:
        """Add rows of which those of a unit count once a cell."""
        keys, units = self._pack(row, column, unit)
        own = None if weights is None else _weight_of_each(units, len(unit.ids), weights)
        if weights is not None and own is None:
            order = np.argsort(keys)
            keys, weights = keys[order], weights[order]
            starts = np.flatnonzero(_is_new(keys, None))
            keys, weights = keys[starts], np.maximum.reduceat(weights, starts)
            for first in range(0, len(keys), self.block):
                block = slice(first, first + self.block)
                self.add((keys[block] & self._mask(keys)).astype(np.intp), self.split(weights[block]))
            return
        keys.sort()
        self.add_sorted(keys, own)

    def add_sorted(self, keys: Array, own: Array | None) -> None:
        """Add sorted numbers that name a unit and a cell, the same one once; ``own`` are the weights of units."""
        parts = None if own is None else list(self.split(own))
        last = None
        for block in _blocks(keys, self.block):
            new = block[_is_new(block, last)]
            last = block[-1]
            cells = (new & self._mask(keys)).astype(np.intp)
            if parts is None:
                self.add(cells, None)
            else:
                who = (new >> keys.dtype.type(self.bits)).astype(np.intp)
                self.add(cells, (part.take(who) for part in parts))

    def _mask(self, keys: Array) -> Any:
        return keys.dtype.type((1 << self.bits) - 1)

    def _pack(self, row: Coded, column: Coded, unit: Coded) -> tuple[Array, Array]:
        """Unit and cell of each row as one whole number, as short as it can be; and the units as they were coded."""
        units, many = unit.codes, len(unit.ids)
        dtype = np.uint32 if many << self.bits <= 1 << 32 else np.uint64
        keys = np.empty(len(units), dtype=dtype)
        across = dtype(len(column.ids))
        for first in range(0, len(units), _BLOCK):
            block = slice(first, first + _BLOCK)
            key = units[block].astype(dtype) << dtype(self.bits)
            key |= row.codes[block].astype(dtype) * across + column.codes[block].astype(dtype)
            keys[block] = key
        return keys, units

    def cells_of(self, rows: Sequence[Any], columns: Sequence[Any], *, weighted: bool) -> Cells:
        """A figure for each pair of ids that was added."""
        found = np.flatnonzero(self.counts)
        down, across = np.divmod(found, max(len(columns), 1))
        pairs = [(rows[one], columns[two]) for one, two in zip(down.tolist(), across.tolist(), strict=True)]
        if not weighted:
            return dict(zip(pairs, self.counts[found].tolist(), strict=True))
        sums = self.sums[:, found].T
        return {pair: combine_sums(map(int, parts), self.grids) for pair, parts in zip(pairs, sums, strict=True)}


def _is_new(keys: Array, last: Any) -> Array:
    """Of sorted keys, those that differ from the one before."""
    new = np.empty(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    new[:1] = last is None or keys[:1] != last
    return new


def _weight_of_each(units: Array, many: int, weights: Array) -> Array | None:
    """The weight of each unit; ``None`` where a unit has several."""
    own = np.zeros(many)
    for who, weight in zip(_blocks(units), _blocks(weights), strict=True):
        own[who] = weight
    for who, weight in zip(_blocks(units), _blocks(weights), strict=True):
        if not np.array_equal(own.take(who), weight):
            return None
    return own
