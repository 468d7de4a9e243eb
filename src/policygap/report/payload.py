"""What a report says comes in; the evidence behind it, packed in columns for the page's script, goes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ..matrices import Matrix, linked_cells
from ..messages import say, word
from ..units import collect_units
from .content import Content

__all__ = ["pack_evidence"]

_LATER = {name: f"{{{name}}}" for name in ("rows", "columns", "statements", "speakers")}  # the script fills these in
_WORDS = (
    "speakers", "statements", "share", "contested", "linked", "none", "zero", "not_assessed", "theme", "sort", "map",
    "status", "found", "more", "close", "link", "speaker", "source", "kind", "voice", "coding", "id",
)  # fmt: skip


def pack_evidence(content: Content) -> dict[str, Any]:
    """Pack the statements that count, what they touch, and what was looked at.

    Returns
    -------
    dict
        Plain data: long columns of small numbers, each distinct text once. Statements keep the study's order, and
        the touches stand in the order of their statements.
    """
    touches, study, language = content.coverage.touches, content.study, content.language
    frame = study.statements
    kept = np.flatnonzero(touches.counted)
    place = np.full(len(frame), -1)
    place[kept] = np.arange(len(kept))
    rows = touches.rows.sort_values(["statement", "code"], kind="stable")
    rows = rows[touches.counted[rows["statement"].to_numpy()]]
    units = collect_units(touches, "speaker")
    speakers, statement_speakers = _speakers(content, units.speaker_of(kept))
    counted = frame.iloc[kept]
    columns = {name: _coded(counted[name]) for name in ("source", "kind", "voice")}
    bases, coders = _coded(rows["basis"]), _coded(rows["coder"])
    return {
        "language": language,
        "codes": [{"id": code.id, "label": content.label(code), "kind": code.kind} for code in study.codes],
        "kinds": [{"id": kind, "label": word("kind", kind, language)} for kind in study.target_kinds],
        "speakers": speakers,
        "sources": _source_titles(content, columns["source"][1]),
        "statement_kinds": [word("statement_kind", name, language) for name in columns["kind"][1]],
        "voices": [word("voice", name, language) for name in columns["voice"][1]],
        "bases": [word("basis", name, language) for name in bases[1]],
        "coders": coders[1],
        "statements": {
            "id": counted["id"].astype(object).tolist(),
            "speaker": statement_speakers,
            "text": content.texts(counted),
            "locator": counted["locator"].astype(object).where(counted["locator"].notna(), "").tolist(),
            **{name: codes for name, (codes, _) in columns.items()},
        },
        "touches": {
            "statement": place[rows["statement"].to_numpy()].tolist(),
            "code": rows["code"].to_numpy().tolist(),
            "polarity": (rows["supports"].to_numpy() * 1 + rows["against"].to_numpy() * 2).tolist(),
            "basis": bases[0],
            "coder": coders[0],
        },
        "not_assessed": {
            kind: place[np.flatnonzero(touches.counted & ~touches.assessed(kind))].tolist() for kind in touches.looked
        },
        "links": {kind: _links(content, kind) for kind in study.target_kinds},
        "orders": {kind: order_by_likeness(matrix) for kind, matrix in content.matrices.items()},
        "traces": _traces(content),
        "words": {name: say(f"page.{name}", language, **_LATER) for name in _WORDS}
        | {"polarity": ["", *(say(f"page.{name}", language) for name in ("for", "against_it", "both_ways"))]},
    }


def _coded(series: pd.Series) -> tuple[list[int], list[str]]:
    """A column as positions in the list of its distinct texts; -1 where missing."""
    codes, distinct = pd.factorize(series.astype(object), sort=True)
    return codes.tolist(), [str(name) for name in distinct]


def _speakers(content: Content, names: Iterable[Any]) -> tuple[list[dict[str, Any]], list[int]]:
    """Who speaks, with the place of their actor group, and for each statement the place of its speaker."""
    groups = {group.id: place for place, group in enumerate(content.study.groups)}
    labels = {group.id: content.label(group) for group in content.study.groups}
    actors = {actor.id: actor for actor in content.study.actors}
    codes, distinct = pd.factorize(np.asarray(list(names), dtype=object))
    speakers = []
    for name in map(str, distinct):
        group = actors[name].group if name in actors else name
        label = content.label(actors[name]) if name in actors else labels.get(name, name)
        speakers.append(
            {"id": name, "label": label, "group": groups.get(group, -1), "group_label": labels.get(group, "")}
        )
    return speakers, codes.tolist()


def _source_titles(content: Content, ids: list[str]) -> list[str]:
    titles = {source.id: str(content.text_of(source, "title")) for source in content.study.sources}
    return [titles.get(name, name) for name in ids]


def _links(content: Content, kind: str) -> dict[str, list[int]]:
    related, unrelated = linked_cells(content.study, kind)
    return {"related": np.flatnonzero(related).tolist(), "unrelated": np.flatnonzero(unrelated).tolist()}


def _traces(content: Content) -> dict[str, dict[str, Any]]:
    """The statements, responses and links behind each gap."""
    return {
        f"{gap.table}/{gap.subject}": {
            "sentence": gap.sentence(content.language),
            "statements": list(gap.statements),
            "notes": [*gap.responses, *gap.links],
        }
        for gap in content.gaps
    }


def order_by_likeness(matrix: Matrix) -> dict[str, list[int]]:
    """Orders of rows and columns that put like beside like: average linkage, leaves in their best order.

    The order of leaves is that of Bar-Joseph, Gifford and Jaakkola (2001), as scipy has it.
    """
    counts = np.log1p(matrix.values.astype(float).fillna(0).to_numpy())
    return {"rows": _leaves(counts), "columns": _leaves(counts.T)}


def _leaves(counts: Any) -> list[int]:
    from scipy.cluster import hierarchy  # heavy, and an extra
    from scipy.spatial import distance

    most, least = 2_000, 3  # beyond the one it takes minutes, below the other there is nothing to order
    if not least <= len(counts) <= most or not counts.shape[1]:
        return list(range(len(counts)))
    linked = hierarchy.linkage(distance.pdist(counts), method="average", optimal_ordering=True)
    return [int(leaf) for leaf in hierarchy.leaves_list(linked)]
