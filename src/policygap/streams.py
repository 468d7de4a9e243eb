"""A large lazy frame with units that are whole numbers comes in; a figure for each cell goes out, read as a stream.

DuckDB and polars hand over some rows at a time, as small whole numbers, and numpy counts them. The frame is read once,
or once for each block of units where its keys would take too much room.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from typing import Any, Final

import narwhals as nw
import numpy as np
from attrs import evolve, frozen

from .errors import UsageError, missing_extra
from .packing import CHANGED, Batch, Plan, tally_batches
from .tallies import Cells, Unusable

__all__ = ["Facts", "add_up", "collect", "count_stream", "cut_blocks", "find_facts", "with_enumerations"]

Array = np.ndarray[Any, Any]

ROOM = 1 << 29  # bytes for the keys of a block
_BATCH: Final = 1 << 20  # rows at a time
_BUCKETS: Final = 1024  # among which units are laid out to find blocks of that size
_FAR_APART: Final = 1 << 62
_MANY_IDS: Final = 1 << 16  # too many for an enumeration
_MANY_CELLS: Final = 1 << 22


@frozen(kw_only=True)
class Facts:
    """How many rows a frame has at the most, and all the units there may be."""

    rows: int
    units: range

    @property
    def far_apart(self) -> bool:
        """Whether an engine might not hold the distance of two units."""
        return self.units.stop - self.units.start >= _FAR_APART or self.units.stop > 1 << 63


def collect(table: nw.LazyFrame[Any]) -> nw.DataFrame[Any]:
    """Take a small frame out of its engine."""
    try:
        return table.collect(engine="streaming") if table.implementation.is_polars() else table.collect()
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("pyarrow"):
            raise
        raise missing_extra(f"taking figures out of {table.implementation.name.lower()}", "arrow") from error


def find_facts(table: nw.LazyFrame[Any]) -> Facts:
    """Ask for the number of rows, and the least and the largest unit: engines know it of Parquet files unread."""
    unit = nw.col("unit")
    found = collect(table.select(unit.min().alias("least"), unit.max().alias("most"), nw.len().alias("rows")))
    least, most = found["least"].item(), found["most"].item()
    units = range(0) if least is None else range(int(least), int(most) + 1)
    return Facts(rows=int(found["rows"].item()), units=units)


def count_stream(table: nw.LazyFrame[Any], facts: Facts) -> Cells | Unusable | None:
    """Count a frame of DuckDB or polars.

    Parameters
    ----------
    table
        Columns ``row``, ``column``, ``unit`` (whole numbers) and perhaps ``weight``; what is missing is left out.
    facts
        What :func:`find_facts` said of it.

    Returns
    -------
    Cells or Unusable or None
        A figure for each pair of ids; or what is wrong with the weights; ``None`` where the rows can't be kept in a
        bounded room: units lie far apart or have several weights, or there are too many ids.
    """
    if not hasattr(table.to_native(), "collect_batches" if table.implementation.is_polars() else "to_arrow_reader"):
        return None  # an older version
    axes = _find_ids(table, "row"), _find_ids(table, "column")
    weighted = "weight" in table.collect_schema().names()
    plan = Plan(axes=axes, units=facts.units, rows=facts.rows, weighted=weighted)
    if not (facts.units and plan.cells):
        return {}
    if facts.far_apart or plan.room is None or plan.cells > _MANY_CELLS or max(map(len, axes)) > _MANY_IDS:
        return None
    many = -(-plan.room // ROOM)
    if many > _BUCKETS:
        return None
    blocks = _find_blocks(table, facts, many)
    plans = [evolve(plan, units=block.units, rows=block.rows) for block in blocks]
    if any((one.room or 0) > 2 * ROOM for one in plans):
        return None
    kept = table.drop_nulls(["row", "column", "unit"])
    if weighted:
        kept = kept.with_columns(nw.col("weight").cast(nw.Float64))
    coded = _with_codes(kept, axes)
    return add_up(_count_block(coded, one, whole=len(plans) == 1) for one in plans)


def _find_ids(table: nw.LazyFrame[Any], axis: str) -> list[Any]:
    found = collect(table.group_by(axis).agg(nw.len().alias("rows")))[axis].to_list()
    return sorted(name for name in found if name is not None)


def cut_blocks(table: nw.LazyFrame[Any], facts: Facts, rows: int) -> list[nw.LazyFrame[Any]] | None:
    """The frame in blocks of whole units, of about so many rows; ``None`` where it can't be cut so finely."""
    many = -(-facts.rows // rows)
    if facts.far_apart or not facts.units or many > _BUCKETS:
        return None
    blocks = _find_blocks(table, facts, many)
    if any(block.rows > 2 * rows for block in blocks):
        return None
    axes = _find_ids(table, "row"), _find_ids(table, "column")
    if all(isinstance(name, str) for ids in axes for name in ids) and max(map(len, axes)) <= _MANY_IDS:
        table = _with_codes(table, axes)
    return [_cut(table, block.units) for block in blocks]


def _cut(table: nw.LazyFrame[Any], units: range) -> nw.LazyFrame[Any]:
    return table.filter((nw.col("unit") >= units.start) & (nw.col("unit") < units.stop))


def _find_blocks(table: nw.LazyFrame[Any], facts: Facts, many: int) -> list[Facts]:
    """Ranges of units with about as many rows each."""
    if many <= 1:
        return [facts]
    table = table.drop_nulls("unit")
    width = (len(facts.units) - 1) // _BUCKETS + 1
    bucket = ((nw.col("unit").cast(nw.Int64) - facts.units.start) // width).cast(nw.Int64).alias("bucket")
    counted = collect(table.select(bucket).group_by("bucket").agg(nw.len().alias("rows")))
    sizes = np.zeros(_BUCKETS, dtype=np.int64)
    sizes[counted["bucket"].to_numpy()] = counted["rows"].to_numpy()
    upto = np.concatenate([[0], np.cumsum(sizes)])
    ends = np.unique(np.searchsorted(upto, np.arange(1, many + 1) * upto[-1] / many))
    blocks: list[Facts] = []
    for first, end in pairwise([0, *ends.tolist()]):
        units = facts.units[first * width : end * width]
        blocks.append(Facts(rows=int(upto[end] - upto[first]), units=units))
    return blocks


def _with_codes(table: nw.LazyFrame[Any], axes: tuple[Sequence[Any], Sequence[Any]]) -> nw.LazyFrame[Any]:
    """The axes as enumerations of their ids, which engines hand over as small whole numbers."""
    return with_enumerations(
        table, {name: list(map(str, ids)) for name, ids in zip(("row", "column"), axes, strict=True)}
    )


def with_enumerations(table: nw.LazyFrame[Any], words: Mapping[str, Sequence[str]]) -> nw.LazyFrame[Any]:
    """Columns of a frame of DuckDB or polars as enumerations of all words they hold, whatever characters these have.

    Parameters
    ----------
    table
        The frame; it has no quotation marks in the names of its columns.
    words
        By column, its words.
    """
    if table.implementation.is_polars():
        schema = table.collect_schema()
        texts = {name: nw.col(name).cast(nw.String) if schema[name].is_integer() else nw.col(name) for name in words}
        return table.with_columns(*(text.cast(nw.Enum(words[name])) for name, text in texts.items()))
    # A plain cast may fail, so DuckDB does it for each row; this one for each word of a dictionary.
    quoted = {name: ", ".join("'" + one.replace("'", "''") + "'" for one in each) for name, each in words.items()}
    coded = [f'try_cast("{name}"::varchar as enum ({each})) as "{name}"' for name, each in quoted.items()]
    others = [f'"{name}"' for name in table.columns if name not in words]
    return nw.from_native(table.to_native().project(", ".join([*coded, *others])))


def _count_block(table: nw.LazyFrame[Any], plan: Plan, *, whole: bool) -> Cells | Unusable | None:
    if not whole:
        table = _cut(table, plan.units)
    with closing(_read(table)) as batches:  # even where not all is read, so that the engine can be asked again
        return tally_batches(batches, plan)


def _read(table: nw.LazyFrame[Any]) -> Generator[Batch, None, None]:
    """The rows, some at a time."""
    native = table.to_native()
    if table.implementation.is_polars():
        for batch in native.collect_batches(chunk_size=_BATCH, maintain_order=False, engine="streaming"):
            yield [column.to_physical().to_numpy() for column in batch.get_columns()]
        return
    with native.to_arrow_reader(_BATCH) as reader:
        for batch in reader:
            yield [_numbers_of_arrow(column) for column in batch.columns]


def _numbers_of_arrow(column: Any) -> Array:
    if not hasattr(column, "indices"):
        return column.to_numpy(zero_copy_only=False)
    if column.null_count:
        raise UsageError([CHANGED])  # an id that was not there before
    return column.indices.to_numpy()


def add_up(parts: Iterable[Cells | Unusable | None]) -> Cells | Unusable | None:
    """The figures of all blocks together; ``None`` where one of them has none."""
    total: Cells = {}
    wrong = Unusable()
    for part in parts:
        if part is None:
            return None
        if isinstance(part, Unusable):
            wrong += part
            continue
        for pair, figure in part.items():
            total[pair] = total.get(pair, 0) + figure
    return total if wrong == Unusable() else wrong
