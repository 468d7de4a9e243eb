"""Text comes in; its words go out, folded so that case and normal form do not matter, with where they stand.

Every character is of one kind; what is a word is then a regular expression over kinds. Folding is Unicode's canonical
caseless matching (The Unicode Standard 15.0, section 3.13, definition D145), with the dotted and the dotless i of
Turkish both as i, and with what is not seen (soft hyphens, joiners, variation selectors) left out.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

__all__ = ["Word", "fold_word", "kinds_of", "split_words"]

# Kinds: w letter, digit or _; m mark; v variation selector; c a character that is a word by itself; e symbol;
# f half a flag; k skin tone; z joiner; y soft hyphen; i not seen; h hyphen; b blank; r and n line ends; p paragraph
# end; s anything else.
_WORD = r"w[wmvizy]*(?:(?:h|(?<=y))b*(?:rn|n|r)b*w[wmvizy]*)*"
_EMOJI = r"ff[mvi]*|[efk][mvk]*(?:z[efk][mvk]*)*"
_BARRIER = r"(?:rn|n|r(?!n))b*(?:rn|n|r)|p"
_DOTTED = re.compile("i\u0307+")
_SCAN = re.compile(f"({_WORD}|c[mvi]*|{_EMOJI})|{_BARRIER}")

_IDEOGRAPHS: Final = (
    (0x2E80, 0x2FDF), (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3041, 0x309F), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
_FLAGS, _TONES, _TAGS = (0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF), (0xE0020, 0xE007F)
_PICTURES = (0x1F000, 0x1FAFF)  # whichever of them this Python's Unicode already knows
_SELECTORS: Final = tuple(
    ("v", span) for span in ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x180B, 0x180D), (0x180F, 0x180F))
)
_ONE_BY_ONE: Final = {
    "_": "w", "\u0345": "w", "-": "h", "\u2010": "h", "\u00ad": "y", "\u200d": "z", "\u200b": "s", "\ufffd": "s",
    "\r": "r", "\n": "n", "\v": "n", "\f": "n", "\x85": "n", "\u2028": "n", "\u2029": "p", "\x1c": "s", "\x1d": "s",
    "\x1e": "s", "\x1f": "s",
}  # fmt: skip


class _Kinds(dict[int, str]):
    """The kind of every character, worked out when it is first met."""

    def __missing__(self, point: int) -> str:
        self[point] = kind = _kind(point)
        return kind


def _kind(point: int) -> str:
    char = chr(point)
    if char in _ONE_BY_ONE:
        return _ONE_BY_ONE[char]
    for kind, (low, high) in (("f", _FLAGS), ("k", _TONES), ("m", _TAGS), ("e", _PICTURES), *_SELECTORS):
        if low <= point <= high:
            return kind
    category = unicodedata.category(char)
    if any(low <= point <= high for low, high in _IDEOGRAPHS) and not category.startswith("M"):
        return "c"
    if char.isspace():
        return "b"
    if category in ("So", "Sc"):
        return "e"
    return {"L": "w", "N": "w", "M": "m"}.get(category[0], "i" if category == "Cf" else "s")


_KINDS = _Kinds()


def kinds_of(text: str) -> str:
    r"""For each character the letter of its kind.

    Examples
    --------
    >>> kinds_of("Ås, 都\n")
    'wwsbcn'
    """
    return text.translate(_KINDS)


class Word(NamedTuple):
    """A word of a text.

    Attributes
    ----------
    folded
        As it is compared.
    start, end
        Where it stands in the text: ``text[start:end]``.
    paragraph
        The number of its paragraph, from 0; blank lines part paragraphs.
    """

    folded: str
    start: int
    end: int
    paragraph: int


def split_words(text: str) -> list[Word]:
    r"""The words of a text, in order.

    Examples
    --------
    >>> [word.folded for word in split_words("Straße-\nbahn i ÅS, og 東京 👍🏽")]
    ['strassebahn', 'i', 'ås', 'og', '東', '京', '👍🏽']
    >>> [word.paragraph for word in split_words("one\n\ntwo")]
    [0, 1]
    """
    kinds = kinds_of(text)
    words: list[Word] = []
    paragraph = 0
    for found in _SCAN.finditer(kinds):
        if found.group(1) is None:
            paragraph += 1
            continue
        start, end = found.span()
        words.append(Word(fold_word(text[start:end]), start, end, paragraph))
    return words


def fold_word(word: str) -> str:
    r"""A word as it is compared with others.

    Parameters
    ----------
    word
        One word as it stands in a text.

    Examples
    --------
    >>> fold_word("İSTANBUL"), fold_word("ΣΊΣΥΦΟΣ") == fold_word("σίσυφος"), fold_word("små\u00adby")
    ('istanbul', True, 'småby')
    """
    if word.isascii() and word.isalnum():
        return word.lower()
    kinds = kinds_of(word)
    seen = "wmcefkz" if kinds[0] in "efk" else "wmc"
    if kinds.strip("wm"):
        word = "".join(char for char, kind in zip(word, kinds, strict=True) if kind in seen)
    folded = unicodedata.normalize("NFD", word).casefold().replace("\u0131", "i")
    return unicodedata.normalize("NFC", _DOTTED.sub("i", folded))
