"""The Parquet files of a table come in; a raw table goes out, or the problems of each file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from ..arrow import read_parquet
from ..errors import Problem, StudyError, UsageError
from ..schema import TABLES
from .cells import text_of
from .limits import Limits
from .rawtables import Reading, is_coded, make_table

__all__ = ["read_parts"]

_FIRST_ROW: Final = 1  # such files have no row of names


def read_parts(parts: Sequence[Path], *, file: str, table: str, limits: Limits) -> Reading:
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
        How much is read.
    """
    if not parts:
        fix = "put files that end in .parquet there"
        return Reading(problems=(Problem(file=file, what="the folder holds no Parquet file", fix=fix),))
    coded = [column.name for column in TABLES[table].columns if is_coded(table, column.name)]
    try:
        frame = read_parquet(parts, coded=coded, most=limits.bytes)
    except (StudyError, UsageError) as error:
        return Reading(problems=error.problems)
    cells = {place: text_of(frame.iloc[:, place]) for place in range(frame.shape[1])}
    names = [str(name) for name in frame.columns]
    rows = np.arange(_FIRST_ROW, len(frame) + _FIRST_ROW)
    made, problems = make_table(file=file, names=names, frame=pd.DataFrame(cells, index=frame.index), rows=rows)
    return Reading(table=made, problems=problems)
