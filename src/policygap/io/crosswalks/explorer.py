"""The Mapping Explorer's JSON comes in and a study of links goes out, or the other way round.

The format is that of the Center for Threat-Informed Defense: https://center-for-threat-informed-defense.github.io.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from ...errors import Problem, StudyError
from ...package import Package
from ..jsonfile import load_json
from ..limits import Limits
from ..mapping import CodeMapping
from ..outgoing import Outgoing, Written
from .links import Links, own_names, plain_meta, text_or_none
from .losses import losses_of

__all__ = ["looks_like_explorer", "read_explorer", "write_explorer"]

_NONE: Final = "non_mappable"
_RELATIONS: Final = ("equal", "subset", "superset", "intersects")
_CODES: Final = frozenset(
    ("capability_id", "capability_description", "capability_group", "attack_object_id", "attack_object_name")
)
_SCORES: Final = ("score_category", "score_value", "related_score")
_AGAIN: Final = "export it again from the program it was made with"


def looks_like_explorer(start: bytes) -> bool:
    """Whether a file's start is that of such a file."""
    return b'"mapping_objects"' in start


def read_explorer(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a mapping of capabilities (themes) to the objects of another framework (targets)."""
    content = load_json(path, limits)
    objects = content.get("mapping_objects") if isinstance(content, dict) else None
    if not isinstance(objects, list):
        raise StudyError([Problem(file=path.name, what="it holds no list of mapping_objects", fix=_AGAIN)])
    given = content.get("metadata")
    reader = _Reader(path.name, given if isinstance(given, dict) else {})
    for number, one in enumerate(objects, start=1):
        if isinstance(one, dict):
            reader.add(one, number)
        else:
            reader.wrong(f"mapping object {number} is no object")
    reader.remark()
    return reader.links.package(path, reader.meta())


class _Reader:
    def __init__(self, file: str, said: dict[str, Any]) -> None:
        self._file = file
        self._said = said
        self._lost: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self.links = Links()
        groups = said.get("capability_groups")
        self._groups: dict[str, Any] = groups if isinstance(groups, dict) else {}
        self._framework = self._named("mapping_framework", "mapping_framework_version")
        other = self._named("technology_domain", "attack_version")
        self._source = self.links.add_source(self._framework, kind="framework")
        self._other = self.links.add_source(other and f"ATT&CK {other}", kind="framework")

    def _named(self, *keys: str) -> str | None:
        return " ".join(filter(None, (text_or_none(self._said.get(key)) for key in keys))) or None

    def wrong(self, what: str, fix: str = _AGAIN) -> None:
        self.links.problems.append(Problem(file=self._file, what=what, fix=fix))

    def meta(self) -> dict[str, Any]:
        """What is said of the whole mapping, so that it can be written again."""
        plain = {name: text for name, value in self._said.items() if (text := text_or_none(value))}
        types = self._said.get("mapping_types")
        shown = {"mapping_types": _names_of(types)} if isinstance(types, dict) else {}
        title = {"title": plain_meta(f"{self._framework} mapping")} if self._framework else {}
        return {**title, **({"explorer": plain_meta({**plain, **shown})} if plain or shown else {})}

    def remark(self) -> None:
        """Say what has no place in a cell."""
        for name, count in self._lost.items():
            self.links.remarks.append(
                f"What '{name[:40]}' holds in mapping objects ({count}) is no text, and is left out."
            )

    def add(self, one: dict[str, Any], number: int) -> None:
        theme, target = text_or_none(one.get("capability_id")), text_or_none(one.get("attack_object_id"))
        kind = text_or_none(one.get("mapping_type"))
        none = _NONE in (kind, text_or_none(one.get("status")))  # files of today say it in the status alone
        if theme is None and target is None:
            self.wrong(f"mapping object {number} has neither a capability_id nor an attack_object_id")
            return
        if not none and (theme is None or target is None):
            missing = "capability_id" if theme is None else "attack_object_id"
            self.wrong(f"mapping object {number} has no {missing}, and is not {_NONE}", "complete it, or delete it")
            return
        columns = self._columns(one)
        if theme is not None:
            group = text_or_none(one.get("capability_group"))
            label = text_or_none(one.get("capability_description"))
            theme = self.links.add_theme(theme, label, group=text_or_none(self._groups.get(group or "")) or group)
        if target is not None:
            name = text_or_none(one.get("attack_object_name"))
            target = self.links.add_target(target, name, kind="attack_object", source=self._other)
        if theme is not None and target is not None:
            relation = "none" if none else kind if kind in _RELATIONS else "intersects"
            self.links.relate(theme, target, relation, columns)
        elif theme is not None:
            self.links.leave_alone(theme, columns)
        else:
            self.links.leave_unmatched(str(target), columns)

    def _columns(self, one: dict[str, Any]) -> dict[str, str | None]:
        """Everything else that the object says; lists are lists in a cell."""
        others = {name: value for name, value in one.items() if name not in _CODES}
        self._names |= own_names(name for name in others if name not in self._names)
        for name, value in others.items():
            if text_or_none(value) is None and value not in (None, "", []):
                self._lost[name] += 1
        return {**{self._names[name]: text_or_none(value) for name, value in others.items()}, "source": self._source}


def _names_of(types: dict[str, Any]) -> dict[str, str]:
    """The name that is shown of each type."""
    shown = {kind: text_or_none(one.get("name")) if isinstance(one, dict) else None for kind, one in types.items()}
    return {kind: name or kind for kind, name in shown.items()}


def write_explorer(outgoing: Outgoing, name: str) -> Written:
    """Write the links of a study as mapping objects; relations are the types of the mapping."""
    held = {
        "study": ["version", "explorer"],
        "themes": ["id", "label", "group"],
        "targets": ["id", "label", "kind"],
        "links": ["theme", "target", "relation", "mapping_type", "status", "comments", "references", *_SCORES],
    }
    losses = losses_of(outgoing, held)
    labels = {row["id"]: row["label"] for side in ("themes", "targets") for row in outgoing.rows(side)}
    groups = {row["id"]: row.get("group") for row in outgoing.rows("themes")}
    objects: list[dict[str, Any]] = []
    for row in outgoing.rows("links"):
        target, none = row.get("target"), row.get("relation") == "none"
        objects.append(
            {
                "capability_id": row["theme"],
                "capability_description": labels[row["theme"]],
                "capability_group": groups[row["theme"]],
                "mapping_type": _type(row.get("relation"), row.get("mapping_type")),
                "attack_object_id": target,
                "attack_object_name": labels.get(target or ""),
                "comments": row.get("comments", ""),
                "references": [text for text in row.get("references", "").split(";") if text],
                "status": _NONE if none else row.get("status", "complete"),
                **{score: row[score] for score in _SCORES if score in row},
            }
        )
    metadata = _metadata(outgoing, name, sorted({str(one["mapping_type"]) for one in objects}))
    metadata["capability_groups"] = {group: group for group in sorted({one for one in groups.values() if one})}
    text = json.dumps({"metadata": metadata, "mapping_objects": objects}, ensure_ascii=False, indent=1)
    return Written(data=f"{text}\n".encode(), losses=losses)


def _metadata(outgoing: Outgoing, name: str, kinds: list[str]) -> dict[str, Any]:
    given = outgoing.meta.get("explorer")
    before: dict[str, Any] = given if isinstance(given, dict) else {}
    types = before.get("mapping_types")
    shown: dict[str, Any] = types if isinstance(types, dict) else {}
    return {
        "mapping_version": str(outgoing.meta.get("version", "")),
        "mapping_framework": name,
        **before,
        "mapping_types": {kind: {"name": shown.get(kind, kind), "description": ""} for kind in kinds},
    }


def _type(relation: str | None, before: str | None) -> str | None:
    """The mapping's type: the relation, or where that says little, the type that the file had before."""
    if relation == "none":
        return _NONE
    return before if before and relation == "intersects" else relation
