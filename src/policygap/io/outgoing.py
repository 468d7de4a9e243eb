"""A package comes in; the frames that may be written go out, or the reasons why they may not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import frozen

from ..errors import Problem, StudyError
from ..package import Package, RawTable
from ..schema import TABLES
from .cells import illegal_in_xml, text_of, unix_lines
from .excel import LARGEST_NUMBER, MOST_CHARACTERS, MOST_ROWS, utf16_length
from .metasheet import meta_cells
from .naming import misspelt

__all__ = ["Outgoing", "Written", "find_losses", "prepare"]

_PIECE: Final = 10_000  # cells that are looked at together: joined, one search serves all


@frozen(kw_only=True)
class Outgoing:
    """What is written: metadata and frames by table, every text of them fit for XML 1.0."""

    meta: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    def rows(self, table: str) -> list[dict[str, str]]:
        """The rows of a table as text by column, without the cells that are missing; none where it is not there."""
        if table not in self.tables:
            return []
        frame = self.tables[table]
        cells = [text_of(frame.iloc[:, place]) for place in range(frame.shape[1])]
        columns = [column.astype(object).where(column.notna(), None).tolist() for column in cells]
        names = [str(name) for name in frame.columns]
        return [
            {name: text for name, text in zip(names, row, strict=True) if text is not None}
            for row in zip(*columns, strict=True)
        ]


@frozen(kw_only=True)
class Written:
    """A file's bytes, and a sentence for each thing of the study that its format can't hold."""

    data: bytes
    losses: tuple[str, ...] = ()


def find_losses(outgoing: Outgoing, held: Mapping[str, Sequence[str]]) -> list[str]:
    """A sentence for each table, and each filled column of a table, that a format does not hold.

    Parameters
    ----------
    outgoing
        The study's tables.
    held
        The columns that the format holds, by table.
    """
    losses: list[str] = []
    for table, frame in outgoing.tables.items():
        if table not in held:
            losses.append(f"The format has no place for {table} ({len(frame)}).")
            continue
        lost = [str(name) for name in frame.columns if name not in held[table] and frame[name].notna().any()]
        if lost:
            losses.append(f"The format has no place for columns of {table}: {', '.join(lost)}.")
    return losses


def prepare(package: Package, *, excel: bool) -> Outgoing:
    """Choose the tables and columns that are written, and refuse what can't be.

    Parameters
    ----------
    package
        The study's frames, typed or as text.
    excel
        Whether they go into a workbook, whose cells and sheets have limits.

    Raises
    ------
    StudyError
        Text that XML 1.0 can't hold (in either format, so that both hold the same studies), text too long for a cell
        or a table too long for a sheet, metadata that JSON can't hold.
    """
    problems = list(_meta_problems(package.meta, excel=excel))
    tables: dict[str, pd.DataFrame] = {}
    for name in (*TABLES, *(name for name in package.tables if name not in TABLES)):
        if name not in package.tables:
            continue
        raw = package.tables[name]
        if name not in TABLES:
            fix = f"use one of {', '.join(TABLES)}"
            problems.append(Problem(file=name, what=f"a study has no table '{name}'", fix=fix))
        elif len(raw.frame):
            frame = _columns(name, raw.frame)
            problems.extend(_frame_problems(name, raw, frame, excel=excel))
            tables[name] = frame
    if problems:
        raise StudyError(problems)
    meta = {key: value for key, value in _plain_meta(package.meta).items() if value is not None and value != ""}
    return Outgoing(meta=meta, tables=tables)


def _columns(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The schema's columns that are required or filled, then all of the study's own."""
    known = [column for column in TABLES[table].columns if column.name in frame]
    own = [name for name in frame.columns if TABLES[table].column(str(name)) is None]
    shadowed = {misspelt(str(name), [column.name for column in known]) for name in own}
    kept = [
        column.name
        for column in known
        # An empty column next to an own one of nearly that name shows that the name is no slip (see parse).
        if column.required or column.name in shadowed or frame[column.name].notna().any()
    ]
    return frame[[*kept, *own]]


def _frame_problems(table: str, raw: RawTable, frame: pd.DataFrame, *, excel: bool) -> Iterator[Problem]:
    if excel and len(frame) >= MOST_ROWS:
        what = f"{len(frame)} rows do not fit on a sheet, which holds {MOST_ROWS - 1} and a header"
        yield Problem(file=table, what=what, fix="write a folder of CSV files instead")
    for place, name in enumerate(frame.columns):
        for what, fix in _text_problems(str(name), excel=excel):
            yield Problem(file=table, row=1, column=str(name), what=what, fix=fix)
        for position, what, fix in _column_problems(frame.iloc[:, place], excel=excel):
            yield Problem(file=table, row=raw.row(position), column=str(name), what=what, fix=fix)


def _column_problems(values: pd.Series, *, excel: bool) -> Iterator[tuple[int, str, str]]:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, texts = values.cat.codes.to_numpy(), [str(text) for text in values.cat.categories]
        for code in _suspects(texts, excel=excel):
            for position in np.flatnonzero(codes == code):
                yield from ((int(position), *found) for found in _text_problems(texts[code], excel=excel))
        return
    cells = text_of(values)
    filled = np.flatnonzero(cells.notna().to_numpy())
    for start in range(0, len(filled), _PIECE):
        piece = filled[start : start + _PIECE]
        texts = cells.iloc[piece].tolist()
        for suspect in _suspects(texts, excel=excel):
            yield from ((int(piece[suspect]), *found) for found in _text_problems(texts[suspect], excel=excel))


def _suspects(texts: list[str], *, excel: bool) -> list[int]:
    """The places of texts that can't be written; for most pieces one search finds that there are none."""
    if illegal_in_xml("".join(texts)) is None and not (excel and any(2 * len(t) > MOST_CHARACTERS for t in texts)):
        return []
    return [place for place, text in enumerate(texts) if next(_text_problems(text, excel=excel), None) is not None]


def _text_problems(text: str, *, excel: bool) -> Iterator[tuple[str, str]]:
    found = illegal_in_xml(unix_lines(text))
    if found is not None:
        yield f"the text holds the character {found}, which XML and so Excel can't hold", "delete it"
    if excel and 2 * len(text) > MOST_CHARACTERS and (length := utf16_length(text)) > MOST_CHARACTERS:
        what = f"the text has {length:,} characters; an Excel cell holds {MOST_CHARACTERS:,}"
        yield what, "shorten it, or write a folder of CSV files instead"


def _meta_problems(meta: Mapping[str, Any], *, excel: bool) -> Iterator[Problem]:
    for key, value in meta.items():
        try:
            json.dumps(value, allow_nan=False)
            cells = meta_cells({key: value}) if excel else {key: value}
        except (TypeError, ValueError, RecursionError) as error:
            fix = "use text, finite numbers, true, false, lists and objects"
            yield Problem(file="study", column=str(key), what=f"this can't be written as JSON: {error}", fix=fix)
            continue
        if excel and isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
            what, fix = "Excel's numbers can't hold so many digits", "put it in quotes, as text"
            yield Problem(file="study", column=str(key), what=what, fix=fix)
        texts = (*_texts(value), str(key), *(cell for cell in cells.values() if isinstance(cell, str)))
        for what, fix in dict.fromkeys(found for text in texts for found in _text_problems(text, excel=excel)):
            yield Problem(file="study", column=str(key), what=what, fix=fix)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _plain_meta(value: Any) -> Any:
    """Metadata as both formats give it back: lists for tuples, text keys, lines ending in LF, whole numbers plain."""
    if isinstance(value, str):
        return unix_lines(value)
    if isinstance(value, Mapping):
        return {unix_lines(str(key)).strip(): _plain_meta(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_meta(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_NUMBER:
        return int(value)
    return value
