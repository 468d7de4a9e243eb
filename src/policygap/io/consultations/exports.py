"""The code sets and references of an EPPI-Reviewer export come in; codes, and codings by passage, go out, checked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from ..codebook import Code, CodeSet, Row
from .findings import Findings, natural, plain

__all__ = ["KEPT", "Export", "Passage", "Reference"]

_AGAIN: Final = "export it again from EPPI-Reviewer"
_ALL_SETS: Final = "export it again, with all coding tools that its references were coded with"
_PAGE: Final = re.compile(r"\s*Page ([0-9]{1,6}):\s*(?=\[¬s\])")
_MARKS: Final = re.compile(r"\[¬s\]\"?|\"?\[¬e\]\"?")
KEPT: Final = {
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
_READ: Final = {*KEPT, "ItemId", "Title", "Year", "URL", "TypeName", "Publisher", "Codes", "ItemStatus"}
_READ_OF_ATTRIBUTE: Final = {
    "AttributeId",
    "AttributeName",
    "AttributeType",
    "AttributeTypeId",
    "AttributeSetId",
    "AttributeDescription",
    "AttributeSetDescription",
    "Attributes",
}
_READ_OF_PASSAGE: Final = {"ItemDocumentId", "DocTitle", "Text", "TextFrom", "TextTo", "IsFromPDF"}
_READ_OF_CODE: Final = {"AttributeId", "AdditionalText", "ArmId", "ArmTitle", "ItemAttributeFullTextDetails"}


@frozen(kw_only=True)
class Passage:
    """What was highlighted in a document, or with no text the whole reference."""

    document: str = ""
    start: str = ""
    end: str = ""
    text: str = ""
    place: str = ""


@define(kw_only=True)
class Reference:
    """A reference, and the codings of each passage."""

    record: dict[str, Any]
    row: int
    said: dict[Passage, list[Row]] = field(factory=dict)


@define
class Export:
    """Gathers what a file holds.

    Attributes
    ----------
    file
        Its name.
    codes
        By ``AttributeId``, those above before those below.
    sets
        The codes of each code set.
    references
        By ``ItemId``, each with its codings by passage.
    used
        How many codings each code has.
    counts
        What was there twice, or empty.
    """

    file: str
    findings: Findings = field(factory=Findings)
    codes: dict[str, Code] = field(factory=dict)
    sets: list[CodeSet] = field(factory=list)
    references: dict[str, Reference] = field(factory=dict)
    used: Counter[str] = field(factory=Counter)
    counts: Counter[str] = field(factory=Counter)
    _dangling: Counter[str] = field(factory=Counter)

    def leave(self, what: str, value: Any) -> None:
        """Count what has no place; what is empty is nothing."""
        if value not in (None, "", [], {}, 0):
            self.findings.unread[what[:100]] += 1

    def _wrong(self, what: str, fix: str = _AGAIN) -> None:
        self.findings.wrong(self.file, what, fix)

    # codes

    def add_sets(self, sets: Sequence[Any]) -> None:
        """Name the codes of all code sets, those above before those below."""
        for number, one in enumerate(sets, start=1):
            if not isinstance(one, dict):
                self._wrong(f"code set {number} is no object")
                continue
            name = plain(one.get("SetName")) or f"Code set {number}"
            found = [guid for guid, _ in self._walk(one, None, name)]
            self.sets.append(CodeSet(name=name, codes=tuple(found)))
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
        before = self.codes.setdefault(guid, code)
        if before is not code:
            again = before == code
            self.counts["codes"] += again
            if not again:
                self._wrong(f"the code {guid[:80]} is there twice ({before.name[:80]!r}, and below {of[:80]!r})")
            return False
        for key in one.keys() - _READ_OF_ATTRIBUTE:
            self.leave(f"{key} of a code", one[key])
        return True

    # references

    def add_references(self, references: Sequence[Any]) -> None:
        """Add each reference once, with its passages."""
        for number, one in enumerate(references, start=1):
            name = plain(one.get("ItemId")) if isinstance(one, dict) else None
            if name is None:
                self._wrong(f"reference {number} has no ItemId")
                continue
            before = self.references.setdefault(name, Reference(record=one, row=number))
            if before.record is one:
                self._add_codings(before, name)
            elif json.dumps(before.record, sort_keys=True) == json.dumps(one, sort_keys=True):
                self.counts["references"] += 1
            else:
                what = f"references {before.row} and {number} have the same ItemId, {name[:80]}, and differ"
                self._wrong(what, "keep one of the two")
        for guid, count in sorted(self._dangling.items(), key=lambda pair: natural(pair[0])):
            self._wrong(f"{count:,} codings name a code that is in no code set, {guid[:80]}", _ALL_SETS)

    def _add_codings(self, reference: Reference, name: str) -> None:
        codes = reference.record.get("Codes")
        if codes is not None and not isinstance(codes, list):
            self._wrong(f"the Codes of reference {name[:80]} are no list")
        for one in codes if isinstance(codes, list) else []:
            guid = plain(one.get("AttributeId")) if isinstance(one, dict) else None
            if guid is None:
                self._wrong(f"a coding of reference {name[:80]} has no AttributeId")
            elif guid not in self.codes:
                self._dangling[guid] += 1
            else:
                self.used[guid] += 1
                self._add_coding(reference, one, guid, name)
        for key in reference.record.keys() - _READ:
            self.leave(f"{key} of a reference", reference.record[key])

    def _add_coding(self, reference: Reference, one: dict[str, Any], guid: str, name: str) -> None:
        arm = plain(one.get("ArmTitle")) or plain(one.get("ArmId") or None)
        row: Row = {"code": guid, "note": plain(one.get("AdditionalText")), "arm": arm}
        passages = list(self._passages(one.get("ItemAttributeFullTextDetails"), name))
        for passage in dict.fromkeys(passages or [Passage()]):
            given = reference.said.setdefault(passage, [])
            if row in given:
                self.counts["codings"] += 1
            else:
                given.append(row)
        for key in one.keys() - _READ_OF_CODE:
            self.leave(f"{key} of a coding", one[key])

    def _passages(self, details: Any, name: str) -> Iterator[Passage]:
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
            self.counts["empty"] += not text
            for key in one.keys() - _READ_OF_PASSAGE:
                self.leave(f"{key} of a passage", one[key])
            document = plain(one.get("ItemDocumentId")) or ""
            yield Passage(document=document, start=start, end=end, text=text or "(no text)", place=place)
