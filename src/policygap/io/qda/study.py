"""A REFI-QDA project and a mapping come in; a study's raw tables go out, and remarks on all that was chosen or left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from attrs import frozen

from ...errors import Problem, StudyError
from ...package import Package
from ..archive import Archive
from ..codebook import Ids, Row, divide_codes, propose_group, propose_targets, say_proposal, to_tables
from ..encoding import guess_encoding, guess_wide
from ..limits import Limits
from ..mapping import CodeMapping
from ..naming import slug
from .blocks import split_block
from .kept import find_kept
from .project import Coding, Part, Project, Selection, Source, parse_codebook, parse_project
from .speakers import find_speakers

__all__ = ["read_qdc", "read_qdpx"]

_PREFIX: Final = 30  # letters of a selection's name that are held against the text
_SEEN: Final = 500  # characters of both that are looked at for it


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


def read_qdc(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a codebook (REFI-QDA) as the themes and targets of a study; see :func:`read_qdpx`."""
    size = path.stat().st_size
    if size > limits.text:
        what = f"it has {size / 1e6:,.0f} MB, more than the {limits.text / 1e6:,.0f} MB that are read"
        raise StudyError([Problem(file=path.name, what=what, fix="if you trust it, raise the limit")])
    project = parse_codebook(path.read_bytes(), path.name)
    return _Builder(project, lambda _: None, mapping, path, limits).package()


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


@frozen(kw_only=True)
class _Said:
    """A stretch of a source, its place, and what was kept of the statement that it was before."""

    order: tuple[int, int]
    text: str
    place: str
    selection: Selection
    block: dict[str, str]
    memo: str | None


def _say(order: tuple[int, int], text: str, place: str, selection: Selection) -> _Said:
    memo, block = split_block(selection.description)
    kept = {name: cell for name, cell in (block or {}).items() if name != "table"}
    return _Said(order=order, text=text, place=place, selection=selection, block=kept, memo=memo)


def _with_memo(row: Row, *memos: str | Sequence[str] | None) -> Row:
    """A row with what people wrote about it, if they did."""
    texts = [one for memo in memos for one in ([memo] if isinstance(memo, str) else memo or [])]
    found = "\n\n".join(dict.fromkeys(text.strip() for text in texts if text.strip()))
    return {**row, "memo": found} if found else row


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
        self._kept = find_kept(project)
        self._by_guid = {code.guid: code for code in project.codes}
        self._coded = self._count_codings()
        self._toml = path.with_suffix(".toml").name
        self._mapping = mapping or self._propose()
        self._tables: dict[str, list[Row]] = {
            name: [] for name in ("sources", "groups", "actors", "themes", "targets", "statements", "codings")
        } | dict(self._kept.tables)
        self._source_ids, self._missing, self._ways = Ids(), Counter[str](), Counter[str]()
        self._strangers: set[str] = set()
        self._used_notes = set(self._kept.notes)

    def package(self) -> Package:
        self._add_codes()
        self._add_actors()
        self._users = self._name_users()
        for source in self._project.sources:
            self._add_source(source)
        self._remark_on_the_rest()
        tables = to_tables(self._tables)
        name = slug(self._path.stem)
        meta: dict[str, Any] = {"id": name, **(self._kept.meta or {})}
        if self._project.name and (self._kept.meta is None or "title" in meta):
            meta["title"] = self._project.name
        if self._kept.meta is None and (self._project.description or "").strip():
            meta["description"] = str(self._project.description).strip()
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
        group = propose_group(values)
        if self._kept.containers:
            return self._recall(group)
        targets = propose_targets(self._project.codes, self._project.sets)
        self._remarks.append(say_proposal(targets, group, self._toml))
        return CodeMapping(targets=targets, group=group)

    def _recall(self, group: str | None) -> CodeMapping:
        """The mapping of a project that was a study before; codes that are new at the top are themes."""
        targets: dict[str, list[str]] = {}
        themes = [code.guid for code in self._kept.codes if code.parent is None]
        for guid, kind in self._kept.containers.items():
            if kind is not None:
                targets.setdefault(kind, []).append(guid)
                themes.remove(guid)
        return CodeMapping(themes=themes, targets=targets, group=group)

    def _add_codes(self) -> None:
        codes = self._kept.codes
        found = divide_codes(codes, self._project.sets, self._mapping, self._coded, self._toml)
        self._code_ids = found.ids
        self._tables["themes"] += found.themes
        self._tables["targets"] += found.targets
        self._remarks += found.remarks
        for what, fix in found.problems:
            self._wrong(what, fix)

    # actors

    def _add_actors(self) -> None:
        inner = {source.guid: [one.guid for one in _selections_of(source)] for source in self._project.sources}
        found = find_speakers(self._project, self._mapping.group, inner)
        self._speakers = found.of
        self._tables["groups"] += found.groups
        self._tables["actors"] += found.actors
        self._remarks += found.remarks
        for what, fix in found.problems:
            self._wrong(what, fix)

    def _name_users(self) -> dict[str, str]:
        names: Counter[str] = Counter()
        users: dict[str, str] = {}
        for guid, name in self._project.users.items():
            shown = name if self._kept.meta is not None and name else name.strip() or "unnamed"
            names[shown] += 1
            users[guid] = shown if names[shown] == 1 else f"{shown} ({names[shown]})"
        return users

    # sources

    def _add_source(self, source: Source) -> None:
        memo, block = split_block(source.description)
        kept = dict(block) if block and block.get("table") in ("sources", "statements") else {}
        nameless = kept.pop("table", "") == "statements"
        source_id = kept.get("id") or self._source_ids.new(PurePosixPath(source.name).stem, "source")
        if not nameless:
            row: Row = {**kept, "id": source_id, "title": source.name}
            row |= {} if block else {"kind": "submission"}
            self._tables["sources"].append(_with_memo(row, memo, self._read_notes(source.notes)))
        said: list[_Said] = []
        whole: str | None = None
        for part in source.parts:
            text = part.content if part.content is not None else self._text_of(part.path)
            chosen = [_with_sync(one, part) for one in part.selections]
            if text is None:
                said += [self._by_name(source, one) for one in chosen]
                continue
            way, text = _choose_way(text, chosen)
            whole = whole or text
            self._ways[way] += 1
            for one in chosen:
                found = self._by_offsets(source, one, text)
                said += [found] if found else []
        said += [self._by_name(source, one) for one in source.selections]
        if source.codings:
            given = Selection(
                guid=source.guid, name=whole or source.name, start=None, end=None, codings=source.codings, place=""
            )
            text = (whole or source.name).strip() or source.name
            said.append(_say((-1, 0), text, "whole", given))
        self._add_statements(source, source_id, said, nameless=nameless)

    def _by_name(self, source: Source, one: Selection) -> _Said:
        """A selection whose text is not there: what it is called stands for it."""
        self._missing[source.name] += 1
        start, end = one.start or 0, one.end or 0
        place = one.place or (f"{one.start}-{one.end}" if one.start is not None else "")
        text = one.name or f"(no text: {source.kind} {place})"
        return _say((start, end), text, place, one)

    def _by_offsets(self, source: Source, one: Selection, text: str) -> _Said | None:
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
        place = f"{one.start}-{one.end}"
        found = text[one.start : one.end]
        if not found.strip():
            self._missing[source.name] += 1
            found = one.name or "(nothing selected)"
        return _say((one.start, one.end), found, place, one)

    def _add_statements(self, source: Source, source_id: str, said: Sequence[_Said], *, nameless: bool) -> None:
        """A statement for each stretch: what several coders selected alike is one."""
        same: dict[tuple[str, ...], list[_Said]] = {}
        for one in sorted(said, key=lambda one: one.order):
            speaker = self._speakers.get(one.selection.guid) or self._speakers[source.guid]
            key = (speaker, one.block["id"]) if "id" in one.block else (speaker, one.place, one.text.strip(), "")
            same.setdefault(key, []).append(one)
        for number, ((speaker, *_), alike) in enumerate(same.items(), start=1):
            first = alike[0]
            row: Row = {"speaker": speaker, "source": None if nameless else source_id}
            if first.block:
                row |= {"text": first.text, **first.block}
            else:
                row |= {"text": first.text.strip(), "kind": self._mapping.kind, "locator": first.place or None}
                row["guid"] = first.selection.guid
            row["id"] = first.block.get("id") or f"{source_id}-{number}"
            notes = [note for one in alike for note in self._read_notes(one.selection.notes)]
            self._tables["statements"].append(_with_memo(row, *(one.memo for one in alike), notes))
            codings = self._codings([coding for one in alike for coding in one.selection.codings])
            if not first.block:  # what one coder said twice, or at two selections alike, is said once
                codings = list({str(sorted(one.items())): one for one in codings}.values())
            self._tables["codings"] += [{"statement": row["id"], **coding} for coding in codings]

    def _codings(self, codings: Sequence[Coding]) -> list[Row]:
        given: list[Row] = []
        for coding in codings:
            code = coding.code or ""
            if code not in self._code_ids and code not in self._kept.empty:
                continue
            row: Row = {"code": self._code_ids.get(code), "coder": self._coder(coding)}
            row |= {"kind": self._kept.empty[code]} if code in self._kept.empty else {}
            for text in self._read_notes(coding.notes):
                note, block = split_block(text)
                kept = {name: value for name, value in (block or {}).items() if name != "table"}
                row = {**row, **({"note": note} if note else {}), **kept}
            given.append(row)
        return sorted(given, key=lambda row: str(sorted(row.items())))

    def _read_notes(self, guids: Sequence[str]) -> list[str]:
        self._used_notes.update(guids)
        return [self._project.notes[guid] for guid in guids if guid in self._project.notes]

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
        lost = sum(1 for guid in self._project.notes if guid not in self._used_notes)
        for name, count in {"Notes": lost, **self._project.others}.items():
            if not count:
                continue
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
