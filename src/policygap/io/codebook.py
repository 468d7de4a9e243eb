"""Another program's codes and a mapping come in; rows of themes and targets go out, with what was chosen and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd
from attrs import define, field, frozen

from ..package import RawTable
from ..spelling import fold, suggest
from .mapping import CodeMapping, hints
from .naming import slug

__all__ = [
    "Code",
    "CodeSet",
    "Division",
    "Groups",
    "Ids",
    "Row",
    "divide_codes",
    "propose_group",
    "propose_targets",
    "say_proposal",
    "to_tables",
]

_LISTED: Final = 5

Row = dict[str, str | None]


@frozen(kw_only=True)
class Code:
    """A code; ``parent`` is the guid of the one it stands under, which comes before it.

    ``id`` and ``columns`` are what a study gave it before.
    """

    guid: str
    name: str
    parent: str | None = None
    description: str | None = None
    id: str | None = None
    columns: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class CodeSet:
    """A group of codes."""

    name: str
    codes: tuple[str, ...]


@define
class Ids:
    """Ids made of names, each once.

    Examples
    --------
    >>> ids = Ids()
    >>> ids.new("Small towns", "code"), ids.new("small towns", "code"), ids.new("研究", "code")
    ('small-towns', 'small-towns-2', 'code')
    """

    taken: dict[str, int] = field(factory=dict)

    def new(self, name: str, otherwise: str) -> str:
        """An id like a name that no other has; ``otherwise`` is its stem where the name has no plain letter."""
        base = slug(name) if any(char.isascii() and char.isalnum() for char in name) else otherwise
        count = self.taken.get(base, 0) + 1
        self.taken[base] = count
        if count == 1:
            return base
        return self.new(f"{base}-{count}", otherwise)


@define
class Groups:
    """Groups of actors made of what a variable says, each once; ``ids`` are those of the actors too.

    Examples
    --------
    >>> groups = Groups(Ids())
    >>> groups.find("Towns"), groups.find(None), groups.find("Towns")
    ('group-towns', 'no-group', 'group-towns')
    >>> [row["label"] for row in groups.rows]
    ['Towns', 'No group']
    """

    ids: Ids
    rows: list[Row] = field(factory=list)
    by_label: dict[str, str] = field(factory=dict)

    def find(self, label: str | None) -> str:
        """The id of the group of that label."""
        shown = label or "No group"
        if shown not in self.by_label:
            self.by_label[shown] = self.ids.new(f"group-{label}" if label else "no-group", "group")
            self.rows.append({"id": self.by_label[shown], "label": shown})
        return self.by_label[shown]


def to_tables(tables: Mapping[str, Sequence[Row]]) -> dict[str, RawTable]:
    """Rows as the raw tables of a package; a table without rows is none."""
    return {
        name: RawTable(file=name, frame=pd.DataFrame(rows, dtype=object).where(lambda frame: frame.notna()))
        for name, rows in tables.items()
        if rows
    }


@define(kw_only=True)
class Division:
    """The rows of themes and targets, the id of each code by its guid, and what was said on the way.

    ``problems`` are pairs of what is wrong and how to mend it.
    """

    themes: list[Row] = field(factory=list)
    targets: list[Row] = field(factory=list)
    ids: dict[str, str] = field(factory=dict)
    problems: list[tuple[str, str]] = field(factory=list)
    remarks: list[str] = field(factory=list)


def propose_targets(codes: Sequence[Code], sets: Sequence[CodeSet] = ()) -> dict[str, list[str]]:
    """The uppermost codes and sets that are called as targets of some kind often are, by that kind.

    None where no code would be left as a theme.

    Examples
    --------
    >>> propose_targets([Code(guid="1", name="Focus areas"), Code(guid="2", name="Needs")])
    {'focus_area': ['Focus areas']}
    >>> propose_targets([Code(guid="1", name="Focus areas")])
    {}
    """
    names = [code.name for code in codes if code.parent is None] + [one.name for one in sets]
    found = {
        kind: [name for name in dict.fromkeys(names) if fold(name).replace("_", " ") in map(fold, words)]
        for kind, words in hints()["targets"].items()
    }
    chosen = _Chooser(codes, sets, {}).choose(name for names in found.values() for name in names)
    return {kind: names for kind, names in found.items() if names} if len(set(chosen)) < len(codes) else {}


def propose_group(values: Mapping[str, Sequence[str]]) -> str | None:
    """The variable that looks like a group of actors: by its name, else by values that several share.

    Examples
    --------
    >>> propose_group({"Name": ["A", "B", "C"], "Sort": ["town", "county", "town"]})
    'Sort'
    """
    named = [name for name in values if fold(name) in map(fold, hints()["group"])]
    shared = [name for name, given in values.items() if len(set(given)) < len(given)]
    likely = sorted(named) or sorted(shared, key=lambda name: (-len(values[name]), len(set(values[name])), name))
    return likely[0] if likely else None


def say_proposal(
    targets: Mapping[str, Sequence[str]], group: str | None, file: str, *, said: str = "selections"
) -> str:
    """The remark on a mapping that was proposed; ``file`` is where another can be written, ``said`` what is called."""
    shown = "; ".join(f"{kind}: {', '.join(found)}" for kind, found in targets.items()) or "none"
    return (
        f"No mapping was given, so this one was proposed by names: targets {shown}; themes: all other codes; "
        f"group: {group or 'none'}; all {said} are calls. Write {file} to say otherwise."
    )


def divide_codes(
    codes: Sequence[Code], sets: Sequence[CodeSet], mapping: CodeMapping, used: Mapping[str, int], file: str
) -> Division:
    """Make themes and targets of codes.

    Parameters
    ----------
    codes
        Parents before their children.
    sets
        Groups of codes that the mapping may name.
    mapping
        Which are what.
    used
        How many codings each code has, by guid. One without, that only holds others and is named, is left out.
    file
        What a mapping's file would be called, for remarks.
    """
    chooser = _Chooser(codes, sets, used)
    found = Division(problems=chooser.problems)
    kinds: dict[str, str] = {}
    for kind, names in mapping.targets.items():
        for guid in chooser.choose(names):
            if kinds.setdefault(guid, kind) != kind:
                what = f"the mapping makes {chooser.name(guid)!r} both {kinds[guid]} and {kind}"
                found.problems.append((what, "name it once"))
    themes = [code.guid for code in codes if code.guid not in kinds]
    if mapping.themes:
        chosen = set(chooser.choose(mapping.themes))
        both = [code.guid for code in codes if code.guid in chosen and code.guid in kinds]
        found.problems += [
            (f"the mapping makes {chooser.name(guid)!r} both a theme and a target", "name it once") for guid in both
        ]
        found.remarks += chooser.remark_on_left([guid for guid in themes if guid not in chosen])
        themes = [guid for guid in themes if guid in chosen]
    wanted = {guid for guid in (*kinds, *themes) if guid not in chooser.outer}
    ids = Ids({code.id: 1 for code in codes if code.id})
    for code in codes:
        if code.guid not in wanted:
            continue
        kind = kinds.get(code.guid)
        parent = code.parent if code.parent in wanted and kinds.get(code.parent) == kind else None
        row: Row = {
            **code.columns,
            "id": code.id or ids.new(code.name, "code"),
            "label": code.columns.get("label") or code.name.strip() or "(no name)",
            "definition": code.columns.get("definition") or (code.description or "").strip() or None,
            "parent": found.ids.get(parent) if parent else code.columns.get("parent"),
        }
        found.ids[code.guid] = str(row["id"])
        if kind is None:
            found.themes.append(row)
        else:
            found.targets.append({**row, "kind": kind})
    if not found.targets:
        label = "No code of the project is a target"
        found.targets.append({"id": ids.new("no-target", "target"), "kind": "focus_area", "label": label})
        found.remarks.append(
            f"No code is a target, so one without codings stands in. Write {file} with [targets] to name them."
        )
    return found


class _Chooser:
    """Finds the codes that a mapping names."""

    def __init__(self, codes: Sequence[Code], sets: Sequence[CodeSet], used: Mapping[str, int]) -> None:
        self._codes, self._used = codes, used
        self._by_guid = {code.guid: code for code in codes}
        self._sets = {fold(one.name): one.codes for one in sets}
        self._parents = {code.parent for code in codes}
        self._known = sorted({code.name for code in codes} | {one.name for one in sets})
        self._places: dict[str, list[str]] = {}
        for code in codes:
            for name in {fold(code.name), fold(code.guid)}:
                self._places.setdefault(name, []).append(code.guid)
        self.outer: set[str] = set()
        self.problems: list[tuple[str, str]] = []

    def name(self, guid: str) -> str:
        return self._by_guid[guid].name

    def choose(self, names: Iterable[str]) -> list[str]:
        """The guids of codes with all below them; ``outer`` gets those that only stand for what is below."""
        guids: dict[str, None] = {}
        for name in names:
            found = self._places.get(fold(name), []) or self._at_path(fold(name))
            if not found and fold(name) not in self._sets:
                what = f"the mapping names {name!r}, and no code or set is called that"
                self.problems.append((what, suggest(name, self._known, otherwise="look at the names in the project")))
            in_set = [guid for guid in self._sets.get(fold(name), ()) if guid in self._by_guid]
            guids |= dict.fromkeys([*found, *in_set])
            self.outer |= {guid for guid in found if guid in self._parents and not self._used.get(guid)}
        for code in self._codes:
            if code.parent in guids:
                guids[code.guid] = None
        return list(guids)

    def _at_path(self, path: str) -> list[str]:
        """The codes at the end of a path; only as much of each one's own path is made as may fit."""
        return [code.guid for code in self._codes if path.endswith(fold(code.name)) and self._fits(code, path)]

    def _fits(self, code: Code, path: str) -> bool:
        names: list[str] = []
        above: Code | None = code
        while above is not None and sum(map(len, names)) <= len(path):
            names.append(fold(above.name))
            above = self._by_guid.get(above.parent or "")
        return above is None and "/".join(reversed(names)) == path

    def remark_on_left(self, guids: Sequence[str]) -> list[str]:
        if not guids:
            return []
        lost = sum(self._used.get(guid, 0) for guid in guids)
        names = ", ".join(self.name(guid) for guid in guids[:_LISTED])
        more = f" and {len(guids) - _LISTED} more" if len(guids) > _LISTED else ""
        return [f"The mapping leaves out codes ({len(guids)}, with codings: {lost}): {names}{more}."]
