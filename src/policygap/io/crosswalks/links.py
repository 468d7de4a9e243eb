"""Pairs and explicit nones of any crosswalk come in; the tables of a study of links go out, with what contradicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from ...errors import Problem, StudyError
from ...package import Package
from ..codebook import Row, to_tables
from ..naming import slug
from ..outgoing import Outgoing

__all__ = ["Links", "losses_of", "text_or_none"]

_SHOWN: Final = 5
_MOST_NONES: Final = 200_000  # rows that say of targets without a theme that they were compared with every theme
_SPELT: Final = {";": ",", "\n": " ", "\r": " ", "\t": " "}

Columns = Mapping[str, str | None]


def text_or_none(value: Any) -> str | None:
    """A value of JSON as a cell: text and numbers as they are, lists of texts separated by semicolons.

    Examples
    --------
    >>> text_or_none(["a", "b"]), text_or_none(1.5), text_or_none(""), text_or_none({})
    ('a;b', '1.5', None, None)
    """
    if isinstance(value, list):
        return ";".join(text for text in map(text_or_none, value) if text) or None
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return (value.strip() or None) if isinstance(value, str) else None


def _id(name: str) -> str:
    """A name as an id, which holds nothing that ends an item of a list or a line."""
    return "".join(_SPELT.get(char, char) for char in name if char in _SPELT or char.isprintable()).strip()


@define
class Links:
    """Gathers a crosswalk: themes, targets and what relates them."""

    themes: dict[str, Row] = field(factory=dict)
    targets: dict[str, Row] = field(factory=dict)
    sources: dict[str, Row] = field(factory=dict)
    rows: list[Row] = field(factory=list)
    unmatched: dict[str, Row] = field(factory=dict)
    remarks: list[str] = field(factory=list)
    problems: list[Problem] = field(factory=list)

    def add_theme(self, name: str, label: str | None = None, **columns: str | None) -> str:
        """Name a theme; later columns fill what is empty."""
        return _keep(self.themes, _id(name), label, columns)

    def add_target(self, name: str, label: str | None = None, kind: str = "focus_area", **columns: str | None) -> str:
        """Name a target."""
        return _keep(self.targets, _id(name), label, {"kind": kind, **columns})

    def add_source(self, name: str | None, **columns: str | None) -> str | None:
        """Name a source, such as one of the two frameworks; none where there is no name."""
        if not name:
            return None
        key = slug(name) if name.isascii() else _id(name)
        self.sources.setdefault(key, {"id": key, "title": name, **columns})
        return key

    def relate(self, theme: str, target: str | None, relation: str, **columns: str | None) -> None:
        """A link; without a target and with ``none``, the theme was compared with all and fits none."""
        self.rows.append({"theme": theme, "target": target, "relation": relation, **columns})

    def leave_unmatched(self, target: str, **columns: str | None) -> None:
        """A target that was compared with all themes and fits none."""
        self.unmatched.setdefault(target, dict(columns))

    def package(self, path: Path, meta: Mapping[str, Any]) -> Package:
        """The study's tables; an id that stands on both sides gets a mark on the side of the targets."""
        self._remark_on_contradictions()
        self._add_unmatched()
        both = {name for name in self.targets if name in self.themes}
        names = {name: f"to:{name}" if name in both else name for name in self.targets}
        if both:
            shown = ", ".join(sorted(both)[:_SHOWN])
            self.remarks.append(f"Ids that stand on both sides ({len(both)}: {shown}) begin with 'to:' as targets.")
        tables = {
            "sources": list(self.sources.values()),
            "themes": list(self.themes.values()),
            "targets": [{**row, "id": names[str(row["id"])]} for row in self.targets.values()],
            "links": [{**row, "target": names.get(row["target"] or "")} for row in self.rows],
        }
        return Package(
            name=slug(path.name.partition(".")[0]),
            meta={"id": slug(path.name.partition(".")[0]), **meta},
            tables=to_tables(tables),
            problems=tuple(self.problems),
            remarks=tuple(self.remarks),
        )

    def _remark_on_contradictions(self) -> None:
        related = {(row["theme"], row["target"]) for row in self.rows if row["relation"] != "none"}
        pairs = {(row["theme"], row["target"]) for row in self.rows if row["relation"] == "none" and row["target"]}
        alone = {row["theme"] for row in self.rows if row["target"] is None}
        themes, targets = {theme for theme, _ in related}, {target for _, target in related}
        both = [f"{theme} – {target}" for theme, target in related & pairs]
        for what, found in (
            ("pairs are both mapped and marked as none", both),
            ("themes are mapped and also marked as fitting no target", themes & alone),
            ("targets are mapped and also marked as fitting no theme", targets & set(self.unmatched)),
        ):
            names = sorted(name for name in found if name)
            if names:
                shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
                self.remarks.append(f"Contradiction: {what} ({len(names)}): {shown}.")

    def _add_unmatched(self) -> None:
        """Targets that fit no theme were compared with every theme of the file."""
        if not self.unmatched:
            return
        count = len(self.unmatched) * len(self.themes)
        if count > _MOST_NONES:
            self.remarks.append(
                f"Of {len(self.unmatched)} targets the file says that no theme fits. That would be {count:,} rows, so "
                "those cells are left empty."
            )
            return
        known = {(row["theme"], row["target"]) for row in self.rows}
        for target, columns in self.unmatched.items():
            self.rows += [
                {**columns, "theme": theme, "target": target, "relation": "none"}
                for theme in self.themes
                if (theme, target) not in known
            ]
        shown = ", ".join(list(self.unmatched)[:_SHOWN])
        self.remarks.append(f"Targets that fit no theme ({len(self.unmatched)}: {shown}) have 'none' with every theme.")


def _keep(rows: dict[str, Row], name: str, label: str | None, columns: Columns) -> str:
    row = rows.setdefault(name, {"id": name, "label": None})
    row["label"] = label or (row["label"] if row["label"] != name else None) or name
    for column, text in columns.items():
        row[column] = row.get(column) or text
    return name


def losses_of(outgoing: Outgoing, held: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A sentence for each table, and each filled column of a table, that a format does not hold.

    Parameters
    ----------
    outgoing
        The study's tables.
    held
        The columns that the format holds, by table.

    Raises
    ------
    StudyError
        Where the study has no links, which are all that such a format holds.
    """
    if "links" not in outgoing.tables:
        fix = "choose a format for statements, such as .qdpx"
        raise StudyError([Problem(file="links", what="the study has no links, and this format holds no more", fix=fix)])
    losses: list[str] = []
    for table, frame in outgoing.tables.items():
        if table not in held:
            losses.append(f"The format has no place for {table} ({len(frame)}).")
            continue
        lost = [str(name) for name in frame.columns if name not in held[table] and frame[name].notna().any()]
        if lost:
            losses.append(f"The format has no place for columns of {table}: {', '.join(lost)}.")
    linked = {side: {row.get(side) for row in outgoing.rows("links")} for side in ("theme", "target")}
    for side, ids in linked.items():
        alone = [row["id"] for row in outgoing.rows(f"{side}s") if row["id"] not in ids]
        if alone:
            losses.append(f"Without a link, and so left out: {side}s ({len(alone)}): {', '.join(alone[:_SHOWN])}.")
    return tuple(losses)
