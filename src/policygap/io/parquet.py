"""The Parquet files of a table come in; a raw table goes out, or the problems of each file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ..arrow import read_parquet
from ..disk import DiskTable, DiskText
from ..errors import Problem, StudyError, UsageError
from ..schema import TABLES, Form
from .cells import text_of
from .limits import Limits
from .rawtables import BIG, Reading, is_coded, make_table

__all__ = ["read_parts"]

_FIRST_ROW: Final = 1  # such files have no row of names


def read_parts(parts: Sequence[Path], *, file: str, table: str, limits: Limits, stays: bool = True) -> Reading:
    """Read one table of a study from Parquet files.

    Parameters
    ----------
    parts
        Its files, whose rows stand under each other in this order.
    file
        What to call them together in messages; rows are counted through all of them, from 1.
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
    coded = [column.name for column in TABLES[table].columns if is_coded(table, column.name)]
    try:
        frame, names, left = read_parquet(
            parts, coded=coded, most=limits.bytes, later=lambda name: stays and table in BIG and _is_free(table, name)
        )
        disk = DiskTable(parts)
        cells: dict[int, Any] = {
            place: DiskText.open(disk, name) if name in left else text_of(frame[name])
            for place, name in enumerate(names)
        }
    except (StudyError, UsageError) as error:
        return Reading(problems=error.problems)
    rows = np.arange(_FIRST_ROW, len(frame) + _FIRST_ROW)
    made, problems = make_table(file=file, names=names, frame=pd.DataFrame(cells, index=frame.index), rows=rows)
    return Reading(table=made, problems=problems)


def _is_free(table: str, name: str) -> bool:
    """Whether a column holds texts of which nothing but their presence is judged."""
    column = TABLES[table].column(name.strip())
    return bool(name.strip()) and (column is None or (column.form is Form.TEXT and not column.many))
