"""The bytes of what should be an ``.xlsx`` come in; the reason why it is not read, if there is one, goes out."""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO, Final

from .limits import Limits

__all__ = ["SpreadsheetError", "check_workbook"]

_TOP: Final = 1 << 16
_BLOCK: Final = 1 << 24
_SUSPECT: Final = 10_000_000  # bytes from which on a part's elements are counted
_TAGS: Final = 4  # of a cell: its own and its value's, at their start and end
_OTHERS: Final = 1_000_000  # elements of a part that are neither cells nor texts, such as merged ranges
_CONTENT: Final = re.compile(rb"</?(?:\w+:)?(?:c|v|f|t|r|is|si|row|rPr|rFont|sz|color|b|i|u|family|scheme|rPh)[\s/>]")


class SpreadsheetError(Exception):
    """The file can't be read as a workbook; ``what`` and ``fix`` are those of a problem."""

    def __init__(self, what: str, fix: str) -> None:
        self.what, self.fix = what, fix
        super().__init__(what)


def check_workbook(stream: IO[bytes], limits: Limits) -> None:
    """Refuse what is no workbook, or would take far more memory or time than its size says.

    Raises
    ------
    SpreadsheetError
        With what is wrong.
    """
    head = stream.read(8)
    stream.seek(0)
    if head.startswith(bytes.fromhex("D0CF11E0")):
        locked = "EncryptedPackage".encode("utf-16-le") in stream.read()
        if locked:
            raise SpreadsheetError("the workbook is encrypted with a password", "save a copy without a password")
        raise SpreadsheetError("this is an old Excel workbook (.xls) under another name", "save it as .xlsx in Excel")
    if not head:
        raise SpreadsheetError("the file is empty", "save the workbook again")
    if not head.startswith(b"PK"):
        fix = "save it as .xlsx in Excel, or give a folder of CSV files"
        raise SpreadsheetError("this is not an Excel workbook", fix)
    try:
        with zipfile.ZipFile(stream) as archive:
            _check_archive(archive, limits)
    # zipfile calls a compression that it does not know a NotImplementedError
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise SpreadsheetError(f"the workbook is damaged ({error})", "open it in Excel and save it again") from error
    stream.seek(0)


def _check_archive(archive: zipfile.ZipFile, limits: Limits) -> None:
    members = archive.infolist()
    size, most = sum(member.file_size for member in members), limits.text
    if size > most:
        what = f"the workbook unpacks to {size / 1e6:,.0f} MB, more than the {most / 1e6:,.0f} MB that are read"
        raise SpreadsheetError(what, "save the tables as CSV files in a folder, or, if you trust it, raise the limit")
    if any(member.flag_bits & 1 for member in members):
        raise SpreadsheetError("the workbook is encrypted with a password", "save a copy without a password")
    names = {member.filename for member in members}
    if "xl/workbook.bin" in names:
        raise SpreadsheetError("this is a binary Excel workbook (.xlsb)", "save it as .xlsx in Excel")
    if "[Content_Types].xml" not in names:
        raise SpreadsheetError("this is a zip file, but no Excel workbook", "save it as .xlsx in Excel")
    for member in members:
        with archive.open(member) as part:
            # Workbooks have no document type; files that attack XML readers do, at their very top.
            if b"<!DOCTYPE" in part.read(_TOP) or (member.file_size > _SUSPECT and _is_crowded(part, limits)):
                raise SpreadsheetError("the workbook holds XML that Excel never writes", "save it again in Excel")


def _is_crowded(part: IO[bytes], limits: Limits) -> bool:
    """Whether a large part holds more elements than are read, or very many that are neither cells nor texts."""
    elements = content = 0
    while block := part.read(_BLOCK):
        elements += block.count(b"<")
        content += sum(1 for _ in _CONTENT.finditer(block))  # one that lies across two blocks is no matter
    return elements > _TAGS * limits.elements or elements - content > _OTHERS
