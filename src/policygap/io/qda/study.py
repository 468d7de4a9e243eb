"""A REFI-QDA project and a mapping come in; a study's raw tables go out, and remarks on all that was chosen or left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pandas as pd

from ...errors import Problem, StudyError
from ...package import Package, RawTable
from ...spelling import fold, suggest
from ..archive import Archive
from ..codebook import Ids, Row, divide_codes, propose_group, propose_targets, say_proposal
from ..encoding import guess_encoding, guess_wide
from ..limits import Limits
from ..mapping import CodeMapping
from ..naming import slug
from .project import Case, Coding, Part, Project, Selection, Source, parse_project

__all__ = ["read_qdpx"]

_PREFIX: Final = 30  # letters of a selection's name that are held against the text
_SEEN: Final = 500  # characters of both that are looked at for it
_LISTED: Final = 5


def read_qdpx(path: Path, mapping: CodeMapping | None = None, limits: Limits | None = None) -> Package:
    """Read a project of a coding program (REFI-QDA 1.5) as a study's raw tables.

    Selections become statements, sources sources, cases actors (a source without a case speaks for itself), users
    coders. Nothing is unpacked to the disk, and nothing is fetched.

    Parameters
    ----------
    path
        A ``.qdpx`` file.
    mapping
        Which codes are what; by default proposed by the names of the uppermost codes and of sets.
    limits
        How much is read.

    Returns
    -------
    Package
        With every problem found; ``remarks`` says what was chosen, and what had no place.
    """
    limits = limits or Limits()
    with Archive(path, limits) as archive:
        project, texts = _open(archive, path.name)
        return _Builder(project, texts, mapping, path, limits).package()


# -- the archive


def _open(archive: Archive, file: str) -> tuple[Project, Callable[[str | None], str | None]]:
    found = [name for name in archive.names if name.lower().endswith(".qde")]
    if len(found) != 1:
        what = f"it holds {len(found)} files that end in .qde, where a project holds one"
        raise StudyError([Problem(file=file, what=what, fix="export it again from the program it was made with")])
    project = parse_project(archive.read(found[0]), found[0])
    members = {_base(name): name for name in archive.names}

    def text_of(path: str | None) -> str | None:
        """The text that a path of a source leads to, if the archive holds it."""
        name = members.get(_base(path)) if path else None
        return None if name is None else _decode(archive.read(name))

    return project, text_of


def _base(path: str) -> str:
    return PurePosixPath(path.removeprefix("internal://").replace("\\", "/")).name.casefold()


def _decode(data: bytes) -> str:
    wide = guess_wide(data[:4096])
    for codec in (wide.codec if wide else "utf-8", guess_encoding(data).codec):
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", errors="replace")


# -- the texts


def _as_it_stands(text: str) -> str:
    return text


_WAYS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("", lambda text: text.removeprefix("\ufeff")),
    ("with a line's end as one character", lambda text: text.removeprefix("\ufeff").replace("\r\n", "\n")),
    ("with the mark at the text's start", _as_it_stands),
    (
        "with a line's end as two characters",
        lambda text: text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\n", "\r\n"),
    ),
)


def _choose_way(text: str, selections: Sequence[Selection]) -> tuple[str, str]:
    """How the program counted: the first way in which most selections begin with what they are called."""
    scored: list[tuple[int, str, str]] = []
    for said, way in _WAYS:
        counted = way(text)
        hits = sum(_begins(counted, one) for one in selections)
        scored.append((hits, said, counted))
    most = max(scored, key=lambda one: one[0])
    return most[1], most[2]


def _begins(text: str, selection: Selection) -> bool:
    if selection.start is None or selection.end is None or not selection.name:
        return False
    there = " ".join(text[selection.start : min(selection.end, selection.start + _SEEN)].split())
    called = " ".join(selection.name[:_SEEN].removesuffix("…").removesuffix("...").split())
    return bool(called) and there[:_PREFIX].startswith(called[:_PREFIX])


# -- the tables


class _Builder:
    """Makes a study's tables of a project."""

    def __init__(
        self,
        project: Project,
        text_of: Callable[[str | None], str | None],
        mapping: CodeMapping | None,
        path: Path,
        limits: Limits,
    ) -> None:
        self._project, self._text_of, self._path = project, text_of, path
        self._most, self._room = limits.characters, limits.characters
        self._problems: list[Problem] = list(project.problems)
        self._remarks: list[str] = []
        self._by_guid = {code.guid: code for code in project.codes}
        self._coded = self._count_codings()
        self._toml = path.with_suffix(".toml").name
        self._mapping = mapping or self._propose()
        self._tables: dict[str, list[Row]] = {
            name: [] for name in ("sources", "groups", "actors", "themes", "targets", "statements", "codings")
        }

    def package(self) -> Package:
        self._add_codes()
        self._add_actors()
        self._users = self._name_users()
        for source in self._project.sources:
            self._add_source(source)
        self._remark_on_the_rest()
        tables = {
            name: RawTable(file=name, frame=pd.DataFrame(rows, dtype=object).where(lambda frame: frame.notna()))
            for name, rows in self._tables.items()
            if rows
        }
        name = slug(self._path.stem)
        meta: dict[str, Any] = {"id": name}
        if self._project.name:
            meta["title"] = self._project.name
        return Package(
            name=name, meta=meta, tables=tables, problems=tuple(self._problems), remarks=tuple(self._remarks)
        )

    def _wrong(self, what: str, fix: str) -> None:
        self._problems.append(Problem(file=self._path.name, what=what, fix=fix))

    # codes

    def _count_codings(self) -> Counter[str]:
        given = [coding for source in self._project.sources for coding in _codings_of(source)]
        lost = Counter(coding.code for coding in given if coding.code and coding.code not in self._by_guid)
        for guid, count in sorted(lost.items()):
            self._wrong(f"{count} codings name a code that is not there, {guid}", "export it again, with its codebook")
        unnamed = sum(1 for coding in given if coding.code is None)
        if unnamed:
            self._wrong(f"{unnamed} codings name no code", "export it again")
        return Counter(coding.code for coding in given if coding.code)

    def _propose(self) -> CodeMapping:
        holders = [case.values for case in self._project.cases] + [one.values for one in self._project.sources]
        values: dict[str, list[str]] = {}
        for held in holders:
            for guid, value in held.items():
                if guid in self._project.variables:
                    values.setdefault(self._project.variables[guid], []).append(value)
        targets, group = propose_targets(self._project.codes, self._project.sets), propose_group(values)
        self._remarks.append(say_proposal(targets, group, self._toml))
        return CodeMapping(targets=targets, group=group)

    def _add_codes(self) -> None:
        found = divide_codes(self._project.codes, self._project.sets, self._mapping, self._coded, self._toml)
        self._code_ids = found.ids
        self._tables["themes"] += found.themes
        self._tables["targets"] += found.targets
        self._remarks += found.remarks
        for what, fix in found.problems:
            self._wrong(what, fix)

    # actors

    def _add_actors(self) -> None:
        project, ids = self._project, Ids()
        sources = {source.guid for source in project.sources}
        within = {one.guid for source in project.sources for one in _selections_of(source)}
        owners: dict[str, list[Case]] = {}
        for case in project.cases:
            for guid in dict.fromkeys((*case.sources, *case.selections)):
                owners.setdefault(guid, []).append(case)
        lost = sorted(set(owners) - sources - within)
        for guid in lost[:_LISTED]:
            self._wrong(f"the case {owners[guid][0].name!r} names what is not there, {guid}", "export it again")
        several = [guid for guid, cases in owners.items() if len(cases) > 1]
        if several:
            self._remarks.append(f"{len(several)} sources or selections belong to several cases; the first speaks.")
        variable = None
        if self._mapping.group is not None:
            by_name = {fold(name): guid for guid, name in project.variables.items()}
            variable = by_name.get(fold(self._mapping.group))
            if variable is None:
                fix = suggest(self._mapping.group, project.variables.values(), otherwise="the project has none like it")
                self._wrong(f"the mapping's group {self._mapping.group!r} is no variable", fix)
        self._groups: dict[str, str] = {}
        self._speakers: dict[str, str] = {}
        values = {source.guid: source.values for source in project.sources}
        for case in project.cases:
            held = [case.values, *(values[guid] for guid in case.sources if guid in values)]
            group = next((one[variable] for one in held if variable in one), None) if variable else None
            actor = self._add_actor(case.name, group, ids)
            for guid in (*case.sources, *case.selections):
                self._speakers.setdefault(guid, actor)
        for source in project.sources:
            if source.guid not in self._speakers and _selections_of(source):
                group = source.values.get(variable) if variable else None
                self._speakers[source.guid] = self._add_actor(source.name, group, ids)

    def _add_actor(self, name: str, group: str | None, ids: Ids) -> str:
        label = group or "No group"
        if label not in self._groups:
            self._groups[label] = ids.new(f"group-{label}" if group else "no-group", "group")
            self._tables["groups"].append({"id": self._groups[label], "label": label})
        actor = ids.new(PurePosixPath(name).stem if name.count(".") == 1 else name, "actor")
        self._tables["actors"].append({"id": actor, "label": name, "group": self._groups[label]})
        return actor

    def _name_users(self) -> dict[str, str]:
        names: Counter[str] = Counter()
        users: dict[str, str] = {}
        for guid, name in self._project.users.items():
            shown = name.strip() or "unnamed"
            names[shown] += 1
            users[guid] = shown if names[shown] == 1 else f"{shown} ({names[shown]})"
        return users

    # sources

    def _add_source(self, source: Source) -> None:
        if not self._tables["sources"]:
            self._source_ids, self._missing, self._ways = Ids(), Counter[str](), Counter[str]()
            self._strangers: set[str] = set()
        source_id = self._source_ids.new(PurePosixPath(source.name).stem, "source")
        self._tables["sources"].append({"id": source_id, "title": source.name, "kind": "submission"})
        rows: list[tuple[tuple[int, int], str, str, Selection]] = []
        whole: str | None = None
        for part in source.parts:
            text = part.content if part.content is not None else self._text_of(part.path)
            chosen = [_with_sync(one, part) for one in part.selections]
            if text is None:
                rows += [self._by_name(source, one) for one in chosen]
                continue
            way, text = _choose_way(text, chosen)
            whole = whole or text
            self._ways[way] += 1
            for one in chosen:
                found = self._by_offsets(source, one, text)
                rows += [found] if found else []
        rows += [self._by_name(source, one) for one in source.selections]
        if source.codings:
            given = Selection(
                guid=source.guid, name=whole or source.name, start=None, end=None, codings=source.codings, place=""
            )
            rows.append(((-1, 0), (whole or source.name).strip() or source.name, "whole", given))
        self._add_statements(source, source_id, rows)

    def _by_name(self, source: Source, one: Selection) -> tuple[tuple[int, int], str, str, Selection]:
        """A selection whose text is not there: what it is called stands for it."""
        self._missing[source.name] += 1
        start, end = one.start or 0, one.end or 0
        place = one.place or (f"{one.start}-{one.end}" if one.start is not None else "")
        return (start, end), one.name or f"(no text: {source.kind} {place})", place, one

    def _by_offsets(
        self, source: Source, one: Selection, text: str
    ) -> tuple[tuple[int, int], str, str, Selection] | None:
        if one.start is None or one.end is None:
            return self._by_name(source, one)
        if one.end < one.start or one.end > len(text):
            wrong = "ends before it starts" if one.end < one.start else f"lies beyond the text's {len(text)} characters"
            what = f"the selection {one.start}-{one.end} of {source.name!r} {wrong}"
            self._wrong(what, "export it again, or delete the selection")
            return None
        self._room -= one.end - one.start
        if self._room < 0:
            what = f"its selections hold more than the {self._most:,} characters that are read"
            raise StudyError([Problem(file=self._path.name, what=what, fix="if you trust it, raise the limit")])
        if not text[one.start : one.end].strip():
            self._missing[source.name] += 1
            return (one.start, one.end), one.name or "(nothing selected)", f"{one.start}-{one.end}", one
        return (one.start, one.end), text[one.start : one.end].strip(), f"{one.start}-{one.end}", one

    def _add_statements(
        self, source: Source, source_id: str, rows: Sequence[tuple[tuple[int, int], str, str, Selection]]
    ) -> None:
        """A statement for each stretch: what several coders selected alike is one."""
        same: dict[tuple[str, str, str], list[Selection]] = {}
        for _, text, place, one in sorted(rows, key=lambda row: row[0]):
            speaker = self._speakers.get(one.guid) or self._speakers[source.guid]
            same.setdefault((speaker, place, text), []).append(one)
        for number, ((speaker, place, text), chosen) in enumerate(same.items(), start=1):
            statement = f"{source_id}-{number}"
            self._tables["statements"].append(
                {
                    "id": statement,
                    "speaker": speaker,
                    "text": text,
                    "kind": self._mapping.kind,
                    "source": source_id,
                    "locator": place or None,
                    "guid": chosen[0].guid,
                }
            )
            given = {
                (self._code_ids[coding.code], self._coder(coding)): None
                for one in chosen
                for coding in one.codings
                if coding.code in self._code_ids
            }
            self._tables["codings"] += [
                {"statement": statement, "code": code, "coder": coder} for code, coder in sorted(given, key=str)
            ]

    def _coder(self, coding: Coding) -> str | None:
        if coding.user is None:
            return None
        if coding.user not in self._users:
            self._strangers.add(coding.user)
            self._users[coding.user] = coding.user
        return self._users[coding.user]

    # what was tolerated

    def _remark_on_the_rest(self) -> None:
        if not self._tables["sources"]:
            return
        for name, count in self._missing.items():
            self._remarks.append(
                f"Selections of {name!r} have no text here ({count}); what the program called them stands for it."
            )
        for way, count in self._ways.items():
            if way:
                self._remarks.append(f"In {count} sources offsets were counted {way}, as the selections' names show.")
        for guid in sorted(self._strangers):
            self._remarks.append(f"Codings by the user {guid}, whom the project does not list, keep that id as coder.")
        for name, count in self._project.others.items():
            self._remarks.append(f"{name} ({count}) have no place in a study and were left out.")


def _selections_of(source: Source) -> list[Selection | Source]:
    """What of a source becomes statements."""
    found: list[Selection | Source] = [one for part in source.parts for one in part.selections]
    found += source.selections
    return [*found, source] if source.codings else found


def _codings_of(source: Source) -> list[Coding]:
    return [coding for one in _selections_of(source) for coding in one.codings]


def _with_sync(one: Selection, part: Part) -> Selection:
    """A selection of a transcript has its offsets from the points it names."""
    first, last = (part.sync.get(guid) if guid else None for guid in one.syncs)
    if one.start is not None or first is None or last is None:
        return one
    return Selection(guid=one.guid, name=one.name, start=first, end=last, codings=one.codings, place=one.place)
