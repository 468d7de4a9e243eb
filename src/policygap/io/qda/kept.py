"""A project comes in; what policygap wrote into its descriptions and notes goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from ..codebook import Code, Row
from .blocks import split_block
from .project import Project
from .writing import ALONE

__all__ = ["Kept", "find_kept"]


@frozen(kw_only=True)
class Kept:
    """What was kept of a study.

    Attributes
    ----------
    codes
        The project's codes, with the ids and columns that they had; without those of ``empty``.
    empty
        For codes that say that no code of a kind fits, the kind, by guid.
    containers
        For codes that only hold others, the kind of target, by guid; ``None`` for themes.
    tables
        Rows of tables that are notes of the project.
    meta
        What the study said of itself; ``None`` where the project is no study of policygap's.
    notes
        The guids of notes that hold rows.
    """

    codes: tuple[Code, ...]
    empty: Mapping[str, str]
    containers: Mapping[str, str | None]
    tables: Mapping[str, list[Row]] = field(factory=dict)
    meta: dict[str, Any] | None = None
    notes: frozenset[str] = frozenset()


def find_kept(project: Project) -> Kept:
    """Find what policygap kept in a project; what is not of the right shape is left where it is."""
    codes: list[Code] = []
    empty: dict[str, str] = {}
    containers: dict[str, str | None] = {}
    for code in project.codes:
        text, block = split_block(code.description)
        if block is None:
            codes.append(code)
        elif block.get("table") == "codings" and block.get("kind"):
            empty[code.guid] = block["kind"]
        elif block.get("table") in ("themes", "targets"):
            containers[code.guid] = block.get("kind") if block["table"] == "targets" else None
            codes.append(evolve(code, description=text))
        else:
            columns = {name: value for name, value in block.items() if name not in ("id", "kind")}
            codes.append(evolve(code, description=text, id=block.get("id") or None, columns=columns))
    tables: dict[str, list[Row]] = {}
    notes: set[str] = set()
    for guid, text in project.notes.items():
        _, block = split_block(text)
        if block and (table := block.pop("table", "")) in ALONE:
            tables.setdefault(table, []).append(dict(block))
            notes.add(guid)
    return Kept(
        codes=tuple(codes),
        empty=empty,
        containers=containers,
        tables=tables,
        meta=_meta(project),
        notes=frozenset(notes),
    )


def _meta(project: Project) -> dict[str, Any] | None:
    _, block = split_block(project.description)
    if block is None or block.get("table") != "study":
        return None
    try:
        meta = json.loads(block.get("meta", "{}"))
    except (ValueError, RecursionError):
        return {}
    return meta if isinstance(meta, dict) else {}
