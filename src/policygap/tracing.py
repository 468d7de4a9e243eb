"""A study and a place in it come in; the statements behind it, with their locators, go out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from .choices import Choices, choose
from .errors import Problem, UsageError
from .spelling import suggest
from .study import Study
from .touches import Touches, collect_touches

__all__ = ["find_conflicts", "list_examples", "list_speakers", "select_quotes", "trace"]

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
        A row a statement: its id as ``statement``, ``speaker``, ``group``, ``text`` and language variants, ``source``, ``locator``,
        ``question``, ``kind``, ``voice``, ``quantifier``; ``code`` (the ids asked for), ``polarity``, ``basis`` and ``coder`` of those codings,
        separated by ``;``.

    Examples
    --------
    >>> import policygap as pg
    >>> found = pg.trace(pg.read_study("smabystrategi"), theme="town-capacity", target="F")
    >>> bool(found["locator"].notna().all())
    True
    """
    if gap is not None:
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


def _check_speaker(study: Study, name: str) -> None:
    known = [*study.tables["actors"]["id"], *study.tables["groups"]["id"]]
    if name not in known:
        fix = suggest(name, known, otherwise="see list_speakers for those there are")
        raise UsageError([Problem(file="speaker", what=f"no speaker has the id '{name}'", fix=fix)])


def _of_gap(study: Study, gap: Any) -> pd.DataFrame:
    touches = collect_touches(study, gap.choices.but(unit="speaker") if gap.choices is not None else None)
    where = pd.Index(study.statements["id"].astype(object)).get_indexer(pd.Index(gap.statements, dtype=object))
    return _describe(touches, np.sort(where[where >= 0]), [gap.subject])


def _touching(touches: Touches, codes: list[str]) -> np.ndarray[Any, Any]:
    """For each statement, whether it touches any of these codes."""
    places = touches.codes.get_indexer(pd.Index(codes, dtype=object))
    rows = touches.rows["statement"].to_numpy()[np.isin(touches.rows["code"].to_numpy(), places)]
    found = np.zeros(len(touches.counted), dtype=bool)
    found[rows] = True
    return found


def _describe(touches: Touches, where: np.ndarray[Any, Any], codes: list[str]) -> pd.DataFrame:
    study = touches.study
    frame = study.statements.iloc[where].rename(columns={"id": "statement"})
    group_of = dict(zip(study.tables["actors"]["id"], study.tables["actors"]["group"], strict=True))
    frame["group"] = [group_of.get(name, name) for name in frame["speaker"]]
    details = {name: [""] * len(where) for name in ("code", "polarity", "basis", "coder")}
    places = touches.codes.get_indexer(pd.Index(codes, dtype=object)) if codes else np.arange(len(touches.codes))
    rows = touches.rows[
        np.isin(touches.rows["code"].to_numpy(), places) & np.isin(touches.rows["statement"].to_numpy(), where)
    ]
    position = {statement: place for place, statement in enumerate(where)}
    for statement, group in rows.groupby("statement", sort=False):
        place = position[statement]  # type: ignore[index]  # positions of statements
        details["code"][place] = ";".join(sorted({touches.codes[code] for code in group["code"]}))
        polarity = {"for" if yes else "against" if no else "" for yes, no in zip(group["supports"], group["against"])}
        details["polarity"][place] = ";".join(sorted(polarity - {""}))
        for name in ("basis", "coder"):
            details[name][place] = ";".join(sorted({str(cell) for cell in group[name].dropna()}))
    variants = [name for name in frame.columns if name.startswith("text_")]
    out = frame.assign(**details)[["statement", "speaker", "group", "text", *variants, *COLUMNS[4:]]]
    return out.reset_index(drop=True)


def list_speakers(study: Study, choices: Choices | None = None, **options: Any) -> pd.DataFrame:
    """List who speaks, as whom, and about how much.

    Returns
    -------
    pandas.DataFrame
        A row an actor or group, in the study's order: ``speaker``, ``label``, ``type`` (``actor``, ``group`` speaking as one, or
        ``umbrella``), ``group``, ``statements`` (counted), ``calls``, ``themes`` and ``targets`` (distinct codes touched), ``left_out``
        (statements that do not count). Groups without statements of their own are not listed; silent actors are, with 0.

    Examples
    --------
    >>> import policygap as pg
    >>> speakers = pg.list_speakers(pg.read_study("smabystrategi"))
    >>> set(speakers["type"]) <= {"actor", "group", "umbrella"}
    True
    """
    touches = collect_touches(study, choose(choices, options))
    speaker = study.statements["speaker"].astype(object).to_numpy()
    every = pd.Series(speaker, dtype=object).value_counts()
    counted = pd.Series(speaker[touches.counted], dtype=object).value_counts()
    calls = pd.Series(speaker[touches.counted & touches.calls], dtype=object).value_counts()
    rows = touches.rows
    codes = pd.DataFrame({"speaker": speaker[rows["statement"].to_numpy()], "code": rows["code"].to_numpy()})
    is_theme = (touches.kinds == "theme")[codes["code"].to_numpy()]
    themes = codes[is_theme].drop_duplicates().groupby("speaker").size()
    targets = codes[~is_theme].drop_duplicates().groupby("speaker").size()
    lines = []
    for record in (*study.actors, *study.groups):
        is_actor = hasattr(record, "group")
        if not is_actor and record.id not in every.index:
            continue
        kind = "actor" if is_actor else "umbrella" if record.id in study.umbrellas else "group"
        lines.append(
            {
                "speaker": record.id,
                "label": record.label,
                "type": kind,
                "group": record.group if is_actor else record.id,  # type: ignore[union-attr]  # an actor has a group
                "statements": int(counted.get(record.id, 0)),
                "calls": int(calls.get(record.id, 0)),
                "themes": int(themes.get(record.id, 0)),
                "targets": int(targets.get(record.id, 0)),
                "left_out": int(every.get(record.id, 0) - counted.get(record.id, 0)),
            }
        )
    names = ["speaker", "label", "type", "group", "statements", "calls", "themes", "targets", "left_out"]
    return pd.DataFrame(lines, columns=names)


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
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise UsageError([Problem(file="n", what=f"{n!r} is no whole number of 1 or more")])
    found = trace(study, choices=choices, theme=theme, target=target, **options)
    typical = study.statements.set_index(study.statements["id"].astype(object))["typical"]
    found["typical"] = found["statement"].astype(object).map(typical).fillna(False).astype(bool)  # noqa: FBT003
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
        As :func:`trace` gives them, with the speaker's ``region`` and ``printed`` (targets that the source itself prints beside the
        statement).

    Examples
    --------
    >>> import policygap as pg
    >>> examples = pg.list_examples(pg.read_study("smabystrategi"), target="C")
    >>> set(examples["kind"])
    {'example'}
    """
    touches = collect_touches(study, choose(choices, options))
    codes = [study.theme(theme).id] if theme is not None else []
    codes += [study.target(target).id] if target is not None else []
    kept = touches.counted & study.statements["kind"].eq("example").to_numpy(dtype=bool)
    for name in codes:
        kept &= _touching(touches, [name])
    found = _describe(touches, np.flatnonzero(kept), codes)
    region = dict(zip(study.tables["actors"]["id"], study.tables["actors"]["region"], strict=True))
    printed = study.codings[study.codings["basis"].eq("printed") & study.codings["code"].notna()]
    letters = (
        printed.astype({"statement": object, "code": object})
        .groupby("statement")["code"]
        .agg(lambda cells: ";".join(sorted(set(cells))))
    )
    found["region"] = [region.get(name) for name in found["speaker"]]
    found["printed"] = found["statement"].astype(object).map(letters.to_dict())
    return found


def find_conflicts(study: Study, choices: Choices | None = None, **options: Any) -> pd.DataFrame:
    """Find codes that explicit codings are both for and against.

    Returns
    -------
    pandas.DataFrame
        A row a code: ``code``, ``kind``, ``label``, ``for_statements`` and ``against_statements`` (ids), ``for_speakers`` and
        ``against_speakers``, all separated by ``;``.

    Examples
    --------
    >>> import policygap as pg
    >>> conflicts = pg.find_conflicts(pg.read_study("smabystrategi"))
    >>> list(conflicts.columns)[:3]
    ['code', 'kind', 'label']
    """
    touches = collect_touches(study, choose(choices, options))
    speaker = study.statements["speaker"].astype(object).to_numpy()
    lines = []
    for place in contested_codes(touches):
        rows = touches.rows[touches.rows["code"] == place]
        line = {"code": touches.codes[place], "kind": touches.kinds[place]}
        line["label"] = study.code(line["code"]).label
        for side, column in (("for", "supports"), ("against", "against")):
            where = np.unique(rows.loc[rows[column], "statement"].to_numpy())
            line[f"{side}_statements"] = ";".join(touches.statement_ids[where])
            line[f"{side}_speakers"] = ";".join(sorted(set(speaker[where])))
        lines.append(line)
    names = [f"{side}_{what}" for side in ("for", "against") for what in ("statements", "speakers")]
    return pd.DataFrame(lines, columns=["code", "kind", "label", *names])


def contested_codes(touches: Touches) -> list[int]:
    """Positions of the codes that explicit codings are both for and against."""
    code = touches.rows["code"].to_numpy()
    supported = set(code[touches.rows["supports"].to_numpy()])
    opposed = set(code[touches.rows["against"].to_numpy()])
    return sorted(supported & opposed)
