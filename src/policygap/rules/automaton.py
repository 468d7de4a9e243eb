"""Pieces of patterns come in; for a folded word, which of them match it goes out, in time in proportion to the word.

All open pieces are looked for in one pass over the word (Aho and Corasick 1975, doi:10.1145/360825.360855), with the
word's start and end as characters of their own. Nested pieces are told once a word, however often they occur in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from .patterns import Piece

__all__ = ["Automaton"]

_START, _END = "\x02", "\x03"  # no word has control characters


class Automaton:
    """Finds the pieces that match a word.

    Parameters
    ----------
    pieces
        What to look for; a piece's number is its place.

    Examples
    --------
    >>> finder = Automaton([Piece("by", False, False), Piece("by", True, False), Piece("små", False, True)])
    >>> finder.find("småby"), finder.find("by"), finder.find("bygd")
    ((1, 2), (0, 1), ())
    """

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._exact: dict[str, list[int]] = {}
        self._next: list[dict[str, int]] = [{}]
        self._ends: list[list[int]] = [[]]
        for number, piece in enumerate(pieces):
            if piece.open_start or piece.open_end:
                self._ends[self._insert(piece)].append(number)
            else:
                self._exact.setdefault(piece.text, []).append(number)
        self._link()

    def _insert(self, piece: Piece) -> int:
        state = 0
        for char in f"{'' if piece.open_start else _START}{piece.text}{'' if piece.open_end else _END}":
            after = self._next[state].get(char)
            if after is None:
                after = self._next[state][char] = len(self._next)
                self._next.append({})
                self._ends.append([])
            state = after
        return state

    def _link(self) -> None:
        """For each state, the longest other one that its letters end with, and the next such that tells of a piece."""
        self._fall = [0] * len(self._next)
        self._told = [0] * len(self._next)
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            fall = self._fall[state]
            self._told[state] = fall if self._ends[fall] else self._told[fall]
            for char, after in self._next[state].items():
                back = fall
                while back and char not in self._next[back]:
                    back = self._fall[back]
                self._fall[after] = self._next[back].get(char, 0)
                queue.append(after)
        self._tells = [
            state if ends else told for state, (ends, told) in enumerate(zip(self._ends, self._told, strict=True))
        ]

    def find(self, word: str) -> tuple[int, ...]:
        """The numbers of the pieces that match a folded word, in order."""
        found = list(self._exact.get(word, ()))
        if len(self._next) > 1:
            following, fall, tells, told = self._next, self._fall, self._tells, self._told
            state, met = 0, set[int]()
            for char in f"{_START}{word}{_END}":
                after = following[state].get(char)
                while after is None:
                    if not state:
                        after = 0
                        break
                    state = fall[state]
                    after = following[state].get(char)
                state = after
                at = tells[state]
                while at and at not in met:
                    met.add(at)
                    at = told[at]
            for at in met:
                found += self._ends[at]
        return tuple(sorted(found))
