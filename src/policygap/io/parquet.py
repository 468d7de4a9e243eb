"""The Parquet files of a table come in; a raw table goes out, or the problems of each file."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from attrs import evolve

from ..arrow import check_size, count_rows, holds_ids, holds_text, look_at, name_part, read_parquet
from ..disk import DiskTable, DiskText
from ..errors import Problem, StudyError, UsageError
from ..ids import are_distinct, are_tidy
from ..schema import TABLES, Form
from .cells import text_of
from .limits import Limits
from .rawtables import BIG, Reading, is_coded, make_table

__all__ = ["read_parts"]

IDS: Final = (("statements", "id"), ("codings", "statement"))
"""Columns of which each row may hold another id."""

_FIRST_ROW: Final = 1  # such files have no row of names


def read_parts(parts: Sequence[Path], *, file: str, table: str, limits: Limits, stays: bool = True) -> Reading:
    """Read one table of a study from Parquet files.

    Parameters
    ----------
    parts
        Its files, whose rows stand under each other in this order.
    file
        What to call them together in messages; rows are counted in each of them, from 1.
    table
        The table they hold.
    limits
        How much is read into memory.
    stays
        Whether the files stay where they are, so that texts of the big tables may stay in them.
    """
    if not parts:
        fix = "put files that end in .parquet there"
        return Reading(problems=(Problem(file=file, what="the folder holds no Parquet file", fix=fix),))
    try:
        schema = look_at(parts)
        stays = stays and table in BIG
        free = {field.name for field in schema if stays and holds_text(field.type) and _is_free(table, field.name)}
        check_size(parts, len(schema) - len(free), limits.bytes)
        left = dict(_stay(DiskTable(parts), schema, table, free)) if stays else {}
        here = [name for name in schema.names if name not in left]
        coded = [column.name for column in TABLES[table].columns if is_coded(table, column.name)]
        frame = read_parquet(parts, here, coded=coded)
        cells = {place: left[name] if name in left else text_of(frame[name]) for place, name in enumerate(schema.names)}
    except (StudyError, UsageError) as error:
        return Reading(problems=error.problems)
    rows = range(_FIRST_ROW, len(frame) + _FIRST_ROW)
    typed = pd.DataFrame(cells, index=frame.index, copy=False)
    made, problems = make_table(file=file, names=list(schema.names), frame=typed, rows=rows)
    return Reading(table=evolve(made, parts=_name_parts(parts) if len(parts) > 1 else ()), problems=problems)


def _name_parts(parts: Sequence[Path]) -> tuple[tuple[str, int], ...]:
    """What to call each file in messages, and how many rows it has."""
    return tuple((name_part(part), count_rows(part)) for part in parts)


def _stay(disk: DiskTable, schema: Any, table: str, free: Container[str]) -> Iterator[tuple[str, DiskText]]:
    """The columns that are not read now: free texts, and ids of statements where there is nothing wrong with them.

    Ids that are not tidy are read into memory, where each fault of them is found.
    """
    for field in schema:
        column = TABLES[table].column(field.name.strip())
        if field.name in free:
            yield field.name, DiskText.open(disk, field.name)
        elif column is not None and holds_ids(field.type) and (table, column.name) in IDS:
            ids = DiskText.open(disk, field.name)
            if are_tidy(ids) and (column.form is not Form.ID or are_distinct(ids)):
                yield field.name, ids.as_ids() if column.form is Form.ID else ids


def _is_free(table: str, name: str) -> bool:
    """Whether a column holds texts of which nothing but their presence is judged."""
    column = TABLES[table].column(name.strip())
    return bool(name.strip()) and (column is None or (column.form is Form.TEXT and not column.many))
