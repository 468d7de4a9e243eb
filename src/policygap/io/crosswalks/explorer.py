"""The Mapping Explorer's JSON comes in and a study of links goes out, or the other way round.

The format is that of the Center for Threat-Informed Defense: https://center-for-threat-informed-defense.github.io.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from ...errors import Problem, StudyError
from ...package import Package
from ..jsonfile import load_json
from ..limits import Limits
from ..mapping import CodeMapping
from ..outgoing import Outgoing, Written
from .links import Links, losses_of, text_or_none

__all__ = ["looks_like_explorer", "read_explorer", "write_explorer"]

_NONE: Final = "non_mappable"
_RELATIONS: Final = ("equal", "subset", "superset", "intersects")
_KEPT: Final = ("mapping_type", "comments", "references", "status", "score_category", "score_value", "related_score")
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
    said: dict[str, Any] = given if isinstance(given, dict) else {}
    links = Links()
    framework = text_or_none(said.get("mapping_framework"))
    version = text_or_none(said.get("mapping_framework_version"))
    source = links.add_source(" ".join(filter(None, (framework, version))) or None, kind="framework")
    for number, one in enumerate(objects, start=1):
        if not isinstance(one, dict):
            what = f"mapping object {number} is no object"
            links.problems.append(Problem(file=path.name, what=what, fix=_AGAIN))
            continue
        _add(links, one, number, groups=said.get("capability_groups"), source=source, file=path.name)
    meta = {"title": " ".join(filter(None, (framework, version, "mapping")))} if framework else {}
    return links.package(path, meta)


def _add(links: Links, one: dict[str, Any], number: int, *, groups: Any, source: str | None, file: str) -> None:
    theme, target = text_or_none(one.get("capability_id")), text_or_none(one.get("attack_object_id"))
    kind = text_or_none(one.get("mapping_type"))
    if theme is None and target is None:
        what = f"mapping object {number} has neither a capability_id nor an attack_object_id"
        links.problems.append(Problem(file=file, what=what, fix=_AGAIN))
        return
    kept = {name: text_or_none(one.get(name)) for name in _KEPT} | {"source": source}
    if theme is not None:
        group = text_or_none(one.get("capability_group"))
        shown = text_or_none(groups.get(group)) if isinstance(groups, dict) else None
        theme = links.add_theme(theme, text_or_none(one.get("capability_description")), group=shown or group)
    if target is not None:
        target = links.add_target(target, text_or_none(one.get("attack_object_name")), kind="attack_object")
    if kind == _NONE and theme is None:
        links.leave_unmatched(str(target), **kept)
    elif theme is not None and (kind == _NONE or target is not None):
        relation = "none" if kind == _NONE else kind if kind in _RELATIONS else "intersects"
        links.relate(theme, target, relation, **kept)
    else:
        missing = "capability_id" if theme is None else "attack_object_id"
        what = f"mapping object {number} has no {missing}, and is not {_NONE}"
        links.problems.append(Problem(file=file, what=what, fix="complete it, or delete it"))


def write_explorer(outgoing: Outgoing, name: str) -> Written:
    """Write the links of a study as mapping objects; relations are the types of the mapping."""
    held = {
        "themes": ["id", "label", "group"],
        "targets": ["id", "label", "kind"],
        "links": ["theme", "target", "relation", *_KEPT],
    }
    losses = losses_of(outgoing, held)
    labels = {row["id"]: row["label"] for side in ("themes", "targets") for row in outgoing.rows(side)}
    group_of = {row["id"]: row.get("group") for row in outgoing.rows("themes")}
    objects: list[dict[str, Any]] = []
    for row in outgoing.rows("links"):
        target, relation = row.get("target"), row.get("relation")
        objects.append(
            {
                "capability_id": row["theme"],
                "capability_description": labels[row["theme"]],
                "capability_group": group_of[row["theme"]],
                "mapping_type": _type(relation, row.get("mapping_type")),
                "attack_object_id": target,
                "attack_object_name": labels.get(target or ""),
                "comments": row.get("comments", ""),
                "references": [text for text in row.get("references", "").split(";") if text],
                "status": row.get("status", "complete"),
            }
        )
    types = sorted({str(one["mapping_type"]) for one in objects})
    metadata = {
        "mapping_version": str(outgoing.meta.get("version", "")),
        "mapping_framework": name,
        "mapping_types": {kind: {"name": kind, "description": ""} for kind in types},
        "capability_groups": {group: group for group in sorted({one for one in group_of.values() if one})},
    }
    text = json.dumps({"metadata": metadata, "mapping_objects": objects}, ensure_ascii=False, indent=1)
    return Written(data=f"{text}\n".encode(), losses=losses)


def _type(relation: str | None, before: str | None) -> str | None:
    """The mapping's type: the relation, or where that says little, the type that the file had before."""
    if relation == "none":
        return _NONE
    return before if before and relation == "intersects" else relation
