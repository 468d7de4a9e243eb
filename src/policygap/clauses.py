"""A sentence comes in; its clauses go out. Words come in; the language they are in goes out."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final

from .errors import Problem, UsageError
from .spelling import suggest

__all__ = ["LANGUAGES", "check_language", "guess_language", "split_clauses"]

LANGUAGES: Final = ("nb", "nn", "en")
_WORD: Final = re.compile(r"\w+")
_PAUSE: Final = re.compile(r"[,;:](?=\s)|\s[–—-](?=\s)")
_FEWEST: Final = 3  # telling words under which no language is guessed
_LOOKED_AT: Final = 200_000  # characters, which tell the language of any text


@cache
def _words(language: str) -> Mapping[str, tuple[str, ...]]:
    text = resources.files("policygap").joinpath("data/clauses.toml").read_text(encoding="utf-8")
    return {name: tuple(words) for name, words in tomllib.loads(text)[language].items()}


@cache
def _joint(language: str) -> re.Pattern[str]:
    """Where a joining word begins a new predicate."""
    joining, before = ("|".join(_words(language)[name]) for name in ("joining", "before"))
    return re.compile(rf"\s(?=(?:{joining})\s(?:{before})\b)", re.IGNORECASE)


@cache
def _conditional(language: str) -> re.Pattern[str]:
    return re.compile(rf"\W*(?:{'|'.join(_words(language)['conditional'])})\b", re.IGNORECASE)


def check_language(language: str) -> None:
    """Refuse a language that there are no rules for.

    Raises
    ------
    UsageError
        Naming those there are.
    """
    if language not in LANGUAGES:
        fix = suggest(str(language), LANGUAGES, otherwise=f"use one of {', '.join(LANGUAGES)}")
        raise UsageError([Problem(file="language", what=f"there are no rules for the language {language!r}", fix=fix)])


def guess_language(texts: Iterable[str]) -> str:
    """The language that most words of the texts tell of.

    Counted are a few frequent words of each language. The language that has most wins, if it has three or more, and
    more than each other one.

    Raises
    ------
    UsageError
        Where the words do not tell.

    Examples
    --------
    >>> (
    ...     guess_language(["Vi vil ikke vente på hva som skjer."]),
    ...     guess_language(["Vi vil ikkje vente på kva som skjer."]),
    ... )
    ('nb', 'nn')
    >>> guess_language(["Vekst"])
    Traceback (most recent call last):
    ...
    policygap.errors.UsageError: language: the words do not tell which language it is; name it: nb, nn or en
    """
    counts: Counter[str] = Counter()
    left = _LOOKED_AT
    for text in texts:
        counts.update(_WORD.findall(text[:left].lower()))
        left -= len(text)
        if left <= 0:
            break
    told = sorted((-sum(counts[word] for word in _words(language)["telling"]), language) for language in LANGUAGES)
    (most, language), (second, _) = told[:2]
    if -most < _FEWEST or most == second:
        what = "the words do not tell which language it is"
        raise UsageError([Problem(file="language", what=what, fix="name it: nb, nn or en")])
    return language


def split_clauses(sentence: str, language: str) -> list[str]:
    """Cut a sentence into clauses, roughly: at commas, semicolons, colons, dashes, and where "and will" begins anew.

    A part that begins with "if" or "whether" stays with its neighbours, since its verb promises nothing by itself.

    Parameters
    ----------
    sentence
        The sentence.
    language
        ``nb``, ``nn`` or ``en``.

    Examples
    --------
    >>> split_clauses("We will build a centre and will consider two more.", "en")
    ['We will build a centre', 'and will consider two more.']
    >>> split_clauses("Whether money is allocated, will be assessed.", "en")
    ['Whether money is allocated, will be assessed.']
    """
    cuts = sorted({found.end() for found in (*_PAUSE.finditer(sentence), *_joint(language).finditer(sentence))})
    conditional = _conditional(language)
    clauses: list[str] = []
    start, joined = 0, False
    for end in (*cuts, len(sentence)):
        part = sentence[start:end]
        depends = bool(conditional.match(part))
        if clauses and (joined or depends):
            clauses[-1] += part
        else:
            clauses.append(part)
        start, joined = end, depends
    return [clause.strip() for clause in clauses if clause.strip()]
