"""The XML of a REFI-QDA project comes in; its users, codes, cases and sources as records go out. Nothing is judged.

The standard is at https://www.qdasoftware.org. What programs write differs from it in places, so ids are known by their
letters and digits, whatever their case and braces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from attrs import evolve, field, frozen

from ...errors import Problem, StudyError
from ..codebook import Code, CodeSet
from ..limits import Limits
from .markup import AGAIN, children, first, local_name, parse_xml, text_below

__all__ = ["Case", "Coding", "Part", "Project", "Selection", "Source", "add_problem", "parse_codebook", "parse_project"]

_MOST: Final = 1_000  # problems of one project

Find = Callable[[str | None, str | None], str | None]
"""What gives the text that the paths of a plain and a rich file lead to."""


@frozen(kw_only=True)
class Coding:
    """A code that a user gave, and the guids of notes on it."""

    code: str | None
    user: str | None
    notes: tuple[str, ...] = ()


@frozen(kw_only=True)
class Selection:
    """A stretch of a source: ``start`` and ``end`` are offsets into its text, or missing where it has none."""

    guid: str
    name: str
    start: int | None
    end: int | None
    codings: tuple[Coding, ...]
    place: str
    syncs: tuple[str | None, str | None] = (None, None)
    description: str | None = None
    notes: tuple[str, ...] = ()


@frozen(kw_only=True)
class Part:
    """A text and what is selected in it: a text source, a PDF's text, a recording's transcript."""

    content: str | None
    path: str | None
    rich: str | None
    selections: tuple[Selection, ...]
    sync: dict[str, int] = field(factory=dict)


@frozen(kw_only=True)
class Source:
    """A source: its parts with text, what is selected beside a text, and the codes of the whole."""

    guid: str
    name: str
    kind: str
    parts: tuple[Part, ...]
    selections: tuple[Selection, ...]
    codings: tuple[Coding, ...]
    values: dict[str, str]
    description: str | None = None
    notes: tuple[str, ...] = ()

    def all_selections(self) -> list[Selection]:
        """What is selected in its texts and beside them."""
        return [*(one for part in self.parts for one in part.selections), *self.selections]


@frozen(kw_only=True)
class Case:
    """A case, the sources and selections that are its own, and the values of its variables by guid.

    What is coded with one of ``codes`` is its own too; ``coded`` says that a code stands for the case and nothing else.
    """

    guid: str
    name: str
    sources: tuple[str, ...]
    selections: tuple[str, ...]
    values: dict[str, str]
    codes: tuple[str, ...] = ()
    coded: bool = False
    description: str | None = None


@frozen(kw_only=True)
class Project:
    """A project as its file says; ``notes`` are texts by guid, ``others`` counts what is not read.

    ``elsewhere`` are the guids of selections of notes, and ``code_notes`` those of notes on codes, by the code's.
    """

    name: str
    description: str | None
    notes: dict[str, str]
    users: dict[str, str]
    codes: tuple[Code, ...]
    sets: tuple[CodeSet, ...]
    variables: dict[str, str]
    cases: tuple[Case, ...]
    sources: tuple[Source, ...]
    others: dict[str, int]
    problems: tuple[Problem, ...]
    elsewhere: frozenset[str] = frozenset()
    code_notes: dict[str, tuple[str, ...]] = field(factory=dict)


def parse_project(data: bytes, file: str, limits: Limits, find: Find) -> Project:
    """Parse a project's XML.

    Parameters
    ----------
    data
        The bytes of the ``.qde`` file, in any encoding that its declaration names.
    file
        What to call it in problems.
    limits
        How much is read.
    find
        Gives the texts of notes that stand in files of their own.

    Raises
    ------
    StudyError
        It is no XML, no project, nested too deep, or has a document type, which no project has.
    """
    root = parse_xml(data, file, limits)
    if local_name(root) != "Project":
        what = f"it is no REFI-QDA project but <{local_name(root)}>"
        fix = "export a project (.qdpx), not a codebook" if local_name(root) == "CodeBook" else AGAIN
        raise StudyError([Problem(file=file, what=what, fix=fix)])
    return _Reader(file, find).project(root)


def parse_codebook(data: bytes, file: str, limits: Limits) -> Project:
    """Parse a codebook's XML; see :func:`parse_project`. What comes out is a project with codes and sets alone."""
    root = parse_xml(data, file, limits)
    if local_name(root) != "CodeBook":
        what = f"it is no REFI-QDA codebook but <{local_name(root)}>"
        raise StudyError([Problem(file=file, what=what, fix="export the codebook again")])
    return _Reader(file, _find_nothing).codebook(root)


def _find_nothing(_plain: str | None, _rich: str | None) -> str | None:
    """A codebook has no files beside it."""


def add_problem(problems: list[Problem], found: Problem) -> None:
    """Keep a problem; a file that has far more than anybody reads is given up, since a stranger may have made it so."""
    problems.append(found)
    if len(problems) > _MOST:
        what = f"it has more problems than these {_MOST:,}"
        raise StudyError([*problems, Problem(file=found.file, what=what, fix="mend these, and read it again")])


def _guid(value: str | None) -> str | None:
    plain = (value or "").strip().strip("{}").lower()
    return plain or None


class _Reader:
    """Reads a project's elements, and keeps what is wrong with them."""

    def __init__(self, file: str, find: Find) -> None:
        self._file, self._find = file, find
        self._problems: list[Problem] = []
        self._seen: dict[str, int | None] = {}
        self._codes_seen: set[str] = set()
        self._code_notes: dict[str, tuple[str, ...]] = {}
        self._titles: dict[str, str] = {}

    def project(self, root: Any) -> Project:
        users = {
            self._own(user, "user"): user.get("name") or user.get("id") or "" for user in self._within(root, "Users")
        }
        book = first(root, "CodeBook")
        codes = () if book is None else tuple(self._codes(book))
        variables = {
            self._own(variable, "variable"): variable.get("name") or "" for variable in self._within(root, "Variables")
        }
        sources = tuple(self._source(element) for element in self._within(root, "Sources"))
        self._titles = {source.guid: source.name for source in sources}
        cases = tuple(self._case(element) for element in self._within(root, "Cases"))
        notes = {self._own(element, "note"): self._note(element) for element in self._within(root, "Notes")}
        inside = list(self._in_notes(root))
        self._check_values(variables, sources, cases)
        others = {name: sum(1 for _ in self._within(root, name)) for name in ("Links", "Graphs")}
        others["Codings of notes"] = sum(len(self._codings(one)) for one in inside)
        others["Notes on the whole project"] = len(self._refs(root, "NoteRef"))
        others["Sets of sources or notes"] = sum(
            any(True for _ in children(one, "MemberSource", "MemberNote")) for one in self._within(root, "Sets")
        )
        others["Colours of codes"] = sum(
            1 for one in (() if book is None else book.iter()) if local_name(one) == "Code" and one.get("color")
        )
        others["Descriptions of variables"] = sum(
            bool((text_below(one, "Description") or "").strip()) for one in self._within(root, "Variables")
        )
        return Project(
            name=root.get("name") or "",
            description=text_below(root, "Description"),
            notes=notes,
            users=users,
            codes=codes,
            sets=self._sets(root),
            variables=variables,
            cases=cases,
            sources=sources,
            others={name: count for name, count in others.items() if count},
            problems=tuple(self._problems),
            elsewhere=frozenset(guid for one in inside if (guid := _guid(one.get("guid")))),
            code_notes=self._code_notes,
        )

    def codebook(self, root: Any) -> Project:
        codes = tuple(self._codes(root))
        return Project(
            name="",
            description=text_below(root, "Description"),
            notes={},
            users={},
            codes=codes,
            sets=self._sets(root),
            variables={},
            cases=(),
            sources=(),
            others={},
            problems=tuple(self._problems),
        )

    def _sets(self, root: Any) -> tuple[CodeSet, ...]:
        found = (
            CodeSet(name=element.get("name") or "", codes=self._refs(element, "MemberCode"))
            for element in self._within(root, "Sets")
        )
        return tuple(one for one in found if one.codes)

    def _within(self, element: Any, name: str) -> Iterator[Any]:
        around = first(element, name)
        return iter(()) if around is None else (child for child in around if local_name(child))

    def _wrong(self, element: Any, what: str, fix: str) -> None:
        add_problem(self._problems, Problem(file=self._file, row=element.sourceline, what=what, fix=fix))

    def _own(self, element: Any, what: str) -> str:
        """An element's own id, which no other may have."""
        guid = _guid(element.get("guid"))
        # NVivo writes a code for each case, under the case's guid.
        again = what == "case" and guid in self._codes_seen
        shown = f"the {what} {element.get('name')!r}" if element.get("name") else f"a {what}"
        if guid is None:
            self._wrong(element, f"{shown} has no guid", "export the project again")
            return f"line {element.sourceline}"
        if guid in self._seen and not again:
            fix = f"give one of them another (the first is in line {self._seen[guid]})"
            self._wrong(element, f"{shown} has the guid of another element, {guid}", fix)
        self._seen.setdefault(guid, element.sourceline)
        return guid

    def _note(self, element: Any) -> str:
        inner = text_below(element, "PlainTextContent")
        text = inner or self._find(element.get("plainTextPath"), element.get("richTextPath"))
        return (text or text_below(element, "Description") or element.get("name") or "").strip()

    def _in_notes(self, root: Any) -> Iterator[Any]:
        """Notes that are coded themselves, and what is selected in notes."""
        for note in self._within(root, "Notes"):
            yield note
            yield from children(note, "PlainTextSelection")

    def _check_values(self, variables: dict[str, str], sources: tuple[Source, ...], cases: tuple[Case, ...]) -> None:
        used = {guid for one in (*sources, *cases) for guid in one.values}
        for guid in sorted(used - set(variables)):
            what = f"values are given to a variable that is not there, {guid}"
            add_problem(self._problems, Problem(file=self._file, what=what, fix=AGAIN))

    def _refs(self, element: Any, *names: str) -> tuple[str, ...]:
        found = (_guid(child.get("targetGUID")) for child in children(element, *names))
        return tuple(guid for guid in found if guid)

    def _codes(self, book: Any) -> Iterator[Code]:
        """Parents before their children; no recursion, since they may be nested deep."""
        around = first(book, "Codes")
        if around is None:
            return
        stack = [(element, None) for element in reversed(list(children(around, "Code")))]
        while stack:
            element, parent = stack.pop()
            guid = self._own(element, "code")
            self._codes_seen.add(guid)
            self._code_notes[guid] = self._refs(element, "NoteRef")
            yield Code(
                guid=guid,
                name=element.get("name") or "",
                parent=parent,
                description=text_below(element, "Description"),
            )
            stack += [(child, guid) for child in reversed(list(children(element, "Code")))]

    def _values(self, element: Any) -> dict[str, str]:
        values: dict[str, str] = {}
        for value in children(element, "VariableValue"):
            variable = next(iter(self._refs(value, "VariableRef")), None)
            text = next(("".join(child.itertext()) for child in value if local_name(child).endswith("Value")), None)
            if variable and text and text.strip():
                values[variable] = text.strip()
        return values

    def _case(self, element: Any) -> Case:
        guid = self._own(element, "case")
        coded = guid in self._codes_seen
        sources = self._refs(element, "SourceRef")
        # MAXQDA and Quirkos write a nameless case for each source, to hold its variables.
        named = element.get("name") or (self._titles.get(sources[0]) if len(sources) == 1 else None)
        return Case(
            guid=guid,
            name=named or guid,
            sources=sources,
            selections=self._refs(element, "SelectionRef"),
            values=self._values(element),
            codes=(*self._refs(element, "CodeRef"), *([guid] if coded else [])),
            coded=coded,
            description=text_below(element, "Description"),
        )

    def _codings(self, element: Any) -> tuple[Coding, ...]:
        return tuple(
            Coding(
                code=next(iter(self._refs(coding, "CodeRef")), None),
                user=_guid(coding.get("creatingUser")) or _guid(element.get("creatingUser")),
                notes=self._refs(coding, "NoteRef"),
            )
            for coding in children(element, "Coding")
        )

    def _source(self, element: Any) -> Source:
        guid, kind = self._own(element, "source"), local_name(element)
        parts: list[Part] = [self._part(element)] if kind == "TextSource" else []
        parts += [self._part(child) for child in children(element, "Representation", "Transcript", "TextDescription")]
        names = ("PDFSelection", "PictureSelection", "AudioSelection", "VideoSelection")
        beside = list(children(element, *names))
        in_text = {one.guid for part in parts for one in part.selections}
        # Some programs write what is selected in a PDF's text twice, under one guid: on the page and in the text.
        again = {one: child for child in beside if (one := _guid(child.get("guid"))) in in_text}
        parts = [
            evolve(
                part,
                selections=tuple(
                    evolve(one, codings=(*one.codings, *self._codings(again[one.guid]))) if one.guid in again else one
                    for one in part.selections
                ),
            )
            for part in parts
        ]
        return Source(
            guid=guid,
            name=element.get("name") or guid,
            kind=kind.removesuffix("Source").lower(),
            parts=tuple(parts),
            selections=tuple(self._selection(child) for child in beside if _guid(child.get("guid")) not in in_text),
            codings=self._codings(element),
            values=self._values(element),
            description=text_below(element, "Description"),
            notes=self._refs(element, "NoteRef"),
        )

    def _part(self, element: Any) -> Part:
        chosen = children(element, "PlainTextSelection", "TranscriptSelection")
        sync = {
            guid: position
            for point in children(element, "SyncPoint")
            if (guid := _guid(point.get("guid"))) and (position := self._number(point, "position")) is not None
        }
        return Part(
            content=text_below(element, "PlainTextContent"),
            path=element.get("plainTextPath"),
            rich=element.get("richTextPath"),
            selections=tuple(self._selection(child) for child in chosen),
            sync=sync,
        )

    def _number(self, element: Any, name: str) -> int | None:
        value = element.get(name)
        if value is None:
            return None
        plain = value.strip()
        if plain.isascii() and plain.isdigit() and len(plain) < 16:  # noqa: PLR2004  # more is no place in any text
            return int(plain)
        self._wrong(element, f"{name}={value[:20]!r} is no offset", "export the project again")
        return None

    def _selection(self, element: Any) -> Selection:
        inner = first(element, "Representation")
        text = None if inner is None else text_below(inner, "PlainTextContent")
        shown = ("page", "firstX", "firstY", "secondX", "secondY", "begin", "end")
        place = " ".join(f"{name} {element.get(name)}" for name in shown if element.get(name))
        return Selection(
            guid=self._own(element, "selection"),
            name=(text or element.get("name") or "").strip(),
            start=self._number(element, "startPosition"),
            end=self._number(element, "endPosition"),
            codings=self._codings(element),
            place=place,
            syncs=(_guid(element.get("fromSyncPoint")), _guid(element.get("toSyncPoint"))),
            description=text_below(element, "Description"),
            notes=self._refs(element, "NoteRef"),
        )
