"""A study and choices come in; the evidence, a row a statement x theme x target, goes out as one frame."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from .choices import Choices, choose
from .study import Study
from .touches import Touches, collect_touches
from .units import distinct_pairs

__all__ = ["COLUMNS", "collect_evidence", "join_words"]

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
    kind of target, no target of that kind makes a row without a target: a hole in the grid. A row says that a
    statement was coded with both; it does not say that the one answers the other. A link of a crosswalk is a row
    without a statement.

    Parameters
    ----------
    study
        The study.
    choices, **options
        Which statements and codings count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    pandas.DataFrame
        Columns ``statement``, ``speaker``, ``group`` (of the speaker; a speaking group is its own), ``theme``,
        ``target`` (either may be missing), ``kind`` (of the statement), ``question``, ``voice``, ``addressees``,
        ``polarity``, ``basis`` and ``coder`` (of the theme's coding, or of the target's where there is no theme; words
        of several codings are separated by ``;``), ``relation`` and ``weight`` (of a link; a statement's weight is 1),
        ``target_kind`` (in a hole, the kind that was looked for), ``target_polarity``, ``target_basis`` and
        ``target_coder`` (of the target's coding). All but the weight are categories. Sorted by statement, theme, kind
        of target and target in the study's order, what is missing last within each; links stand after all statements.

    Examples
    --------
    >>> import policygap as pg
    >>> evidence = pg.collect_evidence(pg.read_study("smabystrategi"))
    >>> bool((evidence["theme"].isna() & evidence["target"].isna()).any())
    False
    """
    touches = collect_touches(study, choose(choices, options))
    stated, linked = _from_statements(touches), _from_links(touches)
    columns: dict[str, Any] = {
        name: _under_each_other(stated[name].array, linked[name].array) for name in COLUMNS if name != "weight"
    }
    columns["weight"] = np.concatenate([stated["weight"].to_numpy(), linked["weight"].to_numpy()])
    return pd.DataFrame(columns)[list(COLUMNS)]


def _under_each_other(first: Any, second: Any) -> pd.Categorical:
    """Two categorical columns as one, with the categories that are in use, the first column's before the second's."""
    # Plain text on both sides: a column without any word has categories of no type.
    parts = [part.set_categories(part.categories.astype("str"), rename=True) for part in (first, second)]
    return union_categoricals(parts).remove_unused_categories()


def _from_statements(touches: Touches) -> pd.DataFrame:
    rows = _joined(touches)
    statements = touches.study.statements
    at = rows["statement"].to_numpy()
    names = ("speaker", "kind", "question", "voice", "addressees")
    frame = pd.DataFrame({name: statements[name].astype("category").array[at] for name in names})
    frame["statement"] = statements["id"].iloc[at].astype("category").array
    group_of = _groups_of_speakers(touches.study)
    frame["group"] = _mapped(frame["speaker"], group_of)
    frame["theme"] = pd.Categorical.from_codes(rows["theme"].to_numpy(), categories=touches.codes)
    frame["target"] = pd.Categorical.from_codes(rows["target"].to_numpy(), categories=touches.codes)
    names = pd.Index(dict.fromkeys(touches.kinds[touches.kinds != "theme"]), dtype=object)
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
    return frame


def _one_a_code(touches: Touches) -> pd.DataFrame:
    """One row a (statement, code): where codings of several coders or polarities meet, their words stand together."""
    rows = touches.rows.assign(polarity=_polarities(touches.rows)).drop(columns=["supports", "against"])
    if not rows.duplicated(["statement", "code"]).any():
        return rows
    size = len(touches.codes)
    keys = rows["statement"].to_numpy(dtype=np.int64) * size + rows["code"].to_numpy()
    pairs, place = np.unique(keys, return_inverse=True)
    out = pd.DataFrame({"statement": pairs // size, "code": pairs % size})
    for name in ("polarity", "basis", "coder"):
        words = rows[name].cat
        out[name] = join_words(place, words.codes.to_numpy(), words.categories, len(pairs))
    return out


def _polarities(rows: pd.DataFrame) -> pd.Categorical[str]:
    codes = np.where(rows["supports"], 0, np.where(rows["against"], 1, -1))
    return pd.Categorical.from_codes(codes, categories=pd.Index(["for", "against"]))


def join_words(place: Array, word: Array, words: Any, size: int) -> pd.Categorical:
    """Put the distinct words of each place together, sorted and separated by ``;``.

    Parameters
    ----------
    place, word
        Integer columns of one length: a place from 0, and a position in ``words`` (-1 where there is none).
    words
        Distinct texts.
    size
        How many places there are.

    Returns
    -------
    pandas.Categorical
        A cell a place, missing where it has no word.

    Examples
    --------
    >>> list(join_words(np.array([0, 0, 2, 0]), np.array([1, 0, -1, 1]), ["b", "a"], size=3))
    ['a;b', nan, nan]
    """
    plain = np.array([str(text) for text in words], dtype=object)
    order = np.argsort(plain, kind="stable")
    rank = np.append(np.argsort(order, kind="stable"), -1)[word]
    at, which = distinct_pairs(np.where(rank >= 0, place, -1), rank, len(plain))
    turn = np.arange(len(at)) - np.searchsorted(at, at)
    # The first words of all places, then the second ones, and so on: text is put together once for each different list
    # of words, never once a place.
    texts, found = [""], np.zeros(size, dtype=np.int64)
    for now in range(turn.max() + 1 if len(turn) else 0):
        here = at[turn == now]
        lists, where = np.unique(found[here] * len(plain) + which[turn == now], return_inverse=True)
        found[here] = len(texts) + where
        texts += [
            f"{texts[before]};{plain[order[last]]}" for before, last in zip(*divmod(lists, len(plain)), strict=True)
        ]
    codes, names = pd.factorize(np.array([text[1:] for text in texts[1:]], dtype=object))
    joined = pd.Categorical.from_codes(np.append(codes, -1)[found - 1], categories=pd.Index(names, dtype="str"))
    return joined.remove_unused_categories()


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


def _from_links(touches: Touches) -> pd.DataFrame:
    links, nothing = touches.study.links, pd.Categorical([None] * len(touches.study.links))
    frame = pd.DataFrame(dict.fromkeys(COLUMNS, nothing))
    for name in ("basis", "coder", "relation"):
        frame[name] = links[name].astype("category").array
    places = {name: touches.codes.get_indexer(pd.Index(links[name].astype(object))) for name in ("theme", "target")}
    for name, place in places.items():
        frame[name] = pd.Categorical.from_codes(place, categories=touches.codes)
    kinds = np.append(touches.kinds, np.array([None]))[places["target"]]
    frame["target_kind"] = pd.Categorical(kinds, categories=list(dict.fromkeys(touches.kinds)))
    frame["weight"] = links["weight"].fillna(1.0).astype(float).to_numpy()
    return frame
