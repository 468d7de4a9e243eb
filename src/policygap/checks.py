"""Typed tables that belong together come in; every problem between them goes out.

What one table shows alone was judged in :mod:`policygap.parse`; here stands what needs two records at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from attrs import frozen

from . import assertions
from .errors import Problem
from .schema import SAMPLINGS, TABLES, Column, Form
from .spelling import nearest, suggest

__all__ = ["check_tables"]

Frames = Mapping[str, pd.DataFrame]


@frozen(kw_only=True)
class _Places:
    """Where a table's rows stand in the files, for messages."""

    files: Mapping[str, str]
    row: Callable[[str, int], int]

    def problem(self, table: str, position: int, column: str, what: str, fix: str) -> Problem:
        return Problem(
            file=self.files.get(table, table), row=self.row(table, position), column=column, what=what, fix=fix
        )


def check_tables(
    frames: Frames, meta: Mapping[str, Any], files: Mapping[str, str], row: Callable[[str, int], int]
) -> tuple[Problem, ...]:
    """Find every problem between the tables of a study.

    Parameters
    ----------
    frames
        Typed frames by table name, as :func:`policygap.parse.parse_tables` makes them.
    meta
        The study's metadata.
    files, row
        The file of a table, and the row number in it of a frame's position.
    """
    places = _Places(files=files, row=row)
    checks = (_presence, _disjoint, _references, _cycles, _codings, _links, _counts, _claims)
    found = [problem for check in checks for problem in check(frames, places)]
    return (*found, *_meta(frames, meta))


def _presence(frames: Frames, places: _Places) -> Iterator[Problem]:
    for name in ("themes", "targets"):
        if frames[name].empty:
            yield Problem(
                file=places.files.get(name, name),
                what=f"the table {name} is missing or has no rows",
                fix=f"give a table {name} with the columns {', '.join(TABLES[name].required)}",
            )
    coded = not frames["statements"].empty and not frames["codings"].empty
    if not coded and frames["links"].empty:
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
            if column.form is not Form.REF or frames[table.name].empty:
                continue
            # An actor's group is required too, but only a stated count may speak of the whole.
            known = _known_ids(frames, column)
            if table.name == "actors":
                known = known.drop("all", errors="ignore")
            yield from _dangling(frames[table.name][column.name], column, known, table.name, places)


def _dangling(cells: pd.Series, column: Column, known: pd.Index, table: str, places: _Places) -> Iterator[Problem]:
    if column.many:
        lists = cells.dropna().str.split(";")
        cells = lists.explode().str.strip()
    values = pd.Index(cells.dropna().unique().astype(object))
    unknown = values[~values.isin(known)]
    if unknown.empty:
        return
    fixes = {
        name: suggest(str(name), known, otherwise=f"add it to {' or '.join(column.refers)}, or correct it")
        for name in unknown
    }
    kinds = " or ".join(column.refers)
    for position, name in cells[cells.isin(unknown)].items():
        what = f"'{name}' is not an id in {kinds}"
        yield places.problem(table, int(position), column.name, what, fixes[name])  # type: ignore[arg-type]  # RangeIndex


def _cycles(frames: Frames, places: _Places) -> Iterator[Problem]:
    chains = (
        *((table, "parent") for table in ("groups", "questions", "themes", "targets")),
        ("statements", "restates"),
    )
    for table, column in chains:
        frame = frames[table]
        used = frame[column].notna() & frame["id"].notna()
        graph = nx.DiGraph(
            zip(frame.loc[used, "id"].astype(object), frame.loc[used, column].astype(object), strict=True)
        )
        where = {name: position for position, name in enumerate(frame["id"]) if name in graph}
        for circle in nx.simple_cycles(graph):
            first = min(circle, key=lambda name: where.get(name, 0))
            start = circle.index(first)
            path = " -> ".join([*circle[start:], *circle[:start], first])
            what = f"{column} goes in a circle: {path}"
            yield places.problem(table, where[first], column, what, f"empty the {column} of one of them")


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
    if frame.empty:
        return
    kinds = _kinds(frames)
    known = sorted(set(kinds.dropna()))
    for position in np.flatnonzero(frame["code"].isna() & frame["kind"].isna()):
        yield places.problem(
            "codings",
            position,
            "kind",
            "the code is empty and so is the kind",
            f"say in kind what was looked for and not found ({', '.join(known)}), or fill in the code",
        )
    unknown = frame["kind"].notna() & ~frame["kind"].isin(known)
    for position in np.flatnonzero(unknown):
        word = str(frame["kind"].iloc[position])
        yield places.problem(
            "codings",
            position,
            "kind",
            f"'{word}' is neither theme nor the kind of a target",
            suggest(word, known, otherwise=f"write one of {', '.join(known)}"),
        )
    actual = frame["code"].astype(object).map(kinds)
    differs = frame["kind"].notna() & ~unknown & actual.notna() & (actual != frame["kind"].astype(object))
    for position in np.flatnonzero(differs):
        code = frame["code"].iloc[position]
        what = f"'{code}' is a {actual.iloc[position]}, but the kind says {frame['kind'].iloc[position]}"
        yield places.problem("codings", position, "kind", what, "leave the kind empty where there is a code")


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


def _counts(frames: Frames, places: _Places) -> Iterator[Problem]:
    # Weights need a number of people or members: a population of nothing can't be divided by.
    frame = frames["groups"]
    for position in np.flatnonzero(frame["population"].eq(0).fillna(False)):
        yield places.problem("groups", position, "population", "the population is 0", "leave it empty if unknown")


def _claims(frames: Frames, places: _Places) -> Iterator[Problem]:
    frame = frames["claims"]
    for position in range(len(frame)):
        for column in ("scope", "assertion"):
            text = frame[column].iloc[position]
            if not isinstance(text, str):
                continue
            place = {"file": places.files.get("claims", "claims"), "row": places.row("claims", position)}
            yield from assertions.judge_text(text, column=column, **place)  # type: ignore[arg-type]  # file and row
            yield from (
                Problem(column=column, what=what, fix=fix, **place)  # type: ignore[arg-type]  # file and row
                for what, fix in _unknown_names(text, column, frames)
            )


def _unknown_names(text: str, column: str, frames: Frames) -> Iterator[tuple[str, str]]:
    themes, targets = frames["themes"]["id"].dropna(), frames["targets"]["id"].dropna()
    groups, actors = frames["groups"]["id"].dropna(), frames["actors"]["id"].dropna()
    known = {
        "code": [*themes, *targets],
        "target": [*targets],
        "group": [*groups],
        "subject": [*groups, "all"],
        "speaker": [*actors, *groups],
        "question": [*frames["questions"]["id"].dropna()],
        "source": [*frames["sources"]["id"].dropna()],
        "kind": list(TABLES["statements"].column("kind").words),  # type: ignore[union-attr]  # the schema has it
        "voice": list(TABLES["statements"].column("voice").words),  # type: ignore[union-attr]  # the schema has it
    }
    if column == "assertion":
        tree, _ = assertions.read_assertion(text)
        named = assertions.named_subjects(tree) if tree is not None else ()
        asked = [(f"{function}: ", kind, name) for function, kind, name in named]
    else:
        scope, _ = assertions.read_scope(text)
        asked = [(f"{kind}=", kind, name) for kind, names in scope.filters if kind in known for name in names]
    for where, kind, name in asked:
        if name not in known[kind]:
            what = f"{where}'{name}' is not a known {kind}"
            yield what, suggest(name, known[kind], otherwise="correct the id")


def _meta(frames: Frames, meta: Mapping[str, Any]) -> Iterator[Problem]:
    sampling = meta.get("sampling")
    if sampling is not None and sampling not in SAMPLINGS:
        fix = suggest(str(sampling), SAMPLINGS, otherwise=f"write one of {', '.join(SAMPLINGS)}")
        yield Problem(file="datapackage.json", column="sampling", what=f"'{sampling}' is no kind of sampling", fix=fix)
    coder = meta.get("default_coder")
    coders = sorted(set(frames["codings"]["coder"].dropna()))
    if coder is not None and coders and coder not in coders:
        near = nearest(str(coder), coders)
        yield Problem(
            file="datapackage.json",
            column="default_coder",
            what=f"'{coder}' has coded nothing",
            fix=f"did you mean '{near}'?" if near else f"name one of {', '.join(coders)}",
        )
