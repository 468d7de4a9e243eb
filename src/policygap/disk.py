"""The Parquet files of a table come in; columns of text that stay on the disk until they are looked at go out."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from attrs import define, field
from pandas.api.extensions import ExtensionArray, ExtensionDtype, register_extension_dtype

from .arrow import load_parquet, load_pyarrow, name_part
from .errors import Problem, StudyError

__all__ = ["DiskTable", "DiskText", "DiskTextDtype"]

Array = np.ndarray[Any, Any]

_OPEN: Final = 64  # files of a table that are held open
_WIDE: Final = 2**31 - 1  # rows from which on their numbers need eight bytes
_NOWHERE: Final = (-1, -1)
_BLOCK: Final = 1 << 20  # rows that are read together where they are not those of a whole file


def _absolute(parts: Sequence[Path]) -> tuple[Path, ...]:
    """Where the files are, also for a program that moves to another folder."""
    return tuple(part.absolute() for part in parts)


@define(eq=False, slots=False)
class DiskTable:
    """The rows of Parquet files under each other, read a row group at a time.

    A file that has been opened is read from as it was then, also where another takes its name.
    """

    parts: Sequence[Path] = field(converter=_absolute)
    _files: dict[int, Any] = field(factory=dict, init=False)
    _last: tuple[tuple[int, str], Any] | None = field(default=None, init=False)
    _seen: dict[int, tuple[int, int]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        for number, part in enumerate(self.parts):
            self._seen[number] = _mark(part)

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to read the same files, if they are as they were."""
        return {**self.__dict__, "_files": {}, "_last": None}

    @cached_property
    def groups(self) -> list[tuple[int, int]]:
        """The part and the number in it of each row group."""
        counts = [self._file(number).num_row_groups for number in range(len(self.parts))]
        return [(number, group) for number, count in enumerate(counts) for group in range(count)]

    @cached_property
    def starts(self) -> list[int]:
        """Where each row group begins, and where the last one ends."""
        sizes = [self._file(number).metadata.row_group(group).num_rows for number, group in self.groups]
        return [0, *np.cumsum(sizes, dtype=np.int64).tolist()]

    @cached_property
    def rows(self) -> Array:
        """The numbers of all rows, which columns that are whole have in common."""
        rows = self.starts[-1]
        return np.arange(rows, dtype=np.int32 if rows < _WIDE else np.int64)

    def _file(self, number: int) -> Any:
        if number not in self._files:
            part = self.parts[number]
            now = _mark(part)
            if now != self._seen[number]:
                what = "the file is gone" if now == _NOWHERE else "the file has changed"
                fix = "read the study again"
                raise StudyError([Problem(file=name_part(part), what=f"{what} since the study was read", fix=fix)])
            if len(self._files) >= _OPEN:
                self._files.pop(next(iter(self._files))).close()
            self._files[number] = load_parquet().ParquetFile(part)
        return self._files[number]

    def cells(self, group: int, column: str) -> Any:
        """A column of a row group as an Arrow array of text whose lines end in LF; an empty text is missing."""
        if self._last is None or self._last[0] != (group, column):
            number, inner = self.groups[group]
            try:
                found = self._file(number).read_row_group(inner, columns=[column]).column(0).combine_chunks()
                found.validate(full=True)
            except (OSError, ValueError) as error:
                what = f"its column {column!r} can't be read ({str(error).splitlines()[0][:200]})"
                fix = "write the file again with the program that made it"
                raise StudyError([Problem(file=name_part(self.parts[number]), what=what, fix=fix)]) from None
            self._last = (group, column), _tidy(found)
        return self._last[1]

    def missing(self, column: str) -> Array:
        """Which cells of a column are missing or empty; reads it once, a row group at a time."""
        masks = [
            self.cells(group, column).is_null().to_numpy(zero_copy_only=False) for group in range(len(self.groups))
        ]
        return np.concatenate(masks) if masks else np.zeros(0, dtype=bool)

    def take(self, column: str, positions: Array) -> Any:
        """Cells of a column by row, as Arrow text; missing where one is, or where the position is -1."""
        pa = load_pyarrow("Parquet")
        groups = np.searchsorted(self.starts, positions, side="right") - 1
        order, pieces = [np.flatnonzero(positions < 0)], [pa.nulls(int((positions < 0).sum()), pa.large_string())]
        for group in np.unique(groups[positions >= 0]).tolist():
            here = np.flatnonzero((groups == group) & (positions >= 0))
            order.append(here)
            pieces.append(self.cells(group, column).take(pa.array(positions[here] - self.starts[group])))
        places = np.empty(len(positions), dtype=np.int64)
        places[np.concatenate(order)] = np.arange(len(positions))
        return pa.chunked_array(pieces).take(pa.array(places)).combine_chunks()


class _HeldTable(DiskTable):
    """One column of text in memory, for cells that were written over."""

    def __init__(self, texts: Any) -> None:
        super().__init__(())
        self._texts = texts

    @cached_property
    def groups(self) -> list[tuple[int, int]]:
        return [(0, 0)]

    @cached_property
    def starts(self) -> list[int]:
        return [0, len(self._texts)]

    def cells(self, group: int, column: str) -> Any:
        return self._texts


def _mark(part: Path) -> tuple[int, int]:
    """What tells a file from a later one of its name; none where it is not there, which reading it says better."""
    try:
        found = part.stat()
    except OSError:
        return _NOWHERE
    return found.st_size, found.st_mtime_ns


def _tidy(cells: Any) -> Any:
    pa = load_pyarrow("Parquet")
    pc = pa.compute
    texts = cells.cast(pa.large_string())
    if pc.any(pc.match_substring(texts, "\r")).as_py():
        texts = pc.replace_substring(pc.replace_substring(texts, "\r\n", "\n"), "\r", "\n")
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)


@register_extension_dtype
class DiskTextDtype(ExtensionDtype):
    """The type of a column of text that stays on the disk.

    Columns in which no text stands twice, such as ids, are of a type of their own, one for each such column of files:
    where two of them are of the same type, their rows tell whether two texts are the same.
    """

    name = "text-on-disk"
    type = str
    _metadata = ("ids_of",)

    def __init__(self, ids_of: tuple[DiskTable, str] | None = None) -> None:
        self.ids_of = ids_of

    @property
    def na_value(self) -> float:
        """What stands for a missing text."""
        return np.nan

    @classmethod
    def construct_array_type(cls) -> type[DiskText]:  # pyright: ignore[reportIncompatibleMethodOverride]  # stubs err
        """The class of its arrays."""
        return DiskText


def _of_texts(operation: Callable[[Any, Any], Any]) -> Any:
    """A method that does to a column on the disk what is done to the texts themselves."""

    def method(self: DiskText, other: object) -> Any:
        if isinstance(other, (pd.Series, pd.Index, pd.DataFrame)):
            return NotImplemented
        return operation(self.astype("str"), other.astype("str") if isinstance(other, DiskText) else other)

    return method


class DiskText(ExtensionArray):
    """A column of text that stays on the disk: rows of it are rows of files, and are read when they are looked at.

    Parts of it stay on the disk too; whatever makes new texts of it, such as ``astype("str")``, reads it.
    """

    def __init__(
        self, table: DiskTable, column: str, positions: Array, missing: Array, *, dtype: DiskTextDtype
    ) -> None:
        self._table, self._column, self._positions, self._missing = table, column, positions, missing
        self._dtype = dtype

    @classmethod
    def open(cls, table: DiskTable, column: str) -> DiskText:
        """A whole column; reads it once, to see what is missing."""
        missing = np.append(table.missing(column), True)  # the last is what a position of -1 reads
        return cls(table, column, table.rows, missing, dtype=DiskTextDtype())

    @classmethod
    def empty(cls, rows: int) -> DiskText:
        """A column without any text, which takes no room."""
        positions = np.broadcast_to(np.array(-1, dtype=np.int32), rows)
        return cls(DiskTable(()), "", positions, np.ones(1, dtype=bool), dtype=DiskTextDtype())

    def as_ids(self) -> DiskText:
        """The same column, of which it is known that no text stands twice in it."""
        dtype = DiskTextDtype((self._table, self._column))
        return DiskText(self._table, self._column, self._positions, self._missing, dtype=dtype)

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> Any:
        texts = list(scalars)
        if any(not isinstance(text, str) and not pd.isna(text) for text in texts):
            raise TypeError("these are no texts")
        return pd.array(texts, dtype="str")

    def _cast_pointwise_result(self, values: Any) -> Any:
        return pd.array([], dtype="str")._cast_pointwise_result(values)  # type: ignore[attr-defined]  # stubs lack it

    @classmethod
    def _from_factorized(cls, values: Array, original: DiskText) -> Any:
        return original._at(values) if original._dtype.ids_of else pd.array(values, dtype="str")

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[DiskText]) -> Any:
        first = to_concat[0]
        if all(map(first._is_sibling, to_concat)):
            return first._at(np.concatenate([one._positions for one in to_concat]))
        return pd.array(np.concatenate([np.asarray(one) for one in to_concat]), dtype="str")

    def _at(self, positions: Array) -> DiskText:
        return DiskText(self._table, self._column, positions, self._missing, dtype=self._dtype)

    @property
    def dtype(self) -> DiskTextDtype:
        """Text on the disk."""
        return self._dtype

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return int(self._positions.nbytes)

    @property
    def table(self) -> DiskTable:
        """The files it is a column of."""
        return self._table

    @property
    def rows(self) -> Array:
        """For each cell the number of its row in the files, -1 where the cell is missing."""
        return np.where(self._missing[self._positions], -1, self._positions)

    def blocks(self) -> Iterator[Any]:
        """The texts as Arrow arrays, one after the other, never all at once."""
        if self._positions is self._table.rows:
            yield from (self._table.cells(group, self._column) for group in range(len(self._table.groups)))
        else:
            for first in range(0, len(self), _BLOCK):
                yield self._table.take(self._column, self._positions[first : first + _BLOCK])

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, (int, np.integer)):
            text = self._table.take(self._column, np.array([self._positions[item]]))[0].as_py()
            return np.nan if text is None else text
        return self._at(self._positions[pd.api.indexers.check_array_indexer(self, item)])

    def __iter__(self) -> Iterator[Any]:
        return iter(np.asarray(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        texts = np.full(len(self), np.nan, dtype=object)
        at = 0
        for block in self.blocks():
            there = ~block.is_null().to_numpy(zero_copy_only=False)
            texts[at : at + len(block)][there] = block.to_numpy(zero_copy_only=False)[there]
            at += len(block)
        return texts if dtype is None else texts.astype(dtype)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write over some cells: with missing ones, or others of its own; other texts bring it into memory."""
        key = pd.api.indexers.check_array_indexer(self, key)
        missing = pd.api.types.is_scalar(value) and pd.isna(value)
        if missing or self._is_sibling(value):
            self._positions = self._positions.copy()
            self._positions[key] = -1 if missing else value._positions
            return
        if self._dtype.ids_of:
            raise TypeError("ids that stay on the disk can't be written over; take astype('str') of the column first")
        texts = self.astype("str")
        texts[key] = value.astype("str") if isinstance(value, DiskText) else value
        self._missing = np.append(texts.isna(), True)
        pa = load_pyarrow("Parquet")
        self._table = _HeldTable(pa.array(np.asarray(texts, dtype=object), pa.large_string(), from_pandas=True))
        self._positions = self._table.rows

    def _is_sibling(self, other: object) -> bool:
        return isinstance(other, DiskText) and other._table is self._table and other._column == self._column

    def _where(self, mask: Any, value: Any) -> Any:
        if pd.api.types.is_scalar(value) and pd.isna(value):
            return self._at(np.where(mask, self._positions, -1).astype(self._positions.dtype))
        return self.astype("str")._where(mask, value.astype("str") if isinstance(value, DiskText) else value)

    __eq__ = _of_texts(operator.eq)
    __lt__ = _of_texts(operator.lt)
    __le__ = _of_texts(operator.le)
    __gt__ = _of_texts(operator.gt)
    __ge__ = _of_texts(operator.ge)
    __add__ = _of_texts(operator.add)
    __radd__ = _of_texts(lambda texts, other: other + texts)
    __mul__ = _of_texts(operator.mul)

    __hash__ = None  # type: ignore[assignment]  # a column can't be a key

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Texts of another type, read from the disk."""
        dtype = pd.api.types.pandas_dtype(dtype)
        if isinstance(dtype, DiskTextDtype):
            return self
        if dtype == "category" and self._dtype.ids_of:
            return self._to_categories().astype(dtype)
        if isinstance(dtype, np.dtype):
            return np.asarray(self, dtype=dtype)
        arrow = load_pyarrow("Parquet")
        texts = arrow.chunked_array([*self.blocks()], arrow.large_string())
        return pd.array(texts, dtype=pd.StringDtype("pyarrow", na_value=np.nan)).astype(dtype)  # type: ignore[arg-type]  # takes Arrow

    def _to_categories(self) -> pd.Categorical:
        """Categories of text, sorted, each read once."""
        rows = self.rows
        used = np.unique(rows[rows >= 0])
        texts = pd.Index(self._at(used).astype("str"))
        order = texts.argsort()
        place = np.full(len(self._missing), -1, dtype=np.int32)  # the last is what a row of -1 reads
        place[used[order]] = np.arange(len(used))
        return pd.Categorical.from_codes(place[rows], categories=texts[order])

    def isna(self) -> Array:
        """Which cells are missing."""
        return self._missing[self._positions]

    def take(self, indexer: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Any:
        """Some rows, which stay on the disk; a place of -1 is a missing cell where that is allowed."""
        if allow_fill and not pd.isna(fill_value):
            return self.astype("str").take(indexer, allow_fill=True, fill_value=fill_value)
        positions = pd.api.extensions.take(self._positions, indexer, allow_fill=allow_fill, fill_value=-1)
        return self._at(np.asarray(positions, dtype=self._positions.dtype))

    def __getattr__(self, name: str) -> Any:
        """What pandas looks up for ``.str``, of the texts themselves."""
        if name.startswith("_str_"):
            return getattr(self.astype("str"), name)
        raise AttributeError(name)

    def map(self, mapper: Any, na_action: Any = None) -> Any:
        """What a function or a mapping makes of each text."""
        return self.astype("str").map(mapper, na_action=na_action)

    def isin(self, values: Any) -> Array:
        """Which cells hold one of these texts."""
        if self._dtype.ids_of and isinstance(values, DiskText) and values.dtype == self._dtype:
            there = np.zeros(len(self._missing), dtype=bool)
            there[values.rows] = True  # a missing cell's -1 marks the last
            return there[self.rows]
        if self._dtype.ids_of:  # each id is looked at once, and not each cell that holds it
            pa, found = load_pyarrow("Parquet"), list(values)
            wanted = pa.array([one for one in found if isinstance(one, str)], pa.large_string())
            whole = [pa.compute.is_in(ids, value_set=wanted) for ids in self._at(self._table.rows).blocks()]
            masks = [mask.to_numpy(zero_copy_only=False) for mask in whole]
            missing = any(pd.api.types.is_scalar(one) and pd.isna(one) for one in found)
            return np.concatenate([*masks, [missing]]).astype(bool)[self.rows]
        return pd.array(self.astype("str")).isin(values)

    def duplicated(self, keep: Any = "first") -> Array:
        """Which cells hold a text that stands in another one too."""
        values = self.rows if self._dtype.ids_of else self.astype("str")
        return pd.Series(values).duplicated(keep).to_numpy()

    def unique(self) -> Any:
        """Each text once, in the order in which they come."""
        return self._at(pd.unique(self.rows)) if self._dtype.ids_of else self.astype("str").unique()

    def shift(self, periods: int = 1, fill_value: object = None) -> Any:
        """The cells so many rows further down, with missing ones or texts in the rows that become free."""
        places = np.arange(len(self)) - periods
        places[(places < 0) | (places >= len(self))] = -1
        return self.take(places, allow_fill=True, fill_value=fill_value)

    def copy(self) -> DiskText:
        """The same column; what is written over in one of the two is not in the other."""
        return self._at(self._positions)

    def view(self, dtype: Any = None) -> Any:
        """The same column."""
        return self.copy() if dtype is None else self.astype(dtype)

    def __arrow_array__(self, type: Any = None) -> Any:
        """The texts, read from the disk."""
        arrow = load_pyarrow("Parquet")
        texts = arrow.chunked_array([*self.blocks()], arrow.large_string())
        return texts if type is None else texts.cast(type)

    def _reduce(self, name: str, **options: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # as texts
        return self.astype("str")._reduce(name, **options)

    def _groupby_op(self, **options: Any) -> Any:
        return self.astype("str")._groupby_op(**options)

    def _values_for_factorize(self) -> tuple[Array, Any]:
        return (self.rows, -1) if self._dtype.ids_of else (np.asarray(self), np.nan)
