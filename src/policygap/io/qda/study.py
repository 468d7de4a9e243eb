"""A REFI-QDA project and a mapping come in; a study's raw tables go out, and remarks on all that was chosen or left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from attrs import evolve, frozen

from ...errors import Problem, StudyError
from ...package import Package
from ..archive import Archive
from ..codebook import Code, Ids, Row, divide_codes, propose_group, propose_targets, say_proposal, to_tables
from ..limits import Limits, check_size
from ..mapping import CodeMapping
from ..naming import slug
from .blocks import split_block
from .kept import find_kept
from .markup import AGAIN
from .project import Coding, Part, Project, Selection, Source, add_problem, parse_codebook, parse_project
from .speakers import find_speakers
from .texts import Counted, Text, Texts, choose_way

__all__ = ["read_qdc", "read_qdpx"]

_LISTED: Final = 5  # names that a remark gives as examples
_SHOWN: Final = 60  # characters of a name in a remark


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
        texts = Texts(archive, limits)
        project = _open(archive, path.name, limits, texts)
        return _Builder(project, texts, mapping, path, limits).package()


def read_qdc(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a codebook (REFI-QDA) as the themes and targets of a study; see :func:`read_qdpx`."""
    check_size(path, limits)
    project = parse_codebook(path.read_bytes(), path.name, limits)
    return _Builder(project, None, mapping, path, limits).package()


# -- the archive


def _open(archive: Archive, file: str, limits: Limits, texts: Texts) -> Project:
    # What a Mac keeps of a file's looks stands beside it under the same name.
    found = [name for name in archive.names if name.lower().endswith(".qde") and not name.startswith("__MACOSX/")]
    if len(found) != 1:
        what = f"it holds {len(found)} files that end in .qde, where a project holds one"
        raise StudyError([Problem(file=file, what=what, fix=AGAIN)])

    def find(plain: str | None, rich: str | None) -> str | None:
        text = texts.find(plain, rich)
        return None if text is None else text.text.removeprefix("\ufeff")

    return parse_project(archive.read(found[0], limits.text), found[0], limits, find)


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
        texts: Texts | None,
        mapping: CodeMapping | None,
        path: Path,
        limits: Limits,
    ) -> None:
        self._project, self._texts, self._path = project, texts, path
        self._most, self._room = limits.characters, limits.characters
        self._problems: list[Problem] = list(project.problems)
        self._remarks: list[str] = []
        self._kept = find_kept(project)
        self._cases = {case.guid for case in project.cases if case.coded}
        self._by_guid = {code.guid: code for code in project.codes}
        self._coded = self._count_codings()
        self._toml = path.with_suffix(".toml").name
        self._mapping = mapping or self._propose()
        self._tables: dict[str, list[Row]] = {
            name: [] for name in ("sources", "groups", "actors", "themes", "targets", "statements", "codings")
        } | dict(self._kept.tables)
        self._source_ids = Ids(dict.fromkeys(_ids_before(project.sources), 1))
        self._taken = _ids_before(one for source in project.sources for one in source.all_selections())
        self._numbers = Counter[str]()
        self._missing, self._ways = Counter[str](), Counter[str]()
        self._sets = self._find_sets()
        self._words: dict[str, bool] = {}
        self._strangers: set[str] = set()
        self._used_notes = set(self._kept.notes)
        self._asked: set[str] = set()

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
        add_problem(self._problems, Problem(file=self._path.name, what=what, fix=fix))

    # codes

    def _count_codings(self) -> Counter[str]:
        said = (one for source in self._project.sources for one in (source, *source.all_selections()))
        given = [coding for one in said for coding in one.codings]
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
        codes = [self._with_more(code) for code in self._kept.codes if code.guid not in self._cases]
        found = divide_codes(codes, self._project.sets, self._mapping, self._coded, self._toml)
        self._code_ids = found.ids
        self._tables["themes"] += found.themes
        self._tables["targets"] += found.targets
        self._remarks += found.remarks
        for what, fix in found.problems:
            self._wrong(what, fix)

    def _with_more(self, code: Code) -> Code:
        """A code with the sets that it is in and the notes on it, and without a parent that is a case's code."""
        more = {"sets": "; ".join(self._sets[code.guid])} if self._sets.get(code.guid) else {}
        notes = [one.strip() for one in self._read_notes(self._project.code_notes.get(code.guid, ())) if one.strip()]
        more |= {"memo": "\n\n".join(dict.fromkeys(notes))} if notes else {}
        parent = None if code.parent in self._cases else code.parent
        return evolve(code, parent=parent, columns={**more, **code.columns})

    def _find_sets(self) -> dict[str, list[str]]:
        sets: dict[str, list[str]] = {}
        for one in self._project.sets:
            for guid in one.codes:
                sets.setdefault(guid, []).append(one.name)
        for guid in sorted(set(sets) - set(self._by_guid)):
            self._wrong(f"the set {sets[guid][0]!r} names a code that is not there, {guid}", AGAIN)
        return sets

    # actors

    def _add_actors(self) -> None:
        inner = {source.guid: [one.guid for one in self._said_in(source)] for source in self._project.sources}
        found = find_speakers(self._project, self._mapping.group, inner)
        self._speakers = found.of
        self._columns = found.columns
        if found.columns:
            shown = [f"{self._project.variables[guid]} ({column})" for guid, column in found.columns.items()]
            self._remarks.append(
                f"Variables that are no group ({len(shown)}) are columns of actors and sources: "
                f"{_list(shown, quoted=False)}."
            )
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
            values: Row = {self._columns[guid]: text for guid, text in source.values.items() if guid in self._columns}
            row: Row = {**values, **kept, "id": source_id, "title": source.name}
            row |= {} if block else {"kind": "submission"}
            self._tables["sources"].append(_with_memo(row, memo, self._read_notes(source.notes)))
        said: list[_Said] = []
        whole: str | None = None
        for part in source.parts:
            text = self._text_of(part)
            chosen = [_with_sync(one, part) for one in part.selections]
            counted = None if text is None else self._count(source, text, chosen)
            for one in chosen:
                if self._is_said(one):
                    found = self._by_name(source, one) if counted is None else self._by_offsets(source, one, counted)
                    said += [found] if found else []
            whole = whole or (text.text if text else None)
        said += [self._by_name(source, one) for one in source.selections if self._is_said(one)]
        if self._is_said(source):
            text_of_it = (whole or source.name).removeprefix("\ufeff").strip() or source.name
            self._spend(len(text_of_it))
            given = Selection(
                guid=source.guid, name=source.name, start=None, end=None, codings=source.codings, place=""
            )
            said.append(_say((-1, 0), text_of_it, "whole", given))
        self._add_statements(source, source_id, said, nameless=nameless)

    def _said_in(self, source: Source) -> list[Selection | Source]:
        """What of a source becomes statements."""
        return [one for one in (*source.all_selections(), source) if self._is_said(one)]

    def _is_said(self, one: Selection | Source) -> bool:
        """Whether it is a statement: a stretch that is coded with cases alone says who speaks in it."""
        if isinstance(one, Source) and not one.codings:
            return False
        return not one.codings or bool(one.description) or any(coding.code not in self._cases for coding in one.codings)

    def _text_of(self, part: Part) -> Text | None:
        if part.content is not None:
            return Text(text=part.content)
        return self._texts.find(part.path, part.rich) if self._texts else None

    def _count(self, source: Source, text: Text, chosen: Sequence[Selection]) -> Counted | None:
        """The text as the program counted it; that of a Word file is of use only where the names of selections fit."""
        counted = choose_way(text.text, chosen)
        if text.word and chosen:
            fits = counted.hits * 2 > counted.named or not counted.named
            self._words[source.name] = fits
            if not fits:
                return None
        if counted.said:
            self._ways[counted.said] += 1
        return evolve(counted, loose=text.word)

    def _spend(self, characters: int) -> None:
        self._room -= characters
        if self._room < 0:
            what = f"its selections hold more than the {self._most:,} characters that are read"
            raise StudyError([Problem(file=self._path.name, what=what, fix="if you trust it, raise the limit")])

    def _by_name(self, source: Source, one: Selection) -> _Said:
        """A selection whose text is not there: what it is called stands for it."""
        self._missing[source.name] += 1
        start, end = one.start or 0, one.end or 0
        place = one.place or (f"{one.start}-{one.end}" if one.start is not None else "")
        text = one.name or f"(no text: {source.kind} {place})"
        return _say((start, end), text, place, one)

    def _by_offsets(self, source: Source, one: Selection, counted: Counted) -> _Said | None:
        if one.start is None or one.end is None or (counted.loose and one.end > len(counted.text)):
            return self._by_name(source, one)
        length = len(counted.text)
        if one.end < one.start or one.end > length:
            wrong = "ends before it starts" if one.end < one.start else f"lies beyond the text's {length} characters"
            what = f"the selection {one.start}-{one.end} of {source.name!r} {wrong}"
            self._wrong(what, "export it again, or delete the selection")
            return None
        self._spend(one.end - one.start)
        place = f"{one.start}-{one.end}"
        found = counted.cut(one.start, one.end)
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
        for (speaker, *_), alike in same.items():
            first = alike[0]
            row: Row = {"speaker": speaker, "source": None if nameless else source_id}
            if first.block:
                row |= {"text": first.text, **first.block}
            else:
                row |= {"text": first.text.strip(), "kind": self._mapping.kind, "locator": first.place or None}
                row["guid"] = first.selection.guid
            row["id"] = first.block.get("id") or self._new_id(source_id)
            notes = [note for one in alike for note in self._read_notes(one.selection.notes)]
            self._tables["statements"].append(_with_memo(row, *(one.memo for one in alike), notes))
            codings = self._codings([coding for one in alike for coding in one.selection.codings])
            if not first.block:  # what one coder said twice, or at two selections alike, is said once
                codings = list({str(sorted(one.items())): one for one in codings}.values())
            self._tables["codings"] += [{"statement": row["id"], **coding} for coding in codings]

    def _new_id(self, source_id: str) -> str:
        """The next id of a source's statements that no statement had before."""
        while True:
            self._numbers[source_id] += 1
            made = f"{source_id}-{self._numbers[source_id]}"
            if made not in self._taken:
                return made

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
        self._asked.update(guids)
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
        if self._missing:
            self._remarks.append(
                f"Selections of {_list(self._missing)} have no text here ({sum(self._missing.values()):,}); "
                "what the program called them stands for it."
            )
        for fits, said in (
            (
                True,
                "was taken out of a Word file; check some of their statements, since programs count its characters "
                "in different ways",
            ),
            (False, "in a Word file does not fit the selections, so it was not used"),
        ):
            if names := [name for name, one in self._words.items() if one is fits]:
                self._remarks.append(f"The text of {_list(names)} {said}.")
        for way, count in self._ways.items():
            self._remarks.append(f"In {count} sources offsets were counted {way}, as the selections' names show.")
        if self._strangers:
            self._remarks.append(
                f"Codings by users whom the project does not list ({len(self._strangers)}) keep their ids as coders: "
                f"{_list(sorted(self._strangers), quoted=False)}."
            )
        for path in self._texts.twofold if self._texts else ():
            self._wrong(f"the path {path!r} leads to several files", AGAIN)
        gone = sum(1 for guid in self._asked if guid not in self._project.notes)
        if gone:
            self._remarks.append(f"Notes that are named and not there ({gone}) were left out.")
        lost = sum(1 for guid in self._project.notes if guid not in self._used_notes)
        for name, count in {"Notes": lost, **self._project.others}.items():
            if not count:
                continue
            self._remarks.append(f"{name} ({count}) have no place in a study and were left out.")


def _ids_before(given: Iterable[Selection | Source]) -> set[str]:
    """The ids that policygap wrote into descriptions."""
    blocks = (split_block(one.description)[1] for one in given)
    return {block["id"] for block in blocks if block and "id" in block}


def _list(names: Iterable[str], *, quoted: bool = True) -> str:
    """The first names, and how many more there are."""
    given = [name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…" for name in names]
    shown = ", ".join(repr(name) if quoted else name for name in given[:_LISTED])
    return f"{shown} and {len(given) - _LISTED} more" if len(given) > _LISTED else shown


def _with_sync(one: Selection, part: Part) -> Selection:
    """A selection of a transcript has its offsets from the points it names."""
    first, last = (part.sync.get(guid) if guid else None for guid in one.syncs)
    if one.start is not None or first is None or last is None:
        return one
    return evolve(one, start=first, end=last)
