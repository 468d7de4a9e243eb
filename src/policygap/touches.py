"""A study and choices come in; what touches which code, and what was looked at, go out as integer columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from attrs import frozen

from .choices import Choices, choose
from .errors import Problem, UsageError
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
    rows
        ``statement`` and ``code`` (positions), ``against``, ``supports`` (explicit polarity), ``basis``, ``coder``:
        one row a coding.
    looked
        For each kind of code, whether each statement was assessed for it (by a coder and basis that count).
    left_out
        For each reason, how many statements of how many speakers the choices leave out.
    """

    study: Study
    choices: Choices
    codes: pd.Index
    kinds: Array
    counted: Array
    rows: pd.DataFrame
    looked: dict[str, Array]
    left_out: pd.DataFrame

    @cached_property
    def statement_ids(self) -> Array:
        """Ids of all statements, by position."""
        return self.study.statements["id"].astype(object).to_numpy()

    @cached_property
    def calls(self) -> Array:
        """For each statement, whether its kind counts as demand."""
        return self.study.statements["kind"].isin(self.choices.kinds).to_numpy(dtype=bool)

    def assessed(self, kind: str) -> Array:
        """For each statement, whether it counts and was assessed for codes of a kind."""
        return self.counted & self.looked.get(kind, np.zeros(len(self.counted), dtype=bool))

    def positions(self, kind: str) -> Array:
        """Positions of the codes of a kind."""
        return np.flatnonzero(self.kinds == kind)

    def of_kind(self, kind: str) -> pd.DataFrame:
        """The rows whose code is of a kind."""
        return self.rows[self.kinds[self.rows["code"].to_numpy()] == kind]


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
    themes, targets = study.tables["themes"], study.tables["targets"]
    codes = pd.Index([*themes["id"], *targets["id"]], dtype=object)
    kinds = np.array(["theme"] * len(themes) + [*targets["kind"]], dtype=object)
    _check_axes(study, chosen)
    counted, left_out = _count_statements(study, chosen)
    rows, looked = _select_codings(study, chosen, codes, kinds)
    return Touches(
        study=study,
        choices=chosen,
        codes=codes,
        kinds=kinds,
        counted=counted,
        rows=rows[counted[rows["statement"].to_numpy()]].reset_index(drop=True),
        looked=looked,
        left_out=left_out,
    )


def _check_axes(study: Study, choices: Choices) -> None:
    """Every axis that the choices name is a kind of code, and every coder has coded something."""
    coders = sorted(study.codings["coder"].dropna().unique())
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


def _count_statements(study: Study, choices: Choices) -> tuple[Array, pd.DataFrame]:
    """Which statements count, and how many of which speakers are left out for what reason (the first that applies)."""
    frame = study.statements
    if choices.voices is None:
        other_voice = frame["voice"].eq(SYNTHESIS)
    else:
        other_voice = ~frame["voice"].isin(choices.voices) & frame["voice"].notna()
    reasons = {
        "not_counted": frame["counted"].eq(False),  # a nullable column, compared cell by cell
        "voice": other_voice,
        "restates": frame["restates"].notna() & (not choices.restated),
    }
    kept = np.ones(len(frame), dtype=bool)
    lines = []
    for reason, mask in reasons.items():
        out = mask.fillna(False).to_numpy(dtype=bool) & kept
        kept &= ~out
        lines.append((reason, int(out.sum()), int(frame.loc[out, "speaker"].nunique())))
    return kept, pd.DataFrame(lines, columns=["reason", "statements", "speakers"])


def _codes_of(series: pd.Series, index: pd.Index) -> Array:
    """Positions in ``index`` of a categorical column's cells; -1 where missing or unknown."""
    series = series.astype("category")
    where = index.get_indexer(pd.Index(series.cat.categories, dtype=object))
    # A missing cell has the code -1, which then reads the last place: -1 again.
    return np.append(where, -1)[series.cat.codes.to_numpy()]


def _isin(series: pd.Series, words: tuple[str, ...]) -> Array:
    # A copy: a column's own array is read-only.
    return series.isin(words).to_numpy(dtype=bool, copy=True)


def _select_codings(
    study: Study, choices: Choices, codes: pd.Index, kinds: Array
) -> tuple[pd.DataFrame, dict[str, Array]]:
    frame = study.codings
    statement = _codes_of(frame["statement"], pd.Index(study.statements["id"].astype(object)))
    code = _codes_of(frame["code"], codes)
    names = pd.Index(dict.fromkeys(["theme", *kinds]), dtype=object)
    kind_of_code = np.append(names.get_indexer(pd.Index(kinds, dtype=object)), -1)
    kind = np.where(code >= 0, kind_of_code[code], _codes_of(frame["kind"], names))
    chosen = _isin(frame["reading"], ("both", choices.reading)) | frame["reading"].isna().to_numpy()
    fits = np.zeros(len(frame), dtype=bool)
    for position, name in enumerate(names):
        fits |= (kind == position) & _by_whom(study, choices, str(name))
    chosen &= fits & (statement >= 0)
    looked = {}
    for position, name in enumerate(names):
        seen = np.zeros(len(study.statements), dtype=bool)
        seen[statement[chosen & (kind == position)]] = True
        if seen.any():
            looked[str(name)] = seen
    used = chosen & (code >= 0)
    rows = pd.DataFrame(
        {
            "statement": statement[used],
            "code": code[used],
            "supports": _isin(frame["polarity"], ("for",))[used],
            "against": _isin(frame["polarity"], ("against",))[used],
            "basis": frame["basis"].astype("category")[used].array,
            "coder": frame["coder"].astype("category")[used].array,
        }
    )
    return rows, looked


def _by_whom(study: Study, choices: Choices, kind: str) -> Array:
    """Which codings are of a basis and by a coder that count for a kind.

    A coder chosen by name limits the codings by coders and by rules; what the source itself prints has no coder.
    """
    frame = study.codings
    bases = choices.basis_of(kind)
    basis = _isin(frame["basis"], bases)
    if "coder" in bases:
        basis |= frame["basis"].isna().to_numpy()
    named = choices.coder_of(kind)
    by_coder = frame["basis"].isna().to_numpy() | _isin(frame["basis"], ("coder",))
    if named is None and study.default_coder is None:
        return basis
    wanted = named or (study.default_coder or "",)
    by_wanted = _isin(frame["coder"], wanted)
    if study.default_coder in wanted:
        by_wanted |= frame["coder"].isna().to_numpy()
    limited = by_coder if named is None else by_coder | _isin(frame["basis"], ("rule",))
    return basis & (by_wanted | ~limited)
