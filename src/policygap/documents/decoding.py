"""Bytes of a text file come in; its text goes out, with a notice where its encoding had to be guessed."""

from __future__ import annotations

import codecs
from typing import Final

from ..io.encoding import guess_encoding, guess_wide
from ..notices import Notice
from .passages import DocumentError

__all__ = ["decode_text", "is_known"]

_MOST_NUL: Final = 100  # one byte in so many may be a slip; above that it is no text


def is_known(codec: str | None) -> bool:
    """Whether Python knows an encoding of text by that name.

    Examples
    --------
    >>> is_known("latin1"), is_known("klingon"), is_known("zip"), is_known(None)
    (True, False, False, False)
    """
    if not codec:
        return False
    try:
        b"a".decode(codec)
    except (LookupError, ValueError, AssertionError):
        return False
    return True


def decode_text(data: bytes, *, file: str, declared: str | None = None) -> tuple[str, tuple[Notice, ...]]:
    """Decode a file's bytes as UTF-8, else as they declare themselves, else as they most likely are.

    Parameters
    ----------
    data
        The bytes.
    file
        What to call the file in notices.
    declared
        The encoding the file itself names, if any.

    Raises
    ------
    DocumentError
        The bytes are no text.

    Examples
    --------
    >>> decode_text("blåbær".encode("cp1252"), file="a.txt")[0]
    'blåbær'
    """
    wide = guess_wide(data)
    if wide is not None and (data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _sane(data, wide.codec)):
        return data.decode(wide.codec, errors="replace").removeprefix("\ufeff"), ()
    nul = data.count(0)
    if nul * _MOST_NUL > len(data):
        raise DocumentError("this is no text: it holds many NUL bytes", "check what kind of file it is")
    notices = [Notice(kind="document_nul", subjects=(file,), values={"file": file, "count": nul})] if nul else []
    try:
        text = data.decode("utf-8-sig")
        if not is_known(declared) or not text.isascii():
            return text, tuple(notices)
    except UnicodeDecodeError:
        text = None
    if declared and is_known(declared):
        return data.decode(declared, errors="replace"), tuple(notices)
    if text is not None:
        return text, tuple(notices)
    guess = guess_encoding(data)
    values = {"file": file, "encoding": guess.label}
    notices.append(Notice(kind="document_encoding", subjects=(file,), values=values))
    return data.decode(guess.codec, errors="replace"), tuple(notices)


def _sane(data: bytes, codec: str) -> bool:
    """Whether bytes without a mark, in which every other one is often NUL, are text in that encoding."""
    try:
        text = data[: len(data) // 4 * 4].decode(codec)
    except UnicodeDecodeError:
        return False
    return "\x00" not in text and sum(char.isprintable() or char.isspace() for char in text) > len(text) * 0.95
