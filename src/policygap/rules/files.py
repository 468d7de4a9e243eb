"""Rules and a file of texts come in; a file of codes goes out, in memory that does not grow with either."""

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
from ..escaping import for_spreadsheet
from ..io.atomic import replace_files
from ..io.csvfile import END, SEPARATORS, any_length, why_not, with_end
from ..io.encoding import guess_encoding, guess_wide
from ..spelling import suggest
from .arrow import ParquetTexts, parquet_writer
from .ruleset import RuleSet

__all__ = ["Classified", "classify_file"]

_READ = (".csv", ".tsv", ".txt", ".parquet")
_WRITTEN = (".csv", ".parquet")
_BATCH = 100_000  # rows held at a time
_HEAD = 1 << 16

Progress = Callable[[int, int], Any]


@frozen(kw_only=True)
class Classified:
    """What was done.

    Attributes
    ----------
    rows, coded, codes
        How many rows were read, how many of them got a code, and how many codes there are in all.
    problems
        Documents of a folder that could not be read.
    """

    rows: int
    coded: int
    codes: int
    problems: tuple[Problem, ...] = ()


def classify_file(
    rules: RuleSet,
    source: str | Path,
    out: str | Path,
    *,
    column: str | None = None,
    id: str | None = None,  # as tables call it
    split: str = "paragraph",
    language: str = "nb",
    progress: Progress | None = None,
) -> Classified:
    r"""Give codes to the texts of a file.

    Parameters
    ----------
    rules
        The rules.
    source
        A ``.csv``, ``.tsv`` or ``.txt`` file with a header, a ``.parquet`` file (needs the extra ``arrow``), a folder
        of nothing but ``.parquet``, or nothing but ``.csv`` and ``.tsv`` files, which are read as one in the order of
        their paths, or a folder of documents (needs the extra ``documents``).
    out
        A ``.csv`` or ``.parquet`` file: ``text``, the row's position from 0; the column ``id``, if one is named (for
        documents: ``source`` and ``locator``); and ``code``. It is written whole or not at all.
    column
        The column of texts; by default the only one, or the one that is called ``text``.
    id
        A column to repeat beside each code.
    split, language
        For documents: how they are split into statements, as for
        :meth:`policygap.documents.collection.Documents.statements`.
    progress
        Called after every batch with how much is done, and how much there is.

    Raises
    ------
    UsageError
        Where a file can't be read or written, or a column is missing.

    Examples
    --------
    >>> import tempfile
    >>> import policygap as pg
    >>> rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["bus*"])])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source, out = Path(folder, "answers.csv"), Path(folder, "codes.csv")
    ...     _ = source.write_text("who,text\nann,More buses\nbo,Nothing\n")
    ...     done = classify_file(rules, source, out, id="who")
    ...     out.read_text().split()
    ['text,who,code', '0,ann,bus']
    """
    source, out = Path(source), Path(out)
    problems = [
        Problem(file=str(path), what=f"a file that ends in '{path.suffix}' is {no}", fix=f"use {', '.join(known)}")
        for path, known, no in ((source, _READ, "not read"), (out, _WRITTEN, "not written"))
        if path.suffix.lower() not in known and not (path == source and source.is_dir())
    ]
    if problems:
        raise UsageError(problems)
    try:
        texts = _open(source, column, id, split, language)
        done: list[Classified] = []
        write = _write_parquet if out.suffix.lower() == ".parquet" else _write_csv
        replace_files({out: lambda stream: done.append(write(stream, rules, texts, progress))})
    except OSError as error:
        place = str(error.filename or source)
        raise UsageError([Problem(file=place, what=f"it can't be read or written: {why_not(error)}")]) from None
    return evolve(done[0], problems=texts.problems)


Beside = dict[str, list[str]]
Batch = tuple[Any, Beside, int, int]
"""Texts, the columns beside them, how much of the file is read, and how much there is."""


def _open(source: Path, column: str | None, id: str | None, split: str, language: str) -> Texts:
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

    def batches(self) -> Iterator[Batch]:
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
                if len(texts) == _BATCH:
                    yield texts, dict.fromkeys(self.columns, ids), raw.tell(), size
                    texts, ids = [], []
            yield texts, dict.fromkeys(self.columns, ids), size, size


class _Parquet:
    """The texts of a Parquet file."""

    def __init__(self, path: Path, column: str | None, id: str | None) -> None:
        self._texts = ParquetTexts(path)
        names = self._texts.names if column or id else self._texts.text_names
        text, beside = _choose(names, column, id, str(path))
        self._text, self.columns = names[text], [] if beside is None else [names[beside]]
        self.problems: tuple[Problem, ...] = ()

    def batches(self) -> Iterator[Batch]:
        """The texts in batches."""
        yield from self._texts.batches(self._text, self.columns, _BATCH)


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

    def batches(self) -> Iterator[Batch]:
        """The texts in batches; how much is read is told in thousandths of a part."""
        whole = 1000
        for number, path in enumerate(self._paths):
            for texts, beside, done, size in self._read(path).batches():
                yield texts, beside, whole * number + whole * done // max(size, 1), whole * len(self._paths)


class _Documents:
    """The statements of a folder of documents."""

    def __init__(self, path: Path, column: str | None, id: str | None, split: str, language: str) -> None:
        if id is not None:
            what, fix = "documents have no columns to repeat", "leave --id out; each row has source and locator"
            raise UsageError([Problem(file=str(path), what=what, fix=fix)])
        documents = read_documents(path, text_column=column)
        self._statements = documents.statements(split, language)
        self.columns = ["source", "locator"]
        self.problems = documents.problems

    def batches(self) -> Iterator[Batch]:
        """The texts, all at once."""
        beside: Beside = {name: self._statements[name].tolist() for name in self.columns}
        size = len(self._statements)
        yield self._statements["text"].tolist(), beside, size, size


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


def _coded(rules: RuleSet, texts: Texts, progress: Progress | None) -> Iterator[tuple[int, int, Any, Beside]]:
    """For each batch: its first row, how many rows it has, its codes, and the columns beside them."""
    first = 0
    for batch, beside, done, size in texts.batches():
        found = rules.classify(batch)
        places: list[int] = found["text"].tolist()
        yield first, len(batch), found, {name: [cells[row] for row in places] for name, cells in beside.items()}
        first += len(batch)
        if progress is not None:
            progress(done, size)


def _write_csv(stream: BinaryIO, rules: RuleSet, texts: Texts, progress: Progress | None) -> Classified:
    rows = coded = codes = 0
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["text", *map(for_spreadsheet, texts.columns), "code"])
    for first, count, found, beside in _coded(rules, texts, progress):
        words = [map(for_spreadsheet, cells) for cells in (*beside.values(), found["code"].tolist())]
        writer.writerows(zip((found["text"] + first).tolist(), *words, strict=True))
        rows, coded, codes = rows + count, coded + found["text"].nunique(), codes + len(found)
    text.flush()
    text.detach()
    return Classified(rows=rows, coded=coded, codes=codes)


def _write_parquet(stream: BinaryIO, rules: RuleSet, texts: Texts, progress: Progress | None) -> Classified:
    rows = coded = codes = 0
    with parquet_writer(stream, texts.columns) as write:
        for first, count, found, beside in _coded(rules, texts, progress):
            write([(found["text"] + first).tolist(), *beside.values(), found["code"].tolist()])
            rows, coded, codes = rows + count, coded + found["text"].nunique(), codes + len(found)
    return Classified(rows=rows, coded=coded, codes=codes)
