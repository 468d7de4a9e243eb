"""A folder, a descriptor or a workbook comes in; a package with every problem found in it goes out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

from attrs import evolve

from ..arrow import list_parts
from ..errors import Problem, StudyError
from ..package import Package, RawTable
from ..schema import TABLES
from .bundle import list_names
from .csvfile import read_csv, why_not
from .descriptor import DESCRIPTOR, PARQUET, Descriptor, read_descriptor
from .formats import FORMATS, Format, endings, find_format, read_foreign
from .limits import Limits
from .mapping import CodeMapping, read_mapping
from .naming import misspelt
from .parquet import read_parts
from .rawtables import Reading
from .workbook import read_workbook
from .zipped import unpack

__all__ = ["find_strays", "list_files", "read_package"]

_SHOWN: Final = 100  # missing files of a table that are told one by one
_NO_CSV: Final = (".tsv", ".txt", ".xlsx", ".xls", ".ods")


def read_package(
    path: str | os.PathLike[str],
    *,
    mapping: CodeMapping | str | os.PathLike[str] | None = None,
    limits: Limits | None = None,
) -> Package:
    r"""Read a study's raw tables from a folder, a ``datapackage.json``, an ``.xlsx`` or another program's file.

    Parameters
    ----------
    path
        A folder with one CSV file a table (``datapackage.json`` may be there and say where they are), the path of
        such a ``datapackage.json``, an Excel workbook with one sheet a table, or a file or folder of one of
        :data:`policygap.io.formats.FORMATS`.
    mapping
        Which codes of another program are what, or the TOML file that says it. By default the file of the same name
        that ends in ``.toml``, if there is one.
    limits
        How much of another program's file is read.

    Returns
    -------
    Package
        Metadata and tables as they stand in the files. What is wrong is in ``problems``, what was tolerated in
        ``remarks``: bad content never raises.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "themes.csv").write_text("id;label\nroads;Roads\n", encoding="utf-8")
    ...     package = read_package(folder)
    >>> package.tables["themes"].frame.to_dict("records")
    [{'id': 'roads', 'label': 'Roads'}]
    >>> package.remarks
    ('themes.csv is separated by semicolons, not commas.',)
    """
    place = Path(path)
    try:
        return _read(place, mapping, limits)
    except OSError as error:
        return _failed(place, f"this can't be read: {why_not(error)}", "check that you may read it")
    except ValueError as error:
        # A NUL byte in a path is no OSError.
        return _failed(place, f"this is no path: {error}", "check the path")


def _read(path: Path, mapping: CodeMapping | str | os.PathLike[str] | None, limits: Limits | None) -> Package:
    found = None if _is_ours(path, limits or Limits()) else find_format(path, reading=True, limits=limits)
    if found is not None:
        return _read_other(found, path, mapping, limits)
    if path.suffix.lower() == ".xlsx" and path.is_file():
        return _read_excel(path, mapping, limits)
    if not os.path.lexists(path) or mapping is not None:
        there = os.path.lexists(path)
        what = "this is no file of another program, whose codes are mapped"
        what = what if there else "there is no such file or folder"
        return _failed(path, what, "leave the mapping out" if there else "check the path")
    if path.is_dir() or path.name == DESCRIPTOR:
        return _read_folder(path if path.is_dir() else path.parent, limits or Limits())
    if path.suffix.lower() != ".zip":
        return _failed(path, f"policygap can't read '{path.suffix or path.name}' files", _other_format(path))
    return _read_zip(path, limits or Limits())


def _read_zip(path: Path, limits: Limits) -> Package:
    """An archive of a data package; its files stand in a folder of their own for as long as they are read."""
    with TemporaryDirectory() as folder:
        try:
            problems = unpack(path, Path(folder), limits)
        except StudyError as error:
            return Package(name=path.stem, problems=error.problems)
        package = _read_folder(Path(folder), limits, stays=False)
        if package.name == Path(folder).resolve().name:  # the descriptor gives it none
            package = evolve(package, name=path.stem, meta={**package.meta, "id": path.stem})
    return evolve(package, problems=(*problems, *package.problems))


def _is_ours(path: Path, limits: Limits) -> bool:
    """Whether a path is that of a data package, or of one table of a study, which is no study alone."""
    if path.is_dir():
        return any(name == DESCRIPTOR or _table(name) is not None for name in list_files(path))
    if path.suffix.lower() == ".zip":
        names = list_names(path, limits)
        return any(PurePosixPath(name).name == DESCRIPTOR for name in names)
    return path.name == DESCRIPTOR or not path.is_file() or (path.suffix.lower() == ".csv" and path.stem in TABLES)


def _read_other(
    found: Format, path: Path, mapping: CodeMapping | str | os.PathLike[str] | None, limits: Limits | None
) -> Package:
    try:
        return read_foreign(found, path, _choose(mapping, path if found.mapped else None), limits)
    except StudyError as error:
        return Package(name=path.stem, problems=error.problems)


def _read_excel(path: Path, mapping: CodeMapping | str | os.PathLike[str] | None, limits: Limits | None) -> Package:
    try:
        return read_workbook(path, _choose(mapping, path), limits)
    except StudyError as error:
        return Package(name=path.stem, problems=error.problems)


def _choose(mapping: CodeMapping | str | os.PathLike[str] | None, path: Path | None) -> CodeMapping | None:
    """The mapping that was given, or the one that stands beside a file."""
    if mapping is None and path is not None:
        place = path.resolve() if path.is_dir() else path
        beside = place.with_name(f"{place.name if path.is_dir() else place.stem}.toml")
        mapping = beside if beside.is_file() else None
    return mapping if mapping is None or isinstance(mapping, CodeMapping) else read_mapping(Path(mapping))


def _failed(path: Path, what: str, fix: str) -> Package:
    return Package(name=path.stem, problems=(Problem(file=str(path), what=what, fix=fix),))


def _other_format(path: Path) -> str:
    if path.suffix.lower() in (".xls", ".xlsm", ".xlsb", ".ods", ".numbers"):
        return "save it as .xlsx"
    if path.suffix.lower() == ".csv":
        return "give the folder that holds it"
    others = endings(FORMATS, reading=True)
    return f"give a folder with CSV files, its {DESCRIPTOR}, an .xlsx, a .zip, or a file that ends in one of {others}"


def list_files(folder: Path) -> dict[str, Path]:
    """The visible files of a folder by name, in the names' order; a folder of Parquet files is one."""
    visible = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    return {path.name: path for path in visible if path.is_file() or path.suffix.lower() == PARQUET}


def find_strays(folder: Path, listed: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Files that would be read as tables although the descriptor does not list them."""
    paths = {path for paths in listed.values() for path in paths}
    names = [name for name in list_files(folder) if name not in paths]
    return tuple(name for name in names if _table(name) is not None and _table(name) not in listed)


def _table(name: str) -> str | None:
    """The table that a file's name stands for, or was surely meant to stand for."""
    stem, suffix = _split(name)
    if suffix == PARQUET and stem in TABLES:
        return stem
    if suffix != ".csv":
        return None
    return stem if stem in TABLES else misspelt(stem, TABLES)


def _split(name: str) -> tuple[str, str]:
    return Path(name).stem, Path(name).suffix.lower()


def _read_table(paths: Sequence[Path], names: Sequence[str], table: str, limits: Limits, *, stays: bool) -> Reading:
    """A CSV file, or Parquet files: one, several, or a folder of them."""
    if len(paths) == 1 and not paths[0].is_dir() and paths[0].suffix.lower() != PARQUET:
        return read_csv(paths[0], file=names[0], table=table)
    file = names[0].removesuffix("/") if len(names) == 1 else table
    parts = [part for path in paths for part in list_parts(path)]
    return read_parts(parts, file=file, table=table, limits=limits, stays=stays)


def _read_folder(folder: Path, limits: Limits, *, stays: bool = True) -> Package:
    files = list_files(folder)
    descriptor = Descriptor()
    if DESCRIPTOR in files:
        descriptor = read_descriptor(files[DESCRIPTOR].read_bytes())
    paths, problems, remarks = _table_paths(files, descriptor)
    package = Package(
        name=descriptor.name or folder.resolve().name,
        meta=_with_id(descriptor.meta, descriptor.name or folder.resolve().name),
        problems=(*descriptor.problems, *problems),
        remarks=(*descriptor.remarks, *remarks),
    )
    if not paths and not package.problems:
        names = ", ".join(f"{name}.csv" for name in TABLES)
        empty = _failed(folder, "the folder holds no table of a study", f"put some of these there: {names}")
        return evolve(package, problems=empty.problems)
    return _with_tables(package, folder, paths, limits, stays=stays)


def _with_id(meta: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"id": name, **meta}


def _table_paths(
    files: Mapping[str, Path], descriptor: Descriptor
) -> tuple[dict[str, tuple[str, ...]], list[Problem], list[str]]:
    """Where each table is: as the descriptor says, and where it says nothing, in the file of that name."""
    paths = dict(descriptor.paths)
    problems: list[Problem] = []
    remarks: list[str] = []
    listed = {path.removesuffix("/") for parts in paths.values() for path in parts}
    for name in files:
        stem, suffix = _split(name)
        if name in listed or name == DESCRIPTOR:
            continue
        table = _table(name)
        if table is not None and name == f"{table}{PARQUET}" and paths.get(table) == (f"{table}.csv",):
            what = f"both {table}.csv and this are the table {table}"
            problems.append(Problem(file=name, what=what, fix="move one of them away"))
        elif table is not None and name in (f"{table}.csv", f"{table}{PARQUET}") and table not in paths:
            paths[table] = (name,)
            if descriptor.paths:
                remarks.append(f"{name} is not listed in {DESCRIPTOR}, but is read as the table {table}.")
        elif table is not None and f"{table}.csv" not in files and table not in paths:
            problems.append(Problem(file=name, what=f"no table is called '{stem}'", fix=f"rename it to {table}.csv"))
        elif suffix == ".csv":
            remarks.append(f"{name} is no table of a study and is not read.")
        elif stem.lower() in TABLES and suffix in _NO_CSV:
            remarks.append(f"{name} is not read: save it as {stem.lower()}.csv if it is the table.")
    return paths, problems, remarks


def _with_tables(
    package: Package, folder: Path, paths: Mapping[str, tuple[str, ...]], limits: Limits, *, stays: bool
) -> Package:
    tables: dict[str, RawTable] = {}
    problems, remarks = list(package.problems), list(package.remarks)
    for name in TABLES:
        if name not in paths:
            continue
        missing = [path for path in paths[name] if not os.path.lexists(folder / path)]
        what, fix = f"the file is listed in {DESCRIPTOR} but is not there", "put it there, or correct its path"
        problems += [Problem(file=path, what=what, fix=fix) for path in missing[:_SHOWN]]
        if len(missing) > _SHOWN:
            what = f"{len(missing) - _SHOWN} more files of {name} that it lists are not there"
            problems.append(Problem(file=DESCRIPTOR, column="resources", what=what, fix=fix))
        if missing or len(set(paths[name])) < len(paths[name]):
            continue
        reading = _read_table([folder / path for path in paths[name]], paths[name], name, limits, stays=stays)
        problems.extend(reading.problems)
        remarks.extend(reading.remarks)
        if reading.table is not None:
            tables[name] = reading.table
    return evolve(package, tables=tables, problems=tuple(problems), remarks=tuple(remarks))
