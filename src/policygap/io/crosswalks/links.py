"""Pairs and explicit nones of any crosswalk come in; the tables of a study of links go out, with what contradicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from ...errors import Problem, printable
from ...package import Package
from ...schema import TABLES
from ..cells import illegal_in_xml, legal_in_xml, unix_lines
from ..codebook import Ids, Row, to_tables
from ..naming import misspelt, slug
from .contradictions import Columns, Unmapped, find_contradictions, find_repeats, shown

__all__ = ["Links", "own_names", "plain_meta", "text_or_none"]

_MOST_NONES: Final = 200_000  # rows that say of targets without a theme that they were compared with every theme
_SPELT: Final = {";": ",", "\n": " ", "\r": " ", "\t": " "}


def text_or_none(value: Any) -> str | None:
    """A value of JSON as a cell: text and numbers as they are, lists of texts separated by semicolons.

    Examples
    --------
    >>> text_or_none(["a", "b"]), text_or_none(1.5), text_or_none(""), text_or_none({})
    ('a;b', '1.5', None, None)
    """
    if isinstance(value, list):
        return ";".join(_item(text) for text in map(text_or_none, value) if text) or None
    if isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return (value.strip() or None) if isinstance(value, str) else None


def _item(text: str) -> str:
    """A text as an item of a list: an address spells its semicolons otherwise, and other texts have commas."""
    return text.replace(";", "%3B" if "://" in text else ",")


def plain_meta(value: Any) -> Any:
    r"""Words about a whole file as a study holds them: keys in one line, and no character that XML can't hold.

    Examples
    --------
    >>> plain_meta({" a ": ["b\x00c"]})
    {'a': ['bc']}
    """
    if isinstance(value, str):
        return legal_in_xml(unix_lines(value))
    if isinstance(value, dict):
        return {" ".join(legal_in_xml(str(key)).split()): plain_meta(item) for key, item in value.items()}
    return [plain_meta(item) for item in value] if isinstance(value, list) else value


def own_names(names: Iterable[str]) -> dict[str, str]:
    """The names of a file's own columns as columns of links; one that means something else there begins with ``file_``.

    Examples
    --------
    >>> own_names(["confidence", "weight", ""])
    {'confidence': 'confidence', 'weight': 'file_weight', '': 'column_3'}
    """
    known = [column.name for column in TABLES["links"].columns]
    found: dict[str, str] = {}
    for place, name in enumerate(names, start=1):
        plain = " ".join(_id(name).split()) or f"column_{place}"
        found[name] = f"file_{plain}" if plain in known or misspelt(plain, known) else plain
    return found


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
    remarks: list[str] = field(factory=list)
    problems: list[Problem] = field(factory=list)
    _alone: list[Unmapped] = field(factory=list, init=False)
    _unmatched: dict[tuple[str, str | None], Unmapped] = field(factory=dict, init=False)
    _frameworks: tuple[dict[str, set[str]], dict[str, set[str]]] = field(factory=lambda: ({}, {}), init=False)
    _ids: Ids = field(factory=Ids, init=False)
    _source_ids: dict[str, str] = field(factory=dict, init=False)
    _respelt: dict[str, str] = field(factory=dict, init=False)

    def add_theme(self, name: str, label: str | None = None, *, of: str | None = None, **columns: str | None) -> str:
        """Name a theme of a framework; later columns fill what is empty."""
        return self._keep(0, name, label, columns, of)

    def add_target(self, name: str, label: str | None = None, kind: str = "focus_area", **columns: str | None) -> str:
        """Name a target; its ``source`` is its framework."""
        return self._keep(1, name, label, {"kind": kind, **columns}, columns.get("source"))

    def _keep(self, side: int, name: str, label: str | None, columns: Columns, of: str | None) -> str:
        key = _id(name) or printable(name)
        if key != name.strip():
            self._respelt.setdefault(name, key)
        if of is not None:
            self._frameworks[side].setdefault(key, set()).add(of)
        return _fill((self.themes, self.targets)[side], key, label, columns)

    def add_source(self, name: str | None, **columns: str | None) -> str | None:
        """Name a source, such as one of the two frameworks; none where there is no name."""
        if not name:
            return None
        if name not in self._source_ids:
            key = self._ids.new(name, "source")
            self._source_ids[name] = key
            self.sources[key] = {"id": key, "title": name, **columns}
        return self._source_ids[name]

    def relate(self, theme: str, target: str, relation: str, columns: Columns) -> None:
        """A link between two codes."""
        self.rows.append({**columns, "theme": theme, "target": target, "relation": relation})

    def leave_alone(self, theme: str, columns: Columns, *, among: str | None = None, sought: str | None = None) -> None:
        """A theme that was compared with all targets, or those of a framework, and fits none."""
        self._alone.append(Unmapped(theme, columns, among, sought))

    def leave_unmatched(
        self, target: str, columns: Columns, *, among: str | None = None, sought: str | None = None
    ) -> None:
        """A target that was compared with all themes, or those of a framework, and fits none."""
        self._unmatched.setdefault((target, among), Unmapped(target, columns, among, sought))

    def package(self, path: Path, meta: Mapping[str, Any]) -> Package:
        """The study's tables; an id that stands on both sides gets a mark on the side of the targets."""
        self._check(path.name)
        self.remarks += [
            *find_repeats(self.rows),
            *find_contradictions(self.rows, (self._alone, tuple(self._unmatched.values())), self._frameworks),
        ]
        self._remark_on_names()
        self._add_alone()
        self._add_unmatched()
        both = {name for name in self.targets if name in self.themes}
        names = {name: f"to:{name}" if name in both else name for name in self.targets}
        if both:
            said = f"Ids that stand on both sides {shown(both)} begin with 'to:' as targets."
            self.remarks.append(said)
        tables = {
            "sources": list(self.sources.values()),
            "themes": list(self.themes.values()),
            "targets": [{**row, "id": names[str(row["id"])]} for row in self.targets.values()],
            "links": [{**row, "target": names.get(row["target"] or "")} for row in self.rows],
        }
        self._clean([row for rows in tables.values() for row in rows])
        return Package(
            name=slug(path.name.partition(".")[0]),
            meta={"id": slug(path.name.partition(".")[0]), **meta},
            tables=to_tables(tables),
            problems=tuple(self.problems),
            remarks=tuple(self.remarks),
        )

    def _clean(self, rows: Iterable[Row]) -> None:
        """Leave out what no study can hold, so that what was read can be written."""
        count = 0
        for row in rows:
            for column, text in row.items():
                if text is not None and illegal_in_xml(text):
                    row[column] = legal_in_xml(text)
                    count += 1
        if count:
            self.remarks.append(f"Control characters were left out of cells, since no study can hold them: {count}.")

    def _check(self, file: str) -> None:
        """What maps nothing is no crosswalk; tables that are not there would be told of otherwise."""
        if self.problems:
            return
        what = fix = ""
        if not self.rows and not self._alone and not self._unmatched:
            what, fix = "it maps nothing", "give a file with at least one pair"
        elif not self.themes or not self.targets:
            side = "themes (what is mapped)" if not self.themes else "targets (what it is mapped to)"
            what, fix = f"it has no {side}, so there is nothing to compare", "give the file with both sides"
        if what:
            self.problems.append(Problem(file=file, what=what, fix=fix))

    def _remark_on_names(self) -> None:
        if self._respelt:
            said = shown(set(self._respelt.values()))
            self.remarks.append(
                f"Ids with semicolons, line breaks or characters that can't be shown are spelt without them ({said})."
            )
        for kind, frameworks in zip(("Themes", "Targets"), self._frameworks, strict=True):
            several = [name for name, of in frameworks.items() if len(of) > 1]
            if several:
                self.remarks.append(f"{kind} whose id stands in several frameworks {shown(several)} are read as one.")

    def _add_alone(self) -> None:
        """Themes that fit nothing; where the file has several frameworks, nothing in one of them."""
        frameworks = {name for of in self._frameworks[1].values() for name in of}
        compared: dict[str, set[str | None]] = {}
        for one in self._alone:
            compared.setdefault(one.name, set()).add(one.among)
        whole: dict[str | int, Unmapped] = {}
        partly: list[Unmapped] = []
        for place, one in enumerate(self._alone):
            if one.among not in frameworks:
                whole[place] = one
            elif frameworks <= compared[one.name]:  # nothing in any of them is nothing at all, said once
                whole.setdefault(one.name if len(frameworks) > 1 else place, one)
            else:
                partly.append(one)
        alone = whole.values()
        self.rows += [{**one.columns, "theme": one.name, "target": None, "relation": "none"} for one in alone]
        self._spell_out(
            [
                (one, one.name, name)
                for one in partly
                for name in self.targets
                if one.among in self._frameworks[1].get(name, ())
            ],
            [one.name for one in partly],
            "Themes that fit no target of one of several frameworks {} have 'none' with each other target of it.",
        )

    def _add_unmatched(self) -> None:
        """Targets that fit no theme were compared with every theme of the file, or of a framework."""
        frameworks = {name for of in self._frameworks[0].values() for name in of}
        several = len(frameworks) > 1
        count = len(self._unmatched) * len(self.themes)
        cells = [
            (one, name, one.name)
            for one in (self._unmatched.values() if count <= 2 * _MOST_NONES else ())
            for name in self.themes
            if not several or one.among is None or one.among in self._frameworks[0].get(name, ())
        ]
        names = [one.name for one in self._unmatched.values()]
        said = "Targets that fit no theme {} have 'none' with every theme" + (" of that framework." if several else ".")
        self._spell_out(cells if count <= 2 * _MOST_NONES else None, names, said, count)

    def _spell_out(
        self, cells: list[tuple[Unmapped, str, str]] | None, names: list[str], said: str, count: int | None = None
    ) -> None:
        """Explicit nones cell by cell, as long as they are not too many."""
        if not names:
            return
        if cells is None or len(cells) > _MOST_NONES:
            number = len(cells) if cells is not None else count
            self.remarks.append(
                f"What fits nothing {shown(names)} would be {number:,} cells with 'none', so those are left empty."
            )
            return
        known = {(row["theme"], row["target"]) for row in self.rows}
        self.rows += [
            {**one.columns, "theme": theme, "target": target, "relation": "none"}
            for one, theme, target in cells
            if (theme, target) not in known
        ]
        self.remarks.append(said.format(shown(names)))


def _fill(rows: dict[str, Row], name: str, label: str | None, columns: Columns) -> str:
    row = rows.setdefault(name, {"id": name, "label": None})
    row["label"] = label or (row["label"] if row["label"] != name else None) or name
    for column, text in columns.items():
        row[column] = row.get(column) or text
    return name
