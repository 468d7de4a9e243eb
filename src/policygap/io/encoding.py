"""Bytes that are not UTF-8 come in; the encoding they most likely are goes out."""

from __future__ import annotations

import codecs
from typing import Final

from attrs import frozen

__all__ = ["Encoding", "guess_encoding", "guess_wide"]


@frozen(kw_only=True)
class Encoding:
    """A codec's name for Python, and the name a person knows it by."""

    codec: str
    label: str


_UTF16: Final = "UTF-16 (what Excel calls Unicode text)"
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark is its first half
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", _UTF16),
    (codecs.BOM_UTF16_BE, "utf-16", _UTF16),
)
_EIGHT_BIT: Final = (
    Encoding(codec="cp1252", label="Windows-1252, also called Latin-1 or ANSI"),
    Encoding(codec="mac_roman", label="Mac Roman"),
    Encoding(codec="cp850", label="the DOS code page 850"),
)
# What European text is made of beyond ASCII: letters, and the marks that word processors put in.
_LIKELY: Final = frozenset("æøåäöüßéèêëáàâíìîïóòôúùûñçãõÆØÅÄÖÜÉÈÀÁÇÑÓ“”\u2018’„«»–—…•€§°½·\u00a0")
_NORDIC: Final = frozenset("æøåäöÆØÅÄÖé")  # what most users' texts hold most of: decides between close guesses
_SAMPLE: Final = 1 << 16
_HIGH: Final = 0x80  # from here on bytes are not ASCII


def guess_wide(data: bytes) -> Encoding | None:
    """The encoding of text whose characters are two or four bytes each, or ``None`` where it seems to be no such text.

    Examples
    --------
    >>> guess_wide("id,label".encode("utf-16")).codec
    'utf-16'
    >>> guess_wide(b"id,label") is None
    True
    """
    for mark, codec, label in _MARKS:
        if data.startswith(mark):
            return Encoding(codec=codec, label=label)
    sample = data[:_SAMPLE]
    # In UTF-16 every other byte of Western text is NUL.
    for start, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        if sample[start::2].count(0) > len(sample) // 5:
            return Encoding(codec=codec, label=_UTF16)
    return None


def guess_encoding(data: bytes) -> Encoding:
    """Guess what encoding text that is not UTF-8 is in.

    Parameters
    ----------
    data
        The file's bytes.

    Examples
    --------
    >>> guess_encoding("Måsøy".encode("cp1252")).codec
    'cp1252'
    >>> guess_encoding("Måsøy".encode("mac_roman")).codec
    'mac_roman'
    """
    high = bytes(byte for byte in data if byte >= _HIGH)[:_SAMPLE]
    return guess_wide(data) or max(_EIGHT_BIT, key=lambda encoding: _score(high, encoding.codec))


def _score(high: bytes, codec: str) -> int:
    chars = high.decode(codec, errors="replace")
    return sum((char in _LIKELY) + 2 * (char in _NORDIC) for char in chars)
