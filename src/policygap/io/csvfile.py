"""A CSV file comes in; a raw table goes out, with every problem of the file and a row for each."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import pandas as pd
from attrs import evolve, frozen

from ..errors import Problem
from ..schema import TABLES
from .cells import text_of, unix_lines
from .encoding import guess_encoding, guess_wide
from .rawtables import Reading, is_coded, make_table, to_categories
from .scan import scan_csv

__all__ = ["END", "SEPARATORS", "any_length", "first_rows", "read_csv", "why_not", "with_end"]

_BOM: Final = b"\xef\xbb\xbf"
SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_HEAD: Final = 1 << 20
_FIRST: Final = 30  # rows that tell how wide a table without a header is
_SEP_LINE: Final = re.compile(rb'"?sep=(.)"?\r?\n')
END: Final = "\x00end of file\x00"
"""What :func:`with_end` puts after the last line: an open quote swallows it."""

_IN_MEMORY: Final = 1 << 30  # above this the parser works in pieces, slower but with less memory
_AS_UTF8: Final = "in Excel choose 'CSV UTF-8' when saving; in an editor choose the encoding UTF-8"


@frozen(kw_only=True)
class _Layout:
    """Where the rows begin, what separates cells, and the header."""

    start: int
    separator: str
    names: tuple[str, ...]


@frozen(kw_only=True)
class _Source:
    """A file's bytes, which may be opened again, and what to call it; ``named``: its first row holds the names."""

    file: str
    table: str
    open: Callable[[], BinaryIO]
    named: bool = True

    def at(self, start: int) -> BinaryIO:
        stream = self.open()
        stream.seek(start)
        return stream


def why_not(error: OSError) -> str:
    """The system's reason in a few words.

    Examples
    --------
    >>> why_not(PermissionError(13, "Permission denied"))
    'permission denied'
    """
    return (error.strerror or str(error)).lower()


def read_csv(path: Path, *, file: str, table: str, named: bool = True) -> Reading:
    """Read one table of a study from a CSV file.

    Parameters
    ----------
    path
        The file.
    file
        What to call it in messages.
    table
        The table it holds.
    named
        Whether the first row holds the columns' names; otherwise they are numbered from 1, and every row is kept.

    Returns
    -------
    Reading
        The table (``None`` where nothing could be read), the problems and the remarks. Never raises for bad content.
    """
    try:
        return _read(_Source(file=file, table=table, open=lambda: path.open("rb"), named=named), path)
    except OSError as error:
        what, fix = f"the file can't be read: {why_not(error)}", "check that it is a file and that you may read it"
        return Reading(problems=(Problem(file=file, what=what, fix=fix),))


def _read(source: _Source, path: Path) -> Reading:
    with source.open() as stream:
        head = stream.read(_HEAD)
    if not head.removeprefix(_BOM).strip():
        columns = ",".join(TABLES[source.table].required)
        fix = f"write a header with at least {columns}, or delete the file"
        return Reading(problems=(Problem(file=source.file, what="the file is empty", fix=fix),))
    if guess_wide(head) is not None:
        return _read_other_encoding(source, path)
    layout = _find_layout(head, source)
    with source.at(layout.start) as stream:
        scan = scan_csv(stream, separator=layout.separator, columns=len(layout.names))
    if not scan.utf8:
        return _read_other_encoding(source, path)
    if not any(name.strip() for name in layout.names):
        fix = f"write the columns' names into row 1, such as {layout.separator.join(TABLES[source.table].required)}"
        return Reading(problems=(Problem(file=source.file, row=1, what="the first row is empty", fix=fix),))
    if scan.regular and not scan.nul:
        return _read_fast(source, layout, returns=scan.returns_in_cells)
    return _read_slowly(source, layout)


def _find_layout(head: bytes, source: _Source) -> _Layout:
    """Recognise the separator by the columns it yields: the one under which most names are known wins."""
    start = len(_BOM) if head.startswith(_BOM) else 0
    # Excel writes and hides a first line "sep=;" that says what the separator is.
    if said := _SEP_LINE.match(head, start):
        start = said.end()
    text = head[start:].decode("utf-8", errors="replace")
    known = {column.name for column in TABLES[source.table].columns}
    best: tuple[tuple[int, int], _Layout] | None = None
    for separator in SEPARATORS:
        names = _names(text, separator) if source.named else _numbers(text, separator)
        score = (len(known & {name.strip() for name in names}), len(names))
        if best is None or score > best[0]:
            best = (score, _Layout(start=start, separator=separator, names=names))
    assert best is not None  # there is always a comma to try
    return best[1]


def _names(text: str, separator: str) -> tuple[str, ...]:
    return tuple(unix_lines(name) for name in next(first_rows(text, separator), []))


def _numbers(text: str, separator: str) -> tuple[str, ...]:
    """Numbers for as many columns as most of the first rows have; a title above them may be one cell alone."""
    widths = Counter(len(row) for row in islice(first_rows(text, separator), _FIRST) if row)
    width = max(widths, key=lambda one: (widths[one], one), default=1)
    return tuple(map(str, range(1, width + 1)))


def first_rows(text: str, separator: str) -> Iterator[list[str]]:
    """The rows of a text that may be cut off, as far as they can be read."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    while True:
        with any_length():
            row = next(reader, None)
        if row is None:
            return
        yield row


class any_length:  # noqa: N801  # reads as a phrase after "with"
    """Let the csv module read cells of any length, which it otherwise refuses above 131,072 characters."""

    def __enter__(self) -> None:
        self.before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))

    def __exit__(self, *_: object) -> None:
        csv.field_size_limit(self.before)


def _remarks(source: _Source, layout: _Layout) -> tuple[str, ...]:
    if layout.separator == ",":
        return ()
    return (f"{source.file} is separated by {SEPARATORS[layout.separator]}, not commas.",)


def _read_fast(source: _Source, layout: _Layout, *, returns: bool) -> Reading:
    """Read with pandas' C parser, which holds equal texts of a column once; ids and words of big tables are coded."""
    coded = [place for place, name in enumerate(layout.names) if is_coded(source.table, name.strip())]
    with source.at(layout.start) as stream:
        size = stream.seek(0, io.SEEK_END) - layout.start
        stream.seek(layout.start)
        frame: pd.DataFrame = pd.read_csv(
            stream,
            sep=layout.separator,
            header=0 if source.named else None,
            names=list(range(len(layout.names))),
            index_col=False,
            dtype={place: object if place in coded else "str" for place in range(len(layout.names))},
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            low_memory=size > _IN_MEMORY,
            encoding="utf-8",
        )
    for place in coded:
        frame[place] = to_categories(frame[place])
    if returns:
        frame = frame.apply(text_of)
    rows = None if source.named else np.arange(1, len(frame) + 1)
    table, problems = make_table(file=source.file, names=layout.names, frame=frame, rows=rows)
    return Reading(table=table, problems=problems, remarks=_remarks(source, layout))


def _read_slowly(source: _Source, layout: _Layout) -> Reading:
    """Read row by row to name each row that is off, and keep what can be kept of the others."""
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    problems: list[Problem] = []
    width = len(layout.names)
    with source.at(layout.start) as stream, any_length():
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        reader = csv.reader(with_end(text), delimiter=layout.separator)
        for number, cells in enumerate(reader, start=1):
            if cells == [END]:
                break
            problems.extend(_row_problems(source.file, number, cells, layout))
            if number > source.named and any(cells):
                filled: list[str | None] = [unix_lines(cell).replace("\x00", "") or None for cell in cells[:width]]
                rows.append(filled + [None] * (width - len(cells)))
                numbers.append(number)
    frame = pd.DataFrame(rows, columns=range(width), dtype="str")
    table, named = make_table(file=source.file, names=layout.names, frame=frame, rows=numbers)
    return Reading(table=table, problems=(*named, *problems), remarks=_remarks(source, layout))


def with_end(text: Iterable[str]) -> Iterator[str]:
    """The lines, and one more that an unclosed quote swallows."""
    line = ""
    for line in text:  # the last one is looked at below
        yield line
    if not line.endswith(("\n", "\r")):
        yield "\n"
    yield END


def _row_problems(file: str, number: int, cells: list[str], layout: _Layout) -> Iterator[Problem]:
    def problem(what: str, fix: str) -> Problem:
        return Problem(file=file, row=number, what=what, fix=fix)

    if cells and cells[-1].endswith(END):
        what = "a quote is opened here and never closed"
        yield problem(what, 'close it with ", and double every " inside a quoted cell')
        return
    if any("\x00" in cell for cell in cells):
        yield problem("there are NUL bytes in the row", "delete them, or save the file again as UTF-8 text")
    width = len(layout.names)
    if not any(cells) or len(cells) == width:
        return
    if len(cells) < width:
        what = f"the row has {len(cells)} cells, the header {width}"
        yield problem(what, f"add the missing {SEPARATORS[layout.separator]}, even for empty cells")
    else:
        what = f"the row has {len(cells)} cells, the header {width}"
        yield problem(what, f"put cells that hold {SEPARATORS[layout.separator]} in quotes, or delete what is too much")


def _read_other_encoding(source: _Source, path: Path) -> Reading:
    """Report the encoding, then read on as if it had been right, so that other problems show too."""
    data = path.read_bytes()
    guess = guess_encoding(data)
    text = data.decode(guess.codec, errors="replace").removeprefix("\ufeff")
    problem = Problem(
        file=source.file,
        row=None if guess.codec.startswith("utf") else _first_bad_row(data),
        what=f"the text is not UTF-8 but most likely {guess.label}",
        fix=f"save it as UTF-8: {_AS_UTF8}",
    )
    again = _read(evolve(source, open=lambda: io.BytesIO(text.encode("utf-8", errors="replace"))), path)
    return evolve(again, problems=(problem, *again.problems))


def _first_bad_row(data: bytes) -> int | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        with any_length():
            return max(1, sum(1 for _ in csv.reader(io.StringIO(before + "x", newline=""))))
    return None
