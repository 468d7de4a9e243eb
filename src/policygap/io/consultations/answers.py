"""What ThemeFinder's files hold comes in, record by record; questions, themes, answers and respondents go out.

A field has the package's name or that of its app (``labels`` or ``theme_keys``), and may stand in any of the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import define, field

from ...errors import StudyError
from ..jsonfile import parse_json, parse_json_lines
from .findings import Findings, plain

__all__ = ["Answer", "Consultation", "Question", "Topic", "read_records"]

_AGAIN: Final = "save it again: a DataFrame with to_json(name, orient='records', lines=True)"
_ID: Final = ("response_id", "themefinder_id")
_TEXT: Final = ("response", "text", "free_text")
_LABELS: Final = ("labels", "theme_keys")
_STANCES: Final = ("stances", "stance")
_REASONS: Final = ("reasons", "reason")
_SAID: Final = {
    "position": "sentiment",
    "sentiment": "sentiment",
    "evidence_rich": "evidence_rich",
    "options": "options",
    "chosen_options": "options",
}
_OF_ANSWER: Final = {*_ID, *_TEXT, *_SAID, *_LABELS, *_STANCES, *_REASONS}
_POLARITY: Final = {"POSITIVE": "for", "NEGATIVE": "against"}
_NO_POLARITY: Final = ("NEUTRAL", "UNCLEAR", "MIXED")
_KEY: Final = ("topic_id", "theme_key")
_NAME: Final = ("topic_label", "theme_name", "Theme Name")
_ABOUT: Final = ("topic_description", "theme_description", "Theme Description")
_OF_QUESTION: Final = {
    "question_text": "label",
    "question_part_text": "label",
    "question": "label",
    "question_number": "number",
    "multi_choice_options": "options",
    "options": "options",
    "scale_statement": "scale_statement",
}


@define
class Topic:
    """A theme of one question."""

    name: str
    about: str | None = None
    above: str | None = None
    count: str | None = None


@define
class Answer:
    """One response to one question; ``labels`` are pairs of a theme's key and polarity, with what was written of them.

    ``mapped`` says that the tool has looked for the themes, ``empty`` that the response is there and has no text.
    """

    texts: set[str] = field(factory=set)
    labels: dict[tuple[str, str | None], set[str]] = field(factory=dict)
    said: dict[str, set[str]] = field(factory=dict)
    mapped: bool = False
    empty: bool = False
    assessed: bool = False


@define
class Question:
    """A question, its themes by key and its answers by the response's id."""

    columns: dict[str, str] = field(factory=dict)
    themes: dict[str, Topic] = field(factory=dict)
    answers: dict[str, Answer] = field(factory=dict)
    listed: bool = False


@define
class Consultation:
    """All questions by the folder's name, and what is known of each respondent: the values of each variable."""

    findings: Findings
    questions: dict[str, Question] = field(factory=dict)
    respondents: dict[str, dict[str, set[str]]] = field(factory=dict)
    doubled: Counter[str] = field(factory=Counter)
    stances: Counter[str] = field(factory=Counter)

    def add(self, kind: str, question: str, file: str, records: Iterable[tuple[int, dict[str, Any]]]) -> None:
        """Add what one file holds."""
        here = self.questions.setdefault(question, Question()) if kind != "respondents" else Question()
        if kind == "themes":
            here.listed = True
        adders = {"question": self._add_question, "respondents": self._add_respondent, "themes": self._add_theme}
        seen: set[str] = set()
        for row, record in records:
            adder = adders.get(kind)
            if adder is not None:
                adder(here, record, file, row)
                continue
            name = self._add_answer(here, record, file, row)
            if name in seen:
                self.doubled[file] += 1
            seen.add(name)

    def _add_question(self, question: Question, record: dict[str, Any], file: str, row: int) -> None:
        for key, value in record.items():
            column, text = _OF_QUESTION.get(key), plain(value)
            if column is None or text is None:
                self._leave(f"{key} of a question", value, skip=key == "has_free_text")
            elif column == "label" and question.columns.get("label", text) != text:
                question.columns["label"] = f"{question.columns['label']} {text}"
            else:
                question.columns[column] = text

    def _add_respondent(self, _: Question, record: dict[str, Any], file: str, row: int) -> None:
        name = self._id(record, file, row)
        if name:
            self.respondents.setdefault(name, {})
            self._add_variables(name, {key: value for key, value in record.items() if key not in _ID})

    def _add_variables(self, name: str, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            text = plain(value)
            if key == "demographic_data" and isinstance(value, dict):
                self._add_variables(name, {inner: one for inner, one in value.items() if inner != key})
            elif text is not None:
                known = self.respondents.setdefault(name, {})
                known.setdefault(key, set()).add(text.replace(";", "; "))
            else:
                self._leave(f"{key} of a respondent", value)

    def _add_theme(self, question: Question, record: dict[str, Any], file: str, row: int) -> None:
        whole = (plain(record.get("topic")) or "").partition(":")
        name, about = _first(record, _NAME) or whole[0].strip(), _first(record, _ABOUT) or whole[2].strip()
        key = _first(record, _KEY) or name
        if not key:
            self.findings.wrong(file, "this theme has neither a topic_id nor a name", _AGAIN, row=row)
            return
        topic = Topic(
            name=name or key,
            about=about or None,
            above=plain(record.get("parent_id")),
            count=plain(record.get("source_topic_count")),
        )
        before = question.themes.setdefault(key, topic)
        if before != topic:
            what = f"the theme {key[:80]!r} is there twice, with other words"
            self.findings.wrong(file, what, "keep one of the two", row=row)
        known = {*_KEY, *_NAME, *_ABOUT, "topic", "parent_id", "source_topic_count", "children"}
        for other in record.keys() - known:
            self._leave(f"{other} of a theme", record[other])

    def _add_answer(self, question: Question, record: dict[str, Any], file: str, row: int) -> str:
        name = self._id(record, file, row)
        if not name:
            return ""
        answer = question.answers.setdefault(name, Answer())
        held = {key: record[key] for key in _TEXT if key in record}
        texts = [text for text in map(plain, held.values()) if text]
        answer.texts.update(texts)
        answer.empty |= bool(held) and not texts
        for key in record.keys() & _SAID.keys():
            column, text = _SAID[key], plain(record[key])
            if text is not None:
                answer.said.setdefault(column, set()).add(text if column == "options" else text.lower())
                answer.assessed |= column != "options"
        self._add_labels(answer, record, file, row)
        self._add_variables(name, {key: value for key, value in record.items() if key not in _OF_ANSWER})
        return name

    def _add_labels(self, answer: Answer, record: dict[str, Any], file: str, row: int) -> None:
        given = next((record[key] for key in _LABELS if record.get(key) is not None), None)
        if given is None:
            return
        labels = _texts(given)
        stances = _texts(next((record[key] for key in _STANCES if record.get(key) is not None), []))
        reasons = _texts(next((record[key] for key in _REASONS if record.get(key) is not None), []))
        if labels is None or stances is None or reasons is None:
            self.findings.wrong(file, "its themes are no list of keys", _AGAIN, row=row)
            return
        if stances and len(stances) != len(labels):
            what = (
                f"it has {len(labels)} themes and {len(stances)} stances, so that nobody can tell which belong together"
            )
            self.findings.wrong(file, what, "map this response again", row=row)
            return
        answer.mapped = answer.assessed = True
        for place, label in enumerate(labels):
            if not label:
                continue
            stance = stances[place].upper() if stances else ""
            if stance not in _POLARITY and stance not in ("", *_NO_POLARITY):
                self.stances[stance[:80]] += 1
            notes = answer.labels.setdefault((label, _POLARITY.get(stance)), set())
            notes |= {reasons[place]} if len(reasons) == len(labels) and reasons[place] else set[str]()
        if reasons and len(reasons) != len(labels):
            self.findings.unread["reasons that are not one for each theme"] += 1

    def _id(self, record: dict[str, Any], file: str, row: int) -> str:
        values = [record[key] for key in _ID if record.get(key) is not None]
        name = plain(values[0]) if values and not isinstance(values[0], (bool, list)) else None
        if name is None:
            self.findings.wrong(file, "it has no response_id (or themefinder_id)", _AGAIN, row=row)
        return name or ""

    def _leave(self, what: str, value: Any, *, skip: bool = False) -> None:
        if value not in (None, "", [], {}) and not skip:
            self.findings.unread[what[:100]] += 1


def _first(record: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    return next((text for text in (plain(record.get(key)) for key in keys) if text), None)


def _texts(value: Any) -> list[str] | None:
    """A list of texts; one text alone is a list of it."""
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, (list, dict)) for item in items):
        return None
    return [plain(item) or "" for item in items]


def read_records(text: str, file: str, findings: Findings) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file, with the number of the line or place: one a line, or a list, or one alone."""
    try:
        for row, value in _values(text, file):
            if isinstance(value, dict):
                yield row, value
            else:
                findings.wrong(file, "this is no object with names and values", _AGAIN, row=row)
    except StudyError as error:
        findings.problems += error.problems


def _values(text: str, file: str) -> Iterator[tuple[int, Any]]:
    start = text.lstrip()
    first = start.partition("\n")[0].rstrip()
    if start.startswith("["):
        yield from enumerate(parse_json(text, file), start=1)
    elif first.endswith("}"):
        yield from parse_json_lines(text, file)
    elif start:
        yield 1, parse_json(text, file)
