"""A block of text and a language come in; its sentences go out. It needs the extra ``documents``."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final

from ..errors import missing_extra

__all__ = ["split_sentences"]

_LAST: Final = re.compile(r"([\w.]*\w)\.[»”\"')\]]*\s*\Z")
_NEXT: Final = re.compile(r"[\s«“\"'(\[]*(\S)")
_LONGEST: Final = 40  # no abbreviation is longer
_NAMES: Final = {"bokmål": "nb", "nynorsk": "nn", "norwegian": "nb", "english": "en", "no": "nb"}


def split_sentences(text: str, language: str = "nb") -> list[str]:
    """Split a block of text into sentences.

    Parameters
    ----------
    text
        A paragraph, say.
    language
        The language's code, such as ``nb``, ``nn`` or ``en``.

    Returns
    -------
    list of str
        The sentences without blanks around them; nothing but blanks is lost.

    Raises
    ------
    UsageError
        Where the extra ``documents`` is not installed.

    Examples
    --------
    >>> split_sentences("Vi ber om f.eks. buss, jf. NOU 2020: 12 kap. 3. Det haster. Når?")
    ['Vi ber om f.eks. buss, jf. NOU 2020: 12 kap. 3.', 'Det haster.', 'Når?']
    """
    try:
        from sentencex import segment  # pyright: ignore[reportAttributeAccessIssue]  # it comes from compiled code
    except ImportError as error:
        raise missing_extra("splitting sentences", "documents") from error
    sentences: list[list[str]] = []
    for piece in segment(_NAMES.get(language, language), text):
        if sentences and _goes_on(sentences[-1][-1], piece):
            sentences[-1].append(piece)
        else:
            sentences.append([piece])
    joined = ("".join(pieces).strip() for pieces in sentences)
    return [sentence for sentence in joined if sentence]


@cache
def _abbreviations(kind: str) -> frozenset[str]:
    text = resources.files("policygap").joinpath("data/abbreviations.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text)[kind])


def _goes_on(sentence: str, piece: str) -> bool:
    """Whether the piece goes on with the sentence, since the point before it belongs to an abbreviation or a number."""
    last, following = _LAST.search(sentence[-_LONGEST:]), _NEXT.match(piece)
    if not last or not following:
        return not piece.strip()
    name, first = last.group(1).lower(), following.group(1)
    if name in _abbreviations("never"):
        return True
    if name in _abbreviations("before_number") and (first.isdigit() or first == "§"):
        return True
    short = "." in name or name.isdigit() or any(name in _abbreviations(kind) for kind in ("before_number", "maybe"))
    return short and first.islower()
