"""A study's tables come in; remarks on what is odd but not wrong go out. Nothing is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd
from attrs import field, frozen

from .fingerprints import fingerprint
from .ids import find_rows
from .messages import say
from .spelling import fold

__all__ = ["Notice", "find_notices"]

Frames = Mapping[str, pd.DataFrame]

_MOST_COMPARED: Final = 1_000_000  # ids of statements, since beyond that nobody takes one for another


@frozen(kw_only=True)
class Notice:
    """A remark: its kind, the ids it is about, and the values its sentence is made of."""

    kind: str
    subjects: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(factory=dict, hash=False)

    def sentence(self, language: str = "en") -> str:
        """The remark in words."""
        return say(f"notice.{self.kind}", language, **self.values)

    def __str__(self) -> str:
        return self.sentence()


def find_notices(frames: Frames, meta: Mapping[str, Any], remarks: tuple[str, ...] = ()) -> tuple[Notice, ...]:
    """Find what a careful reader of the tables would want to be told.

    Parameters
    ----------
    frames
        The typed tables of a study without problems.
    meta
        The study's metadata.
    remarks
        What was tolerated while reading, a sentence each.
    """
    finders = (
        _stated_counts,
        _counts_against_coded,
        _composite_speakers,
        _look_alikes,
        _unused_codes,
        _stale,
        _silent_speakers,
        _parents,
        _responses,
    )
    found = [notice for finder in finders for notice in finder(frames)]
    said = [Notice(kind="reading", values={"remark": remark}) for remark in remarks]
    return (*said, *_coders(frames, meta), *found)


def _quoted(ids: list[str], most: int = 8) -> str:
    shown = ", ".join(ids[:most])
    return shown if len(ids) <= most else f"{shown}, ... ({len(ids)})"


def _number(value: float) -> str:
    return str(float(value)) if value % 1 else f"{int(value)}"


def _coders(frames: Frames, meta: Mapping[str, Any]) -> Iterator[Notice]:
    coders = sorted(frames["codings"]["coder"].dropna().unique())
    if len(coders) > 1 and not meta.get("default_coder"):
        yield Notice(kind="several_coders", subjects=tuple(coders), values={"coders": _quoted(coders)})


def _stated_counts(frames: Frames) -> Iterator[Notice]:
    """Numbers for one subject and unit that differ, within a source or between sources."""
    frame = frames["stated_counts"].assign(unit=lambda table: table["unit"].fillna("submissions"))
    for (subject, unit), rows in frame.groupby(["subject", "unit"], sort=True):
        if rows["count"].nunique() < 2:  # noqa: PLR2004  # one number can't contradict itself
            continue
        ordered = rows.assign(place=_places(rows)).sort_values(["count", "place"])
        numbers = zip(ordered["count"], ordered["place"], strict=True)
        stated = "; ".join(dict.fromkeys(f"{_number(count)} ({place})" for count, place in numbers))
        yield Notice(
            kind="counts_differ", subjects=(str(subject),), values={"subject": subject, "unit": unit, "stated": stated}
        )


def _places(rows: pd.DataFrame) -> pd.Series:
    source = rows["source"].astype(object).fillna("?")
    return source + rows["locator"].map(lambda text: f" {text}" if isinstance(text, str) else "")


def _descendants(groups: pd.DataFrame) -> dict[str, list[str]]:
    """Every group with itself and all groups under it."""
    children: dict[str, list[str]] = {}
    for name, parent in zip(groups["id"], groups["parent"], strict=True):
        if isinstance(parent, str):
            children.setdefault(parent, []).append(name)
    found: dict[str, list[str]] = {}
    for name in groups["id"]:
        family, waiting = [], [name]
        while waiting:
            member = waiting.pop()
            family.append(member)
            waiting.extend(children.get(member, ()))
        found[name] = family
    return found


def _counts_against_coded(frames: Frames) -> Iterator[Notice]:
    """Numbers of submissions that differ from the number of actors recorded in the group."""
    frame, actors = frames["stated_counts"], frames["actors"]
    if frame.empty or actors.empty:
        return
    families = _descendants(frames["groups"]) | {"all": list(frames["groups"]["id"])}
    about_actors = frame["unit"].isna() | frame["unit"].isin(["submissions", "actors"])
    for subject, rows in frame[about_actors].groupby("subject", sort=True):
        recorded = int(actors["group"].isin(families.get(str(subject), ())).sum())
        stated = sorted(set(rows["count"]))
        if recorded not in stated:
            shown = ", ".join(_number(count) for count in stated)
            values = {"subject": subject, "stated": shown, "recorded": recorded}
            yield Notice(kind="count_against_coded", subjects=(str(subject),), values=values)


def _composite_speakers(frames: Frames) -> Iterator[Notice]:
    """A group that speaks as one while actors or groups within it speak too, and both touch the same codes."""
    codings, statements = frames["codings"], frames["statements"]
    speaking = set(statements["speaker"].dropna().unique()) & set(frames["groups"]["id"])
    if codings.empty or not speaking:
        return
    used = codings["code"].notna() & codings["reading"].ne("alternative").fillna(True)
    used &= codings["basis"].isna() | codings["basis"].eq("coder")
    left_out = statements["counted"].eq(False).fillna(False) | statements["voice"].eq("synthesis").fillna(False)
    counted = (~left_out.astype(bool) & statements["restates"].isna()).to_numpy()
    rows = find_rows(codings["statement"], statements["id"])
    used = used.to_numpy(dtype=bool) & (rows >= 0) & counted[rows]
    pairs = pd.DataFrame(
        {"speaker": statements["speaker"].array[rows[used]], "code": codings["code"].array[used]}
    ).drop_duplicates()
    pairs = pairs.astype(object).dropna()
    group_of = pd.Series(frames["actors"]["group"].astype(object).to_numpy(), index=frames["actors"]["id"])
    for group, family in _descendants(frames["groups"]).items():
        if group not in speaking:
            continue
        own = set(pairs.loc[pairs["speaker"] == group, "code"])
        if not own:
            continue
        within = pairs["speaker"].map(group_of).isin(family) | pairs["speaker"].isin(set(family) - {group})
        shared = pairs[within & pairs["code"].isin(own)]
        if shared.empty:
            continue
        codes, members = sorted(set(shared["code"])), sorted(set(shared["speaker"]))
        values = {"group": group, "members": _quoted(members), "codes": _quoted(codes), "count": len(codes)}
        yield Notice(kind="group_and_member", subjects=(group, *members), values=values)


def _look_alikes(frames: Frames) -> Iterator[Notice]:
    """Ids that a reader could take for each other: they differ only by case, accents or blanks."""
    shared = {
        "codes": [*frames["themes"]["id"], *frames["targets"]["id"]],
        "speakers": [*frames["actors"]["id"], *frames["groups"]["id"]],
        "coders": [*frames["codings"]["coder"].dropna().unique()],
        "sources": [*frames["sources"]["id"]],
        "questions": [*frames["questions"]["id"]],
        "statements": _comparable(frames["statements"]["id"]),
        "claims": [*frames["claims"]["id"]],
        "addressees": [*frames["statements"]["addressees"].dropna().str.split(";").explode().str.strip().unique()],
    }
    for what, names in shared.items():
        # Statements may be many: only those that look like another are gone through one by one.
        ids = pd.Series(pd.unique(pd.Series(names, dtype=object)), dtype=object)
        looks = ids.map(lambda name: fold(str(name)))
        alike = looks.duplicated(keep=False)
        for _, group in ids[alike].groupby(looks[alike], sort=False):
            found = sorted(group)
            yield Notice(kind="look_alike", subjects=tuple(found), values={"what": what, "ids": _quoted(found)})


def _comparable(ids: pd.Series) -> list[str]:
    """The ids, where they are not so many that nobody would look at them one by one."""
    return [*ids] if len(ids) <= _MOST_COMPARED else []


def _unused_codes(frames: Frames) -> Iterator[Notice]:
    codings, links = frames["codings"], frames["links"]
    linked, nones = (links[links["relation"].eq("none").fillna(False).eq(said)] for said in (False, True))
    for table, column in (("themes", "theme"), ("targets", "target")):
        ids = frames[table]["id"]
        used = ids.isin(codings["code"].dropna().unique()) | ids.isin(linked[column].dropna().unique())
        looked_at = ids.isin(nones[column].dropna().unique())
        for kind, found in (("unused", ~used & ~looked_at), ("unmatched", ~used & looked_at)):
            if found.any():
                values = {"count": int(found.sum()), "codes": _quoted(list(ids[found]), most=20)}
                yield Notice(kind=f"{kind}_{table}", subjects=tuple(ids[found]), values=values)


def _stale(frames: Frames) -> Iterator[Notice]:
    """Codings with the fingerprint of a text that is no longer that of their statement."""
    codings = frames["codings"][["statement", "fingerprint"]].dropna().astype(object)
    if not len(codings):
        return
    statements = frames["statements"]
    stamped = statements[statements["id"].isin(codings["statement"].unique())]
    now = dict(zip(stamped["id"], map(fingerprint, stamped["text"].astype(str)), strict=True))
    stale = codings[codings["statement"].map(now) != codings["fingerprint"]]
    if len(stale):
        names = list(dict.fromkeys(stale["statement"]))
        yield Notice(kind="stale", subjects=tuple(names), values={"count": len(stale), "statements": _quoted(names)})


def _silent_speakers(frames: Frames) -> Iterator[Notice]:
    statements = frames["statements"]
    if statements.empty:
        return
    heard = set(statements["speaker"].dropna().unique())
    actors = frames["actors"]
    silent = [name for name in actors["id"] if name not in heard]
    if silent:
        yield Notice(
            kind="silent_actors",
            subjects=tuple(silent),
            values={"count": len(silent), "speakers": _quoted(silent, most=12)},
        )
    populated = set(actors["group"]) | set(frames["groups"]["parent"].dropna())
    empty = [name for name in frames["groups"]["id"] if name not in heard and name not in populated]
    if empty:
        values = {"count": len(empty), "groups": _quoted(empty, most=12)}
        yield Notice(kind="silent_groups", subjects=tuple(empty), values=values)


def _parents(frames: Frames) -> Iterator[Notice]:
    """Parents whose children are coded while they are not: their own figures are 0, and a reader may stumble."""
    used = set(frames["codings"]["code"].dropna().unique())
    for table in ("themes", "targets"):
        frame = frames[table]
        parents = set(frame.loc[frame["id"].isin(used), "parent"].dropna())
        bare = [name for name in frame["id"] if name in parents and name not in used]
        if bare:
            yield Notice(kind="bare_parents", subjects=tuple(bare), values={"codes": _quoted(bare)})


def _responses(frames: Frames) -> Iterator[Notice]:
    """Answers to one subject that differ; what the source can't tell contradicts nothing."""
    frame = frames["responses"]
    for subject, rows in frame.groupby("subject", sort=True):
        for column in ("presence", "emphasis", "commitment"):
            cells = rows[column].dropna()
            said = sorted(set(cells[cells != "not_evidenced"]))
            if len(said) > 1:
                values = {"subject": subject, "column": column, "answers": ", ".join(said)}
                yield Notice(kind="responses_differ", subjects=(str(subject),), values=values)
