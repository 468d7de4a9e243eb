"""A frame of an engine comes in; what is wrong with the Parquet files behind it goes out, file by file.

Engines differ in what they make of a part that does not fit. Some do not say which one it is; some take a column that
it lacks for missing, round its fractions, or pass over a file without any content. So the ends of the files, where
their columns are told, are looked at before anything is counted. Files that are not on this machine's disks are left to
the engine, and so are all where it does not tell its files.
"""

from __future__ import annotations

import glob
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import narwhals as nw
from attrs import frozen

from .arrow import DAMAGED, load_parquet, read_kinds, tell_damage
from .errors import PolicyGapError, Problem

__all__ = ["find_bad_parts", "find_damage"]

Frame = nw.DataFrame[Any] | nw.LazyFrame[Any]

_AGAIN: Final = "write all parts in the same way"
# A list is one table; the names of two tables, or of files that a filter compares with, are none.
_TABLES_OF_SQL: Final = re.compile(
    r"(?:\[|\blist_value\s*\()((?:\s*'[^']*'\s*,?)+)|(?:\b(?:from|join)|\b(?:read_parquet|parquet_scan)\s*\()\s*('[^']*')",
    re.IGNORECASE,
)


@frozen(kw_only=True)
class _Table:
    """Files that stand under each other; someone may have asked the engine to bring unlike ones together."""

    files: tuple[Path, ...]
    may_lack: bool = False
    may_differ: bool = False


def find_bad_parts(frame: Frame, names: Iterable[str]) -> list[Problem]:
    """Find parts that are no Parquet files, lack some of these columns, or hold another kind of values than the first.

    Parameters
    ----------
    frame
        A frame of narwhals.
    names
        Columns of it that will be read; one that no part has is passed over.

    Returns
    -------
    list of Problem
        At least one for each part that does not fit.
    """
    wanted = sorted(set(names), key=str)
    return [problem for table in _list_tables(frame) for problem in _judge(table, wanted)]


def find_damage(frame: Frame, names: Iterable[str]) -> list[Problem] | None:
    """Find parts whose columns can't be read, by reading them, some rows at a time: for when an engine has failed.

    Returns
    -------
    list of Problem or None
        One for each damaged part; or, for polars, each whose numbers are of another width. ``None`` where it is not
        known which files there are.
    """
    tables = _list_tables(frame)
    files = [file for table in tables for file in table.files]
    if not files:
        return None
    wanted, found = set(names), list[Problem]()
    for file in files:
        try:
            with load_parquet().ParquetFile(file) as content:
                columns = [name for name in content.schema_arrow.names if name in wanted]
                for _ in content.iter_batches(columns=columns, use_threads=False):
                    pass
        except DAMAGED as error:
            found.append(tell_damage(file, error))
    if not found and frame.implementation.is_polars():
        return [problem for table in tables for problem in _judge(table, sorted(wanted, key=str), exactly=True)]
    return found


def _judge(table: _Table, names: list[str], *, exactly: bool = False) -> Iterator[Problem]:
    parts: dict[Path, dict[str, str | None]] = {}
    for file in table.files:
        try:
            parts[file] = read_kinds(file, exactly=exactly)
        except DAMAGED as error:
            yield tell_damage(file, error)
    for name in names:
        kinds = {file: kinds[name] for file, kinds in parts.items() if name in kinds}
        first = next((file for file, kind in kinds.items() if kind), None)
        for file in parts:
            if file not in kinds:
                if table.may_lack or not kinds:
                    continue
                what = f"it has no such column, and {next(iter(kinds)).name} has one"
                yield Problem(file=file.name, column=name, what=what, fix=_AGAIN)
            elif first and kinds[file] not in (None, kinds[first]) and not table.may_differ:
                what = f"it holds {kinds[file]} here, and {first.name} holds {kinds[first]}"
                yield Problem(file=file.name, column=name, what=what, fix=_AGAIN)


# -------------------------------------------------------------------------------------- which files an engine reads


def _list_tables(frame: Frame) -> list[_Table]:
    ask = _ASK.get(frame.implementation)
    if ask is None or not isinstance(frame, nw.LazyFrame):
        return []
    try:
        load_parquet()
        return list(ask(frame.to_native()))
    except (PolicyGapError, AttributeError, *DAMAGED):  # without pyarrow; or an engine that tells it in another way
        return []


def _ask_polars(frame: Any) -> Iterator[_Table]:
    try:
        plan = frame._ldf.visit()  # the one way to the plan, which polars keeps for other libraries
    except Exception:  # such as that the first file is damaged; the paths are all that is known then
        with warnings.catch_warnings(action="ignore"):
            told = re.findall(r'"inner":("(?:[^"\\]|\\.)*")', frame.serialize(format="json"))
        yield _Table(files=_expand(map(json.loads, told)), may_lack=True, may_differ=True)
        return
    left = [plan.get_node()]
    while left:
        plan.set_node(left.pop())
        node = plan.view_current_node()
        if type(node).__name__ == "Scan":
            # It passes over files without any content and does not tell them.
            folders = {Path(path).parent for path in node.paths} if len(node.paths) > 1 else ()
            empty = [part for folder in folders for part in folder.glob("*.parquet") if not part.stat().st_size]
            may_lack = node.file_options.missing_columns_policy == "insert"
            yield _Table(files=_expand([*node.paths, *empty]), may_lack=may_lack)
        left += plan.get_inputs()


def _ask_duckdb(relation: Any) -> Iterator[_Table]:
    query = relation.sql_query()
    by_name = re.search(r"union_by_name\s*(?::=|=>?)\s*true", query, re.IGNORECASE) is not None
    for listed, named in _TABLES_OF_SQL.findall(query):
        # It names one that is missing; and not every text is a path.
        there = (file for file in _expand(re.findall(r"'([^']*)'", listed or named)) if file.exists())
        yield _Table(files=tuple(there), may_lack=by_name, may_differ=by_name)


def _ask_dask(frame: Any) -> Iterator[_Table]:
    for step in frame.expr.walk():
        if type(step).__name__.startswith("ReadParquet"):
            paths = step.operand("path")
            yield _Table(files=_expand([paths] if isinstance(paths, str) else map(str, paths)))


def _ask_spark(frame: Any) -> Iterator[_Table]:
    leaves = frame._jdf.queryExecution().analyzed().collectLeaves()  # inputFiles() mixes tables up
    for place in range(leaves.size()):
        if leaves.apply(place).getClass().getSimpleName() == "LogicalRelation":
            yield _Table(files=_expand(leaves.apply(place).relation().location().inputFiles()))


_ASK: Final[dict[nw.Implementation, Callable[[Any], Iterator[_Table]]]] = {
    nw.Implementation.POLARS: _ask_polars,
    nw.Implementation.DUCKDB: _ask_duckdb,
    nw.Implementation.DASK: _ask_dask,
    nw.Implementation.PYSPARK: _ask_spark,
}


def _expand(paths: Iterable[Any]) -> tuple[Path, ...]:
    """The Parquet files on disk that are meant by paths, patterns and folders, each once; a path to nothing too."""
    found: list[Path] = []
    for given in map(str, paths):
        path = unquote(urlsplit(given).path) if given.startswith("file:") else given
        if Path(path).is_dir():
            found += sorted(file for file in Path(path).rglob("*.parquet") if not file.name.startswith((".", "_")))
        elif "://" not in path:
            found += map(Path, sorted(glob.glob(path, recursive=True)) or [path])  # noqa: PTH207  # a whole path, of any root
    return tuple(dict.fromkeys(file for file in found if file.suffix == ".parquet"))
