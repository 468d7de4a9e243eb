"""A study and rules come in; a workbook of suggestions to decide on goes out. Filled in, it comes back as codings.

A decision is a coding by the person who made it: accepted codes are given, and a refused one is a row without a code
whose column ``rejected`` says which. ``suggested_by`` tells codings that were prompted from those that were not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import field, frozen

from .errors import Problem, StudyError, UsageError
from .io.atomic import replace_files
from .io.forms import Field, Form, shown, write_forms
from .io.oddities import find_oddities
from .io.spreadsheet import Sheet, SpreadsheetError, read_sheets
from .rules.ruleset import RuleSet
from .spelling import suggest
from .study import Study

__all__ = ["Review", "export_review", "import_review", "read_review"]

ACCEPT, REJECT = "accept", "reject"
SHEET, CODES, HELP = "review", "codes", "help"
_NOTHING = "(nothing of this kind)"
_MANY_TEXTS = 3  # shown of what a problem repeats for many rows
_FIELDS: Final = (
    Field(name="statement", width=12),
    Field(name="speaker", width=20),
    Field(name="text", width=70),
    Field(name="kind", width=14),
    Field(name="code", width=20),
    Field(name="label", width=26),
    Field(name="words", width=30, note="The words of the text for which the rules suggest the code."),
    Field(
        name="decision",
        width=11,
        fill=True,
        choices=(ACCEPT, REJECT),
        note="Does the code fit the text? Without a code in the row: is it right that nothing of this kind fits?",
    ),
    Field(name="other_code", width=20, fill=True, choices=CODES, note="A code that fits and was not suggested."),
    Field(name="decided_by", width=14, fill=True, note="Your name, always written in the same way."),
    Field(name="note", width=30, fill=True),
    Field(name="suggested_by", width=20),
)
_NAMES: Final = tuple(column.name for column in _FIELDS)
_NEEDED: Final = ("statement", "text", "kind", "code", "decision", "other_code", "decided_by")
_HELP: Final = (
    "A row is a code that rules suggest for a statement, for the words that stand beside it.",
    "Choose accept or reject in the column decision, and write your name into decided_by.",
    "Is there a code that fits better, or one more? Choose it in other_code, whatever the decision.",
    "A row without a code says that the rules found nothing of this kind: accept that, or reject it and name a code.",
    "Rows may be sorted, filtered and left undecided; several people may decide on copies of a row.",
    "Leave the columns statement, text, kind and code as they are.",
)


# -- out


def export_review(
    study: Study,
    rules: RuleSet,
    path: str | Path,
    *,
    column: str = "text",
    everything: bool = False,
    language: str | None = None,
) -> pd.DataFrame:
    """Write a workbook in which people decide on what rules suggest.

    Decisions of earlier reviews that are in the study stand there already, filled in, also those on codes that the
    rules no longer suggest.

    Parameters
    ----------
    study
        The study.
    rules
        The rules.
    path
        The ``.xlsx`` to write. A file that is there is never replaced: it may hold decisions.
    column
        The column of statements that the rules read.
    everything
        Also a row for each statement and kind of which the rules found nothing. Without these rows nobody sees what the
        rules miss.
    language
        Of the labels, e.g. ``nb``.

    Returns
    -------
    pandas.DataFrame
        The rows as they were written.

    Raises
    ------
    UsageError
        Where there is a file, a rule's code is none of the study's, there is no such column, or the extra ``excel``
        is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import policygap as pg
    >>> study = pg.read_study("smabystrategi")
    >>> rules = pg.RuleSet(name="first try", rules=[pg.Rule("housing", any=["housing"])])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = pg.export_review(study, rules, pathlib.Path(folder, "review.xlsx"))
    >>> rows.iloc[0][["statement", "code", "words", "suggested_by"]].to_list()
    ['s211-13', 'housing', 'Housing', 'first try 1']
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise UsageError([Problem(file=str(path), what="a review is an Excel workbook", fix="end its name in .xlsx")])
    if path.exists():
        fix = "import it first, and give the new one another name"
        raise UsageError([Problem(file=str(path), what="the file is there, and may hold decisions", fix=fix)])
    rows = _rows(study, rules, column, everything=everything, language=language)
    cells = [[None if pd.isna(cell) else str(cell) for cell in row] for row in rows.itertuples(index=False)]
    labels = [[code.id, code.kind, _label(study, code.id, language), code.definition] for code in study.codes]
    code_fields = (Field(name="code", width=24), Field(name="kind"), Field(name="label", width=40))
    forms = [
        Form(name=SHEET, fields=_FIELDS, rows=cells),
        Form(name=CODES, fields=(*code_fields, Field(name="definition", width=80)), rows=labels),
        Form(name=HELP, fields=(Field(name="how to review", width=110),), rows=[[line] for line in _HELP]),
    ]
    _Ids.of(study)  # refuses ids that a sheet can't tell apart
    replace_files({path: lambda stream: write_forms(stream, forms, title=f"Review of {rules.coder}: {study.title}")})
    return rows


def _label(study: Study, code: str, language: str | None) -> str:
    record = study.code(code)
    return (record.in_language("label", language) if language else None) or record.label


def _rows(study: Study, rules: RuleSet, column: str, *, everything: bool, language: str | None) -> pd.DataFrame:
    suggested = rules.suggest(study, column=column)
    statements = study.statements
    shown_texts = statements[column].astype(object).where(statements[column].notna(), statements["text"].astype(object))
    texts = dict(zip(statements["id"].astype(object), shown_texts, strict=True))
    speakers = dict(zip(statements["id"].astype(object), statements["speaker"].astype(object), strict=True))
    kind_of = {code.id: code.kind for code in study.codes}
    given = suggested[suggested["code"].notna()]
    words = _words(rules, {name: texts[name] for name in dict.fromkeys(given["statement"])})
    wanted: dict[tuple[str, str, str | None], None] = {}
    for name, code, kind in zip(suggested["statement"], suggested["code"], suggested["kind"], strict=True):
        if not pd.isna(code):
            wanted[name, kind_of[code], code] = None
        elif everything:
            wanted[name, kind, None] = None
    made: defaultdict[tuple[str, str, str | None], list[_Decision]] = defaultdict(list)
    for decision in _held(study):
        if decision.suggested_by is not None and (decision.code is None or decision.code in kind_of):
            made[decision.subject].append(decision)
            wanted[decision.subject] = None
    lines: list[list[Any]] = []
    for name, kind, code in wanted:
        label = _NOTHING if code is None else _label(study, code, language)
        start = [
            name, study.speaker_label(str(speakers[name]), language), texts[name], kind, code, label,
            words.get((name, code or "")),
        ]  # fmt: skip
        known = made.get((name, kind, code))
        for decision in known or [None]:
            end = [None] * 4 if decision is None else [decision.verdict, None, decision.coder, decision.note]
            lines.append([*start, *end, rules.coder if decision is None else decision.suggested_by])
    order = {name: place for place, name in enumerate(texts)}
    codes = {code.id: place for place, code in enumerate(study.codes)}
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(kind_of.values()))}
    lines.sort(key=lambda line: (order[line[0]], kinds[line[3]], codes.get(line[4] or "", -1)))
    return pd.DataFrame(lines, columns=list(_NAMES), dtype=object)


def _words(rules: RuleSet, texts: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """For each statement and code, the words of the text that gave it."""
    names = list(texts)
    found = rules.find(list(texts.values()))
    listed: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for place, code, word in zip(found["text"], found["code"], found["words"], strict=True):
        listed[names[place], code][" ".join(word.split())] = None
    return {key: ", ".join(words) for key, words in listed.items()}


# -- decisions


@frozen(kw_only=True)
class _Decision:
    """What a person decided on a code for a statement, or on there being none of a kind."""

    statement: str
    kind: str
    code: str | None
    verdict: str
    coder: str
    note: str | None = None
    suggested_by: str | None = None
    row: int = 0

    @property
    def subject(self) -> tuple[str, str, str | None]:
        return self.statement, self.kind, self.code

    @property
    def person(self) -> tuple[str, str, str]:
        return self.statement, self.kind, self.coder

    def contradicts(self, other: _Decision) -> bool:
        """Whether no person can mean both: yes and no to a code, or a code and none of its kind."""
        if self.person != other.person:
            return False
        if self.code == other.code:
            return self.verdict != other.verdict
        none, some = (self, other) if self.code is None else (other, self)
        return none.code is None and none.verdict == some.verdict == ACCEPT

    def as_coding(self) -> dict[str, str | None]:
        """The row of codings that holds it."""
        given = self.code if self.verdict == ACCEPT else None
        return {
            "statement": self.statement,
            "code": given,
            "kind": None if given else self.kind,
            "coder": self.coder,
            "basis": "coder",
            "note": self.note,
            "rejected": self.code if self.verdict == REJECT else None,
            "suggested_by": self.suggested_by,
        }

    def __str__(self) -> str:
        if self.code is None:
            return f"{self.coder} says that no {self.kind} fits statement '{self.statement}'"
        verb = "gives" if self.verdict == ACCEPT else "refuses"
        return f"{self.coder} {verb} statement '{self.statement}' the code '{self.code}'"


def _held(study: Study) -> Iterator[_Decision]:
    """What people decided, as a study's codings hold it."""
    codings = study.codings
    human = (codings["basis"].isna() | codings["basis"].eq("coder")) & codings["coder"].notna()
    kind_of = {code.id: code.kind for code in study.codes}
    names = ["statement", "code", "kind", "coder", "note", "rejected", "suggested_by"]
    frame = codings[human].reindex(columns=names).astype(object)
    rows: Iterator[Any] = frame.where(frame.notna(), None).itertuples(index=False)
    for place, row in zip(np.flatnonzero(human), rows, strict=True):
        code = row.code or row.rejected
        kind = kind_of.get(str(code), row.kind)
        verdict = REJECT if row.code is None and row.rejected is not None else ACCEPT
        yield _Decision(
            statement=str(row.statement), kind=str(kind), code=code, verdict=verdict, coder=str(row.coder),
            note=row.note, suggested_by=row.suggested_by, row=int(place),
        )  # fmt: skip


# -- in


@frozen(kw_only=True, eq=False)
class Review:
    """What people decided in a workbook.

    Attributes
    ----------
    codings
        The decisions as rows of codings, for :meth:`policygap.study.Study.with_codings`: those that the study does not
        hold yet.
    decided, undecided
        How many of the workbook's rows somebody decided on, and how many nobody did.
    replaced
        Positions of the study's codings that a person takes back, where ``revise`` allows it.
    """

    codings: pd.DataFrame
    decided: int
    undecided: int
    replaced: tuple[int, ...] = field(default=(), converter=tuple)


def import_review(study: Study, path: str | Path, *, by: str | None = None, revise: bool = False) -> Study:
    """Add what people decided in a workbook of :func:`export_review` to a study.

    Each decision becomes a coding by the person who made it, with the basis ``coder``, and stays when rules suggest
    anew. Importing a workbook twice adds nothing the second time.

    Parameters
    ----------
    study
        The study.
    path
        The workbook.
    by
        Who decided, where the column ``decided_by`` is empty.
    revise
        Whether a decision may replace an earlier one of the same person that it contradicts; else that is an error.

    Returns
    -------
    Study
        A new study.

    Raises
    ------
    StudyError
        Naming every problem of the workbook by its row and column; nothing is taken from it then.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import policygap as pg
    >>> study = pg.read_study("smabystrategi")
    >>> rules = pg.RuleSet(name="first try", rules=[pg.Rule("housing", any=["housing"])])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     workbook = pathlib.Path(folder, "review.xlsx")
    ...     _ = pg.export_review(study, rules, workbook)
    ...     len(pg.import_review(study, workbook).codings) - len(study.codings)  # nobody has decided yet
    0
    """
    review = read_review(study, path, by=by, revise=revise)
    if review.codings.empty and not review.replaced:
        return study
    more = study.with_codings(review.codings)  # the study's own come first, at the positions they had
    return more.with_tables(codings=more.codings.drop(index=more.codings.index[list(review.replaced)]))


def read_review(study: Study, path: str | Path, *, by: str | None = None, revise: bool = False) -> Review:
    """Read what people decided in a workbook, held against the study that it was made of.

    Parameters
    ----------
    study, path, by, revise
        As for :func:`import_review`.

    Raises
    ------
    StudyError
        Naming every problem of the workbook.
    """
    sheet = _read_sheet(Path(path))
    reader = _Reader(study, sheet, by)
    decisions = list(reader.decisions())
    held: defaultdict[tuple[str, str, str], list[_Decision]] = defaultdict(list)
    for decision in _held(study):
        held[decision.person].append(decision)
    new: list[_Decision] = []
    replaced: dict[int, None] = {}
    latest: defaultdict[tuple[str, str, str], list[_Decision]] = defaultdict(list)
    for decision in decisions:
        key = decision.person
        if clash := next(filter(decision.contradicts, latest[key]), None):
            what = f"{decision}, but in row {clash.row} {_so(clash)}"
            reader.complain(decision.row, "decision", what, "decide for one of the two")
            continue
        earlier = [other for other in held.get(key, ()) if decision.contradicts(other)]
        if earlier and not revise:
            what = f"{decision}, but earlier {_so(earlier[0])}"
            reader.complain(decision.row, "decision", what, "correct the row, or import it as a revision")
            continue
        replaced.update((other.row, None) for other in earlier)
        same = [*latest[key], *held.get(key, ())]
        if not any((other.code, other.verdict) == (decision.code, decision.verdict) for other in same):
            new.append(decision)
        latest[key].append(decision)
    if reader.problems:
        raise StudyError(reader.problems)
    columns = ["statement", "code", "kind", "coder", "basis", "note", "rejected", "suggested_by"]
    codings = pd.DataFrame([decision.as_coding() for decision in new], columns=columns, dtype=object)
    return Review(codings=codings, decided=reader.decided, undecided=reader.undecided, replaced=tuple(replaced))


def _so(decision: _Decision) -> str:
    if decision.code is None:
        return "found that none does"
    return f"{'gave it' if decision.verdict == ACCEPT else 'refused'} '{decision.code}'"


def _read_sheet(path: Path) -> Sheet:
    try:
        with path.open("rb") as stream:
            sheets = list(read_sheets(stream))
    except SpreadsheetError as error:
        raise StudyError([Problem(file=path.name, what=error.what, fix=error.fix)]) from None
    except OSError as error:
        raise StudyError([Problem(file=str(path), what=f"it can't be read ({error.strerror})")]) from None
    for sheet in sheets:
        if sheet.name.strip().lower() == SHEET:
            return sheet
    names = ", ".join(repr(sheet.name) for sheet in sheets)
    fix = "give a workbook that a review was exported to"
    raise StudyError([Problem(file=path.name, what=f"no sheet is called '{SHEET}', only {names}", fix=fix)])


@frozen(kw_only=True)
class _Ids:
    """What the sheet shows of ids, and the ids."""

    statements: Mapping[str, str]
    codes: Mapping[str, str]

    @classmethod
    def of(cls, study: Study) -> _Ids:
        """Those of a study.

        Raises
        ------
        UsageError
            Where two differ in nothing that a sheet shows.
        """
        statements = [str(name) for name in study.statements["id"]]
        codes = [code.id for code in study.codes]
        found = cls(statements=_by_shown(statements), codes=_by_shown(codes))
        problems = [
            Problem(file=table, what=f"ids differ in nothing that is seen: {_some(doubled)}", fix="give one another id")
            for table, ids in (("statements", statements), ("codes", codes))
            if (doubled := [name for name, times in Counter(map(_key, ids)).items() if times > 1])
        ]
        if problems:
            raise UsageError(problems)
        return found


def _key(text: str) -> str:
    """A text as it comes back from a sheet."""
    return " ".join(shown(text).split())


def _by_shown(ids: Iterable[str]) -> dict[str, str]:
    return {_key(name): name for name in ids}


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - _MANY_TEXTS} more" if len(items) > _MANY_TEXTS else ""
    return ", ".join(map(repr, items[:_MANY_TEXTS])) + more


class _Reader:
    """Reads the rows of a review, and collects what is wrong with them."""

    def __init__(self, study: Study, sheet: Sheet, by: str | None) -> None:
        self.study, self.sheet, self.by = study, sheet, (by or "").strip()
        self.problems: list[Problem] = []
        self.decided = self.undecided = 0
        self._ids = _Ids.of(study)
        self._kind_of = {code.id: code.kind for code in study.codes}
        self._rules = set(study.codings.loc[study.codings["basis"].eq("rule").fillna(False), "coder"].dropna())
        statements = study.statements
        names = [name for name in statements.columns if name == "text" or name.startswith("text_")]
        texts: defaultdict[str, set[str]] = defaultdict(set)
        for name in names:
            for statement, text in zip(statements["id"], statements[name].astype(object), strict=True):
                if isinstance(text, str):
                    texts[str(statement)].add(_key(text))
        self._texts = texts

    def complain(self, row: int, column: str, what: str, fix: str) -> None:
        """Note a problem of a cell."""
        self.problems.append(Problem(file=self.sheet.name, row=row, column=column, what=what, fix=fix))

    def decisions(self) -> Iterator[_Decision]:
        """What was decided, row by row."""
        heads = [(name or "").strip().lower() for name in self.sheet.rows[0]] if self.sheet.rows else []
        wrong = {name: heads.count(name) for name in _NEEDED if heads.count(name) != 1}
        for name, times in wrong.items():
            what = f"{times or 'no'} columns are called '{name}'"
            self.problems.append(
                Problem(file=self.sheet.name, row=1, what=what, fix="name the columns as they were exported")
            )
        if wrong:
            return
        odd = find_oddities(self.sheet, heads)
        self.problems += [problem for problem in odd if problem.column is None or problem.column in _NAMES]
        for number, cells in zip(self.sheet.numbers[1:], self.sheet.rows[1:], strict=True):
            padded = [*cells, *[None] * (len(heads) - len(cells))]
            row = {name: (cell or "").strip() for name, cell in zip(heads, padded, strict=False) if name}
            before = len(self.problems)
            if not (row["decision"] or row["other_code"]):
                self.undecided += 1
                continue
            found = list(self._read(number, row))
            if len(self.problems) == before:
                self.decided += 1
                yield from found

    def _read(self, number: int, row: Mapping[str, str]) -> Iterator[_Decision]:
        statement = self._known(number, "statement", row["statement"], self._ids.statements)
        code = self._known(number, "code", row["code"], self._ids.codes) if row["code"] else None
        other = self._known(number, "other_code", row["other_code"], self._ids.codes) if row["other_code"] else None
        verdict = row["decision"].lower()
        if verdict not in ("", ACCEPT, REJECT):
            fix = suggest(verdict, (ACCEPT, REJECT), otherwise=f"choose {ACCEPT} or {REJECT}")
            self.complain(number, "decision", f"'{row['decision']}' is no decision", fix)
        kind = self._kind_of.get(code or "", row["kind"])
        if kind not in self._kind_of.values():
            fix = suggest(kind, set(self._kind_of.values()), otherwise="write it as it was exported")
            self.complain(number, "kind", f"the study has no kind of code '{kind}'", fix)
        coder = row["decided_by"] or self.by
        if not coder:
            self.complain(number, "decided_by", "it does not say who decided", "write your name there")
        elif coder in {*self._rules, row.get("suggested_by")}:
            self.complain(number, "decided_by", f"'{coder}' are the rules themselves", "write a person's name there")
        if statement is not None and _key(row["text"]) not in self._texts[statement]:
            what = f"the text of statement '{statement}' is another one now"
            self.complain(number, "text", what, "export the review anew and decide on the text as it is")
        if row["code"] and row["other_code"] == row["code"]:
            fix = f"choose {ACCEPT} and leave other_code empty"
            self.complain(number, "other_code", f"'{row['code']}' is the code that the row suggests", fix)
        elif not row["code"] and verdict == REJECT and not row["other_code"]:
            fix = "choose the code that fits in other_code"
            self.complain(number, "other_code", f"something of the kind {kind} fits, but not what", fix)
        elif not row["code"] and verdict == ACCEPT and other is not None and self._kind_of[other] == kind:
            what = f"'{other}' fits, and yet nothing of the kind {kind} does"
            self.complain(number, "decision", what, f"choose {REJECT}, or leave other_code empty")
        if statement is None:
            return
        common = {
            "statement": statement, "coder": coder, "note": row.get("note") or None, "row": number,
            "suggested_by": row.get("suggested_by") or None,
        }  # fmt: skip
        if verdict and not (verdict == REJECT and code is None):
            yield _Decision(kind=kind, code=code, verdict=verdict, **common)  # type: ignore[arg-type]
        if other is not None:
            yield _Decision(kind=self._kind_of[other], code=other, verdict=ACCEPT, **common)  # type: ignore[arg-type]

    def _known(self, number: int, column: str, name: str, ids: Mapping[str, str]) -> str | None:
        found = ids.get(_key(name))
        if found is None:
            noun = "statement" if column == "statement" else "theme or target"
            what = f"no {noun} has the id '{name}'" if name else f"there is no {noun}"
            self.complain(number, column, what, suggest(name, ids, otherwise="write it as it was exported"))
        return found
