"""A plain CSV of two to five columns comes in and a study of links goes out, or the other way round."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ...errors import Problem, StudyError
from ...package import Package
from ...spelling import fold
from ..csvfile import read_csv
from ..limits import Limits, check_size
from ..mapping import CodeMapping
from ..outgoing import Outgoing, Written
from .links import Links, own_names
from .losses import losses_of

__all__ = ["RELATIONS", "crosswalk_columns", "read_table", "write_table"]

_WORDS: Final = {
    "theme": [
        "theme",
        "source",
        "subject",
        "from",
        "a",
        "left",
        "source id",
        "subject id",
        "theme id",
        "from id",
        "tema",
        "focal document element",
        "capability id",
    ],
    "target": [
        "target",
        "object",
        "to",
        "right",
        "target id",
        "object id",
        "to id",
        "focus area",
        "mål",
        "maal",
        "b",
        "reference document element",
        "attack object id",
    ],
    "relation": [
        "relation",
        "relationship",
        "predicate",
        "type",
        "match",
        "predicate id",
        "mapping type",
        "relation type",
        "relationship type",
        "set relation",
        "set theory relationship",
        "relasjon",
    ],
    "theme_label": ["theme label", "source label", "subject label", "from label", "source name", "theme name"],
    "target_label": ["target label", "object label", "to label", "target name"],
}
RELATIONS: Final = {
    "equal": ["equal", "equal to", "equals", "equivalent", "equivalent to", "same", "same as", "exact", "exact match",
              "exactmatch", "=", "==", "≡", "lik"],
    "subset": ["subset", "subset of", "within", "part of", "broad", "broader", "broad match", "broadmatch", "⊂", "⊆",
               "<", "delmengde"],
    "superset": ["superset", "superset of", "contains", "includes", "narrow", "narrower", "narrow match", "narrowmatch",
                 "⊃", "⊇", ">"],
    "intersects": ["intersects", "intersects with", "intersection", "overlaps", "overlap", "partial", "related",
                   "related to", "related match", "relatedmatch", "close", "close match", "closematch", "∩", "~", "≈"],
    "none": ["none", "no", "no relation", "no relationship", "no match", "nomatch", "not mapped", "unmapped",
             "not related", "non mappable", "∅", "ingen"],
}  # fmt: skip
_RELATION_OF: Final = {word: relation for relation, words in RELATIONS.items() for word in words}
_HEADER: Final = ("theme", "theme_label", "relation", "target", "target_label")
_OURS: Final = ("coder", "locator", "note")  # columns of links that hold any text
_FEWEST: Final = 2


def read_table(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a crosswalk of two or three columns, with or without a header: theme, target, and the relation.

    Without a column of relations each pair ``intersects``: that two things are related says no more. An empty target
    says that the theme fits none.
    """
    check_size(path, limits)
    reading = read_csv(path, file=path.name, table="links")
    if reading.table is None or reading.problems:
        raise StudyError(reading.problems)
    frame = reading.table.frame.astype(object)
    places, first = _find_columns([str(name) for name in frame.columns], path.name)
    cells = frame.where(frame.notna(), None).to_numpy().tolist()
    rows: list[tuple[int, list[str | None]]] = [(reading.table.row(n), row) for n, row in enumerate(cells)]
    links = Links(remarks=list(reading.remarks))
    names = [str(name) for name in frame.columns]
    if first:
        rows.insert(0, (1, list(names)))
        shown = ", ".join(names)[:200]
        links.remarks.append(f"No column is called theme or target, so the first row ({shown}) is read as a pair too.")
    others = {} if first else {n: name for n, name in enumerate(names) if n not in places.values()}
    _Filler(links, places, others, path.name).fill(rows)
    return links.package(path, {})


def crosswalk_columns(names: Sequence[str]) -> dict[str, int]:
    """The places of the columns of a crosswalk that a header names.

    Examples
    --------
    >>> crosswalk_columns(["Source", "Target", "why"]), crosswalk_columns(["name", "roads"])
    ({'theme': 0, 'target': 1}, {})
    """
    said = [fold(name).replace("_", " ").replace("-", " ") for name in names]
    found: dict[str, int] = {}
    for column, words in _WORDS.items():
        place = next((n for n, name in enumerate(said) if name in words and n not in found.values()), None)
        if place is not None:
            found[column] = place
    return found


def _find_columns(names: Sequence[str], file: str) -> tuple[dict[str, int], bool]:
    """The place of each column, and whether the first row is no header."""
    found = crosswalk_columns(names)
    missing = [column for column in ("theme", "target") if column not in found]
    if len(missing) == 1 and len(names) - len(found) == 1:
        # One is told by its name, so the one that is left is the other.
        found[missing[0]] = next(n for n in range(len(names)) if n not in found.values())
        missing = []
    if not missing:
        return found, False
    if not found and _FEWEST <= len(names) <= _FEWEST + 1:
        return {"theme": 0, "target": 1, **({"relation": 2} if len(names) > _FEWEST else {})}, True
    what = f"a crosswalk has columns for a theme and a target, and this has: {', '.join(names)[:200]}"
    fix = "name two columns theme and target, or, if the file is one table of a study, give the folder that holds it"
    raise StudyError([Problem(file=file, row=1, what=what, fix=fix)])


class _Filler:
    def __init__(self, links: Links, places: dict[str, int], others: dict[int, str], file: str) -> None:
        self._links, self._places, self._file = links, places, file
        names = own_names(others.values())
        self._others = {n: name if fold(name) in _OURS else names[name] for n, name in others.items()}

    def _cell(self, row: Sequence[str | None], column: str) -> str | None:
        text = row[self._places[column]] if column in self._places else None
        return (text.strip() or None) if isinstance(text, str) else None

    def fill(self, rows: Sequence[tuple[int, Sequence[str | None]]]) -> None:
        for number, row in rows:
            theme, target, said = (self._cell(row, name) for name in ("theme", "target", "relation"))
            columns = {name: row[n] for n, name in self._others.items()}
            if theme is None:
                if target is not None and said is not None and _relation(said) != "none":
                    self._wrong(number, "theme", "there is no theme", "write one, or delete the row")
                elif target is not None:
                    label = self._cell(row, "target_label")
                    self._links.leave_unmatched(self._links.add_target(target, label), columns)
                continue
            relation = _relation(said) if said else ("intersects" if target else "none")
            if relation is None:
                known = ", ".join(RELATIONS)
                self._wrong(number, "relation", f"'{said}' is no relation that is known", f"use one of {known}")
            elif target is None and relation != "none":
                self._wrong(
                    number, "target", f"the relation is {relation}, but there is no target", "write one, or none"
                )
            else:
                first = self._links.add_theme(theme, self._cell(row, "theme_label"))
                if target is None:
                    self._links.leave_alone(first, columns)
                    continue
                second = self._links.add_target(target, self._cell(row, "target_label"))
                self._links.relate(first, second, relation, columns)
        if "relation" not in self._places:
            self._links.remarks.append("There is no column of relations, so each pair is read as 'intersects'.")
        if not rows:
            self._wrong(1, None, "there is no pair", "write one a row")

    def _wrong(self, row: int, column: str | None, what: str, fix: str) -> None:
        self._links.problems.append(Problem(file=self._file, row=row, column=column, what=what, fix=fix))


def _relation(text: str) -> str | None:
    plain = fold(text).replace("_", " ").replace("-", " ")
    return _RELATION_OF.get(plain) or _RELATION_OF.get(plain.rpartition(":")[2])


def write_table(outgoing: Outgoing, name: str) -> Written:
    """Write the links of a study as a CSV of five columns: both ids, both labels, and the relation between them."""
    losses = losses_of(
        outgoing,
        {"themes": ["id", "label"], "targets": ["id", "label"], "links": ["theme", "target", "relation"]},
    )
    labels = {row["id"]: row["label"] for side in ("themes", "targets") for row in outgoing.rows(side)}
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_HEADER)
    for row in outgoing.rows("links"):
        target = row.get("target", "")
        writer.writerow([row["theme"], labels[row["theme"]], row.get("relation", ""), target, labels.get(target, "")])
    return Written(data=stream.getvalue().encode(), losses=losses)
