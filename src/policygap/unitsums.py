"""Rows of units and codes in any engine come in; how many units touch a code alike, and their exact weight, go out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, Protocol

import narwhals as nw
import numpy as np
import pandas as pd
from attrs import frozen

from .engines import (
    as_lazy,
    drop_missing,
    encode,
    find_limits,
    hands_over_codes,
    split_weights,
    usable_weight,
    with_doubles,
)
from .exact import combine_sums
from .streams import collect, with_enumerations
from .tallies import Coded, Unusable, find_unusable, tally

__all__ = ["MOST_CODES", "Cell", "UnitRows", "UnitSums", "is_blank", "open_rows"]

Frame = nw.DataFrame[Any] | nw.LazyFrame[Any]
Array = np.ndarray[Any, Any]
Pair = tuple[str, str]

MOST_CODES: Final = 1 << 16  # different ones; where there are more, the column holds something else
_AT_ONCE: Final = 50  # pairs of codes in one question to an engine


@frozen(kw_only=True)
class Cell:
    """Units that touch a code in the same way.

    Attributes
    ----------
    kind, code
        The code; empty for units that have a row without one.
    calls
        Whether they call for it.
    specific
        Whether they touch no code under it.
    among
        How many most specific codes of the kind each of them touches.
    entries
        In how many cells of this kind each of them is.
    units, weight
        How many they are, and the exact sum of their weights.
    """

    kind: str
    code: str
    calls: bool
    specific: bool
    among: int
    entries: int
    units: int
    weight: Fraction


@frozen(kw_only=True)
class UnitSums:
    """What all units touch.

    Attributes
    ----------
    cells
        How many touch what, and how.
    weighing
        By kind, how many units have a weight above 0.
    heaviest
        The largest weight of a unit that touches the code.
    """

    cells: tuple[Cell, ...]
    weighing: Mapping[str, int]
    heaviest: Mapping[str, float]


class UnitRows(Protocol):
    """Rows with a unit, the kind looked for, a code (may be missing), whether it is called for, and a weight."""

    def seen(self) -> tuple[dict[Pair, int], int]:
        """How many rows have which kind and code (empty where missing); and how many have no unit."""
        ...

    def unusable(self) -> Unusable:
        """What is wrong with the weights."""
        ...

    def add_up(self, kinds: Mapping[str, str], parents: Mapping[str, str]) -> UnitSums:
        """Add up the units, given the kind of each code and the parent, of the same kind, of those that have one.

        Codes and kinds have to be known, and weights usable.
        """
        ...

    def heaviest_apart(self, pairs: Sequence[Pair]) -> list[float]:
        """For each pair of codes of a kind, the largest weight of a unit that touches the first and not the second."""
        ...


def open_rows(frame: Frame) -> UnitRows:
    """Take hold of a frame, where it can be counted quickest.

    Parameters
    ----------
    frame
        Columns ``unit`` and ``code``; ``kind``, ``call`` and ``weight`` may be there. Without kinds, rows without a
        code say nothing, and are passed over. A unit has one weight for each kind: the largest that it has there.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"unit": ["s", "s", "t"], "kind": "theme", "code": ["a", "b", None]})
    >>> rows = open_rows(nw.from_native(frame))
    >>> rows.seen()
    ({('theme', 'a'): 1, ('theme', 'b'): 1, ('theme', ''): 1}, 0)
    >>> [(cell.code, cell.among, cell.units) for cell in rows.add_up({"a": "theme", "b": "theme"}, {}).cells]
    [('', 0, 1), ('a', 2, 1), ('b', 2, 1)]
    """
    if "call" in frame.columns and is_blank(frame, "call"):
        frame = frame.drop("call")
    frame = with_doubles(frame)
    keys = [name for name in ("unit", "kind", "code") if name in frame.columns]
    if isinstance(frame, nw.DataFrame) and hands_over_codes(frame, keys):
        return _CodedRows(frame)
    return _EngineRows(as_lazy(frame))


def is_blank(frame: Frame, name: str) -> bool:
    """Whether a column holds nothing at all, as far as its type says or it is in memory: its type may be any then.

    Examples
    --------
    >>> import pandas as pd
    >>> is_blank(nw.from_native(pd.DataFrame({"code": [None, None]})), "code")
    True
    """
    dtype = frame.collect_schema()[name]
    return dtype == nw.Unknown or (isinstance(frame, nw.DataFrame) and bool(frame[name].is_null().all()))


# ------------------------------------------------------------------------------------------------------ in memory


@frozen(kw_only=True, eq=False)
class _Distinct:
    """Distinct pairs of a unit and a code of one kind, sorted; the first of the codes is the missing one."""

    codes: list[str]
    unit: Array
    slot: Array
    calls: Array
    specific: Array
    weight: Array | None


class _CodedRows:
    """Rows in memory, as whole numbers."""

    def __init__(self, frame: nw.DataFrame[Any]) -> None:
        unit, names = encode(frame["unit"]), frame.columns
        gone = unit.codes < 0 if unit.gaps else np.zeros(0, dtype=bool)
        self.without_unit = int(gone.sum())
        kept = ~gone if self.without_unit else None
        self.unit = Coded(codes=_take(unit.codes, kept), ids=unit.ids, gaps=False)
        self.code = _named(encode(frame["code"]), kept)
        self.kind = _named(encode(frame["kind"]), kept) if "kind" in names else None
        self.call = _take(_flags(frame["call"]), kept) if "call" in names else None
        weight = frame["weight"].cast(nw.Float64).to_numpy() if "weight" in names else None
        self.weight = None if weight is None else _take(weight, kept)
        self.distinct: dict[str, _Distinct] = {}

    def seen(self) -> tuple[dict[Pair, int], int]:
        kind = self.kind or Coded(codes=np.zeros(len(self.code.codes), dtype=np.int8), ids=[""], gaps=False)
        cells = tally(kind, self.code, None, None)
        found: dict[Pair, int] = {}
        for pair, rows in cells.items() if isinstance(cells, dict) else ():
            found[pair] = found.get(pair, 0) + int(rows)
        return found, self.without_unit

    def unusable(self) -> Unusable:
        return Unusable() if self.weight is None else find_unusable(self.weight)

    def add_up(self, kinds: Mapping[str, str], parents: Mapping[str, str]) -> UnitSums:
        of_row, names = self._kinds_of_rows(kinds)
        self.distinct = {
            kind: self._distinct(of_row == place, _slots(kind, kinds), parents) for place, kind in enumerate(names)
        }
        return _join(_sums_of(kind, found) for kind, found in self.distinct.items() if len(found.unit))

    def heaviest_apart(self, pairs: Sequence[Pair]) -> list[float]:
        return [self._heaviest(*pair) for pair in pairs]

    def _kinds_of_rows(self, kinds: Mapping[str, str]) -> tuple[Array, list[str]]:
        if self.kind is not None:
            names = list(dict.fromkeys(self.kind.ids))
            return _small([names.index(name) for name in self.kind.ids])[self.kind.codes], names
        names = list(dict.fromkeys(kinds[name] for name in self.code.ids if name in kinds))
        places = [names.index(kinds[name]) if name in kinds else -1 for name in self.code.ids]
        return _small(places)[self.code.codes], names

    def _distinct(self, here: Array, slots: Mapping[str, int], parents: Mapping[str, str]) -> _Distinct:
        bits = len(slots).bit_length() + 1
        dtype = np.uint32 if len(self.unit.ids) << bits <= 1 << 32 else np.uint64
        # In place where it can be: there is one of these for each row.
        keys = self.unit.codes[here].astype(dtype)
        keys <<= dtype(bits)
        keys |= _small([slots.get(name, 0) << 1 | 1 for name in self.code.ids])[self.code.codes[here]].astype(dtype)
        if self.call is not None:
            keys -= self.call[here]  # those that call come first
        keys.sort()
        keys = keys[_first_of_each(keys >> dtype(1))]
        pairs = keys >> dtype(1)
        unit = (pairs >> dtype(bits - 1)).astype(np.int32 if len(self.unit.ids) < 1 << 31 else np.int64)
        slot = (pairs & dtype((1 << (bits - 1)) - 1)).astype(np.int32)
        return _Distinct(
            codes=["", *slots],
            unit=unit,
            slot=slot,
            calls=(keys & dtype(1)) == 0,
            specific=(slot > 0) & ~_covered(pairs, slot, slots, parents),
            weight=None if self.weight is None else self._weights(self.weight, here)[unit],
        )

    def _weights(self, weight: Array, here: Array) -> Array:
        """The largest weight of each unit in these rows."""
        largest = np.zeros(len(self.unit.ids))
        np.maximum.at(largest, self.unit.codes[here].astype(np.intp), np.nan_to_num(weight[here]))
        return largest

    def _heaviest(self, first: str, second: str) -> float:
        for found in self.distinct.values():
            if first in found.codes and found.weight is not None:
                one, two = (found.slot == found.codes.index(name) for name in (first, second))
                only = one & ~np.isin(found.unit, found.unit[two])
                return float(found.weight[only].max(initial=0))
        return 0.0


def _small(numbers: Any) -> Array:
    """Whole numbers from -1 in as few bytes as they need, since there is one for each row."""
    values = np.array(numbers, dtype=np.int64)
    return values.astype(np.int16 if values.max(initial=0) < 1 << 15 else np.int64)


def _take(values: Array, kept: Array | None) -> Array:
    return values if kept is None else values[kept]


def _named(column: Coded, kept: Array | None) -> Coded:
    """A column of texts in which a missing one is the empty one."""
    codes = _take(column.codes, kept)
    ids = [str(name) for name in column.ids]
    if column.gaps and len(codes) and codes.min() < 0:
        codes = np.where(codes < 0, len(ids), codes)
    return Coded(codes=codes, ids=[*ids, ""], gaps=False)


def _flags(column: nw.Series[Any]) -> Array:
    if column.null_count():
        column = column.fill_null(value=False)
    return column.cast(nw.Boolean).to_numpy().astype(bool)


def _slots(kind: str, kinds: Mapping[str, str]) -> dict[str, int]:
    """The codes of a kind, numbered from 1."""
    return {name: place for place, name in enumerate((name for name in kinds if kinds[name] == kind), start=1)}


def _first_of_each(ordered: Array) -> Array:
    new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return new


def _covered(pairs: Array, slot: Array, slots: Mapping[str, int], parents: Mapping[str, str]) -> Array:
    """Which pairs have a code over one that the same unit touches too."""
    covered = np.zeros(len(pairs), dtype=bool)
    over = np.array([0, *(slots.get(parents.get(name, ""), 0) for name in slots)])
    above = over
    while above.any():
        here = above[slot] > 0
        wanted = pairs[here] - slot[here].astype(pairs.dtype) + above[slot[here]].astype(pairs.dtype)
        place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
        covered[place[pairs[place] == wanted]] = True
        above = over[above]
    return covered


def _sums_of(kind: str, found: _Distinct) -> UnitSums:
    starts = np.flatnonzero(_first_of_each(found.unit))
    sizes = np.diff(starts, append=len(found.unit))
    most = int(sizes.max()) + 1
    numbers, distinct = pd.factorize(np.add.reduceat(found.specific.astype(np.int64), starts) * most + sizes)
    how = Coded(codes=(found.slot << 2) | (found.calls << 1) | found.specific, ids=range(len(found.codes) << 2))
    many = Coded(codes=np.repeat(_small(numbers), sizes), ids=distinct.tolist())
    counts = tally(how, many, None, None)
    sums = counts if found.weight is None else tally(how, many, None, found.weight)
    if isinstance(counts, Unusable) or isinstance(sums, Unusable):  # weights were looked at before
        raise TypeError
    cells = [
        Cell(
            kind=kind,
            code=found.codes[place >> 2],
            calls=bool(place & 2),
            specific=bool(place & 1),
            among=number // most,
            entries=number % most,
            units=int(units),
            weight=Fraction(sums[place, number]),
        )
        for (place, number), units in counts.items()
    ]
    heaviest = np.ones(len(found.codes))
    weighing = len(starts)
    if found.weight is not None:
        heaviest[:] = 0
        np.maximum.at(heaviest, found.slot, found.weight)
        weighing = int((found.weight[starts] > 0).sum())
    touched = set(np.flatnonzero(np.bincount(found.slot)).tolist()) - {0}
    names = {found.codes[place]: float(heaviest[place]) for place in sorted(touched)}
    return UnitSums(cells=tuple(cells), weighing={kind: weighing}, heaviest=names)


# --------------------------------------------------------------------------------------------------- in the engine


class _EngineRows:
    """Rows that stay in their engine: only sums come out."""

    def __init__(self, table: nw.LazyFrame[Any]) -> None:
        names = table.collect_schema().names()
        self.weighted = "weight" in names
        columns = [nw.col("unit"), *(_text(name) for name in ("kind", "code") if name in names)]
        if "call" in names:
            called = nw.col("call").fill_null(value=False).cast(nw.Boolean)
            columns.append(nw.when(called).then(1).otherwise(0).alias("call"))
        if self.weighted:
            columns.append(nw.col("weight"))
        self.all = table.select(*columns)
        self.kept = drop_missing(self.all, ["unit"])
        self.pairs: nw.LazyFrame[Any] = self.kept
        self.grids: tuple[int, ...] = ()

    def seen(self) -> tuple[dict[Pair, int], int]:
        keys = [name for name in ("kind", "code") if name in self.all.collect_schema().names()]
        unit = nw.col("unit")
        gone = unit.is_null() | unit.is_nan() if self.all.collect_schema()["unit"].is_float() else unit.is_null()
        marked = self.all.with_columns(nw.when(gone).then(0).otherwise(1).alias("there"))
        counted = marked.group_by(*keys).agg(nw.len().alias("rows"), nw.col("there").sum())
        found = collect(counted.head(MOST_CODES + 1))
        rows, there = ([int(count) for count in found[name].to_list()] for name in ("rows", "there"))
        kinds = found["kind"].to_list() if len(keys) > 1 else [""] * len(rows)
        pairs = zip(kinds, found["code"].to_list(), strict=True)
        return {pair: count for pair, count in zip(pairs, there, strict=True) if count}, sum(rows) - sum(there)

    def unusable(self) -> Unusable:
        limits = find_limits(self.kept) if self.weighted else ()
        if isinstance(limits, Unusable):
            return limits
        self.grids = limits
        return Unusable()

    def add_up(self, kinds: Mapping[str, str], parents: Mapping[str, str]) -> UnitSums:
        self.pairs = self._distinct(kinds, parents)
        names = self.pairs.collect_schema().names()
        keys = [name for name in ("kind", "code", "call", "specific", "among", "entries") if name in names]
        table, parts = self.pairs, list[str]()
        sums = [nw.len().alias("units")]
        if self.weighted:
            above = nw.when(nw.col("weight") > 0).then(1).otherwise(0).alias("weighing")
            table, parts = split_weights(table.with_columns(above, nw.col("weight").alias("heaviest")), self.grids)
            sums += [nw.col("weighing").sum(), nw.col("heaviest").max(), *(nw.col(name).sum() for name in parts)]
        return _read_sums(collect(table.group_by(*keys).agg(*sums)), parts, self.grids)

    def _distinct(self, kinds: Mapping[str, str], parents: Mapping[str, str]) -> nw.LazyFrame[Any]:
        """A row for each unit and code (or none) of a kind, with what is known of the unit beside it."""
        table = self.kept if "kind" in self.kept.collect_schema().names() else _with_kinds(self.kept, kinds)
        if self.weighted:
            table = table.with_columns(usable_weight())
        flags = [name for name in ("call", "weight") if name in table.collect_schema().names()]
        if parents:
            table = _with_ancestors(table, parents)
            flags += ["own", "over"]
        table = _with_enumerations(table, kinds)
        table = table.group_by("unit", "kind", "code").agg(
            nw.len().alias("rows"), *(nw.col(name).max() for name in flags)
        )
        if parents:
            table = table.filter(nw.col("own") == 1)
        there = nw.col("code").cast(nw.String) != ""
        if parents:
            there = there & (nw.col("over") == 0)
        table = table.with_columns(nw.when(there).then(1).otherwise(0).alias("specific"))
        calls = [name for name in flags if name == "call"]
        facts = [nw.col("specific").sum().alias("among"), nw.len().alias("entries")]
        facts += [nw.col("weight").max()] if self.weighted else []
        # Not by a window: in Dask parts of a frame get the figures of other parts.
        of_unit = table.group_by("unit", "kind").agg(*facts)
        return table.select("unit", "kind", "code", "specific", *calls).join(of_unit, on=["unit", "kind"])

    def heaviest_apart(self, pairs: Sequence[Pair]) -> list[float]:
        found: list[float] = []
        for first in range(0, len(pairs), _AT_ONCE):
            found += self._heaviest(pairs[first : first + _AT_ONCE])
        return found

    def _heaviest(self, pairs: Sequence[Pair]) -> list[float]:
        codes = list(dict.fromkeys(name for pair in pairs for name in pair))
        table = self.pairs.with_columns(nw.col("code").cast(nw.String)).filter(nw.col("code").is_in(codes))
        here = [nw.when(nw.col("code") == name).then(1).otherwise(0).alias(f"at{at}") for at, name in enumerate(codes)]
        table = (
            table.with_columns(*here)
            .group_by("unit")
            .agg(nw.col("weight").max(), *(nw.col(f"at{place}").max() for place in range(len(codes))))
        )
        column = {name: nw.col(f"at{place}") for place, name in enumerate(codes)}
        apart = [
            nw.when((column[one] == 1) & (column[two] == 0)).then(nw.col("weight")).otherwise(0.0).alias(f"pair{place}")
            for place, (one, two) in enumerate(pairs)
        ]
        names = [f"pair{place}" for place in range(len(pairs))]
        facts = collect(table.select(*apart).select(*(nw.col(name).max() for name in names)))
        return [float(facts[name].item() or 0.0) for name in names]


def _text(name: str) -> nw.Expr:
    return nw.col(name).cast(nw.String).fill_null("").alias(name)


def _with_kinds(table: nw.LazyFrame[Any], kinds: Mapping[str, str]) -> nw.LazyFrame[Any]:
    """The kind of each code beside it; rows without a code are of none, and go."""
    codes: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        codes.setdefault(kind, []).append(name)
    kind = nw.lit("")
    for name, of_kind in codes.items():
        kind = nw.when(nw.col("code").is_in(of_kind)).then(nw.lit(name)).otherwise(kind)
    return table.filter(nw.col("code") != "").with_columns(kind.alias("kind"))


def _with_enumerations(table: nw.LazyFrame[Any], kinds: Mapping[str, str]) -> nw.LazyFrame[Any]:
    """Kinds and codes as enumerations where that spares the engine texts."""
    if not (table.implementation.is_polars() or table.implementation.is_duckdb()):
        return table
    ids = {"code": sorted({"", *kinds}), "kind": sorted({"theme", *kinds.values()})}
    return with_enumerations(table, ids)


def _with_ancestors(table: nw.LazyFrame[Any], parents: Mapping[str, str]) -> nw.LazyFrame[Any]:
    """Below the rows, marked as their own, a row for each code over that of a row."""
    parts = [table.with_columns(nw.lit(1).alias("own"), nw.lit(0).alias("over"))]
    above = dict(parents)
    while above:
        below: dict[str, list[str]] = {}
        for name, ancestor in above.items():
            below.setdefault(ancestor, []).append(name)
        code = nw.col("code")
        for ancestor, names in below.items():
            code = nw.when(nw.col("code").is_in(names)).then(nw.lit(ancestor)).otherwise(code)
        marks = {"own": 0, "over": 1} | ({"call": 0} if "call" in table.collect_schema().names() else {})
        covering = table.filter(nw.col("code").is_in(list(above)))
        parts.append(
            covering.with_columns(code.alias("code"), *(nw.lit(mark).alias(name) for name, mark in marks.items()))
        )
        above = {name: parents[ancestor] for name, ancestor in above.items() if ancestor in parents}
    return nw.concat([part.select(parts[0].collect_schema().names()) for part in parts])


def _read_sums(found: nw.DataFrame[Any], parts: Sequence[str], grids: Sequence[int]) -> UnitSums:
    cells: list[Cell] = []
    weighing: dict[str, Fraction] = {}
    heaviest: dict[str, float] = {}
    for row in found.iter_rows(named=True):
        units, entries = int(row["units"]), int(row["entries"])
        weight = combine_sums((int(row[name]) for name in parts), grids) if grids else Fraction(units)
        cell = Cell(
            kind=str(row["kind"]),
            code=str(row["code"]),
            calls=bool(row.get("call", 0)),
            specific=bool(row["specific"]),
            among=int(row["among"]),
            entries=entries,
            units=units,
            weight=weight,
        )
        cells.append(cell)
        weighing[cell.kind] = weighing.get(cell.kind, Fraction(0)) + Fraction(int(row.get("weighing", units)), entries)
        if cell.code:
            heaviest[cell.code] = max(heaviest.get(cell.code, 0.0), float(row.get("heaviest", 1.0)))
    whole = {name: int(count) for name, count in weighing.items()}
    return UnitSums(cells=tuple(cells), weighing=whole, heaviest=heaviest)


def _join(parts: Iterable[UnitSums]) -> UnitSums:
    every = list(parts)
    return UnitSums(
        cells=tuple(cell for part in every for cell in part.cells),
        weighing={kind: count for part in every for kind, count in part.weighing.items()},
        heaviest={code: weight for part in every for code, weight in part.heaviest.items()},
    )
