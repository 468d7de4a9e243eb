"""Parquet files come in and frames go out, or the other way round. The one door to pyarrow, for all that needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pandas as pd

from .errors import Problem, StudyError, missing_extra

__all__ = [
    "DAMAGED",
    "list_parts",
    "load_parquet",
    "load_pyarrow",
    "read_kinds",
    "read_parquet",
    "tell_damage",
    "write_parquet",
]

_CELL = 8  # bytes that a cell takes in memory at the least
_GROUP = 100_000  # rows that are read together when one of them is looked at
DAMAGED = (OSError, ValueError, TypeError, MemoryError, KeyError, NotImplementedError)  # Arrow's errors are of these
_MOST_COLUMNS = 10_000
_SHOWN = 200  # characters of names
_AGAIN = "write the file again with the program that made it"


def load_pyarrow(purpose: str) -> Any:
    """The library, or an error that says how to get it for this purpose."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise missing_extra(purpose, "arrow", otherwise="use CSV") from error
    return pa


def load_parquet() -> Any:
    """The library's part for Parquet files."""
    load_pyarrow("Parquet")
    import pyarrow.compute  # pyright: ignore[reportUnusedImport]  # makes it a part of the library
    import pyarrow.parquet

    return pyarrow.parquet


def list_parts(path: Path) -> tuple[Path, ...]:
    """The files of a table: the one at a path, or those that end in ``.parquet`` in a folder, in the names' order."""
    if not path.is_dir():
        return (path,)
    return tuple(sorted(part for part in path.glob("*.parquet") if not part.name.startswith((".", "_"))))


def read_parquet(
    parts: Iterable[Path], *, coded: Sequence[str], most: int, later: Callable[[str], bool] = lambda _: False
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Read the parts of a table under each other.

    Parameters
    ----------
    parts
        Parquet files with the same columns.
    coded
        Columns that become categories: ids and words.
    most
        How many bytes they may take in memory; what a file says of its rows is believed before anything is read.
    later
        Which columns, if they hold text, are not read now.

    Returns
    -------
    pandas.DataFrame, list of str, list of str
        The columns that were read, the names of all, in order, and the names of those that were not read.

    Raises
    ------
    StudyError
        Naming each part that is damaged, too large, or has other columns than the first.
    UsageError
        Where the extra ``arrow`` is not installed.
    """
    pa = load_pyarrow("Parquet")
    files = list(parts)
    problems: list[Problem] = []
    first: Any = None
    left: list[str] = []
    size = 0
    for part in files:
        try:
            metadata, schema = _look(part)
        except DAMAGED as error:
            problems.append(tell_damage(part, error))
            continue
        first = first or schema
        left = [field.name for field in first if later(field.name) and _is_text(field.type)]
        size += metadata.num_rows * (len(schema) - len(left)) * _CELL
        problems += _judge(part, schema, first, files[0].name)
    if size > most:
        what = f"its rows take {size / 1e6:,.0f} MB or more, and {most / 1e6:,.0f} MB are read"
        problems.append(_problem(files[0], what, "if you trust it, raise the limit"))
    if problems:
        raise StudyError(problems)
    tables = list(_read(files, [name for name in first.names if name not in left], coded, problems))
    if problems:
        raise StudyError(problems)
    table = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
    try:
        return table.to_pandas(), list(first.names), left
    except DAMAGED as error:  # such as a time zone that does not exist
        raise StudyError([tell_damage(files[0], error)]) from None


def _look(part: Path) -> tuple[Any, Any]:
    if part.exists() and not part.is_file():
        raise OSError("it is no file")  # such as a pipe, which would be waited for
    with load_parquet().ParquetFile(part) as file:
        pa = load_pyarrow("Parquet")
        fields = [(field.name, _plain(field.type)) for field in file.schema_arrow]
        return file.metadata, pa.schema(fields)


def read_kinds(part: Path, *, exactly: bool = False) -> dict[str, str | None]:
    """What each column of a file holds, in words; ``None`` where it holds nothing. Only the file's end is read."""
    types = load_pyarrow("Parquet").types
    words = {types.is_null: None}
    if not exactly:
        words |= {types.is_integer: "whole numbers", types.is_floating: "floats", _is_text: "text"}
    _, schema = _look(part)
    return {
        field.name: next((word for is_one, word in words.items() if is_one(field.type)), str(field.type))
        for field in schema
    }


def _plain(kind: Any) -> Any:
    """A type without its dictionary: whether a part has one depends on how often its texts repeat."""
    return kind.value_type if load_pyarrow("Parquet").types.is_dictionary(kind) else kind


def _judge(part: Path, schema: Any, first: Any, name: str) -> Iterator[Problem]:
    """What speaks against reading a part: cells that are tables, or other columns than the first part has."""
    pa = load_pyarrow("Parquet")
    if len(schema) > _MOST_COLUMNS:
        what = f"it has {len(schema):,} columns, and {_MOST_COLUMNS:,} are read"
        yield _problem(part, what, "leave out those that you do not need")
        return
    twice = sorted(name for name, count in Counter(schema.names).items() if count > 1)
    if twice:
        yield _problem(part, f"columns have the same name: {', '.join(twice)[:_SHOWN]}", "rename all but one of each")
        return
    for field in schema:
        inner = field.type.value_type if pa.types.is_list(field.type) else field.type
        if pa.types.is_nested(inner) or _is_bytes(inner):
            what = f"its column {field.name!r} holds {field.type}, and no text, numbers or dates"
            yield _problem(part, what, "leave the column out, or write it as text")
    if schema.names != first.names:
        own, others = (", ".join(names)[:_SHOWN] for names in (schema.names, first.names))
        what = f"its columns ({own}) are not those of {name} ({others})"
        yield _problem(part, what, "write all parts with the same columns")
        return
    try:
        pa.unify_schemas([first, schema], promote_options="permissive")
    except (TypeError, ValueError):
        other = [
            f"{one.name}: {two.type}, not {one.type}" for one, two in zip(first, schema, strict=True) if one != two
        ]
        what = f"its columns are of other kinds than those of {name} ({', '.join(other)})"
        yield _problem(part, what, "write all parts in the same way")


def _is_bytes(kind: Any) -> bool:
    types = load_pyarrow("Parquet").types
    kinds = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
    return any(is_one(kind) for is_one in kinds)


def _is_text(kind: Any) -> bool:
    types = load_pyarrow("Parquet").types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _read(parts: Sequence[Path], names: Sequence[str], coded: Sequence[str], problems: list[Problem]) -> Iterator[Any]:
    for part in parts:
        try:
            table = (
                load_parquet().read_table(part, columns=list(names), partitioning=None).replace_schema_metadata(None)
            )
            table.validate(full=True)
            yield _code(table, coded)
        except DAMAGED as error:
            problems.append(tell_damage(part, error))


def _code(table: Any, coded: Sequence[str]) -> Any:
    """A table whose coded columns are dictionaries of text, and no others are dictionaries."""
    pa = load_pyarrow("Parquet")
    texts = pa.dictionary(pa.int32(), pa.string())
    for place, field in enumerate(table.schema):
        if field.name in coded or pa.types.is_dictionary(field.type):
            column = table.column(place).cast(_plain(field.type))
            column = column.cast(pa.string()).dictionary_encode().cast(texts) if field.name in coded else column
            table = table.set_column(place, field.name, column)
    return table


def _problem(part: Path, what: str, fix: str) -> Problem:
    return Problem(file=part.name, what=what, fix=fix)


def tell_damage(part: Path, error: Exception) -> Problem:
    """What is wrong with a file that could not be read."""
    if not part.exists():
        return _problem(part, "the file is not there", "put it there")
    said = str(error).split("\n", 1)[0][:200]
    return _problem(part, f"it is no Parquet file that can be read ({said})", _AGAIN)


def write_parquet(frame: pd.DataFrame, stream: IO[bytes]) -> None:
    """Write a frame as a Parquet file: text as text, categories as dictionaries, missing cells as null."""
    pa, parquet = load_pyarrow("Parquet"), load_parquet()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    for place, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    parquet.write_table(table, stream, compression="zstd", row_group_size=_GROUP)
