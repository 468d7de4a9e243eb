"""A frame of any engine comes in; a figure for each cell goes out, the same to the last bit whichever engine it was."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import narwhals as nw
import numpy as np
import pandas as pd

from .errors import PolicyGapError, Problem
from .exact import LARGEST, SMALLEST, combine_sums, lay_grids
from .parts import find_bad_parts, find_damage
from .streams import add_up, collect, count_stream, cut_blocks, find_facts
from .tallies import Cells, Coded, Unusable, code_whole_numbers, mark_missing, tally

__all__ = [
    "as_lazy",
    "collect",
    "count_cells",
    "drop_missing",
    "encode",
    "find_limits",
    "hands_over_codes",
    "naming_engine_errors",
    "split_weights",
    "with_doubles",
]

Frame = nw.DataFrame[Any] | nw.LazyFrame[Any]
Array = np.ndarray[Any, Any]

ROWS_AT_ONCE = 3 << 22  # that are taken out of an engine as a whole: some 300 MB while they are counted
_WHOLE: Final = (nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64)
_CODABLE: Final = (nw.String, nw.Categorical, nw.Enum, *_WHOLE)


def count_cells(frame: Frame, rows: str, columns: str, unit: str | None, weight: str | None) -> Cells | Unusable:
    """Count distinct units, or sum their weights exactly, where two columns meet.

    Frames in memory are counted on whole numbers by numpy. So are DuckDB relations and lazy polars frames with units
    that are whole numbers, taken out of the engine as a stream: there that is faster than the engine's own way. For all
    others, and so for Dask and Spark, the engine does the counting.

    Parameters
    ----------
    frame
        A frame of narwhals with these columns.
    rows, columns, unit, weight
        As in :func:`policygap.cross_tabulate`.

    Returns
    -------
    Cells or Unusable
        A figure for each pair of ids that meet; or what is wrong with the weights.
    """
    names = {"row": rows, "column": columns, "unit": unit, "weight": weight}
    wanted = with_doubles(frame.select(*(nw.col(name).alias(new) for new, name in names.items() if name is not None)))
    schema = wanted.collect_schema()
    keys = [name for name in schema.names() if name != "weight"]
    engine = wanted.implementation
    plain = all(_is_in(schema[key], _CODABLE) for key in keys)
    if isinstance(wanted, nw.DataFrame) and hands_over_codes(wanted, keys):
        return _tally(wanted)
    table = as_lazy(wanted)
    kept = drop_missing(table, keys)
    if plain and _is_known(engine) and "unit" in keys and _is_in(schema["unit"], _WHOLE):
        cells = _count_outside(table, kept)
        if cells is not None:
            return cells
    return _count_in_engine(kept, keys, weight is not None)


def with_doubles(frame: Frame) -> Frame:
    """The same frame with its weights, if it has any, as doubles, each rounded to the nearest in every engine.

    Examples
    --------
    >>> with_doubles(nw.from_native(pd.DataFrame({"weight": [2**53 + 1]})))["weight"].to_list()
    [9007199254740992.0]
    """
    schema = frame.collect_schema()
    if "weight" not in schema or schema["weight"] == nw.Float64:
        return frame
    weight = nw.col("weight")
    if schema["weight"].is_decimal():
        weight = weight.cast(nw.String)  # from numbers engines come to other doubles, from texts to the nearest
    elif isinstance(frame, nw.DataFrame) and schema["weight"].is_integer():
        return frame.with_columns(_as_doubles(frame["weight"]))
    return frame.with_columns(weight.cast(nw.Float64))


def _as_doubles(column: nw.Series[Any]) -> nw.Series[Any]:
    """Whole numbers as doubles, by numpy, since Arrow refuses to round."""
    missing = column.is_null().to_numpy()
    values = np.where(missing, np.nan, column.fill_null(0).to_numpy().astype(np.float64))
    return nw.new_series(column.name, values, nw.Float64, backend=column.implementation)


def _is_in(dtype: nw.dtypes.DType, kinds: tuple[Any, ...]) -> bool:
    return any(dtype == kind for kind in kinds)


def hands_over_codes(frame: nw.DataFrame[Any], keys: Sequence[str]) -> bool:
    """Whether columns of a frame in memory can be had as whole numbers, and so be counted by numpy.

    Examples
    --------
    >>> hands_over_codes(nw.from_native(pd.DataFrame({"unit": ["s", "t"]})), ["unit"])
    True
    """
    schema = frame.collect_schema()
    plain = all(_is_in(schema[key], _CODABLE) for key in keys)
    return frame.implementation.is_pandas() or (plain and _is_known(frame.implementation))


def _is_known(engine: nw.Implementation) -> bool:
    return engine.is_polars() or engine.is_pyarrow() or engine.is_duckdb()


def drop_missing(table: nw.LazyFrame[Any], keys: list[str]) -> nw.LazyFrame[Any]:
    """Leave out rows in which one of the columns is missing, NaN too.

    Examples
    --------
    >>> frame = nw.from_native(pd.DataFrame({"unit": [1.0, float("nan")]})).lazy()
    >>> len(drop_missing(frame, ["unit"]).collect())
    1
    """
    table = table.drop_nulls(subset=keys)
    schema = table.collect_schema()
    for key in keys:
        if schema[key].is_float():  # 0 is added since Arrow counts 0.0 and -0.0 as two
            table = table.filter(~nw.col(key).is_nan()).with_columns((nw.col(key) + 0.0).alias(key))
    return table


def as_lazy(frame: Frame) -> nw.LazyFrame[Any]:
    """A frame for the engine to count, in which texts are the same only where all their characters are.

    Arrow gets one dictionary a column, where it has one for each part, and DuckDB no collation that would count "A" as
    "a". Names of columns have no quotation marks.

    Examples
    --------
    >>> as_lazy(nw.from_native(pd.DataFrame({"unit": ["s"]}))).columns
    ['unit']
    """
    if frame.implementation.is_pyarrow():
        return nw.from_native(frame.to_native().unify_dictionaries()).lazy()
    if frame.implementation.is_duckdb():
        columns = [
            f'"{name}" collate "binary" as "{name}"' if dtype == nw.String else f'"{name}"'
            for name, dtype in frame.collect_schema().items()
        ]
        return nw.from_native(frame.to_native().project(", ".join(columns)))
    return frame.lazy()


def _count_outside(table: nw.LazyFrame[Any], kept: nw.LazyFrame[Any]) -> Cells | Unusable | None:
    """Rows are taken out of the engine: all at once where they are few, as a stream, or block after block of units."""
    facts = find_facts(table)
    if facts.rows <= ROWS_AT_ONCE:
        return _tally(collect(kept))
    cells = count_stream(table, facts)
    if cells is None and "weight" in table.collect_schema().names():
        blocks = cut_blocks(kept, facts, ROWS_AT_ONCE // 2 or 1)
        cells = None if blocks is None else add_up(_tally(collect(block)) for block in blocks)
    return cells


# ------------------------------------------------------------------------------------------------------ in memory


def _tally(table: nw.DataFrame[Any]) -> Cells | Unusable:
    names = table.columns
    unit = encode(table["unit"]) if "unit" in names else None
    weights = table["weight"].cast(nw.Float64).to_numpy() if "weight" in names else None
    return tally(encode(table["row"]), encode(table["column"]), unit, weights)


def encode(column: nw.Series[Any]) -> Coded:
    """A column as whole numbers: those that the engine has already, wherever it has some.

    Examples
    --------
    >>> encode(nw.from_native(pd.Series(["b", "a", "b"]), series_only=True)).ids
    ['b', 'a']
    """
    if column.implementation.is_pandas():
        return _encode_pandas(column.to_native())
    if _is_in(column.dtype, _WHOLE):
        missing = column.is_null().to_numpy() if column.null_count() else None
        return code_whole_numbers((column if missing is None else column.fill_null(0)).to_numpy(), missing)
    if column.implementation.is_polars():
        return _encode_polars(column)
    return _encode_arrow(column.to_native())


def _encode_pandas(column: Any) -> Coded:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return Coded(codes=column.cat.codes.to_numpy(), ids=column.cat.categories.tolist())
    if pd.api.types.is_integer_dtype(column.dtype):
        missing = column.isna().to_numpy() if column.hasnans else None
        values = column.to_numpy() if missing is None else column.fillna(0).to_numpy()
        return code_whole_numbers(np.asarray(values, dtype=None if values.dtype.kind in "iu" else np.int64), missing)
    if pd.api.types.is_float_dtype(column.dtype):  # Arrow's may hold NaN beside what is missing, and -0.0 beside 0.0
        column = column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0
    codes, ids = pd.factorize(column)
    return Coded(codes=codes, ids=ids.tolist())


def _encode_polars(column: nw.Series[Any]) -> Coded:
    dtype = column.dtype
    if isinstance(dtype, nw.Enum):
        ids = list(dtype.categories)
    else:
        ids = column.drop_nulls().unique().cast(nw.String).to_list()
        column = column.cast(nw.Enum(ids))
    codes = column.to_native().to_physical()
    if not codes.null_count():
        return Coded(codes=codes.to_numpy(), ids=ids, gaps=False)
    missing = codes.is_null().to_numpy()
    return Coded(codes=mark_missing(codes.fill_null(0).to_numpy(), missing), ids=ids)


def _encode_arrow(column: Any) -> Coded:
    if not str(column.type).startswith("dictionary"):
        column = column.dictionary_encode()
    parts: list[Array] = []
    ids: dict[Any, int] = {None: -1}
    for chunk in column.chunks:
        # One dictionary a chunk, in which an id may stand twice, or be missing, as NaN is: it alone is not itself.
        names = [name if name == name else None for name in chunk.dictionary.to_pylist()]  # noqa: PLR0124  # so told
        own = [ids.setdefault(name, len(ids) - 1) for name in names]
        codes = chunk.indices.fill_null(0).to_numpy(zero_copy_only=False)
        if own != list(range(len(own))):
            codes = np.array([*own, -1], dtype=np.int32).take(codes)
        gaps = chunk.is_null().to_numpy(zero_copy_only=False) if chunk.null_count else None
        parts.append(codes if gaps is None else mark_missing(codes, gaps))
    return Coded(codes=np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32), ids=list(ids)[1:])


# --------------------------------------------------------------------------------------------------- in the engine


def _count_in_engine(table: nw.LazyFrame[Any], keys: list[str], weighted: bool) -> Cells | Unusable:
    if not weighted:
        return _count_distinct(table)
    weight = nw.col("weight")
    limits = find_limits(table)
    if isinstance(limits, Unusable):
        return limits
    table = table.with_columns(usable_weight())
    if "unit" in keys:
        table = table.group_by(*keys).agg(weight.max())
    table, names = split_weights(table, limits)
    cells = collect(table.group_by("row", "column").agg(*(nw.col(name).sum() for name in names)))
    sums = zip(*(map(int, cells[name].to_list()) for name in names), strict=True)
    return {pair: combine_sums(parts, limits) for pair, parts in zip(_pairs(cells), sums, strict=True)}


def split_weights(table: nw.LazyFrame[Any], grids: Sequence[int]) -> tuple[nw.LazyFrame[Any], list[str]]:
    """A frame with the parts of its usable weights on each grid, as whole numbers, and the names of these columns.

    Examples
    --------
    >>> frame = nw.from_native(pd.DataFrame({"weight": [2.5, 3.0]})).lazy()
    >>> split, names = split_weights(frame, (0, -1))
    >>> split.collect().select(names).rows()
    [(2, 1), (3, 0)]
    """
    weight = nw.col("weight")
    names: list[str] = []
    for place, grid in enumerate(grids):
        part = names.append(f"part{place}") or nw.col(names[-1])
        table = table.with_columns((weight * 2.0**-grid).floor().alias(names[-1]))
        table = table.with_columns((weight - part * 2.0**grid).alias("weight"), part.cast(nw.Int64).alias(names[-1]))
    return table, names


def usable_weight() -> nw.Expr:
    """The weight of each row as a double, 0 where it is missing.

    Examples
    --------
    >>> frame = nw.from_native(pd.DataFrame({"weight": [2, None]}))
    >>> frame.select(usable_weight())["weight"].to_list()
    [2.0, 0.0]
    """
    weight = nw.col("weight").cast(nw.Float64)
    return nw.when(_usable(weight)).then(weight).otherwise(0.0).alias("weight")


def _count_distinct(table: nw.LazyFrame[Any]) -> Cells:
    figure = nw.len()
    if "unit" in table.collect_schema().names():
        if table.implementation.is_polars():
            figure = nw.col("unit").n_unique()
        else:  # not by `unique`, which numbers all rows in DuckDB
            table = table.group_by("row", "column", "unit").agg(nw.len().alias("rows"))
    cells = collect(table.group_by("row", "column").agg(figure.alias("figure")))
    return dict(zip(_pairs(cells), map(int, cells["figure"].to_list()), strict=True))


def _usable(weight: nw.Expr) -> nw.Expr:
    # NaN is above all numbers for some engines and unequal to them for others; it is within no bounds for any.
    return (weight >= SMALLEST) & (weight <= LARGEST)


def find_limits(table: nw.LazyFrame[Any]) -> tuple[int, ...] | Unusable:
    """The grids for all weights; or what is wrong with them.

    Examples
    --------
    >>> find_limits(nw.from_native(pd.DataFrame({"weight": [2, -1, float("inf")]})).lazy())
    Unusable(negative=1, large=1, small=0)
    """
    weight = nw.col("weight").cast(nw.Float64)

    def mark(found: nw.Expr) -> nw.Expr:
        return nw.when(found).then(1).otherwise(0)

    marks = table.select(
        nw.when(_usable(weight)).then(weight).otherwise(LARGEST).alias("smallest"),
        nw.when(_usable(weight)).then(weight).otherwise(0.0).alias("largest"),
        mark(weight < 0).alias("negative"),
        mark((weight > LARGEST) & (weight <= float("inf"))).alias("large"),
        mark((weight > 0) & (weight < SMALLEST)).alias("small"),
    )
    names = ("negative", "large", "small")
    facts = collect(
        marks.select(
            nw.col("smallest").min(), nw.col("largest").max(), *(nw.col(name).sum() for name in names), rows=nw.len()
        )
    )
    rows = int(facts["rows"].item())
    wrong = Unusable(**{name: int(facts[name].item() or 0) for name in names})
    if wrong != Unusable():
        return wrong
    if not rows or not facts["largest"].item():
        return lay_grids(1.0, 1.0, step=30)
    return lay_grids(float(facts["smallest"].item()), float(facts["largest"].item()), step=62 - rows.bit_length())


def _pairs(cells: nw.DataFrame[Any]) -> Iterator[tuple[Any, Any]]:
    # Lists, since not every engine has the libraries that it would need to hand over arrays.
    return zip(cells["row"].to_list(), cells["column"].to_list(), strict=True)


# ------------------------------------------------------------------------------------------------------------ errors


@contextmanager
def naming_engine_errors(frame: Frame | None = None, names: Collection[str] = ()) -> Generator[None, None, None]:
    """Whatever an engine raises comes out as an error of this library, with the file's name where it can be found.

    Parameters
    ----------
    frame
        What will be read, if it may have Parquet files behind it: these are looked at first.
    names
        Columns of it that will be read.

    Raises
    ------
    PolicyGapError
        Naming each part that does not fit; or with what the engine says.

    Examples
    --------
    >>> with naming_engine_errors():
    ...     raise OSError("no magic bytes at the end of '/data/part-03.parquet'")
    Traceback (most recent call last):
    policygap.errors.PolicyGapError: part-03.parquet: the engine could not read the frame (no magic bytes ...
    """
    try:
        if frame is not None and (problems := find_bad_parts(frame, names)):
            raise PolicyGapError(problems)
        yield
    except (PolicyGapError, Warning):  # a warning is an error only where the caller asked for that
        raise
    except Exception as error:
        raise PolicyGapError(_tell(error, frame, names)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how polars and other engines in Rust stop; no Exception
            raise
        raise PolicyGapError(_tell(error, frame, names)) from error


def _tell(error: BaseException, frame: Frame | None, names: Collection[str]) -> list[Problem]:
    said = str(error)
    file = re.search(r"([^\s'\"/\\]+\.(?:parquet|csv|arrow|feather))\b", said)
    fix = "look at its files one by one, since the engine does not say which it is"
    if file:
        fix = "write that file again"
    elif isinstance(error, MemoryError) or "memory" in said.lower():
        fix = "give it more memory, or select fewer rows first"
    elif frame is not None and (damaged := find_damage(frame, names)) is not None:
        if damaged:
            return damaged
        fix = "its files can be read, so give the engine what it lacks, such as room on a disk"
    causes = re.findall(r"Caused by: (.+)", said)  # of Java, the last of which is the first that went wrong
    text = re.sub(r"\s+", " ", causes[-1] if causes else said)[:300] or type(error).__name__
    what = f"the engine could not read the frame ({text})"
    return [Problem(file=file[1] if file else "frame", what=what, fix=fix)]
