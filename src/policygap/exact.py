"""Weights come in; their sums go out exact, made of whole numbers that add up alike in any order and on any engine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

__all__ = ["LARGEST", "SMALLEST", "combine_sums", "lay_grids"]

# Outside these (but for 0) a weight is a mistake; within, no scaling by a power of two leaves the range of a double.
SMALLEST: Final = 1e-100
LARGEST: Final = 1e100
_DIGITS = 53  # of a double


def lay_grids(smallest: float, largest: float, step: int) -> tuple[int, ...]:
    """Powers of two, coarsest first, that cut weights into whole numbers without a rest.

    ``floor(w / 2**g)`` for the first power ``g``, the same for what is left with the second, and so on; after the last
    nothing is left. Scaling by a power of two, ``floor`` and taking the floor away are exact in every engine.

    Parameters
    ----------
    smallest, largest
        The smallest weight above 0, and the largest.
    step
        How many binary digits a part may have: as many as a sum has room for, less those of the number of rows.

    Examples
    --------
    >>> lay_grids(0.1, 10.0, step=52)
    (-48, -100)
    >>> parts = math.floor(0.1 * 2.0**48), math.floor(math.fmod(0.1, 2.0**-48) * 2.0**100)
    >>> float(combine_sums(parts, (-48, -100)))
    0.1
    """
    grids = [math.frexp(largest)[1] - step]
    lowest = math.frexp(smallest)[1] - _DIGITS
    while grids[-1] > lowest:
        grids.append(grids[-1] - step)
    return tuple(grids)


def combine_sums(sums: Iterable[int], grids: Sequence[int]) -> Fraction:
    """The exact sum of weights, from the sums of their parts on each grid.

    Examples
    --------
    >>> combine_sums([3, 1], [0, -1])
    Fraction(7, 2)
    """
    last = grids[-1]
    total = sum(int(part) << (grid - last) for part, grid in zip(sums, grids, strict=True))
    return Fraction(total << last) if last >= 0 else Fraction(total, 1 << -last)
