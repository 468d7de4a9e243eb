"""A mapping set in SSSOM's TSV (1.1) comes in and a study of links goes out, or the other way round.

The standard is at https://mapping-commons.github.io/sssom/.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from ...errors import Problem, StudyError, missing_extra
from ...package import Package
from ..jsonfile import read_bounded
from ..limits import Limits
from ..mapping import CodeMapping
from ..naming import slug
from ..outgoing import Outgoing, Written
from .links import Links, losses_of, text_or_none

__all__ = ["looks_like_sssom", "read_sssom", "write_sssom"]

_REQUIRED: Final = ("subject_id", "predicate_id", "object_id")
_NO_TERM: Final = "NoTermFound"
_RELATION_OF: Final = {
    **dict.fromkeys(("exactMatch", "equivalentClass", "equivalentProperty", "sameAs"), "equal"),
    **dict.fromkeys(("broadMatch", "subClassOf", "subPropertyOf"), "subset"),
    **dict.fromkeys(("narrowMatch", "superClassOf"), "superset"),
    **dict.fromkeys(("closeMatch", "relatedMatch", "seeAlso", "hasDbXref"), "intersects"),
}
_WRITTEN: Final = {
    "equal": "skos:exactMatch",
    "subset": "skos:broadMatch",
    "superset": "skos:narrowMatch",
    "intersects": "skos:relatedMatch",
    "none": "skos:relatedMatch",
}
# Slots that a set may give once for all of its mappings.
_PASSED_DOWN: Final = (
    "subject_type", "subject_source", "subject_source_version", "object_type", "object_source",
    "object_source_version", "mapping_provider", "mapping_tool", "mapping_tool_version", "mapping_date",
    "similarity_measure", "predicate_type",
)  # fmt: skip
_HELD: Final = {"subject_id", "subject_label", "object_id", "object_label", "predicate_modifier"}
_MOST_METADATA: Final = 1_000_000  # characters before the table
_UNSPECIFIED: Final = "https://w3id.org/sssom/license/unspecified"
_OURS: Final = "urn:policygap:"


def looks_like_sssom(start: bytes) -> bool:
    """Whether a file's start is that of a mapping set."""
    return b"subject_id" in start and b"object_id" in start


def read_sssom(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a mapping set: subjects as themes, objects as targets, ``sssom:NoTermFound`` as none."""
    text = read_bounded(path, limits).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    top = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    metadata = _read_metadata([line[1:] for line in lines[:top]], path)
    reader = csv.reader(lines[top:], delimiter="\t", strict=False)
    try:
        table = [(top + reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise _failed(path.name, top + reader.line_num, f"this is no TSV ({error})") from None
    if not table:
        raise _failed(path.name, None, "it holds no mappings")
    number, header = table[0]
    names = [name.strip() for name in header]
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise _failed(path.name, number, f"the columns {', '.join(missing)} are not there")
    filler = _Filler(path.name, metadata)
    for number, cells in table[1:]:
        if len(cells) > len(names):
            filler.wrong(number, None, f"the row has {len(cells)} cells, and the header {len(names)}")
            continue
        filler.add(number, {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()})
    filler.remark()
    title = text_or_none(metadata.get("mapping_set_title"))
    meta = {"title": title} if title else {}
    kept = {name: metadata[name] for name in ("mapping_set_id", "license", "mapping_set_version") if name in metadata}
    return filler.links.package(path, {**meta, **{name: str(value) for name, value in kept.items()}})


def _failed(file: str, row: int | None, what: str) -> StudyError:
    fix = "see https://mapping-commons.github.io/sssom/ for what a mapping set holds"
    return StudyError([Problem(file=file, row=row, what=what, fix=fix)])


def _read_metadata(lines: list[str], path: Path) -> dict[str, Any]:
    """The metadata above the table, or in the file of the same name that ends in ``.yml``."""
    text = "\n".join(lines)
    beside = [path.with_name(f"{path.name.removesuffix('.tsv')}{end}") for end in (".yml", ".yaml")]
    if not text.strip():
        found = next((one for one in beside if one.is_file() and one.stat().st_size <= _MOST_METADATA), None)
        text = "" if found is None else found.read_text(encoding="utf-8-sig", errors="replace")
    if not text.strip():
        return {}
    if len(text) > _MOST_METADATA:
        raise _failed(path.name, 1, f"the metadata has more than {_MOST_METADATA:,} characters")
    try:
        import yaml
    except ImportError as error:
        raise missing_extra("reading SSSOM's metadata", "mappings") from error
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise _failed(path.name, 1, "the metadata has YAML aliases (*name), which no mapping set has")
        content = yaml.load(text, Loader=yaml.BaseLoader)  # texts, lists and mappings alone: no dates, no numbers
    except (yaml.YAMLError, RecursionError) as error:
        said = str(error).replace("\n", " ")
        raise _failed(path.name, 1, f"the metadata is no YAML ({said})") from None
    if not isinstance(content, dict):
        raise _failed(path.name, 1, "the metadata is no list of keys and values")
    return {str(key): value for key, value in content.items()}


class _Filler:
    """Makes links of mappings."""

    def __init__(self, file: str, metadata: Mapping[str, Any]) -> None:
        self._file = file
        self._passed = {name: text for name in _PASSED_DOWN if (text := text_or_none(metadata.get(name)))}
        prefixes = metadata.get("curie_map")
        self._ours = {
            str(prefix) for prefix, iri in prefixes.items() if str(iri).startswith(_OURS)
        } if isinstance(prefixes, dict) else set[str]()  # fmt: skip
        self._set = text_or_none(metadata.get("mapping_set_title")) or text_or_none(metadata.get("mapping_set_id"))
        self._unknown: dict[str, int] = {}
        self._negated = 0
        self._both = 0
        self.links = Links()

    def wrong(self, row: int, column: str | None, what: str) -> None:
        fix = "see https://mapping-commons.github.io/sssom/"
        self.links.problems.append(Problem(file=self._file, row=row, column=column, what=what, fix=fix))

    def add(self, number: int, given: dict[str, str]) -> None:
        row = {**self._passed, **given}
        empty = [name for name in _REQUIRED if name not in row]
        if empty:
            self.wrong(number, empty[0], f"{', '.join(empty)} is empty")
            return
        source = self.links.add_source(self._set, kind="mapping set")
        columns = {name: text for name, text in row.items() if name not in _HELD}
        columns = {"coder": row.get("author_label") or row.get("author_id"), **columns, "source": source}
        from_id = to_id = None
        if _is_term(row["subject_id"]):
            from_id = self.links.add_theme(self._name(row["subject_id"]), row.get("subject_label"))
        if _is_term(row["object_id"]):
            framework = self.links.add_source(row.get("object_source"), kind="framework")
            name, kind = self._name(row["object_id"]), self._kind(row["object_id"])
            to_id = self.links.add_target(name, row.get("object_label"), kind, source=framework)
        if from_id and to_id:
            self._relate(from_id, to_id, row, columns)
        elif from_id:
            self.links.relate(from_id, None, "none", **columns)
        elif to_id:
            self.links.leave_unmatched(to_id, source=source)
        else:
            self._both += 1

    def _relate(self, theme: str, target: str, row: Mapping[str, str], columns: dict[str, str | None]) -> None:
        local = _local(row["predicate_id"])
        relation = _RELATION_OF.get(local)
        if relation is None:
            self._unknown[row["predicate_id"]] = self._unknown.get(row["predicate_id"], 0) + 1
            relation = "intersects"
        if row.get("predicate_modifier", "").lower() == "not":
            if relation != "intersects":
                self._negated += 1
                return
            relation = "none"
        self.links.relate(theme, target, relation, **columns)

    def _name(self, reference: str) -> str:
        prefix, colon, local = reference.partition(":")
        return unquote(local).partition("/")[2] or unquote(local) if colon and prefix in self._ours else reference

    def _kind(self, reference: str) -> str:
        prefix, _, local = reference.partition(":")
        return unquote(local.partition("/")[0]) if prefix in self._ours and "/" in local else "focus_area"

    def remark(self) -> None:
        remarks = self.links.remarks
        for predicate, count in self._unknown.items():
            remarks.append(f"The predicate {predicate} ({count}) is no set relation, and is read as 'intersects'.")
        if self._negated:
            remarks.append(
                f"Negated mappings ({self._negated}) were left out: that two are not equal, or not one within the "
                "other, leaves open how they relate."
            )
        if self._both:
            remarks.append(f"Mappings in which no term was found on either side ({self._both}) were left out.")


def _local(reference: str) -> str:
    return reference.rpartition("#")[2].rpartition("/")[2].rpartition(":")[2]


def _is_term(reference: str) -> bool:
    return _local(reference) != _NO_TERM


def write_sssom(outgoing: Outgoing, name: str) -> Written:
    """Write the links of a study as a mapping set."""
    held = {
        "themes": ["id", "label"],
        "targets": ["id", "label", "kind"],
        "links": ["theme", "target", "relation", "coder", "basis", "note", "comment"],
    }
    losses = losses_of(outgoing, held)
    labels = {row["id"]: row["label"] for side in ("themes", "targets") for row in outgoing.rows(side)}
    kind_of = {row["id"]: row["kind"] for row in outgoing.rows("targets")}
    study = f"{_OURS}{slug(name)}"
    names = ("subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label",
             "mapping_justification", "author_label", "subject_source", "object_source", "comment")  # fmt: skip
    stream = io.StringIO(newline="")
    for key, value in _metadata(outgoing, study, name).items():
        stream.write(f"#{key}: {json.dumps(value, ensure_ascii=False)}\n")
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerow(names)
    for row in outgoing.rows("links"):
        target, relation = row.get("target"), row.get("relation", "intersects")
        writer.writerow(
            [
                f"theme:{quote(row['theme'], safe='')}",
                labels[row["theme"]],
                _WRITTEN[relation],
                "Not" if relation == "none" and target else "",
                f"target:{quote(kind_of[target], safe='')}/{quote(target, safe='')}" if target else f"sssom:{_NO_TERM}",
                labels.get(target or "", ""),
                "semapv:LexicalMatching" if row.get("basis") == "rule" else "semapv:ManualMappingCuration",
                row.get("coder", ""),
                f"{study}:themes",
                f"{study}:targets",
                row.get("note", row.get("comment", "")),
            ]
        )
    return Written(data=stream.getvalue().encode(), losses=losses)


def _metadata(outgoing: Outgoing, study: str, name: str) -> dict[str, Any]:
    licences = outgoing.meta.get("licenses")
    first = (
        licences[0].get("path") if isinstance(licences, list) and licences and isinstance(licences[0], dict) else None
    )
    return {
        "sssom_version": "1.1",
        "mapping_set_id": study,
        "mapping_set_title": str(outgoing.meta.get("title") or name),
        "license": first or _UNSPECIFIED,
        "curie_map": {"urn": "urn:", "theme": f"{study}:theme:", "target": f"{study}:target:"},
    }
