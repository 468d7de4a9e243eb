"""The text of a ``datapackage.json`` comes in, metadata and the tables' paths go out; and the other way round."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final, NoReturn

from attrs import field, frozen

from ..errors import Problem
from ..schema import TABLES, Column, Form
from .naming import misspelt, slug

__all__ = ["DESCRIPTOR", "PARQUET", "Descriptor", "describe", "read_descriptor", "tidy_meta"]

DESCRIPTOR: Final = "datapackage.json"
PARQUET: Final = ".parquet"
_SCHEMA: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
_PARQUET_TYPE: Final = "application/vnd.apache.parquet"
_OURS: Final = ("$schema", "profile", "name", "resources")  # written anew each time, never metadata of the study
_FIRST: Final = ("id", "title", "languages", "default_coder", "sampling")
_TEXTS: Final = ("id", "title", "default_coder", "sampling")
_SHOWN: Final = 200  # characters of a path that is none
_TYPES: Final = {Form.INTEGER: "integer", Form.NUMBER: "number", Form.FLAG: "boolean"}


@frozen(kw_only=True)
class Descriptor:
    """What a descriptor says: the package's name, its metadata, and each table's path, or those of its parts."""

    name: str | None = None
    meta: Mapping[str, Any] = field(factory=dict)
    paths: Mapping[str, tuple[str, ...]] = field(factory=dict)
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()


def _problem(what: str, fix: str, column: str | None = None) -> Problem:
    return Problem(file=DESCRIPTOR, column=column, what=what, fix=fix)


def read_descriptor(data: bytes) -> Descriptor:
    """Read a data package's descriptor.

    Parameters
    ----------
    data
        The file's bytes.

    Examples
    --------
    >>> read_descriptor(b'{"name": "towns", "title": "Towns", "resources": []}').meta
    {'title': 'Towns'}
    """
    try:
        content = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        return Descriptor(problems=(_problem("the text is not UTF-8", "save the file as UTF-8"),))
    except json.JSONDecodeError as error:
        what = f"this is not JSON: {error.msg} in line {error.lineno}, character {error.colno}"
        return Descriptor(problems=(_problem(what, "correct the line, or delete the file and keep the CSV files"),))
    except (ValueError, RecursionError) as error:
        what = f"this can't be read as JSON: {error}"
        return Descriptor(problems=(_problem(what, "correct it, or delete the file and keep the CSV files"),))
    if not isinstance(content, dict):
        return Descriptor(problems=(_problem("this is not a JSON object", "write {...} with name and resources"),))
    name = content.get("name")
    meta, wrong = tidy_meta({key: value for key, value in content.items() if key not in _OURS}, file=DESCRIPTOR)
    paths, lost, remarks = _paths(content.get("resources", []))
    return Descriptor(
        name=name if isinstance(name, str) and name else None,
        meta=meta,
        paths=paths,
        problems=(*wrong, *lost),
        remarks=remarks,
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def tidy_meta(given: Mapping[str, Any], *, file: str) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """Check the metadata that policygap itself uses; the study's own keys pass as they are.

    Examples
    --------
    >>> tidy_meta({"languages": "en; nb", "ours": 1}, file="study")[0]
    {'languages': ['en', 'nb'], 'ours': 1}
    """
    meta: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, value in given.items():
        if key == "languages":
            items = re.split(r"[;,]", value) if isinstance(value, str) else value
            if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
                fix = 'write a list of language codes, such as ["en", "nb"]'
                problems.append(Problem(file=file, column=key, what="languages is not a list of words", fix=fix))
                continue
            meta[key] = [item.strip() for item in items if item.strip()]
        elif key in _TEXTS and not isinstance(value, str):
            if value is not None:
                problems.append(Problem(file=file, column=key, what=f"{key} is not text", fix="put it in quotes"))
        else:
            meta[key] = value
    return meta, tuple(problems)


def _paths(resources: Any) -> tuple[dict[str, tuple[str, ...]], tuple[Problem, ...], tuple[str, ...]]:
    """The paths of each table among the resources."""
    if not isinstance(resources, list):
        return {}, (_problem("resources is not a list", "write a list with one object a table"),), ()
    paths: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    remarks: list[str] = []
    for place, resource in enumerate(resources, start=1):
        if not isinstance(resource, dict):
            problems.append(_problem(f"resource {place} is not an object", "write its name and path in {...}"))
            continue
        name, path = resource.get("name"), resource.get("path")
        table = _table_of(name, path)
        if table is None:
            near = misspelt(name, TABLES) if isinstance(name, str) else None
            if near is not None:
                what = f"no table is called '{name}'"
                problems.append(_problem(what, f"did you mean '{near}'?", "resources"))
            else:
                remarks.append(f"{DESCRIPTOR}: the resource '{name or place}' is no table of a study and is not read.")
        elif table in paths:
            what = f"two resources are the table {table}"
            problems.append(_problem(what, "delete one of them", "resources"))
        elif (parts := _parts(path)) is not None:
            paths[table] = parts
            for part in sorted(part for part, count in Counter(parts).items() if count > 1):
                what = f"the path {part!r} of {table} stands there twice"
                problems.append(_problem(what, "list each file once", "resources"))
        else:
            what = f"the path of {table} is not a plain path inside the folder: {str(path)[:_SHOWN]!r}"
            problems.append(_problem(what, f"write a relative path of one file, such as {table}.csv", "resources"))
    return paths, tuple(problems), tuple(remarks)


def _table_of(name: Any, path: Any) -> str | None:
    if name in TABLES if isinstance(name, str) else False:
        return str(name)
    stem = PurePosixPath(path).stem if isinstance(path, str) else None
    return stem if stem in TABLES else None


def _parts(path: Any) -> tuple[str, ...] | None:
    """The paths of a table: one, or a list of Parquet files, which the standard calls a multipart file."""
    parts = path if isinstance(path, list) else [path]
    plain = all(isinstance(part, str) and _is_plain(part) for part in parts)
    if not parts or not plain or (parts is path and not all(part.endswith(PARQUET) for part in parts)):
        return None
    return tuple(parts)


def _is_plain(path: str) -> bool:
    """Whether a path stays inside the folder: nothing absolute, no ``..``, no address, no drive."""
    parts = path.removesuffix("/").split("/")
    return bool(path) and not re.search(r"[\\:\x00]", path) and ".." not in parts and "" not in parts


def describe(
    name: str, meta: Mapping[str, Any], columns: Mapping[str, Iterable[str]], *, parquet: Collection[str] = ()
) -> str:
    """Write the descriptor of a package as version 2 of the Data Package standard has it.

    Parameters
    ----------
    name
        The package's name; it becomes a slug.
    meta
        The study's metadata.
    columns
        The names of the columns that each table is written with.
    parquet
        The tables that are Parquet files; all others are CSV.
    """
    tables = {table: tuple(names) for table, names in columns.items()}
    content: dict[str, Any] = {"$schema": _SCHEMA, "name": slug(name)}
    keys = [*(key for key in _FIRST if key in meta), *(key for key in meta if key not in (*_FIRST, *_OURS))]
    content |= {key: meta[key] for key in keys if meta[key] is not None}
    content["resources"] = [_resource(table, names, tables, table in parquet) for table, names in tables.items()]
    return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _resource(
    table: str, names: tuple[str, ...], tables: Mapping[str, tuple[str, ...]], parquet: object
) -> dict[str, Any]:
    known = TABLES[table]
    schema: dict[str, Any] = {"fields": [_field(name, known.column(name)) for name in names], "missingValues": [""]}
    if known.key is not None and known.key in names:
        schema["primaryKey"] = [known.key]
    keys = [_foreign_key(table, column) for column in known.columns if _has_one_table(table, column, names, tables)]
    if keys:
        schema["foreignKeys"] = keys
    csv = {"path": f"{table}.csv", "type": "table", "format": "csv", "mediatype": "text/csv", "encoding": "utf-8"}
    other = {"path": f"{table}{PARQUET}", "type": "table", "format": "parquet", "mediatype": _PARQUET_TYPE}
    return {"name": table, **(other if parquet else csv), "schema": schema}


def _field(name: str, column: Column | None) -> dict[str, Any]:
    if column is None:
        return {"name": name, "type": "string"}
    found: dict[str, Any] = {"name": name, "type": _TYPES.get(column.form, "string")}
    if column.note:
        found["description"] = column.note
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if column.form in (Form.INTEGER, Form.NUMBER):
        constraints["minimum"] = 0
    if column.words:
        constraints["enum"] = list(column.words)
    if constraints:
        found["constraints"] = constraints
    return found


def _has_one_table(table: str, column: Column, names: tuple[str, ...], tables: Mapping[str, tuple[str, ...]]) -> bool:
    """The standard's foreign keys can't say 'this table or that', lists, or 'a group's id or all'."""
    if column.form is not Form.REF or column.many or len(column.refers) != 1 or column.name not in names:
        return False
    return column.refers[0] in tables and (table, column.name) != ("stated_counts", "subject")


def _foreign_key(table: str, column: Column) -> dict[str, Any]:
    (other,) = column.refers
    # The empty name is the standard's word for the table itself.
    reference = {"resource": "" if other == table else other, "fields": ["id"]}
    return {"fields": [column.name], "reference": reference}
