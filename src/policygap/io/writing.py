"""A package comes in; a folder or a workbook on the disk goes out, whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from ..arrow import load_parquet, write_parquet
from ..errors import Problem, UsageError
from ..package import Package
from .atomic import replace_files
from .cells import text_of
from .csvfile import why_not
from .descriptor import DESCRIPTOR, PARQUET, describe, read_descriptor
from .excel import require_excel
from .formats import FORMATS, Format, endings, find_format
from .naming import slug
from .outgoing import Outgoing, prepare
from .rawtables import BIG
from .reading import find_strays
from .template import write_workbook
from .zipped import pack

__all__ = ["write_package"]


def write_package(package: Package, path: str | os.PathLike[str], *, format: str | None = None) -> tuple[str, ...]:
    """Write a package as a Data Package folder, as a workbook (``.xlsx``), an archive (``.zip``) or another file.

    The folder gets ``datapackage.json`` and a CSV file for each table that has rows. The same package gives the same
    bytes. Writing is atomic: an error leaves the old files whole.

    Parameters
    ----------
    package
        Frames, typed or as text, and metadata.
    path
        A folder that is new, empty or holds a data package already; an ``.xlsx``; or a file that ends as one of
        :data:`policygap.io.formats.FORMATS` does.
    format
        The name of one of those, where the ending does not tell; ``parquet`` for a folder in which statements, codings
        and links are Parquet files.

    Returns
    -------
    tuple of str
        A sentence for each thing that the format can't hold.

    Raises
    ------
    UsageError
        The path can't be written to, or the folder holds something other than a data package.
    StudyError
        The package holds text that no format, or not the one that is asked for, can hold.

    Examples
    --------
    >>> import pathlib, tempfile, pandas as pd
    >>> from policygap.package import Package, RawTable
    >>> themes = RawTable(file="themes", frame=pd.DataFrame({"id": ["roads"], "label": ["Roads"]}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     losses = write_package(Package(name="small", tables={"themes": themes}), folder)
    ...     print(pathlib.Path(folder, "themes.csv").read_text(encoding="utf-8"))
    id,label
    roads,Roads
    <BLANKLINE>
    """
    place = Path(path)
    if "\0" in str(place):
        raise _refuse(place, "a path can't hold a NUL character", "correct the path")
    parquet = format == "parquet"
    format = None if parquet else format
    found = None if place.is_dir() else find_format(place, wanted=format, reading=False)
    if found is None and format is not None:
        names = ", ".join([*(one.name for one in FORMATS if one.write is not None), "parquet"])
        raise _refuse(place, f"no file is written as {format!r}", f"use one of {names}")
    try:
        if found is not None and not parquet:
            return _write_other(found, package, place)
        if parquet:
            _write_folder(package, place.parent if place.name == DESCRIPTOR else place, parquet=BIG)
        elif place.suffix.lower() == ".xlsx" and not place.is_dir():
            _write_excel(package, place)
        elif place.suffix.lower() == ".zip" and not place.is_dir():
            _write_zip(package, place)
        else:
            _write_folder(package, place.parent if place.name == DESCRIPTOR else place, parquet=())
        return ()
    except OSError as error:
        what, fix = f"this can't be written: {why_not(error)}", "nothing was changed; check the path, rights and space"
        raise UsageError([Problem(file=str(place), what=what, fix=fix)]) from error


def _refuse(path: Path, what: str, fix: str) -> UsageError:
    return UsageError([Problem(file=str(path), what=what, fix=fix)])


def _write_excel(package: Package, path: Path) -> None:
    require_excel()
    outgoing = prepare(package, excel=True)
    if not path.parent.is_dir():
        raise _refuse(path, "the folder of the workbook does not exist", "create it first")
    replace_files({path: lambda stream: write_workbook(stream, outgoing.meta, outgoing.tables)})


def _write_zip(package: Package, path: Path) -> None:
    if not path.parent.is_dir():
        raise _refuse(path, "the folder of the archive does not exist", "create it first")
    outgoing = prepare(package, excel=False)
    tables: dict[str, bytes] = {}
    for table, frame in outgoing.tables.items():
        stream = io.BytesIO()
        _write_csv(frame, stream)
        tables[f"{table}.csv"] = stream.getvalue()
    data = pack(_descriptor(package, outgoing), tables)
    replace_files({path: lambda stream: stream.write(data)})


def _write_other(found: Format, package: Package, path: Path) -> tuple[str, ...]:
    assert found.write is not None
    if not path.parent.is_dir():
        raise _refuse(path, "the folder of the file does not exist", "create it first")
    written = found.write(prepare(package, excel=False), package.name)
    replace_files({path: lambda stream: stream.write(written.data)})
    return written.losses


def _write_folder(package: Package, folder: Path, *, parquet: Collection[str]) -> None:
    if folder.suffix and not folder.is_dir():
        what = f"policygap can't write '{folder.suffix}' files"
        known = endings(FORMATS, reading=False)
        raise _refuse(folder, what, f"end the path in .xlsx, .zip or one of {known}, or give a folder without a suffix")
    if os.path.lexists(folder) and not folder.is_dir():
        raise _refuse(folder, "this is a file, not a folder", "give another path")
    outgoing = prepare(package, excel=False)
    parquet = [table for table in outgoing.tables if table in parquet]
    if parquet:
        load_parquet()  # before anything is made, so that nothing is left where it is not installed
    stale = _stale_files(folder, outgoing, parquet) if folder.is_dir() else []
    new = not folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        replace_files(_files(package, outgoing, folder, parquet), stale)
    except BaseException:
        if new:
            folder.rmdir()
        raise


def _stale_files(folder: Path, outgoing: Outgoing, parquet: Collection[str]) -> list[Path]:
    """The files of the package that is there now which the new one does not write."""
    if not any(folder.iterdir()):
        return []
    if not (folder / DESCRIPTOR).is_file():
        what = f"the folder is not empty and holds no {DESCRIPTOR}"
        raise _refuse(folder, what, "give a new folder, so that nothing of yours is overwritten")
    listed = read_descriptor((folder / DESCRIPTOR).read_bytes()).paths
    for name in find_strays(folder, listed):
        what = f"the file is not listed in {DESCRIPTOR}, but would be read as a part of the study"
        raise _refuse(folder / name, what, "move it away first")
    parts = [folder / path for paths in listed.values() for path in paths if (folder / path).is_dir()]
    if parts:
        raise _refuse(parts[0], "this is a folder of parts, which is not written over", "give a new folder")
    written = {_file(table, parquet) for table in outgoing.tables}
    return [folder / path for paths in listed.values() for path in paths if path not in written]


def _file(table: str, parquet: Collection[str]) -> str:
    return f"{table}{PARQUET}" if table in parquet else f"{table}.csv"


def _files(
    package: Package, outgoing: Outgoing, folder: Path, parquet: Collection[str]
) -> dict[Path, Callable[[BinaryIO], object]]:
    """The tables, and last the descriptor: until it is there, the old one holds."""
    files: dict[Path, Callable[[BinaryIO], object]] = {
        folder / _file(table, parquet): partial(_write_parquet if table in parquet else _write_csv, frame)
        for table, frame in outgoing.tables.items()
    }
    text = _descriptor(package, outgoing, parquet)
    files[folder / DESCRIPTOR] = lambda stream: stream.write(text.encode("utf-8"))
    return files


def _descriptor(package: Package, outgoing: Outgoing, parquet: Collection[str] = ()) -> str:
    columns = {table: [str(name) for name in frame.columns] for table, frame in outgoing.tables.items()}
    meta = {key: value for key, value in outgoing.meta.items() if (key, value) != ("id", slug(package.name))}
    return describe(package.name, meta, columns, parquet=parquet)


def _write_parquet(frame: pd.DataFrame, stream: BinaryIO) -> None:
    cells = {str(name): frame.iloc[:, place] for place, name in enumerate(frame.columns)}
    plain = {name: cell if pd.api.types.is_numeric_dtype(cell.dtype) else text_of(cell) for name, cell in cells.items()}
    write_parquet(pd.DataFrame(plain), stream)


def _write_csv(frame: pd.DataFrame, stream: BinaryIO) -> None:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    cells = pd.concat([text_of(frame.iloc[:, place]) for place in range(frame.shape[1])], axis=1)
    cells.to_csv(text, index=False, lineterminator="\n", na_rep="")
    text.flush()
    text.detach()
