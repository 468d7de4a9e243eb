"""A policy's sentences come in; how binding each is, by which words, and a verdict on the whole go out."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

import pandas as pd
from attrs import field, frozen

from .clauses import check_language, guess_language, split_clauses
from .decisions import Decision, DecisionTable, built_in_table
from .documents import Documents
from .documents.sentences import split_sentences
from .errors import Problem, UsageError
from .intervals import wilson
from .messages import percent, say
from .predicates import find_acts, find_money, find_others, tells_of_past
from .rules.reading import read_rules
from .rules.ruleset import RuleSet
from .rules.texts import read_texts
from .showing import to_html_table

__all__ = ["LEVELS", "Commitment", "measure_commitment"]

LEVELS: Final = ("fund", "act", "promote", "consider", "acknowledge")
_BINDING: Final = ("fund", "act")
_DONE: Final = frozenset(LEVELS) - {"acknowledge"}  # what somebody does
_NONE: Final = "none"
_CONFIDENCE: Final = 0.95
_SENTENCES: Final = ("number", "source", "locator", "sentence", "level", "words")


@frozen(kw_only=True, eq=False)
class Commitment:
    """How binding the sentences of a text are.

    Attributes
    ----------
    language
        ``nb``, ``nn`` or ``en``: given, or guessed.
    sentences
        A row a sentence, in order: ``number`` from 1; ``source``, the place of its text from 0, or the document's id;
        ``locator``, its place in a document; ``sentence``; ``level`` (missing where no commitment was found); ``words``
        that decided, in order.
    levels
        A row a level, strongest first, ``none`` last: ``level``, ``sentences``, ``share`` of all sentences, and
        ``low`` and ``high``, Wilson's 95% interval of the share.
    verdict
        The outcome of the table ``commitment_text``, such as ``binding`` or ``non_committal``.
    row
        The row of that table that decided, from 1.
    """

    language: str
    verdict: str
    row: int
    _sentences: pd.DataFrame = field(alias="sentences", repr=False)
    _levels: pd.DataFrame = field(alias="levels", repr=False)

    @property
    def sentences(self) -> pd.DataFrame:
        """The sentences, a row each."""
        return self._sentences.copy(deep=False)

    @property
    def levels(self) -> pd.DataFrame:
        """The levels, a row each."""
        return self._levels.copy(deep=False)

    @property
    def committing(self) -> int:
        """How many sentences have a level."""
        return int(self._sentences["level"].notna().sum())

    @property
    def binding(self) -> float | None:
        """The share of ``fund`` and ``act`` among the sentences that have a level; ``None`` where none has."""
        return _share(self._sentences["level"])

    def explain(self, language: str = "en") -> str:
        """The verdict in a sentence, in English (``en``) or Norwegian (``nb``).

        Examples
        --------
        >>> measure_commitment("We will build. We will pay.", language="en").explain()
        'Too few to say: 2 of 2 sentences commit to anything at all.'
        """
        values: dict[str, object] = {"count": self.committing, "sentences": len(self._sentences)}
        if self.binding is not None:
            part = int(self._sentences["level"].isin(_BINDING).sum())
            values |= {"part": part, "binding": percent(self.binding, language)}
        name = f"commitment_text.{self.verdict}"
        try:
            return say(name, language, **values)
        except KeyError:  # an outcome of a table of the user's own has no words here
            return self.verdict

    def _repr_html_(self) -> str:
        """The levels, as a notebook shows them."""
        columns = ["level", "sentences", "share", "low", "high"]
        return to_html_table(self.explain(), columns, self._levels[columns].itertuples(index=False))


def measure_commitment(
    texts: Any,
    language: str | None = None,
    *,
    rules: RuleSet | None = None,
    tables: Mapping[str, DecisionTable] | None = None,
) -> Commitment:
    """Tell how binding the sentences of a policy are: fund, act, promote, consider, acknowledge, or nothing of these.

    Each sentence is cut into clauses, the rules find codes in each, and the table ``commitment`` decides which level a
    clause has. The sentence has the strongest of its clauses' levels. The table ``commitment_text`` decides on the
    whole.

    Parameters
    ----------
    texts
        A text, a list or column of texts, or :class:`policygap.Documents`, whose headings are left out.
    language
        Of the texts: ``nb``, ``nn`` or ``en``; ``None`` guesses it from frequent words.
    rules
        Rules with codes of the five levels; by default the bundled set ``commitment-nb``, ``-nn`` or ``-en``. Beside
        rules that go by these names, whoever wrote them, who acts is looked at; rules of another name decide alone.
    tables
        Decision tables of your own by the name of the one they replace: ``commitment``, ``commitment_text``.

    Returns
    -------
    Commitment

    Raises
    ------
    UsageError
        Where the language can't be guessed or has no rules, or a rule or table does not fit.

    Examples
    --------
    >>> import policygap as pg
    >>> found = pg.measure_commitment("We will consider setting up a centre. It will be built by 2030.", language="en")
    >>> found.sentences[["level", "words"]].values.tolist()
    [['consider', 'consider'], ['act', 'will be built']]
    >>> found.verdict
    'too_few'
    """
    clause_table, text_table = _choose_tables(tables or {})
    blocks = _blocks(texts)
    if language is None:
        language = guess_language(text for _, _, text in blocks)
    check_language(language)
    rules = rules or read_rules(f"commitment-{language}")
    _check_codes(rules)
    rows = [
        (source, locator, sentence)
        for source, locator, text in blocks
        for sentence in split_sentences(text.encode("utf-8", "replace").decode(), language)
        if any(char.isalnum() for char in sentence)
    ]
    decided = _judge([sentence for _, _, sentence in rows], language, rules, clause_table)
    lines = [(number, *row, *level) for number, (row, level) in enumerate(zip(rows, decided, strict=True), start=1)]
    frame = pd.DataFrame(lines, columns=pd.Index(_SENTENCES), dtype=object)
    kinds = {"number": "int64", "locator": "str", "sentence": "str", "level": "str", "words": "str"}
    frame = frame.astype(kinds)
    verdict = _conclude(frame["level"], text_table)
    return Commitment(
        language=language, sentences=frame, levels=_count(frame["level"]), verdict=verdict.outcome, row=verdict.row
    )


def _choose_tables(given: Mapping[str, DecisionTable]) -> tuple[DecisionTable, DecisionTable]:
    names = ("commitment", "commitment_text")
    problems = [
        Problem(file="tables", what=f"there is no table '{name}' to replace", fix=f"use {' or '.join(names)}")
        for name in given
        if name not in names
    ]
    first, second = (given.get(name) or built_in_table(name) for name in names)
    problems += [
        Problem(file="table commitment", what=f"'{outcome}' is no level", fix=f"use {', '.join((*LEVELS, _NONE))}")
        for outcome in first.outcomes
        if outcome not in (*LEVELS, _NONE, "not_assessed")
    ]
    if problems:
        raise UsageError(problems)
    return first, second


def _check_codes(rules: RuleSet) -> None:
    strange = [code for code in rules.codes if code not in LEVELS]
    if strange:
        fix = f"use {', '.join(LEVELS)}"
        raise UsageError([Problem(file=f"rule {code!r}", what="it is no level", fix=fix) for code in strange])


def _blocks(texts: Any) -> list[tuple[Any, str | None, str]]:
    """Source, locator and text of each stretch of text."""
    if isinstance(texts, Documents):
        frame = texts.texts
        frame = frame[frame["block"] != "heading"]
        return list(zip(frame["source"], frame["locator"], frame["text"], strict=True))
    given = read_texts([texts] if isinstance(texts, str) else texts)
    return [(place, None, text) for place, text in enumerate(given.values()) if text is not None]


def _judge(
    sentences: list[str], language: str, rules: RuleSet, table: DecisionTable
) -> list[tuple[str | None, str | None]]:
    """For each sentence its level and the words that decided."""
    owners: list[int] = []
    clauses: list[str] = []
    for place, sentence in enumerate(sentences):
        parts = split_clauses(sentence, language)
        owners += [place] * len(parts)
        clauses += parts
    codes: dict[int, set[str]] = {}
    fired = rules.classify(clauses)
    for clause, code in zip(fired["text"], fired["code"], strict=True):
        codes.setdefault(clause, set()).add(code)
    added = _look_at_who_acts(owners, clauses, codes, language) if rules.name == f"commitment-{language}" else {}
    # Finding words takes far longer than telling that they are there: only where they are, and once for each clause.
    telling = list(dict.fromkeys(clauses[clause] for clause in codes))
    words: dict[tuple[str, str], dict[str, None]] = {}
    found = rules.find(telling)
    for place, code, hit in zip(found["text"], found["code"], found["words"], strict=True):
        words.setdefault((telling[place], code), {})[hit] = None
    for (clause, code), hit in added.items():
        words.setdefault((clauses[clause], code), {})[hit] = None
    decided: list[tuple[str | None, str | None]] = [(None, None)] * len(sentences)
    for clause, present in codes.items():
        level = table.decide(**{item.name: item.name in present for item in table.inputs}).outcome
        before = decided[owners[clause]][0]
        if level in LEVELS and (before is None or LEVELS.index(level) < LEVELS.index(before)):
            decided[owners[clause]] = level, "; ".join(words.get((clauses[clause], level), {})) or None
    return decided


def _look_at_who_acts(
    owners: list[int], clauses: list[str], codes: dict[int, set[str]], language: str
) -> dict[tuple[int, str], str]:
    """Add the acts and sums of the author to the codes of the clauses, take out what others do or what is past.

    What comes back are the words of what was added, by clause and code.
    """
    added: dict[tuple[int, str], str] = {}
    start = 0
    for _, together in groupby(owners):
        parts = clauses[start : start + sum(1 for _ in together)]
        added |= {(start + place, "act"): words for place, words in find_acts(parts, language).items()}
        sums = ((start + place, find_money(part, language)) for place, part in enumerate(parts))
        added |= {(place, "fund"): words for place, words in sums if words}
        start += len(parts)
    for clause, code in added:
        codes.setdefault(clause, set()).add(code)
    for clause, present in codes.items():
        if find_others(clauses[clause], language):
            present.difference_update(_DONE)
        if "fund" in present and tells_of_past(clauses[clause], language):
            present.remove("fund")
    return added


def _share(levels: pd.Series[Any]) -> float | None:
    known = levels.dropna()
    return None if known.empty else float(known.isin(_BINDING).mean())


def _conclude(levels: pd.Series[Any], table: DecisionTable) -> Decision:
    return table.decide(committing=int(levels.notna().sum()), binding=_share(levels))


def _count(levels: pd.Series[Any]) -> pd.DataFrame:
    named = levels.astype(object).fillna(_NONE)
    whole = len(named)
    rows: list[tuple[str, int, float | None, float | None, float | None]] = []
    for level in (*LEVELS, _NONE):
        count = int((named == level).sum())
        if whole == 0:
            rows.append((level, 0, None, None, None))
            continue
        interval = wilson(count / whole, whole, _CONFIDENCE)
        rows.append((level, count, count / whole, interval.low, interval.high))
    frame = pd.DataFrame(rows, columns=pd.Index(["level", "sentences", "share", "low", "high"]))
    return frame.astype({"share": "float64", "low": "float64", "high": "float64"})
