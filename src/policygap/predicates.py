"""The clauses of a sentence come in; which of them promise an act of the author, and which tell of others, goes out.

No grammar is parsed. A modal is looked for, then a verb within a few words, then who stands before them. The words are
in ``data/predicates.toml``, and each is looked at a bounded number of times.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

from attrs import frozen

__all__ = ["find_acts", "find_money", "find_others", "tells_of_past"]

_WORD: Final = re.compile(r"\w+")
_VERB: Final = 16  # words within which a verb follows its modal
_SUBJECT: Final = 14  # words before a modal among which its subject stands
_SHORT: Final = 2  # words apart that are shown with what stands between
_SHORTEST: Final = 4  # letters of a verb that no list has
_NEAR: Final = 4  # words within which what belongs together stands


@frozen
class _Words:
    """Words and beginnings or ends of words, as ``*`` in the data says."""

    whole: frozenset[str]
    starts: tuple[str, ...]
    ends: tuple[str, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> _Words:
        words = tuple(words)
        return cls(
            frozenset(words),
            tuple(word[:-1] for word in words if word.endswith("*")),
            tuple(word[1:] for word in words if word.startswith("*")),
        )

    def __contains__(self, word: str) -> bool:
        return word in self.whole or word.startswith(self.starts) or word.endswith(self.ends)


@frozen(kw_only=True)
class _Lexicon:
    """What is known of a language."""

    language: str
    plain: dict[str, Any]
    authors: _Words
    others: _Words
    wishing: _Words
    soft: tuple[str, ...]
    active: dict[str, set[str]]  # an infinitive, and the words of which one must follow it
    present: dict[str, set[str]]
    passive: dict[str, set[str]]
    participles: dict[str, set[str]]
    gerunds: dict[str, set[str]]
    telling: frozenset[str]  # words at which it is worth looking closer
    sets: dict[str, frozenset[str]]

    def has(self, name: str, word: str) -> bool:
        return word in self.sets[name]


def _forms(verb: str, language: str, irregular: Iterable[str]) -> tuple[set[str], ...]:
    """Infinitive, present, passive, participles and gerunds; a form that no text has does no harm."""
    stem = verb.removesuffix("e")
    if language == "en":
        past = verb[:-1] + "ied" if verb.endswith("y") else stem + "ed"
        forms: tuple[set[str], ...] = ({verb}, {verb, verb + "s", verb + "es"}, set(), {verb, past}, {stem + "ing"})
        ending = "ing"
    elif language == "nb":
        forms = {verb}, {verb + "r"}, {verb + "s"}, {stem + end for end in ("et", "t", "d", "dd")}, set()
        ending = "s"
    else:
        soft = stem.removesuffix("j")
        past = {soft + end for end in ("a", "t", "d", "dd")}
        forms = {verb}, {verb + "r", stem + "ar", soft + "er"}, {stem + "ast", verb + "st"}, past, set()
        ending = "st"
    for form in irregular:
        if form.endswith(ending):
            forms[4 if language == "en" else 2].add(form)
        else:
            forms[1 if form.endswith(("r", "g", "l", "k", "v", "set")) else 3].add(form)
    return forms


@cache
def _lexicon(language: str) -> _Lexicon:
    text = resources.files("policygap").joinpath("data/predicates.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)[language]
    tables: tuple[dict[str, set[str]], ...] = ({}, {}, {}, {}, {})
    for act in data["acts"]:
        verb, *near = act.split()
        for table, forms in zip(tables, _forms(verb, language, data["forms"].get(verb, ())), strict=True):
            for form in forms:
                table.setdefault(form, set()).add(near[0] if near else "")
    active, present, passive, participles, gerunds = tables
    sets = {name: frozenset(words) for name, words in data.items() if isinstance(words, list)}
    return _Lexicon(
        language=language,
        plain=data,
        authors=_Words.of(data["authors"]),
        others=_Words.of(data["others"]),
        wishing=_Words.of(data["wishing"]),
        soft=tuple(data["soft"]),
        active=active,
        present=present,
        passive=passive,
        participles=participles,
        gerunds=gerunds,
        telling=sets["modals"] | sets["opening"] | sets["become"] | {"is", "are"} | {*present, *passive, *gerunds},
        sets=sets,
    )


@frozen(kw_only=True)
class _Sentence:
    """The words of a sentence, lower case, as they stand, and in which clause."""

    low: list[str]
    shown: list[str]
    clause: list[int]
    begins: list[int]  # where the clause of each word begins
    lexicon: _Lexicon


def _read(clauses: Sequence[str], language: str) -> _Sentence:
    shown: list[str] = []
    clause: list[int] = []
    begins: list[int] = []
    for place, text in enumerate(clauses):
        words = _WORD.findall(text)
        begins += [len(shown)] * len(words)
        clause += [place] * len(words)
        shown += words
    low = [word.lower() for word in shown]
    return _Sentence(low=low, shown=shown, clause=clause, begins=begins, lexicon=_lexicon(language))


def find_acts(clauses: Sequence[str], language: str) -> dict[int, str]:
    """The clauses in which the author promises an act, and the words that say so.

    Parameters
    ----------
    clauses
        Those of one sentence, in order.
    language
        ``nb``, ``nn`` or ``en``.

    Examples
    --------
    >>> find_acts(["We will by the end of 2025 establish a centre."], "en")
    {0: 'will … establish'}
    >>> find_acts(["The municipalities shall establish a centre."], "en")
    {}
    """
    sentence = _read(clauses, language)
    found: dict[int, str] = {}
    for place, word in enumerate(sentence.low):
        if word not in sentence.lexicon.telling:
            continue
        hit = _promise(sentence, place) or _present(sentence, place)
        if hit is None:
            continue
        first, last = hit
        found.setdefault(sentence.clause[last], _show(sentence, first, last))
    return found


def _show(sentence: _Sentence, first: int, last: int) -> str:
    if last - first <= _SHORT:
        return " ".join(sentence.shown[first : last + 1])
    return f"{sentence.shown[first]} … {sentence.shown[last]}"


def _promise(sentence: _Sentence, place: int) -> tuple[int, int] | None:  # noqa: PLR0911 -- a list of reasons
    """Where the modal and the verb stand, if the word at this place promises an act."""
    low, lexicon = sentence.low, sentence.lexicon
    start = place + 1
    if lexicon.has("opening", low[place]):
        near = low[start : start + _NEAR]
        if lexicon.plain["joint"] not in near:
            return None
        start += near.index(lexicon.plain["joint"]) + 1
    elif not lexicon.has("modals", low[place]) and not _is_to_be(low, place, lexicon):
        return None
    if _describes(sentence, place) or any(lexicon.has("never", word) for word in low[max(place - 2, 0) : place]):
        return None
    who = _who(sentence, place)
    bare = True  # nothing but adverbs and the author stand between the modal and this word
    for at in range(start, min(start + _VERB, len(low))):
        word = low[at]
        if any(lexicon.has(name, word) for name in ("never", "cuts", "modals", "opening")):
            return None
        if lexicon.has("be", word):
            return _passive(sentence, place, at + 1, who)
        if (
            _fits(lexicon.passive, low, at) or (_bare_passive(lexicon, word) and at - start < _NEAR)
        ) and not _by_others(sentence, at):
            return None if _excepted(sentence, at) else (place, at)
        if who == "author" and not _excepted(sentence, at):
            if _fits(lexicon.active, low, at) and not lexicon.has("determiners", low[at - 1]):
                return place, at
            if bare and _looks_like_a_verb(lexicon, word):
                return place, at
        if bare and word.startswith(lexicon.soft) and word not in lexicon.authors and not lexicon.has("nouns", word):
            return None
        bare = bare and (lexicon.has("adverbs", word) or word in lexicon.authors or word.endswith("ly"))
    return None


def _is_to_be(low: list[str], place: int, lexicon: _Lexicon) -> bool:
    return lexicon.language == "en" and low[place] in ("is", "are") and low[place + 1 : place + 3] == ["to", "be"]


def _bare_passive(lexicon: _Lexicon, word: str) -> bool:
    end = {"nb": "es", "nn": "ast"}.get(lexicon.language)
    return (
        end is not None
        and len(word) > _SHORTEST + 1
        and word.endswith(end)
        and not word.startswith(lexicon.soft)
        and not lexicon.has("nouns", word)
    )


def _looks_like_a_verb(lexicon: _Lexicon, word: str) -> bool:
    """A word right after the author's modal is a verb, listed or not, unless it only looks so."""
    if (
        word.startswith(lexicon.soft)
        or any(lexicon.has(name, word) for name in ("nouns", "adverbs", "before"))
        or word in lexicon.authors
        or word in lexicon.others
        or not word.isalpha()
    ):
        return False
    return not word.endswith("ly") if lexicon.language == "en" else word.endswith("e") and len(word) >= _SHORTEST


def _passive(sentence: _Sentence, place: int, start: int, who: str) -> tuple[int, int] | None:
    """A participle near "be": an act, whoever it is done to, unless others do it."""
    low, lexicon = sentence.low, sentence.lexicon
    for at in range(start, min(start + _NEAR, len(low))):
        word = low[at]
        if any(lexicon.has(name, word) for name in ("never", "cuts", "modals")):
            return None
        if _fits(lexicon.gerunds, low, at):
            return (place, at) if who == "author" else None
        listed = _fits(lexicon.participles, low, at)
        if not listed and word.startswith(lexicon.soft):
            return None
        if listed or (lexicon.language == "en" and word.endswith("ed") and not lexicon.has("nouns", word)):
            return None if _by_others(sentence, at) or low[at : at + 2] == ["required", "to"] else (place, at)
    return None


def _present(sentence: _Sentence, place: int) -> tuple[int, int] | None:  # noqa: PLR0911 -- a list of reasons
    """An act in the present tense: "we introduce", "is introducing", "innføres fra 2027", "blir utvidet"."""
    low, lexicon = sentence.low, sentence.lexicon
    word = low[place]
    end = min(place + _VERB, len(low))
    negated = any(lexicon.has("never", other) for other in low[place : place + _NEAR])
    if negated or _describes(sentence, place) or _excepted(sentence, place):
        return None
    if lexicon.has("become", word) or (word in ("is", "are") and low[place + 1 : place + 2] == ["being"]):
        return _passive(sentence, place, place + 1 + (lexicon.language == "en"), "unknown")
    if _fits(lexicon.passive, low, place):
        near = low[max(place - _NEAR, sentence.begins[place]) : end]
        if any(
            lexicon.has("modals", other) or other in ("bør", "kan", "må")
            for other in low[max(place - _VERB, 0) : place]
        ):
            return None
        told = any(lexicon.has("future", other) for other in near)
        return (place, place) if told and not _by_others(sentence, place) else None
    before = low[place - 1] if place else ""
    after = low[place + 1] if place + 1 < len(low) else ""
    if _fits(lexicon.gerunds, low, place) and before in ("are", "is", "am"):
        return (place - 1, place) if _who(sentence, place - 1) == "author" else None
    if _fits(lexicon.present, low, place):
        if before in lexicon.authors and _who(sentence, place) == "author":
            return place - 1, place
        if after in lexicon.authors and lexicon.language != "en":
            return place, place + 1
    return None


def _fits(table: dict[str, set[str]], low: list[str], at: int) -> bool:
    """Whether the word is in the table, and what must stand near it does."""
    near = table.get(low[at])
    return near is not None and ("" in near or not near.isdisjoint(low[at + 1 : at + 2 + _NEAR]))


def _excepted(sentence: _Sentence, at: int) -> bool:
    low = sentence.low
    return any(low[at : at + len(words)] == words for words in map(str.split, sentence.lexicon.plain["unless"]))


def _by_others(sentence: _Sentence, at: int) -> bool:
    """Whether others are named as those who do what the passive says."""
    low, lexicon = sentence.low, sentence.lexicon
    for place in range(at + 1, min(at + _VERB, len(low))):
        if low[place] == lexicon.plain["agent"] and any(
            word in lexicon.others for word in low[place + 1 : place + _NEAR]
        ):
            return True
    return False


def _describes(sentence: _Sentence, place: int) -> bool:
    """Whether a goal, a rule or a relative clause is all that the modal belongs to."""
    low, lexicon = sentence.low, sentence.lexicon
    start = max(sentence.begins[place], place - _SUBJECT)
    before = low[start:place]
    if lexicon.language != "en" and place + 1 < len(low) and low[place + 1] in lexicon.authors:
        return False  # what stands before is a circumstance: "For å nå målet vil regjeringen"
    if before[:2] in (["for", "å"], ["to", "achieve"]):
        return False
    if any(word in lexicon.wishing for word in before):
        return True
    first = 1 if start == 0 and before and before[0] in ("som", "as") else 0
    return any(lexicon.has("relative", word) for word in before[max(len(before) - 3, first) :])


def _who(sentence: _Sentence, place: int) -> str:
    """Who acts: ``author``, ``other`` or ``unknown``."""
    before = _who_before(sentence, place)
    if before == "author" or sentence.lexicon.language == "en":
        return before
    low, lexicon = sentence.low, sentence.lexicon
    for at in range(place + 1, min(place + 1 + _NEAR, len(low))):
        if low[at] in lexicon.authors and not lexicon.has("before", low[at - 1]):
            return "author"
        if low[at] in lexicon.others and not _after_preposition(sentence, at):
            return "other"
    return before


def _who_before(sentence: _Sentence, place: int) -> str:
    low, lexicon = sentence.low, sentence.lexicon
    start = sentence.begins[place]
    if place - start <= 1:  # the clause begins with its modal: its subject stands in one before
        start = 0
    who = "unknown"
    for at in range(max(start, place - _SUBJECT), place):
        word = low[at]
        if lexicon.has("cuts", word):
            who = "unknown"
        if _after_preposition(sentence, at):
            continue
        if word in lexicon.authors or (lexicon.has("willing", word) and low[place] == lexicon.plain["modals"][0]):
            who = "author"
        elif word in lexicon.others and who != "author":
            who = "other"
    return who


def _after_preposition(sentence: _Sentence, at: int) -> bool:
    start = max(sentence.begins[at], at - 3)
    return any(sentence.lexicon.has("before", word) for word in sentence.low[start:at])


def find_others(clause: str, language: str) -> bool:
    """Whether a clause tells what others do or must do, or leaves the matter to them.

    Examples
    --------
    >>> [find_others(text, "en") for text in ("The schools must allocate funds.", "Schools are encouraged to read.")]
    [True, False]
    """
    sentence = _read([clause], language)
    low, lexicon = sentence.low, sentence.lexicon
    for words in map(str.split, lexicon.plain["theirs"]):
        if any(low[at : at + len(words)] == words for at in range(min(len(low), _NEAR))):
            return True
    for at, word in enumerate(low[:8]):
        if lexicon.has("willing", word) and lexicon.plain["modals"][0] in low[at : at + _NEAR]:
            return False
        if word in lexicon.authors:
            return False
        if word in lexicon.others and not _after_preposition(sentence, at):
            rest = low[at + 1 : at + 1 + 2 * _NEAR]
            asked = any(lexicon.has(name, other) for name in ("urging", "receiving") for other in rest)
            authors = any(other in lexicon.authors for other in rest[:_NEAR])
            undergo = "be" in rest and "required" not in rest
            finite = lexicon.language != "en" and "".join(rest[:1]).endswith("r")
            return not (asked or authors or undergo) and (finite or any(lexicon.has("duty", other) for other in rest))
    return False


def find_money(clause: str, language: str) -> str | None:
    """The words that set a sum aside, if a clause has such.

    Examples
    --------
    >>> find_money("The Government will spend a further £30 million on libraries.", "en")
    'spend … million'
    """
    sentence = _read([clause], language)
    low, lexicon = sentence.low, sentence.lexicon
    sums = [at for at, word in enumerate(low) if lexicon.has("money", word)]
    if not sums or any(lexicon.has("never", word) for word in low):
        return None
    starts = tuple(lexicon.plain["spend"])
    for at, word in enumerate(low[: sums[-1]]):
        told = word.startswith(starts) and _who(sentence, at) == "author"
        if told and any(lexicon.has("money", near) for near in low[at + 1 : at + _VERB]):
            last = next(place for place in range(at + 1, len(low)) if lexicon.has("money", low[place]))
            return _show(sentence, at, last)
    return None


def tells_of_past(clause: str, language: str) -> bool:
    """Whether a clause has a word in the past tense that tells of money spent.

    Examples
    --------
    >>> tells_of_past("In 2021, 40 million was allocated.", "en")
    True
    """
    lexicon = _lexicon(language)
    return any(lexicon.has("past", word) for word in _WORD.findall(clause.lower()))
