"""An export of EPPI-Reviewer (JSON) and a mapping come in; a study's raw tables go out, and remarks on what was chosen.

The file holds ``CodeSets``, whose codes are nested, and ``References`` with the codes that they were given; so do the
files that EPPI-Mapper and EPPI-Vis read: https://eppi.ioe.ac.uk.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from ...errors import Problem, StudyError
from ...package import Package
from ..codebook import Code, CodeSet, Groups, Ids, Row, divide_codes, propose_targets, say_proposal, to_tables
from ..jsonfile import load_json
from ..limits import Limits
from ..mapping import CodeMapping
from ..naming import slug
from .findings import Findings, find_variable, listed, natural, plain

__all__ = ["looks_like_eppi", "read_eppi"]

_AGAIN: Final = "export it again from EPPI-Reviewer"
_ALL_SETS: Final = "export it again, with all coding tools that its references were coded with"
_YEAR: Final = re.compile(r"[0-9]{4}")
_PAGE: Final = re.compile(r"\s*Page ([0-9]{1,6}):\s*(?=\[¬s\])")
_MARKS: Final = re.compile(r"\[¬s\]\"?|\"?\[¬e\]\"?")
_VARIABLES: Final = ("TypeName", "Country", "Publisher", "Institution", "ParentTitle", "City", "Year")
_KEPT: Final = {
    "ShortTitle": "short_title",
    "Authors": "authors",
    "DOI": "doi",
    "Abstract": "abstract",
    "Keywords": "keywords",
    "Comments": "comments",
    "ParentTitle": "parent_title",
    "ParentAuthors": "parent_authors",
    "Month": "month",
    "Volume": "volume",
    "Issue": "issue",
    "Pages": "pages",
    "Edition": "edition",
    "StandardNumber": "standard_number",
    "Institution": "institution",
    "City": "city",
    "Country": "country",
    "Availability": "availability",
    "OldItemId": "old_item_id",
    "ItemStatusTooltip": "item_status",
    "QuickCitation": "citation",
    "DateCreated": "date_created",
    "CreatedBy": "created_by",
    "DateEdited": "date_edited",
    "EditedBy": "edited_by",
}
_READ: Final = {*_KEPT, "ItemId", "Title", "Year", "URL", "TypeName", "Publisher", "Codes", "ItemStatus"}
_READ_OF_CODE: Final = {"AttributeId", "AdditionalText", "ArmId", "ArmTitle", "ItemAttributeFullTextDetails"}


def looks_like_eppi(start: bytes) -> bool:
    """Whether a file's start is that of such an export."""
    return b'"CodeSets"' in start or (b'"References"' in start and b'"ItemId"' in start)


def read_eppi(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read an export: references become sources, the passages that were coded statements, codes themes and targets."""
    content = load_json(path, limits)
    held = {key: content.get(key) for key in ("CodeSets", "References")} if isinstance(content, dict) else {}
    problems = [
        Problem(file=path.name, what=f"it holds no list of {key}", fix=_AGAIN)
        for key in ("CodeSets", "References")
        if not isinstance(held.get(key), list)
    ]
    if problems:
        raise StudyError(problems)
    builder = _Builder(path, mapping)
    builder.add_sets(content["CodeSets"])
    builder.add_references(content["References"])
    for other in sorted(content.keys() - held.keys()):
        builder.leave(other, content[other])
    return builder.package()


@frozen(kw_only=True)
class _Passage:
    """What was highlighted in a document, or with no text the whole reference."""

    document: str = ""
    start: str = ""
    end: str = ""
    text: str = ""
    place: str = ""


@define(kw_only=True)
class _Reference:
    """A reference, and the codings of each passage."""

    record: dict[str, Any]
    row: int
    said: dict[_Passage, list[Row]] = field(factory=dict)


class _Builder:
    """Makes a study's tables of an export."""

    def __init__(self, path: Path, mapping: CodeMapping | None) -> None:
        self._file, self._name, self._toml = path.name, path.stem, path.with_suffix(".toml").name
        self._mapping = mapping
        self._findings = Findings()
        self._codes: dict[str, Code] = {}
        self._sets: list[CodeSet] = []
        self._references: dict[str, _Reference] = {}
        self._dangling, self._used, self._counts = Counter[str](), Counter[str](), Counter[str]()

    def leave(self, what: str, value: Any) -> None:
        """Count what has no place; what is empty is nothing."""
        if value not in (None, "", [], {}, 0):
            self._findings.unread[what[:100]] += 1

    def _wrong(self, what: str, fix: str = _AGAIN) -> None:
        self._findings.wrong(self._file, what, fix)

    # codes

    def add_sets(self, sets: Sequence[Any]) -> None:
        """Name the codes of all code sets, those above before those below."""
        for number, one in enumerate(sets, start=1):
            if not isinstance(one, dict):
                self._wrong(f"code set {number} is no object")
                continue
            name = plain(one.get("SetName")) or f"Code set {number}"
            found = [guid for guid, _ in self._walk(one, None, name)]
            self._sets.append(CodeSet(name=name, codes=tuple(found)))
            for key in one.keys() - {"SetName", "Attributes", "SetId", "ReviewSetId", "SetType"}:
                self.leave(f"{key} of a code set", one[key])

    def _walk(self, holder: dict[str, Any], above: str | None, of: str) -> Iterator[tuple[str, str | None]]:
        inner = holder.get("Attributes")
        found = inner.get("AttributesList") if isinstance(inner, dict) else inner
        if found is None:
            return
        if not isinstance(found, list):
            self._wrong(f"the codes below {of[:80]!r} are no list")
            return
        for one in found:
            guid = plain(one.get("AttributeId")) if isinstance(one, dict) else None
            if guid is None:
                self._wrong(f"a code below {of[:80]!r} has no AttributeId")
                continue
            if not self._add_code(one, guid, above, of):
                continue
            yield guid, above
            yield from self._walk(one, guid, str(plain(one.get("AttributeName")) or guid))

    def _add_code(self, one: dict[str, Any], guid: str, above: str | None, of: str) -> bool:
        """Whether this code is new; one that is there already has to stand at the same place."""
        texts = (plain(one.get("AttributeDescription")), plain(one.get("AttributeSetDescription")))
        columns = {"attribute_id": guid, "attribute_type": plain(one.get("AttributeType"))}
        code = Code(
            guid=guid,
            name=plain(one.get("AttributeName")) or guid,
            parent=above,
            description="\n\n".join(dict.fromkeys(text for text in texts if text)) or None,
            columns={name: text for name, text in columns.items() if text is not None},
        )
        before = self._codes.setdefault(guid, code)
        if before is not code:
            again = before == code
            self._counts["codes"] += again
            if not again:
                self._wrong(f"the code {guid[:80]} is there twice ({before.name[:80]!r}, and below {of[:80]!r})")
            return False
        for key in ("ExtURL", "ExtType", "OriginalAttributeID"):
            self.leave(f"{key} of a code", one.get(key))
        return True

    # references

    def add_references(self, references: Sequence[Any]) -> None:
        """Add each reference once, with its passages."""
        for number, one in enumerate(references, start=1):
            name = plain(one.get("ItemId")) if isinstance(one, dict) else None
            if name is None:
                self._wrong(f"reference {number} has no ItemId")
                continue
            before = self._references.setdefault(name, _Reference(record=one, row=number))
            if before.record is one:
                self._add_codings(before, name)
            elif json.dumps(before.record, sort_keys=True) == json.dumps(one, sort_keys=True):
                self._counts["references"] += 1
            else:
                what = f"references {before.row} and {number} have the same ItemId, {name[:80]}, and differ"
                self._wrong(what, "keep one of the two")
        for guid, count in sorted(self._dangling.items(), key=lambda pair: natural(pair[0])):
            self._wrong(f"{count:,} codings name a code that is in no code set, {guid[:80]}", _ALL_SETS)

    def _add_codings(self, reference: _Reference, name: str) -> None:
        codes = reference.record.get("Codes")
        if codes is not None and not isinstance(codes, list):
            self._wrong(f"the Codes of reference {name[:80]} are no list")
        for one in codes if isinstance(codes, list) else []:
            guid = plain(one.get("AttributeId")) if isinstance(one, dict) else None
            if guid is None:
                self._wrong(f"a coding of reference {name[:80]} has no AttributeId")
            elif guid not in self._codes:
                self._dangling[guid] += 1
            else:
                self._used[guid] += 1
                self._add_coding(reference, one, guid, name)
        for key in reference.record.keys() - _READ:
            self.leave(f"{key} of a reference", reference.record[key])

    def _add_coding(self, reference: _Reference, one: dict[str, Any], guid: str, name: str) -> None:
        arm = plain(one.get("ArmTitle")) or plain(one.get("ArmId") or None)
        row: Row = {"code": guid, "note": plain(one.get("AdditionalText")), "arm": arm}
        passages = list(self._passages(one.get("ItemAttributeFullTextDetails"), name))
        for passage in dict.fromkeys(passages or [_Passage()]):
            given = reference.said.setdefault(passage, [])
            if row in given:
                self._counts["codings"] += 1
            else:
                given.append(row)
        for key in one.keys() - _READ_OF_CODE:
            self.leave(f"{key} of a coding", one[key])

    def _passages(self, details: Any, name: str) -> Iterator[_Passage]:
        if details is not None and not isinstance(details, list):
            self._wrong(f"the ItemAttributeFullTextDetails of reference {name[:80]} are no list")
        for one in details if isinstance(details, list) else []:
            if not isinstance(one, dict):
                self._wrong(f"a highlighted passage of reference {name[:80]} is no object")
                continue
            raw = plain(one.get("Text")) or ""
            page = _PAGE.match(raw)
            text = _MARKS.sub("", raw[page.end() :] if page else raw).strip()
            start, end = plain(one.get("TextFrom")) or "0", plain(one.get("TextTo")) or "0"
            places = (
                plain(one.get("DocTitle")),
                f"page {page[1]}" if page else None,
                f"{start}-{end}" if (start, end) != ("0", "0") else None,
            )
            place = ", ".join(part for part in places if part)
            self._counts["empty"] += not text
            document = plain(one.get("ItemDocumentId")) or ""
            yield _Passage(document=document, start=start, end=end, text=text or "(no text)", place=place)

    # the tables

    def package(self) -> Package:
        """The study's tables."""
        codes = self._with_ids()
        if self._mapping is None:
            group = "TypeName" if any(self._value(one, "TypeName") for one in self._references.values()) else None
            self._mapping = CodeMapping(targets=propose_targets(codes, self._sets), group=group)
            said = say_proposal(self._mapping.targets, group, self._toml, said="passages and references")
            self._findings.remarks.append(said)
        division = divide_codes(codes, self._sets, self._mapping, self._used, self._toml)
        for what, fix in division.problems:
            self._findings.wrong(self._toml, what, fix)
        self._findings.remarks += division.remarks
        tables: dict[str, list[Row]] = {"themes": division.themes, "targets": division.targets}
        tables |= self._tell(division.ids, self._mapping)
        self._remark()
        self._findings.finish()
        return Package(
            name=slug(self._name),
            meta={"id": slug(self._name), "title": self._name},
            tables=to_tables(tables),
            problems=tuple(self._findings.problems),
            remarks=tuple(self._findings.remarks),
        )

    def _with_ids(self) -> list[Code]:
        """The codes with ids that do not hang on the order in which they are listed, and the set of each."""
        ids, named = Ids({"no-target": 1}), dict[str, str]()
        for guid in sorted(self._codes, key=natural):
            named[guid] = ids.new(self._codes[guid].name, "code")
        sets = {guid: one.name for one in self._sets for guid in one.codes}
        return [
            Code(
                guid=guid,
                name=code.name,
                parent=code.parent,
                description=code.description,
                id=named[guid],
                columns={**code.columns, "code_set": sets[guid]},
            )
            for guid, code in self._codes.items()
            if guid in sets
        ]

    def _tell(self, codes: dict[str, str], mapping: CodeMapping) -> dict[str, list[Row]]:
        """Sources, speakers, statements and codings, by the references' ids."""
        tables: dict[str, list[Row]] = {name: [] for name in ("sources", "groups", "actors", "statements", "codings")}
        ids, statements = Ids(), Ids()
        groups = Groups(ids)
        variable, wrong = find_variable(mapping.group, _VARIABLES)
        if wrong is not None:
            self._findings.wrong(self._toml, *wrong)
        for name in sorted(self._references, key=natural):
            one = self._references[name]
            source = self._source(one, f"item-{name}", ids)
            tables["sources"].append(source)
            speaker = ids.new(f"{source['id']}-authors", "authors")
            label = self._value(one, "ShortTitle") or source["title"]
            group = groups.find(self._value(one, variable) if variable else "References")
            tables["actors"].append({"id": speaker, "label": label, "group": group})
            for passage, codings in sorted(one.said.items() or [(_Passage(), [])], key=_order):
                row = self._statement(one, passage, source, speaker, mapping.kind)
                row["id"] = statements.new(str(row["id"]), "statement")
                tables["statements"].append(row)
                tables["codings"] += [
                    {**coding, "statement": row["id"], "code": codes[str(coding["code"])]}
                    for coding in sorted(codings, key=lambda coding: str(sorted(coding.items())))
                    if coding["code"] in codes
                ]
        tables["groups"] += groups.rows
        return tables

    def _value(self, one: _Reference, name: str) -> str | None:
        return plain(one.record.get(name))

    def _source(self, one: _Reference, name: str, ids: Ids) -> Row:
        kept = {column: self._value(one, key) for key, column in _KEPT.items()}
        year = self._value(one, "Year")
        exact = year if year and _YEAR.fullmatch(year) else None
        url = self._value(one, "URL") or (f"https://doi.org/{kept['doi']}" if kept["doi"] else None)
        title = self._value(one, "Title") or kept["short_title"] or f"Reference {name}"
        self._counts[f"status:{kept['item_status'] or self._value(one, 'ItemStatus') or 'none'}"] += 1
        return {
            **{column: text for column, text in kept.items() if text},
            "id": ids.new(name, "item"),
            "title": title,
            "kind": self._value(one, "TypeName"),
            "publisher": self._value(one, "Publisher"),
            "year": exact,
            **({"year_as_given": year} if year and not exact else {}),
            "url": url,
        }

    def _statement(self, one: _Reference, passage: _Passage, source: Row, speaker: str, kind: str) -> Row:
        row: Row = {"id": str(source["id"]), "speaker": speaker, "kind": kind, "source": source["id"]}
        if passage.text:
            row["id"] = f"{source['id']}-passage"
            return row | {
                "text": passage.text,
                "locator": passage.place or None,
                "voice": "quote",
                "document": passage.document or None,
            }
        self._counts["whole"] += 1
        texts = (source["title"], self._value(one, "Abstract"))
        return row | {"text": "\n\n".join(text for text in texts if text), "locator": "title and abstract"}

    # what was tolerated

    def _remark(self) -> None:
        say, counts = self._findings.remarks.append, self._counts
        say("The export does not say who coded, so codings have no coder.")
        if counts["whole"]:
            say(
                "Where no passage is highlighted, title and abstract of the reference stand for what it says "
                f"({counts['whole']:,})."
            )
        if counts["empty"]:
            say(f"Highlighted passages without a text ({counts['empty']:,}) are kept as '(no text)'.")
        for what in ("references", "codes", "codings"):
            if counts[what]:
                say(f"There twice, and read once: {what} ({counts[what]:,}).")
        statuses = sorted(name.partition(":")[2] for name in counts if name.startswith("status:"))
        if len(statuses) > 1:
            shown = ", ".join(f"{status} ({counts[f'status:{status}']:,})" for status in statuses[:10])
            say(f"References are of several statuses, and all are counted: {shown}.")
        if not any(one.said for one in self._references.values()):
            return
        bare = [name for name, one in self._references.items() if not one.said]
        if bare:
            say(f"References without a code ({len(bare):,}) are not assessed: {listed(sorted(bare, key=natural))}.")


def _order(said: tuple[_Passage, list[Row]]) -> tuple[Any, ...]:
    passage = said[0]
    return (*natural(passage.document), *natural(passage.start), *natural(passage.end), passage.text, passage.place)
