"""A wide table's columns and cells come in; rows of a study's tables go out, with remarks on how it was read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd
from attrs import define, evolve, field, frozen

from ...errors import Problem
from ...package import RawTable
from ...spelling import fold
from ..codebook import Code, Ids, Row, divide_codes, propose_targets, say_proposal
from ..mapping import CodeMapping
from .grid import Grid, Layout, find_layout, find_odd_cells, is_mark, is_total, words_of_wide_tables

__all__ = ["Given", "Made", "make_tables"]

_SHOWN: Final = 5
_THEME: Final = "theme"
_NO_TEXT: Final = "(no text)"
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # a name that may be an id as it is


@frozen(kw_only=True)
class Given:
    """What stands in other tables already: ids by what a cell may call them; ``None`` where there is no such table."""

    themes: Mapping[str, str] | None = None
    targets: Mapping[str, str] | None = None
    speakers: Mapping[str, str] | None = None
    groups: Mapping[str, str] | None = None
    sources: Mapping[str, str] | None = None
    questions: Mapping[str, str] | None = None
    kinds: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(cls, tables: Mapping[str, RawTable]) -> Given:
        """Look at the tables beside a wide one."""
        kinds: dict[str, str] = {}
        if "targets" in tables and {"id", "kind"} <= set(tables["targets"].frame.columns):
            kinds = _pairs(tables["targets"].frame, "id", "kind")
        return cls(
            themes=_names(tables, "themes"),
            targets=_names(tables, "targets"),
            speakers=_names(tables, "actors", "groups"),
            groups=_names(tables, "groups"),
            sources=_names(tables, "sources"),
            questions=_names(tables, "questions"),
            kinds=kinds,
        )


def _names(tables: Mapping[str, RawTable], *wanted: str) -> dict[str, str] | None:
    """The ids of tables by id and label, folded; an id goes before a label."""
    if wanted[0] not in tables:
        return None
    frames = [tables[name].frame for name in wanted if name in tables]
    found: dict[str, str] = {}
    for column in ("id", "label", "title"):
        for frame in frames:
            if {"id", column} <= set(frame.columns):
                found = {**_pairs(frame, column, "id", folded=True), **found}
    return found


def _pairs(frame: pd.DataFrame, key: str, value: str, *, folded: bool = False) -> dict[str, str]:
    cells = frame[[key, value]].dropna().astype(str)
    return {fold(a) if folded else a.strip(): b.strip() for a, b in cells.itertuples(index=False)}


@define(kw_only=True)
class Made:
    """Columns by table, the numbers of the rows they come from where they come from one, problems and remarks.

    A list a column, as a record a row would take many times the memory. ``own`` are the places of columns that are
    neither codes nor known.
    """

    columns: dict[str, dict[str, list[Any]]] = field(factory=dict)
    numbers: dict[str, list[int]] = field(factory=dict)
    problems: list[Problem] = field(factory=list)
    remarks: list[str] = field(factory=list)
    own: Sequence[int] = ()

    def add(self, table: str, row: Row) -> None:
        """Put a row below the others of its table, which have the same columns."""
        columns = self.columns.setdefault(table, {})
        for column, cell in row.items():
            columns.setdefault(column, []).append(cell)


def make_tables(grid: Grid, mapping: CodeMapping | None, given: Given, toml: str) -> Made:
    """Make a study's rows of a wide table.

    Parameters
    ----------
    grid
        The table.
    mapping
        Which columns, by name, by title or by ``title/name``, are themes and which targets; by default proposed.
    given
        What stands in other tables.
    toml
        What a mapping's file would be called.
    """
    named = (*mapping.themes, *(one for names in mapping.targets.values() for one in names)) if mapping else ()
    known = (*(given.themes or {}), *(given.targets or {}), *named)
    layout = find_layout(grid, codes=known, group=mapping.group if mapping else None)
    totals = _find_totals(grid, layout)
    left = [at for at in range(len(grid.rows)) if at not in totals]
    body = evolve(grid, rows=[grid.rows[at] for at in left], numbers=[grid.numbers[at] for at in left])
    maker = _Maker(body if totals else grid, mapping, given, toml, layout)
    if totals:
        rows = ", ".join(str(grid.numbers[at]) for at in totals)
        maker.made.remarks.append(f"Rows that add up those above are left out (row {rows}).")
    maker.add_codes()
    maker.add_statements()
    maker.remark()
    return maker.made


def _find_totals(grid: Grid, layout: Layout) -> list[int]:
    """The places of rows below all others that hold how many marks stand above them.

    Either they are called sums, or they are called nothing, where other rows are, and hold a number below each code.
    """
    columns = {place: grid.cells(place) for place in layout.codes}
    above = {place: sum(is_mark(cell or "") is True for cell in cells) for place, cells in columns.items()}
    own = (place for place in layout.own if not is_total(grid.names[place]))
    others = sorted({*layout.columns.values(), *own})
    named = bool(grid.rows) and bool(_texts(grid.rows[0], others))
    found: list[int] = []
    for at in range(len(grid.rows) - 1, 0, -1):
        for place, cells in columns.items():
            above[place] -= is_mark(cells[at] or "") is True
        texts = _texts(grid.rows[at], others)
        sums = {place: cells[at] for place, cells in columns.items() if cells[at] is not None}
        called = is_total(texts[0]) if texts else named and len(sums) == len(columns)
        if not called or not any(above.values()) or not sums:
            break
        if any(not text.isdecimal() for text in texts[1:]) or any(sums[place] != str(above[place]) for place in sums):
            break
        found.insert(0, at)
    return found


def _texts(row: Sequence[str | None], places: Sequence[int]) -> list[str]:
    cells = ((row[place] or "").strip() for place in places if place < len(row))
    return [cell for cell in cells if cell]


class _Maker:
    def __init__(self, grid: Grid, mapping: CodeMapping | None, given: Given, toml: str, layout: Layout) -> None:
        self._grid, self._given, self._toml = grid, given, toml
        self._chosen = mapping
        group = mapping.group if mapping else None
        self._layout = layout
        self._mapping = mapping or CodeMapping()
        self._codes: dict[int, tuple[str, str]] = {}  # of each column its code's id and kind
        self._marks = {place: [None if cell is None else is_mark(cell) for cell in grid.cells(place)]
                       for place in self._layout.codes}  # fmt: skip
        self._kinds: dict[str, list[int]] = {}  # the columns of each kind of code, and the marks that stand in them
        self._said: dict[str, set[bool | None]] = {}
        self._ids, self._speakers = Ids(), dict(given.speakers or {})
        self._groups = dict(given.groups or {})
        self._others = {"source": dict(given.sources or {}), "question": dict(given.questions or {})}
        self._seen: set[str] = set()
        self._blank: Counter[str] = Counter()
        self._textless = 0
        self.made = Made(problems=list(self._layout.problems), own=self._layout.own)
        self._check_names()
        if group and "group" not in self._layout.columns:
            self._wrong(None, f"the mapping's group {group!r} is no column", "name one that there is")

    def _wrong(self, column: str | None, what: str, fix: str) -> None:
        self.made.problems.append(
            Problem(file=self._grid.file, row=self._grid.header, column=column, what=what, fix=fix)
        )

    def _check_names(self) -> None:
        paths = Counter(self._grid.path(place) for place in self._layout.codes)
        for path, count in paths.items():
            if count > 1:
                self._wrong(path[-1], f"{count} columns are the same code", "rename or delete all but one")
        if not self._layout.codes:
            self._wrong(None, "no column is a code", "mark cells with 1, 0 or x, or name the columns in a mapping")

    # -- codes

    def add_codes(self) -> None:
        """The code of each column: one of the tables beside it, or a new one."""
        new: list[int] = []
        for place in self._layout.codes:
            path = self._grid.path(place)
            for side in (self._given.targets, self._given.themes):
                names = (name for name in (self._grid.names[place], path[-1]) if side and fold(name) in side)
                name = next(names, None)
                if side is not None and name is not None:
                    code = side[fold(name)]
                    target = side is self._given.targets
                    self._codes[place] = (code, self._given.kinds.get(code, "focus_area") if target else _THEME)
                    break
            else:
                new.append(place)
        if new or self._given.themes is None or self._given.targets is None:
            self._add_new(new)
        for place, (_, kind) in self._codes.items():
            self._kinds.setdefault(kind, []).append(place)
            self._said.setdefault(kind, set()).update(self._marks[place])
            self.made.problems += find_odd_cells(self._grid, place)
        left = (place for place in self._layout.codes if place not in self._codes)
        self.made.own = (*self._layout.own, *left)

    def _add_new(self, places: Sequence[int]) -> None:
        codes, of = self._as_codes(places)
        used = Counter({of[place]: sum(mark is True for mark in self._marks[place]) for place in places})
        found = divide_codes(codes, (), self._map(codes), used, self._toml)
        sides = {"themes": found.themes, "targets": found.targets}
        lost = [name for name in sides if getattr(self._given, name) is not None]
        for name in (name for name in sides if name not in lost):
            names = dict.fromkeys(column for row in sides[name] for column in row)
            for row in sides[name]:
                self.made.add(name, {column: row.get(column) for column in names})
        for what, fix in found.problems:
            self._wrong(None, what, fix)
        kinds = {str(row["id"]): str(row["kind"]) for row in found.targets}
        for place in places:
            code = found.ids.get(of[place])
            if code is not None and ("targets" if code in kinds else "themes") not in lost:
                self._codes[place] = (code, kinds.get(code, _THEME))
        if "targets" not in lost:
            self.made.remarks += found.remarks

    def _as_codes(self, places: Iterable[int]) -> tuple[list[Code], dict[int, str]]:
        """Codes under their titles, and the guid of each column's; a title that only says 'themes' says nothing."""
        codes: dict[str, Code] = {}
        of: dict[int, str] = {}
        leaves = Counter(fold(self._grid.path(place)[-1]) for place in self._layout.codes)
        words = words_of_wide_tables()["themes"]
        for place in places:
            path = self._grid.path(place)
            path = path[1:] if len(path) > 1 and fold(path[0]) in words else path
            parent: str | None = None
            for depth, name in enumerate(path[:-1], start=1):
                guid = "/".join(map(fold, path[:depth]))
                codes.setdefault(guid, Code(guid=guid, name=name, parent=parent))
                parent = guid
            of[place] = f"column {place + 1}"
            name = self._grid.path(place)[-1]
            plain = leaves[fold(name)] == 1 and _PLAIN_ID.fullmatch(name)
            codes[of[place]] = Code(guid=of[place], name=name, parent=parent, id=name if plain else None)
        return list(codes.values()), of

    def _map(self, codes: Sequence[Code]) -> CodeMapping:
        if self._chosen is not None:
            return self._chosen
        beside = [] if self._given.themes is None else [Code(guid="", name="")]  # themes are there already
        targets = propose_targets([*beside, *codes])
        place = self._layout.columns.get("group")
        if self._given.targets is None:
            group = None if place is None else self._grid.names[place]
            self.made.remarks.append(say_proposal(targets, group, self._toml, said="statements"))
        return CodeMapping(targets=targets)

    # -- statements

    def add_statements(self) -> None:
        """A statement and its codings for each row; two coders' rows of one submission are one statement."""
        self.made.numbers |= {"statements": [], "codings": []}
        several = {"id", "coder"} <= set(self._layout.columns)
        for at, number in enumerate(self._grid.numbers):
            if not any((cell or "").strip() for cell in self._grid.rows[at]):
                continue
            statement = self._cell(at, "id") or f"row-{number}"
            if not (several and statement in self._seen):
                self._add_statement(at, number, statement)
            self._seen.add(statement)
            self._add_codings(at, number, statement)

    def _cell(self, at: int, column: str) -> str | None:
        place = self._layout.columns.get(column)
        row = self._grid.rows[at]
        return ((row[place] or "").strip() or None) if place is not None and place < len(row) else None

    def _add_statement(self, at: int, number: int, statement: str) -> None:
        speaker = self._cell(at, "speaker")
        row: Row = {"id": statement, "speaker": self._speaker(speaker or statement, self._cell(at, "group"))}
        row["text"] = self._cell(at, "text") or _NO_TEXT
        self._textless += row["text"] == _NO_TEXT
        row["kind"] = self._cell(at, "kind") or self._mapping.kind
        for column in self._layout.columns:
            if column not in ("id", "speaker", "group", "text", "kind", "coder"):
                row[column] = self._cell(at, column)
        for name, table in (("source", "sources"), ("question", "questions")):
            if row.get(name):
                row[name] = self._other(name, table, str(row[name]))
        if "source" not in self._layout.columns and self._given.sources is None:
            title = speaker or statement
            if statement not in self._seen:
                self.made.add("sources", {"id": statement, "title": title, "kind": "submission"})
            row["source"] = statement
        cells = self._grid.rows[at]
        row |= {self._grid.names[place]: cells[place] if place < len(cells) else None for place in self.made.own}
        self.made.add("statements", row)
        self.made.numbers["statements"].append(number)

    def _speaker(self, name: str, group: str | None) -> str:
        found = self._speakers.get(fold(name))
        if found is None and self._given.speakers is not None:
            return name  # whoever checks the study says that there is no such speaker
        if found is None:
            found = self._speakers[fold(name)] = self._ids.new(name, "actor")
            self.made.add("actors", {"id": found, "label": name, "group": self._group(group)})
        return found

    def _group(self, name: str | None) -> str:
        label = name or "No group"
        if fold(label) not in self._groups:
            self._groups[fold(label)] = self._ids.new(f"group-{label}" if name else "no-group", "group")
            self.made.add("groups", {"id": self._groups[fold(label)], "label": label})
        return self._groups[fold(label)]

    def _other(self, column: str, table: str, name: str) -> str:
        """The id of a source or a question that a cell names; a new one where there is no such table."""
        known = self._others[column]
        if fold(name) not in known and getattr(self._given, table) is None:
            known[fold(name)] = Ids(dict.fromkeys(known.values(), 1)).new(name, column)
            row: Row = {"id": known[fold(name)], "title" if table == "sources" else "label": name}
            self.made.add(table, {**row, "kind": "submission"} if table == "sources" else row)
        return known.get(fold(name), name)

    def _add_codings(self, at: int, number: int, statement: str) -> None:
        touched = any(self._marks[place][at] for place in self._codes)
        for kind, places in self._kinds.items():
            marks = [self._marks[place][at] for place in places]
            codes: list[str | None] = [
                self._codes[place][0] for place, mark in zip(places, marks, strict=True) if mark is True
            ]
            zeros = False in self._said[kind]
            looked = False in marks or (touched and True in self._said[kind] and not zeros)
            if zeros and any(mark is None for mark in marks) and (codes or looked):
                self._blank[kind] += sum(mark is None for mark in marks)
            for code in codes or ([None] if looked else []):
                coding: Row = {"statement": statement, "code": code, "coder": self._cell(at, "coder")}
                self.made.add("codings", {**coding, "kind": None if code else kind})
                self.made.numbers["codings"].append(number)

    # -- what was tolerated

    def remark(self) -> None:
        """Say how marks and gaps were read."""
        remarks = self.made.remarks
        if "speaker" not in self._layout.columns:
            remarks.append("No column says who speaks, such as Organisation or Name, so each row speaks for itself.")
        first = next((place for place in self._layout.own if self._grid.names[place].strip()), None)
        if first is not None and fold(self._grid.names[first]) in words_of_wide_tables()["themes"]:
            remarks.append(
                f"The rows go by a column {self._grid.names[first]!r}. If they are codes, and the columns submissions, "
                "turn the table: a row has to be a submission."
            )
        if self._textless:
            remarks.append(f"Rows without a text ({self._textless}) have '{_NO_TEXT}' as their statement.")
        if not any(mark is False for marks in self._marks.values() for mark in marks):
            remarks.append(
                "No cell says 0: in a row with any mark, empty cells are read as looked for and not found; a row "
                "without a mark is not assessed."
            )
        for kind, count in self._blank.items():
            remarks.append(
                f"Empty cells beside filled ones of the same kind ({kind}: {count}) are read as 0, since a coder has "
                "looked for a whole kind or not at all."
            )
        names = [self._grid.names[place] for place in self.made.own]
        if names:
            shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
            remarks.append(f"Columns that are no codes are kept with the statements ({len(names)}): {shown}.")
