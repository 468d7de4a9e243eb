"""A file comes in; what kind of document it is by its content, and by its name, goes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from .archives import is_locked, name_archive
from .passages import DocumentError

__all__ = ["KINDS", "find_kind", "kind_of_name"]

KINDS: Final = ("txt", "md", "html", "docx", "pdf", "eml", "csv", "xlsx")
_NAMES: Final = {
    **{kind: kind for kind in KINDS},
    "text": "txt",
    "markdown": "md",
    "htm": "html",
    "xhtml": "html",
    "tsv": "csv",
}
_BINARY: Final = frozenset({"docx", "pdf", "xlsx"})
_HEAD: Final = 1024
_OLE: Final = bytes.fromhex("D0CF11E0A1B11AE1")
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
_HTML: Final = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_AS: Final = "save it as .docx, .pdf or .txt"


def kind_of_name(path: Path) -> str | None:
    """The kind that a file's name promises, or ``None`` where that kind is not read.

    Examples
    --------
    >>> kind_of_name(Path("a.HTM")), kind_of_name(Path("a.doc"))
    ('html', None)
    """
    return _NAMES.get(path.suffix.lower().removeprefix("."))


def find_kind(path: Path) -> str:
    """The kind of a document by its content; where text could be of several kinds, by its name.

    Parameters
    ----------
    path
        The file, not empty.

    Raises
    ------
    DocumentError
        It is of a kind that is not read.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    promised = kind_of_name(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kind = name_archive(path)
        if kind in ("docx", "xlsx"):
            return kind
        raise DocumentError(f"it is a zip file{f' ({kind})' if kind else ''}, no document that is read", _AS)
    if head.startswith(_OLE):
        if is_locked(path):
            raise DocumentError("the file is encrypted with a password", "save a copy without a password")
        raise DocumentError("it is in an old Office format (such as .doc or .xls)", f"{_AS}, a table as .xlsx")
    if b"%PDF-" in head and promised not in ("eml", "html", "csv"):
        return "pdf"
    if head.startswith(_PICTURES):
        raise DocumentError(
            "it is a picture", "if it shows text, run text recognition (OCR) and save the result as PDF"
        )
    if head.startswith(b"{\\rtf"):
        raise DocumentError("it is an RTF file", _AS)
    if promised in _BINARY or promised is None:
        if _HTML.match(head):
            return "html"
        if promised is None:
            raise DocumentError(f"'{path.suffix or path.name}' files are not read", _AS)
        raise DocumentError(f"it is no .{promised} file, whatever its name says, or it is damaged", "save it again")
    return promised
