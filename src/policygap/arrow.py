"""Parquet files come in and frames go out, or the other way round. The one door to pyarrow, for all that needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import pandas as pd

from .errors import Problem, StudyError, missing_extra

__all__ = [
    "DAMAGED",
    "check_size",
    "count_rows",
    "holds_ids",
    "holds_text",
    "list_parts",
    "load_parquet",
    "load_pyarrow",
    "look_at",
    "name_part",
    "read_kinds",
    "read_parquet",
    "tell_damage",
    "write_parquet",
]

_CELL = 4  # bytes that a cell takes in memory, or a little more while its column is read
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
    """The files of a table: the one at a path, or those that end in ``.parquet`` in a folder, in the names' order.

    Folders in it are among them, which whoever reads the parts will refuse: what they hold would be missed.
    """
    if not path.is_dir():
        return (path,)
    shown = [part for part in sorted(path.iterdir()) if not part.name.startswith((".", "_"))]
    return tuple(part for part in shown if part.suffix.lower() == ".parquet" or part.is_dir())


def name_part(part: Path) -> str:
    """What to call a file in messages: with its folder where that is a table, as parts of two tables may be namesakes.

    Examples
    --------
    >>> name_part(Path("study/codings.parquet/part-0.parquet")), name_part(Path("study/codings.parquet"))
    ('codings.parquet/part-0.parquet', 'codings.parquet')
    """
    return f"{part.parent.name}/{part.name}" if part.parent.suffix.lower() == ".parquet" else part.name


def look_at(parts: Iterable[Path]) -> Any:
    """The schema that all parts of a table have.

    Raises
    ------
    StudyError
        Naming each part that is damaged, or has other columns than the first.
    UsageError
        Where the extra ``arrow`` is not installed.
    """
    load_pyarrow("Parquet")
    files = list(parts)
    problems: list[Problem] = []
    first: Any = None
    for part in files:
        try:
            schema = _schema(part)
        except DAMAGED as error:
            problems.append(tell_damage(part, error))
            continue
        first = first or schema
        problems += _judge(part, schema, first, name_part(files[0]))
    if problems:
        raise StudyError(problems)
    return first


def check_size(parts: Sequence[Path], columns: int, most: int) -> None:
    """Refuse parts whose rows would take too much memory; what the files say of them is believed.

    Parameters
    ----------
    parts
        Parquet files with the same columns (see :func:`look_at`).
    columns
        How many columns have a place in memory for each row.
    most
        How many bytes they may take.

    Raises
    ------
    StudyError
        Naming the first part.
    """
    size = sum(count_rows(part) for part in parts) * columns * _CELL
    if size > most:
        what = f"its rows take {size / 1e6:,.0f} MB or more, and {most / 1e6:,.0f} MB are read"
        raise StudyError([_problem(parts[0], what, "if you trust it, raise the limit")])


def read_parquet(parts: Sequence[Path], names: Sequence[str], *, coded: Sequence[str]) -> pd.DataFrame:
    """Read columns of the parts of a table under each other, a column and a row group at a time.

    Parameters
    ----------
    parts
        Parquet files with the same columns (see :func:`look_at`).
    names
        The columns to read.
    coded
        Those of them that become categories: ids and words.

    Returns
    -------
    pandas.DataFrame
        The columns that were read.

    Raises
    ------
    StudyError
        Naming each part that is damaged.
    """
    problems: list[Problem] = []
    columns = {name: _read_column(parts, name, name in coded, problems) for name in names}
    if problems:
        raise StudyError(dict.fromkeys(problems))
    load_pyarrow("Parquet").default_memory_pool().release_unused()
    return pd.DataFrame(columns, index=pd.RangeIndex(sum(count_rows(part) for part in parts)), copy=False)


def count_rows(part: Path) -> int:
    """How many rows a file says that it has."""
    with load_parquet().ParquetFile(part) as file:
        return int(file.metadata.num_rows)


def _read_column(parts: Sequence[Path], name: str, coded: bool, problems: list[Problem]) -> Any:
    """One column, under each other; nothing where a part is damaged, which is then among the problems."""
    pa = load_pyarrow("Parquet")
    pieces: list[Any] = []
    for part in parts:
        try:
            with load_parquet().ParquetFile(part, read_dictionary=[name] if coded else []) as file:
                for group in range(file.num_row_groups):
                    column = file.read_row_group(group, columns=[name]).column(0)
                    column.validate(full=True)
                    pieces += _code(column).chunks if coded else column.cast(_plain(column.type)).chunks
        except DAMAGED as error:
            problems.append(tell_damage(part, error))
    if problems:
        return None
    kinds = pa.unify_schemas([pa.schema([(name, piece.type)]) for piece in pieces], promote_options="permissive")
    kind = kinds.field(0).type if pieces else pa.null()
    try:
        whole = pa.chunked_array([piece.cast(kind) for piece in pieces], kind)
        return (whole.unify_dictionaries() if coded else whole).to_pandas()
    except DAMAGED as error:  # such as a time zone that does not exist
        problems.append(tell_damage(parts[0], error))
        return None


def _schema(part: Path) -> Any:
    if part.exists() and not part.is_file():
        raise OSError("it is no file")  # such as a pipe, which would be waited for
    with load_parquet().ParquetFile(part) as file:
        pa = load_pyarrow("Parquet")
        return pa.schema([(field.name, _plain(field.type)) for field in file.schema_arrow])


def read_kinds(part: Path, *, exactly: bool = False) -> dict[str, str | None]:
    """What each column of a file holds, in words; ``None`` where it holds nothing. Only the file's end is read."""
    types = load_pyarrow("Parquet").types
    words = {types.is_null: None}
    if not exactly:
        words |= {types.is_integer: "whole numbers", types.is_floating: "floats", holds_text: "text"}
    return {
        field.name: next((word for is_one, word in words.items() if is_one(field.type)), str(field.type))
        for field in _schema(part)
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


def holds_text(kind: Any) -> bool:
    """Whether a column of this type holds text."""
    types = load_pyarrow("Parquet").types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def holds_ids(kind: Any) -> bool:
    """Whether a column of this type holds text or whole numbers, as ids are."""
    return holds_text(kind) or bool(load_pyarrow("Parquet").types.is_integer(kind))


def _code(column: Any) -> Any:
    """A column as a dictionary of text."""
    pa = load_pyarrow("Parquet")
    texts = pa.dictionary(pa.int32(), pa.string())
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.dictionary(column.type.index_type, pa.string())).cast(texts)
    return column.cast(pa.string()).dictionary_encode().cast(texts)


def _problem(part: Path, what: str, fix: str) -> Problem:
    return Problem(file=name_part(part), what=what, fix=fix)


def tell_damage(part: Path, error: Exception) -> Problem:
    """What is wrong with a file that could not be read."""
    if not part.exists():
        return _problem(part, "the file is not there", "put it there")
    if part.is_dir():
        return _problem(
            part, "it is a folder, and only files are parts of a table", "write the table without partitions"
        )
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
