"""A frame of touches in any engine comes in; attention, demand, share and ratio of every code go out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd
from attrs import evolve, frozen

from .codelist import CodeList, list_codes, list_seen
from .coverage import judge_benchmark, split_benchmark
from .crosstabs import argument_problems, open_frame, weight_problems
from .engines import naming_engine_errors
from .errors import Problem, UsageError
from .framechecks import find_argument_problems, find_column_problems, find_seen_problems
from .model import Code
from .showing import to_html_table
from .units import as_weight
from .unitsums import Cell, UnitRows, UnitSums, open_rows

__all__ = ["FrameCoverage", "measure_frame"]

Pair = tuple[str, str]

_SURE: Final = Fraction(10**9 - 1, 10**9)  # as coverage compares, since fractions of a weight are inexact there
_MOST_COMPARED: Final = 1000  # targets of a kind, each with each
_MOST_UNITS: Final = 1 << 53  # the last whole number that a double holds along with all below
_COUNTS: Final = ("assessed", "units", "calling")


@frozen(kw_only=True, eq=False)
class FrameCoverage:
    """How much of what a frame holds touches and calls for each code.

    Attributes
    ----------
    themes
        A row a theme, indexed by id: ``label``; ``assessed`` (units that were assessed for the kind) and ``units`` (of
        them, those that touch it); ``attention``; ``calling`` (units that call for it) and ``demand``. What can't be
        computed is missing.
    targets
        The same for targets, with ``kind``, ``share``, ``benchmark``, ``ratio`` and ``tied_with`` (a tuple of ids;
        ``None`` where ties can't be told, or a kind has more than a thousand targets) besides.
    effective_targets
        By kind, exp of the entropy of the shares: as how many equally touched targets the input behaves.
    unit, weight
        The columns that say who was counted, and with what weight; ``None`` for 1 each.
    without_unit
        How many rows were left out, since they name no unit.
    """

    themes: pd.DataFrame
    targets: pd.DataFrame
    effective_targets: Mapping[str, float]
    unit: str
    weight: str | None
    without_unit: int

    def _repr_html_(self) -> str:
        """The targets and their figures, as a notebook shows them."""
        columns = ["label", "units", "assessed", "attention", "share", "ratio", "tied_with"]
        rows = [(name, *cells) for name, *cells in self.targets[columns].itertuples()]
        weighed = "" if self.weight is None else f", weighed by {self.weight}"
        return to_html_table(f"Attention by target; units are those of {self.unit}{weighed}", ["id", *columns], rows)


def measure_frame(
    frame: Any,
    codebook: Any = None,
    *,
    unit: str = "speaker",
    code: str = "code",
    kind: str | None = "kind",
    call: str | None = "call",
    weight: str | None = None,
    assessed: Mapping[str, float] | None = None,
    benchmark: str | Mapping[str, float] | pd.Series = "equal",
    counting: str = "fractional",
) -> FrameCoverage:
    """Measure attention, demand, share and ratio of every code in a frame of touches, in the engine that holds it.

    The frame has a row for each thing that was said by a unit and touches a code, and a row without a code for each
    that was looked at for a kind of code and holds nothing of it, as :func:`policygap.list_touches` makes them. The
    figures are those of :func:`policygap.measure_coverage`. They are the same to the last bit whichever engine holds
    the frame, however it is cut into parts, and in whatever order its rows stand: sums are exact, and rounded once.

    Parameters
    ----------
    frame
        pandas, polars (eager or lazy), Arrow, DuckDB, Dask or Spark. It is asked several times, so it has to stay the
        same.
    codebook
        What codes there are: a study, or a frame or list with ``id``, ``kind`` and perhaps ``parent`` and ``label``.
        ``None``: those that are seen, without parents; then nothing is known of codes that nobody touches, so that
        targets have no equal benchmark.
    unit
        The column whose distinct values are counted, such as ``statement``. A row without one is left out.
    code
        The column of codes; missing, or empty, where nothing was found.
    kind
        The column that says the kind of the code, or what was looked for: ``theme``, or a kind of target. ``None``: the
        kind is that of the code, and rows without a code are passed over; who was assessed has to be given.
    call
        The column, true or false, that says whether the row calls for the code (a missing value does not); ``None``:
        demand is missing.
    weight
        A column of weights of the units; ``None``: 1 each. A unit that has several weights for a kind counts with the
        largest. A missing weight (NaN too) adds nothing.
    assessed
        By kind, how many units were assessed for it (the sum of their weights, where there are some), where the frame
        does not hold all of them.
    benchmark
        ``equal`` (1 / number of leaves of a kind), or a mapping (or Series) from each leaf target of a kind to a number
        of 0 or more.
    counting
        ``fractional`` or ``full``, as in :class:`policygap.choices.Choices`.

    Returns
    -------
    FrameCoverage
        A figure that can't be computed is missing, such as those of a kind that nobody was assessed for.

    Raises
    ------
    UsageError
        Naming all that is wrong with the arguments or, where nothing is, with what the frame holds.
    PolicyGapError
        Where the engine fails, such as on a file that is damaged.

    Examples
    --------
    >>> import policygap as pg
    >>> study = pg.read_study("smabystrategi")
    >>> found = measure_frame(pg.list_touches(study), study)
    >>> found.targets.loc[["A", "E"], ["units", "assessed", "attention"]].round(2)
        units  assessed  attention
    id
    A      17        23       0.74
    E       8        23       0.35
    """
    names = {"unit": unit, "code": code, "kind": kind, "call": call, "weight": weight}
    table = open_frame(frame)
    unnamed = argument_problems(names, ("unit", "code"))
    if unnamed:
        raise UsageError(unnamed)
    given = None if codebook is None else list_codes(codebook)
    problems = [
        *find_argument_problems(kind, assessed, benchmark, counting, unlisted=given is None),
        *([] if given is None else given[1]),
    ]
    read = [name for name in names.values() if name is not None]
    with naming_engine_errors(table, read):
        problems += find_column_problems(table, names)
        if problems:
            raise UsageError(problems)
        rows = open_rows(table.select(*(nw.col(name).alias(new) for new, name in names.items() if name is not None)))
        (seen, without_unit), wrong = rows.seen(), rows.unusable()
    codes = list_seen(seen) if given is None else given[0]
    problems = [
        *find_seen_problems(seen, codes, names, assessed),
        *weight_problems(wrong, weight),
        *(judge_benchmark(dict(benchmark.items()), codes.codes) if not isinstance(benchmark, str) else ()),
    ]
    if problems:
        raise UsageError(problems)
    with naming_engine_errors(table, read):
        sums = rows.add_up(codes.kinds, codes.parents)
    measured = _measure(sums, codes, assessed or {}, weight, full=counting == "full")
    ties = {name: tied for one in measured for name, tied in _ties(one, rows, sums).items()}
    figures = {name: values for one in measured for name, values in _figures(one, codes, called=call is not None)}
    return FrameCoverage(
        themes=_as_frame([one for one in codes.codes if one.is_theme], figures).drop(columns=["kind", "share"]),
        targets=_as_targets(codes, figures, benchmark, ties),
        effective_targets=_effective_numbers(measured),
        unit=unit,
        weight=weight,
        without_unit=without_unit,
    )


# -- exact sums


@frozen(kw_only=True, eq=False)
class _Measured:
    """The exact sums over the units of one kind, by code where there are several.

    ``weighing``, ``assessed`` and ``total`` are the number of units with a weight above 0, that of all, and their
    weight; missing where that is not known.
    """

    kind: str
    codes: tuple[str, ...]
    weighing: int | None = None
    assessed: int | None = None
    total: Fraction | None = None
    units: Mapping[str, int]
    touching: Mapping[str, Fraction]
    callers: Mapping[str, int]
    calling: Mapping[str, Fraction]
    own: Mapping[str, Fraction]


def _measure(
    sums: UnitSums, codes: CodeList, given: Mapping[str, float], weight: str | None, *, full: bool
) -> list[_Measured]:
    by_kind: dict[str, list[Cell]] = {kind: [] for kind in dict.fromkeys(codes.kinds.values())}
    for cell in sums.cells:
        by_kind.setdefault(cell.kind, []).append(cell)
    measured: list[_Measured] = []
    problems: list[Problem] = []
    for kind, cells in by_kind.items():
        seen = sum((cell.weight / cell.entries for cell in cells), Fraction(0))
        count: int | None = int(sum(Fraction(cell.units, cell.entries) for cell in cells)) or None
        total, weighing = (seen, sums.weighing.get(kind, 0)) if cells else (None, None)
        if kind in given:
            total = Fraction(as_weight(given[kind]))
            if weight is None and total > _MOST_UNITS:
                what, fix = f"{given[kind]} for the kind {kind} is more than can be", "give the number of units"
                problems.append(Problem(file="assessed", what=what, fix=fix))
            if total < seen * _SURE:
                what = f"{given[kind]} for the kind {kind} is less than the {float(seen):g} seen in the frame"
                fix = "give the number of all units that were assessed, or the sum of their weights"
                problems.append(Problem(file="assessed", what=what, fix=fix))
            total = max(total, seen)
            weighing = count = round(total) if weight is None else None
        ids = tuple(name for name, of_kind in codes.kinds.items() if of_kind == kind)
        measured.append(evolve(_add_up(kind, ids, cells, full=full), weighing=weighing, assessed=count, total=total))
    if problems:
        raise UsageError(problems)
    return measured


def _add_up(kind: str, codes: tuple[str, ...], cells: Sequence[Cell], *, full: bool) -> _Measured:
    units, callers = dict.fromkeys(codes, 0), dict.fromkeys(codes, 0)
    touching, calling, own = (dict.fromkeys(codes, Fraction(0)) for _ in range(3))
    for cell in cells:
        if not cell.code:
            continue
        units[cell.code] += cell.units
        touching[cell.code] += cell.weight
        if cell.calls:
            callers[cell.code] += cell.units
            calling[cell.code] += cell.weight
        if cell.specific:
            own[cell.code] += cell.weight if full else cell.weight / cell.among
    return _Measured(
        kind=kind,
        codes=codes,
        units=units,
        touching=touching,
        callers=callers,
        calling=calling,
        own=own,
    )


def _figures(one: _Measured, codes: CodeList, *, called: bool) -> Iterable[tuple[str, dict[str, Any]]]:
    """By code, its figures; ``None`` for what is missing."""
    whole = sum(one.own.values(), Fraction(0))
    share = dict(one.own)
    for name, own in one.own.items():
        above = codes.parents.get(name)
        while above is not None:
            share[above] += own
            above = codes.parents.get(above)
    there = one.total is not None
    for name in one.codes:
        yield (
            name,
            {
                "assessed": one.assessed,
                "units": one.units[name] if there else None,
                "attention": _divided(one.touching[name], one.total),
                "calling": one.callers[name] if there and called else None,
                "demand": _divided(one.calling[name], one.total) if called else None,
                "share": _divided(share[name], whole),
            },
        )


def _divided(part: Fraction, whole: Fraction | None) -> float | None:
    return float(part / whole) if whole else None


def _effective_numbers(measured: Sequence[_Measured]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in measured:
        whole = sum(one.own.values(), Fraction(0))
        shares = [float(part / whole) for part in one.own.values() if part]
        if shares and one.kind != "theme":
            numbers[one.kind] = math.exp(-math.fsum(share * math.log(share) for share in shares))
    return numbers


def _ties(one: _Measured, rows: UnitRows, sums: UnitSums) -> dict[str, tuple[str, ...] | None]:
    """For each target those of its kind whose attention can't be told from its own; ``None`` where that is not known.

    Two are tied where their difference is under two units of mean weight, or where leaving out some single unit
    reverses it.
    """
    if one.kind == "theme" or not one.total:
        return {}
    if one.weighing is None or len(one.codes) > _MOST_COMPARED:
        return dict.fromkeys(one.codes)
    tied: dict[str, list[str]] = {name: [] for name in one.codes}
    doubtful: list[Pair] = []
    for place, first in enumerate(one.codes):
        for second in one.codes[:place]:
            more, less = sorted((first, second), key=lambda name: one.touching[name], reverse=True)
            apart = one.touching[more] - one.touching[less]
            if apart < 2 * one.total / one.weighing * _SURE:
                tied[more].append(less)
                tied[less].append(more)
            elif Fraction(sums.heaviest.get(more, 0.0)) * _SURE > apart:
                doubtful.append((more, less))
    with naming_engine_errors():
        weights = rows.heaviest_apart(doubtful)
    for (more, less), heaviest in zip(doubtful, weights, strict=True):
        if Fraction(heaviest) * _SURE > one.touching[more] - one.touching[less]:
            tied[more].append(less)
            tied[less].append(more)
    return {name: tuple(sorted(others)) for name, others in tied.items()}


# -- as frames


def _as_frame(codes: Sequence[Code], figures: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    names = ("assessed", "units", "attention", "calling", "demand", "share")
    columns: dict[str, Any] = {"kind": [code.kind for code in codes], "label": [code.label for code in codes]}
    for name in names:
        values = [figures[code.id][name] for code in codes]
        columns[name] = pd.array(values, dtype="Int64") if name in _COUNTS else np.array(values, dtype=float)
    return pd.DataFrame(columns, index=pd.Index([code.id for code in codes], name="id", dtype=object))


def _as_targets(
    codes: CodeList, figures: Mapping[str, Mapping[str, Any]], benchmark: Any, ties: Mapping[str, Any]
) -> pd.DataFrame:
    frame = _as_frame([code for code in codes.codes if not code.is_theme], figures)
    given = {} if isinstance(benchmark, str) else {str(name): as_weight(number) for name, number in benchmark.items()}
    of_each = dict(zip(codes.kinds, split_benchmark(codes.codes, given).tolist(), strict=True))
    # An equal split is one among all leaves; without a codebook these are not known.
    told = {codes.kinds[name] for name in given} if not codes.complete else set(codes.kinds.values())
    against = np.array([of_each[name] if codes.kinds[name] in told else np.nan for name in frame.index], dtype=float)
    share = frame["share"].to_numpy()
    ratio = np.full(len(against), np.nan)
    with np.errstate(over="ignore"):  # against a benchmark next to nothing
        np.divide(share, against, out=ratio, where=against > 0)
    tied = pd.Series([ties.get(name, ()) for name in frame.index], index=frame.index, dtype=object)
    return frame.assign(benchmark=against, ratio=ratio, tied_with=tied)
