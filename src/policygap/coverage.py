"""A study and choices come in; attention, demand, share and ratio of every code, with what was left out, go out.

Sources of the measures: attention as a share of units follows issue attention in the Manifesto Project; the effective
number of targets is exp of Shannon's entropy, the Hill number of order 1 (Hill 1973; Jost 2006,
doi:10.1111/j.2006.0030-1299.14714.x).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from attrs import evolve, field, frozen

from .choices import Choices, choose
from .errors import Problem, UsageError
from .model import Code
from .showing import to_html_table
from .spelling import suggest
from .study import Study
from .touches import Touches, collect_touches
from .units import Units, as_weight, check_weights, collect_units, distinct_pairs

__all__ = ["Coverage", "Tally", "judge_benchmark", "measure_coverage", "measure_touches", "split_benchmark"]

Array = np.ndarray[Any, Any]

COUNTS = ("statements", "speakers", "whole_groups", "assessed", "units", "calling")
FIGURES = ("statements", "speakers", "whole_groups", "assessed", "units", "attention", "calling", "demand")
EQUAL_SPLIT = "an equal split"


def _no_pairs() -> tuple[Array, Array]:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


@frozen(kw_only=True, eq=False, slots=False)
class Tally:
    """Who was assessed for codes of a kind, with what weight, and who touches and calls for which code.

    Attributes
    ----------
    ids
        The id of each unit, by position.
    present
        Positions of the units that were assessed for the kind.
    weight
        The weight of each unit, 0 for those not present; all times one power of two, so that sums stay finite.
    touching, calling
        Distinct pairs of positions (unit, code in the study's order): who touches, and who calls for, what.
    parent
        For each code the position of its parent, -1 where it has none of this kind.
    full
        Whether a unit counts in full for each of the most specific codes that it touches.
    """

    ids: pd.Index
    present: Array
    weight: Array
    touching: tuple[Array, Array]
    calling: tuple[Array, Array] = field(factory=_no_pairs)
    parent: Array
    full: bool

    @cached_property
    def spread(self) -> tuple[Array, Array, Array]:
        """Unit, most specific code that it touches, and the part of its weight that falls to it.

        A code is not the most specific where the unit touches one under it too. Shares are sums of these parts.
        """
        unit, code = self.touching
        size = len(self.parent)
        over = self.parent[code]
        covered: Array = np.zeros(0, dtype=np.int64)
        while (over >= 0).any():
            covered = np.concatenate([covered, (unit * size + over)[over >= 0]])
            over = np.where(over >= 0, self.parent[over], -1)
        if len(covered):
            specific = ~np.isin(unit * size + code, covered)
            unit, code = unit[specific], code[specific]
        if self.full:
            return unit, code, self.weight[unit]
        return unit, code, self.weight[unit] / np.bincount(unit, minlength=len(self.weight))[unit]


@frozen(kw_only=True, eq=False, slots=False)
class Coverage:
    """How much of the input touches and calls for each code.

    Attributes
    ----------
    study, choices
        What it was measured on, and how.
    themes
        A row a theme, indexed by id: ``label``; ``statements``, ``speakers`` (distinct, that touch it and have a place
        in the count) and ``whole_groups`` (of those speakers, groups speaking as one); ``assessed`` (units that were
        assessed for the kind) and ``units`` (of them, those that touch it); ``attention``; ``calling`` (units that call
        for it) and ``demand``. A kind for which no unit was assessed has missing figures.
    targets
        The same for targets, with ``kind``, ``share``, ``benchmark``, ``ratio`` and ``tied_with`` (a tuple of ids)
        besides.
    left_out
        What each choice left out: ``reason``, ``statements``, ``speakers``.
    effective_targets
        By kind, exp of the entropy of the shares: as how many equally touched targets the input behaves.
    benchmark
        The numbers that shares are held against, by target, as they were given; empty for an equal split.
    benchmark_name
        What the shares are held against, in words.
    breakdown
        With ``by="group"``: a row a group and code with the same figures, else ``None``.
    figures
        The same figures by name, each an array with a place for every code (themes first), NaN where it is missing.
    tallies
        What the figures are sums over, by kind of code that somebody was assessed for.
    units
        Who was counted; ``None`` for themes as units.
    """

    study: Study
    choices: Choices
    touches: Touches = field(repr=False)
    figures: Mapping[str, Array] = field(repr=False)
    tallies: Mapping[str, Tally] = field(repr=False)
    units: Units | None = field(repr=False)
    benchmark: Mapping[str, float] = field(factory=dict)
    benchmark_name: str = EQUAL_SPLIT
    breakdown: pd.DataFrame | None = None

    @cached_property
    def themes(self) -> pd.DataFrame:
        """A row a theme."""
        frame = self._frame
        return frame.loc[frame["kind"] == "theme", ["label", *FIGURES]]

    @cached_property
    def targets(self) -> pd.DataFrame:
        """A row a target."""
        frame = self._frame
        targets = frame[frame["kind"] != "theme"].copy()
        targets["tied_with"] = _ties(targets, self.tallies, self.touches)
        return targets[["kind", "label", *FIGURES, "share", "benchmark", "ratio", "tied_with"]]

    @property
    def _frame(self) -> pd.DataFrame:
        return _as_frame(self.touches, self.figures)

    @cached_property
    def left_out(self) -> pd.DataFrame:
        """What each choice left out."""
        return _left_out_of_links(self.touches) if self.units is None else _left_out(self.units)

    @cached_property
    def effective_targets(self) -> dict[str, float]:
        """As how many equally touched targets of a kind the input behaves."""
        return _effective_numbers(self.touches, self.figures)

    def benchmark_of(self, kind: str) -> str:
        """What the shares of a kind of target are held against, in words: a benchmark given names some kinds only."""
        named = any(code.kind == kind and code.id in self.benchmark for code in self.study.targets)
        return self.benchmark_name if named or not self.benchmark else EQUAL_SPLIT

    @cached_property
    def unit(self) -> str:
        """What was counted: ``speaker``, ``actor``, ``statement`` or ``theme``."""
        return choose_unit(self.study, self.choices)

    def _repr_html_(self) -> str:
        """The targets and their figures, as a notebook shows them."""
        columns = ["label", "units", "assessed", "attention", "share", "ratio", "tied_with"]
        rows = [(name, *cells) for name, *cells in self.targets[columns].itertuples()]
        caption = f"Attention by target, in {self.unit}s; ratio against {self.benchmark_name}"
        return to_html_table(caption, ["id", *columns], rows)

    def figure(self, name: str, code: str) -> float | None:
        """One figure of one code; ``None`` where it is missing, as a theme's share is.

        Raises
        ------
        UsageError
            Where there is no such code or figure; the message names the nearest.

        Examples
        --------
        >>> import policygap as pg
        >>> coverage = pg.measure_coverage(pg.read_study("smabystrategi"))
        >>> 0 <= coverage.figure("attention", "A") <= 1
        True
        """
        known = (*FIGURES, "share", "benchmark", "ratio")
        if name not in known:
            fix = suggest(name, known, otherwise=f"use one of {', '.join(known)}")
            raise UsageError([Problem(file="name", what=f"'{name}' is no figure", fix=fix)])
        place = self._places.get(code)
        if place is None:
            self.study.code(code)  # raises, naming the nearest id
            return None
        value = float(self.figures[name][place])
        return None if math.isnan(value) else value

    @cached_property
    def _places(self) -> dict[str, int]:
        return {code: place for place, code in enumerate(self.touches.codes.tolist())}


def choose_unit(study: Study, choices: Choices) -> str:
    """The unit that is counted: the one asked for, else speakers, or themes where there are no statements."""
    if choices.unit is not None:
        return choices.unit
    return "speaker" if study.once("has statements", _has_statements) else "theme"


def _has_statements(study: Study) -> bool:
    return not study.statements.empty


def measure_coverage(
    study: Study,
    choices: Choices | None = None,
    *,
    benchmark: str | Mapping[str, float] | pd.Series = "equal",
    benchmark_name: str | None = None,
    by: str | None = None,
    **options: Any,
) -> Coverage:
    """Measure how much of the input touches (attention) and calls for (demand) each code.

    Parameters
    ----------
    study
        The study.
    benchmark
        ``equal`` (1 / number of leaves of a kind), or a mapping (or Series) from each leaf target of a kind to a number
        of 0 or more; a kind none of whose targets it names is held against an equal split.
    benchmark_name
        What the benchmark is, in words, e.g. ``"the share of the strategy's pages"``.
    by
        ``"group"``: break the figures down by actor group too; themes as units have none, so there is no breakdown.
    choices, **options
        ``unit``, ``weights``, ``kinds``, ``voices``, ``restated``, ``basis``, ``coder``, ``reading``: see
        :class:`policygap.choices.Choices`.

    Returns
    -------
    Coverage
        Shares between 0 and 1; a figure that can't be computed is missing.

    Raises
    ------
    UsageError
        Unknown options, unusable weights or benchmarks, each problem named.

    Examples
    --------
    >>> import policygap as pg
    >>> coverage = pg.measure_coverage(pg.read_study("smabystrategi"), unit="speaker", weights="equal")
    >>> list(coverage.targets.loc["A":"G"].index)
    ['A', 'B', 'C', 'D', 'E', 'F', 'G']
    >>> coverage.targets.loc["A":"G", "share"].sum().round(6)
    np.float64(1.0)
    """
    chosen, given = _judge(study, choices, options, benchmark, by)
    coverage = measure_touches(collect_touches(study, chosen), given)
    breakdown = None if by is None or coverage.units is None else _by_group(coverage.units, study, given)
    named = benchmark_name or ("the benchmark given" if given else EQUAL_SPLIT)
    return evolve(coverage, benchmark_name=named, breakdown=breakdown)


def measure_touches(touches: Touches, benchmark: Mapping[str, float] | None = None) -> Coverage:
    """Measure what was collected already, by the choices that it has now.

    Parameters
    ----------
    touches
        What touches what: of a study, or of some of its statements alone (:meth:`policygap.touches.Touches.within`).
    benchmark
        A number for each leaf target, judged before; an equal split without it.

    Examples
    --------
    >>> import policygap as pg
    >>> from policygap.touches import collect_touches
    >>> study = pg.read_study("smabystrategi")
    >>> calls = study.statements["kind"].eq("call").to_numpy(dtype=bool)
    >>> within = measure_touches(collect_touches(study).within(calls))
    >>> within.figure("attention", "A") == pg.measure_coverage(study.counting_only(calls)).figure("attention", "A")
    True
    """
    study, unit, given = touches.study, choose_unit(touches.study, touches.choices), dict(benchmark or {})
    members = None if unit == "theme" else collect_units(touches, unit)
    found = _of_links(study, touches) if members is None else _of_statements(members)
    return Coverage(
        study=study,
        choices=touches.choices,
        touches=touches,
        figures=_with_benchmark(found.columns, study, given),
        tallies=found.tallies,
        units=members,
        benchmark=given,
    )


def _judge(
    study: Study, choices: Choices | None, options: Mapping[str, Any], benchmark: Any, by: Any
) -> tuple[Choices, dict[str, float]]:
    """The choices and the benchmark's numbers by target, or every problem of the arguments at once."""
    if not isinstance(study, Study):  # type: ignore[reportUnnecessaryIsInstance]  # untyped calls
        fix = "give a study; measure_frame takes frames"
        raise UsageError([Problem(file="study", what=f"a {type(study).__name__} is no study", fix=fix)])
    problems: list[Problem] = []
    chosen, given = Choices(), dict[str, float]()
    try:
        chosen = choose(choices, options)
    except UsageError as error:
        problems += error.problems
    if by is not None and not (isinstance(by, str) and by == "group"):
        problems.append(Problem(file="by", what=f"'{by}' is not known", fix="use 'group' or leave it out"))
    if isinstance(benchmark, Mapping | pd.Series):
        problems += judge_benchmark(dict(benchmark.items()), study.codes)
        given = {str(name): as_weight(number) for name, number in benchmark.items()}
    elif not (isinstance(benchmark, str) and benchmark == "equal"):
        fix = "use 'equal' or a mapping from target to number"
        problems.append(Problem(file="benchmark", what=f"'{benchmark}' is not known", fix=fix))
    if problems:
        raise UsageError(problems)
    return chosen, given


def _as_frame(touches: Touches, figures: Mapping[str, Array]) -> pd.DataFrame:
    """The figures as a frame indexed by code, counts as whole numbers that may be missing."""
    columns = {name: values for name, values in figures.items() if name not in COUNTS}
    counts = {name: pd.array(figures[name], dtype="Int64") for name in COUNTS}
    labels = [code.label for code in touches.study.codes]
    index = pd.Index(touches.codes, name="id")
    return pd.DataFrame({"kind": touches.kinds, "label": labels, **columns, **counts}, index=index)


@frozen(kw_only=True, eq=False)
class _Figures:
    """The figures of all codes by name, and by kind what they are sums over."""

    columns: dict[str, Array]
    tallies: dict[str, Tally]


# -- from statements


def _of_statements(units: Units) -> _Figures:
    touches, kinds = units.touches, units.touches.study.once("kinds", _kinds_of)
    units.weigh(units.present(_assessed(touches)))  # an error names whom it is about whatever the kind they speak of
    present = {kind: units.present(touches.assessed(kind)) for kind in touches.looked}
    # Where who looked has no place in this count, that is missing too, and not zero.
    present = {kind: here for kind, here in present.items() if len(here)}
    rows = _by_units(touches, units, present)
    touching = _pairs(touches, rows, units)
    calling = _pairs(touches, rows & touches.calls[touches.statement] & ~touches.against, units)
    counts = {
        "statements": _count(touches.statement[rows], touches.code[rows], touches),
        **_count_speakers(touches, rows, units, touching),
        "units": np.bincount(touching[1], minlength=len(touches.codes)).astype(float),
        "calling": np.bincount(calling[1], minlength=len(touches.codes)).astype(float),
    }
    counted = np.isin(kinds.of_code, [kinds.names.index(kind) for kind in present])
    figures = _nothing(touches) | {name: np.where(counted, values, np.nan) for name, values in counts.items()}
    tallies: dict[str, Tally] = {}
    for kind, here in present.items():
        of_kind = kinds.of_code == kinds.names.index(kind)
        tallies[kind] = Tally(
            ids=units.ids,
            present=here,
            weight=_scaled(units.weigh(here)),
            touching=_of_codes(touching, of_kind),
            calling=_of_codes(calling, of_kind),
            parent=kinds.parents(kind),
            full=touches.choices.counting == "full",
        )
        figures["assessed"][of_kind] = len(here)
        for name, values in _shares(tallies[kind]).items():
            figures[name][of_kind] = values[of_kind]
    return _Figures(columns=_rolled_up(touches, figures, tallies), tallies=tallies)


def _of_codes(pairs: tuple[Array, Array], codes: Array) -> tuple[Array, Array]:
    """Pairs of unit and code, of some codes alone (a mask)."""
    unit, code = pairs
    return unit[codes[code]], code[codes[code]]


def _shares(tally: Tally) -> dict[str, Array]:
    """What part of the weight touches each code, calls for it, and falls to it."""
    (unit, code), (caller, called) = tally.touching, tally.calling
    weight, size, total = tally.weight, len(tally.parent), _sum(tally.weight)
    return {
        "attention": _share_of(np.bincount(code, weights=weight[unit], minlength=size), total),
        "demand": _share_of(np.bincount(called, weights=weight[caller], minlength=size), total),
        "own_share": _own_shares(tally),
    }


def _nothing(touches: Touches) -> dict[str, Array]:
    """By name, a column with a place for each code, every figure missing."""
    return {name: np.full(len(touches.codes), np.nan) for name in (*FIGURES, "own_share")}


def _assessed(touches: Touches) -> Array:
    """For each statement, whether it counts and was assessed for codes of any kind."""
    assessed = np.zeros(len(touches.counted), dtype=bool)
    for kind in touches.looked:
        assessed |= touches.assessed(kind)
    return assessed


def _by_units(touches: Touches, units: Units, present: Mapping[str, Array]) -> Array:
    """Which of the codings that count are on statements by units that are present for the kind of their code (a mask).

    ``present`` has the kinds that count at all.
    """
    kinds = touches.study.once("kinds", _kinds_of)
    here = np.zeros((len(kinds.names), len(units.ids) + 1), dtype=bool)  # a statement without a unit reads the last
    for kind, members in present.items():
        here[kinds.names.index(kind), members] = True
    return here[kinds.of_code[touches.code], units.of_statement[touches.statement]]


def _scaled(weight: Array) -> Array:
    """Weights times a power of two, so that sums of huge ones stay finite: proportions keep every digit."""
    return np.ldexp(weight, 1 - np.frexp(weight.max(initial=0))[1])


def _sum(weight: Array) -> float:
    """The sum from first to last, as ``bincount`` adds: so no part of it can come out greater than the whole."""
    return float(weight.cumsum()[-1]) if len(weight) else 0.0


def _pairs(touches: Touches, rows: Array, units: Units) -> tuple[Array, Array]:
    return distinct_pairs(units.of_statement[touches.statement[rows]], touches.code[rows], len(touches.codes))


def _count(unit: Array, code: Array, touches: Touches) -> Array:
    distinct = distinct_pairs(unit, code, len(touches.codes))[1]
    return np.bincount(distinct, minlength=len(touches.codes)).astype(float)


def _count_speakers(touches: Touches, rows: Array, units: Units, touching: tuple[Array, Array]) -> dict[str, Array]:
    """Distinct speakers that touch each code, whatever the unit, and how many of them are whole groups."""
    everyone = units if units.unit == "speaker" else collect_units(touches, "speaker")
    unit, code = touching if everyone is units else _pairs(touches, rows, everyone)
    size = len(touches.codes)
    return {
        "speakers": np.bincount(code, minlength=size).astype(float),
        "whole_groups": np.bincount(code[everyone.is_group[unit]], minlength=size).astype(float),
    }


def _share_of(sums: Array, total: float) -> Array:
    return sums / total if total > 0 else np.full(len(sums), np.nan)


@frozen(kw_only=True, eq=False)
class _Kinds:
    """The kinds that codes are of: the place of each code's, and of each code's parent if that is of the same kind."""

    names: tuple[str, ...]
    of_code: Array
    parent: Array

    def parents(self, kind: str) -> Array:
        """For each code its parent's position, -1 where it has none or is of another kind."""
        return np.where(self.of_code == self.names.index(kind), self.parent, -1)


def _kinds_of(study: Study) -> _Kinds:
    names = tuple(dict.fromkeys(("theme", *(code.kind for code in study.codes))))
    where = {code.id: position for position, code in enumerate(study.codes)}
    over = [where[code.parent] if code.parent else -1 for code in study.codes]
    of_code = np.array([names.index(code.kind) for code in study.codes], dtype=np.int64)
    parent = np.array(over, dtype=np.int64)
    return _Kinds(names=names, of_code=of_code, parent=np.where(of_code == of_code[parent], parent, -1))


def _own_shares(tally: Tally) -> Array:
    """What falls to each code of the weight of the units that touch any."""
    unit, code, part = tally.spread
    touches_any = np.zeros(len(tally.weight), dtype=bool)
    touches_any[unit] = True
    total = _sum(part if tally.full else tally.weight[touches_any])
    return _share_of(np.bincount(code, weights=part, minlength=len(tally.parent)), total)


def _rolled_up(touches: Touches, figures: Mapping[str, Array], tallies: Mapping[str, Tally]) -> dict[str, Array]:
    """The figures with ``share``: a target's own and that of all targets of its kind under it."""
    share = figures["own_share"].copy()
    for tally in tallies.values():
        over = tally.parent
        while (over >= 0).any():
            np.add.at(share, over[over >= 0], figures["own_share"][over >= 0])
            over = np.where(over >= 0, tally.parent[over], -1)
    share[touches.kinds == "theme"] = np.nan
    return {**figures, "share": share}


# -- from links alone


def _of_links(study: Study, touches: Touches) -> _Figures:
    """Themes as units: a target's attention is the share of assessed themes linked to it by any relation but none."""
    figures, links = _nothing(touches), study.links
    theme = touches.codes.get_indexer(pd.Index(links["theme"].astype(object)))
    target = touches.codes.get_indexer(pd.Index(links["target"].astype(object)))
    related = (target >= 0) & links["relation"].ne("none").to_numpy(dtype=bool)
    tallies = {}
    weight_of = _theme_weights(touches)
    for kind in study.target_kinds:
        of_kind = np.append(touches.kinds == kind, False)[target]  # the place that -1 reads
        looked = np.unique(theme[of_kind | (target < 0)])
        where = touches.positions(kind)
        if not len(looked):
            continue
        unit, code = distinct_pairs(theme[related & of_kind], target[related & of_kind], len(touches.codes))
        weight = np.zeros(len(touches.codes))
        weight[looked] = _scaled(weight_of[looked])
        counts = np.bincount(code, minlength=len(touches.codes)).astype(float)
        sums = np.bincount(code, weights=weight[unit], minlength=len(touches.codes))
        tallies[kind] = Tally(
            ids=touches.codes,
            present=looked,
            weight=weight,
            touching=(unit, code),
            parent=study.once("kinds", _kinds_of).parents(kind),
            full=touches.choices.counting == "full",
        )
        columns = {
            "assessed": np.full(len(touches.codes), float(len(looked))),
            "units": counts,
            "attention": _share_of(sums, _sum(weight)),
            "own_share": _own_shares(tallies[kind]),
        }
        for name, values in columns.items():
            figures[name][where] = values[where]
    return _Figures(columns=_rolled_up(touches, figures, tallies), tallies=tallies)


def _theme_weights(touches: Touches) -> Array:
    chosen = touches.choices.weights
    if isinstance(chosen, str) and chosen == "equal":
        return np.ones(len(touches.codes))
    fix = "use 'equal', or map every theme to a number of 0 or more"
    if isinstance(chosen, Mapping):
        themes = touches.positions("theme")
        weights = np.zeros(len(touches.codes))
        weights[themes] = [as_weight(chosen.get(name)) for name in touches.codes[themes]]
        check_weights(touches.codes[themes], weights[themes], fix)
        return weights
    raise UsageError([Problem(file="weights", what=f"themes have no weights '{chosen}'", fix=fix)])


# -- against a benchmark


def _leaves(codes: Sequence[Code], kind: str) -> list[str]:
    over = {code.parent for code in codes if code.kind == kind and code.parent}
    return [code.id for code in codes if code.kind == kind and code.id not in over]


def _target_kinds(codes: Sequence[Code]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code.kind for code in codes if not code.is_theme))


def _with_benchmark(figures: Mapping[str, Array], study: Study, given: Mapping[str, float]) -> dict[str, Array]:
    """The figures with ``benchmark`` and ``ratio``."""
    benchmark = split_benchmark(study.codes, given) if given else study.once("equal split", _split_equally)
    ratio = np.full(len(benchmark), np.nan)
    with np.errstate(over="ignore"):  # against a benchmark next to nothing
        np.divide(figures["share"], benchmark, out=ratio, where=benchmark > 0)
    return {**figures, "benchmark": benchmark, "ratio": ratio}


def _split_equally(study: Study) -> Array:
    return split_benchmark(study.codes, {})


def split_benchmark(codes: Sequence[Code], given: Mapping[str, float]) -> Array:
    """What each code's share is held against; NaN for themes.

    Examples
    --------
    >>> import policygap as pg
    >>> study = pg.read_study("smabystrategi")
    >>> places = [code.id for code in study.codes].index("A"), [code.id for code in study.codes].index("broadband")
    >>> split_benchmark(study.codes, {})[list(places)].round(3).tolist()
    [0.143, nan]
    """
    parent = {code.id: code.parent for code in codes}
    kind_of = {code.id: code.kind for code in codes}
    values = {code.id: np.nan for code in codes}
    for kind in _target_kinds(codes):
        leaves = _leaves(codes, kind)
        named = any(name in given for name in leaves)
        numbers = _scaled(np.array([given.get(name, 0) if named else 1.0 for name in leaves]))
        for name, part in zip(leaves, numbers / _sum(numbers), strict=True):
            over: str | None = name
            while over is not None and kind_of[over] == kind:
                values[over] = part + (0 if np.isnan(values[over]) else values[over])
                over = parent[over]
    return np.array(list(values.values()), dtype=float)


def judge_benchmark(given: Mapping[Any, Any], codes: Sequence[Code]) -> list[Problem]:
    """What keeps every leaf of a kind, or none, from having a number of 0 or more, not all of them 0.

    Examples
    --------
    >>> import policygap as pg
    >>> print(*judge_benchmark({"A": 1}, pg.read_study("smabystrategi").codes))
    benchmark: the focus_area benchmark lacks B, C, D, E, F, G; give a number for each, 0 if need be
    """
    problems: list[Problem] = []
    every = {kind: _leaves(codes, kind) for kind in _target_kinds(codes)}
    known = [name for leaves in every.values() for name in leaves]
    for name, number in given.items():
        if name not in known:
            fix = suggest(str(name), known, otherwise="name a target without targets under it")
            problems.append(Problem(file="benchmark", what=f"'{name}' is no leaf target", fix=fix))
        elif not as_weight(number) >= 0:
            what = f"{name}: {number!r} is no number of 0 or more"
            problems.append(Problem(file="benchmark", what=what, fix="give a finite number, 0 if need be"))
    for kind, leaves in every.items():
        named = [name for name in leaves if name in given]
        missing = [name for name in leaves if name not in given]
        if named and missing:
            what = f"the {kind} benchmark lacks {', '.join(missing)}"
            problems.append(Problem(file="benchmark", what=what, fix="give a number for each, 0 if need be"))
        elif named and all(as_weight(given[name]) == 0 for name in named):
            fix = "give a number over 0 for at least one"
            problems.append(Problem(file="benchmark", what=f"the {kind} benchmark sums to 0", fix=fix))
    return problems


def _effective_numbers(touches: Touches, figures: Mapping[str, Array]) -> dict[str, float]:
    numbers = {}
    for kind in touches.study.target_kinds:
        shares = figures["own_share"][touches.positions(kind)]
        shares = shares[shares > 0]  # and so not missing
        if len(shares):
            numbers[kind] = float(np.exp(-(shares * np.log(shares)).sum()))
    return numbers


# -- ties


def _ties(targets: pd.DataFrame, tallies: Mapping[str, Tally], touches: Touches) -> list[tuple[str, ...]]:
    """For each target those of its kind whose attention can't be told from its own.

    Two are tied where their difference is under two units of mean weight, or where leaving out some single unit
    reverses it.
    """
    tied: dict[str, list[str]] = {str(name): [] for name in targets.index}
    for kind, tally in tallies.items():
        unit, code = tally.touching
        members = targets[(targets["kind"] == kind) & targets["attention"].notna()]
        weight = tally.weight
        used = weight[weight > 0]
        if not len(used):
            continue
        position = touches.codes.get_indexer(members.index)
        sums = np.bincount(code, weights=weight[unit], minlength=len(touches.codes))[position]
        close = np.abs(sums[:, None] - sums[None, :]) < 2 * used.mean() * (1 - 1e-9)  # sums of fractions are inexact
        if used.max() > 2 * used.mean():  # else no unit weighs more than a difference that is not close already
            sets = [unit[code == place] for place in position]
            for first, second in np.argwhere(~close & (sums[:, None] - sums[None, :] > 0)):
                only = np.setdiff1d(sets[first], sets[second], assume_unique=True)
                if len(only) and weight[only].max() * (1 - 1e-9) > sums[first] - sums[second]:
                    close[first, second] = close[second, first] = True
        for first, second in np.argwhere(close):
            if first != second:
                tied[str(members.index[first])].append(str(members.index[second]))
    return [tuple(sorted(tied[str(name)])) for name in targets.index]


# -- what was left out, and by group


def _left_out(units: Units) -> pd.DataFrame:
    """Add to what the choices left out: statements that nobody assessed, and those without a unit in the count."""
    touches, speaker = units.touches, units.touches.study.statements["speaker"]
    counted, assessed = touches.counted, _assessed(touches)
    masks = {"not_assessed": counted & ~assessed}
    if units.unit == "actor":
        masks["group_speaks"] = counted & assessed & (units.of_statement < 0)
    if units.weighted_by_group:
        umbrella = np.append(units.is_umbrella, False)[units.of_statement]  # the place that -1 reads
        masks["umbrella"] = counted & assessed & umbrella
    more = [(reason, int(mask.sum()), int(speaker[mask].nunique())) for reason, mask in masks.items()]
    return pd.concat([touches.left_out, pd.DataFrame(more, columns=touches.left_out.columns)], ignore_index=True)


def _left_out_of_links(touches: Touches) -> pd.DataFrame:
    """Add the statements, which have no part in a count of themes."""
    speaker = touches.study.statements["speaker"][touches.counted]
    more = pd.DataFrame([("links_alone", len(speaker), speaker.nunique())], columns=touches.left_out.columns)
    return pd.concat([touches.left_out, more], ignore_index=True)


def _by_group(units: Units, study: Study, given: Mapping[str, float]) -> pd.DataFrame:
    """The figures within each actor group that speaks: its actors, or itself where it speaks as one."""
    speakers = collect_units(units.touches, "speaker")
    within = np.append(speakers.group, "")[speakers.of_statement]
    parts = []
    for group in (record.id for record in study.groups):
        mine = units.touches.counted & (within == group)
        if not mine.any():
            continue
        only = units.touches.within(mine)
        figures = _with_benchmark(_of_statements(evolve(units, touches=only)).columns, study, given)
        parts.append(_as_frame(only, figures).drop(columns=["own_share", "label"]).reset_index().assign(group=group))
    columns: Sequence[str] = ["group", "id", "kind", *FIGURES, "share", "benchmark", "ratio"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=list(columns))
