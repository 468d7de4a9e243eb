"""A rule set comes in; what in it can't be meant goes out: patterns and rules that do nothing, or what others do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from ..spelling import nearest
from .automaton import Automaton
from .patterns import Pattern, Piece
from .rule import LISTS, Combination, Rule

__all__ = ["check_rules"]

_COLUMNS = ("code", "what", "pattern", "other", "told")


def check_rules(rules: Iterable[Rule | Combination], known: Iterable[str] | None = None) -> pd.DataFrame:
    """Find what in rules can't be meant.

    Parameters
    ----------
    rules
        The rules.
    known
        The ids of a study's codes, if there is one.

    Returns
    -------
    pandas.DataFrame
        A row a finding: ``code``; ``what``: ``never`` (a rule that can't fire, or a pattern that can't make a
        difference), ``covered`` (a pattern whose every match another of the list matches), ``repeated``, ``always``
        (a rule that fires where nothing is said), ``equal``, ``shadowed`` (a rule that fires only where another does),
        ``unknown`` (a code that the study does not have); ``pattern``; ``other``, the pattern or code it is held
        against; ``told``, in words.

    Examples
    --------
    >>> check_rules([Rule("bus", any=["bus*", "buses"])])["told"].tolist()
    ["'buses' is found by 'bus*' already"]
    """
    rules = list(rules)
    lines = [line for rule in rules if isinstance(rule, Rule) for line in _of_rule(rule)]
    lines += _between([rule for rule in rules if isinstance(rule, Rule)])
    if known is not None:
        ids = list(known)
        for rule in rules:
            if rule.code not in ids:
                near = nearest(rule.code, ids)
                meant = f"; did you mean '{near}'?" if near else ""
                lines.append((rule.code, "unknown", None, near, f"the study has no code {rule.code!r}{meant}"))
    return pd.DataFrame(lines, columns=list(_COLUMNS)).astype(object)


Line = tuple[str, str, str | None, str | None, str]


class _Finder:
    """Finds which of some patterns stand wherever another one does."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._written = {pattern.pieces: pattern.written for pattern in patterns}
        self._pieces = list(dict.fromkeys(piece for pieces in self._written for piece in pieces))
        self._finder = Automaton(self._pieces)
        self._starting: defaultdict[Piece, list[tuple[Piece, ...]]] = defaultdict(list)
        for pieces in self._written:
            self._starting[pieces[0]].append(pieces)

    def covering(self, pattern: Pattern) -> Iterator[tuple[tuple[Piece, ...], str]]:
        """Those that stand wherever the pattern does, and how they were written; itself too, if it is among them."""
        wider = [set(self._wider(piece)) for piece in pattern.pieces]
        for at, options in enumerate(wider):
            for first in options:
                for pieces in self._starting.get(first, ()):
                    fits = at + len(pieces) <= len(wider)
                    if fits and all(piece in wider[at + step] for step, piece in enumerate(pieces)):
                        yield pieces, self._written[pieces]

    def _wider(self, piece: Piece) -> Iterator[Piece]:
        """The pieces that match every word that this piece matches."""
        beside = "\x00"  # stands for letters that may be there; no word has it, so open ends alone can match it
        for place in self._finder.find(f"{beside * piece.open_start}{piece.text}{beside * piece.open_end}"):
            yield self._pieces[place]


def _of_rule(rule: Rule) -> Iterator[Line]:
    for name, patterns in zip(LISTS, (rule.any, rule.all, rule.none), strict=True):
        counts = Counter(pattern.pieces for pattern in patterns)
        distinct = {pattern.pieces: pattern for pattern in patterns}
        finder = _Finder(distinct.values())
        for pieces, pattern in distinct.items():
            if counts[pieces] > 1:
                yield rule.code, "repeated", pattern.written, None, f"{name} has {pattern.written!r} more than once"
            wider = [written for other, written in finder.covering(pattern) if other != pieces]
            if wider and name == "all":
                told = f"{min(wider)!r} asks for nothing that {pattern.written!r} does not"
                yield rule.code, "covered", min(wider), pattern.written, told
            elif wider:
                told = f"{pattern.written!r} is found by {min(wider)!r} already"
                yield rule.code, "covered", pattern.written, min(wider), told
    needed = [*rule.all, *(rule.near.patterns if rule.near is not None else ())]
    forbidding = _Finder(rule.none)
    stopped = {pattern.written: min(names) for pattern in needed if (names := _names(forbidding, pattern))}
    for pattern, other in stopped.items():
        told = f"the rule can't fire: it takes {pattern!r}, which {other!r} in none forbids"
        yield rule.code, "never", pattern, other, told
    hopeless = {pattern.written: min(names) for pattern in rule.any if (names := _names(forbidding, pattern))}
    if rule.any and len(hopeless) == len({pattern.written for pattern in rule.any}):
        yield rule.code, "never", None, None, "the rule can't fire: none forbids every pattern of any"
    else:
        for pattern, other in hopeless.items():
            told = f"{pattern!r} can't make the rule fire: {other!r} in none forbids it"
            yield rule.code, "never", pattern, other, told
    if rule.near is not None:
        longest = max(rule.near.patterns, key=lambda pattern: len(pattern.pieces))
        if len(longest.pieces) > rule.near.words:
            told = (
                f"the rule can't fire: {longest.written!r} has more words than the {rule.near.words} that near allows"
            )
            yield rule.code, "never", longest.written, None, told
    if not (rule.any or needed):
        told = "the rule fires on every text without its words, also where nothing is said"
        yield rule.code, "always", None, None, told


def _names(finder: _Finder, pattern: Pattern) -> list[str]:
    return [written for _, written in finder.covering(pattern)]


def _between(rules: list[Rule]) -> Iterator[Line]:
    """Rules that are equal, or fire only where another does that has patterns in ``any`` alone."""
    met: dict[Any, str] = {}
    plain: defaultdict[tuple[Piece, ...], set[str]] = defaultdict(set)
    for rule in rules:
        meaning = _meaning(rule)
        if meaning in met:
            yield rule.code, "equal", None, met[meaning], f"it is the same rule as that of {met[meaning]!r}"
        met.setdefault(meaning, rule.code)
        if rule.any and not (rule.all or rule.none or rule.near):
            for pattern in rule.any:
                plain[pattern.pieces].add(rule.code)
    finder = _Finder(pattern for rule in rules for pattern in rule.any if pattern.pieces in plain)
    meanings = {rule.code: _meaning(rule) for rule in rules}
    for rule in rules:
        needed = [*rule.all, *(rule.near.patterns if rule.near is not None else ())]
        over = [
            {code for pieces, _ in finder.covering(pattern) for code in plain[pieces]}
            for pattern in (*rule.any, *needed)
        ]
        every = set.intersection(*over[: len(rule.any)]) if rule.any else set[str]()
        for other in sorted(every.union(*over[len(rule.any) :])):
            if meanings[other] != meanings[rule.code]:
                yield rule.code, "shadowed", None, other, f"it fires only where {other!r} does"


def _meaning(rule: Rule) -> Any:
    """What a rule means, without its code and the order of its patterns."""
    lists = [frozenset(pattern.pieces for pattern in patterns) for patterns in (rule.any, rule.all, rule.none)]
    near = rule.near
    close = None if near is None else (frozenset(pattern.pieces for pattern in near.patterns), near.words)
    return (*lists, close)
