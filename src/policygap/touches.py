"""A study and choices come in; what touches which code, and what was looked at, go out as integer columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from attrs import evolve, frozen

from .choices import Choices, choose
from .errors import Problem, UsageError
from .ids import find_rows, name_rows
from .spelling import suggest
from .study import Study

__all__ = ["Touches", "collect_touches"]

Array = np.ndarray[Any, Any]

SYNTHESIS = "synthesis"
COMMON_KINDS = ("theme", "focus_area", "recommendation")
"""Kinds that choices may name in any study, so that the same choices fit one that lacks them."""


@frozen(kw_only=True, eq=False, slots=False)
class Touches:
    """The base frame: a row for each coding that counts, by position of its statement and code.

    Attributes
    ----------
    study, choices
        What it was made of.
    codes
        Ids of all codes, themes first, in the study's order; ``code`` columns are positions in it.
    kinds
        The kind of each code, by position.
    counted
        For each statement of the study, whether it counts.
    codings
        Positions of the codings that count, and give a code, in the study's table.
    statement, code
        For each of these, the positions of its statement and code.
    supports, against
        For each of these, whether its polarity is explicitly so.
    looked
        For each kind of code, whether each statement was assessed for it (by a coder and basis that count).
    reasons
        For each reason why the choices leave statements out, which (the first that applies).
    """

    study: Study
    choices: Choices
    codes: pd.Index
    kinds: Array
    counted: Array
    codings: Array
    statement: Array
    code: Array
    supports: Array
    against: Array
    looked: dict[str, Array]
    reasons: dict[str, Array]

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The same as a frame, a row a coding, with ``basis`` and ``coder`` besides."""
        frame = self.study.codings
        columns = {name: getattr(self, name) for name in ("statement", "code", "supports", "against")}
        words = {name: frame[name].astype("category").array[self.codings] for name in ("basis", "coder")}
        return pd.DataFrame({**columns, **words})

    @cached_property
    def left_out(self) -> pd.DataFrame:
        """For each reason, how many statements of how many speakers the choices leave out."""
        speaker = self.study.statements["speaker"]
        lines = [(reason, int(out.sum()), int(speaker[out].nunique())) for reason, out in self.reasons.items()]
        return pd.DataFrame(lines, columns=["reason", "statements", "speakers"])

    def says_the_same(self, other: Touches) -> bool:
        """Whether what touches what, who was looked at and how it is counted are all as in another.

        Codes are shared by studies that differ only in what is counted and how it is read, and by no others.
        """
        return (
            self.codes is other.codes
            and self.choices == other.choices
            and np.array_equal(self.codings, other.codings)
            and np.array_equal(self.counted, other.counted)
            and self.looked.keys() == other.looked.keys()
            and all(np.array_equal(self.assessed(kind), other.assessed(kind)) for kind in self.looked)
        )

    def within(self, statements: Array) -> Touches:
        """The same of some statements alone (a mask)."""
        here = statements[self.statement]
        parts = ("codings", "statement", "code", "supports", "against")
        return evolve(self, counted=self.counted & statements, **{name: getattr(self, name)[here] for name in parts})

    def name_statements(self, statements: Array) -> Array:
        """The ids of some statements, as Python texts, by position."""
        return name_rows(self.study.statements["id"], statements)

    @cached_property
    def calls(self) -> Array:
        """For each statement, whether its kind counts as demand."""
        return _columns(self.study).kind.isin(self.choices.kinds)

    def assessed(self, kind: str) -> Array:
        """For each statement, whether it counts and was assessed for codes of a kind."""
        return self.counted & self.looked.get(kind, np.zeros(len(self.counted), dtype=bool))

    def positions(self, kind: str) -> Array:
        """Positions of the codes of a kind."""
        return np.flatnonzero(self.kinds == kind)

    def of_kind(self, kind: str) -> Array:
        """Which of the codings that count are of a code of a kind (a mask)."""
        return self.kinds[self.code] == kind


def collect_touches(study: Study, choices: Choices | None = None, **options: Any) -> Touches:
    """Find which counted statement touches which code.

    Parameters
    ----------
    study
        The study.
    choices, **options
        See :class:`policygap.choices.Choices`.

    Returns
    -------
    Touches
        Columns of integers; there is no object per row.

    Examples
    --------
    >>> import policygap as pg
    >>> touches = collect_touches(pg.read_study("smabystrategi"))
    >>> sorted(touches.looked)
    ['focus_area', 'recommendation', 'theme']
    """
    chosen = choose(choices, options)
    _check_axes(study, chosen)
    columns = _columns(study)
    reasons = _reasons(study, chosen, columns)
    counted = ~np.logical_or.reduce(list(reasons.values()))
    used, looked = _select_codings(study, chosen, columns)
    used = used[counted[columns.statement[used]]]
    return Touches(
        study=study,
        choices=chosen,
        codes=columns.codes,
        kinds=columns.kinds,
        counted=counted,
        codings=used,
        statement=columns.statement[used],
        code=columns.code[used],
        supports=columns.polarity.isin(("for",))[used],
        against=columns.polarity.isin(("against",))[used],
        looked=looked,
        reasons=reasons,
    )


@frozen(kw_only=True, eq=False)
class _Words:
    """A column of words as numbers: the place of each cell's word, -1 where the cell is empty."""

    codes: Array
    words: Array

    @classmethod
    def of(cls, series: pd.Series) -> _Words:
        series = series.astype("category")
        return cls(codes=series.cat.codes.to_numpy(), words=series.cat.categories.to_numpy(dtype=object))

    def isin(self, words: Sequence[str]) -> Array:
        """Which cells hold one of these words."""
        there = [word in words for word in self.words]
        return np.array([*there, False])[self.codes]  # an empty cell has the code -1, which reads the last place

    @property
    def empty(self) -> Array:
        return self.codes < 0

    def places_in(self, index: pd.Index) -> Array:
        """Positions of the words in an index; -1 where the cell is empty or its word unknown."""
        places = np.append(index.get_indexer(pd.Index(self.words, dtype=object)), -1)
        return places.astype(np.min_scalar_type(-len(index) - 1))[self.codes]


@frozen(kw_only=True, eq=False)
class _Columns:
    """What a study's tables say, as numbers, whatever the choices: of statements first, then of codings."""

    codes: pd.Index
    kinds: Array
    kind: _Words
    voice: _Words
    restates: Array
    names: tuple[str, ...]
    statement: Array
    code: Array
    looked_for: Array
    polarity: _Words
    basis: _Words
    coder: _Words


def _columns(study: Study) -> _Columns:
    """The columns of a study, made once: studies that differ only in what is counted, or how it is read, share them."""
    if "touches" not in study.shared:
        study.shared["touches"] = _make_columns(study)
    return study.shared["touches"]


def _make_columns(study: Study) -> _Columns:
    themes, targets = study.tables["themes"], study.tables["targets"]
    statements, codings = study.statements, study.codings
    codes = pd.Index([*themes["id"], *targets["id"]], dtype=object)
    kinds = np.array(["theme"] * len(themes) + [*targets["kind"]], dtype=object)
    code = _Words.of(codings["code"]).places_in(codes)
    names = pd.Index(dict.fromkeys(["theme", *kinds]), dtype=object)
    kind_of_code = np.append(names.get_indexer(pd.Index(kinds, dtype=object)), -1)
    return _Columns(
        codes=codes,
        kinds=kinds,
        kind=_Words.of(statements["kind"]),
        voice=_Words.of(statements["voice"]),
        restates=statements["restates"].notna().to_numpy(dtype=bool),
        names=tuple(names),
        statement=find_rows(codings["statement"], statements["id"]),
        code=code,
        looked_for=np.where(code >= 0, kind_of_code[code], _Words.of(codings["kind"]).places_in(names)).astype(
            np.int16
        ),
        polarity=_Words.of(codings["polarity"]),
        basis=_Words.of(codings["basis"]),
        coder=_Words.of(codings["coder"]),
    )


def _check_axes(study: Study, choices: Choices) -> None:
    """Every axis that the choices name is a kind of code, and every coder has coded something."""
    coders = sorted(_columns(study).coder.words)
    kinds = tuple(dict.fromkeys([*COMMON_KINDS, *study.target_kinds]))
    asked = choices.coder.values() if isinstance(choices.coder, dict) else [choices.coder]
    named = (("coder", name, "has coded nothing", coders) for names in asked for name in names or ())
    axes = (
        (argument, kind, "is neither theme nor the kind of a target", kinds)
        for argument, value in (("basis", choices.basis), ("coder", choices.coder))
        for kind in (value if isinstance(value, dict) else ())
    )
    problems = [
        Problem(file=argument, what=f"'{name}' {what}", fix=suggest(str(name), known, otherwise=_one_of(known)))
        for argument, name, what, known in (*axes, *named)
        if not (isinstance(name, str) and name in known)
    ]
    if problems:
        raise UsageError(problems)


def _one_of(names: Sequence[str]) -> str:
    return f"use one of {', '.join(names)}" if names else "no coding names its coder; leave the option out"


def _reasons(study: Study, choices: Choices, columns: _Columns) -> dict[str, Array]:
    """Which statements are left out for what reason (the first that applies)."""
    if choices.voices is None:
        other_voice = columns.voice.isin((SYNTHESIS,))
    else:
        other_voice = ~columns.voice.isin(choices.voices) & ~columns.voice.empty
    found = {
        "not_counted": ~study.statements["counted"].to_numpy(dtype=bool, na_value=True),
        "voice": other_voice,
        "restates": columns.restates & (not choices.restated),
    }
    before = np.zeros(len(columns.restates), dtype=bool)
    for reason, mask in found.items():
        found[reason] = mask & ~before
        before = before | mask
    return found


def _select_codings(study: Study, choices: Choices, columns: _Columns) -> tuple[Array, dict[str, Array]]:
    """Positions of the codings that are chosen and give a code, and by kind which statements were looked at."""
    reading = _Words.of(study.codings["reading"])
    chosen = (reading.isin(("both", choices.reading)) | reading.empty) & (columns.statement >= 0)
    chosen &= study.once(f"by {choices.basis} {choices.coder}", lambda study: _by_all(study, choices, columns))
    looked = {}
    for place, name in enumerate(columns.names):
        seen = np.zeros(len(columns.restates), dtype=bool)
        seen[columns.statement[chosen & (columns.looked_for == place)]] = True
        if seen.any():
            looked[name] = seen
    return np.flatnonzero(chosen & (columns.code >= 0)), looked


def _by_all(study: Study, choices: Choices, columns: _Columns) -> Array:
    """Which codings are of a basis and by a coder that count for the kind of code that they are about."""
    fits = np.zeros(len(columns.looked_for), dtype=bool)
    for place, name in enumerate(columns.names):
        fits |= (columns.looked_for == place) & _by_whom(study, choices, name, columns)
    return fits


def _by_whom(study: Study, choices: Choices, kind: str, columns: _Columns) -> Array:
    """Which codings are of a basis and by a coder that count for a kind.

    A coder chosen by name limits the codings by coders and by rules; what the source itself prints has no coder.
    """
    bases = choices.basis_of(kind)
    basis = columns.basis.isin(bases)
    if "coder" in bases:
        basis |= columns.basis.empty
    named = choices.coder_of(kind)
    if named is None and study.default_coder is None:
        return basis
    by_coder = columns.basis.empty | columns.basis.isin(("coder",))
    wanted = named or (study.default_coder or "",)
    by_wanted = columns.coder.isin(wanted)
    if study.default_coder in wanted:
        by_wanted |= columns.coder.empty
    limited = by_coder if named is None else by_coder | columns.basis.isin(("rule",))
    return basis & (by_wanted | ~limited)
