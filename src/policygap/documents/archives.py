"""The bytes of an Office file come in; nothing goes out, unless it is no such file or would harm who unpacks it."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Final

from .passages import DocumentError

__all__ = ["check_archive", "is_locked", "name_archive"]

_SHORT: Final = 200  # characters of a type
_TOP: Final = 1 << 12
_OPEN: Final = "save a copy without a password"
_AGAIN: Final = "open it in the program it was made with and save it again"


def is_locked(path: Path) -> bool:
    """Whether an old Office container holds a new file that is encrypted."""
    return "EncryptedPackage".encode("utf-16-le") in path.read_bytes()


def name_archive(path: Path) -> str | None:
    """What kind of document a zip file is: ``docx``, ``xlsx``, another Office kind, or ``None`` for none of these.

    Raises
    ------
    DocumentError
        The archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            kind = ""
            if "mimetype" in names:
                with archive.open("mimetype") as member:
                    kind = member.read(_SHORT).decode("ascii", "replace")
    # zipfile calls a compression that it does not know a NotImplementedError
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DocumentError(f"the file is damaged or cut off ({error})", _AGAIN) from error
    for kind_of_file, member in (
        ("docx", "word/document.xml"),
        ("xlsx", "xl/workbook.xml"),
        ("xlsb", "xl/workbook.bin"),
        ("pptx", "ppt/presentation.xml"),
    ):
        if member in names:
            return kind_of_file
    return {"application/vnd.oasis.opendocument.text": "odt", "application/epub+zip": "epub"}.get(kind.strip())


def check_archive(path: Path, *, largest: int) -> None:
    """Refuse an Office file that is encrypted, damaged, or unpacks to too much.

    What the archive says of its sizes binds: Python's zipfile stops there, and calls the file damaged if there is more.

    Parameters
    ----------
    path
        The file.
    largest
        To how many bytes it may unpack.

    Raises
    ------
    DocumentError
        Saying what is wrong with it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > largest:
                what = f"it unpacks to {size / 1e6:,.0f} MB, more than the {largest / 1e6:,.0f} MB that are read"
                raise DocumentError(what, "if you trust it, save its text in a smaller file, or raise largest")
            if any(member.flag_bits & 1 for member in members):
                raise DocumentError("the file is encrypted with a password", _OPEN)
            for member in members:
                with archive.open(member) as part:
                    # Office files have no document type; files that attack XML readers do, at their very top.
                    if b"<!DOCTYPE" in part.read(_TOP).replace(b"\x00", b""):
                        raise DocumentError("it holds XML that Office never writes", _AGAIN)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DocumentError(f"the file is damaged or cut off ({error})", _AGAIN) from error
