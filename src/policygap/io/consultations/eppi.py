"""An export of EPPI-Reviewer (JSON) and a mapping come in; a study's raw tables go out, and remarks on what was chosen.

The file holds ``CodeSets``, whose codes are nested, and ``References`` with the codes that they were given; so do the
files that EPPI-Mapper and EPPI-Vis read: https://eppi.ioe.ac.uk.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

from ...errors import Problem, StudyError
from ...package import Package
from ..codebook import Code, Groups, Ids, Row, divide_codes, propose_targets, say_proposal, to_tables
from ..jsonfile import load_json
from ..limits import Limits
from ..mapping import CodeMapping
from ..naming import slug
from .exports import KEPT, Export, Passage, Reference
from .findings import find_variable, listed, natural, plain

__all__ = ["looks_like_eppi", "read_eppi"]

_AGAIN: Final = "export it again from EPPI-Reviewer"
_YEAR: Final = re.compile(r"[0-9]{4}")
_VARIABLES: Final = ("TypeName", "Country", "Publisher", "Institution", "ParentTitle", "City", "Year")


def looks_like_eppi(start: bytes) -> bool:
    """Whether a file's start is that of such an export."""
    return b'"CodeSets"' in start or (b'"References"' in start and b'"ItemId"' in start)


def read_eppi(path: Path, mapping: CodeMapping | None, limits: Limits) -> Package:
    """Read an export: references become sources, the passages that were coded statements, codes themes and targets."""
    content = load_json(path, limits)
    held = {key: content.get(key) for key in ("CodeSets", "References")} if isinstance(content, dict) else {}
    problems = [
        Problem(file=path.name, what=f"it holds no list of {key}", fix=_AGAIN)
        for key in ("CodeSets", "References")
        if not isinstance(held.get(key), list)
    ]
    if problems:
        raise StudyError(problems)
    export = Export(path.name)
    export.add_sets(content["CodeSets"])
    export.add_references(content["References"])
    for other in sorted(content.keys() - held.keys()):
        export.leave(other, content[other])
    return _Builder(export, mapping, path).package()


class _Builder:
    """Makes a study's tables of an export."""

    def __init__(self, export: Export, mapping: CodeMapping | None, path: Path) -> None:
        self._name, self._toml = path.stem, path.with_suffix(".toml").name
        self._mapping = mapping
        self._findings, self._counts = export.findings, export.counts
        self._codes, self._sets, self._used = export.codes, export.sets, export.used
        self._references = export.references
        self._statuses = Counter[str]()

    def package(self) -> Package:
        """The study's tables."""
        codes = self._with_ids()
        if self._mapping is None:
            group = "TypeName" if any(self._value(one, "TypeName") for one in self._references.values()) else None
            self._mapping = CodeMapping(targets=propose_targets(codes, self._sets), group=group)
            said = say_proposal(self._mapping.targets, group, self._toml, said="passages and references")
            self._findings.remarks.append(said)
        division = divide_codes(codes, self._sets, self._mapping, self._used, self._toml)
        for what, fix in division.problems:
            self._findings.wrong(self._toml, what, fix)
        self._findings.remarks += division.remarks
        tables: dict[str, list[Row]] = {"themes": division.themes, "targets": division.targets}
        tables |= self._tell(division.ids, self._mapping)
        self._remark()
        self._findings.finish()
        return Package(
            name=slug(self._name),
            meta={"id": slug(self._name), "title": self._name},
            tables=to_tables(tables),
            problems=tuple(self._findings.problems),
            remarks=tuple(self._findings.remarks),
        )

    def _with_ids(self) -> list[Code]:
        """The codes with ids that do not hang on the order in which they are listed, and the set of each."""
        ids, named = Ids({"no-target": 1}), dict[str, str]()
        for guid in sorted(self._codes, key=natural):
            named[guid] = ids.new(self._codes[guid].name, "code")
        sets = {guid: one.name for one in self._sets for guid in one.codes}
        return [
            Code(
                guid=guid,
                name=code.name,
                parent=code.parent,
                description=code.description,
                id=named[guid],
                columns={**code.columns, "code_set": sets[guid]},
            )
            for guid, code in self._codes.items()
            if guid in sets
        ]

    def _tell(self, codes: dict[str, str], mapping: CodeMapping) -> dict[str, list[Row]]:
        """Sources, speakers, statements and codings, by the references' ids."""
        tables: dict[str, list[Row]] = {name: [] for name in ("sources", "groups", "actors", "statements", "codings")}
        ids, statements = Ids(), Ids()
        groups = Groups(ids)
        variable, wrong = find_variable(mapping.group, _VARIABLES)
        if wrong is not None:
            self._findings.wrong(self._toml, *wrong)
        for name in sorted(self._references, key=natural):
            one = self._references[name]
            source = self._source(one, f"item-{name}", ids)
            tables["sources"].append(source)
            speaker = ids.new(f"{source['id']}-authors", "authors")
            label = self._value(one, "ShortTitle") or source["title"]
            group = groups.find(self._value(one, variable) if variable else "References")
            tables["actors"].append({"id": speaker, "label": label, "group": group})
            for passage, codings in sorted(one.said.items() or [(Passage(), [])], key=_order):
                row = self._statement(one, passage, source, speaker, mapping.kind)
                row["id"] = statements.new(str(row["id"]), "statement")
                tables["statements"].append(row)
                tables["codings"] += [
                    {**coding, "statement": row["id"], "code": codes[str(coding["code"])]}
                    for coding in sorted(codings, key=lambda coding: str(sorted(coding.items())))
                    if coding["code"] in codes
                ]
        tables["groups"] += groups.rows
        return tables

    def _value(self, one: Reference, name: str) -> str | None:
        return plain(one.record.get(name))

    def _source(self, one: Reference, name: str, ids: Ids) -> Row:
        kept = {column: self._value(one, key) for key, column in KEPT.items()}
        year = self._value(one, "Year")
        exact = year if year and _YEAR.fullmatch(year) else None
        url = self._value(one, "URL") or (f"https://doi.org/{kept['doi']}" if kept["doi"] else None)
        title = self._value(one, "Title") or kept["short_title"] or f"Reference {name}"
        self._statuses[kept["item_status"] or self._value(one, "ItemStatus") or "none"] += 1
        return {
            **{column: text for column, text in kept.items() if text},
            "id": ids.new(name, "item"),
            "title": title,
            "kind": self._value(one, "TypeName"),
            "publisher": self._value(one, "Publisher"),
            "year": exact,
            **({"year_as_given": year} if year and not exact else {}),
            "url": url,
        }

    def _statement(self, one: Reference, passage: Passage, source: Row, speaker: str, kind: str) -> Row:
        row: Row = {"id": str(source["id"]), "speaker": speaker, "kind": kind, "source": source["id"]}
        if passage.text:
            row["id"] = f"{source['id']}-passage"
            return row | {
                "text": passage.text,
                "locator": passage.place or None,
                "voice": "quote",
                "document": passage.document or None,
            }
        self._counts["whole"] += 1
        texts = (source["title"], self._value(one, "Abstract"))
        return row | {"text": "\n\n".join(text for text in texts if text), "locator": "title and abstract"}

    # what was tolerated

    def _remark(self) -> None:
        say, counts = self._findings.remarks.append, self._counts
        say("The export does not say who coded, so codings have no coder.")
        if counts["whole"]:
            say(
                "Where no passage is highlighted, title and abstract of the reference stand for what it says "
                f"({counts['whole']:,})."
            )
        if counts["empty"]:
            say(f"Highlighted passages without a text ({counts['empty']:,}) are kept as '(no text)'.")
        for what in ("references", "codes", "codings"):
            if counts[what]:
                say(f"There twice, and read once: {what} ({counts[what]:,}).")
        if len(self._statuses) > 1:
            shown = listed(f"{status} ({count:,})" for status, count in sorted(self._statuses.items()))
            say(f"References are of several statuses, and all are counted: {shown}.")
        if not any(one.said for one in self._references.values()):
            return
        bare = [name for name, one in self._references.items() if not one.said]
        if bare:
            say(f"References without a code ({len(bare):,}) are not assessed: {listed(sorted(bare, key=natural))}.")


def _order(said: tuple[Passage, list[Row]]) -> tuple[Any, ...]:
    passage = said[0]
    return (*natural(passage.document), *natural(passage.start), *natural(passage.end), passage.text, passage.place)
