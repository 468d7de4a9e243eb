"""Columns of texts come in; Arrow arrays of them, their bytes in blocks, and distinct words with numbers go out.

Without pyarrow, columns are read text by text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from attrs import frozen

from ..arrow import load_parquet, load_pyarrow
from ..errors import Problem, UsageError

__all__ = ["Block", "ParquetTexts", "blocks", "encode", "is_text", "parquet_writer", "plain_type", "to_arrow"]

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
    """A Parquet file that texts are read from."""

    def __init__(self, path: Path) -> None:
        parquet = load_parquet()
        pa = load_pyarrow("Parquet")
        try:
            self._file = parquet.ParquetFile(path)
        except pa.ArrowInvalid as error:
            what = f"it is no Parquet file ({str(error).splitlines()[0]})"
            raise UsageError([Problem(file=str(path), what=what)]) from None
        self.names: list[str] = list(self._file.schema_arrow.names)
        kinds = dict(zip(self.names, self._file.schema_arrow.types, strict=True))
        self.text_names = [name for name, kind in kinds.items() if "string" in str(kind)]

    def batches(self, text: str, beside: list[str], size: int) -> Iterator[tuple[Any, dict[str, list[str]], int, int]]:
        """Texts, what stands beside them, how many rows are read, and how many there are."""
        done, total = 0, self._file.metadata.num_rows
        for batch in self._file.iter_batches(batch_size=size, columns=[text, *beside]):
            done += len(batch)
            cells = {name: [str(one) for one in batch.column(name).to_pylist()] for name in beside}
            yield batch.column(text), cells, done, total


@contextlib.contextmanager
def parquet_writer(stream: BinaryIO, beside: list[str]) -> Generator[Callable[..., None]]:
    """What writes columns ``text``, those beside it, and ``code`` to a Parquet file, batch by batch."""
    parquet = load_parquet()
    pa = load_pyarrow("Parquet")
    fields = [("text", pa.int64()), *((name, pa.string()) for name in beside), ("code", pa.string())]
    schema = pa.schema(fields)
    with parquet.ParquetWriter(stream, schema) as writer:

        def write(columns: list[list[Any]]) -> None:
            arrays = [pa.array(one, type=kind) for one, (_, kind) in zip(columns, fields, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield write
