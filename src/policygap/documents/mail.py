"""An e-mail as a file comes in; its passages go out, with a notice of what was attached."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from ..notices import Notice
from .decoding import decode_text
from .markup import read_page
from .passages import Contents, DocumentError, Passage, tidy
from .plain import make_passages

__all__ = ["read_mail"]

if TYPE_CHECKING:
    _Mail = Message[Any, Any]  # at run time it takes no types before Python 3.12

_MOST_LISTED: Final = 10
_MOST_PARTS: Final = 100  # of parts that hold parts; more take the standard library time with their square
_LONGEST: Final = 10_000  # characters of a header; the same goes for them
_MULTIPART: Final = re.compile(rb"^content-type:\s*multipart/", re.IGNORECASE | re.MULTILINE)
_HEADERS: Final = re.compile(rb"^content-[a-z-]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)


def read_mail(path: Path, *, file: str) -> Contents:
    """Read an e-mail: what it says as plain text, or else as HTML; replies that it quotes stay in.

    Parameters
    ----------
    path
        The file.
    file
        What to call it in notices.

    Raises
    ------
    DocumentError
        Its parts, headers or HTML are made to take all the time there is.
    """
    data = path.read_bytes()
    if len(_MULTIPART.findall(data)) > _MOST_PARTS or any(
        len(found.group()) > _LONGEST for found in _HEADERS.finditer(data)
    ):
        raise DocumentError("its parts or headers are not those of an e-mail", "save its text as .txt")
    # The newer policy of the standard library takes memory with the square of a header's length.
    message = email.message_from_bytes(data)
    notices: list[Notice] = []
    attached = [_name(part) for part in _attachments(message)]
    if attached:
        shown = ", ".join(attached[:_MOST_LISTED]) + (", ..." if len(attached) > _MOST_LISTED else "")
        values = {"file": file, "names": shown, "count": len(attached)}
        notices.append(Notice(kind="document_attachments", subjects=(file,), values=values))
    passages, more = _read_body(message, file)
    subject = " ".join(tidy(_header(message, "subject")).split())
    return Contents(kind="eml", title=subject or None, passages=passages, notices=(*notices, *more))


def _read_body(message: _Mail, file: str) -> tuple[tuple[Passage, ...], tuple[Notice, ...]]:
    for kind in ("text/plain", "text/html"):
        for part in _bodies(message):
            if part.get_content_type() != kind:
                continue
            payload = part.get_payload(decode=True)
            data = payload if isinstance(payload, bytes) else b""
            text, notices = decode_text(data, file=file, declared=part.get_content_charset())
            passages = read_page(text)[1] if kind == "text/html" else make_passages(tidy(text))
            if passages:
                return passages, notices
    return (), ()


def _header(message: _Mail, name: str) -> str:
    return _decoded(str(message.get(name) or "")[:_LONGEST])


def _decoded(text: str) -> str:
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):  # malformed, or an encoding that nobody knows
        return text


def _leaves(message: _Mail) -> Iterator[_Mail]:
    """The parts that hold something; a message within a message is one of them, and not gone into."""
    parts = message.get_payload()
    if message.get_content_maintype() == "multipart" and isinstance(parts, list):
        for part in cast("list[_Mail]", parts):
            yield from _leaves(part)
    else:
        yield message


def _attachments(message: _Mail) -> Iterator[_Mail]:
    bodies = {id(part) for part in _bodies(message)}
    return (part for part in _leaves(message) if id(part) not in bodies)


def _bodies(message: _Mail) -> Iterator[_Mail]:
    for part in _leaves(message):
        if part.get_content_type() in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
            yield part


def _name(part: _Mail) -> str:
    return tidy(_decoded(part.get_filename() or "")) or part.get_content_type()
