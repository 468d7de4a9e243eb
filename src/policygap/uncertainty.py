"""A study comes in; how far its figures move when its units are drawn anew goes out, called by what it may be called.

Units are resampled whole (all evidence of a speaker together) within actor groups. Only where a study declares a random
sample do the ends bound what chance in drawing it could have done: then they are confidence intervals. Answers that
chose themselves were drawn by nobody; for them the same numbers tell how stable a figure is, and no more.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import field, frozen

from .choices import Choices
from .coverage import Coverage, measure_coverage
from .errors import Problem, UsageError
from .intervals import METHODS, SAME, Interval, Jackknife, bca, fewest_replicates, judge_draws, percentile, wilson
from .messages import percent, say, word
from .resampling import Sums, draw_sums, leave_out_each, make_sums
from .showing import to_html_table
from .spelling import suggest
from .study import Study

__all__ = ["MEASURES", "Bootstrap", "bootstrap"]

Array = np.ndarray[Any, Any]

MEASURES = ("attention", "demand", "share", "ratio", "rank")
RANDOM = "random"
FEWEST_UNITS = 5
"""Under how many units a drawn interval is too often wrong; measured in ``benchmarks/calibration.py``."""
_FEW_UNITS, _SMALL_STRATUM = 30, 5
_DIGITS = 9  # beyond which shares are the same, as SAME has it
_ALIKE = 0.005  # by which groups' sampled shares may differ for one correction to fit them all
_COMPARE: Final[dict[str, Callable[[Array, Array], Array]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge
}  # fmt: skip
_COLUMNS = (
    "id", "kind", "measure", "estimate", "units", "assessed", "whole_groups", "lowest", "highest", "low", "high",
    "method", "reason",
)  # fmt: skip


@frozen(kw_only=True, eq=False, slots=False)
class Bootstrap:
    """How far figures move when units are drawn anew.

    Attributes
    ----------
    coverage
        What was measured.
    n, seed, level
        How many replicates, from which seed, and how much of them lies between the ends.
    intervals
        A row a code and measure (``attention``, ``demand``, ``share``, ``ratio``, ``rank``; 1 is the most attention of
        its kind): ``id``, ``kind``, ``measure``, ``estimate``; ``units`` that touch it (for demand, that call for it),
        of ``assessed``, ``whole_groups`` of the speakers among them; ``lowest`` and ``highest``, the extremes with one
        unit left out; ``low`` and ``high``, the interval; ``method`` (``wilson``, ``bca``, ``percentile``);
        ``reason``, why a row has no interval.
    strata
        A row an actor group (a group speaking as one is a stratum of its own): ``group``, ``whole_group``, ``units``,
        ``drawn_with``: its own name, or that of the strata with which it was pooled because a single unit can't vary.
    cautions
        Why counts and what leaving one unit out does come before any interval: ``few_units``, ``small_strata``,
        ``whole_groups``, ``alone``; empty where nothing of that kind holds.
    sampled_share
        What share of the population answered, where the finite population correction was made, else ``None``.
    replicates
        By measure, an array replicates x codes (in the study's order), NaN where a replicate has no such figure.
    ends
        The interval of each code and measure.
    """

    coverage: Coverage
    n: int
    seed: int
    level: float
    intervals: pd.DataFrame
    strata: pd.DataFrame
    cautions: tuple[str, ...]
    sampled_share: float | None
    replicates: Mapping[str, Array] = field(repr=False)
    ends: Mapping[tuple[str, str], Interval] = field(repr=False)

    @property
    def are_confidence_intervals(self) -> bool:
        """Whether the ends may be called a confidence interval: where the study declares a random sample."""
        return self.coverage.study.sampling == RANDOM and self.coverage.unit != "theme"

    def name(self, language: str = "en") -> str:
        """What the intervals may be called.

        Examples
        --------
        >>> import policygap as pg
        >>> pg.bootstrap(pg.read_study("smabystrategi"), n=200).name()
        '95% range of stability under resampling'
        """
        form = "confidence" if self.are_confidence_intervals else "stability"
        return say(f"interval.{form}", language, level=percent(self.level, language))

    def explain(self, language: str = "en") -> tuple[str, ...]:
        """What must be said with the intervals: what they are, and what makes them weak, a sentence each."""
        sampling = self.coverage.study.sampling
        drawn_by = sampling if self.coverage.unit != "theme" else "unknown"
        sentences = [say(f"interval.sampling_{drawn_by}", language)]
        unit = self._resampled
        values = {
            "count": len(self._places),
            "unit": word("units", unit, language),
            "fewest": _FEW_UNITS,
            "least": _SMALL_STRATUM,
            "groups": int(self.strata["whole_group"].sum()),
            "small": int((self.strata["units"] < _SMALL_STRATUM).sum()),
            "strata": len(self.strata),
            "alone": int((self.strata["units"] == 1).sum()),
        }
        sentences += [
            say(f"interval.caution_{caution}", language, **values | {"count": values.get(caution, values["count"])})
            for caution in self.cautions  # whether it is one goes by what the caution is about, where values name it
        ]
        if self.sampled_share is not None:
            sentences.append(say("interval.finite", language, share=percent(self.sampled_share, language)))
        elif self.are_confidence_intervals:
            sentences.append(say("interval.not_finite", language))
        return tuple(sentences)

    @property
    def _places(self) -> range:
        return range(int(self.strata["units"].sum()))

    @property
    def _resampled(self) -> str:
        return "speaker" if self.coverage.unit == "statement" else self.coverage.unit

    def interval(self, code: str, measure: str = "attention") -> Interval:
        """The interval of one figure; without ends where there is none, and then with the reason.

        Raises
        ------
        UsageError
            Where there is no such code or measure; the message names the nearest.

        Examples
        --------
        >>> import policygap as pg
        >>> interval = pg.bootstrap(pg.read_study("smabystrategi"), n=200).interval("A")
        >>> interval.method
        'wilson'
        """
        _judge_measure(measure)
        self.coverage.study.code(code)  # raises, naming the nearest id
        return self.ends.get((code, measure), Interval(reason=f"themes have no {measure}"))

    def probability(self, one: str, relation: str, other: str, measure: str = "attention") -> float:
        """In what share of the replicates one code has less (or more) of a measure than another.

        Parameters
        ----------
        one, other
            Ids of codes.
        relation
            ``<``, ``<=``, ``>`` or ``>=``.
        measure
            One of ``attention``, ``demand``, ``share``, ``ratio``, ``rank``.

        Returns
        -------
        float
            Between 0 and 1. Ties count for ``<=`` and ``>=`` alone.

        Raises
        ------
        UsageError
            Where a code, relation or measure is not known, or one of the two has no such figure.

        Examples
        --------
        >>> import policygap as pg
        >>> drawn = pg.bootstrap(pg.read_study("smabystrategi"), n=200)
        >>> drawn.probability("B", "<", "E") + drawn.probability("B", ">=", "E")
        1.0
        """
        _judge_measure(measure)
        if relation not in _COMPARE:
            fix = f"use one of {', '.join(_COMPARE)}"
            raise UsageError([Problem(file="relation", what=f"'{relation}' is not known", fix=fix)])
        columns = [self._column(name, measure) for name in (one, other)]
        whole = ~np.isnan(columns[0]) & ~np.isnan(columns[1])
        if not whole.any():
            what = f"{measure} of {one} or {other} is missing: nobody looked, or nothing could be drawn"
            raise UsageError([Problem(what=what, fix="compare two codes that have the figure")])
        apart = columns[0][whole] - columns[1][whole]
        return float(_COMPARE[relation](np.where(np.abs(apart) <= SAME, 0.0, apart), np.zeros(1)).mean())

    def _column(self, name: str, measure: str) -> Array:
        study = self.coverage.study
        place = study.codes.index(study.code(name))
        return self.replicates[measure][:, place]

    def _repr_html_(self) -> str:
        """The targets' attention with its intervals, as a notebook shows them."""
        rows = self.intervals[(self.intervals["kind"] != "theme") & (self.intervals["measure"] == "attention")]
        shown = [name for name in _COLUMNS if name not in ("kind", "measure")]
        caption = f"Attention by target; low to high: {self.name()}"
        return to_html_table(caption, shown, rows[shown].itertuples(index=False))


def bootstrap(
    study: Study,
    choices: Choices | None = None,
    *,
    n: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    method: str = "auto",
    benchmark: str | Mapping[str, float] | pd.Series = "equal",
    **options: Any,
) -> Bootstrap:
    """Draw the units of a study anew, many times, and find how far its figures move.

    Units are drawn within strata: the actor groups, and each group that speaks as one by itself. Strata of a single
    unit are drawn together, since alone they would seem certain (collapsed strata: Cochran 1977, *Sampling Techniques*,
    section 5A.12). Statements as units are drawn by speaker, all of a speaker's together.

    Parameters
    ----------
    study
        The study; its ``sampling`` decides what the intervals may be called.
    n
        How many replicates, 1 or more.
    seed
        A whole number of 0 or more; the same seed gives the same result on every machine.
    level
        How much of the replicates lies between the ends, between 0 and 1.
    method
        ``percentile``, ``bca`` or ``wilson``; ``auto`` takes Wilson where the figure is a plain share of equal units
        (attention and demand with equal weights), BCa for other measures, and percentiles for ranks.
    benchmark
        As for :func:`policygap.coverage.measure_coverage`.
    choices, **options
        How to count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    Bootstrap
        Intervals of every code's figures. They have the finite population correction where the study declares a random
        sample, every group that spoke has a population of which the same share answered (within half a per cent), and
        every unit (speaker or actor) was assessed; nowhere else.

    Raises
    ------
    UsageError
        Where an argument is not usable, each named.

    Examples
    --------
    >>> import policygap as pg
    >>> drawn = pg.bootstrap(pg.read_study("smabystrategi"), n=500, seed=1)
    >>> row = drawn.intervals.query("id == 'A' and measure == 'attention'").iloc[0]
    >>> bool(row["low"] < row["estimate"] < row["high"])
    True
    """
    judge_draws(n=n, seed=seed, level=level, others=_judge_method(method))
    coverage = measure_coverage(study, choices, benchmark=benchmark, **options)
    frame = _Frame.of(coverage)
    sums = frame.sums()
    replicates = frame.figures(draw_sums(sums, int(n), int(seed)))
    jackknives = frame.leave_out(sums)
    sampled = _sampled_share(coverage, frame)
    judge = _Judge(
        coverage=coverage, frame=frame, level=float(level), method=method, sampled=sampled or 0.0, n=int(n),
        replicates=replicates, jackknives=jackknives,
    )  # fmt: skip
    strata, ends = frame.described(), judge.intervals()
    return Bootstrap(
        coverage=coverage,
        n=int(n),
        seed=int(seed),
        level=float(level),
        intervals=judge.frame_of(ends),
        strata=strata,
        cautions=_cautions(strata),
        sampled_share=sampled,
        replicates=replicates,
        ends=ends,
    )


def _judge_method(method: object) -> tuple[Problem, ...]:
    if method in METHODS:
        return ()
    fix = suggest(str(method), METHODS, otherwise=f"use one of {', '.join(METHODS)}")
    return (Problem(file="method", what=f"'{method}' is not known", fix=fix),)


def _judge_measure(measure: str) -> None:
    if measure not in MEASURES:
        fix = suggest(str(measure), MEASURES, otherwise=f"use one of {', '.join(MEASURES)}")
        raise UsageError([Problem(file="measure", what=f"'{measure}' is no measure", fix=fix)])


# -- what is summed, and the figures made of sums


@frozen(kw_only=True, eq=False, slots=False)
class _Frame:
    """The resampling units with their strata, and for each kind of code where its sums stand.

    For a kind with c codes: units assessed, then c of each of touching, calling and own share.
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
    def of(cls, coverage: Coverage) -> _Frame:
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
        """A row a stratum, with what it was drawn with."""
        size = np.bincount(self.stratum, minlength=len(self.strata))
        of = np.zeros(len(self.strata), dtype=np.int64)
        of[self.stratum] = self.pooled
        names = self.strata["group"].astype(object).fillna("").tolist()
        together = {
            pool: [name for name, one in zip(names, of, strict=True) if one == pool] for pool in set(of.tolist())
        }
        return self.strata.assign(units=size, drawn_with=[";".join(together[pool]) for pool in of.tolist()])

    def sums(self) -> Sums:
        unit: list[Array] = []
        column: list[Array] = []
        value: list[Array] = []
        for kind, tally in self.coverage.tallies.items():
            first, size, place = self.first[kind], len(self.places[kind]), self._place(kind)
            spread = tally.spread
            cells = [
                (tally.present, np.full(len(tally.present), first), tally.weight[tally.present]),
                (tally.touching[0], first + 1 + place[tally.touching[1]], tally.weight[tally.touching[0]]),
                (tally.calling[0], first + 1 + size + place[tally.calling[1]], tally.weight[tally.calling[0]]),
                (spread[0], first + 1 + 2 * size + place[spread[1]], spread[2]),
            ]
            for one, two, three in cells:
                unit.append(self.cluster[one])
                column.append(two)
                value.append(three)
        none = [np.zeros(0, dtype=np.int64)]
        return make_sums(
            np.concatenate(unit or none),
            np.concatenate(column or none),
            np.concatenate(value or none).astype(float),
            columns=self.columns,
            strata=self.pooled,
        )

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
        for block in leave_out_each(sums):
            for measure, values in self.figures(block).items():
                there = ~np.isnan(values)
                apart = np.where(there, values - estimate[measure], 0)
                lowest[measure] = np.minimum(lowest[measure], np.where(there, values, np.inf).min(axis=0))
                highest[measure] = np.maximum(highest[measure], np.where(there, values, -np.inf).max(axis=0))
                moments[measure] += [(apart**power).sum(axis=0) for power in (1, 2, 3)]
                count[measure] += there.sum(axis=0)
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
    cluster = np.full(size, -1)
    if coverage.unit == "theme" or not present.any():
        cluster[present] = np.arange(present.sum())
        strata = pd.DataFrame([(None, False)] if present.any() else [], columns=columns)
        return cluster, strata, np.zeros(int(present.sum()), dtype=np.int64)
    units = coverage.units
    assert units is not None  # only themes have none
    speakers = units.speaker[present] if units.unit == "statement" else units.ids[present].to_numpy()
    codes, distinct = pd.factorize(speakers)
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


def _sampled_share(coverage: Coverage, frame: _Frame) -> float | None:
    """What share of the population answered, where one correction fits every figure.

    That is for a declared random sample whose groups all have a population, of which about the same share answered, and
    whose units were all assessed for every kind of code that any was assessed for.
    """
    study = coverage.study
    population = {group.id: group.population for group in study.groups}
    if study.sampling != RANDOM or coverage.unit == "theme" or frame.strata["whole_group"].any() or frame.strata.empty:
        return None
    size = np.bincount(frame.stratum, minlength=len(frame.strata))
    known = [population.get(str(name)) for name in frame.strata["group"]]
    if any(number is None or number < count for number, count in zip(known, size.tolist(), strict=True)):
        return None
    shares = size / np.array(known, dtype=float)
    everybody = all(len(tally.present) in (0, len(frame.stratum)) for tally in coverage.tallies.values())
    if coverage.unit == "statement" or not everybody or shares.max() - shares.min() > _ALIKE:
        return None
    return float(size.sum() / sum(number or 0 for number in known))


def _cautions(strata: pd.DataFrame) -> tuple[str, ...]:
    holds = {
        "few_units": strata["units"].sum() < _FEW_UNITS,
        "small_strata": strata["units"].lt(_SMALL_STRATUM).any(),
        "whole_groups": strata["whole_group"].any(),
        "alone": strata["units"].eq(1).any(),
    }
    return tuple(name for name, there in holds.items() if there)


# -- from replicates to intervals


@frozen(kw_only=True, eq=False)
class _Judge:
    """What decides which interval a figure has."""

    coverage: Coverage
    frame: _Frame
    level: float
    method: str
    sampled: float
    n: int
    replicates: Mapping[str, Array]
    jackknives: Mapping[str, list[Jackknife | None]]

    def intervals(self) -> dict[tuple[str, str], Interval]:
        """The interval of each code and measure."""
        return {
            (code.id, measure): self._interval(place, code.id, measure)
            for place, code in enumerate(self.coverage.study.codes)
            for measure in MEASURES
            if not (code.is_theme and measure in ("share", "ratio"))
        }

    def frame_of(self, ends: Mapping[tuple[str, str], Interval]) -> pd.DataFrame:
        """The intervals beside the figures and counts they belong to."""
        lines: list[dict[str, Any]] = []
        places = {code.id: place for place, code in enumerate(self.coverage.study.codes)}
        for (name, measure), interval in ends.items():
            place, figure = places[name], self.coverage.figure
            jackknife = self.jackknives[measure][place]
            lines.append(
                {
                    "id": name,
                    "kind": self.coverage.study.codes[place].kind,
                    "measure": measure,
                    "estimate": self._estimate(place, name, measure),
                    "units": figure("calling" if measure == "demand" else "units", name),
                    "assessed": figure("assessed", name),
                    "whole_groups": self._whole_groups(place, name, measure),
                    "lowest": jackknife.lowest if jackknife is not None else None,
                    "highest": jackknife.highest if jackknife is not None else None,
                    "low": interval.low,
                    "high": interval.high,
                    "method": interval.method,
                    "reason": interval.reason,
                }
            )
        numbers = dict.fromkeys(("estimate", "lowest", "highest", "low", "high"), "float")
        counts = dict.fromkeys(("units", "assessed", "whole_groups"), "Int64")
        frame = pd.DataFrame(lines, columns=list(_COLUMNS)).astype({**numbers, **counts})
        words = frame[["method", "reason"]].astype(object)
        return frame.assign(**{str(name): words[name].where(words[name].notna(), None) for name in words})

    def _whole_groups(self, place: int, code: str, measure: str) -> float | None:
        """How many of the units that are counted are groups speaking as one, where units are speakers."""
        if measure != "demand":
            return self.coverage.figure("whole_groups", code)
        tally = self.coverage.tallies.get(self.coverage.study.codes[place].kind)
        if tally is None or self.coverage.units is None or self.coverage.unit == "statement":
            return None
        unit, called = tally.calling
        return float(self.coverage.units.is_group[unit[called == place]].sum())

    def _estimate(self, place: int, code: str, measure: str) -> float | None:
        if measure != "rank":
            return self.coverage.figure(measure, code)
        kind = self.coverage.study.codes[place].kind
        own = self.coverage.figure("attention", code)
        if own is None:
            return None
        others = (self.coverage.figure("attention", one.id) for one in self.coverage.study.codes if one.kind == kind)
        return 1.0 + sum(other is not None and other > own + SAME for other in others)

    def _interval(self, place: int, code: str, measure: str) -> Interval:
        estimate = self._estimate(place, code, measure)
        if estimate is None:
            return Interval(reason="there is no such figure: nobody looked, or nobody is in the count")
        if len(self.frame.stratum) <= 1:
            return Interval(reason="one unit: there is nothing to draw from")
        plain = measure in ("attention", "demand") and self._plain
        if self.method == "wilson" and not plain:
            return Interval(reason="Wilson's interval is for plain shares: attention or demand of equal units")
        if plain and self.method in ("auto", "wilson"):
            rest = 1 - self.sampled
            size = self.coverage.figure("assessed", code) or 0.0
            return wilson(estimate, size / rest if rest > 0 else math.inf, self.level)
        drawn = self._drawn(place, measure, estimate)
        return drawn if measure == "rank" else drawn.shrunk(estimate, math.sqrt(1 - self.sampled))

    def _drawn(self, place: int, measure: str, estimate: float) -> Interval:
        """The interval that the replicates give, or why they give none."""
        drawn = self.replicates[measure][:, place]
        drawn = drawn[~np.isnan(drawn)]
        fewest = fewest_replicates(self.level)
        if len(drawn) < fewest:
            return Interval(reason=f"{len(drawn)} replicates have the figure; an interval needs {fewest} or more")
        if measure == "rank":
            return self._constant(drawn) or percentile(drawn, self.level)
        if constant := self._constant(drawn):
            return constant
        fewest_units = self._fewest_units(place, measure)
        if fewest_units < FEWEST_UNITS:
            what = f"it hangs on {fewest_units} units, and an interval from under {FEWEST_UNITS} is too often wrong"
            return Interval(reason=what)
        jackknife = self.jackknives[measure][place]
        if self.method == "percentile" or jackknife is None:
            return percentile(drawn, self.level)
        return bca(drawn, estimate, jackknife, self.level)

    def _constant(self, drawn: Array) -> Interval | None:
        if drawn.max() - drawn.min() > SAME:
            return None
        return Interval(reason="no draw within the groups changes it")

    def _fewest_units(self, place: int, measure: str) -> int:
        """How many units touch a code (or call for it), or do not, whichever are fewer; in a share the former."""
        code = self.coverage.study.codes[place].id
        units = self.coverage.figure("calling" if measure == "demand" else "units", code) or 0.0
        others = (self.coverage.figure("assessed", code) or 0.0) - units
        return int(units if measure in ("share", "ratio") else min(units, others))

    @property
    def _plain(self) -> bool:
        """Whether units count equally and are what is drawn, so that attention and demand are plain shares."""
        weights = self.coverage.choices.weights
        return isinstance(weights, str) and weights == "equal" and self.coverage.unit != "statement"
