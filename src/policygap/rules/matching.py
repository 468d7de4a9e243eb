"""Rules and one text come in; which rules fire, and where their patterns stand, go out."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from attrs import field, frozen

from .automaton import Automaton
from .patterns import Pattern, Piece
from .rule import Combination, Near, Rule
from .words import Word, split_words

__all__ = ["Matcher", "Occurrences", "Spans", "compile_rules"]

Spans = list[tuple[int, int]]
"""Where a pattern stands: the first and the last of its words, by position in the text."""

_REMEMBERED: Final = 200_000  # words whose pieces are kept


@frozen(kw_only=True, eq=False)
class Occurrences:
    """Where the patterns of a rule set stand in one text, by pattern."""

    words: Sequence[Word]
    spans: Mapping[tuple[Piece, ...], Spans]

    def of(self, pattern: Pattern) -> Spans:
        """Where one pattern stands; empty where it does not."""
        return self.spans.get(pattern.pieces, [])

    def within(self, near: Near) -> dict[tuple[Piece, ...], Spans] | None:
        """For each of the patterns, where it stands in a stretch that has them all; ``None`` where no stretch does."""
        ends: list[tuple[int, int, tuple[Piece, ...]]] = []
        wanted = {pattern.pieces for pattern in near.patterns}
        for pieces in wanted:
            found = self.spans.get(pieces)
            if not found:
                return None
            ends += [(last, first, pieces) for first, last in found]
        ends.sort()
        together: dict[tuple[Piece, ...], dict[tuple[int, int], None]] = {}
        latest: dict[tuple[Piece, ...], tuple[int, int]] = {}
        heap: list[tuple[int, int, tuple[Piece, ...]]] = []
        paragraph = -1
        for last, first, pieces in ends:
            if self.words[last].paragraph != paragraph:
                paragraph = self.words[last].paragraph
                latest.clear()
                heap.clear()
            if pieces not in latest or latest[pieces] < (first, last):
                latest[pieces] = (first, last)
                heapq.heappush(heap, (first, last, pieces))
            while latest[heap[0][2]] != heap[0][:2]:
                heapq.heappop(heap)
            if len(latest) == len(wanted) and last - heap[0][0] < near.words:
                for name, span in latest.items():
                    together.setdefault(name, {})[span] = None
        return {name: list(spans) for name, spans in together.items()} or None


@frozen(kw_only=True, eq=False)
class Matcher:
    """Rules, made ready to be looked for."""

    rules: tuple[Rule | Combination, ...]
    pieces: tuple[Piece, ...]
    automaton: Automaton = field(repr=False)
    phrases: Mapping[int, tuple[tuple[int, ...], ...]] = field(repr=False)
    touched: Mapping[tuple[Piece, ...], tuple[int, ...]] = field(repr=False)
    always: tuple[int, ...] = field(repr=False)
    remembered: dict[str, tuple[int, ...]] = field(factory=dict, repr=False)
    kept: dict[str, Any] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, rules: Iterable[Rule | Combination]) -> Matcher:
        """Make rules ready: every distinct word of their patterns is looked for once."""
        rules = tuple(rules)
        numbers: dict[Piece, int] = {}
        touched: defaultdict[tuple[Piece, ...], dict[int, None]] = defaultdict(dict)
        for place, rule in enumerate(rules):
            for pattern in rule.patterns():
                touched[pattern.pieces][place] = None
                for piece in pattern.pieces:
                    numbers.setdefault(piece, len(numbers))
        phrases: defaultdict[int, list[tuple[int, ...]]] = defaultdict(list)
        for pieces in touched:
            if len(pieces) > 1:
                phrases[numbers[pieces[0]]].append(tuple(numbers[piece] for piece in pieces))
        nothing = Occurrences(words=(), spans={})
        return cls(
            rules=rules,
            pieces=tuple(numbers),
            automaton=Automaton(numbers),
            phrases={first: tuple(of) for first, of in phrases.items()},
            touched={pieces: tuple(places) for pieces, places in touched.items()},
            always=tuple(place for place, rule in enumerate(rules) if rule.fires(nothing)),
        )

    def pieces_of(self, word: str) -> tuple[int, ...]:
        """The numbers of the pieces that match a folded word."""
        found = self.remembered.get(word)
        if found is None:
            if len(self.remembered) >= _REMEMBERED:
                self.remembered.clear()
            found = self.remembered[word] = self.automaton.find(word)
        return found

    def look(self, text: str) -> Occurrences:
        """Where every pattern stands in a text."""
        words = split_words(text)
        at: defaultdict[int, list[int]] = defaultdict(list)
        for place, word in enumerate(words):
            for piece in self.pieces_of(word.folded):
                at[piece].append(place)
        spans: dict[tuple[Piece, ...], Spans] = {}
        for piece, places in at.items():
            alone = (self.pieces[piece],)
            if alone in self.touched:
                spans[alone] = [(place, place) for place in places]
        members: dict[int, set[int]] = {}
        for first, places in at.items():
            for phrase in self.phrases.get(first, ()):
                if not all(piece in at for piece in phrase):
                    continue
                for piece in phrase:
                    members.setdefault(piece, set(at[piece]))
                found = [
                    (place, place + len(phrase) - 1)
                    for place in places
                    if all(place + step in members[piece] for step, piece in enumerate(phrase))
                    and words[place].paragraph == words[place + len(phrase) - 1].paragraph
                ]
                if found:
                    spans[tuple(self.pieces[piece] for piece in phrase)] = found
        return Occurrences(words=words, spans=spans)

    def asked(self, found: Occurrences) -> list[int]:
        """The places of the rules that may fire: those with a pattern that stands there, and those that need none."""
        asked = set(self.always)
        for pieces in found.spans:
            asked.update(self.touched[pieces])
        return sorted(asked)

    def fired(self, found: Occurrences) -> Iterator[int]:
        """The places of the rules that fire, in order."""
        return (place for place in self.asked(found) if self.rules[place].fires(found))


@lru_cache(maxsize=4)
def compile_rules(rules: tuple[Rule | Combination, ...]) -> Matcher:
    """Make rules ready in order of their codes; equal rules that come again are ready.

    What reads the same rules in many batches or partitions, each handed to it with a copy of them, gets one matcher
    for all, with the words that it has met.
    """
    return Matcher.of(sorted(rules, key=lambda rule: rule.code))
