"""An e-mail as a file comes in; its passages go out, with a notice of what was attached."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from ..notices import Notice
from .decoding import decode_text
from .markup import read_page
from .passages import Contents, Passage, tidy
from .plain import make_passages

__all__ = ["read_mail"]

_MOST_LISTED: Final = 10


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
        Its HTML is nested far too deep.
    """
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # the policy says so
    notices: list[Notice] = []
    attached = [_name(part) for part in _attachments(message)]
    if attached:
        shown = ", ".join(attached[:_MOST_LISTED]) + (" …" if len(attached) > _MOST_LISTED else "")
        values = {"file": file, "names": shown, "count": len(attached)}
        notices.append(Notice(kind="document_attachments", subjects=(file,), values=values))
    passages, more = _read_body(message, file)
    subject = " ".join(tidy(_header(message, "subject")).split())
    return Contents(kind="eml", title=subject or None, passages=passages, notices=(*notices, *more))


def _read_body(message: EmailMessage, file: str) -> tuple[tuple[Passage, ...], tuple[Notice, ...]]:
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


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except Exception:  # the standard library's parser of headers fails in many ways on malformed ones
        return ""


def _leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that hold something; a message within a message is one of them, and not gone into."""
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.iter_parts():
            assert isinstance(part, EmailMessage)
            yield from _leaves(part)
    else:
        yield message


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    bodies = list(_bodies(message))
    for part in _leaves(message):
        if not any(part is body for body in bodies):
            yield part


def _bodies(message: EmailMessage) -> Iterator[EmailMessage]:
    for part in _leaves(message):
        if part.get_content_type() in ("text/plain", "text/html") and _disposition(part) != "attachment":
            yield part


def _disposition(part: EmailMessage) -> str | None:
    try:
        return part.get_content_disposition()
    except Exception:  # as for any header
        return None


def _name(part: EmailMessage) -> str:
    try:
        return tidy(part.get_filename() or "") or part.get_content_type()
    except Exception:  # as for any header
        return "?"
