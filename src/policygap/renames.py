"""Two studies come in; which ids of the old one stand in the new one under another name goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from .io.cells import text_of
from .schema import TABLES
from .study import Study

__all__ = ["Renames", "find_renames", "translate"]

Renames = Mapping[str, Mapping[str, str]]
"""New ids by old ones, by table."""

_TOLD_BY: Final = {
    "groups": "label",
    "actors": "label",
    "questions": "label",
    "themes": "label",
    "targets": "label",
    "statements": "text",
}


def find_renames(old: Study, new: Study) -> dict[str, dict[str, str]]:
    """Find what went and came under the same label, or a statement under the same text, once each.

    Examples
    --------
    >>> import policygap as pg
    >>> old, new = (
    ...     pg.build_study(
    ...         themes=[{"id": name, "label": "Homes"}],
    ...         targets=[{"id": "A", "kind": "focus_area", "label": "Building"}],
    ...         links=[{"theme": name, "target": "A", "relation": "equal"}],
    ...     )
    ...     for name in ("homes", "housing")
    ... )
    >>> find_renames(old, new)
    {'themes': {'homes': 'housing'}}
    """
    found: dict[str, dict[str, str]] = {}
    for table, column in _TOLD_BY.items():
        before, after = (study.tables[table] for study in (old, new))
        gone = _once(before[~before["id"].isin(after["id"])], column)
        come = _once(after[~after["id"].isin(before["id"])], column)
        ids = {name: come[label] for label, name in sorted(gone.items(), key=lambda item: item[1]) if label in come}
        if ids:
            found[table] = ids
    return found


def _once(rows: pd.DataFrame, column: str) -> dict[str, str]:
    """The id of each row by its label, where no other has the same."""
    labels = rows[column]
    once = rows[labels.notna() & ~labels.duplicated(keep=False)]
    return {str(label): str(name) for label, name in zip(once[column], once["id"], strict=True)}


def translate(study: Study, table: str, renames: Renames) -> pd.DataFrame:
    """A table as text, empty cells as ``""``, its ids and those that it refers to by their new names."""
    frame = study.tables[table]
    cells = {str(name): text_of(frame[name]).astype(object).where(frame[name].notna(), "") for name in frame.columns}
    for column in TABLES[table].columns:
        tables = (table,) if column.name == TABLES[table].key else column.refers
        ids = {before: after for name in tables for before, after in renames.get(name, {}).items()}
        if not ids or column.name not in cells:
            continue
        found = [str(cell) for cell in cells[column.name]]
        if column.many:
            found = [";".join(ids.get(item, item) for item in cell.split(";")) for cell in found]
        cells[column.name] = pd.Series([ids.get(cell, cell) for cell in found], index=frame.index, dtype=object)
    return pd.DataFrame(cells, index=frame.index)
