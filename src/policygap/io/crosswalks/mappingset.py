"""The tables of a study come in and a mapping set in SSSOM's TSV (1.1) goes out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from ..naming import slug
from ..outgoing import Outgoing, Written
from .losses import losses_of
from .slots import OURS, RELATION_OF, SLOTS, join, local_name

__all__ = ["write_sssom"]

_PREDICATE_OF: Final = {
    "equal": "skos:exactMatch",
    "subset": "skos:broadMatch",
    "superset": "skos:narrowMatch",
    "intersects": "skos:relatedMatch",
    "none": "skos:relatedMatch",
}
_UNSPECIFIED: Final = "https://w3id.org/sssom/license/unspecified"
_MADE: Final = ("subject_id", "subject_label", "predicate_modifier", "object_id", "object_label")


def write_sssom(outgoing: Outgoing, name: str) -> Written:
    """Write the links of a study as a mapping set; what such a set said before is said again."""
    said = outgoing.meta.get("sssom")
    before: Mapping[str, Any] = said if isinstance(said, dict) else {}
    held = {
        "study": ["title", "licenses", "sssom"],
        "themes": ["id", "label"],
        "targets": ["id", "label", "kind"],
        "links": ["theme", "target", "relation", "coder", "basis", "note", "comment"],
    }
    # Slots of a study that never was a mapping set may hold anything: "confidence" is a number there.
    again = [*(name for name in SLOTS if name not in _MADE), *_extensions(before)] if before else []
    losses = losses_of(outgoing, {**held, "links": [*held["links"], *again]})
    writer = _Writer(outgoing, name, before)
    rows = [writer.row(row, again) for row in outgoing.rows("links")]
    names = [name for name in dict.fromkeys((*SLOTS, *again)) if name in _MADE or any(row.get(name) for row in rows)]
    stream = io.StringIO(newline="")
    for key, value in writer.metadata().items():
        stream.write(f"#{key}: {json.dumps(value, ensure_ascii=False)}\n")
    table = csv.writer(stream, delimiter="\t", lineterminator="\n")
    table.writerow(names)
    table.writerows([row.get(name, "") for name in names] for row in rows)
    return Written(data=stream.getvalue().encode(), losses=losses)


def _extensions(before: Mapping[str, Any]) -> list[str]:
    """The slots that the set declares itself."""
    given = before.get("extension_definitions")
    items = given if isinstance(given, list) else []
    return [str(item["slot_name"]) for item in items if isinstance(item, dict) and "slot_name" in item]


class _Writer:
    def __init__(self, outgoing: Outgoing, name: str, before: Mapping[str, Any]) -> None:
        self._meta = outgoing.meta
        self._before = before
        self._title = str(outgoing.meta.get("title") or name)
        self._study = f"{OURS}{slug(name)}"
        self._ours = {"theme": f"{self._study}:theme:", "target": f"{self._study}:target:", "urn": "urn:"}
        given = before.get("curie_map")
        self._prefixes = {str(key): str(iri) for key, iri in given.items()} if isinstance(given, dict) else {}
        self._labels = {row["id"]: row["label"] for side in ("themes", "targets") for row in outgoing.rows(side)}
        self._kinds = {row["id"]: row["kind"] for row in outgoing.rows("targets")}

    def row(self, row: Mapping[str, str], again: list[str]) -> dict[str, str]:
        """A link as a mapping."""
        target, relation = row.get("target"), row.get("relation", "intersects")
        predicate = row.get("predicate_id") if "predicate_id" in again else None
        fits = predicate and (relation == "none" or RELATION_OF.get(local_name(predicate), "intersects") == relation)
        negated = relation == "none" and target and RELATION_OF.get(local_name(predicate or "")) != "none"
        if negated and RELATION_OF.get(local_name(predicate or "")) != "intersects":
            fits = False  # only that two are not related says that there is nothing between them
        authors = row.get("author_label") if "author_label" in again else None
        by_rule = row.get("basis") == "rule"
        return {
            "mapping_justification": "semapv:LexicalMatching" if by_rule else "semapv:ManualMappingCuration",
            "subject_source": f"{self._study}:themes",
            "object_source": f"{self._study}:targets",
            "comment": row.get("note", row.get("comment", "")),
            **{name: row[name] for name in again if name in row},
            "author_label": authors or join([row["coder"]] if "coder" in row else []),
            "predicate_id": str(predicate) if fits else _PREDICATE_OF[relation],
            "predicate_modifier": "Not" if negated else "",
            "subject_id": self._known(row["theme"]) or f"theme:{quote(row['theme'], safe='')}",
            "subject_label": self._labels[row["theme"]],
            "object_id": self._object(target) if target else "sssom:NoTermFound",
            "object_label": self._labels.get(target or "", ""),
        }

    def _object(self, target: str) -> str:
        kind = self._kinds[target]
        known = self._known(target) if kind == "focus_area" else None
        return known or f"target:{quote(kind, safe='')}/{quote(target, safe='')}"

    def _known(self, name: str) -> str | None:
        """An id that is a short form of an address by a prefix that the set had, as it is."""
        prefix, colon, local = name.partition(":")
        usable = prefix in self._prefixes and prefix not in self._ours
        return name if colon and usable and local and not any(char.isspace() for char in name) else None

    def metadata(self) -> dict[str, Any]:
        """What is said of the whole set."""
        licences = self._meta.get("licenses")
        first = (
            licences[0].get("path")
            if isinstance(licences, list) and licences and isinstance(licences[0], dict)
            else None
        )
        return {
            "mapping_set_id": self._study,
            **self._before,
            "sssom_version": "1.1",
            "mapping_set_title": self._title,
            "license": first or _UNSPECIFIED,
            "curie_map": {**self._prefixes, **self._ours},
        }
