"""A folder comes in; its documents, with every problem met on the way, go out. It needs the extra ``documents``."""

from __future__ import annotations

import importlib
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import evolve

from ..errors import Problem, UsageError
from ..io.csvfile import why_not
from ..notices import Notice
from .answers import Columns, read_rows, read_workbook
from .collection import Documents, collect_documents
from .mail import read_mail
from .markup import read_markup
from .pages import read_pages
from .passages import Contents, DocumentError
from .plain import read_plain
from .sniffing import find_kind, kind_of_name
from .word import read_word

__all__ = ["read_documents"]

_LIBRARIES: Final = ("docx", "openpyxl", "pypdf", "selectolax", "sentencex")
_LARGEST: Final = 200_000_000
_LOCKS: Final = ("~$", ".~lock.")
_JUNK: Final = ("thumbs.db", "desktop.ini")


def read_documents(
    folder: str | os.PathLike[str],
    *,
    text_column: str | Sequence[str] | None = None,
    speaker_column: str | None = None,
    largest: int = _LARGEST,
) -> Documents:
    r"""Read the text of every document in a folder and the folders in it.

    Text (``.txt``), Markdown, HTML, Word (``.docx``), PDF, e-mail (``.eml``), CSV and Excel (``.xlsx``) files are
    read; in the last two, each row is an answer of its own. A file is read as what it is, whatever its name says.
    What can't be read is one problem each, and the rest is read.

    Parameters
    ----------
    folder
        The folder, or a single file. Hidden files, lock files (``~$letter.docx``) and links out of the folder are
        left out.
    text_column
        The column of CSV and Excel files that holds the text, or several of them; ``None``: the only one that looks
        like text.
    speaker_column
        The column of those files that says who speaks; ``None``: each row is by somebody else.
    largest
        Files of more bytes, or that unpack to more, are not read.

    Returns
    -------
    Documents
        Texts with their places, in the order of the files' names; problems and notices.

    Raises
    ------
    UsageError
        Where there is no such folder or file, an argument is not usable, or the extra ``documents`` is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "letter.txt").write_text("More buses, please.\n\nAnd trains.", encoding="utf-8")
    ...     documents = read_documents(folder)
    >>> documents.texts[["source", "locator", "text"]].values.tolist()
    [['letter.txt', '¶ 1', 'More buses, please.'], ['letter.txt', '¶ 2', 'And trains.']]
    """
    _require()
    place = _find(folder)
    columns = _columns(text_column, speaker_column)
    if largest < 0:
        raise UsageError([Problem(file="largest", what=f"{largest} is under 0", fix="give a number of bytes")])
    found: list[tuple[str, Contents]] = []
    problems: list[Problem] = []
    for path in [place] if place.is_file() else list(_walk(place, place, problems)):
        name = _name(path, place)
        try:
            contents = _read(path, place, file=name, columns=columns, largest=largest)
        except DocumentError as error:
            problems.append(Problem(file=name, what=error.what, fix=error.fix))
            continue
        found.append((name, contents))
    problems += [problem for _, contents in found for problem in contents.problems]
    return collect_documents(found, problems=sorted(problems, key=lambda problem: (problem.file or "", str(problem))))


def _require() -> None:
    missing: list[str] = []
    for name in _LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    if missing:
        what = f"reading documents needs the extra documents ({', '.join(missing)} is missing)"
        raise UsageError([Problem(what=what, fix="run: pip install 'policygap[documents]'")])


def _find(folder: str | os.PathLike[str]) -> Path:
    place = Path(folder)
    try:
        if place.is_dir() or place.is_file():
            return place
        what = "it is neither a folder nor a file" if os.path.lexists(place) else "there is no such folder or file"
    except (OSError, ValueError) as error:
        what = f"it can't be read ({error})"
    raise UsageError([Problem(file=str(place), what=what, fix="check the path")])


def _columns(text: str | Sequence[str] | None, speaker: str | None) -> Columns:
    names = () if text is None else (text,) if isinstance(text, str) else tuple(text)
    if any(not isinstance(name, str) or not name.strip() for name in names):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may not check types
        fix = "give a column's name, or several of them"
        raise UsageError([Problem(file="text_column", what=f"{text!r} names no column", fix=fix)])
    return Columns(text=tuple(name.strip() for name in names), speaker=speaker.strip() if speaker else None)


def _name(path: Path, place: Path) -> str:
    """A file's path within the folder, as text that may stand anywhere."""
    relative = path.name if path == place else path.relative_to(place).as_posix()
    return relative.encode("utf-8", errors="replace").decode("utf-8")


def _walk(folder: Path, top: Path, problems: list[Problem]) -> Iterator[Path]:
    """All files in the order of their names, each folder's where its name stands."""
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: (unicodedata.normalize("NFC", entry.name), entry.name))
    except OSError as error:
        what, fix = f"the folder can't be read: {why_not(error)}", "check that you may read it"
        problems.append(Problem(file=_name(folder, top), what=what, fix=fix))
        return
    for entry in entries:
        if entry.name.startswith((".", *_LOCKS)) or entry.name.lower() in _JUNK:
            continue
        if entry.is_symlink():
            if (problem := _check_link(entry, top)) is not None:
                problems.append(problem)
        elif entry.is_dir():
            yield from _walk(entry, top, problems)
        else:
            yield entry


def _check_link(entry: Path, top: Path) -> Problem | None:
    """A link to something in the folder needs no reading, since that is read where it stands."""
    try:
        inside = entry.resolve(strict=True).is_relative_to(top.resolve())
    except (OSError, RuntimeError):
        what, fix = "it is a link that leads nowhere", "delete it, or put the file itself there"
    else:
        if inside:
            return None
        what, fix = "it is a link out of the folder, which is not followed", "put a copy of the file itself there"
    return Problem(file=_name(entry, top), what=what, fix=fix)


def _read(path: Path, place: Path, *, file: str, columns: Columns, largest: int) -> Contents:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DocumentError("it is no ordinary file", "put a file there, or delete it")
        if not status.st_size:
            raise DocumentError("the file is empty", "get it again from where it came from, or delete it")
        if status.st_size > largest:
            what = f"it has {status.st_size / 1e6:,.0f} MB, more than the {largest / 1e6:,.0f} MB that are read"
            raise DocumentError(what, "split it, or raise largest")
        kind = find_kind(path)
        contents = _parse(path, kind, file=file, columns=columns, largest=largest)
    except (DocumentError, UsageError):
        raise
    except OSError as error:
        raise DocumentError(f"it can't be read: {why_not(error)}", "check that you may read it") from error
    except Exception as error:  # parsers of files by strangers may raise anything, and the other files are read
        what = f"it is damaged or cut off ({type(error).__name__}: {error})"[:300]
        raise DocumentError(what, "open it in the program it was made with and save it again") from error
    return _with_remarks(contents, file, promised=kind_of_name(path))


def _parse(path: Path, kind: str, *, file: str, columns: Columns, largest: int) -> Contents:
    readers: dict[str, Callable[[], Contents]] = {
        "docx": lambda: read_word(path, largest=largest),
        "pdf": lambda: read_pages(path, file=file),
        "html": lambda: read_markup(path, file=file),
        "eml": lambda: read_mail(path, file=file),
        "csv": lambda: read_rows(path, file=file, columns=columns),
        "xlsx": lambda: read_workbook(path, file=file, columns=columns, largest=largest),
    }
    return readers.get(kind, lambda: read_plain(path, file=file, kind=kind))()


def _with_remarks(contents: Contents, file: str, *, promised: str | None) -> Contents:
    notices = list(contents.notices)
    if promised != contents.kind:
        values = {"file": file, "kind": contents.kind}
        notices.append(Notice(kind="document_misnamed", subjects=(file,), values=values))
    told = contents.problems or any(notice.kind == "document_scan" for notice in notices)
    if not contents.passages and not told:
        notices.append(Notice(kind="document_blank", subjects=(file,), values={"file": file}))
    return evolve(contents, notices=tuple(notices))
