"""A study and choices come in; the evidence, a row a statement x theme x target, goes out as one frame."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from .choices import Choices, choose
from .study import Study
from .touches import Touches, collect_touches

__all__ = ["COLUMNS", "collect_evidence"]

Array = np.ndarray[Any, Any]

COLUMNS: Final = (
    "statement",
    "speaker",
    "group",
    "theme",
    "target",
    "kind",
    "question",
    "voice",
    "addressees",
    "polarity",
    "basis",
    "coder",
    "relation",
    "weight",
    "target_kind",
    "target_polarity",
    "target_basis",
    "target_coder",
)


def collect_evidence(study: Study, choices: Choices | None = None, **options: Any) -> pd.DataFrame:
    """Collect what every figure rests on.

    A statement coded with two themes and one target makes two rows. One with a theme and, though it was assessed for a
    kind of target, no target of that kind makes a row without a target: a hole in the grid. A row says that a statement was
    coded with both; it does not say that the one answers the other. A link of a crosswalk is a row without a statement.

    Parameters
    ----------
    study
        The study.
    choices, **options
        Which statements and codings count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    pandas.DataFrame
        Columns ``statement``, ``speaker``, ``group`` (of the speaker; a speaking group is its own), ``theme``, ``target`` (either may be
        missing), ``kind`` (of the statement), ``question``, ``voice``, ``addressees``, ``polarity``, ``basis`` and ``coder`` (of the
        theme's coding, or of the target's where there is no theme), ``relation`` and ``weight`` (of a link; a statement's
        weight is 1), ``target_kind`` and ``target_polarity``, ``target_basis``, ``target_coder`` (of the target's coding).
        Ids and words are categories. Sorted by statement, theme, target in the study's order; links last.

    Examples
    --------
    >>> import policygap as pg
    >>> evidence = pg.collect_evidence(pg.read_study("smabystrategi"))
    >>> bool((evidence["theme"].isna() & evidence["target"].isna()).any())
    False
    """
    touches = collect_touches(study, choose(choices, options))
    frame = pd.concat([_from_statements(touches), _from_links(study)], ignore_index=True)
    return frame[list(COLUMNS)]


def _from_statements(touches: Touches) -> pd.DataFrame:
    rows = _joined(touches)
    statements = touches.study.statements
    at = rows["statement"].to_numpy()
    frame = pd.DataFrame(
        {name: statements[name].astype("category").array[at] for name in ("speaker", "kind", "question", "voice")}
        | {"statement": statements["id"].astype("category").array[at]}
        | {"addressees": statements["addressees"].astype("category").array[at]}
    )
    group_of = _groups_of_speakers(touches.study)
    frame["group"] = _mapped(frame["speaker"], group_of)
    frame["theme"] = pd.Categorical.from_codes(rows["theme"].to_numpy(), categories=touches.codes)
    frame["target"] = pd.Categorical.from_codes(rows["target"].to_numpy(), categories=touches.codes)
    names = list(dict.fromkeys(touches.kinds[touches.kinds != "theme"]))
    frame["target_kind"] = pd.Categorical.from_codes(rows["target_kind"].to_numpy(), categories=names)
    missing = (rows["theme"] < 0).to_numpy()
    for name in ("polarity", "basis", "coder"):
        theirs = (
            rows[f"target_{name}"].astype(object) if f"target_{name}" in rows else pd.Series(None, rows.index, object)
        )
        own = rows[name].astype(object) if name in rows else theirs
        frame[f"target_{name}"] = theirs.astype("category").array
        frame[name] = own.where(~missing, theirs).astype("category").array
    frame["relation"] = pd.Categorical([None] * len(frame))
    frame["weight"] = 1.0
    for name in ("theme", "target"):
        frame[name] = frame[name].cat.remove_unused_categories()
    return frame


def _one_a_code(touches: Touches) -> pd.DataFrame:
    """One row a (statement, code): where codings of several coders or polarities meet, their words stand together."""
    rows = touches.rows.assign(polarity=_polarities(touches.rows))
    rows = rows.drop(columns=["supports", "against"])
    doubled = rows.duplicated(["statement", "code"], keep=False)
    if not doubled.any():
        return rows
    many = rows[doubled].astype({"polarity": object, "basis": object, "coder": object})
    merged = many.groupby(["statement", "code"], as_index=False, sort=False).agg(
        {name: _together for name in ("polarity", "basis", "coder")}
    )
    rest = rows[~doubled].astype({"polarity": object, "basis": object, "coder": object})
    together = pd.concat([rest, merged], ignore_index=True)
    return together.astype({"polarity": "category", "basis": "category", "coder": "category"})


def _polarities(rows: pd.DataFrame) -> pd.Categorical:
    codes = np.where(rows["supports"], 0, np.where(rows["against"], 1, -1))
    return pd.Categorical.from_codes(codes, categories=["for", "against"])


def _together(cells: pd.Series) -> str | None:
    words = sorted({str(cell) for cell in cells.dropna()})
    return ";".join(words) if words else None


def _joined(touches: Touches) -> pd.DataFrame:
    """Every theme of a statement beside every target of it, kind by kind; what has no partner keeps an empty place."""
    rows = _one_a_code(touches)
    kind = touches.kinds[rows["code"].to_numpy()]
    themes = rows[kind == "theme"].rename(columns={"code": "theme"})
    has_theme = _mask(themes, touches)
    kinds = list(dict.fromkeys(touches.kinds[touches.kinds != "theme"]))
    names = {name: f"target_{name}" for name in ("polarity", "basis", "coder")}
    lone = np.ones(len(touches.counted), dtype=bool)
    parts = []
    for place, name in enumerate(kinds):
        targets = rows[kind == name].rename(columns={"code": "target", **names})
        assessed = touches.assessed(name)
        holes = themes[(assessed & ~_mask(targets, touches))[themes["statement"].to_numpy()]]
        unthemed = targets[~has_theme[targets["statement"].to_numpy()]]
        both = themes.merge(targets, on="statement", how="inner")
        parts += [part.assign(target_kind=place) for part in (both, holes, unthemed)]
        lone &= ~assessed
    parts.append(themes[lone[themes["statement"].to_numpy()]].assign(target_kind=-1))
    joined = pd.concat(parts, ignore_index=True)
    for name in ("theme", "target"):
        joined[name] = joined[name].fillna(-1).astype(np.int64) if name in joined else np.int64(-1)
    columns = [joined[name].to_numpy() for name in ("target", "target_kind", "theme", "statement")]
    # A missing code stands after those that are there.
    order = np.lexsort([np.where(column < 0, np.iinfo(np.int64).max, column) for column in columns])
    return joined.iloc[order].reset_index(drop=True)


def _mask(rows: pd.DataFrame, touches: Touches) -> Array:
    """For each statement, whether any of these rows is its own."""
    found = np.zeros(len(touches.counted), dtype=bool)
    found[rows["statement"].to_numpy()] = True
    return found


def _groups_of_speakers(study: Study) -> dict[str, str]:
    actors, groups = study.tables["actors"], study.tables["groups"]
    return dict(zip(groups["id"], groups["id"], strict=True)) | dict(zip(actors["id"], actors["group"], strict=True))


def _mapped(cells: pd.Series, mapping: dict[str, str]) -> pd.Categorical:
    """A categorical column put through a mapping, category by category."""
    values = [mapping.get(name) for name in cells.cat.categories]
    names = pd.Index(dict.fromkeys(value for value in values if value is not None), dtype=object)
    codes = np.append(names.get_indexer(pd.Index(values, dtype=object)), -1)[cells.cat.codes.to_numpy()]
    return pd.Categorical.from_codes(codes, categories=names)


def _from_links(study: Study) -> pd.DataFrame:
    links, kind_of = study.links, {code.id: code.kind for code in study.targets}
    frame = pd.DataFrame(index=range(len(links)), columns=list(COLUMNS), dtype=object)
    for name in ("theme", "target", "basis", "coder", "relation"):
        frame[name] = links[name].astype(object).where(links[name].notna(), None).to_numpy()
    frame["weight"] = links["weight"].fillna(1.0).astype(float).to_numpy()
    frame["target_kind"] = [kind_of.get(name) for name in frame["target"]]
    return frame
