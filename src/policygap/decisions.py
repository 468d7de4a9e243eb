"""Rows of conditions come in; a table that is complete and unambiguous, proven by enumeration, goes out and decides.

The hit policy is DMN's *unique* (Decision Model and Notation 1.5, section 8.2.8): for every combination of inputs
exactly one row holds.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache, cached_property
from importlib import resources
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from attrs import field, frozen

from .errors import DecisionTableError, Problem, UsageError
from .spelling import suggest

__all__ = ["Band", "Decision", "DecisionTable", "Input", "Row", "built_in_table", "read_table"]

UNKNOWN = "unknown"
_MOST_COMBINATIONS = 200_000
_MOST_NAMED = 12
# A ratio of counts is stored rounded: 2/3 as a float is under two thirds. What differs by rounding alone is equal.
_ROUNDING = 1e-9


def _number(value: object) -> Fraction | None:
    """A threshold as an exact fraction, from ``0.5``, ``"2/3"`` or a number; ``None`` is no threshold."""
    if value is None:
        return None
    return Fraction(value) if isinstance(value, str | int) else Fraction(str(value))


@frozen(kw_only=True)
class Band:
    """A named band of a number: below ``below``, or up to and with ``upto``; the last band has neither.

    Examples
    --------
    >>> weak = Band(name="weak", below="2/3")
    >>> weak.holds(0.5), weak.holds(2 / 3)
    (True, False)
    """

    name: str
    below: Fraction | None = field(default=None, converter=_number)
    upto: Fraction | None = field(default=None, converter=_number)

    def holds(self, value: float) -> bool:
        """Whether a number that is in no earlier band is in this one."""
        edge = self._edge
        if edge is None:
            return True
        if math.isclose(value, edge, rel_tol=_ROUNDING):
            return self.below is None
        return value < edge

    @cached_property
    def _edge(self) -> float | None:
        edge = self.below if self.below is not None else self.upto
        return None if edge is None else float(edge)


def _bands(bands: Iterable[Band | Mapping[str, Any]]) -> tuple[Band, ...]:
    return tuple(band if isinstance(band, Band) else Band(**band) for band in bands)


@frozen(kw_only=True)
class Input:
    """An input of a table: its name and a small ordinal domain, of words or of bands of a number.

    ``unknown`` is a member of every domain, whether it is named or not.
    """

    name: str
    values: tuple[str, ...] = field(default=(), converter=tuple)
    bands: tuple[Band, ...] = field(default=(), converter=_bands)

    @cached_property
    def domain(self) -> tuple[str, ...]:
        """Every value the input can take, ``unknown`` last."""
        named = self.values or tuple(band.name for band in self.bands)
        return (*(value for value in named if value != UNKNOWN), UNKNOWN)

    def place(self, value: object) -> str:
        """The member of the domain that a value is; missing is ``unknown``.

        Raises
        ------
        UsageError
            Where a value is not in the domain.

        Examples
        --------
        >>> ratio = Input(
        ...     name="ratio", bands=[Band(name="none", upto=0), Band(name="weak", below="2/3"), Band(name="more")]
        ... )
        >>> ratio.place(0), ratio.place(0.5), ratio.place(2), ratio.place(None)
        ('none', 'weak', 'more', 'unknown')
        """
        if isinstance(value, bool | np.bool_):
            value = "yes" if value else "no"
        if isinstance(value, str):
            if value in self.domain:
                return value
        elif pd.api.types.is_scalar(value) and pd.isna(value):  # type: ignore[call-overload]  # any scalar may be missing
            return UNKNOWN
        elif self.bands and isinstance(value, Real):
            return next((band.name for band in self.bands if band.holds(float(value))), UNKNOWN)
        fix = suggest(str(value), self.domain, otherwise=f"use one of {', '.join(self.domain)}")
        raise UsageError([Problem(file=self.name, what=f"'{value}' is not in the domain", fix=fix)])


def _tidy_conditions(when: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: (values,) if isinstance(values, str) else tuple(values) for name, values in when.items()}


@frozen(kw_only=True)
class Row:
    """One row: for some inputs the values that meet it (an input not named may have any), and the outcome."""

    when: Mapping[str, tuple[str, ...]] = field(factory=dict, converter=_tidy_conditions, hash=False)
    outcome: str
    note: str = ""


@frozen(kw_only=True)
class Decision:
    """What a table decided: the outcome, and the number of the row that did (from 1)."""

    outcome: str
    row: int


def _rows(rows: Iterable[Row | Mapping[str, Any]]) -> tuple[Row, ...]:
    return tuple(row if isinstance(row, Row) else Row(**row) for row in rows)


def _inputs(inputs: Iterable[Input | Mapping[str, Any]]) -> tuple[Input, ...]:
    return tuple(item if isinstance(item, Input) else Input(**item) for item in inputs)


@frozen(kw_only=True)
class DecisionTable:
    """A decision as data, proven complete and unambiguous when it is made.

    Parameters
    ----------
    name
        ``target``, ``theme``, ``recommendation``, ``sides``, or your own.
    inputs
        Ordered inputs (:class:`Input`, or mappings with ``name`` and ``values`` or ``bands``).
    rows
        Rows (:class:`Row`, or mappings with ``when`` and ``outcome``).
    gaps
        Outcomes that are a mismatch, in the order in which they are reported; the others are fine or can't be told.
    note
        What the table decides, in a sentence.

    Raises
    ------
    DecisionTableError
        Naming every combination of inputs that no row, or more than one row, decides.

    Examples
    --------
    >>> table = DecisionTable(
    ...     name="door",
    ...     inputs=[{"name": "open", "values": ["yes", "no"]}],
    ...     rows=[{"when": {"open": "yes"}, "outcome": "go"}, {"when": {"open": ["no", "unknown"]}, "outcome": "stay"}],
    ... )
    >>> table.decide(open=True)
    Decision(outcome='go', row=1)
    >>> DecisionTable(name="door", inputs=table.inputs, rows=table.rows[:1])
    Traceback (most recent call last):
    ...
    policygap.errors.DecisionTableError: table door: no row decides open=no; add a row for it
    table door: no row decides open=unknown; add a row for it
    """

    name: str
    inputs: tuple[Input, ...] = field(converter=_inputs)
    rows: tuple[Row, ...] = field(converter=_rows)
    gaps: tuple[str, ...] = field(default=(), converter=tuple)
    note: str = ""

    def __attrs_post_init__(self) -> None:
        problems = [*self._no_words()] or [*self._unknown_words()] or [*self._unproven()]
        if problems:
            raise DecisionTableError(problems)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Every outcome, in the order of the rows."""
        return tuple(dict.fromkeys(row.outcome for row in self.rows))

    def decide(self, **values: object) -> Decision:
        """Decide on values; numbers fall into bands, and a value that is missing or not given is ``unknown``.

        Raises
        ------
        UsageError
            Where an input is not the table's, or a word not in its domain.
        """
        names = [item.name for item in self.inputs]
        strange = [name for name in values if name not in names]
        if strange:
            what = f"the table {self.name} has no input {', '.join(strange)}"
            raise UsageError([Problem(what=what, fix=f"its inputs are {', '.join(names)}")])
        return self._decided[tuple(item.place(values.get(item.name)) for item in self.inputs)]

    @cached_property
    def _decided(self) -> dict[tuple[str, ...], Decision]:
        every = {number: Decision(outcome=row.outcome, row=number) for number, row in enumerate(self.rows, start=1)}
        return {values: every[number] for values, (number,) in self._hits.items()}

    @property
    def _hits(self) -> dict[tuple[str, ...], tuple[int, ...]]:
        domains = tuple((item.name, item.domain) for item in self.inputs)
        return _find_hits(domains, tuple(tuple(row.when.items()) for row in self.rows))

    def _no_words(self) -> Iterable[Problem]:
        """Names and words that are not text, such as a bare ``1`` or ``true`` in TOML."""
        words: list[object] = [self.name, *self.gaps, *(row.outcome for row in self.rows)]
        for item in self.inputs:
            words += [item.name, *item.values, *(band.name for band in item.bands)]
        for row in self.rows:
            words += itertools.chain(*row.when.values())
        for word in dict.fromkeys(words):
            if not isinstance(word, str):
                yield Problem(file=f"table {self.name}", what=f"{word!r} is not text", fix="put it in quotes")

    def _unknown_words(self) -> Iterable[Problem]:
        names = [item.name for item in self.inputs]
        place = f"table {self.name}"
        for item in self.inputs:
            if bool(item.values) == bool(item.bands):
                what = f"the input {item.name} has {'both' if item.bands else 'neither'} of values and bands"
                yield Problem(file=place, what=what, fix="give it one of them")
            if len(set(item.domain)) < len(item.domain):
                yield Problem(file=place, what=f"the input {item.name} names a value twice")
            yield from _disordered(item, place)
        if len(set(names)) < len(names):
            yield Problem(file=place, what="two inputs have one name")
        for number, row in enumerate(self.rows, start=1):
            for name, values in row.when.items():
                if name not in names:
                    fix = suggest(name, names, otherwise=f"use one of {', '.join(names)}")
                    yield Problem(file=place, row=number, what=f"there is no input '{name}'", fix=fix)
                    continue
                domain = next(item.domain for item in self.inputs if item.name == name)
                for value in values:
                    if value not in domain:
                        fix = suggest(value, domain, otherwise=f"use one of {', '.join(domain)}")
                        yield Problem(
                            file=place, row=number, column=name, what=f"'{value}' is not in its domain", fix=fix
                        )
        for outcome in self.gaps:
            if outcome not in self.outcomes:
                yield Problem(file=place, what=f"no row has the outcome '{outcome}' that gaps names")
        if math.prod(len(item.domain) for item in self.inputs) > _MOST_COMBINATIONS:
            yield Problem(
                file=place, what=f"it has more than {_MOST_COMBINATIONS} combinations", fix="use fewer inputs"
            )

    def _unproven(self) -> Iterable[Problem]:
        """Go through every combination: exactly one row must hold."""
        found: list[Problem] = []
        for values, hits in self._hits.items():
            if len(hits) == 1:
                continue
            words = ", ".join(f"{item.name}={value}" for item, value in zip(self.inputs, values, strict=True))
            if not hits:
                found.append(Problem(file=f"table {self.name}", what=f"no row decides {words}", fix="add a row for it"))
            else:
                what = f"rows {' and '.join(map(str, hits))} both decide {words}"
                found.append(Problem(file=f"table {self.name}", what=what, fix="let one of them go"))
        used = set(itertools.chain(*self._hits.values()))
        for number in range(1, len(self.rows) + 1):
            if not found and number not in used:
                yield Problem(file=f"table {self.name}", row=number, what="the row never holds", fix="take it out")
        yield from found[:_MOST_NAMED]
        if len(found) > _MOST_NAMED:
            yield Problem(
                file=f"table {self.name}", what=f"and {len(found) - _MOST_NAMED} more combinations like these"
            )


def _disordered(item: Input, place: str) -> Iterable[Problem]:
    """Bands go upwards, each has one threshold, and the last one alone is open."""
    edges = [band.below if band.below is not None else band.upto for band in item.bands]
    for band in item.bands:
        if band.below is not None and band.upto is not None:
            what = f"the band {band.name} of {item.name} has both below and upto"
            yield Problem(file=place, what=what, fix="leave one of them out")
    closed = [edge for edge in edges[:-1] if edge is not None]
    # Of two bands with one threshold the first may end below it, and the second then holds the threshold alone.
    ends = list(zip(closed, (band.below is None for band in item.bands), strict=False))
    if len(closed) < len(edges) - 1 or (edges and edges[-1] is not None):
        yield Problem(file=place, what=f"of the bands of {item.name} the last one alone must have no threshold")
    elif not all(lower < upper for lower, upper in itertools.pairwise(ends)):
        yield Problem(file=place, what=f"the bands of {item.name} do not go upwards")


@cache
def _find_hits(
    domains: tuple[tuple[str, tuple[str, ...]], ...], conditions: tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]
) -> dict[tuple[str, ...], tuple[int, ...]]:
    """For every combination of inputs the numbers of the rows that hold; thresholds, which may move, play no part."""
    found: dict[tuple[str, ...], tuple[int, ...]] = {}
    for values in itertools.product(*(domain for _, domain in domains)):
        combination = dict(zip((name for name, _ in domains), values, strict=True))
        found[values] = tuple(
            number
            for number, when in enumerate(conditions, start=1)
            if all(combination[name] in allowed for name, allowed in when)
        )
    return found


def read_table(path: str | Path) -> DecisionTable:
    """Read a decision table from a TOML file.

    Parameters
    ----------
    path
        The file: ``name``, ``gaps``, ``[[inputs]]`` and ``[[rows]]``, as the built-in ones have them.

    Raises
    ------
    DecisionTableError
        Where the file can't be read, has unknown keys, or the table is incomplete or ambiguous.

    Examples
    --------
    >>> read_table("no-such-file.toml")
    Traceback (most recent call last):
    ...
    policygap.errors.DecisionTableError: no-such-file.toml: it can't be read (No such file or directory)
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        raise DecisionTableError([Problem(file=str(path), what=f"it can't be read ({error.strerror})")]) from None
    except UnicodeDecodeError:
        raise DecisionTableError([Problem(file=str(path), what="it is not UTF-8", fix="save it as UTF-8")]) from None
    return parse_table(text, str(path))


# The parts of a table in TOML, and what each of their keys holds; a key with a star has to be there.
_PARTS: Mapping[str, Mapping[str, str]] = {
    "table": {"name*": "text", "note": "text", "gaps": "a list of texts", "inputs*": "a list", "rows*": "a list"},
    "inputs": {"name*": "text", "values": "a list of texts", "bands": "a list"},
    "bands": {"name*": "text", "below": "a number or a fraction", "upto": "a number or a fraction"},
    "rows": {"when": "a table of texts or lists of texts", "outcome*": "text", "note": "text"},
}


def parse_table(text: str, file: str) -> DecisionTable:
    """Make a decision table of TOML text; ``file`` names it in messages."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DecisionTableError([Problem(file=file, what=f"it is not TOML ({error})")]) from None
    problems = [*_misshapen(data, "table", file)]
    if problems:
        raise DecisionTableError(problems)
    return DecisionTable(**data)


def _misshapen(part: object, name: str, file: str, path: str = "") -> Iterable[Problem]:
    """Keys that are strange, missing or hold another kind of thing, in a part of the table and the parts within it.

    A problem's column is the way to the key from the top, such as ``rows[2].outcome`` (places count from 1).
    """
    if not isinstance(part, dict):
        fix = f"write it as in the built-in tables, with {', '.join(_PARTS[name]).replace('*', '')}"
        yield Problem(file=file, column=path, what=f"{part!r} is not a table", fix=fix)
        return
    above = f"{path}." if path else ""
    kinds = {key.rstrip("*"): kind for key, kind in _PARTS[name].items()}
    for key, value in part.items():
        if key not in kinds:
            fix = suggest(key, kinds, otherwise=f"use {', '.join(kinds)}")
            yield Problem(file=file, column=f"{above}{key}", what="there is no such key", fix=fix)
        elif not _is_of(kinds[key], value):
            yield Problem(file=file, column=f"{above}{key}", what=f"{value!r} is not {kinds[key]}")
        elif kinds[key] == "a list":
            for place, inner in enumerate(value, start=1):
                yield from _misshapen(inner, key, file, f"{above}{key}[{place}]")
    for key in _PARTS[name]:
        if key.endswith("*") and key.rstrip("*") not in part:
            where, fix = f"{above}{key.rstrip('*')}", "see the built-in tables"
            yield Problem(file=file, column=where, what="the key is missing", fix=fix)


def _is_of(kind: str, value: object) -> bool:
    """Whether a value from TOML is of a kind that ``_PARTS`` names."""
    match kind:
        case "text":
            return isinstance(value, str)
        case "a list":
            return isinstance(value, list)
        case "a list of texts":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case "a number or a fraction":
            return _is_threshold(value)
        case _:
            return isinstance(value, dict) and all(
                isinstance(one, str) or _is_of("a list of texts", one) for one in value.values()
            )


def _is_threshold(value: object) -> bool:
    try:
        return not isinstance(value, bool) and _number(value) is not None
    except (ValueError, ZeroDivisionError):
        return False


@cache
def built_in_table(name: str) -> DecisionTable:
    """A decision table that comes with the library.

    Parameters
    ----------
    name
        ``target``, ``theme``, ``recommendation``, ``sides``, ``robustness``, ``commitment`` or ``commitment_text``.

    Examples
    --------
    >>> built_in_table("target").decide(assessed=True, ratio=0.5).outcome
    'weak_attention'
    """
    file = resources.files("policygap").joinpath(f"data/tables/{name}.toml")
    return parse_table(file.read_text(encoding="utf-8"), f"{name}.toml")
