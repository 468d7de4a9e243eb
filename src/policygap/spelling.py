"""A word that is not known and the known ones come in; the nearest known one goes out."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

__all__ = ["fold", "nearest", "suggest"]


def fold(text: str) -> str:
    """Text without case and accents, for telling ids apart as a reader would.

    Examples
    --------
    >>> fold("Ås") == fold("as")
    True
    """
    if text.isascii():
        return text.strip().casefold()
    decomposed = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, or ``None`` where none is near.

    Examples
    --------
    >>> nearest("suport", ["support", "oppose"])
    'support'
    >>> nearest("xyz", ["support", "oppose"]) is None
    True
    """
    by_fold: dict[str, str] = {}
    for candidate in known:
        by_fold.setdefault(fold(candidate), candidate)
    found = difflib.get_close_matches(fold(word), list(by_fold), n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def suggest(word: str, known: Iterable[str], *, otherwise: str) -> str:
    """A fix in words: the nearest known word, else ``otherwise``.

    Examples
    --------
    >>> suggest("aganst", ["for", "against"], otherwise="write for or against")
    "did you mean 'against'?"
    """
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near is not None else otherwise
