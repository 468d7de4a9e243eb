"""A REFI-QDA project and a mapping come in; a study's raw tables go out, and remarks on all that was chosen or left."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pandas as pd
from attrs import define, field, frozen

from ...errors import Problem, StudyError
from ...package import Package, RawTable
from ...spelling import fold, suggest
from ..encoding import guess_encoding, guess_wide
from ..naming import slug
from .archive import Archive, Limits
from .project import Case, Code, Coding, Part, Project, Selection, Source, parse_project

__all__ = ["QdaMapping", "read_qdpx"]

_KEYS: Final = ("themes", "targets", "group", "kind")
_PREFIX: Final = 30  # letters of a selection's name that are held against the text
_SEEN: Final = 500  # characters of both that are looked at for it
_LISTED: Final = 5

Row = dict[str, str | None]


@frozen(kw_only=True)
class QdaMapping:
    """Which codes of a project are what. Codes are named by their name, by their path (``Needs/Housing``) or by a set.

    Attributes
    ----------
    themes
        Codes that are themes, each with all below it; by default all that are no targets.
    targets
        For each kind of target, its codes, each with all below it.
    group
        The variable of cases, or of sources, that says which group an actor belongs to.
    kind
        The kind of the statements; only calls count as demand.
    """

    themes: tuple[str, ...] = field(default=(), converter=tuple)
    targets: Mapping[str, Sequence[str]] = field(factory=dict)
    group: str | None = None
    kind: str = "call"


def read_qdpx(path: Path, mapping: QdaMapping | None = None, limits: Limits | None = None) -> Package:
    """Read a project of a coding program (REFI-QDA 1.5) as a study's raw tables.

    Selections become statements, sources sources, cases actors (a source without a case speaks for itself), users
    coders. Nothing is unpacked to the disk, and nothing is fetched.

    Parameters
    ----------
    path
        A ``.qdpx`` file.
    mapping
        Which codes are what. By default it is read from the file of the same name that ends in ``.toml``, if there is
        one, and else proposed by the names of the uppermost codes and of sets.
    limits
        How much is read.

    Returns
    -------
    Package
        With every problem found; ``remarks`` says what was chosen, and what had no place.
    """
    try:
        if mapping is None:
            mapping = _read_mapping(path.with_suffix(".toml"))
        limits = limits or Limits()
        with Archive(path, limits) as archive:
            project, texts = _open(archive, path.name)
            return _Builder(project, texts, mapping, path, limits).package()
    except StudyError as error:
        return Package(name=path.stem, problems=error.problems)


# -- the mapping


def _read_mapping(path: Path) -> QdaMapping | None:
    if not path.is_file():
        return None
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StudyError([Problem(file=path.name, what=f"it is not TOML in UTF-8 ({error})")]) from None
    problems = [
        Problem(file=path.name, what=f"a mapping has no key {key!r}", fix=suggest(key, _KEYS, otherwise="take it out"))
        for key in data
        if key not in _KEYS
    ]
    targets: Any = data.get("targets", {})
    if not isinstance(targets, dict):
        problems.append(
            Problem(file=path.name, what="targets is no table", fix='write [targets], and focus_area = ["…"]')
        )
        targets = {}
    lists = {"themes": data.get("themes", []), **{f"targets.{kind}": names for kind, names in targets.items()}}
    problems += [
        Problem(file=path.name, what=f"{key} is no list of names", fix=f'write {key.rpartition(".")[2]} = ["a code"]')
        for key, names in lists.items()
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names)
    ]
    problems += [
        Problem(file=path.name, what=f"{key} is no text", fix=f'write {key} = "…"')
        for key in ("group", "kind")
        if not isinstance(data.get(key, ""), str)
    ]
    if problems:
        raise StudyError(problems)
    return QdaMapping(
        themes=data.get("themes", ()), targets=targets, group=data.get("group"), kind=data.get("kind", "call")
    )


@cache
def _hints() -> dict[str, Any]:
    text = resources.files("policygap").joinpath("data/qda.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


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


@define
class _Ids:
    """Ids made of names, each once."""

    taken: dict[str, int] = field(factory=dict)

    def new(self, name: str, otherwise: str) -> str:
        base = slug(name) if any(char.isascii() and char.isalnum() for char in name) else otherwise
        count = self.taken.get(base, 0) + 1
        self.taken[base] = count
        if count == 1:
            return base
        return self.new(f"{base}-{count}", otherwise)


class _Builder:
    """Makes a study's tables of a project."""

    def __init__(
        self,
        project: Project,
        text_of: Callable[[str | None], str | None],
        mapping: QdaMapping | None,
        path: Path,
        limits: Limits,
    ) -> None:
        self._project, self._text_of, self._path = project, text_of, path
        self._most, self._room = limits.characters, limits.characters
        self._problems: list[Problem] = list(project.problems)
        self._remarks: list[str] = []
        self._by_guid = {code.guid: code for code in project.codes}
        self._coded = self._count_codings()
        self._mapping = mapping or self._propose()
        self._code_ids: dict[str, str] = {}
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

    def _path_of(self, code: Code) -> str:
        names, at = [code.name], code.parent
        while at is not None:
            names.append(self._by_guid[at].name)
            at = self._by_guid[at].parent
        return "/".join(reversed(names))

    def _propose(self) -> QdaMapping:
        hints = _hints()
        names = [code.name for code in self._project.codes if code.parent is None]
        names += [one.name for one in self._project.sets]
        targets: dict[str, list[str]] = {}
        for kind, words in hints["targets"].items():
            found = [name for name in dict.fromkeys(names) if fold(name) in map(fold, words)]
            if found:
                targets[kind] = found
        group = self._propose_group(hints["group"])
        shown = "; ".join(f"{kind}: {', '.join(found)}" for kind, found in targets.items()) or "none"
        self._remarks.append(
            f"No mapping was given, so this one was proposed by names: targets {shown}; themes: all other codes; "
            f"group: {group or 'none'}; all selections are calls. "
            f"Write {self._path.with_suffix('.toml').name} to say otherwise."
        )
        return QdaMapping(targets=targets, group=group)

    def _propose_group(self, words: Iterable[str]) -> str | None:
        holders = [case.values for case in self._project.cases] + [one.values for one in self._project.sources]
        values: dict[str, list[str]] = {}
        for held in holders:
            for guid, value in held.items():
                if guid in self._project.variables:
                    values.setdefault(self._project.variables[guid], []).append(value)
        named = [name for name in values if fold(name) in map(fold, words)]
        shared = [name for name, given in values.items() if len(set(given)) < len(given)]
        likely = sorted(named) or sorted(shared, key=lambda name: (-len(values[name]), len(set(values[name])), name))
        return likely[0] if likely else None

    def _chosen(self, names: Iterable[str]) -> tuple[list[str], set[str]]:
        """The guids of the codes of these names with all below them, and those that only stand for what is below."""
        guids: dict[str, None] = {}
        around: set[str] = set()
        paths: dict[str, list[str]] = {}
        for code in self._project.codes:
            for name in {code.name, self._path_of(code)}:
                paths.setdefault(fold(name), []).append(code.guid)
        sets = {fold(one.name): one.codes for one in self._project.sets}
        parents = {code.parent for code in self._project.codes}
        for name in names:
            found = paths.get(fold(name), [])
            if not found and fold(name) not in sets:
                known = sorted({code.name for code in self._project.codes} | {one.name for one in self._project.sets})
                self._wrong(
                    f"the mapping names {name!r}, and no code or set is called that",
                    suggest(name, known, otherwise="look at the names in the project"),
                )
            guids |= dict.fromkeys([*found, *(guid for guid in sets.get(fold(name), ()) if guid in self._by_guid)])
            around |= {guid for guid in found if guid in parents and not self._coded[guid]}
        for code in self._project.codes:
            if code.parent in guids:
                guids[code.guid] = None
        return list(guids), around

    def _add_codes(self) -> None:
        ids = _Ids()
        kinds: dict[str, str] = {}
        outer: set[str] = set()
        for kind, names in self._mapping.targets.items():
            chosen, around = self._chosen(names)
            outer |= around
            for guid in chosen:
                if kinds.setdefault(guid, kind) != kind:
                    what = f"the mapping makes {self._by_guid[guid].name!r} both {kinds[guid]} and {kind}"
                    self._wrong(what, "name it once")
        themes: list[str] = [code.guid for code in self._project.codes if code.guid not in kinds]
        if self._mapping.themes:
            chosen, around = self._chosen(self._mapping.themes)
            outer |= around
            for guid in chosen:
                if guid in kinds:
                    what = f"the mapping makes {self._by_guid[guid].name!r} both a theme and a target"
                    self._wrong(what, "name it once")
            left = [guid for guid in themes if guid not in set(chosen)]
            self._remark_on_codes(left)
            themes = [guid for guid in themes if guid in set(chosen)]
        wanted = {guid for guid in (*kinds, *themes) if guid not in outer}
        for code in self._project.codes:
            if code.guid not in wanted:
                continue
            kind = kinds.get(code.guid)
            parent = code.parent if code.parent in wanted and kinds.get(code.parent) == kind else None
            row: Row = {
                "id": ids.new(code.name, "code"),
                "label": code.name or "(no name)",
                "definition": (code.description or "").strip() or None,
                "parent": self._code_ids.get(parent) if parent else None,
            }
            self._code_ids[code.guid] = str(row["id"])
            if kind is None:
                self._tables["themes"].append(row)
            else:
                self._tables["targets"].append({**row, "kind": kind})
        if not self._tables["targets"]:
            label = "No code of the project is a target"
            self._tables["targets"].append({"id": ids.new("no-target", "target"), "kind": "focus_area", "label": label})
            name = self._path.with_suffix(".toml").name
            self._remarks.append(
                f"No code is a target, so one without codings stands in. Write {name} with [targets] to name them."
            )

    def _remark_on_codes(self, guids: Sequence[str]) -> None:
        lost = sum(self._coded[guid] for guid in guids)
        if guids:
            names = ", ".join(self._by_guid[guid].name for guid in guids[:_LISTED])
            more = f" and {len(guids) - _LISTED} more" if len(guids) > _LISTED else ""
            self._remarks.append(f"The mapping leaves out {len(guids)} codes with {lost} codings: {names}{more}.")

    # actors

    def _add_actors(self) -> None:
        project, ids = self._project, _Ids()
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

    def _add_actor(self, name: str, group: str | None, ids: _Ids) -> str:
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
            self._source_ids, self._missing, self._ways = _Ids(), Counter[str](), Counter[str]()
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
                f"{count} selections of {name!r} have no text here; what the program called them stands for it."
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
