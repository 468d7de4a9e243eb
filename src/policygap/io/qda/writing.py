"""A study's tables come in; a project (``.qdpx``) or a codebook (``.qdc``) that coding programs open goes out.

What people look at stands where programs show it: labels as names, texts in sources, codings on selections, groups as
a variable of cases. Every other column stands in descriptions and notes (:mod:`policygap.io.qda.blocks`), so that a
project that is read again is the same study.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from ..cells import unix_lines
from ..outgoing import Outgoing, Written
from .blocks import join_block

__all__ = ["ALONE", "write_qdc", "write_qdpx"]

ALONE: Final = ("questions", "links", "responses", "stated_counts", "claims")
"""Tables whose rows become notes of the project."""

_PROJECT: Final = "urn:QDA-XML:project:1.0"
_CODEBOOK: Final = "urn:QDA-XML:codebook:1.0"
_SPACE: Final = uuid5(NAMESPACE_URL, "urn:policygap")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold; the same study, the same bytes
_BETWEEN: Final = "\n\n"
_SHOWN: Final = 60  # characters of a statement that name its selection, as other programs do it
_DEEPEST: Final = 100  # codes under each other; readers of XML refuse much deeper trees

Row = Mapping[str, str]
Element = ElementTree.Element


def write_qdpx(outgoing: Outgoing, name: str) -> Written:
    """Write a study as a project of coding programs (REFI-QDA).

    Parameters
    ----------
    outgoing
        The tables; every statement becomes a selection of a text source that holds all statements of its source.
    name
        Of the study; it names the project where the study has no title.
    """
    maker = _Project(outgoing, name)
    xml = maker.xml()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in {"project.qde": xml, **maker.texts}.items():
            info = zipfile.ZipInfo(member, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return Written(data=stream.getvalue())


def write_qdc(outgoing: Outgoing, name: str) -> Written:
    """Write a study's themes and targets as a codebook (REFI-QDA)."""
    root = ElementTree.Element("CodeBook", {"xmlns": _CODEBOOK, "origin": "policygap"})
    root.append(_Codes(outgoing, "source").element())
    lost = [table for table, frame in outgoing.tables.items() if table not in ("themes", "targets") and len(frame)]
    losses = [f"A codebook has no place for {table} ({len(outgoing.tables[table])})." for table in lost]
    return Written(data=_bytes(root), losses=tuple(losses))


def _guid(*parts: str) -> str:
    return str(uuid5(_SPACE, json.dumps(parts)))


def _bytes(root: Element) -> bytes:
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    child = ElementTree.SubElement(parent, tag, attributes)
    child.text = text
    return child


def _refer(parent: Element, tag: str, guid: str) -> None:
    _add(parent, tag, targetGUID=guid)


def _rest(row: Row, *shown: str, **more: str) -> dict[str, str]:
    """The columns of a row that are not shown elsewhere."""
    return {**more, **{name: text for name, text in row.items() if name not in shown}}


class _Codes:
    """Makes the codebook: a code that only holds others for themes and for each kind of target.

    ``left`` names columns of targets that are left out.
    """

    def __init__(self, outgoing: Outgoing, *left: str) -> None:
        self._themes = outgoing.rows("themes")
        self._targets = [_rest(row, *left) for row in outgoing.rows("targets")]
        self._empty = dict.fromkeys(
            row["kind"] for row in outgoing.rows("codings") if "code" not in row and "kind" in row
        )

    def element(self) -> Element:
        codes = ElementTree.Element("Codes")
        outer = _add(codes, "Code", guid=_guid("kind", "theme"), name="Themes", isCodable="false")
        _add(outer, "Description", join_block(None, {"table": "themes"}))
        self._fill(outer, self._themes)
        self._fill_empty(outer, "theme")
        kinds = dict.fromkeys([*(row["kind"] for row in self._targets), *self._empty])
        for kind in kinds:
            if kind == "theme":
                continue
            name = kind.replace("_", " ").capitalize()
            outer = _add(codes, "Code", guid=_guid("kind", kind), name=name, isCodable="false")
            _add(outer, "Description", join_block(None, {"table": "targets", "kind": kind}))
            self._fill(outer, [row for row in self._targets if row["kind"] == kind])
            self._fill_empty(outer, kind)
        return codes

    def _fill_empty(self, outer: Element, kind: str) -> None:
        if kind in self._empty:
            code = _add(outer, "Code", guid=_guid("empty", kind), name="(none of these)", isCodable="true")
            said = "Somebody looked, and none of the codes beside this one fits."
            _add(code, "Description", join_block(said, {"table": "codings", "kind": kind}))

    def _fill(self, outer: Element, rows: Iterable[Row]) -> None:
        """Codes under their parents; a parent of another kind is told in the description instead."""
        rows = list(rows)
        ids = {row["id"] for row in rows}
        below: dict[str | None, list[Row]] = {}
        for row in rows:
            parent = row.get("parent")
            below.setdefault(parent if parent in ids else None, []).append(row)
        stack = [(outer, 0, row) for row in reversed(below.get(None, []))]
        while stack:
            parent, depth, row = stack.pop()
            code = _add(parent, "Code", guid=_guid("code", row["id"]), name=row["label"], isCodable="true")
            seen = row.get("parent") in ids and parent is not outer
            shown = [name for name in ("label", "definition") if row.get(name) == row.get(name, "").strip()]
            shown += ["kind", *(["parent"] if seen else [])]
            _add(code, "Description", join_block(_plain(row.get("definition")), _rest(row, *shown)))
            inner, deeper = (code, depth + 1) if depth < _DEEPEST else (outer, 0)
            stack += [(inner, deeper, lower) for lower in reversed(below.get(row["id"], []))]


def _plain(text: str | None) -> str | None:
    return None if text is None else unix_lines(text)


class _Project:
    """Makes the project; ``texts`` are the members that hold the sources' texts."""

    def __init__(self, outgoing: Outgoing, name: str) -> None:
        self._outgoing, self._name = outgoing, name
        self.texts: dict[str, bytes] = {}
        self._notes: list[tuple[str, str, str]] = []
        self._spoken: dict[str, list[str]] = {}
        self._codings: dict[str, list[Row]] = {}
        for row in outgoing.rows("codings"):
            self._codings.setdefault(row["statement"], []).append(row)

    def xml(self) -> bytes:
        meta = self._outgoing.meta
        title = meta.get("title")
        attributes = {"xmlns": _PROJECT, "name": str(title or self._name), "origin": "policygap"}
        root = ElementTree.Element("Project", attributes)
        coders = dict.fromkeys(row["coder"] for rows in self._codings.values() for row in rows if "coder" in row)
        if coders:
            users = _add(root, "Users")
            for coder in coders:
                _add(users, "User", guid=_guid("coder", coder), name=coder)
        _add(root, "CodeBook").append(_Codes(self._outgoing).element())
        sources = self._sources()
        self._cases(root)
        if len(sources):
            root.append(sources)
        for table in ALONE:
            for number, row in enumerate(self._outgoing.rows(table), start=1):
                shown = row.get("id") or str(number)
                self._notes.append((_guid(table, shown), f"{table} {shown}", join_block(None, {"table": table, **row})))
        if self._notes:
            notes = _add(root, "Notes")
            for guid, shown, text in self._notes:
                _add(_add(notes, "Note", guid=guid, name=shown), "PlainTextContent", text)
        told = json.dumps(meta, ensure_ascii=False)
        _add(root, "Description", join_block(None, {"table": "study", "meta": told}))
        return _bytes(root)

    def _cases(self, root: Element) -> None:
        groups, actors = self._outgoing.rows("groups"), self._outgoing.rows("actors")
        if not groups and not actors:
            return
        if actors:
            variable = _guid("variable", "group")
            _add(_add(root, "Variables"), "Variable", guid=variable, name="Actor group", typeOfVariable="Text")
        labels = {row["id"]: row["label"] for row in groups}
        cases = _add(root, "Cases")
        for table, rows in (("actors", actors), ("groups", groups)):
            for row in rows:
                case = _add(cases, "Case", guid=_guid(table, row["id"]), name=row["label"])
                _add(case, "Description", join_block(None, {"table": table, **_rest(row, "label")}))
                if table == "actors":
                    value = _add(case, "VariableValue")
                    _refer(value, "VariableRef", _guid("variable", "group"))
                    _add(value, "TextValue", labels.get(row["group"], row["group"]))
                for guid in self._spoken.get(row["id"], ()):
                    _refer(case, "SelectionRef", guid)

    def _sources(self) -> Element:
        """The sources, each with its statements; those without a source stand in one of their own."""
        said: dict[str | None, list[Row]] = {}
        for row in self._outgoing.rows("statements"):
            said.setdefault(row.get("source"), []).append(row)
        around = ElementTree.Element("Sources")
        for row in self._outgoing.rows("sources"):
            block = join_block(None, {"table": "sources", **_rest(row, "title")})
            self._source(around, _guid("sources", row["id"]), row["title"], block, said.get(row["id"], []))
        if None in said:
            block = join_block(None, {"table": "statements"})
            self._source(around, _guid("statements"), "Statements without a source", block, said[None])
        return around

    def _source(self, around: Element, guid: str, title: str, block: str, rows: Iterable[Row]) -> None:
        source = _add(around, "TextSource", guid=guid, name=title, plainTextPath=f"internal://{guid}.txt")
        _add(source, "Description", block)
        texts: list[str] = []
        start = 0
        for row in rows:
            text = unix_lines(row["text"])
            texts.append(text)
            own = _guid("statements", row["id"])
            self._spoken.setdefault(row["speaker"], []).append(own)
            places = {"startPosition": str(start), "endPosition": str(start + len(text))}
            shown = " ".join(text[:_SHOWN].split())
            selection = _add(source, "PlainTextSelection", guid=own, name=shown, **places)
            kept = _rest(row, "text", "speaker", "source", table="statements")
            _add(selection, "Description", join_block(None, kept))
            for number, coding in enumerate(self._codings.get(row["id"], ())):
                self._coding(selection, number, coding)
            start += len(text) + len(_BETWEEN)
        self.texts[f"sources/{guid}.txt"] = _BETWEEN.join(texts).encode()

    def _coding(self, selection: Element, number: int, row: Row) -> None:
        """A coding; what it says beyond statement, code and coder is a note of its own."""
        guid = _guid("codings", row["statement"], str(number))
        given = {"creatingUser": _guid("coder", row["coder"])} if "coder" in row else {}
        coding = _add(selection, "Coding", guid=guid, **given)
        _refer(coding, "CodeRef", _guid("code", row["code"]) if "code" in row else _guid("empty", row["kind"]))
        shown = ["statement", "code", "coder", *([] if "code" in row else ["kind"])]
        shown += ["note"] if row.get("note") == row.get("note", "").strip() else []
        more = _rest(row, *shown)
        if more or "note" in row:
            note = _guid("note", guid)
            _refer(coding, "NoteRef", note)
            text = join_block(_plain(row.get("note")), {"table": "codings", **more})
            self._notes.append((note, " ".join(more.values())[:_SHOWN] or "note", text))
