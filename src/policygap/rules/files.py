"""Rules and a file of texts come in; a file of codes goes out, in memory that does not grow with either."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from attrs import evolve, frozen

from ..errors import Problem, UsageError
from ..escaping import for_spreadsheet
from ..io.atomic import replace_files
from ..io.csvfile import why_not
from .arrow import columns_of, from_bytes, parquet_writer, to_batch, to_bytes
from .batches import Batches
from .ruleset import RuleSet
from .sources import Piece, Texts, open_texts
from .working import work_in_processes, work_in_threads

__all__ = ["Classified", "classify_file"]

_READ = (".csv", ".tsv", ".txt", ".parquet")
_WRITTEN = (".csv", ".parquet")
_PLACE = "place"
_FEW = 3  # pieces that are done before other processes are started

Progress = Callable[[int, int], Any]
Work = Callable[[Any, Iterator[tuple[str, Any]]], Iterator[Any]]


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

    rows: int = 0
    coded: int = 0
    codes: int = 0
    problems: tuple[Problem, ...] = ()

    def plus(self, rows: int, places: Any) -> Classified:
        """With so many rows more, of which those at these places (in order) have codes, some several."""
        coded = self.coded + int(np.count_nonzero(np.diff(places, prepend=-1)))
        return evolve(self, rows=self.rows + rows, coded=coded, codes=self.codes + len(places))


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
    workers: int = 1,
    apart: bool = False,
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
    workers
        How many threads may give codes. What is written is the same.
    apart
        Whether the workers are processes instead, if there are several. A script has to call this below
        ``if __name__ == "__main__":`` then, since they import the script.

    Raises
    ------
    UsageError
        Where a file can't be read or written, a column is missing, or a process ends: the part is named, and nothing
        is written.

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
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        what, fix = f"{workers!r} is no number of workers", "write a whole number of 1 or more"
        problems.append(Problem(file="workers", what=what, fix=fix))
    if problems:
        raise UsageError(problems)
    try:
        texts = open_texts(source, column, id, split, language)
    except OSError as error:
        raise _refused(error, source) from None
    coded = _coded(rules, source, texts, partial(_worked, workers=workers, apart=apart), progress)
    write = _write_parquet if out.suffix.lower() == ".parquet" else _write_csv
    done: list[Classified] = []
    try:
        replace_files({out: lambda stream: done.append(write(stream, texts, coded))})
    except OSError as error:
        raise _refused(error, out) from None
    finally:
        coded.close()
    return evolve(done[0], problems=texts.problems)


def _refused(error: OSError, path: Path) -> UsageError:
    return UsageError([Problem(file=str(path), what=f"it can't be read or written: {why_not(error)}")])


@frozen(kw_only=True)
class _Task:
    """Gives codes to a batch; one that comes as bytes, from another process, goes back as bytes."""

    batches: Batches

    def __call__(self, given: Any) -> Any:
        if isinstance(given, bytes):
            return to_bytes(next(self.batches([from_bytes(given)])))
        return self.batches.partition(given) if isinstance(given, pd.DataFrame) else next(self.batches([given]))


def _read(texts: Texts, source: Path) -> Iterator[Piece]:
    try:
        yield from texts.batches()
    except OSError as error:  # here, so that it is told from what goes wrong where codes are written
        raise _refused(error, Path(error.filename or source)) from None


def _coded(
    rules: RuleSet, source: Path, texts: Texts, work: Work, progress: Progress | None
) -> Generator[tuple[int, list[Any]]]:
    """For each piece how many texts it has; and columns: the places of those with codes, what is beside, the codes."""
    beside = [str(number) for number in range(len(texts.columns))]
    task = _Task(batches=rules.batches(keep=[_PLACE, *beside]))
    told: deque[tuple[int, int, int]] = deque()

    def pieces() -> Iterator[tuple[str, Any]]:
        first = 0
        for piece in _read(texts, source):
            count = len(piece.texts)
            places = np.arange(first, first + count)
            told.append((count, piece.done, piece.size))
            where = f"{piece.file}, texts {first:,} to {first + count - 1:,}"
            yield where, to_batch({_PLACE: places, "text": piece.texts, **dict(zip(beside, piece.beside, strict=True))})
            first += count

    for found in work(task, pieces()):
        count, done, size = told.popleft()
        yield count, columns_of(found)
        if progress is not None:
            progress(done, size)


def _worked(task: _Task, pieces: Iterator[tuple[str, Any]], *, workers: int, apart: bool) -> Iterator[Any]:
    if workers > 1 and not apart:
        yield from work_in_threads(task, pieces, workers=workers)
    yield from (task(batch) for _, batch in (pieces if workers == 1 else islice(pieces, _FEW)))
    for first in pieces:
        for found in work_in_processes(task, chain([first], pieces), workers=workers, pack=_packed):
            yield from_bytes(found) if isinstance(found, bytes) else found


def _packed(batch: Any) -> Any:
    return batch if isinstance(batch, pd.DataFrame) else to_bytes(batch)


def _write_csv(stream: BinaryIO, texts: Texts, coded: Iterator[tuple[int, list[Any]]]) -> Classified:
    done = Classified()
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["text", *map(for_spreadsheet, texts.columns), "code"])
    for count, columns in coded:
        places, *words = (column.tolist() for column in columns)
        writer.writerows(zip(places, *(map(for_spreadsheet, cells) for cells in words), strict=True))
        done = done.plus(count, columns[0])
    text.flush()
    text.detach()
    return done


def _write_parquet(stream: BinaryIO, texts: Texts, coded: Iterator[tuple[int, list[Any]]]) -> Classified:
    done = Classified()
    with parquet_writer(stream, texts.columns) as write:
        for count, columns in coded:
            write(columns)
            done = done.plus(count, columns[0])
    return done
