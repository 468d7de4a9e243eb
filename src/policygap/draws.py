"""A random stream, a block of units and so many draws come in; how often each unit is drawn goes out.

The counts are those of drawing with replacement, exactly: multinomial, never independent Poisson weights, whose sum
varies too and makes intervals of few units too wide. They are found in a quick way. Most draws are dealt out as Poisson
counts with a mean under 1, two at a time from a table; given how many that makes, such counts are multinomial. The rest
are drawn one by one. Where a replicate got too many, all of its draws are drawn one by one.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, factorial
from typing import Any

import numpy as np

__all__ = ["MOST_UNITS", "draw_counts", "make_table", "pairs_of_counts"]

Array = np.ndarray[Any, Any]

MOST_UNITS = 4_096
"""Units of a block, at most: of so many the Poisson counts add up within 16 bits."""
_FEWEST = 256  # units, from which the table pays
_SLOTS = 1 << 16
_KINDS = 16  # counts from 0 to 15: one in 10^14 draws would have more, and is dealt as if there were none such
_APART = 4  # standard deviations between what is dealt on average and what is drawn
_UNSURE = np.uint32(0xFFFFFFFF)
_STEP = 1 << 15  # pairs dealt at a time, so that they stay in the cache


def draw_counts(stream: np.random.Generator, size: int, draws: Array) -> Array:
    """Draw from a block's units with replacement, once for each replicate.

    Parameters
    ----------
    stream
        What the random numbers come from.
    size
        How many units, from 1 to ``MOST_UNITS``.
    draws
        How many draws each replicate has; about as many as there are units, and under 65,536.

    Returns
    -------
    numpy.ndarray
        size x replicates, whole numbers of 16 bits; the columns add up to ``draws``.

    Examples
    --------
    >>> draw_counts(np.random.default_rng(1), 3, np.array([3, 2])).sum(axis=0).tolist()
    [3, 2]
    """
    width = len(draws) + len(draws) % 2
    if size < _FEWEST:
        counts = np.zeros((size, width), dtype=np.uint16)
    else:
        counts = _deal(stream, size * width // 2, *make_table(1 << (size.bit_length() - 1))).reshape(size, width)
    lacking = np.zeros(width, dtype=np.int64)
    lacking[: len(draws)] = draws
    lacking[: len(draws)] -= counts[:, : len(draws)].sum(axis=0, dtype=np.uint16)
    over = np.flatnonzero(lacking < 0)
    counts[:, over], lacking[over] = 0, draws[over]
    which = stream.integers(0, size, size=int(lacking.sum()), dtype=np.uint16)
    where = which.astype(np.int64) * width + np.repeat(np.arange(width), lacking)
    np.add.at(counts.reshape(-1), where, np.uint16(1))
    return counts[:, : len(draws)]


def _deal(stream: np.random.Generator, pairs: int, table: Array, ends: Array) -> Array:
    """Independent Poisson counts, two for each random number of 16 bits; a few such numbers need more digits."""
    dealt = np.empty(pairs, dtype=np.uint32)
    for first in range(0, pairs, _STEP):
        part = dealt[first : first + _STEP]
        slot = stream.integers(0, _SLOTS, size=len(part), dtype=np.uint16)
        np.take(table, slot, out=part, mode="wrap")  # nothing wraps: this mode needs no copy
        unsure = np.flatnonzero(part == _UNSURE)
        outcome = np.searchsorted(ends, slot[unsure] + stream.random(len(unsure)), side="right")
        part[unsure] = pairs_of_counts()[np.minimum(outcome, len(ends) - 1)]
    return dealt.view(np.uint16)


@lru_cache(maxsize=1)
def pairs_of_counts() -> Array:
    """Every pair of counts, the small ones first, as they lie in memory."""
    pairs = sorted(((one, two) for one in range(_KINDS) for two in range(_KINDS)), key=lambda pair: (sum(pair), pair))
    return np.array(pairs, dtype=np.uint16).view(np.uint32).ravel()


@lru_cache(maxsize=8)
def make_table(size: int) -> tuple[Array, Array]:
    """For each number of 16 bits the pair it stands for, or that it could be two; and where each pair's part ends."""
    mean = 1 - _APART / size**0.5
    chance = np.array([exp(-mean) * mean**count / factorial(count) for count in range(_KINDS)])
    pairs = pairs_of_counts().view(np.uint16).reshape(-1, 2)
    ends = np.cumsum(chance[pairs[:, 0]] * chance[pairs[:, 1]])
    ends *= _SLOTS / ends[-1]
    slots = np.arange(_SLOTS)
    first, last = np.searchsorted(ends, slots, side="right"), np.searchsorted(ends, slots + 1, side="left")
    return np.where(first == last, pairs_of_counts()[np.minimum(first, len(ends) - 1)], _UNSURE), ends
