"""A name that nobody knows and the known ones come in; the one that was surely meant goes out.

Stricter than :func:`policygap.spelling.nearest`: here a near miss is a problem, not a suggestion, and a study's own
column must not be taken for a misspelt one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ..spelling import fold

__all__ = ["misspelt", "slug"]

_SHORT = 5  # up to this many letters only one slip is a misspelling: two make another word of them
_TOO_SHORT = 3  # among words of three letters a slip makes another word ("url", "uri")


def _slips(word: str, known: str, most: int) -> int:
    """Letters dropped, doubled, changed or swapped with their neighbour (optimal string alignment)."""
    if abs(len(word) - len(known)) > most:
        return most + 1
    above: list[int] = []
    row = list(range(len(known) + 1))
    for i, letter in enumerate(word, start=1):
        before, above, row = above, row, [i]
        for j, other in enumerate(known, start=1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == known[j - 2] and word[i - 2] == other:
                best = min(best, before[j - 2] + 1)
            row.append(best)
    return row[-1]


def misspelt(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that ``name`` surely was meant to be.

    Parameters
    ----------
    name
        A name that is none of the known ones.
    known
        The known names.

    Returns
    -------
    str or None
        The known name that differs by case, accents, blanks or a slip or two; ``None`` where none does.

    Examples
    --------
    >>> misspelt("themse", ["themes", "targets"])
    'themes'
    >>> misspelt("Themes ", ["themes", "targets"])
    'themes'
    >>> misspelt("region", ["reading", "relation"]) is None
    True
    """
    plain = fold(name).replace(" ", "_").replace("-", "_")
    best: tuple[int, str] | None = None
    for candidate in known:
        if plain == candidate:
            return candidate
        if len(candidate) <= _TOO_SHORT:
            continue
        most = 1 if min(len(plain), len(candidate)) <= _SHORT else 2
        slips = _slips(plain, candidate, most)
        if slips <= most and (best is None or slips < best[0]):
            best = (slips, candidate)
    return best[1] if best else None


def slug(text: str) -> str:
    """A name as a data package wants it: lower-case letters, digits, ``.``, ``-`` and ``_``.

    Examples
    --------
    >>> slug("Småby-strategi 2022")
    'smaby-strategi-2022'
    >>> slug("研究")
    'study'
    """
    folded = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("Ø", "O").casefold())
    ascii_only = folded.replace("æ", "ae").encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9._-]+", "-", ascii_only).strip("-._") or "study"
