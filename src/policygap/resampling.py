"""Tallies of units come in; sums over resampled units, the same for a seed on every machine, go out.

Units are drawn with replacement within strata (Rao and Wu 1988, doi:10.1080/01621459.1988.10478591, with as many draws
as units). Sums are taken block by block, so that memory does not grow with units times replicates, and in whole numbers
below 2**53 held as floats: whatever the order in which a machine's matrix product adds, no digit is ever rounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from attrs import field, frozen

__all__ = ["Sums", "draw_sums", "leave_out_each", "make_sums"]

Array = np.ndarray[Any, Any]

_BLOCK = 4_096  # units that share a random stream
_CELLS = 1 << 20  # draws held at a time
_EXACT = 52  # bits of a whole number that a float holds, less one to be safe


@frozen(kw_only=True, eq=False)
class Sums:
    """What each resampling unit adds to each of some sums, in whole numbers, units of one stratum side by side.

    Attributes
    ----------
    starts
        Where each unit's cells start, and where the last one's end.
    column, value
        The cells: which sum, and how much of ``1 / scale``.
    columns
        How many sums there are.
    scale
        What a sum of values is divided by to be in the figures' own numbers.
    strata
        The size of each stratum, in order.
    """

    starts: Array
    column: Array
    value: Array
    columns: int
    scale: float
    strata: tuple[int, ...] = field(converter=tuple)

    @property
    def total(self) -> Array:
        """The sums over all units as they are."""
        return np.bincount(self.column, weights=self.value, minlength=self.columns)

    def block(self, start: int, stop: int) -> Array:
        """The cells of some units as a dense array, units by sums."""
        dense = np.zeros((stop - start, self.columns))
        cells = slice(self.starts[start], self.starts[stop])
        lengths = np.diff(self.starts[start : stop + 1])
        dense[np.repeat(np.arange(stop - start), lengths), self.column[cells]] = self.value[cells]
        return dense


def make_sums(unit: Array, column: Array, value: Array, *, columns: int, strata: Array) -> Sums:
    """Bring cells into the form that is summed.

    Parameters
    ----------
    unit, column, value
        Cells, in any order: position of the resampling unit, of the sum, and a number of 0 or more. Several cells of
        one place are added.
    columns
        How many sums there are.
    strata
        For each resampling unit the number of its stratum, from 0.

    Examples
    --------
    >>> cells = np.array([0, 1, 1]), np.array([0, 0, 1]), np.array([1.0, 1.0, 0.5])
    >>> sums = make_sums(*cells, columns=2, strata=np.array([0, 0]))
    >>> (sums.total / sums.scale).tolist()
    [2.0, 0.5]
    """
    order = np.argsort(strata, kind="stable")
    place = np.empty(len(strata), dtype=np.int64)
    place[order] = np.arange(len(strata))
    packed, where = np.unique(place[unit] * columns + column, return_inverse=True)
    added = np.bincount(where, weights=value, minlength=len(packed))
    most = float(added.max(initial=0)) * max(len(strata), 1)
    scale = 2.0 ** (_EXACT - int(np.frexp(most)[1])) if most > 0 else 1.0
    return Sums(
        starts=np.searchsorted(packed // columns, np.arange(len(strata) + 1)),
        column=(packed % columns).astype(np.int32),
        value=np.rint(added * scale),
        columns=columns,
        scale=scale,
        strata=np.bincount(strata).tolist() if len(strata) else (),
    )


def draw_sums(sums: Sums, n: int, seed: int) -> Array:
    """Draw each stratum's units anew, as many as there are, and add up what they carry.

    Parameters
    ----------
    sums
        What each unit adds.
    n
        How many times.
    seed
        A whole number of 0 or more. Every block of units has a random stream of its own, numbered by its place.

    Returns
    -------
    numpy.ndarray
        n x columns, in the sums' whole numbers.

    Examples
    --------
    >>> sums = make_sums(np.arange(4), np.zeros(4, dtype=int), np.ones(4), columns=1, strata=np.zeros(4, dtype=int))
    >>> set((draw_sums(sums, 5, seed=1) / sums.scale).ravel().tolist())
    {4.0}
    """
    drawn = np.zeros((n, sums.columns))
    for number, (start, stop, counts) in enumerate(_blocks(sums, n, seed)):
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, number)))
        size, dense = stop - start, sums.block(start, stop)
        step = max(1, _CELLS // size)
        for first in range(0, n, step):
            part = counts[first : first + step]
            which = stream.integers(0, size, size=int(part.sum()), dtype=np.uint16)
            times = np.bincount(np.repeat(np.arange(len(part)) * size, part) + which, minlength=len(part) * size)
            drawn[first : first + step] += times.reshape(len(part), size).astype(float) @ dense
    return drawn


def _blocks(sums: Sums, n: int, seed: int) -> Iterator[tuple[int, int, Array]]:
    """Each block of units of one stratum, and how many of the stratum's draws fall in it in each replicate."""
    start = 0
    for number, size in enumerate(sums.strata):
        edges = [*range(start, start + size, _BLOCK), start + size]
        widths = np.diff(edges)
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, number)))
        left, rest = np.full(n, size, dtype=np.int64), size
        for first, last, width in zip(edges, edges[1:], widths, strict=False):
            counts = left if width == rest else stream.binomial(left, width / rest)
            yield int(first), int(last), counts
            left, rest = left - counts, rest - int(width)
        start += size


def leave_out_each(sums: Sums) -> Iterator[Array]:
    """The sums with each unit left out in turn: units x columns, a block at a time, in the sums' whole numbers."""
    total, units = sums.total, len(sums.starts) - 1
    for start in range(0, units, _BLOCK):
        yield total - sums.block(start, min(start + _BLOCK, units))
