"""Replicates and an estimate come in; an interval goes out, by a method that has a name and a source.

Percentile and BCa: Efron (1987), doi:10.1080/01621459.1987.10478410; Efron and Tibshirani (1993), *An Introduction to
the Bootstrap*, ch. 13 and 14. Wilson's score interval: Wilson (1927), doi:10.1080/01621459.1927.10502953, which keeps
close to its level where the counts are small (Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286).
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from statistics import NormalDist
from typing import Any

import numpy as np
from attrs import frozen

from .errors import Problem, UsageError

__all__ = [
    "METHODS",
    "SAME",
    "Interval",
    "Jackknife",
    "bca",
    "fewest_replicates",
    "judge_draws",
    "percentile",
    "wilson",
]

Array = np.ndarray[Any, Any]

METHODS = ("auto", "percentile", "bca", "wilson")
MOST_DRAWS = 1_000_000
SAME = 1e-9
"""Figures that differ by no more are the same: what is between them comes of rounding."""
_NORMAL = NormalDist()


@frozen(kw_only=True)
class Interval:
    """Two ends and how they came about; without ends, the reason why there are none."""

    low: float | None = None
    high: float | None = None
    method: str | None = None
    reason: str | None = None


def judge_draws(*, n: object, seed: object, level: object, usual: int, others: tuple[Problem, ...] = ()) -> None:
    """Refuse what is no number of draws, no seed or no level; every problem at once, with ``others``.

    Parameters
    ----------
    n, seed, level
        As they were given.
    usual
        The number of draws to advise.
    others
        What else is wrong.

    Raises
    ------
    UsageError
        Naming each.
    """
    problems: list[Problem] = []
    for name, value, least, fix in (("n", n, 1, f"use {usual}"), ("seed", seed, 0, "give one, as in seed=1")):
        if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
            what = f"{value!r} is no whole number of {least} or more"
            problems.append(Problem(file=name, what=what, fix=fix))
        elif name == "n" and int(value) > MOST_DRAWS:
            what = f"{value} draws are more than {MOST_DRAWS:,}, and would not fit in memory"
            problems.append(Problem(file=name, what=what, fix=fix))
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < float(level) < (1 + float(level)) / 2 < 1:
        problems.append(Problem(file="level", what=f"{level!r} is not between 0 and 1", fix="use 0.95"))
    if problems or others:
        raise UsageError([*problems, *others])


def fewest_replicates(level: float) -> int:
    """How many replicates it takes to have one beyond each end.

    Examples
    --------
    >>> fewest_replicates(0.95)
    40
    """
    return math.ceil(2 / (1 - level) - 1e-9)


def percentile(replicates: Array, level: float) -> Interval:
    """The middle part of the replicates.

    Parameters
    ----------
    replicates
        Finite numbers.
    level
        Between 0 and 1.

    Examples
    --------
    >>> interval = percentile(np.arange(101.0), level=0.9)
    >>> interval.low, interval.high
    (5.0, 95.0)
    """
    tail = round((1 - level) / 2, 12)
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), method="percentile")


@frozen(kw_only=True)
class Jackknife:
    """The estimate with each unit left out, summed up: how many, its extremes, and its moments about the estimate."""

    count: int
    lowest: float
    highest: float
    moments: tuple[float, float, float]

    @property
    def acceleration(self) -> float | None:
        """How fast the standard error changes with the estimate, from the third moment; ``None`` where nothing moves.

        Efron and Tibshirani (1993), formula 14.15.
        """
        first, second, third = (moment / self.count for moment in self.moments)
        spread = second - first**2
        if spread <= (1e-12 * max(abs(self.lowest), abs(self.highest))) ** 2:
            return None
        skew = third - 3 * first * second + 2 * first**3
        return -skew / (6 * spread**1.5 * math.sqrt(self.count))


def bca(replicates: Array, estimate: float, jackknife: Jackknife, level: float) -> Interval:
    """The replicates' middle part, corrected for bias and acceleration; plain percentiles where that can't be done.

    Parameters
    ----------
    replicates, estimate, jackknife
        Of one figure.
    level
        Between 0 and 1.

    Examples
    --------
    >>> values = np.arange(101.0)
    >>> even = Jackknife(count=4, lowest=49, highest=51, moments=(0.0, 4.0, 0.0))
    >>> bca(values, 50.0, even, level=0.9).low
    5.0
    """
    equal = np.abs(replicates - estimate) <= SAME
    below = (((replicates < estimate) & ~equal).sum() + equal.sum() / 2) / len(replicates)
    acceleration = jackknife.acceleration
    if not 0 < below < 1 or acceleration is None:
        return percentile(replicates, level)
    bias = _NORMAL.inv_cdf(float(below))
    parts = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + _NORMAL.inv_cdf(tail)
        scale = 1 - acceleration * shifted
        if scale <= 0:
            return percentile(replicates, level)
        parts.append(_NORMAL.cdf(bias + shifted / scale))
    low, high = np.quantile(replicates, [round(part, 12) for part in parts])
    return Interval(low=float(low), high=float(high), method="bca")


def wilson(share: float, size: float, level: float) -> Interval:
    """Wilson's score interval of a share of so many units.

    Parameters
    ----------
    share
        Between 0 and 1.
    size
        How many units, over 0; may be an effective number.
    level
        Between 0 and 1.

    Examples
    --------
    >>> interval = wilson(0.1, 10, level=0.95)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0179, 0.4042)
    """
    if math.isinf(size):
        return Interval(low=share, high=share, method="wilson")
    square = _NORMAL.inv_cdf((1 + level) / 2) ** 2
    middle = (share + square / (2 * size)) / (1 + square / size)
    half = math.sqrt(square * (share * (1 - share) / size + square / (4 * size**2))) / (1 + square / size)
    low = 0.0 if share == 0 else max(0.0, middle - half)
    high = 1.0 if share == 1 else min(1.0, middle + half)
    return Interval(low=low, high=high, method="wilson")
