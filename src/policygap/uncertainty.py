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
from .messages import percent, say
from .resampling import draw_sums
from .sampling import MEASURES, RANDOM, Frame
from .showing import to_html_table
from .spelling import suggest
from .study import Study

__all__ = ["MEASURES", "Bootstrap", "bootstrap"]

Array = np.ndarray[Any, Any]

FEWEST_UNITS = 5
"""Under how many units a drawn interval is too often wrong; measured in ``benchmarks/calibration.py``."""
_FEW_UNITS, _SMALL_STRATUM = 30, 5
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
        its kind): ``id``, ``kind``, ``measure``, ``estimate``; ``units`` that touch it (for demand, that call for it;
        for share and ratio, that touch it or a code under it), of ``assessed``, ``whole_groups`` of the speakers among
        them; ``lowest`` and ``highest``, the extremes with one unit left out; ``low`` and ``high``, the interval;
        ``method`` (``wilson``, ``bca``, ``percentile``); ``reason``, why a row has no interval.
    strata
        A row an actor group (a group speaking as one is a stratum of its own): ``group``, ``whole_group``, ``units``,
        ``drawn_with``: its own name, or that of the strata with which it was pooled because a single unit can't vary;
        ``sampled_share``, what share of its population answered, missing where it has no correction for that.
    cautions
        Why counts and what leaving one unit out does come before any interval: ``few_units``, ``small_strata``,
        ``whole_groups``, ``alone``; empty where nothing of that kind holds.
    sampled_share
        What share of the population answered, where every stratum has the finite population correction, else ``None``.
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
        values = {
            "fewest": _FEW_UNITS,
            "least": _SMALL_STRATUM,
            "units": int(self.strata["units"].sum()),
            "strata": len(self.strata),
        }
        counts = {
            "few_units": Frame.of(self.coverage).fewest_assessed,
            "small_strata": int((self.strata["units"] < _SMALL_STRATUM).sum()),
            "whole_groups": int(self.strata["whole_group"].sum()),
            "alone": int((self.strata["units"] == 1).sum()),
        }
        unit = "speaker" if self.coverage.unit == "statement" else self.coverage.unit
        assessed = say(f"word.{unit}s", language, count=counts["few_units"])
        sentences += [
            say(f"interval.caution_{caution}", language, count=counts[caution], assessed=assessed, **values)
            for caution in self.cautions
        ]
        corrected = int(self.strata["sampled_share"].notna().sum())
        if self.sampled_share is not None:
            sentences.append(say("interval.finite", language, share=percent(self.sampled_share, language)))
        elif corrected:
            sentences.append(say("interval.partly_finite", language, corrected=corrected, strata=len(self.strata)))
        elif self.are_confidence_intervals:
            sentences.append(say("interval.not_finite", language))
        return tuple(sentences)

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
            Where a code, relation or measure is not known, one of the two has no such figure, or there is one unit.

        Examples
        --------
        >>> import policygap as pg
        >>> drawn = pg.bootstrap(pg.read_study("smabystrategi"), n=200)
        >>> drawn.probability("B", "<", "E") + drawn.probability("B", ">=", "E")
        1.0
        """
        _judge_measure(measure)
        if str(relation) not in _COMPARE:
            fix = f"use one of {', '.join(_COMPARE)}"
            raise UsageError([Problem(file="relation", what=f"'{relation}' is not known", fix=fix)])
        if int(self.strata["units"].sum()) < 2:  # noqa: PLR2004
            raise UsageError([Problem(what="one unit: there is nothing to draw from", fix="compare the counts")])
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
    section 5A.12). Statements as units are drawn by speaker, all of a speaker's together. In each stratum one unit
    fewer is drawn than there are, and weights are rescaled, so that small strata vary enough (Rao and Wu 1988,
    doi:10.1080/01621459.1988.10478591).

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
        Intervals of every code's figures. Where the study declares a random sample, each stratum whose group has a
        population varies less by the part of it that was assessed (finite population correction); Wilson's intervals,
        which know no strata, by the smallest such part.

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
    judge_draws(n=n, seed=seed, level=level, usual=2000, others=_judge_method(method))
    coverage = measure_coverage(study, choices, benchmark=benchmark, **options)
    frame = Frame.of(coverage)
    replicates, jackknives = _draw(frame, int(n), int(seed))
    judge = _Judge(
        coverage=coverage, frame=frame, level=float(level), method=method, replicates=replicates, jackknives=jackknives
    )
    strata, ends = frame.described(), judge.intervals()
    return Bootstrap(
        coverage=coverage,
        n=int(n),
        seed=int(seed),
        level=float(level),
        intervals=judge.frame_of(ends),
        strata=strata,
        cautions=_cautions(strata, frame.fewest_assessed),
        sampled_share=frame.sampled_share,
        replicates=replicates,
        ends=ends,
    )


def _draw(frame: Frame, n: int, seed: int) -> tuple[dict[str, Array], dict[str, list[Jackknife | None]]]:
    """The figures of each replicate, and what leaving each unit out does; what they are sums of is let go."""
    sums = frame.sums()
    return frame.figures(draw_sums(sums, n, seed, frame.spread)), frame.leave_out(sums)


def _judge_method(method: object) -> tuple[Problem, ...]:
    if isinstance(method, str) and method in METHODS:
        return ()
    fix = suggest(str(method), METHODS, otherwise=f"use one of {', '.join(METHODS)}")
    return (Problem(file="method", what=f"'{method}' is not known", fix=fix),)


def _judge_measure(measure: object) -> None:
    if not isinstance(measure, str) or measure not in MEASURES:
        fix = suggest(str(measure), MEASURES, otherwise=f"use one of {', '.join(MEASURES)}")
        raise UsageError([Problem(file="measure", what=f"'{measure}' is no measure", fix=fix)])


def _cautions(strata: pd.DataFrame, fewest: int) -> tuple[str, ...]:
    holds = {
        "few_units": fewest < _FEW_UNITS,
        "small_strata": strata["units"].lt(_SMALL_STRATUM).any(),
        "whole_groups": strata["whole_group"].any(),
        "alone": strata["units"].eq(1).any(),
    }
    return tuple(name for name, there in holds.items() if there)


# -- from replicates to intervals


@frozen(kw_only=True, eq=False, slots=False)
class _Judge:
    """What decides which interval a figure has."""

    coverage: Coverage
    frame: Frame
    level: float
    method: str
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
                    "units": self._units(place, measure),
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

    def _units(self, place: int, measure: str) -> float | None:
        """How many units of the count make the figure."""
        code = self.coverage.study.codes[place]
        if measure in ("share", "ratio"):
            return float(self._under[code.kind][place]) if code.kind in self._under else None
        return self.coverage.figure("calling" if measure == "demand" else "units", code.id)

    @cached_property
    def _under(self) -> dict[str, Array]:
        return {kind: self.frame.touching(kind) for kind in self.coverage.tallies}

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
            rest = float(self.frame.unsampled[self.coverage.study.codes[place].kind].max())
            size = self.coverage.figure("assessed", code) or 0.0
            return wilson(estimate, size / rest if rest > 0 else math.inf, self.level)
        return self._drawn(place, measure, estimate)

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
        fewest_units = int(self._fewest[measure][place])
        if fewest_units < FEWEST_UNITS:
            hangs = f"it hangs on {fewest_units} unit{'' if fewest_units == 1 else 's'}"
            return Interval(reason=f"{hangs}, and an interval from under {FEWEST_UNITS} is too often wrong")
        jackknife = self.jackknives[measure][place]
        if self.method == "percentile" or jackknife is None:
            return percentile(drawn, self.level)
        return bca(drawn, estimate, jackknife, self.level)

    def _constant(self, drawn: Array) -> Interval | None:
        if drawn.max() - drawn.min() > SAME:
            return None
        return Interval(reason="no draw within the groups changes it")

    @cached_property
    def _fewest(self) -> dict[str, Array]:
        found = {measure: self.frame.fewest(measure) for measure in ("attention", "demand", "share")}
        return {**found, "ratio": found["share"]}

    @property
    def _plain(self) -> bool:
        """Whether units count equally and are what is drawn, so that attention and demand are plain shares."""
        weights = self.coverage.choices.weights
        return isinstance(weights, str) and weights == "equal" and self.coverage.unit != "statement"
