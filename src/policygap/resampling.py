"""Tallies of units come in; sums over resampled units, the same for a seed on every machine, go out.

Units are drawn with replacement within strata. Sums are taken block by block, so that memory does not grow with units
times replicates, and in whole numbers below 2**53 held as floats: whatever the order in which a machine's matrix
product adds, no digit is ever rounded.
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


def draw_sums(sums: Sums, n: int, seed: int, spread: Array | None = None) -> Array:
    """Draw each stratum's units anew, many times, and add up what they carry.

    As many units are drawn as there are. With ``spread`` it is one fewer, and the sums are rescaled, so that they vary
    as between samples also where strata are small or a good part of a population was sampled (Rao and Wu 1988,
    doi:10.1080/01621459.1988.10478591, section 2).

    Parameters
    ----------
    sums
        What each unit adds.
    n
        How many times.
    seed
        A whole number of 0 or more. Every block of units has a random stream of its own, numbered by its place.
    spread
        Strata x columns: by what part of its own a stratum's sum varies, the root of 1 less the part of its population
        that was sampled; 1 where that does not matter.

    Returns
    -------
    numpy.ndarray
        n x columns, in units of ``1 / scale``; whole numbers without ``spread``.

    Examples
    --------
    >>> sums = make_sums(np.arange(4), np.zeros(4, dtype=int), np.ones(4), columns=1, strata=np.zeros(4, dtype=int))
    >>> set((draw_sums(sums, 5, seed=1) / sums.scale).ravel().tolist())
    {4.0}
    """
    drawn = np.zeros((n, sums.columns))
    block = start = 0
    for number, size in enumerate(sums.strata):
        fewer = int(spread is not None and size > 1)
        part = drawn if spread is None else np.zeros(drawn.shape)
        whole = np.zeros(sums.columns)
        for first, last, counts in _blocks(start, size, np.full(n, size - fewer), seed, number):
            dense = sums.block(first, last)
            _add(part, dense, counts, np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, block))))
            whole += dense.sum(axis=0)
            block += 1
        if spread is not None:
            drawn += whole + spread[number] * (part * (size / (size - fewer)) - whole)
        start += size
    return drawn


def _blocks(start: int, size: int, draws: Array, seed: int, number: int) -> Iterator[tuple[int, int, Array]]:
    """Each block of a stratum's units, and how many of each replicate's draws fall in it."""
    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0, number)))
    rest = size
    for first in range(start, start + size, _BLOCK):
        width = min(_BLOCK, start + size - first)
        counts = draws if width == rest else stream.binomial(draws, width / rest)
        yield first, first + width, counts
        draws, rest = draws - counts, rest - width


def _add(sums: Array, dense: Array, counts: Array, stream: np.random.Generator) -> None:
    """Draw so many of a block's units in each replicate, and add what they carry to the replicates' sums."""
    size = len(dense)
    step = max(1, _CELLS // size)
    for first in range(0, len(sums), step):
        part = counts[first : first + step]
        which = stream.integers(0, size, size=int(part.sum()), dtype=np.uint16)
        times = np.bincount(np.repeat(np.arange(len(part)) * size, part) + which, minlength=len(part) * size)
        sums[first : first + step] += times.reshape(len(part), size).astype(float) @ dense


def leave_out_each(sums: Sums) -> Iterator[Array]:
    """The sums with each unit left out in turn: units x columns, a block at a time, in the sums' whole numbers."""
    total, units = sums.total, len(sums.starts) - 1
    for start in range(0, units, _BLOCK):
        yield total - sums.block(start, min(start + _BLOCK, units))
