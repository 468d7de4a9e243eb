"""Coverage comes in; the units that are drawn, their strata, and figures made of sums over them go out.

Units are drawn whole (all evidence of a speaker together) within strata: the actor groups, and each group that speaks
as one by itself. Strata of a single unit are drawn together, since alone they would seem certain (collapsed strata:
Cochran 1977, *Sampling Techniques*, section 5A.12).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from attrs import frozen

from .coverage import Coverage
from .intervals import Jackknife
from .resampling import Sums, gather_sums, leave_out_each

__all__ = ["MEASURES", "RANDOM", "Frame"]

Array = np.ndarray[Any, Any]

MEASURES = ("attention", "demand", "share", "ratio", "rank")
RANDOM = "random"
_DIGITS = 9  # beyond which shares are the same, as SAME has it


@frozen(kw_only=True, eq=False, slots=False)
class Frame:
    """The resampling units with their strata, and for each kind of code where its sums stand.

    For a kind with c codes: units assessed, then c of each of touching, calling and own share.

    Attributes
    ----------
    coverage
        What was measured.
    cluster
        For each unit of the count the resampling unit it belongs to, -1 where it belongs to none. Resampling units are
        numbered in the order of their ids, so that the order of a study's rows never matters.
    strata
        A row a stratum: ``group``, ``whole_group``.
    stratum, pooled
        For each resampling unit its stratum, and the pool of strata that it is drawn with.
    places, first, columns
        By kind, the positions of its codes and the first of its sums; how many sums there are.
    """

    coverage: Coverage
    cluster: Array
    strata: pd.DataFrame
    stratum: Array
    pooled: Array
    places: Mapping[str, Array]
    first: Mapping[str, int]
    columns: int

    @classmethod
    def of(cls, coverage: Coverage) -> Frame:
        """The frame of a count."""
        kinds = np.array([code.kind for code in coverage.study.codes], dtype=object)
        places, first, columns = {}, {}, 0
        for kind in coverage.tallies:
            places[kind], first[kind] = np.flatnonzero(kinds == kind), columns
            columns += 1 + 3 * len(places[kind])
        cluster, strata, stratum = _strata_of(coverage)
        return cls(
            coverage=coverage,
            cluster=cluster,
            strata=strata,
            stratum=stratum,
            pooled=_pool(stratum, len(strata)),
            places=places,
            first=first,
            columns=columns,
        )

    def described(self) -> pd.DataFrame:
        """A row a stratum, with what it was drawn with, and what share of its population answered where that counts."""
        names = self.strata["group"].astype(object).fillna("").tolist()
        of = self._pool_of.tolist()
        together = {pool: [name for name, one in zip(names, of, strict=True) if one == pool] for pool in set(of)}
        answered = np.bincount(self.pooled, minlength=len(together)) / self._population
        return self.strata.assign(
            units=np.bincount(self.stratum, minlength=len(self.strata)),
            drawn_with=[";".join(together[pool]) for pool in of],
            sampled_share=np.where(answered > 0, answered, np.nan)[of],
        )

    @cached_property
    def _pool_of(self) -> Array:
        """For each stratum the pool it is drawn with."""
        of = np.zeros(len(self.strata), dtype=np.int64)
        of[self.stratum] = self.pooled
        return of

    @cached_property
    def _population(self) -> Array:
        """How many each pool of strata was drawn from; without end where nobody drew it or nobody says."""
        known = {group.id: group.population for group in self.coverage.study.groups}
        size = np.bincount(self.stratum, minlength=len(self.strata))
        drawn = self.coverage.study.sampling == RANDOM and self.coverage.unit != "theme"
        numbers = np.full(len(self.strata), np.inf)
        for place, (name, whole) in enumerate(self.strata[["group", "whole_group"]].itertuples(index=False)):
            population = known.get(str(name))
            if drawn and not whole and population is not None and population >= size[place]:
                numbers[place] = population
        return np.bincount(self._pool_of, weights=numbers)

    @property
    def sampled_share(self) -> float | None:
        """What share of the population answered, where that is known of every stratum."""
        population = self._population.sum()
        return float(len(self.stratum) / population) if 0 < population < np.inf else None

    @cached_property
    def unsampled(self) -> dict[str, Array]:
        """By kind, what share of each pool's population was not assessed for its codes: 1 where that has no meaning."""
        pools = len(self._population)
        return {
            kind: 1 - np.bincount(self.pooled[assessed], minlength=pools) / self._population
            for kind, assessed in self._assessed.items()
        }

    @cached_property
    def _assessed(self) -> dict[str, Array]:
        """By kind, the resampling units that were assessed for its codes."""
        return {kind: np.unique(self.cluster[tally.present]) for kind, tally in self.coverage.tallies.items()}

    @cached_property
    def spread(self) -> Array:
        """By what part of its own each pool's sums vary between samples: pools x sums.

        The root of what was not sampled, for units assessed for a kind (Rao and Wu 1988, section 2.1).
        """
        spread = np.ones((len(self._population), self.columns))
        for kind, first in self.first.items():
            last = first + 1 + 3 * len(self.places[kind])
            spread[:, first:last] = np.sqrt(self.unsampled[kind])[:, None]
        return spread

    @property
    def fewest_assessed(self) -> int:
        """How many resampling units were assessed for codes of a kind: the least of all kinds."""
        return min((len(assessed) for assessed in self._assessed.values()), default=0)

    def fewest(self, measure: str) -> Array:
        """For each code, how many resampling units of some weight make the figure or unmake it, whichever are fewer.

        Those that touch the code (for ``demand``, call for it) and those assessed that do not; for ``share`` and
        ``ratio``, those that touch it or a code under it, and those that touch any other code of its kind.
        """
        fewest = np.zeros(len(self.coverage.study.codes), dtype=np.int64)
        for kind, tally in self.coverage.tallies.items():
            places = self.places[kind]
            if measure in ("share", "ratio"):
                unit, code, part = tally.spread
                makes, unmakes = _reach(*_where(part > 0, self.cluster[unit], code), tally.parent)
            else:
                unit, code = tally.calling if measure == "demand" else tally.touching
                there = _where(tally.weight[unit] > 0, self.cluster[unit], code)
                makes, _ = _reach(*there, np.full(len(tally.parent), -1))
                unmakes = len(np.unique(self.cluster[tally.present[tally.weight[tally.present] > 0]])) - makes
            fewest[places] = np.minimum(makes, unmakes)[places]
        return fewest

    def touching(self, kind: str) -> Array:
        """For each code, how many units of the count touch it or a code under it."""
        tally = self.coverage.tallies[kind]
        return _reach(*tally.touching, tally.parent)[0]

    def sums(self) -> Sums:
        """What each resampling unit adds to each sum."""
        kind_of = np.min_scalar_type(self.columns)
        parts: list[tuple[Array, Array, Array]] = []
        for kind, tally in self.coverage.tallies.items():
            first, size, place = self.first[kind], len(self.places[kind]), self._place(kind)
            spread = tally.spread
            cells = [
                (tally.present, np.broadcast_to(first, len(tally.present)), tally.weight),
                (tally.touching[0], (first + 1 + place).astype(kind_of)[tally.touching[1]], tally.weight),
                (tally.calling[0], (first + 1 + size + place).astype(kind_of)[tally.calling[1]], tally.weight),
            ]
            parts += [(self.cluster[unit], column, _of_units(weight, unit)) for unit, column, weight in cells]
            parts.append(
                (self.cluster[spread[0]], (first + 1 + 2 * size + place).astype(kind_of)[spread[1]], spread[2])
            )
        return gather_sums(parts, columns=self.columns, strata=self.pooled)

    @cached_property
    def _unders(self) -> dict[str, Array]:
        return {kind: self._under(kind) for kind in self.coverage.tallies}

    @cached_property
    def _benchmarks(self) -> dict[str, Array]:
        codes = self.coverage.study.codes
        targets = {
            kind: [codes[place].id for place in places] for kind, places in self.places.items() if kind != "theme"
        }
        column = self.coverage.targets["benchmark"]
        return {kind: column.loc[names].to_numpy(dtype=float)[None, :] for kind, names in targets.items()}

    def _place(self, kind: str) -> Array:
        place = np.full(len(self.coverage.study.codes), -1)
        place[self.places[kind]] = np.arange(len(self.places[kind]))
        return place

    def figures(self, sums: Array) -> dict[str, Array]:
        """The measures made of sums: by measure, an array rows x codes, NaN where there is no such figure."""
        rows, codes = len(sums), len(self.coverage.study.codes)
        found = {measure: np.full((rows, codes), np.nan) for measure in MEASURES}
        for kind, first in self.first.items():
            places = self.places[kind]
            size = len(places)
            assessed = sums[:, first, None]
            parts = [sums[:, first + 1 + step * size : first + 1 + (step + 1) * size] for step in range(3)]
            attention = _divide(parts[0], assessed)
            found["attention"][:, places] = attention
            found["rank"][:, places] = _ranks(attention)
            if self.coverage.unit != "theme":
                found["demand"][:, places] = _divide(parts[1], assessed)
            if kind != "theme":
                share = _divide(parts[2] @ self._unders[kind], parts[2].sum(axis=1, keepdims=True))
                found["share"][:, places] = share
                found["ratio"][:, places] = _divide(share, self._benchmarks[kind])
        return found

    def _under(self, kind: str) -> Array:
        """Which code's own share is part of which code's share: an array of 0 and 1, codes x codes of the kind."""
        place, parent = self._place(kind), self.coverage.tallies[kind].parent
        under = np.zeros((len(self.places[kind]),) * 2)
        for position in self.places[kind]:
            over = position
            while over >= 0:
                under[place[position], place[over]] = 1
                over = parent[over]
        return under

    def leave_out(self, sums: Sums) -> dict[str, list[Jackknife | None]]:
        """By measure, for each code the estimate with each resampling unit left out, summed up."""
        estimate = self.figures(sums.total[None, :])
        shape = len(self.coverage.study.codes)
        lowest = {measure: np.full(shape, np.inf) for measure in MEASURES}
        highest = {measure: np.full(shape, -np.inf) for measure in MEASURES}
        moments = {measure: np.zeros((3, shape)) for measure in MEASURES}
        count = {measure: np.zeros(shape, dtype=np.int64) for measure in MEASURES}
        for left_out in leave_out_each(sums, lambda block: _summed_up(self.figures(block), estimate)):
            for measure, (least, most, powers, there) in left_out.items():
                lowest[measure] = np.minimum(lowest[measure], least)
                highest[measure] = np.maximum(highest[measure], most)
                moments[measure] += powers
                count[measure] += there
        return {
            measure: [
                Jackknife(
                    count=int(count[measure][code]),
                    lowest=float(lowest[measure][code]),
                    highest=float(highest[measure][code]),
                    moments=(
                        float(moments[measure][0, code]),
                        float(moments[measure][1, code]),
                        float(moments[measure][2, code]),
                    ),
                )
                if count[measure][code]
                else None
                for code in range(shape)
            ]
            for measure in MEASURES
        }


def _summed_up(figures: Mapping[str, Array], estimate: Mapping[str, Array]) -> dict[str, tuple[Array, ...]]:
    """By measure, for each code its extremes in some rows, the sums of powers of what lies between, and how many."""
    found = {}
    for measure, values in figures.items():
        missing = np.isnan(values)
        apart = np.where(missing, 0, values - estimate[measure])
        square = apart * apart
        powers = np.array([apart.sum(axis=0), square.sum(axis=0), (square * apart).sum(axis=0)])
        least, most = (np.where(missing, end, values) for end in (np.inf, -np.inf))
        found[measure] = (least.min(axis=0), most.max(axis=0), powers, (~missing).sum(axis=0))
    return found


def _reach(unit: Array, code: Array, parent: Array) -> tuple[Array, Array]:
    """For each code, how many units have it or a code under it, and how many have another."""
    size = max(len(parent), 1)
    most = (int(unit.max(initial=0)) + 1) * size
    packed = unit.astype(np.min_scalar_type(-most))  # half as large as usual, for there may be millions
    packed *= size
    packed += code.astype(packed.dtype)
    own, _ = _distinct(packed)
    pairs, over = [own], parent[own % size]
    below = own
    while (over >= 0).any():
        below = (below // size * size + over)[over >= 0].astype(own.dtype)
        pairs.append(below)
        over = parent[below % size]
    packed, count = _distinct(np.concatenate(pairs)) if len(pairs) > 1 else (own, np.ones(len(own), dtype=np.int64))
    units, whole = _distinct(own // size)
    all_of_it = count == whole[np.searchsorted(units, packed // size)]
    makes = np.bincount(packed % size, minlength=len(parent))
    return makes, len(units) - np.bincount(packed[all_of_it] % size, minlength=len(parent))


def _distinct(values: Array) -> tuple[Array, Array]:
    """The distinct ones of some whole numbers, sorted, and how often each is there; sorts them in place."""
    values.sort()
    starts = np.flatnonzero(np.diff(values, prepend=-1) != 0)  # whole numbers of 0 or more
    return values[starts], np.diff(starts, append=len(values))


def _where(holds: Array, unit: Array, code: Array) -> tuple[Array, Array]:
    """The pairs of which something holds; nothing is copied where it holds of all."""
    return (unit, code) if holds.all() else (unit[holds], code[holds])


def _of_units(weight: Array, unit: Array) -> Array:
    """The weight of each unit; where all weigh the same, one number stands for all of them in memory."""
    weights = weight[unit]
    even = len(weights) > 0 and weights.min() == weights.max()
    return np.broadcast_to(weights[0], len(weights)) if even else weights


def _divide(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan), where=whole > 0)


def _ranks(values: Array) -> Array:
    """For each row the place of each value, 1 the greatest; equal ones share the better place."""
    values = np.round(values, _DIGITS)
    order = np.argsort(-values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    fresh = np.ones(values.shape, dtype=bool)
    fresh[:, 1:] = ordered[:, 1:] < ordered[:, :-1]
    place = np.maximum.accumulate(np.where(fresh, np.arange(1, values.shape[1] + 1), 0), axis=1)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, place.astype(float), axis=1)
    return np.where(np.isnan(values), np.nan, ranks)


def _strata_of(coverage: Coverage) -> tuple[Array, pd.DataFrame, Array]:
    """For each unit its resampling unit (-1: none), the strata, and for each resampling unit its stratum."""
    columns, tallies = ["group", "whole_group"], coverage.tallies
    size = max((len(tally.weight) for tally in tallies.values()), default=0)
    present = np.zeros(size, dtype=bool)
    for tally in tallies.values():
        present[tally.present] = True
    cluster = np.full(size, -1, dtype=np.int32)
    if coverage.unit == "theme" or not present.any():
        ids = next(iter(tallies.values())).ids[present] if present.any() else pd.Index([])
        cluster[present] = np.argsort(np.argsort(ids, kind="stable"))
        strata = pd.DataFrame([(None, False)] if present.any() else [], columns=columns)
        return cluster, strata, np.zeros(int(present.sum()), dtype=np.int64)
    units = coverage.units
    assert units is not None  # only themes have none
    speakers = units.speaker[present] if units.unit == "statement" else units.ids[present].to_numpy()
    codes, distinct = pd.factorize(speakers, sort=True)
    cluster[present] = codes
    firsts = np.flatnonzero(present)[np.unique(codes, return_index=True)[1]]
    groups, names = pd.factorize(units.group[firsts], sort=True)
    packed, stratum = np.unique(groups * 2 + units.is_group[firsts], return_inverse=True)
    strata = pd.DataFrame({"group": names[packed // 2], "whole_group": packed % 2 == 1}, columns=columns)
    assert len(distinct) == len(stratum)
    return cluster, strata, stratum


def _pool(stratum: Array, count: int) -> Array:
    """The strata as they are drawn: those of a single unit together, and a last one with the smallest of the others."""
    size = np.bincount(stratum, minlength=count)
    pool = np.arange(count)
    alone = np.flatnonzero(size == 1)
    if len(alone):
        pool[alone] = alone[0]
        others = np.flatnonzero(size > 1)
        if len(alone) == 1 and len(others):
            pool[alone] = others[np.argmin(size[others])]
    drawn = pool[stratum]
    return np.unique(drawn, return_inverse=True)[1] if len(drawn) else drawn
