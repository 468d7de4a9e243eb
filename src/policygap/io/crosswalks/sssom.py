"""A mapping set in SSSOM's TSV (1.1) comes in and a study of links goes out.

The standard is at https://mapping-commons.github.io/sssom/.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from ...errors import Problem, StudyError, missing_extra
from ...package import Package
from ..jsonfile import read_bounded
from ..limits import Limits
from ..mapping import CodeMapping
from .links import Links, own_names, plain_meta, text_or_none
from .slots import OURS, PASSED_DOWN, RELATION_OF, is_term, local_name, split

__all__ = ["looks_like_sssom", "read_sssom"]

_SIDES: Final = ("subject", "object")
_HELD: Final = {"subject_id", "subject_label", "object_id", "object_label", "predicate_modifier"}
_MOST_METADATA: Final = 300_000  # characters before the table; a set with a thousand prefixes has a third of it
_MOST_BRACKETS: Final = 2_000  # of lists and mappings in the metadata: PyYAML takes the square of their depth in time
_LITERAL: Final = "rdfs literal"


def looks_like_sssom(start: bytes) -> bool:
    """Whether a file's start is that of a mapping set: its first line without ``#`` names these slots."""
    lines = (line for line in start.split(b"\n") if line.strip())
    header = next((line for line in lines if not line.startswith(b"#")), b"")
    sides = (f"{side}_{end}".encode() in header for side in _SIDES for end in ("id", "label"))
    return b"predicate_id" in header and all(given or other for given, other in zip(sides, sides, strict=True))


def read_sssom(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read a mapping set: subjects as themes, objects as targets, ``sssom:NoTermFound`` as none."""
    text = read_bounded(path, limits).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    top = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    metadata = _read_metadata([line[1:].rstrip() for line in lines[:top] if line.strip()], path)
    names, table = _read_table(lines, top, path.name)
    filler = _Filler(path.name, metadata, names, {name for row in table.values() for name in row})
    for number, row in table.items():
        filler.add(number, row)
    filler.remark()
    return filler.links.package(path, filler.meta())


def _read_table(lines: list[str], top: int, file: str) -> tuple[list[str], dict[int, dict[str, str]]]:
    """The names of the columns, and the cells that are filled by the number of their row."""
    separator = "\t" if "\t" in "".join(lines[top : top + 1]) else ","
    reader = csv.reader((f"{line}\n" for line in lines[top:]), delimiter=separator, strict=False)
    try:
        table = [(top + reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise _failed(file, top + reader.line_num, f"this is no TSV ({error})") from None
    if not table:
        raise _failed(file, None, "it holds no mappings")
    number, header = table[0]
    names = [name.strip() for name in header]
    problems = [
        _problem(file, number, name, "there are two columns of this name")
        for name, count in Counter(filter(None, names)).items()
        if count > 1
    ]
    missing = [
        name
        for name in ("subject_id", "predicate_id", "object_id")
        if name not in names and not {name.replace("_id", "_label"), name.replace("_id", "_type")} <= set(names)
    ]
    if missing:
        problems.append(_problem(file, number, None, f"the columns {', '.join(missing)} are not there"))
    rows: dict[int, dict[str, str]] = {}
    for number, cells in table[1:]:
        if len(cells) > len(names):
            what = f"the row has {len(cells)} cells, and the header {len(names)}"
            problems.append(_problem(file, number, None, what))
        elif any(_is_swallowed(cell, separator, len(names)) for cell in cells) or (
            number == table[-1][0] and _is_open(cells, lines)
        ):
            what = "a quote opens here and is not closed, so that rows run together"
            problems.append(_problem(file, number, None, what, "close it, or double it"))
        else:
            rows[number] = {name: text for name, cell in zip(names, cells, strict=False) if (text := cell.strip())}
    if problems:
        raise StudyError(problems)
    return names, rows


def _is_swallowed(cell: str, separator: str, columns: int) -> bool:
    """Whether a cell holds a line's end and as many tabs as a row: from a stray quote to the next one."""
    return separator == "\t" and "\n" in cell and cell.count(separator) >= columns - 1


def _is_open(cells: list[str], lines: list[str]) -> bool:
    """Whether a quote that opens in the last row is not closed: then its last cell holds the end of the last line."""
    return cells[-1].endswith("\n") and not next((line for line in reversed(lines) if line), "").endswith('"')


def _problem(file: str, row: int | None, column: str | None, what: str, fix: str = "") -> Problem:
    otherwise = "see https://mapping-commons.github.io/sssom/ for what a mapping set holds"
    return Problem(file=file, row=row, column=column, what=what, fix=fix or otherwise)


def _failed(file: str, row: int | None, what: str) -> StudyError:
    return StudyError([_problem(file, row, None, what)])


def _read_metadata(lines: list[str], path: Path) -> dict[str, Any]:
    """The metadata above the table, or in the file of the same name that ends in ``.yml``."""
    text = "\n".join(lines)
    stem = path.name.removesuffix(path.suffix)
    beside = [path.with_name(f"{stem}{end}") for end in (".yml", ".yaml")]
    if not text.strip():
        found = next((one for one in beside if one.is_file() and one.stat().st_size <= _MOST_METADATA), None)
        text = "" if found is None else found.read_text(encoding="utf-8-sig", errors="replace")
    if not text.strip():
        return {}
    if len(text) > _MOST_METADATA:
        raise _failed(path.name, 1, f"the metadata has more than {_MOST_METADATA:,} characters")
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise _failed(path.name, 1, f"the metadata has more than {_MOST_BRACKETS:,} brackets")
    try:
        import yaml
    except ImportError as error:
        raise missing_extra("reading SSSOM's metadata", "mappings") from error
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise _failed(path.name, 1, "the metadata has YAML aliases (*name), which no mapping set has")
        content = yaml.load(text, Loader=yaml.BaseLoader)  # texts, lists and mappings alone: no dates, no numbers
    except (yaml.YAMLError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise _failed(path.name, 1, f"the metadata is no YAML ({said[:300]})") from None
    if not isinstance(content, dict):
        raise _failed(path.name, 1, "the metadata is no list of keys and values")
    return {str(key): value for key, value in content.items()}


def _is_plain(value: Any, depth: int = 2) -> bool:
    """Whether a value of the metadata is text, or a list or mapping of texts, or a list of such mappings."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, str) or (
        isinstance(value, (dict, list)) and depth > 0 and all(_is_plain(one, depth - 1) for one in inner)
    )


class _Filler:
    """Makes links of mappings."""

    def __init__(self, file: str, metadata: Mapping[str, Any], names: list[str], filled: set[str]) -> None:
        self._file = file
        self._metadata = metadata
        # A value of the set is that of each mapping, unless some mapping has one of its own.
        given = {name: metadata.get(name) for name in PASSED_DOWN if name not in filled}
        self._passed = {name: text for name, value in given.items() if (text := _cell(value))}
        self._names = own_names([*self._passed, *names])
        prefixes = metadata.get("curie_map")
        self._ours = (
            {str(prefix) for prefix, iri in prefixes.items() if str(iri).startswith(OURS)}
            if isinstance(prefixes, dict)
            else set[str]()
        )
        self._set = text_or_none(metadata.get("mapping_set_title")) or text_or_none(metadata.get("mapping_set_id"))
        self._unknown: Counter[str] = Counter()
        self._negated = 0
        self._both = 0
        self.links = Links()

    def meta(self) -> dict[str, Any]:
        """What is said of the whole set, so that it can be written again."""
        title, licence = (text_or_none(self._metadata.get(name)) for name in ("mapping_set_title", "license"))
        said = {name: value for name, value in self._metadata.items() if name not in self._passed}
        lost = [name for name, value in said.items() if not _is_plain(value)]
        if lost:
            self.links.remarks.append(f"Parts of the metadata that are no texts were left out: {', '.join(lost[:5])}.")
        kept = plain_meta({name: value for name, value in said.items() if name not in lost})
        return {
            **({"title": plain_meta(title)} if title else {}),
            **({"licenses": [{"path": plain_meta(licence)}]} if licence else {}),
            **({"sssom": kept} if kept else {}),
        }

    def add(self, number: int, given: dict[str, str]) -> None:
        row = {**self._passed, **given}
        for side in _SIDES:
            if row.get(f"{side}_type") == _LITERAL and f"{side}_label" in row:  # a text is its own name
                row.setdefault(f"{side}_id", row[f"{side}_label"])
        empty = [name for name in ("subject_id", "predicate_id", "object_id") if name not in row]
        if empty:
            self.links.problems.append(_problem(self._file, number, empty[0], f"{', '.join(empty)} is empty"))
            return
        columns = {self._names[name]: text for name, text in row.items() if name not in _HELD}
        authors = row.get("author_label") or row.get("author_id")
        columns |= {"coder": ", ".join(split(authors)) if authors else None}
        columns |= {"source": self.links.add_source(self._set, kind="mapping set")}
        frameworks = [self.links.add_source(row.get(f"{side}_source"), kind="framework") for side in _SIDES]
        if row.get("predicate_modifier", "").lower() == "not":
            self._add_negated(row, columns, frameworks)
        else:
            self._add(row, columns, frameworks)

    def _add(self, row: dict[str, str], columns: dict[str, str | None], frameworks: list[str | None]) -> None:
        theme, target = self._theme(row, frameworks[0]), self._target(row, frameworks[1])
        relation = RELATION_OF.get(local_name(row["predicate_id"]))
        sought = None if relation in (None, "intersects", "none") else relation
        if theme and target:
            if relation is None:
                self._unknown[row["predicate_id"]] += 1
            self.links.relate(theme, target, relation or "intersects", columns)
        elif theme:
            self.links.leave_alone(theme, columns, among=frameworks[1], sought=sought)
        elif target:
            self.links.leave_unmatched(target, columns, among=frameworks[0], sought=sought)
        else:
            self._both += 1

    def _add_negated(self, row: dict[str, str], columns: dict[str, str | None], frameworks: list[str | None]) -> None:
        """That two are not even related is a none; that they are not equal leaves open how they relate."""
        theme, target = self._theme(row, frameworks[0]), self._target(row, frameworks[1])
        if theme and target and RELATION_OF.get(local_name(row["predicate_id"])) == "intersects":
            self.links.relate(theme, target, "none", columns)
        else:
            self._negated += 1

    def _theme(self, row: dict[str, str], framework: str | None) -> str | None:
        if not is_term(row["subject_id"]):
            return None
        return self.links.add_theme(self._name(row["subject_id"]), row.get("subject_label"), of=framework)

    def _target(self, row: dict[str, str], framework: str | None) -> str | None:
        if not is_term(row["object_id"]):
            return None
        name, kind = self._name(row["object_id"]), self._kind(row["object_id"])
        return self.links.add_target(name, row.get("object_label"), kind, source=framework)

    def _name(self, reference: str) -> str:
        prefix, colon, local = reference.partition(":")
        return unquote(local).partition("/")[2] or unquote(local) if colon and prefix in self._ours else reference

    def _kind(self, reference: str) -> str:
        prefix, _, local = reference.partition(":")
        return unquote(local.partition("/")[0]) if prefix in self._ours and "/" in local else "focus_area"

    def remark(self) -> None:
        """Say what was read as something else, or not at all."""
        remarks = self.links.remarks
        for predicate, count in self._unknown.items():
            remarks.append(f"The predicate {predicate} ({count}) is no set relation, and is read as 'intersects'.")
        if self._negated:
            remarks.append(
                f"Negated mappings ({self._negated}) were left out: that two are not equal, or not one within the "
                "other, leaves open how they relate."
            )
        if self._both:
            remarks.append(f"Mappings in which no term was found on either side ({self._both}) were left out.")


def _cell(value: Any) -> str | None:
    """A value of the set as a mapping would have it in its cell."""
    if isinstance(value, list):
        return "|".join(text for text in map(text_or_none, value) if text) or None
    return text_or_none(value)
