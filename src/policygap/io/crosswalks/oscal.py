"""An OSCAL mapping collection (1.2, JSON) comes in and a study of links goes out, or the other way round.

The model is NIST's: https://pages.nist.gov/OSCAL-Reference/models/ (control mapping).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote
from uuid import NAMESPACE_URL, uuid5

from ...errors import Problem, StudyError
from ...package import Package
from ..jsonfile import load_json
from ..limits import Limits
from ..mapping import CodeMapping
from ..naming import slug
from ..outgoing import Outgoing, Written
from .links import Links, plain_meta, text_or_none
from .losses import losses_of

__all__ = ["looks_like_oscal", "read_oscal", "write_oscal"]

_VERSION: Final = "1.2.0"
_RELATIONS: Final = {
    "equal-to": "equal",
    "equivalent-to": "equal",
    "subset-of": "subset",
    "superset-of": "superset",
    "intersects-with": "intersects",
    "no-relationship": "none",
}
_WRITTEN: Final = {relation: said for said, relation in _RELATIONS.items() if said != "equal-to"}
_TOKEN: Final = re.compile(r"[_A-Za-z][-._A-Za-z0-9]*")
_LONG_AGO: Final = "2000-01-01T00:00:00Z"  # where a study does not say when it was made; the same bytes each day
# What of a mapping and of a map is read; the rest is told.
_OF_MAPPINGS: Final = frozenset(
    ("uuid", "source-resource", "target-resource", "maps", "source-gap-summary", "target-gap-summary")
)
_OF_MAPS: Final = frozenset(
    (
        "uuid",
        "ns",
        "relationship",
        "sources",
        "targets",
        "confidence-score",
        "matching-rationale",
        "qualifiers",
        "coverage",
        "remarks",
    )
)
_AGAIN: Final = "export it again from the program it was made with"


def looks_like_oscal(start: bytes) -> bool:
    """Whether a file's start is that of such a collection."""
    return b'"mapping-collection"' in start


def read_oscal(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a mapping collection: sources as themes, targets as targets, what its gap summaries list as none."""
    content = load_json(path, limits)
    collection = content.get("mapping-collection") if isinstance(content, dict) else None
    if not isinstance(collection, dict):
        raise StudyError([Problem(file=path.name, what="it holds no mapping-collection", fix=_AGAIN)])
    reader = _Reader(path.name, _titles_of(collection.get("back-matter")))
    mappings = collection.get("mappings")
    for number, one in enumerate(mappings if isinstance(mappings, list) else [mappings], start=1):
        if isinstance(one, dict):
            reader.add(one, number)
        else:
            reader.wrong(f"mapping {number} is no object")
    reader.remark()
    metadata = collection.get("metadata")
    given: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
    said = {name: text_or_none(given.get(name)) for name in ("title", "version")}
    return reader.links.package(path, plain_meta({name: text for name, text in said.items() if text}))


def _titles_of(matter: Any) -> dict[str, str]:
    """The titles of the resources at a collection's end, by the reference to them."""
    resources = matter.get("resources") if isinstance(matter, dict) else None
    found: dict[str, str] = {}
    for one in resources if isinstance(resources, list) else []:
        name, title = (
            (text_or_none(one.get(key)) for key in ("uuid", "title")) if isinstance(one, dict) else (None, None)
        )
        if name and title:
            found[f"#{name}"] = title
    return found


class _Reader:
    def __init__(self, file: str, titles: dict[str, str]) -> None:
        self._file = file
        self._titles = titles
        self._spread = 0
        self._lost: Counter[str] = Counter()
        self.links = Links()

    def wrong(self, what: str, fix: str = _AGAIN) -> None:
        self.links.problems.append(Problem(file=self._file, what=what, fix=fix))

    def remark(self) -> None:
        """Say what was read as something else, or not at all."""
        remarks = self.links.remarks
        if self._spread:
            remarks.append(
                f"Maps between sets of several ({self._spread}) are read pair by pair, as what then holds of each pair."
            )
        if self._lost:
            lost = ", ".join(f"{name} ({count})" for name, count in sorted(self._lost.items()))
            remarks.append(f"Parts of mappings and maps that have no place in a study were left out: {lost}.")

    def add(self, one: dict[str, Any], number: int) -> None:
        source, target = (self._resource(one, name) for name in ("source-resource", "target-resource"))
        kind = _kind_of(target)
        maps = one.get("maps")
        if not isinstance(maps, list):
            self.wrong(f"mapping {number} has no list of maps")
            maps = []
        from_id, to_id = (self._framework(href) for href in (source, target))
        self._lost.update(name for name in one if name not in _OF_MAPPINGS)
        for place, each in enumerate(maps, start=1):
            if isinstance(each, dict):
                self._map(each, f"map {place} of mapping {number}", kind, from_id, to_id)
            else:
                self.wrong(f"map {place} of mapping {number} is no object")
        columns = {"source": from_id}
        for name in self._unmapped(one, "source-gap-summary", number):
            self.links.leave_alone(self.links.add_theme(name, of=from_id), columns, among=to_id)
        for name in self._unmapped(one, "target-gap-summary", number):
            unmatched = self.links.add_target(name, kind=kind, source=to_id)
            self.links.leave_unmatched(unmatched, columns, among=from_id)

    def _resource(self, one: dict[str, Any], name: str) -> str | None:
        resource = one.get(name)
        return text_or_none(resource.get("href")) if isinstance(resource, dict) else None

    def _framework(self, href: str | None) -> str | None:
        title = self._titles.get(href or "")
        return self.links.add_source(title or href, kind="framework", **({"reference": href} if title else {}))

    def _map(self, each: dict[str, Any], shown: str, kind: str, from_id: str | None, to_id: str | None) -> None:
        relation = self._relation(each, shown)
        if relation is None:
            return
        themes, targets = (list(self._items(each, side, shown)) for side in ("sources", "targets"))
        relation = self._between(relation, len(themes), len(targets))
        self._lost.update(name for name in each if name not in _OF_MAPS)
        kept = {
            "confidence": _first_of(each.get("confidence-score"), "percentage", "category"),
            "rationale": text_or_none(each.get("matching-rationale")),
            "qualifiers": _descriptions(each.get("qualifiers")),
            "coverage": _first_of(each.get("coverage"), "target-coverage"),
            "note": text_or_none(each.get("remarks")),
            "source": from_id,
        }
        for theme, label, sort in themes:
            theme_id = self.links.add_theme(theme, label, of=from_id, type=sort)
            for target, target_label, target_sort in targets:
                target_id = self.links.add_target(target, target_label, kind=kind, type=target_sort, source=to_id)
                self.links.relate(theme_id, target_id, relation, kept)

    def _relation(self, each: dict[str, Any], shown: str) -> str | None:
        said = each.get("relationship")
        said = said.get("type") or said.get("value") if isinstance(said, dict) else said
        relation = _RELATIONS.get(str(said))
        if relation is None and isinstance(said, str) and text_or_none(each.get("ns")):
            self.links.remarks.append(
                f"The relationship {said[:80]!r} of {shown} is of another namespace, and is read as 'intersects'."
            )
            return "intersects"
        if relation is None:
            what = f"the relationship {str(said)[:80]!r} of {shown} is none that is known"
            self.wrong(what, f"use one of {', '.join(_RELATIONS)}")
        return relation

    def _between(self, relation: str, themes: int, targets: int) -> str:
        """What a relation between two sets says of each pair: a part of an equal whole is only a subset of it."""
        if themes == targets == 1 or relation in ("none", "intersects"):
            return relation
        self._spread += 1
        fits = {"subset": targets == 1, "superset": themes == 1}
        if relation == "equal":
            return "subset" if targets == 1 else "superset" if themes == 1 else "intersects"
        return relation if fits[relation] else "intersects"

    def _items(self, each: dict[str, Any], side: str, shown: str) -> Iterator[tuple[str, str | None, str | None]]:
        items = each.get(side)
        found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        # Some files write id_ref, which is how a library calls it, where the standard has id-ref.
        named = {text_or_none(item.get("id-ref")) or text_or_none(item.get("id_ref")): item for item in found}
        if not any(named):
            self.wrong(f"{shown} has no {side} with an id-ref")
        for name, item in named.items():
            if name:
                yield name, text_or_none(item.get("remarks")), text_or_none(item.get("type"))
            else:
                self._lost[f"{side} without an id-ref"] += 1

    def _unmapped(self, one: dict[str, Any], side: str, number: int) -> Iterator[str]:
        summary = one.get(side)
        if summary is None:
            return
        chosen = summary.get("unmapped-controls") if isinstance(summary, dict) else None
        if not isinstance(chosen, list):
            self.wrong(f"the {side} of mapping {number} has no list of unmapped-controls")
            return
        for each in chosen:
            if not isinstance(each, dict):
                self.wrong(f"an unmapped control in the {side} of mapping {number} is no object")
                continue
            ids, patterns = each.get("with-ids"), each.get("matching")
            if text_or_none(each.get("with-child-controls")) == "yes":
                self._lost["with-child-controls"] += 1
            yield from (name for name in map(text_or_none, ids if isinstance(ids, list) else []) if name)
            for pattern in patterns if isinstance(patterns, list) else []:
                name = text_or_none(pattern.get("pattern")) if isinstance(pattern, dict) else None
                if name and not any(char in name for char in "*?"):
                    yield name
                elif name:
                    self.links.remarks.append(
                        f"The pattern {name[:80]!r} in the {side} names no control, and is left out."
                    )


def _first_of(value: Any, *keys: str) -> str | None:
    """What an object says under the first of its keys that it has."""
    given = (text_or_none(value.get(key)) for key in keys) if isinstance(value, dict) else ()
    return next((text for text in given if text), None)


def _descriptions(qualifiers: Any) -> str | None:
    """What each qualifier of a map says, with whom it is about and what kind of thing it is."""
    parts: list[str] = []
    for one in qualifiers if isinstance(qualifiers, list) else []:
        if isinstance(one, dict):
            said = [
                text_or_none(one.get(key)) for key in ("subject", "predicate", "category", "description", "remarks")
            ]
            parts.append(": ".join(filter(None, (" ".join(filter(None, said[:3])), *said[3:]))))
    return text_or_none(parts)


def _kind_of(href: str | None) -> str:
    """The kind of targets; other programs' resources are focus areas."""
    start, _, kind = (href or "").rpartition(":")
    return unquote(kind) if start.startswith("urn:policygap:") and kind else "focus_area"


def write_oscal(outgoing: Outgoing, name: str) -> Written:
    """Write the links of a study as a mapping collection: a mapping for each kind of target."""
    held = {
        "study": ["title", "version", "created"],
        "themes": ["id", "label"],
        "targets": ["id", "label", "kind"],
        "links": ["theme", "target", "relation", "note"],
    }
    losses = list(losses_of(outgoing, held))
    kind_of = {row["id"]: row["kind"] for row in outgoing.rows("targets")}
    labels = {row["id"]: row["label"] for side in ("themes", "targets") for row in outgoing.rows(side)}
    study = f"urn:policygap:{slug(name)}"
    rows = outgoing.rows("links")
    nones = list(dict.fromkeys(row["theme"] for row in rows if "target" not in row))
    kinds = list(dict.fromkeys(kind_of[row["target"]] for row in rows if "target" in row))
    if not kinds:
        what, fix = "no link has a target, and a mapping needs one", "choose another format, such as .sssom.tsv"
        raise StudyError([Problem(file="links", what=what, fix=fix)])
    mappings: list[dict[str, Any]] = []
    for kind in kinds:
        of_kind = [row for row in rows if kind_of.get(row.get("target", "")) == kind]
        one: dict[str, Any] = {
            "uuid": _uuid(study, kind),
            "source-resource": {"type": "catalog", "href": f"{study}:themes"},
            "target-resource": {"type": "catalog", "href": f"{study}:{quote(kind)}"},
            "maps": [_map(study, number, row, labels) for number, row in enumerate(of_kind)],
        }
        if nones:  # a theme that fits no target fits none of any kind
            gaps = {"uuid": _uuid(study, "gaps", kind), "unmapped-controls": _unmapped(nones)}
            one["source-gap-summary"] = gaps
        mappings.append(one)
    title = str(outgoing.meta.get("title") or name)
    created = str(outgoing.meta.get("created") or _LONG_AGO)
    collection = {
        "uuid": _uuid(study),
        "metadata": {
            "title": title,
            "last-modified": created,
            "version": str(outgoing.meta.get("version") or "1"),
            "oscal-version": _VERSION,
        },
        "provenance": {
            "method": "human",
            "matching-rationale": "semantic",
            "status": "complete",
            "mapping-description": title,
        },
        "mappings": mappings,
    }
    text = json.dumps({"mapping-collection": collection}, ensure_ascii=False, indent=1)
    return Written(data=f"{text}\n".encode(), losses=tuple(losses))


def _map(study: str, number: int, row: dict[str, str], labels: dict[str, str]) -> dict[str, Any]:
    relation = row.get("relation", "intersects")
    said = {
        "uuid": _uuid(study, row["theme"], row["target"], str(number)),
        "relationship": _WRITTEN[relation],
        "sources": [{"type": "control", "id-ref": row["theme"], "remarks": labels[row["theme"]]}],
        "targets": [{"type": "control", "id-ref": row["target"], "remarks": labels[row["target"]]}],
    }
    return {**said, **({"remarks": row["note"]} if "note" in row else {})}


def _unmapped(names: list[str]) -> list[dict[str, Any]]:
    """Controls by their ids; an id that is no token of the standard's is a pattern without wildcards."""
    tokens = [name for name in names if _TOKEN.fullmatch(name)]
    others = [{"pattern": name} for name in names if not _TOKEN.fullmatch(name)]
    return [*([{"with-ids": tokens}] if tokens else []), *([{"matching": others}] if others else [])]


def _uuid(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, json.dumps(parts)))
