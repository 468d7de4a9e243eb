"""What an analyst wrote comes in; a pattern of folded words that may be open at either end goes out."""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

from .words import split_words

__all__ = ["Pattern", "PatternError", "Piece", "parse_pattern"]

_STAR = "*"


class Piece(NamedTuple):
    """A word of a pattern: folded, and whether other letters may stand before or after it."""

    text: str
    open_start: bool
    open_end: bool

    def matches(self, word: str) -> bool:
        """Whether it matches a folded word.

        Examples
        --------
        >>> Piece("kapasitet", False, True).matches("kapasiteten")
        True
        """
        if self.open_start and self.open_end:
            return self.text in word
        if self.open_start:
            return word.endswith(self.text)
        return word.startswith(self.text) if self.open_end else word == self.text

    def __str__(self) -> str:
        return f"{_STAR * self.open_start}{self.text}{_STAR * self.open_end}"


class PatternError(ValueError):
    """A pattern that can't be read; ``what`` and ``fix`` say why, and ``place`` at which character of it."""

    def __init__(self, what: str, fix: str, place: int = 0) -> None:
        self.what, self.fix, self.place = what, fix, place
        super().__init__(f"{what}; {fix}")


@frozen
class Pattern:
    """A word or phrase to look for.

    Attributes
    ----------
    written
        As it was written.
    pieces
        Its words.
    """

    written: str
    pieces: tuple[Piece, ...]

    def __str__(self) -> str:
        return self.written


def parse_pattern(written: str) -> Pattern:
    """Read a pattern: a word or several, with ``*`` at either end of a word where other letters may stand.

    Raises
    ------
    PatternError
        Where there is no word in it, or a ``*`` stands by itself or within a word.

    Examples
    --------
    >>> [str(piece) for piece in parse_pattern("Små byer*").pieces]
    ['små', 'byer*']
    >>> parse_pattern("by * vekst")
    Traceback (most recent call last):
    ...
    policygap.rules.patterns.PatternError: 'by * vekst' has a * by itself; write it at the start or end of a word
    """
    shown = repr(written if len(written) <= 60 else f"{written[:60]}...")  # noqa: PLR2004
    pieces: list[Piece] = []
    used = 0
    words = split_words(written)
    starts, ends = {word.start for word in words}, {word.end for word in words}
    for word in words:
        before, after = word.start - 1, word.end
        open_start = before >= 0 and written[before] == _STAR
        open_end = written[after : after + 1] == _STAR
        if (open_start and before in ends) or (open_end and after + 1 in starts):
            place = before if open_start and before in ends else after
            raise PatternError(f"{shown} has a * within a word", "write * at the start or end of a word alone", place)
        used += open_start + open_end
        pieces.append(Piece(word.folded, open_start, open_end))
    if written.count(_STAR) > used:
        if not words and written.strip() == _STAR:
            raise PatternError("a * by itself matches every word", "write the letters that words start or end with")
        place = next(
            place
            for place, char in enumerate(written)
            if char == _STAR and place + 1 not in starts and place not in ends
        )
        raise PatternError(f"{shown} has a * by itself", "write it at the start or end of a word", place)
    if not pieces:
        what = "the pattern is empty" if not written.strip() else f"{shown} has no letter, digit or symbol in it"
        raise PatternError(what, "write a word, or take the pattern out")
    return Pattern(written, tuple(pieces))
