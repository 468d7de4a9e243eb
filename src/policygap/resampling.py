"""Tallies of units come in; sums over resampled units, the same for a seed on every machine, go out.

Units are drawn with replacement within strata, in blocks that have a random stream each. What a block adds is a whole
number below 2**53: whoever works on which blocks, and in whatever order they are added, no digit is ever rounded.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from threading import Event, Lock
from typing import Any, TypeVar

import numpy as np
from attrs import field, frozen

from .draws import MOST_UNITS, draw_counts

__all__ = ["Sums", "add_blocks", "draw_sums", "gather_sums", "leave_out_each", "make_sums"]

Array = np.ndarray[Any, Any]
Found = TypeVar("Found")

_DRAWS = 1 << 22  # draws that a thread holds at a time
_PART = 1 << 18  # numbers that are summed or multiplied at a time, so that they stay in the cache
_EXACT = 52  # bits of a whole number that a float holds, less one to be safe
_MOST_THREADS = 4  # each holds draws of its own, and memory is to stay bounded
_LEFT_OUT = 1_024  # units that are left out, one by one, at a time
_MANY = 32  # units with one cell, from which they are added cell by cell and not layer by layer
_GATHERED = 1 << 19  # cells brought into order at a time


@frozen(kw_only=True, eq=False, slots=False)
class Sums:
    """What each resampling unit adds to each of some sums, in whole numbers, units of one stratum side by side.

    Attributes
    ----------
    starts
        Where each unit's cells start, and where the last one's end.
    column, level
        The cells: which sum, and which of ``levels`` is added to it.
    levels
        Every distinct amount, in units of ``1 / scale``.
    columns
        How many sums there are.
    scale
        What a sum of amounts is divided by to be in the figures' own numbers.
    strata
        The size of each stratum, in order.
    """

    starts: Array
    column: Array
    level: Array
    levels: Array
    columns: int
    scale: float
    strata: tuple[int, ...] = field(converter=tuple)

    @property
    def total(self) -> Array:
        """The sums over all units as they are."""
        return self.add(0, len(self.starts) - 1)

    def add(self, start: int, stop: int) -> Array:
        """The sums over some units as they are."""
        total = np.zeros(self.columns)
        for first in range(start, stop, MOST_UNITS):
            cells = slice(self.starts[first], self.starts[min(first + MOST_UNITS, stop)])
            total += np.bincount(self.column[cells], weights=self.levels[self.level[cells]], minlength=self.columns)
        return total

    def block(self, start: int, stop: int) -> Array:
        """The cells of some units as a dense array, units by sums."""
        dense = np.zeros((stop - start, self.columns))
        cells = slice(self.starts[start], self.starts[stop])
        dense[self.unit(start, stop), self.column[cells]] = self.levels[self.level[cells]]
        return dense

    def unit(self, start: int, stop: int) -> Array:
        """For each cell of some units its unit, counted from the first of them."""
        return np.repeat(np.arange(stop - start), np.diff(self.starts[start : stop + 1]))

    @cached_property
    def blocks(self) -> int:
        """How many blocks of units there are: each stratum has its own."""
        return sum(-(-size // MOST_UNITS) for size in self.strata)


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
    return gather_sums([(unit, column, value)], columns=columns, strata=strata)


def gather_sums(parts: Collection[tuple[Array, Array, Array]], *, columns: int, strata: Array) -> Sums:
    """Bring cells that come in several parts into the form that is summed, in little memory.

    Parameters
    ----------
    parts
        Each as for :func:`make_sums`.
    columns, strata
        As for :func:`make_sums`.
    """
    size, order = len(strata), np.argsort(strata, kind="stable")
    place = np.empty(size, dtype=np.int32)
    place[order] = np.arange(size, dtype=np.int32)
    batches = -(-sum(len(unit) for unit, _, _ in parts) // _GATHERED) or 1
    step = -(-size // batches) or 1
    found = [_gather(parts, place, range(first, min(first + step, size)), columns) for first in range(0, size, step)]
    levels = np.unique(np.concatenate([own for *_, own in found] or [np.zeros(0)]))
    level = np.min_scalar_type(max(len(levels) - 1, 0))
    most = float(levels.max(initial=0)) * max(size, 1)
    scale = 2.0 ** (_EXACT - int(np.frexp(most)[1])) if most > 0 else 1.0
    none = np.zeros(0, dtype=level)
    return Sums(
        starts=np.concatenate([[0], *(lengths for lengths, *_ in found)]).cumsum(),
        column=np.concatenate([column for _, column, _, _ in found] or [none]),
        level=np.concatenate([np.searchsorted(levels, own).astype(level)[which] for *_, which, own in found] or [none]),
        levels=np.rint(levels * scale),
        columns=columns,
        scale=scale,
        strata=np.bincount(strata).tolist() if size else (),
    )


def _gather(
    parts: Iterable[tuple[Array, Array, Array]], place: Array, units: range, columns: int
) -> tuple[Array, Array, Array, Array]:
    """Of some units: how many cells each has, their columns, and which of the distinct amounts that come last."""
    packed: list[Array] = []
    values: list[Array] = []
    for unit, column, value in parts:
        where = place[unit]
        mine = np.flatnonzero((where >= units.start) & (where < units.stop))
        packed.append((where[mine].astype(np.int64) - units.start) * columns + column[mine])
        values.append(value[mine])
    cells, which = np.unique(np.concatenate(packed), return_inverse=True)
    added = np.bincount(which, weights=np.concatenate(values), minlength=len(cells))
    levels, level = np.unique(added, return_inverse=True)
    return (
        np.bincount(cells // columns, minlength=len(units)),
        (cells % columns).astype(np.min_scalar_type(max(columns - 1, 0))),
        level.astype(np.min_scalar_type(max(len(levels) - 1, 0))),
        levels,
    )


def draw_sums(sums: Sums, n: int, seed: int, spread: Array | None = None, *, threads: int | None = None) -> Array:
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
    threads
        How many threads work; all cores, up to four, unless it is given. The result is the same for any number.

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
    drawn = add_blocks(sums, n, seed, spread, threads=threads)
    if spread is not None:
        first, fixed = 0, np.zeros(sums.columns)
        for number, size in enumerate(sums.strata):
            fixed += (1 - spread[number]) * sums.add(first, first + size)
            first += size
        drawn += fixed
    return drawn


def add_blocks(
    sums: Sums,
    n: int,
    seed: int,
    spread: Array | None = None,
    *,
    blocks: Collection[int] | None = None,
    threads: int | None = None,
) -> Array:
    """Draw the units of some blocks, and add up what they carry: a part of :func:`draw_sums`.

    Parts of different blocks add up, in any order and to the last digit, to what one run over all blocks gives. Only
    the cells of these blocks are looked at.

    Parameters
    ----------
    sums, n, seed, spread, threads
        As for :func:`draw_sums`.
    blocks
        Numbers of blocks, from 0 to ``sums.blocks`` less 1; all unless given.

    Returns
    -------
    numpy.ndarray
        n x columns, whole numbers. With ``spread``, the part of the sums that varies.

    Examples
    --------
    >>> sums = make_sums(np.arange(9), np.zeros(9, dtype=int), np.ones(9), columns=1, strata=np.arange(9) // 5)
    >>> parts = [add_blocks(sums, 3, seed=1, blocks=[number]) for number in range(sums.blocks)]
    >>> bool((sum(parts) == draw_sums(sums, 3, seed=1)).all())
    True
    """
    drawn, lock, stop = np.zeros((sums.columns, n)), Lock(), Event()
    waiting = _blocks(sums, n, seed, 0 if spread is None else 1, None if blocks is None else frozenset(blocks))

    def work(_: int) -> None:
        while not stop.is_set():
            with lock:
                block = next(waiting, None)
            if block is None:
                return
            factor = None if spread is None else spread[block.stratum] * (block.of / max(block.of - 1, 1))
            for columns, replicates, added in _draw_block(Cells.of(sums, block.first, block.last, factor), block):
                with lock:
                    drawn[columns, replicates.start : replicates.stop] += added

    threads = _count_threads(sums, n) if threads is None else threads
    if threads <= 1:
        work(0)
        return drawn.T
    with ThreadPoolExecutor(threads) as pool:
        try:
            list(pool.map(work, range(threads)))
        finally:  # whatever happened to one of them, or to the run
            stop.set()
    return drawn.T


def _count_threads(sums: Sums, n: int) -> int:
    """As many threads as there are cores, up to four; one where there is little to do."""
    if (len(sums.starts) - 1) * n <= _DRAWS:
        return 1
    return min(_count_cores(), _MOST_THREADS, sums.blocks)


def _count_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@frozen(kw_only=True, eq=False)
class _Block:
    """Units that share a random stream.

    Attributes
    ----------
    stratum, of
        The number and size of the stratum that they are of.
    first, last
        The first unit and the end of the last.
    draws
        How many of each replicate's draws fall among them.
    stream
        Where the random numbers come from.
    """

    stratum: int
    of: int
    first: int
    last: int
    draws: Array
    stream: np.random.Generator


def _blocks(sums: Sums, n: int, seed: int, fewer: int, chosen: frozenset[int] | None) -> Iterator[_Block]:
    """The blocks that were chosen, in order."""
    start = block = 0
    for stratum, size in enumerate(sums.strata):
        numbers = range(block, block + -(-size // MOST_UNITS))
        if chosen is None or not chosen.isdisjoint(numbers):
            draws = np.full(n, size - (fewer if size > 1 else 0))
            split = _split(start, size, draws, np.random.SeedSequence(seed, spawn_key=(0, stratum)))
            for number, (first, last, part) in zip(numbers, split, strict=True):
                if chosen is None or number in chosen:
                    stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, number)))
                    yield _Block(stratum=stratum, of=size, first=first, last=last, draws=part, stream=stream)
        block, start = numbers.stop, start + size


def _split(start: int, size: int, draws: Array, seed: np.random.SeedSequence) -> Iterator[tuple[int, int, Array]]:
    """Each block of a stratum's units, and how many of each replicate's draws fall in it."""
    stream, rest = np.random.default_rng(seed), size
    for first in range(start, start + size, MOST_UNITS):
        width = min(MOST_UNITS, start + size - first)
        part = draws if width == rest else stream.binomial(draws, width / rest)
        yield first, first + width, part
        draws, rest = draws - part, rest - width


def _draw_block(cells: Cells, block: _Block) -> Iterator[tuple[Any, range, Array]]:
    """Draw a block's units; what they add to which sums of which replicates."""
    step = max(1, _DRAWS // cells.size)
    for start in range(0, len(block.draws), step):
        counts = draw_counts(block.stream, cells.size, block.draws[start : start + step])
        for columns, replicates, added in cells.sums(counts):
            yield columns, range(start + replicates.start, start + replicates.stop), added


@frozen(kw_only=True, eq=False)
class Cells:
    """The cells of a block, ordered by sum and amount, so that units that add the same to a sum stand together.

    Attributes
    ----------
    unit
        The unit of each cell.
    starts, lengths
        Where the units with one amount in one sum start, and how many they are.
    column, amount
        Which sum that is, and what each of them adds to it.
    size, columns
        How many units and sums there are.
    """

    unit: Array
    starts: Array
    lengths: Array
    column: Array
    amount: Array
    size: int
    columns: int

    @classmethod
    def of(cls, sums: Sums, first: int, last: int, factor: Array | None) -> Cells:
        """The cells of some units; ``factor`` says by column by what an amount is multiplied."""
        cells, kinds = slice(sums.starts[first], sums.starts[last]), len(sums.levels)
        key = sums.column[cells].astype(np.min_scalar_type(max(sums.columns * kinds, 1))) * kinds + sums.level[cells]
        order = np.argsort(key, kind="stable")
        found, starts, lengths = np.unique(key[order], return_index=True, return_counts=True)
        column, amount = (found // max(kinds, 1)).astype(np.int64), sums.levels[found % max(kinds, 1)]
        return cls(
            unit=sums.unit(first, last)[order],
            starts=starts,
            lengths=lengths,
            column=column,
            amount=amount if factor is None else np.rint(amount * factor[column]),
            size=last - first,
            columns=sums.columns,
        )

    def sums(self, counts: Array) -> Iterator[tuple[Any, range, Array]]:
        """What units that are drawn so often add: pieces of columns x replicates, whichever way is the shorter.

        The numbers are roughly what a cell takes in nanoseconds for a replicate, on one core; both ways give the same.
        """
        if 0.1 * len(self.unit) + 1.1 * len(self.starts) < 0.04 * self.size * self.columns:
            return self._sums_by_cell(counts)
        return self._product(counts)

    def _sums_by_cell(self, counts: Array) -> Iterator[tuple[Array, range, Array]]:
        """Add up whole numbers, and multiply what units with one amount have together."""
        step = max(1, _PART // counts.shape[1])
        for first in range(0, len(self.starts), step):
            part = slice(first, first + step)
            added = _sum_rows(counts, self.unit, self.starts[part], self.lengths[part]) * self.amount[part, None]
            column = self.column[part]
            turn = np.arange(len(column)) - np.searchsorted(column, column)  # a sum stands once in each turn
            for number in range(int(turn.max(initial=-1)) + 1):
                mine = np.flatnonzero(turn == number)
                yield column[mine], range(counts.shape[1]), added if len(mine) == len(column) else added[mine]

    def _product(self, counts: Array) -> Iterator[tuple[Any, range, Array]]:
        """Multiply matrices of whole numbers held as floats."""
        dense = np.zeros((self.columns, self.size))
        dense[np.repeat(self.column, self.lengths), self.unit] = np.repeat(self.amount, self.lengths)
        step = max(1, 4 * _PART // self.size)
        for first in range(0, counts.shape[1], step):
            replicates = range(first, min(first + step, counts.shape[1]))
            yield slice(None), replicates, dense @ counts[:, replicates.start : replicates.stop].astype(float)


def _sum_rows(counts: Array, unit: Array, starts: Array, lengths: Array) -> Array:
    """For each run of units the sum of their counts, below 2**16 as all counts of a replicate together are."""
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    added, many = np.empty((len(order), counts.shape[1]), dtype=np.uint16), int((lengths > _MANY).sum())
    for place in range(many):
        rows = unit[starts[place] : starts[place] + lengths[place]]
        np.add.reduce(counts[rows], axis=0, dtype=np.uint16, out=added[place])
    added[many:] = counts[unit[starts[many:]]]
    for layer in range(1, int(lengths[many:].max(initial=1))):
        last = many + int((lengths[many:] > layer).sum())
        added[many:last] += counts[unit[starts[many:last] + layer]]
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return added[back]


def leave_out_each(sums: Sums, measure: Callable[[Array], Found]) -> Iterator[Found]:
    """What a function makes of the sums with each unit left out in turn, some units at a time, in order.

    Parameters
    ----------
    sums
        What each unit adds.
    measure
        A function of an array units x columns, in the sums' whole numbers; several threads may call it.

    Examples
    --------
    >>> sums = make_sums(np.arange(3), np.zeros(3, dtype=int), np.array([1, 2, 4]), columns=1, strata=np.zeros(3, int))
    >>> [(left_out / sums.scale).ravel().tolist() for left_out in leave_out_each(sums, np.copy)]
    [[6.0, 5.0, 3.0]]
    """
    total, units = sums.total, len(sums.starts) - 1

    def work(start: int) -> Found:
        return measure(total - sums.block(start, min(start + _LEFT_OUT, units)))

    starts = range(0, units, _LEFT_OUT)
    threads = min(_MOST_THREADS, _count_cores(), len(starts))
    if threads <= 1:
        yield from map(work, starts)
        return
    with ThreadPoolExecutor(threads) as pool:
        running: deque[Future[Found]] = deque()
        try:
            for start in starts:
                running.append(pool.submit(work, start))
                if len(running) > threads:  # no more than that is held
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            for waiting in running:
                waiting.cancel()
