"""Typed tables that belong together come in; every problem between them goes out.

What one table shows alone was judged in :mod:`policygap.parse`; here stands what needs two records at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
from attrs import frozen

from . import assertions
from .choices import BASES, KINDS, UNITS, VOICES, WEIGHTS
from .disk import DiskTextDtype
from .errors import Problem
from .ids import find_rows
from .parse import CORRECT_FIRST, MOST_TOLD
from .schema import SAMPLINGS, TABLES, Column, Form
from .spelling import nearest, suggest

__all__ = ["check_tables"]

Frames = Mapping[str, pd.DataFrame]
Array = np.ndarray[Any, Any]

_MOST_STEPS = 10
_MOST_COMPARED = 10_000_000  # pairs of an unknown and a known id, to find one that may be meant


@frozen(kw_only=True)
class _Places:
    """Where a table's rows stand in the files, for messages."""

    files: Mapping[str, str]
    row: Callable[[str, int], tuple[str, int]]
    unread: frozenset[str] = frozenset()

    def problem(self, table: str, position: int | np.intp, column: str, what: str, fix: str) -> Problem:
        file, row = self.row(table, int(position))
        return Problem(file=file, row=row, column=column, what=what, fix=fix)

    def each(self, table: str, positions: Any, column: str, said: Iterable[tuple[str, str]]) -> Iterator[Problem]:
        """A problem for each of these rows, with what is wrong and how to mend it; very many are counted at the end."""
        for position, (what, fix) in zip(positions[:MOST_TOLD], said, strict=False):
            yield self.problem(table, position, column, what, fix)
        if len(positions) > MOST_TOLD:
            what = f"{len(positions) - MOST_TOLD:,} more of its cells are wrong"
            yield Problem(file=self.files.get(table, table), column=column, what=what, fix=CORRECT_FIRST)


def check_tables(
    frames: Frames,
    meta: Mapping[str, Any],
    files: Mapping[str, str],
    row: Callable[[str, int], tuple[str, int]],
    *,
    unread: frozenset[str] = frozenset(),
) -> tuple[Problem, ...]:
    """Find every problem between the tables of a study.

    Parameters
    ----------
    frames
        Typed frames by table name, as :func:`policygap.parse.parse_tables` makes them.
    meta
        The study's metadata.
    files, row
        The file of a table; and for a table and a position in its frame, the file and the number of the row in it.
    unread
        Tables that could not be read whole, by problems that were reported already: what refers to them is not judged.
    """
    places = _Places(files=files, row=row, unread=unread)
    checks = (_presence, _disjoint, _references, _cycles, _codings, _links, _responses, _counts, _claims)
    found = [problem for check in checks for problem in check(frames, places)]
    return (*found, *_meta(frames, meta))


def _presence(frames: Frames, places: _Places) -> Iterator[Problem]:
    for name in ("themes", "targets"):
        if frames[name].empty and name not in places.unread:
            yield Problem(
                file=places.files.get(name, name),
                what=f"the table {name} is missing or has no rows",
                fix=f"give a table {name} with the columns {', '.join(TABLES[name].required)}",
            )
    coded = not frames["statements"].empty and not frames["codings"].empty
    if not coded and frames["links"].empty and not places.unread & {"statements", "codings", "links"}:
        yield Problem(
            what="the study has neither statements with codings nor links",
            fix="give the tables statements and codings, or the table links",
        )


def _disjoint(frames: Frames, places: _Places) -> Iterator[Problem]:
    for first, second in (("themes", "targets"), ("groups", "actors")):
        both = frames[second]["id"].isin(frames[first]["id"].dropna())
        for position in np.flatnonzero(both):
            name = frames[second]["id"].iloc[position]
            yield places.problem(
                second, position, "id", f"'{name}' is an id in {first} too", "give one of the two another id"
            )
    for position in np.flatnonzero(frames["groups"]["id"].eq("all")):
        yield places.problem(
            "groups", position, "id", "'all' stands for the whole in stated counts", "give the group another id"
        )


def _known_ids(frames: Frames, column: Column) -> pd.Index:
    ids = [pd.Index(frames[table]["id"].dropna().astype(object)) for table in column.refers]
    known = ids[0].append(ids[1:]) if len(ids) > 1 else ids[0]
    return known.append(pd.Index(["all"])) if column.refers == ("groups",) and column.required else known


def _references(frames: Frames, places: _Places) -> Iterator[Problem]:
    for table in TABLES.values():
        for column in table.columns:
            if column.form is not Form.REF or frames[table.name].empty or places.unread & {*column.refers}:
                continue
            cells = frames[table.name][column.name]
            if isinstance(cells.dtype, DiskTextDtype):
                yield from _unknown_rows(cells, frames[column.refers[0]]["id"], column, table.name, places)
                continue
            # An actor's group is required too, but only a stated count may speak of the whole.
            known = _known_ids(frames, column)
            if table.name == "actors":
                known = known.drop("all", errors="ignore")
            yield from _dangling(cells, column, known, table.name, places)


def _unknown_rows(cells: pd.Series, known: pd.Series, column: Column, table: str, places: _Places) -> Iterator[Problem]:
    """References on the disk to rows that are not there: those rows alone are brought into memory."""
    unknown = np.flatnonzero((find_rows(cells, known) < 0) & cells.notna().to_numpy())
    if len(unknown):
        yield from _dangling(
            cells.iloc[unknown].astype("str"), column, pd.Index(known.dropna().astype(object)), table, places
        )


def _dangling(cells: pd.Series, column: Column, known: pd.Index, table: str, places: _Places) -> Iterator[Problem]:
    if column.many:
        lists = cells.dropna().str.split(";")
        cells = lists.explode().str.strip()
    values = pd.Index(cells.unique()).dropna().astype(object)
    # By look-up and not by isin, which would go through every known id for a handful of cells.
    unknown = values[known.get_indexer(values) < 0] if known.is_unique else values[~values.isin(known)]
    if unknown.empty:
        return
    likely = known if len(known) * len(unknown) <= _MOST_COMPARED else ()
    otherwise = f"add it to {' or '.join(column.refers)}, or correct it"
    kinds = " or ".join(column.refers)
    wrong = cells[cells.isin(unknown)]
    fixes = {name: suggest(str(name), likely, otherwise=otherwise) for name in dict.fromkeys(wrong[:MOST_TOLD])}
    said = ((f"'{name}' is not an id in {kinds}", fixes[name]) for name in wrong)
    yield from places.each(table, wrong.index, column.name, said)


def _cycles(frames: Frames, places: _Places) -> Iterator[Problem]:
    chains = (
        *((table, "parent") for table in ("groups", "questions", "themes", "targets")),
        ("statements", "restates"),
    )
    for table, column in chains:
        frame = frames[table]
        used = frame[column].notna()
        if not used.any():
            continue
        # Of doubled ids, a problem of their own, the first counts: every id has one step up, so circles never branch.
        used &= frame["id"].notna() & ~frame["id"].duplicated()
        where = dict(zip(frame.loc[used, "id"].astype(object), np.flatnonzero(used), strict=True))
        above = dict(zip(where, frame.loc[used, column].astype(object), strict=True))
        for circle in _circles(above):
            first = min(range(len(circle)), key=lambda step: where[circle[step]])
            what = f"{column} goes in a circle: {_path([*circle[first:], *circle[: first + 1]])}"
            yield places.problem(table, where[circle[first]], column, what, f"empty the {column} of one of them")


def _circles(above: Mapping[str, str]) -> Iterator[list[str]]:
    """Every circle that steps up lead into, once."""
    done: set[str] = set()
    for start in above:
        path: dict[str, int] = {}
        name: str | None = start
        while name is not None and name not in done and name not in path:
            path[name] = len(path)
            name = above.get(name)
        if name in path:
            yield list(path)[path[name] :]
        done |= path.keys()


def _path(steps: list[str]) -> str:
    if len(steps) > _MOST_STEPS:
        steps = [*steps[: _MOST_STEPS - 2], f"... ({len(steps) - 1} in all)", steps[-1]]
    return " -> ".join(steps)


def _kinds(frames: Frames) -> pd.Series:
    """The kind of every code, by id."""
    themes = pd.Series("theme", index=frames["themes"]["id"].astype(object))
    targets = pd.Series(
        frames["targets"]["kind"].astype(object).to_numpy(), index=frames["targets"]["id"].astype(object)
    )
    kinds = pd.concat([themes, targets])
    return kinds[~kinds.index.duplicated() & kinds.index.notna()]


def _codings(frames: Frames, places: _Places) -> Iterator[Problem]:
    frame = frames["codings"]
    if frame.empty or places.unread & {"themes", "targets"}:
        return
    kinds = _kinds(frames)
    known = sorted(set(kinds.dropna()))
    code, kind = frame["code"], frame["kind"]
    fix = f"say in kind what was looked for and not found ({', '.join(known)}), or fill in the code"
    said: Iterable[tuple[str, str]] = repeat(("the code is empty and so is the kind", fix))
    yield from places.each("codings", np.flatnonzero(code.isna() & kind.isna()), "kind", said)

    unknown = kind.notna() & ~kind.isin(known)
    what, fix = "'{}' is neither theme nor the kind of a target", f"write one of {', '.join(known)}"
    said = ((what.format(word), suggest(str(word), known, otherwise=fix)) for word in kind[unknown])
    yield from places.each("codings", np.flatnonzero(unknown), "kind", said)

    other = ~unknown & _has_other_kind(frame, kinds)
    fix = "leave the kind empty where there is a code"
    pairs = zip(code[other], kind[other], strict=True)
    said = ((f"'{name}' is a {kinds[name]}, but the kind says {word}", fix) for name, word in pairs)
    yield from places.each("codings", np.flatnonzero(other), "kind", said)


def _has_other_kind(frame: pd.DataFrame, kinds: pd.Series) -> Array:
    """Which codings say another kind than that of their code, told by their words and not row by row."""
    codes, said = (frame[name].astype("category").cat for name in ("code", "kind"))
    actual = kinds.reindex(codes.categories.astype(object))
    place = said.categories.astype(object).get_indexer(pd.Index(actual, dtype=object))
    known = np.append(actual.notna(), False)[codes.codes.to_numpy()]  # a missing code reads the last
    return known & frame["kind"].notna().to_numpy() & (np.append(place, -1)[codes.codes] != said.codes.to_numpy())


def _links(frames: Frames, places: _Places) -> Iterator[Problem]:
    frame = frames["links"]
    for position in np.flatnonzero(frame["target"].isna() & frame["relation"].ne("none").fillna(True)):
        yield places.problem(
            "links",
            position,
            "target",
            "the target is empty, but the relation is not none",
            "fill in the target, or write none: compared with all targets, fits none",
        )


def _responses(frames: Frames, places: _Places) -> Iterator[Problem]:
    subjects = frames["responses"]["subject"].astype(object)
    kinds = subjects.map(_kinds(frames))
    for position in np.flatnonzero(kinds.notna() & ~kinds.isin(("theme", "recommendation"))):
        what = f"'{subjects.iloc[position]}' is a {kinds.iloc[position]}; responses are to themes and recommendations"
        yield places.problem("responses", position, "subject", what, "name a theme or a recommendation")


def _counts(frames: Frames, places: _Places) -> Iterator[Problem]:
    # Weights need a number of people or members: a population of nothing can't be divided by.
    frame = frames["groups"]
    for position in np.flatnonzero(frame["population"].eq(0).fillna(False)):
        yield places.problem("groups", position, "population", "the population is 0", "leave it empty if unknown")


def _claims(frames: Frames, places: _Places) -> Iterator[Problem]:
    frame = frames["claims"]
    known = {} if frame.empty or places.unread else _known_names(frames)
    for position in range(len(frame)):
        for column in ("scope", "assertion"):
            text = frame[column].iloc[position]
            if not isinstance(text, str):
                continue
            place = dict(zip(("file", "row"), places.row("claims", position), strict=True))
            yield from assertions.judge_text(text, column=column, **place)  # type: ignore[arg-type]  # file and row
            for where, kind, name in _named_in(text, column):
                if kind in known and name not in known[kind]:
                    what = f"{where}'{name}' is not {'known' if column == 'scope' else f'a known {kind}'}"
                    fix = suggest(name, known[kind], otherwise="correct it")
                    yield Problem(column=column, what=what, fix=fix, **place)  # type: ignore[arg-type]  # file and row


def _named_in(text: str, column: str) -> Iterator[tuple[str, str, str]]:
    """What a scope or an assertion names: where it stands there, what it must be, and the name."""
    if column == "assertion":
        tree, _ = assertions.read_assertion(text)
        for function, kind, name in assertions.named_subjects(tree) if tree is not None else ():
            yield f"{function}: ", kind, name
    else:
        scope, _ = assertions.read_scope(text)
        yield from ((f"{kind}=", kind, name) for kind, names in scope.filters for name in names)
        yield from ((f"{kind}=", kind, name) for kind, name in scope.options)


def _known_names(frames: Frames) -> dict[str, list[str]]:
    """By what a claim may name, the names there are; a locator is free."""
    ids = {
        name: [*frames[name]["id"].dropna()]
        for name in ("themes", "targets", "groups", "actors", "questions", "sources")
    }
    statements, codings = frames["statements"], frames["codings"]
    addressees = statements["addressees"].dropna().str.split(";").explode().str.strip()
    weights = [*statements.columns, *frames["actors"].columns, *frames["groups"].columns]
    return {
        "code": [*ids["themes"], *ids["targets"]],
        "target": ids["targets"],
        "group": ids["groups"],
        "subject": [*ids["groups"], "all"],
        "speaker": [*ids["actors"], *ids["groups"]],
        "question": ids["questions"],
        "source": ids["sources"],
        "kind": [*KINDS],
        "voice": [*VOICES],
        "addressees": [*addressees.unique()],
        "typical": ["true", "false"],
        "unit": [*UNITS],
        "weights": [*WEIGHTS, *weights],
        "reading": ["main", "alternative"],
        "basis": [*BASES],
        "coder": [*codings["coder"].dropna().unique()],
    }


def _meta(frames: Frames, meta: Mapping[str, Any]) -> Iterator[Problem]:
    sampling = meta.get("sampling")
    if sampling is not None and sampling not in SAMPLINGS:
        fix = suggest(str(sampling), SAMPLINGS, otherwise=f"write one of {', '.join(SAMPLINGS)}")
        yield Problem(file="datapackage.json", column="sampling", what=f"'{sampling}' is no kind of sampling", fix=fix)
    coder = meta.get("default_coder")
    coders = sorted(frames["codings"]["coder"].dropna().unique())
    if coder is not None and coders and coder not in coders:
        near = nearest(str(coder), coders)
        yield Problem(
            file="datapackage.json",
            column="default_coder",
            what=f"'{coder}' has coded nothing",
            fix=f"did you mean '{near}'?" if near else f"name one of {', '.join(coders)}",
        )
