"""A file or folder of texts comes in; its texts in pieces, with what stands beside them and where, go out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from attrs import evolve, frozen

from ..documents.answers import LIKELY
from ..documents.reading import read_documents
from ..errors import Problem, UsageError
from ..io.csvfile import END, SEPARATORS, any_length, why_not, with_end
from ..io.encoding import guess_encoding, guess_wide
from ..spelling import suggest
from .arrow import ParquetTexts

__all__ = ["Piece", "Texts", "open_texts"]

_ROWS = 100_000  # rows held at a time
_HEAD = 1 << 16


@frozen(kw_only=True, eq=False)
class Piece:
    """Some texts of a file that follow one another.

    Attributes
    ----------
    file
        The file they are in.
    texts
        A list of texts and ``None``, or an Arrow array.
    beside
        For each column beside them, a list or Arrow array of texts.
    done, size
        How much is read after it, and how much there is, in a measure of the file's own.
    """

    file: str
    texts: Any
    beside: tuple[Any, ...]
    done: int
    size: int


def open_texts(source: Path, column: str | None, id: str | None, split: str, language: str) -> Texts:
    """Open a file, a folder of parts of one table, or a folder of documents.

    Raises
    ------
    UsageError
        Naming each part that can't be read, or lacks the column.
    """
    if not source.is_dir():
        return (_Parquet if source.suffix.lower() == ".parquet" else _Csv)(source, column, id)
    paths = sorted(path for path in source.rglob("*") if path.is_file() and path.name[0] not in "._")
    kinds = {path.suffix.lower() for path in paths}
    if kinds == {".parquet"}:
        return _Parts(paths, lambda path: _Parquet(path, column, id))
    if kinds and kinds <= {".csv", ".tsv"}:
        return _Parts(paths, lambda path: _Csv(path, column, id))
    return _Documents(source, column, id, split, language)


class _Csv:
    """The texts of a CSV file."""

    def __init__(self, path: Path, column: str | None, id: str | None) -> None:
        self._path = path
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
        self._encoding = "utf-8-sig"
        if wide := guess_wide(head):
            self._encoding = wide.codec
        elif not _is_utf8(path):
            self._encoding = guess_encoding(head).codec
        self._separator = max(SEPARATORS, key=lambda one: len(self._first(one)))
        names = self._first(self._separator)
        self._text, self._beside = _choose(names, column, id, str(path))
        self.columns = [] if id is None else [id]
        self.problems: tuple[Problem, ...] = ()

    def _open(self, stream: BinaryIO) -> io.TextIOWrapper:
        return io.TextIOWrapper(stream, encoding=self._encoding, errors="replace", newline="")

    def _first(self, separator: str) -> list[str]:
        with self._path.open("rb") as raw, self._open(raw) as stream, any_length():
            return [name.strip() for name in next(csv.reader(stream, delimiter=separator), [])]

    def batches(self) -> Iterator[Piece]:
        """The texts in batches; a row that ends before the column has none."""
        size = self._path.stat().st_size
        with self._path.open("rb") as raw, self._open(raw) as stream, any_length():
            rows = csv.reader(with_end(line.replace("\0", "") for line in stream), delimiter=self._separator)
            texts: list[str | None] = []
            ids: list[str] = []
            for number, row in enumerate(rows, start=1):
                if row and row[-1].endswith(END) and row != [END]:
                    what, fix = "a quote is opened here and never closed", "close it, and double every quote in a cell"
                    raise UsageError([Problem(file=str(self._path), row=number, what=what, fix=fix)])
                if not row or number == 1 or row == [END]:
                    continue
                texts.append(row[self._text] if self._text < len(row) and row[self._text] else None)
                if self._beside is not None:
                    ids.append(row[self._beside] if self._beside < len(row) else "")
                if len(texts) == _ROWS:
                    yield self._piece(texts, ids, raw.tell(), size)
                    texts, ids = [], []
            yield self._piece(texts, ids, size, size)

    def _piece(self, texts: list[str | None], ids: list[str], done: int, size: int) -> Piece:
        return Piece(file=str(self._path), texts=texts, beside=(ids,) * len(self.columns), done=done, size=size)


class _Parquet:
    """The texts of a Parquet file."""

    def __init__(self, path: Path, column: str | None, id: str | None) -> None:
        self._path, self._texts = path, ParquetTexts(path)
        names = self._texts.names if column or id else self._texts.text_names
        text, beside = _choose(names, column, id, str(path))
        self._text, self.columns = names[text], [] if beside is None else [names[beside]]
        self._texts.check(self._text)
        self.problems: tuple[Problem, ...] = ()

    def batches(self) -> Iterator[Piece]:
        """The texts in batches."""
        for texts, beside, done, size in self._texts.batches(self._text, self.columns, _ROWS):
            yield Piece(file=str(self._path), texts=texts, beside=beside, done=done, size=size)


class _Parts:
    """The texts of files that are parts of one table, one after the other; each is open while it is read."""

    def __init__(self, paths: Sequence[Path], read: Callable[[Path], _Csv | _Parquet]) -> None:
        self._paths, self._read = paths, read
        self.columns: list[str] = []
        self.problems: tuple[Problem, ...] = ()
        found: list[Problem] = []
        for path in paths:
            try:
                self.columns = read(path).columns
            except UsageError as error:
                found += error.problems
        if found:
            raise UsageError(found)

    def batches(self) -> Iterator[Piece]:
        """The texts in batches; how much is read is told in thousandths of a part."""
        whole = 1000
        for number, path in enumerate(self._paths):
            try:
                for piece in self._read(path).batches():
                    done = whole * number + whole * piece.done // max(piece.size, 1)
                    yield evolve(piece, done=done, size=whole * len(self._paths))
            except OSError as error:
                raise UsageError(
                    [Problem(file=str(path), what=f"it can't be read or written: {why_not(error)}")]
                ) from None


class _Documents:
    """The statements of a folder of documents."""

    def __init__(self, path: Path, column: str | None, id: str | None, split: str, language: str) -> None:
        if id is not None:
            what, fix = "documents have no columns to repeat", "leave --id out; each row has source and locator"
            raise UsageError([Problem(file=str(path), what=what, fix=fix)])
        documents = read_documents(path, text_column=column)
        self._path, self._statements = path, documents.statements(split, language)
        self.columns = ["source", "locator"]
        self.problems = documents.problems

    def batches(self) -> Iterator[Piece]:
        """The texts, all at once."""
        texts, *beside = (self._statements[name].tolist() for name in ("text", *self.columns))
        yield Piece(file=str(self._path), texts=texts, beside=tuple(beside), done=len(texts), size=len(texts))


Texts = _Csv | _Parquet | _Parts | _Documents


def _is_utf8(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as stream:
            while stream.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _choose(names: Sequence[str], column: str | None, id: str | None, file: str) -> tuple[int, int | None]:
    """The places of the texts and of what stands beside them."""
    problems: list[Problem] = []
    listed = ", ".join(names) or "none"
    for asked, option in ((column, "--column"), (id, "--id")):
        if asked is not None and asked not in names:
            fix = suggest(asked, names, otherwise=f"it has {listed}")
            problems.append(Problem(file=file, what=f"there is no column '{asked}' for {option}", fix=fix))
    if column is None:
        others = [name for name in names if name != id]
        likely = [name for name in others if name.lower() in LIKELY]
        if len(others) == 1 or len(likely) == 1:
            column = others[0] if len(others) == 1 else likely[0]
        else:
            fix = f"name it with --column; it has {listed}"
            problems.append(Problem(file=file, what="it is not clear which column holds the texts", fix=fix))
    if problems:
        raise UsageError(problems)
    assert column is not None  # there is a problem otherwise
    return names.index(column), None if id is None else names.index(id)
