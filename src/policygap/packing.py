"""Batches of coded rows come in; distinct units and exact sums of weights by cell go out, held in a few bytes a row.

What is read once need not be read again: of each row only its unit and its cell are kept, as one whole number. To make
it short, units are laid out in ranges of the same width, and counted from the first of their range.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Final

import numpy as np
from attrs import frozen

from .errors import Problem, UsageError
from .exact import LARGEST, SMALLEST
from .tallies import Cells, Counter, Unusable, clean_weights, find_unusable

__all__ = ["CHANGED", "Batch", "Plan", "tally_batches"]

Array = np.ndarray[Any, Any]
Batch = Sequence[Array]
"""Columns: positions of the ids of rows and of columns, units, and perhaps weights."""

CHANGED: Final = Problem(
    file="frame", what="it holds other rows than a moment ago", fix="give a frame that stays the same"
)

_RANGES: Final = 256
_KEY: Final = 63  # binary digits of the longest number, so that the end of the last range has room too


@frozen(kw_only=True)
class Plan:
    """How rows are packed.

    Attributes
    ----------
    axes
        The ids of rows and of columns, by position.
    units
        All units there may be.
    rows
        How many rows there are.
    weighted
        Whether they have weights.
    """

    axes: tuple[Sequence[Any], Sequence[Any]]
    units: range
    rows: int
    weighted: bool

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.axes[0]) * len(self.axes[1])

    @property
    def digits(self) -> int:
        """How many binary digits the number of a cell has."""
        return max(self.cells - 1, 1).bit_length()

    @property
    def width(self) -> int:
        """How many units a range has."""
        return -(-len(self.units) // _RANGES)

    @property
    def dtype(self) -> type[np.unsignedinteger[Any]]:
        """The numbers that are kept."""
        return np.uint32 if self.width << self.digits <= 1 << 32 else np.uint64

    @property
    def room(self) -> int | None:
        """How many bytes are kept; ``None`` where units lie too far apart."""
        if len(self.units).bit_length() + self.digits > _KEY:
            return None
        return self.rows * np.dtype(self.dtype).itemsize + self.weighted * 8 * len(self.units)


def tally_batches(batches: Iterable[Batch], plan: Plan) -> Cells | Unusable | None:
    """Count distinct units, or sum their weights, where two columns meet.

    Parameters
    ----------
    batches
        Rows without gaps, some at a time, in any order.
    plan
        How they are packed.

    Returns
    -------
    Cells or Unusable or None
        A figure for each pair of ids that meet; or what is wrong with the weights; ``None`` where a unit has several.

    Examples
    --------
    >>> plan = Plan(axes=(["a", "b"], ["X"]), units=range(7, 9), rows=6, weighted=True)
    >>> batch = (np.array([0, 0, 1]), np.array([0, 0, 0]), np.array([7, 7, 8]), np.array([0.5, 0.5, 2.0]))
    >>> tally_batches([batch, batch], plan)
    {('a', 'X'): Fraction(1, 2), ('b', 'X'): Fraction(2, 1)}
    """
    ranges: list[list[Array]] = [[] for _ in range(_RANGES)]
    weights = _Weights(len(plan.units)) if plan.weighted else None
    if not _take_in(batches, plan, ranges, weights):
        return None
    if weights and weights.wrong != Unusable():
        return weights.wrong
    counter = Counter(cells=plan.cells, limits=weights.limits if weights else (0.0, 0.0), rows=plan.rows)
    for place, parts in enumerate(ranges):
        if parts:
            keys = np.concatenate(parts)
            parts.clear()
            keys.sort()
            first = place * plan.width
            counter.add_sorted(keys, weights.own[first : first + plan.width] if weights else None)
    return counter.cells_of(*plan.axes, weighted=plan.weighted)


def _take_in(batches: Iterable[Batch], plan: Plan, ranges: list[list[Array]], weights: _Weights | None) -> bool:
    """Keep what is needed of all batches; whether each unit has one weight."""
    noted: list[Future[bool]] = []
    with ThreadPoolExecutor(1) as helper:  # which notes the weights of one batch while the next is read and packed
        for row, column, unit, *weight in batches:
            who = unit.astype(np.int64) - plan.units.start
            if noted and not noted.pop().result():
                return False
            if weights:
                noted.append(helper.submit(weights.note, who, *weight))
            _pack(row, column, who, plan, ranges)
        return not noted or noted.pop().result()


def _pack(row: Array, column: Array, who: Array, plan: Plan, ranges: list[list[Array]]) -> None:
    """Lay the keys of a batch out by range."""
    keys = who.view(np.uint64) << np.uint64(plan.digits)
    keys |= row.astype(np.uint32) * np.uint32(len(plan.axes[1])) + column.astype(np.uint32)
    keys.sort()
    size = plan.width << plan.digits
    edges = np.searchsorted(keys, np.arange(_RANGES + 1, dtype=np.uint64) * np.uint64(size)).tolist()
    if edges[-1] < len(keys):
        raise UsageError([CHANGED])
    for place, (first, end) in enumerate(pairwise(edges)):
        if first < end:
            ranges[place].append((keys[first:end] - np.uint64(place * size)).astype(plan.dtype))


class _Weights:
    """The weight of each unit, as batches come; NaN where it has not come yet."""

    def __init__(self, units: int) -> None:
        self.own = np.full(units, np.nan)
        self.limits = (np.inf, 0.0)
        self.wrong = Unusable()

    def note(self, who: Array, weights: Array) -> bool:
        """Take the weights of a batch; whether each unit still has one weight."""
        weights, (least, largest) = clean_weights(weights)
        if least < SMALLEST or largest > LARGEST:
            self.wrong += find_unusable(weights)
        self.limits = (min(self.limits[0], least), max(self.limits[1], largest))
        known = self.own.take(who)
        new = np.flatnonzero(np.isnan(known))
        self.own[who[new]] = weights[new]
        known[new] = self.own[who[new]]
        return np.array_equal(known, weights)
