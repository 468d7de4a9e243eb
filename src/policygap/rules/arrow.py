"""Columns of texts come in; Arrow arrays of them, their bytes in blocks, and distinct words with numbers go out.

Without pyarrow, columns are read text by text.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from attrs import frozen

from ..arrow import DAMAGED, load_parquet, load_pyarrow
from ..errors import Problem, UsageError

__all__ = [
    "Block",
    "ParquetTexts",
    "blocks",
    "columns_of",
    "encode",
    "from_bytes",
    "is_text",
    "parquet_writer",
    "plain_type",
    "to_arrow",
    "to_batch",
    "to_bytes",
]

Array = np.ndarray[Any, Any]

_BLOCK = 32 << 20  # bytes of text held at a time


@frozen(kw_only=True, eq=False)
class Block:
    """Some rows of a column.

    Attributes
    ----------
    first
        The position of its first row in the column.
    data
        The bytes of its texts, one after the other.
    offsets
        Where each text starts in ``data``, and where the last one ends.
    missing
        Which rows are missing (a mask), or ``None`` where none is.
    """

    first: int
    data: Array
    offsets: Array
    missing: Array | None

    def text(self, row: int) -> str:
        """One text of the block."""
        return self.data[self.offsets[row] : self.offsets[row + 1]].tobytes().decode("utf-8", "replace")


def to_arrow(column: Any) -> Any:
    """The column as chunks of Arrow text; ``None`` where pyarrow is missing or the column holds something else.

    Raises
    ------
    UsageError
        Where it is an Arrow column of something else.
    """
    try:
        pa = load_pyarrow("columns of texts")
    except UsageError:
        return None
    if isinstance(column, list):
        if not set(map(type, column)) <= {str, float, type(None)}:  # Arrow would take bytes for texts
            return None
        with contextlib.suppress(UnicodeEncodeError, pa.ArrowInvalid, pa.ArrowTypeError):
            return pa.chunked_array([pa.array(column, type=pa.large_string(), from_pandas=True)])
        return None
    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    elif not isinstance(column, pa.ChunkedArray):
        with contextlib.suppress(UnicodeEncodeError, pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
            made = column.to_arrow() if hasattr(column, "to_arrow") else pa.array(column, from_pandas=True)
            column = made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])
        if not isinstance(column, pa.ChunkedArray):
            return None
    if not is_text(column.type):
        fix = "give a column of texts"
        raise UsageError([Problem(file="texts", what=f"a column of {column.type} is no column of texts", fix=fix)])
    return column.cast(pa.large_string())


def plain_type(kind: Any) -> Any:
    """An Arrow type; of a dictionary, that of what is in it; of a view of texts, one that all of Arrow handles."""
    pa = load_pyarrow("columns of texts")
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.large_string() if str(inner) == "string_view" else inner


def is_text(kind: Any) -> bool:
    """Whether columns of an Arrow type can hold texts, or nothing at all."""
    return str(plain_type(kind)) in ("string", "large_string", "null")


def blocks(column: Any, size: int | None = None) -> Iterator[Block]:
    """Cut a column of :func:`to_arrow` into blocks of about so many bytes, whole rows each."""
    first = 0
    for chunk in column.chunks:
        _, starts, data = chunk.buffers()
        count = len(chunk)
        if count == 0:
            continue
        offsets = np.frombuffer(starts, dtype=np.int64)[chunk.offset : chunk.offset + count + 1]
        raw = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
        missing = chunk.is_null().to_numpy(zero_copy_only=False) if chunk.null_count else None
        low = 0
        while low < count:
            high = int(np.searchsorted(offsets, offsets[low] + (size or _BLOCK), side="right")) - 1
            high = min(max(high, low + 1), count)
            yield Block(
                first=first + low,
                data=raw[offsets[low] : offsets[high]],
                offsets=offsets[low : high + 1] - offsets[low],
                missing=missing[low:high] if missing is not None else None,
            )
            low = high
        first += count


def encode(data: Array, starts: Array) -> tuple[Array, list[bytes]]:
    """Number the distinct stretches of bytes from each start to the next.

    Returns
    -------
    numpy.ndarray, list of bytes
        For each start the number of its stretch, and the stretches by number.
    """
    pa = load_pyarrow("Parquet")
    wide = len(data) > np.iinfo(np.int32).max
    offsets = np.empty(len(starts) + 1, dtype=np.int64 if wide else np.int32)
    offsets[:-1], offsets[-1] = starts, len(data)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    stretches = pa.Array.from_buffers(pa.large_binary() if wide else pa.binary(), len(starts), buffers)
    found = stretches.dictionary_encode()
    return found.indices.to_numpy(), found.dictionary.to_pylist()


class ParquetTexts:
    """A Parquet file that texts are read from; what is wrong with it is told with its path."""

    def __init__(self, path: Path) -> None:
        parquet = load_parquet()
        self._path = path
        try:
            self._file = parquet.ParquetFile(path)
        except DAMAGED as error:
            raise self._damaged(error) from None
        self._kinds = {field.name: field.type for field in self._file.schema_arrow}
        self.names: list[str] = list(self._file.schema_arrow.names)
        self.text_names = [name for name in self.names if "string" in str(self._kinds[name])]

    def check(self, text: str) -> None:
        """Make sure that a column holds texts."""
        if not is_text(self._kinds[text]):
            what, fix = f"it holds {self._kinds[text]}, and no texts", "write all parts with the same columns"
            raise UsageError([Problem(file=str(self._path), column=text, what=what, fix=fix)])

    def batches(self, text: str, beside: Sequence[str], size: int) -> Iterator[tuple[Any, tuple[Any, ...], int, int]]:
        """Texts, what stands beside them as texts, how many rows are read, and how many there are."""
        done, total = 0, self._file.metadata.num_rows
        reading = self._read(list(dict.fromkeys((text, *beside))), size)
        while True:
            try:
                batch = next(reading, None)
                if batch is None:
                    return
                batch.validate(full=True)
                cells = tuple(_as_texts(batch.column(name)) for name in beside)
            except (*DAMAGED, ArithmeticError) as error:
                raise self._damaged(error) from None
            done += len(batch)
            yield batch.column(text), cells, done, total

    def _read(self, columns: list[str], size: int) -> Iterator[Any]:
        yield from self._file.iter_batches(batch_size=size, columns=columns)

    def _damaged(self, error: Exception) -> UsageError:
        if isinstance(error, OSError) and error.errno is not None:
            what = f"it can't be read or written: {os.strerror(error.errno).lower()}"
            return UsageError([Problem(file=str(self._path), what=what)])
        said = (str(error).splitlines() or [type(error).__name__])[0][:200]
        fix = "write the file again with the program that made it"
        return UsageError(
            [Problem(file=str(self._path), what=f"it is no Parquet file that can be read ({said})", fix=fix)]
        )


def _as_texts(column: Any) -> Any:
    """Cells as Python writes them, so a missing one is ``None``; texts stay in Arrow."""
    if not is_text(column.type):
        return [str(one) for one in column.to_pylist()]
    return column.cast(load_pyarrow("Parquet").large_string()).fill_null("None")


def to_batch(columns: Mapping[str, Any]) -> Any:
    """Lists and arrays as a record batch; as a pandas frame where pyarrow is missing or can't hold them."""
    try:
        pa = load_pyarrow("record batches")
    except UsageError:
        return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    try:
        arrays = {
            name: pa.array(cells, type=pa.large_string()) if isinstance(cells, list) else pa.array(cells)
            for name, cells in columns.items()
        }
    except UnicodeEncodeError:  # half a character, which no file of Arrow can hold
        return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    return pa.RecordBatch.from_pydict(arrays)


def to_bytes(batch: Any) -> bytes:
    """A record batch as Arrow writes it for another process."""
    pa = load_pyarrow("record batches")
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, batch.schema) as writer:
        writer.write_batch(batch)
    return stream.getvalue().to_pybytes()


def from_bytes(data: bytes) -> Any:
    """The record batch that :func:`to_bytes` wrote."""
    return load_pyarrow("record batches").ipc.open_stream(data).read_next_batch()


def columns_of(batch: Any) -> list[Any]:
    """The columns of what :func:`to_batch` gives, as numpy has them."""
    if isinstance(batch, pd.DataFrame):
        return [batch[name].to_numpy(dtype=object) for name in batch]
    return [column.to_numpy(zero_copy_only=False) for column in batch.columns]


@contextlib.contextmanager
def parquet_writer(stream: BinaryIO, beside: list[str]) -> Generator[Callable[..., None]]:
    """What writes columns ``text``, those beside it, and ``code`` to a Parquet file, batch by batch."""
    parquet = load_parquet()
    pa = load_pyarrow("Parquet")
    fields = [("text", pa.int64()), *((name, pa.string()) for name in beside), ("code", pa.string())]
    schema = pa.schema(fields)
    with parquet.ParquetWriter(stream, schema) as writer:

        def write(columns: Sequence[Any]) -> None:
            arrays = [pa.array(one, type=kind) for one, (_, kind) in zip(columns, fields, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield write
