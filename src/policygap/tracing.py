"""A study and a place in it come in; the statements behind it, with their locators, go out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from .choices import Choices, choose
from .errors import Problem, UsageError
from .evidence import join_words
from .ids import find_rows
from .spelling import suggest
from .study import Study
from .touches import Touches, collect_touches
from .units import collect_units, distinct_pairs

__all__ = ["find_conflicts", "list_examples", "list_speakers", "select_quotes", "trace"]

Array = np.ndarray[Any, Any]

COLUMNS: Final = (
    "statement", "speaker", "group", "text", "source", "locator", "question", "kind", "voice", "quantifier",
    "code", "polarity", "basis", "coder",
)  # fmt: skip


def trace(
    study: Study,
    gap: Any = None,
    choices: Choices | None = None,
    *,
    theme: str | None = None,
    target: str | None = None,
    speaker: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Find the statements behind a cell, a code or a gap.

    Parameters
    ----------
    study
        The study.
    gap
        A :class:`policygap.Gap`: the statements it rests on.
    theme, target, speaker
        A theme, a target, a speaker, or a cell of two or three of them.
    choices, **options
        Which statements and codings count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    pandas.DataFrame
        A row a statement, in the study's order: its id as ``statement``, ``speaker``, ``group``, ``text`` and language
        variants, ``source``, ``locator``, ``question``, ``kind``, ``voice``, ``quantifier``; ``code`` (of the codes
        asked for, or of all where only a speaker was, those it is coded with), ``polarity``, ``basis`` and ``coder`` of
        those codings, separated by ``;``.

    Raises
    ------
    UsageError
        Where there is nothing to trace, an id is not known, or a gap comes with a place or choices besides: it brings
        its own.

    Examples
    --------
    >>> import policygap as pg
    >>> found = pg.trace(pg.read_study("smabystrategi"), theme="town-capacity", target="F")
    >>> bool(found["locator"].notna().all())
    True
    """
    if gap is not None:
        _check_gap(gap, choices, {"theme": theme, "target": target, "speaker": speaker, **options})
        return _of_gap(study, gap)
    codes = [study.theme(theme).id] if theme is not None else []
    codes += [study.target(target).id] if target is not None else []
    if not codes and speaker is None:
        raise UsageError([Problem(what="nothing to trace", fix="name a theme, a target, a speaker or a gap")])
    touches = collect_touches(study, choose(choices, options))
    kept = touches.counted.copy()
    for name in codes:
        kept &= _touching(touches, [name])
    if speaker is not None:
        _check_speaker(study, speaker)
        kept &= study.statements["speaker"].eq(speaker).to_numpy(dtype=bool)
    return _describe(touches, np.flatnonzero(kept), codes)


def _check_gap(gap: Any, choices: Choices | None, others: dict[str, Any]) -> None:
    if not hasattr(gap, "behind") or not hasattr(gap, "choices"):
        fix = "give a gap of find_gaps, or name a theme=, target= or speaker="
        raise UsageError([Problem(file="gap", what=f"{gap!r} is no gap", fix=fix)])
    given = [name for name, value in {"choices": choices, **others}.items() if value is not None]
    if given:
        what = f"a gap says itself what is behind it, so {', '.join(given)} can't be given besides"
        raise UsageError([Problem(file="gap", what=what, fix="leave one of them out")])


def _check_speaker(study: Study, name: str) -> None:
    known = [*study.tables["actors"]["id"], *study.tables["groups"]["id"]]
    if name not in known:
        fix = suggest(name, known, otherwise="see list_speakers for those there are")
        raise UsageError([Problem(file="speaker", what=f"no speaker has the id '{name}'", fix=fix)])


def _of_gap(study: Study, gap: Any) -> pd.DataFrame:
    touches = collect_touches(study, gap.choices.but(unit="speaker") if gap.choices is not None else None)
    where = find_rows(_column(gap.behind), study.statements["id"])
    return _describe(touches, np.sort(where[where >= 0]), [gap.subject])


def _column(ids: Any) -> pd.Series:
    return ids if isinstance(ids, pd.Series) else pd.Series(ids, dtype="str")


def _touching(touches: Touches, codes: list[str]) -> Array:
    """For each statement, whether it touches any of these codes."""
    places = touches.codes.get_indexer(pd.Index(codes, dtype=object))
    found = np.zeros(len(touches.counted), dtype=bool)
    found[touches.statement[np.isin(touches.code, places)]] = True
    return found


def _describe(touches: Touches, where: Array, codes: list[str]) -> pd.DataFrame:
    """What is known of these statements (positions, ascending), and of their codings with these codes, or all codes."""
    study = touches.study
    frame = study.statements.iloc[where].rename(columns={"id": "statement"}).reset_index(drop=True)
    group_of = dict(zip(study.tables["actors"]["id"], study.tables["actors"]["group"], strict=True))
    speaker = frame["speaker"].astype("category")
    names = np.array([group_of.get(name, name) for name in speaker.cat.categories], dtype=object)
    # Missing never: a speaker is required. The place at the end is what -1 would read.
    frame["group"] = np.append(names, np.array([None]))[speaker.cat.codes.to_numpy()]
    variants = [name for name in frame.columns if name.startswith("text_")]
    frame = frame.assign(**_codings_of(touches, where, codes or None))
    return frame[["statement", "speaker", "group", "text", *variants, *COLUMNS[4:]]]


def _codings_of(touches: Touches, where: Array, codes: list[str] | None) -> dict[str, Array]:
    """The words of the codings of each statement (with all codes where ``codes`` is ``None``), ``""`` where none."""
    rows = touches.rows
    if codes is not None:
        rows = rows[np.isin(rows["code"].to_numpy(), touches.codes.get_indexer(pd.Index(codes, dtype=object)))]
    position = np.full(len(touches.counted), -1)
    position[where] = np.arange(len(where))
    rows = rows[position[rows["statement"].to_numpy()] >= 0]
    place = position[rows["statement"].to_numpy()]
    polarity = np.where(rows["supports"], 0, np.where(rows["against"], 1, -1))
    columns: dict[str, tuple[Array, Any]] = {
        "code": (rows["code"].to_numpy(), touches.codes),
        "polarity": (polarity, ("for", "against")),
        "basis": (rows["basis"].cat.codes.to_numpy(), rows["basis"].cat.categories),
        "coder": (rows["coder"].cat.codes.to_numpy(), rows["coder"].cat.categories),
    }
    joined = {name: join_words(place, word, words, len(where)) for name, (word, words) in columns.items()}
    return {name: np.append(texts.categories.astype(object), "")[texts.codes] for name, texts in joined.items()}


def list_speakers(study: Study, choices: Choices | None = None, **options: Any) -> pd.DataFrame:
    """List who speaks, as whom, and about how much.

    Returns
    -------
    pandas.DataFrame
        A row an actor or group, in the study's order: ``speaker``, ``label``, ``type`` (``actor``, ``group`` speaking
        as one, or ``umbrella``), ``group``, ``statements`` (counted), ``calls``, ``themes`` and ``targets`` (distinct
        codes touched), ``left_out`` (statements that do not count). Groups without statements of their own are not
        listed; silent actors are, with 0.

    Examples
    --------
    >>> import policygap as pg
    >>> speakers = pg.list_speakers(pg.read_study("smabystrategi"))
    >>> set(speakers["type"]) <= {"actor", "group", "umbrella"}
    True
    """
    touches = collect_touches(study, choose(choices, options))
    units = collect_units(touches, "speaker")
    speaker, codes = units.of_statement, touches.code
    size, of_row = len(units.ids), speaker[touches.statement]
    is_theme = (touches.kinds == "theme")[codes]

    def count(speakers: Array) -> Array:
        return np.bincount(speakers, minlength=size)

    def distinct(rows: Array) -> Array:
        return count(distinct_pairs(of_row[rows], codes[rows], len(touches.codes))[0])

    every, counted = count(speaker), count(speaker[touches.counted])
    tables = study.tables
    frame = pd.DataFrame(
        {
            "speaker": units.ids,
            "label": [*tables["actors"]["label"], *tables["groups"]["label"]],
            "type": np.where(units.is_umbrella, "umbrella", np.where(units.is_group, "group", "actor")),
            "group": units.group,
            "statements": counted,
            "calls": count(speaker[touches.counted & touches.calls]),
            "themes": distinct(is_theme),
            "targets": distinct(~is_theme),
            "left_out": every - counted,
        }
    )
    return frame[~units.is_group | (every > 0)].reset_index(drop=True)


def select_quotes(
    study: Study,
    choices: Choices | None = None,
    *,
    theme: str | None = None,
    target: str | None = None,
    n: int = 3,
    **options: Any,
) -> pd.DataFrame:
    """Select telling statements about a code, across groups.

    Statements marked typical come first, quotes before summaries, and one of each group before a second of any; ties
    break by id.

    Parameters
    ----------
    theme, target
        The code, or both for a cell.
    n
        How many at most, 1 or more.

    Returns
    -------
    pandas.DataFrame
        As :func:`trace` gives them, with ``typical``.

    Examples
    --------
    >>> import policygap as pg
    >>> quotes = pg.select_quotes(pg.read_study("smabystrategi"), theme="town-capacity", n=3)
    >>> len(quotes)
    3
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:  # pyright: ignore[reportUnnecessaryIsInstance]  # users
        raise UsageError([Problem(file="n", what=f"{n!r} is no whole number of 1 or more")])
    found = trace(study, choices=choices, theme=theme, target=target, **options)
    where = find_rows(found["statement"], study.statements["id"])
    found["typical"] = study.statements["typical"].iloc[where].fillna(value=False).to_numpy(dtype=bool)
    found["plain"] = ~found["typical"]
    found["voiced"] = found["voice"].astype(object).map({"quote": 0, "summary": 1}).fillna(2)
    ordered = found.sort_values(["plain", "voiced", "statement"], kind="stable")
    turn = ordered.groupby("group", sort=False).cumcount()
    ordered = ordered.assign(turn=turn).sort_values(["turn", "plain", "voiced", "statement"], kind="stable")
    return ordered.drop(columns=["plain", "voiced", "turn"]).head(n).reset_index(drop=True)


def list_examples(
    study: Study, choices: Choices | None = None, *, theme: str | None = None, target: str | None = None, **options: Any
) -> pd.DataFrame:
    """List examples of what is already done: statements of kind ``example``, about a code if one is named.

    Returns
    -------
    pandas.DataFrame
        As :func:`trace` gives them, with the speaker's ``region`` and ``printed`` (targets that the source itself
        prints beside the statement, separated by ``;``, missing where it prints none).

    Examples
    --------
    >>> import policygap as pg
    >>> examples = pg.list_examples(pg.read_study("smabystrategi"), target="C")
    >>> set(examples["kind"])
    {'example'}
    """
    chosen = choose(choices, options)
    touches = collect_touches(study, chosen)
    codes = [study.theme(theme).id] if theme is not None else []
    codes += [study.target(target).id] if target is not None else []
    kept = touches.counted & study.statements["kind"].eq("example").to_numpy(dtype=bool)
    for name in codes:
        kept &= _touching(touches, [name])
    where = np.flatnonzero(kept)
    found = _describe(touches, where, codes)
    region = dict(zip(study.tables["actors"]["id"], study.tables["actors"]["region"], strict=True))
    found["region"] = [region.get(name) for name in found["speaker"]]
    printed = collect_touches(study, chosen.but(basis="printed"))
    targets = list(printed.codes[printed.kinds != "theme"])
    letters = pd.Series(_codings_of(printed, where, targets)["code"], dtype=object)
    found["printed"] = letters.where(letters.ne(""), None)
    return found


def find_conflicts(study: Study, choices: Choices | None = None, **options: Any) -> pd.DataFrame:
    """Find codes that explicit codings are both for and against.

    Returns
    -------
    pandas.DataFrame
        A row a code: ``code``, ``kind``, ``label``, ``for_statements`` and ``against_statements`` (ids),
        ``for_speakers`` and ``against_speakers``, all separated by ``;``.

    Examples
    --------
    >>> import policygap as pg
    >>> conflicts = pg.find_conflicts(pg.read_study("smabystrategi"))
    >>> list(conflicts.columns)[:3]
    ['code', 'kind', 'label']
    """
    touches = collect_touches(study, choose(choices, options))
    speaker = study.statements["speaker"]
    lines = []
    for place in contested_codes(touches):
        rows = touches.rows[touches.rows["code"] == place]
        line = {"code": touches.codes[place], "kind": touches.kinds[place]}
        line["label"] = study.code(line["code"]).label
        for side, column in (("for", "supports"), ("against", "against")):
            where = np.unique(rows.loc[rows[column], "statement"].to_numpy())
            line[f"{side}_statements"] = ";".join(touches.name_statements(where))
            line[f"{side}_speakers"] = ";".join(sorted(set(speaker.iloc[where])))
        lines.append(line)
    names = [f"{side}_{what}" for side in ("for", "against") for what in ("statements", "speakers")]
    return pd.DataFrame(lines, columns=["code", "kind", "label", *names])


def contested_codes(touches: Touches) -> list[int]:
    """Positions of the codes that explicit codings are both for and against."""
    supported = set(touches.code[touches.supports])
    opposed = set(touches.code[touches.against])
    return sorted(supported & opposed)
