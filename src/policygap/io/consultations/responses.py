"""What ThemeFinder found in a consultation and a mapping come in; a study's raw tables go out, and what was chosen."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from ...package import Package
from ...spelling import fold
from ..codebook import (
    Code,
    CodeSet,
    Groups,
    Ids,
    Row,
    divide_codes,
    propose_group,
    propose_targets,
    say_proposal,
    to_tables,
)
from ..mapping import CodeMapping
from ..naming import slug
from .answers import Answer, Consultation, Question, Topic
from .findings import find_variable, listed, name_columns, natural

__all__ = ["make_package"]

_CODER: Final = "ThemeFinder"
_MOST_VARIABLES: Final = 100
_DEEPEST: Final = 50  # themes above each other
_AGAIN: Final = "give the folder that holds inputs and outputs, or put responses.jsonl beside it"


def make_package(found: Consultation, mapping: CodeMapping | None, path: Path) -> Package:
    """Make a study's raw tables of a consultation.

    Parameters
    ----------
    found
        What was read; answers that have no text are taken out.
    mapping
        Which themes are targets, and which variable says the group; by default proposed by their names.
    path
        Where it was read from, for names.
    """
    return _Builder(found, mapping, path).package()


@cache
def _fallbacks() -> frozenset[str]:
    text = resources.files("policygap").joinpath("data/consultations.toml").read_text(encoding="utf-8")
    return frozenset(map(fold, tomllib.loads(text)["none"]))


class _Builder:
    """Makes a study's tables of a consultation."""

    def __init__(self, found: Consultation, mapping: CodeMapping | None, path: Path) -> None:
        self._found, self._findings = found, found.findings
        place = path.resolve() if path.is_dir() else path
        self._name = place.name if path.is_dir() else place.stem
        self._toml = f"{self._name}.toml"
        self._questions = self._sort_questions()
        self._ids = Ids()
        self._tables: dict[str, list[Row]] = {
            name: []
            for name in ("sources", "groups", "actors", "questions", "themes", "targets", "statements", "codings")
        }
        self._drop_textless()
        self._columns = name_columns(
            Counter(key for held in found.respondents.values() for key in held),
            "actors",
            before="respondent",
            most=_MOST_VARIABLES,
        )
        self._proposed = mapping is None
        self._mapping = mapping or CodeMapping(group=self._propose_group())
        self._none: dict[str, str] = {}
        self._codes = self._list_codes()

    def package(self) -> Package:
        self._add_codes()
        self._add_questions()
        self._add_actors()
        self._add_statements()
        if not self._counts["mapped"]:
            what = "no response has themes, so there is nothing to count"
            self._findings.wrong(self._name, what, "give the folder that holds mapping.jsonl too, such as outputs")
        self._remark()
        self._findings.finish()
        return Package(
            name=slug(self._name),
            meta={"id": slug(self._name), "title": self._name},
            tables=to_tables(self._tables),
            problems=tuple(self._findings.problems),
            remarks=tuple(self._findings.remarks),
        )

    # questions

    def _sort_questions(self) -> list[tuple[str, Question]]:
        """By number, else by the folder's name; what is said of no question in particular belongs to the only one."""
        held = self._found.questions
        named = [name for name in held if name]
        if "" in held and len(named) == 1 and not held[""].answers and not held[named[0]].themes:
            held[named[0]].themes |= held.pop("").themes
        used = [(name, one) for name, one in held.items() if one.answers or one.themes or one.columns]

        def place(pair: tuple[str, Question]) -> tuple[Any, ...]:
            digits = "".join(char for char in pair[0] if char.isascii() and char.isdigit())
            return (*natural(pair[1].columns.get("number") or digits), pair[0])

        return sorted(used, key=place)

    def _drop_textless(self) -> None:
        """Every response that is kept has one text."""
        closed = 0
        for name, question in self._questions:
            unknown: list[str] = []
            for key in list(question.answers):
                answer = question.answers[key]
                if not answer.texts and answer.empty and answer.assessed:
                    answer.texts.add("(no text)")
                elif not answer.texts and answer.assessed:
                    unknown.append(key)
                    del question.answers[key]
                elif not answer.texts:
                    closed += 1
                    del question.answers[key]
                elif len(answer.texts) > 1:
                    what = f"the response {key[:80]!r} has {len(answer.texts)} different texts"
                    self._findings.wrong(name or self._name, what, "keep one of them")
            if unknown:
                shown = listed(sorted(unknown, key=natural))
                what = f"{len(unknown):,} responses that have themes have no text here ({shown})"
                self._findings.wrong(name or self._name, what, _AGAIN)
        if closed:
            self._findings.remarks.append(
                f"Responses without a text ({closed:,}), such as answers to closed questions, are no statements."
            )

    def _add_questions(self) -> None:
        self._question_ids: dict[str, str] = {}
        ids = Ids()
        for name, question in self._questions:
            label = question.columns.get("label") or name
            if not label:
                continue
            self._question_ids[name] = ids.new(name or "question", "question")
            others = {key: text for key, text in question.columns.items() if key != "label"}
            self._tables["questions"].append({"id": self._question_ids[name], "label": label, **others})

    # codes

    def _list_codes(self) -> list[tuple[str, str, Code]]:
        """The question, the theme's key and the code of each theme, those above before those below."""
        named = {fold(name) for names in (self._mapping.themes, *self._mapping.targets.values()) for name in names}
        codes: list[tuple[str, str, Code]] = []
        for name, question in self._questions:
            self._complete_themes(name, question)
            for key in self._sort_themes(name, question):
                topic = question.themes[key]
                guid = f"{name}/{key}" if name else key
                kept = {fold(text) for text in (topic.name, guid, key)} & named
                if fold(topic.name) in _fallbacks() and not kept:
                    self._none[guid] = topic.name
                    continue
                above = f"{name}/{topic.above}" if name else topic.above
                columns = {"topic": key, "of_question": name or None, "source_topic_count": topic.count}
                code = Code(
                    guid=guid,
                    name=topic.name,
                    parent=above if topic.above in question.themes and above not in self._none else None,
                    description=topic.about,
                    columns={column: text for column, text in columns.items() if text is not None},
                )
                codes.append((name, key, code))
        return codes

    def _complete_themes(self, name: str, question: Question) -> None:
        """Where no themes are listed, the keys stand for them; where they are, each that was given has to be there."""
        given = {key for answer in question.answers.values() for key, _ in answer.labels}
        missing = sorted(given - question.themes.keys(), key=natural)
        if question.listed and missing:
            what = f"{len(missing):,} themes that were given are not in its themes.json ({listed(missing)})"
            self._findings.wrong(name or self._name, what, "save the themes and the mapping of the same run")
        elif missing:
            of = f" of {name}" if name else ""
            self._findings.remarks.append(
                f"The themes{of} are not listed, so their keys stand for their names: {listed(missing)}."
            )
        for key in missing:
            question.themes[key] = Topic(name=key)

    def _sort_themes(self, name: str, question: Question) -> list[str]:
        below: dict[str | None, list[str]] = {}
        for key in sorted(question.themes, key=natural):
            above = question.themes[key].above
            below.setdefault(above if above in question.themes else None, []).append(key)
        level, found = below.get(None, []), list[str]()
        for _ in range(_DEEPEST):
            found += level
            level = [key for above in level for key in below.get(above, [])]
        if len(found) < len(question.themes):
            lost = sorted(question.themes.keys() - set(found), key=natural)
            what = f"themes stand under each other in a circle, or more than {_DEEPEST} deep ({listed(lost)})"
            self._findings.wrong(name or self._name, what, "correct their parent_id")
        return found

    def _propose_group(self) -> str | None:
        values: dict[str, list[str]] = {}
        for key in sorted(self._found.respondents, key=natural):
            for variable, texts in self._found.respondents[key].items():
                values.setdefault(variable, []).append(", ".join(sorted(texts)))
        return propose_group(values)

    def _add_codes(self) -> None:
        codes = [code for _, _, code in self._codes]
        by_question: dict[str, list[str]] = {}
        for name, _, code in self._codes:
            by_question.setdefault(name, []).append(code.guid)
        sets = [CodeSet(name=name, codes=tuple(guids)) for name, guids in by_question.items() if name]
        if self._proposed:
            self._mapping = CodeMapping(targets=propose_targets(codes), group=self._mapping.group)
            said = say_proposal(self._mapping.targets, self._mapping.group, self._toml, said="responses")
            self._findings.remarks.append(said)
        used = Counter(
            f"{name}/{key}" if name else key
            for name, question in self._questions
            for answer in question.answers.values()
            for key, _ in answer.labels
        )
        division = divide_codes(codes, sets, self._mapping, used, self._toml)
        self._code_ids = division.ids
        self._tables["themes"] += division.themes
        self._tables["targets"] += division.targets
        self._findings.remarks += division.remarks
        for what, fix in division.problems:
            self._findings.wrong(self._toml, what, fix)
        self._kinds = {str(row["id"]): str(row["kind"]) for row in division.targets}

    # who answered

    def _add_actors(self) -> None:
        everyone = {*self._found.respondents, *(key for _, one in self._questions for key in one.answers)}
        variables = sorted({key for held in self._found.respondents.values() for key in held})
        variable, wrong = find_variable(self._mapping.group, variables)
        if wrong is not None:
            self._findings.wrong(self._toml, *wrong)
        lost = len(variables) - len(self._columns)
        if lost > 0:
            self._findings.remarks.append(f"Of the respondents' variables the {lost:,} that fewest have are left out.")
        groups = Groups(self._ids)
        self._speakers: dict[str, str] = {}
        for key in sorted(everyone, key=natural):
            held = {name: ", ".join(sorted(texts)) for name, texts in self._found.respondents.get(key, {}).items()}
            group = groups.find(held.get(variable) if variable else "Respondents")
            self._speakers[key] = self._ids.new(f"respondent-{key}", "respondent")
            row: Row = {self._columns[name]: text for name, text in held.items() if name in self._columns}
            known: Row = {"id": self._speakers[key], "label": f"Respondent {key}", "group": group}
            self._tables["actors"].append({**row, **known, "identification": "anonymous"})
        self._tables["groups"] += groups.rows

    # what they said

    def _add_statements(self) -> None:
        self._counts = Counter[str]()
        source = Ids().new(self._name, "consultation")
        if any(question.answers for _, question in self._questions):
            self._tables["sources"].append({"id": source, "title": self._name, "kind": "submission"})
        ids = Ids()
        for name, question in self._questions:
            kinds = {
                self._kinds.get(self._code_ids[code.guid], "theme")
                for of, _, code in self._codes
                if of == name and code.guid in self._code_ids
            }
            for key in sorted(question.answers, key=natural):
                answer = question.answers[key]
                row: Row = {
                    "id": ids.new(f"{name or 'response'}-{key}", "response"),
                    "speaker": self._speakers[key],
                    "text": min(answer.texts),
                    "kind": self._mapping.kind,
                    "source": source,
                    "locator": f"response {key}",
                    "question": self._question_ids.get(name),
                    "voice": "quote",
                }
                row |= {column: ";".join(sorted(texts)) for column, texts in answer.said.items()}
                self._tables["statements"].append(row)
                self._add_codings(str(row["id"]), name, answer, kinds or {"theme"})

    def _add_codings(self, statement: str, name: str, answer: Answer, kinds: Iterable[str]) -> None:
        self._counts["mapped" if answer.mapped else "unmapped"] += 1
        self._counts["sentiment"] += "sentiment" in answer.said
        if not answer.mapped:
            return
        found: set[str] = set()
        nothing: list[str] = []
        by: Row = {"statement": statement, "coder": _CODER, "basis": "coder"}
        for key, polarity in sorted(answer.labels, key=lambda pair: (*natural(pair[0]), pair[1] or "")):
            guid = f"{name}/{key}" if name else key
            note = "\n".join(sorted(answer.labels[key, polarity])) or None
            if guid in self._none:
                nothing.append(f"{self._none[guid]}: {note}" if note else self._none[guid])
                continue
            code = self._code_ids.get(guid)
            if code is None:
                continue
            found.add(self._kinds.get(code, "theme"))
            self._counts["polarity"] += polarity is not None
            self._tables["codings"].append({**by, "code": code, "polarity": polarity, "note": note})
        for kind in sorted(set(kinds) - found):
            told = "; ".join(nothing) or None
            self._tables["codings"].append({**by, "code": None, "kind": kind, "note": told})
        self._counts["besides"] += bool(nothing and found)

    # what was tolerated

    def _remark(self) -> None:
        say = self._findings.remarks.append
        counts = self._counts
        if counts["mapped"]:
            say(
                f"The codings are those of a language model, and count as those of a coder called {_CODER}. Code some "
                "of the responses yourselves, and compare."
            )
        if counts["mapped"] and not counts["polarity"]:
            say("No stance towards a theme is given, so no coding says for or against.")
        if counts["sentiment"]:
            say(
                "Sentiment is what a response thinks of the question, not of its themes. It stands in a column of the "
                "statements, and is no polarity."
            )
        if self._none:
            names = listed(dict.fromkeys(sorted(self._none.values())))
            say(f"These themes say that none fits, and are read as 'looked, and found nothing': {names}.")
        if counts["besides"]:
            say(f"Responses that were given such a theme beside others ({counts['besides']:,}) have the others alone.")
        if counts["unmapped"]:
            say(f"Responses that the tool has not mapped ({counts['unmapped']:,}) are not assessed.")
        for file, count in sorted(self._found.doubled.items()):
            say(f"{file} holds responses more than once ({count:,}); what is said of each is put together.")
        for stance, count in sorted(self._found.stances.items()):
            say(f"The stance {stance!r} ({count:,}) says neither for nor against.")
        if len(self._questions) > 1 and counts["mapped"]:
            say("Responses with the same id are one respondent's answers to several questions.")
