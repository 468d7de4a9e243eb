"""A CSV file or a workbook of answers, one a row, comes in; each answer's passages go out, with its row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import field, frozen

from ..errors import Problem
from ..io.csvfile import END, any_length, with_end
from ..io.spreadsheet import SpreadsheetError, read_values
from ..notices import Notice
from ..spelling import nearest
from .archives import check_archive
from .blocks import find_blocks
from .decoding import decode_text
from .passages import Contents, DocumentError, Passage, tidy

__all__ = ["Columns", "read_rows", "read_workbook"]

_SEPARATORS: Final = (",", ";", "\t", "|")
_NONE: Final = "\x1f"  # where the header has one column, nothing in a row separates cells
_SAMPLE: Final = 1 << 16
_TRIED: Final = 50  # rows that tell the separator
LIKELY: Final = ("text", "response", "answer", "comment", "submission")  # what a column of texts is called
_WORDS: Final = 4  # words a cell from which on, on average, a column is text

Row = tuple[int, Sequence[str | None]]


@frozen(kw_only=True)
class Columns:
    """Which columns hold the text and who speaks; without texts, the only one that looks like text is taken."""

    text: tuple[str, ...] = field(default=(), converter=tuple)
    speaker: str | None = None


@frozen(kw_only=True)
class _Chosen:
    """The places of the columns that were chosen."""

    texts: tuple[tuple[int, str], ...]
    speaker: int | None


def read_rows(path: Path, *, file: str, columns: Columns) -> Contents:
    """Read a CSV file whose rows are answers.

    Parameters
    ----------
    path
        The file, separated by commas, semicolons, tabs or bars, with a header.
    file
        What to call it in problems and notices.
    columns
        Which columns to read.

    Raises
    ------
    DocumentError
        It is no text, or its columns are not those asked for.
    """
    text, notices = decode_text(path.read_bytes(), file=file)
    rows, problems = _parse(text, file)
    if len(rows) < 2:  # noqa: PLR2004  # a header and a row
        raise DocumentError("there are no rows under the header", "check that it is the file you meant")
    (_, header), body = rows[0], rows[1:]
    chosen = _choose([name or "" for name in header], body, columns)
    ragged = _find_ragged(body, len(header), file)
    return Contents(
        kind="csv",
        passages=_passages(body, chosen, place=""),
        problems=(*problems, *ragged),
        notices=notices,
    )


def _parse(text: str, file: str) -> tuple[list[Row], list[Problem]]:
    text = text.replace("\x00", "")
    if text[:4].lower() == "sep=" and len(text) > 5 and text[5] in "\r\n":  # noqa: PLR2004  # Excel's line "sep=;"
        separator, text = text[4], text[5:].lstrip("\r\n")
    else:
        separator = _find_separator(text[:_SAMPLE])
    rows: list[Row] = []
    problems: list[Problem] = []
    with any_length():
        reader = csv.reader(with_end(io.StringIO(text, newline="")), delimiter=separator)
        number = 0
        for number, cells in enumerate(reader, start=1):
            if cells == [END]:
                break
            if cells and cells[-1].endswith(END):
                what, fix = "a quote is opened here and never closed", "close it, and double every quote within a cell"
                problems.append(Problem(file=file, row=number, what=what, fix=fix))
                break
            if any(cell.strip() for cell in cells):
                rows.append((number, cells))
    return rows, problems


def _find_separator(sample: str) -> str:
    """The separator under which most rows have as many cells as the header, and most cells."""

    def score(separator: str) -> tuple[int, int]:
        with any_length():
            rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator) if row][:_TRIED]
        width = len(rows[0]) if rows else 0
        return (sum(len(row) == width for row in rows) if width > 1 else 0), width

    best = max(_SEPARATORS, key=score)
    return best if score(best)[1] > 1 else _NONE


def _find_ragged(body: Sequence[Row], width: int, file: str) -> list[Problem]:
    """One problem for all rows that are too long: cells that nobody knows the column of."""
    long = [
        number for number, cells in body if len(cells) > width and any((cell or "").strip() for cell in cells[width:])
    ]
    if not long:
        return []
    what = f"{len(long)} of the rows have more cells than the header, the first of them row {long[0]}"
    return [Problem(file=file, row=long[0], what=what, fix="put cells that hold the separator in quotes")]


def read_workbook(path: Path, *, file: str, columns: Columns, largest: int) -> Contents:
    """Read a workbook whose rows are answers; each sheet has a header in its first filled row.

    Parameters
    ----------
    path
        The file.
    file
        What to call it in problems and notices.
    columns
        Which columns to read. Sheets without them are left out, if another sheet has them.
    largest
        To how many bytes it may unpack.

    Raises
    ------
    DocumentError
        It is encrypted, damaged or too large, or none of its sheets has the columns asked for.
    """
    check_archive(path, largest=largest)
    sheets: dict[str, list[Row]] = {}
    try:
        with path.open("rb") as stream:
            for sheet, number, cells in read_values(stream):
                sheets.setdefault(sheet, []).append((number, cells))
    except SpreadsheetError as error:
        raise DocumentError(error.what, error.fix) from error
    passages: list[Passage] = []
    refused: list[tuple[str, DocumentError]] = []
    filled = [(sheet, rows) for sheet, rows in sheets.items() if len(rows) > 1]
    for sheet, (header, *body) in filled:
        try:
            chosen = _choose([name or "" for name in header[1]], body, columns)
        except DocumentError as error:
            refused.append((sheet, error))
            continue
        passages += _passages(body, chosen, place=f"{sheet} " if len(filled) > 1 else "")
    if not filled:
        raise DocumentError("there are no rows under a header", "check that it is the file you meant")
    if len(refused) == len(filled):
        raise refused[0][1]
    left_out = ", ".join(sheet for sheet, _ in refused)
    values = {"file": file, "sheets": left_out, "count": len(refused)}
    notices = [Notice(kind="document_sheets", subjects=(file,), values=values)] if refused else []
    return Contents(kind="xlsx", passages=passages, notices=notices)


def _choose(header: Sequence[str], body: Iterable[Row], columns: Columns) -> _Chosen:
    names = [name.strip() for name in header]
    speaker = _place(names, columns.speaker, "speaker_column") if columns.speaker else None
    if columns.text:
        places = [_place(names, name, "text_column") for name in columns.text]
        return _Chosen(texts=tuple((place, names[place]) for place in places), speaker=speaker)
    filled: Counter[int] = Counter()
    words: Counter[int] = Counter()
    for _, cells in body:
        for place, cell in enumerate(cells[: len(names)]):
            if cell and cell.strip():
                filled[place] += 1
                words[place] += len(cell.split())
    like = [place for place in sorted(filled) if words[place] >= _WORDS * filled[place] and place != speaker]
    if len(names) == 1:
        like = [0]
    named = [place for place, name in enumerate(names) if name.lower() in LIKELY]
    if len(like) != 1 and len(named) == 1:
        like = named
    if len(like) != 1:
        found = f"several columns look like text: {_listed(names, like)}" if like else "no column looks like text"
        fix = f"name one with text_column; the columns are {_listed(names, range(len(names)))}"
        raise DocumentError(found, fix)
    return _Chosen(texts=((like[0], names[like[0]]),), speaker=speaker)


def _place(names: Sequence[str], name: str, argument: str) -> int:
    if name in names:
        return names.index(name)
    near = nearest(name, names)
    fix = f"did you mean '{near}'? " if near else ""
    raise DocumentError(
        f"there is no column '{name}' ({argument})", f"{fix}the columns are {_listed(names, range(len(names)))}"
    )


def _listed(names: Sequence[str], places: Iterable[int], most: int = 20) -> str:
    shown = [names[place] or f"column {place + 1}" for place in places]
    return ", ".join(shown[:most]) + (", ..." if len(shown) > most else "")


def _passages(body: Iterable[Row], chosen: _Chosen, *, place: str) -> Iterator[Passage]:
    several = len(chosen.texts) > 1
    for number, cells in body:
        speaker = tidy(_cell(cells, chosen.speaker)) if chosen.speaker is not None else ""
        for column, name in chosen.texts:
            locator = f"{place}row {number}" + (f" {name}" if several else "")
            for block in find_blocks(tidy(_cell(cells, column))):
                yield Passage(
                    text=block.text,
                    locator=locator,
                    block=block.kind,
                    row=number,
                    speaker=speaker or None,
                )


def _cell(cells: Sequence[str | None], place: int | None) -> str:
    return (cells[place] or "") if place is not None and place < len(cells) else ""
