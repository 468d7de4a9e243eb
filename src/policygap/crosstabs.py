"""A frame of evidence in any engine comes in; a small table of where two of its columns meet goes out."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from .engines import count_cells, naming_engine_errors
from .errors import Problem, UsageError
from .exact import LARGEST, SMALLEST
from .spelling import suggest
from .tallies import Cells, Unusable, check_size

__all__ = ["argument_problems", "column_problems", "cross_tabulate", "open_frame", "weight_problems"]


def cross_tabulate(
    frame: Any, rows: str = "theme", columns: str = "target", unit: str | None = "speaker", weight: str | None = None
) -> pd.DataFrame:
    """Count distinct units, or sum their weights, where two columns of a frame of evidence meet.

    The figures are the same to the last bit whichever engine holds the frame, however it is cut into parts, and in
    whatever order its rows stand: a sum of weights is the exact sum, rounded once.

    Parameters
    ----------
    frame
        A frame of evidence: pandas, polars (eager or lazy), Arrow, DuckDB, Dask or Spark. It may be asked several
        times, so it has to stay the same.
    rows, columns
        Names of columns; rows of the frame where either is missing, or the unit, are left out.
    unit
        The column whose distinct values are counted in each cell; ``None`` counts the frame's rows.
    weight
        A column of numbers: sum it over the distinct units, or over rows. A unit that has several weights in a cell
        counts there once, with the largest. A missing weight (NaN too) adds nothing.

    Returns
    -------
    pandas.DataFrame
        A small wide frame, sorted by id: whole numbers, or floats where weights are summed; 0 where the two never meet.

    Raises
    ------
    UsageError
        Where a column is not in the frame, weights are no numbers, below 0, infinite or beyond 1e-100 to 1e100, the
        table would have too many cells, or the frame is of no known kind.
    PolicyGapError
        Where the engine fails, such as on a file that is damaged: with what it says, and the file's name if it says it.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"theme": ["a", "a", "b"], "target": ["X", "X", "Y"], "speaker": ["s", "s", "t"]})
    >>> cross_tabulate(frame)
    target  X  Y
    theme
    a       1  0
    b       0  1
    """
    table = open_frame(frame)
    problems = argument_problems(
        {"rows": rows, "columns": columns, "unit": unit, "weight": weight}, ("rows", "columns")
    )
    if problems:
        raise UsageError(problems)
    names = [name for name in (rows, columns, unit, weight) if name is not None]
    with naming_engine_errors(table, names):
        problems = column_problems(table, names, weight)
        if problems:
            raise UsageError(problems)
        cells = count_cells(table, rows, columns, unit, weight)
    if isinstance(cells, Unusable):
        raise UsageError(weight_problems(cells, weight))
    return _wide(cells, rows, columns, np.int64 if weight is None else np.float64)


def open_frame(frame: Any) -> nw.DataFrame[Any] | nw.LazyFrame[Any]:
    """A frame of any engine, as one of narwhals.

    Raises
    ------
    UsageError
        Where it is no frame.

    Examples
    --------
    >>> import pandas as pd
    >>> open_frame(pd.DataFrame({"speaker": ["s"]})).columns
    ['speaker']
    """
    try:
        return nw.from_native(frame)
    except TypeError:
        what = f"a {type(frame).__name__} is no frame"
        fix = "give a pandas, polars, Arrow, DuckDB, Spark or Dask frame"
        raise UsageError([Problem(file="frame", what=what, fix=fix)]) from None
    except nw.exceptions.DuplicateError as error:
        what = f"columns have the same name ({' '.join(str(error).split())})"
        raise UsageError([Problem(file="frame", what=what, fix="give each a name of its own")]) from None


def argument_problems(names: Mapping[str, Any], needed: Collection[str]) -> list[Problem]:
    r"""Which arguments can't be the name of a column.

    Examples
    --------
    >>> print(*argument_problems({"rows": None, "unit": ["speaker"]}, ["rows"]), sep="\n")
    rows: None is no name of a column; name one
    unit: ['speaker'] is no name of a column; name one, or give None
    """
    return [
        Problem(
            file=argument,
            what=f"{name!r} is no name of a column",
            fix="name one" if argument in needed else "name one, or give None",
        )
        for argument, name in names.items()
        if not isinstance(name, Hashable) or (name is None and argument in needed)
    ]


def column_problems(
    table: nw.DataFrame[Any] | nw.LazyFrame[Any], names: Sequence[str], weight: str | None
) -> list[Problem]:
    """Which of these columns are not in a frame, and whether its weights are no numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> table = open_frame(pd.DataFrame({"speaker": ["s"]}))
    >>> print(*column_problems(table, ["speakers"], None))
    frame, column speakers: there is no such column; did you mean 'speaker'?
    """
    schema = table.collect_schema()
    known = schema.names()
    problems = [
        Problem(
            file="frame",
            column=name,
            what="there is no such column",
            fix=suggest(
                str(name),
                map(str, known),
                otherwise=f"use one of {', '.join(map(str, known)) or 'none, as it is empty'}",
            ),
        )
        for name in dict.fromkeys(names)
        if name not in known
    ]
    fix = "name a column of texts or whole numbers"
    problems += [
        Problem(file="frame", column=name, what="it holds lists or records, which can't be counted", fix=fix)
        for name in dict.fromkeys(names)
        if name in known and name != weight and schema[name].is_nested()
    ]
    if weight in known and not schema[weight].is_numeric():
        fix = "name a column of numbers, or leave the weight out"
        problems.append(Problem(file="frame", column=weight, what="weights have to be numbers", fix=fix))
    return problems


def weight_problems(wrong: Unusable, weight: str | None) -> list[Problem]:
    """What is wrong with the weights of a column, in words.

    Examples
    --------
    >>> print(*weight_problems(Unusable(negative=2), "weight"))
    frame, column weight: weights below 0: 2; give 0 or more, or nothing where a weight is not known
    """
    fix = "give 0 or more, or nothing where a weight is not known"
    said = {
        f"weights below 0: {wrong.negative}": wrong.negative,
        f"infinite weights, or above {LARGEST:g}: {wrong.large}": wrong.large,
        f"weights above 0 and below {SMALLEST:g}: {wrong.small}": wrong.small,
    }
    return [Problem(file="frame", column=weight, what=what, fix=fix) for what, count in said.items() if count]


def _wide(cells: Cells, rows: str, columns: str, dtype: type) -> pd.DataFrame:
    down, across = ([_plain(pair[side]) for pair in cells] for side in (0, 1))
    index, header = _sorted_index(down), _sorted_index(across)
    check_size(len(index), len(header))
    wide = np.zeros((len(index), len(header)), dtype=dtype)
    figures = np.fromiter((dtype(figure) for figure in cells.values()), dtype=dtype, count=len(cells))
    wide[
        index.get_indexer(pd.Index(down, tupleize_cols=False)),
        header.get_indexer(pd.Index(across, tupleize_cols=False)),
    ] = figures
    return pd.DataFrame(wide, index=index.rename(rows), columns=header.rename(columns))


def _plain(name: Any) -> Any:
    """Whole numbers as such, since pandas makes floats of a column of them in which some are missing."""
    return int(name) if isinstance(name, float) and name.is_integer() else name


def _sorted_index(ids: list[Any]) -> pd.Index:
    distinct = set(ids)
    try:
        return pd.Index(sorted(distinct), dtype=None if distinct else object, tupleize_cols=False)
    except TypeError:  # ids of several kinds
        return pd.Index(sorted(distinct, key=lambda name: (type(name).__name__, str(name))), dtype=object)
