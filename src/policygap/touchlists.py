"""A study and choices come in; what was looked at, and what it touches, go out as one frame to measure anywhere."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from .choices import Choices, choose
from .errors import Problem, UsageError
from .evidence import join_words
from .study import Study
from .touches import Touches, collect_touches
from .units import Units, collect_units, distinct_pairs

__all__ = ["COLUMNS", "list_touches"]

Array = np.ndarray[Any, Any]

COLUMNS: Final = ("statement", "speaker", "group", "kind", "code", "call", "polarity", "weight")
_WORDS: Final = ("for", "against")


def list_touches(study: Study, choices: Choices | None = None, **options: Any) -> pd.DataFrame:
    """List which counted statement touches which code, and which was looked at in vain.

    This is what coverage is counted from. :func:`policygap.measure_frame` gives the same figures from it, in whichever
    engine it was put.

    Parameters
    ----------
    study
        The study.
    choices, **options
        Which statements and codings count, and whom: see :class:`policygap.choices.Choices`.

    Returns
    -------
    pandas.DataFrame
        A row for each statement and code that it touches, and, for each kind of code that it was assessed for and
        holds nothing of, a row whose ``code`` is missing. Columns ``statement``, ``speaker``, ``group`` (of the
        speaker; a speaking group is its own), ``kind`` (of the code, or of what was looked for), ``code``, ``call``
        (whether the statement counts as demand for the code), ``polarity`` (of its codings; two words are separated by
        ``;``) and ``weight`` (of the unit, among those assessed for that kind). Sorted by statement, kind and code in
        the study's order, what is missing last. Statements that the choices leave out, and units without a place in
        the count, have no row; ``Coverage.left_out`` says how many these are.

    Raises
    ------
    UsageError
        Where an option is not known, weights are unusable, or the study has no statements to list.

    Examples
    --------
    >>> import policygap as pg
    >>> touches = list_touches(pg.read_study("smabystrategi"))
    >>> int(touches.loc[touches["code"] == "A", "speaker"].nunique())
    17
    >>> bool((touches["code"].isna() & (touches["kind"] == "focus_area")).any())  # looked at, and no area fits
    True
    """
    if not isinstance(study, Study):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped calls
        what, fix = f"a {type(study).__name__} is no study", "give a study; measure_frame takes frames"
        raise UsageError([Problem(file="study", what=what, fix=fix)])
    touches = collect_touches(study, choose(choices, options))
    unit = touches.choices.unit or ("theme" if study.statements.empty else "speaker")
    if unit == "theme":
        what, fix = "themes as units touch codes by links, without statements", "use measure_coverage"
        raise UsageError([Problem(file="unit", what=what, fix=fix)])
    units = collect_units(touches)
    units.weigh(units.present(_assessed(touches)))  # an error names whom it is about whatever the kind they speak of
    parts = [_of_kind(kind, touches, units) for kind in touches.looked]
    rows = pd.concat(parts, ignore_index=True) if parts else _of_nothing()
    return _in_words(rows, touches)


def _assessed(touches: Touches) -> Array:
    return np.logical_or.reduce([touches.assessed(kind) for kind in touches.looked] or [np.zeros_like(touches.counted)])


def _of_nothing() -> pd.DataFrame:
    names = ("statement", "kind", "code", "calls", "supports", "against")
    return pd.DataFrame({name: np.zeros(0, dtype=np.int64) for name in names} | {"weight": np.zeros(0)})


def _of_kind(kind: str, touches: Touches, units: Units) -> pd.DataFrame:
    """Distinct pairs of a statement and a code of a kind, and each statement that was looked at for it in vain."""
    assessed = touches.assessed(kind)
    present = units.present(assessed)
    here = np.append(np.isin(np.arange(len(units.ids)), present), False)[units.of_statement]  # the place that -1 reads
    rows = touches.of_kind(kind) & here[touches.statement]
    size = len(touches.codes) + 1  # the last place is that of no code
    touching = np.zeros(len(here), dtype=bool)
    touching[touches.statement[rows]] = True
    holes = np.flatnonzero(assessed & here & ~touching)
    statement, code = distinct_pairs(
        np.append(touches.statement[rows], holes),
        np.append(touches.code[rows], np.full(len(holes), size - 1)),
        size,
    )
    keys = statement * size + code
    marks = {
        "calls": touches.calls[touches.statement] & ~touches.against,
        "supports": touches.supports,
        "against": touches.against,
    }
    columns: dict[str, Any] = {"statement": statement, "kind": list(touches.looked).index(kind), "code": code}
    for name, mark in marks.items():
        chosen = rows & mark
        columns[name] = np.isin(keys, touches.statement[chosen].astype(np.int64) * size + touches.code[chosen])
    weight = units.weigh(present)[units.of_statement[statement]]
    return pd.DataFrame(columns | {"weight": weight})


def _in_words(rows: pd.DataFrame, touches: Touches) -> pd.DataFrame:
    order = np.lexsort([rows[name].to_numpy() for name in ("code", "kind", "statement")])
    rows = rows.iloc[order].reset_index(drop=True)
    study = touches.study
    at, code = rows["statement"].to_numpy(), rows["code"].to_numpy()
    speaker = study.statements["speaker"].astype("category").array[at].remove_unused_categories()
    actors, groups = study.tables["actors"], study.tables["groups"]
    group_of = dict(zip(groups["id"], groups["id"], strict=True)) | dict(
        zip(actors["id"], actors["group"], strict=True)
    )
    places = np.arange(len(rows))
    polarity = join_words(
        np.append(places[rows["supports"].astype(bool)], places[rows["against"].astype(bool)]),
        np.repeat([0, 1], [int(rows["supports"].sum()), int(rows["against"].sum())]),
        _WORDS,
        size=len(rows),
    )
    columns = {
        "statement": study.statements["id"].iloc[at].astype("category").array.remove_unused_categories(),
        "speaker": speaker,
        "group": pd.Series(speaker).map(group_of).astype("category").array,
        "kind": pd.Categorical.from_codes(rows["kind"].to_numpy(), categories=pd.Index(list(touches.looked))),
        "code": pd.Categorical.from_codes(np.where(code < len(touches.codes), code, -1), categories=touches.codes),
        "call": rows["calls"].to_numpy(dtype=bool),
        "polarity": polarity,
        "weight": rows["weight"].to_numpy(dtype=float),
    }
    return pd.DataFrame({name: columns[name] for name in COLUMNS})
