"""A project's cases and sources come in; actors and groups go out, and who speaks in each source and selection."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from attrs import define, field

from ...spelling import fold, suggest
from ..codebook import Groups, Ids, Row
from .blocks import split_block
from .project import Case, Project, Selection, Source

__all__ = ["Speakers", "find_innermost", "find_speakers"]

_LISTED: Final = 5


@define(kw_only=True)
class Speakers:
    """Groups and actors as rows, and the id of who speaks by the guid of a source or selection.

    ``problems`` are pairs of what is wrong and how to mend it; ``columns`` are those of values, by the variable's guid.
    """

    groups: list[Row] = field(factory=list)
    actors: list[Row] = field(factory=list)
    of: dict[str, str] = field(factory=dict)
    columns: dict[str, str] = field(factory=dict)
    problems: list[tuple[str, str]] = field(factory=list)
    remarks: list[str] = field(factory=list)


def find_speakers(project: Project, group: str | None, inner: Mapping[str, Iterable[str]]) -> Speakers:
    """Make actors of cases, and of sources in which nobody else speaks.

    Parameters
    ----------
    project
        The project.
    group
        The name of the variable that says which group an actor belongs to.
    inner
        For each source, by guid, the guids of what is selected in it.
    """
    finder = _Finder(project)
    finder.check_cases(inner)
    finder.name_columns(finder.find_variable(group))
    finder.add_cases()
    for source in project.sources:
        finder.follow_codes(source)
        finder.add_source(source, inner[source.guid])
    return finder.found


class _Finder:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._values = {source.guid: source.values for source in project.sources}
        self._ids = Ids()
        self._variable: str | None = None
        self._by_code: dict[str, str] = {}
        self._groups = Groups(self._ids)
        self.found = Speakers(groups=self._groups.rows)

    def check_cases(self, inner: Mapping[str, Iterable[str]]) -> None:
        owners: dict[str, list[Case]] = {}
        for case in self._project.cases:
            for guid in dict.fromkeys((*case.sources, *case.selections)):
                owners.setdefault(guid, []).append(case)
        there = {*inner, *(guid for guids in inner.values() for guid in guids)}
        there |= {*self._project.notes, *self._project.elsewhere}
        there |= {one.guid for source in self._project.sources for one in source.all_selections()}
        for guid in sorted(set(owners) - there)[:_LISTED]:
            what = f"the case {owners[guid][0].name!r} names what is not there, {guid}"
            self.found.problems.append((what, "export it again"))
        several = sum(1 for cases in owners.values() if len(cases) > 1)
        if several:
            self.found.remarks.append(
                f"Some sources or selections ({several}) belong to several cases; the first speaks."
            )
        codes = {code.guid for code in self._project.codes}
        for case in self._project.cases:
            for guid in sorted(set(case.codes) - codes)[:_LISTED]:
                what = f"the case {case.name!r} names a code that is not there, {guid}"
                self.found.problems.append((what, "export it again"))

    def find_variable(self, group: str | None) -> str | None:
        if group is None:
            return None
        names = self._project.variables
        variable = next((guid for guid, name in names.items() if fold(name) == fold(group)), None)
        if variable is None:
            fix = suggest(group, names.values(), otherwise="the project has none like it")
            self.found.problems.append((f"the mapping's group {group!r} is no variable", fix))
        return variable

    def name_columns(self, variable: str | None) -> None:
        """Columns for the values of all other variables; the name of one could be taken for a column's of ours."""
        self._variable = variable
        used = {guid for one in (*self._project.cases, *self._project.sources) for guid in one.values}
        ids = Ids()
        for guid, name in self._project.variables.items():
            if guid in used and guid != variable:
                self.found.columns[guid] = f"variable_{ids.new(name, 'value').replace('-', '_')}"

    def add_cases(self) -> None:
        split = [(case, *split_block(case.description)) for case in self._project.cases]
        self._ids.taken |= {block["id"]: 1 for _, _, block in split if block and "id" in block}
        groups = [
            (case, block) for case, _, block in split if block and block.get("table") == "groups" and "id" in block
        ]
        for case, block in groups:
            self.found.groups.append({**_without_table(block), "label": case.name})
            self._groups.by_label.setdefault(case.name, block["id"])
            self._say(case, block["id"])
        of_groups = {case.guid for case, _ in groups}
        for case, memo, block in split:
            if case.guid not in of_groups:
                held = [case.values, *(self._values[guid] for guid in case.sources if guid in self._values)]
                kept = _without_table(block or {})
                values = {
                    self.found.columns[guid]: text for guid, text in case.values.items() if guid in self.found.columns
                }
                row = {**values, **kept, "memo": memo}
                self._say(case, self._add(case.name, self._group(held, kept.get("group")), row))

    def follow_codes(self, source: Source) -> None:
        """What stands within a stretch that is coded with a case's code is the case's, the innermost first."""
        if not self._by_code:
            return
        whole = self._case_of(source)
        if whole:
            self.found.of.setdefault(source.guid, whole)
        for part in source.parts:
            spans = [
                (one.start, one.end, speaker)
                for one in part.selections
                if one.start is not None and one.end is not None and (speaker := self._case_of(one))
            ]
            for guid, speaker in find_innermost(spans, part.selections):
                self.found.of.setdefault(guid, speaker)
        for one in source.all_selections():
            if speaker := self._case_of(one):
                self.found.of.setdefault(one.guid, speaker)

    def _case_of(self, one: Selection | Source) -> str | None:
        return next((self._by_code[coding.code] for coding in one.codings if coding.code in self._by_code), None)

    def add_source(self, source: Source, inner: Iterable[str]) -> None:
        """A source in which something is said by nobody yet speaks for itself."""
        if source.guid not in self.found.of and any(guid not in self.found.of for guid in inner):
            self.found.of[source.guid] = self._add(source.name, self._group([source.values], None), {})

    def _say(self, case: Case, speaker: str) -> None:
        for guid in (*case.sources, *case.selections):
            self.found.of.setdefault(guid, speaker)
        for guid in case.codes:
            self._by_code.setdefault(guid, speaker)

    def _group(self, held: Iterable[Mapping[str, str]], before: str | None) -> str:
        """The group that a variable names; one of two with the same label is told by what it was before."""
        label = next((one[self._variable] for one in held if self._variable in one), None) if self._variable else None
        if any(row["id"] == before and (row["label"] or "").strip() == label for row in self.found.groups):
            return str(before)
        return self._groups.find(label)

    def _add(self, name: str, group: str, kept: Mapping[str, str | None]) -> str:
        plain = PurePosixPath(name).stem if name.count(".") == 1 else name
        actor = kept.get("id") or self._ids.new(plain, "actor")
        known = {column: text for column, text in kept.items() if text is not None}
        self.found.actors.append({**known, "id": actor, "label": name, "group": group})
        return actor


def find_innermost(spans: Iterable[tuple[int, int, str]], selections: Iterable[Selection]) -> Iterable[tuple[str, str]]:
    """For each selection, the owner of the stretch that contains it and starts last.

    A stretch that starts later and ends no earlier than another takes its place from there on. So the ends of those
    that are open fall, and one is found by halving.
    """
    waiting = sorted(spans, key=lambda span: (-span[0], span[1]))
    opened: list[tuple[int, str]] = []  # the ends, negated so that they rise, and the owners
    placed = [(one.start, one.end, one.guid) for one in selections if one.start is not None and one.end is not None]
    for start, last, guid in sorted(placed):
        while waiting and waiting[-1][0] <= start:
            _, end, owner = waiting.pop()
            while opened and -opened[-1][0] <= end:
                opened.pop()
            opened.append((-end, owner))
        place = bisect_right(opened, -last, key=lambda entry: entry[0])
        if place:
            yield guid, opened[place - 1][1]


def _without_table(block: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in block.items() if name != "table"}
