"""A data package's files come in and an archive with checksums goes out, or the other way round, checked."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Container, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ..errors import Problem, StudyError
from ..schema import TABLES
from .archive import Archive
from .descriptor import DESCRIPTOR, PARQUET
from .limits import Limits

__all__ = ["pack", "unpack"]

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold; the same study, the same bytes
_SHA256: Final = "sha256:"
_SUMS: Final = ("md5", "sha1", "sha256", "sha512")


def pack(descriptor: str, tables: Mapping[str, bytes]) -> bytes:
    """Make an archive of a descriptor and the files of its tables, by path; each resource gets its size and SHA-256.

    The standard's properties are ``bytes`` and ``hash``: https://datapackage.org/standard/data-resource/.
    """
    content = json.loads(descriptor)
    for resource in content["resources"]:
        data = tables[resource["path"]]
        resource |= {"bytes": len(data), "hash": f"{_SHA256}{hashlib.sha256(data).hexdigest()}"}
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {DESCRIPTOR: text.encode(), **tables}.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return stream.getvalue()


def unpack(path: Path, folder: Path, limits: Limits) -> tuple[Problem, ...]:
    """Write the descriptor and the tables of an archive into a folder, where the descriptor says they are.

    Parameters
    ----------
    path
        A zip file whose ``datapackage.json``, or where it has none its tables, stand at its top or in one folder.
    folder
        An empty folder.
    limits
        How much it may hold.

    Returns
    -------
    tuple of Problem
        The files that are not what the descriptor's checksums say.

    Raises
    ------
    StudyError
        Where it is damaged, holds too much, or no or several descriptors.
    """
    with Archive(path, limits) as archive:
        top = _top(archive.names, path.name)
        inside = {
            str(PurePosixPath(name).relative_to(top)): name
            for name in archive.names
            if PurePosixPath(name).is_relative_to(top)
        }
        files = {DESCRIPTOR: archive.read(inside[DESCRIPTOR])} if DESCRIPTOR in inside else {}
        wanted = {path for one in _listed(files) for path in _paths(one)} | {name for name in inside if "/" not in name}
        tables = [name for name in inside if _is_wanted(PurePosixPath(name), wanted)]
        files |= {name: archive.read(inside[name]) for name in tables}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return tuple(_check(files))


def _top(names: Sequence[str], file: str) -> PurePosixPath:
    """The folder that holds the study: that of the descriptor, or, without any, that of its tables."""
    paths = [PurePosixPath(name) for name in names]
    found = [path.parent for path in paths if path.name == DESCRIPTOR]
    if not found:
        found = sorted({path.parent for path in paths if path.suffix == ".csv" and path.stem in TABLES})
    if len(found) == 1:
        return found[0]
    count = sum(path.name == DESCRIPTOR for path in paths)
    what = f"it holds {count} files called {DESCRIPTOR}, where an archive of a study holds one"
    raise StudyError([Problem(file=file, what=what, fix="zip the folder of one study")])


def _is_wanted(path: PurePosixPath, wanted: Container[str]) -> bool:
    """Whether a file is a table, or a part of a table that is a folder."""
    whole = str(path) in wanted and path.suffix.lower() == ".csv"
    folder = str(path.parent) in wanted or (path.parent.suffix.lower() == PARQUET and path.parent.stem in TABLES)
    return whole or (path.suffix.lower() == PARQUET and (folder or str(path) in wanted))


def _paths(resource: Mapping[str, Any]) -> list[str]:
    """The files or folders of a resource."""
    path = resource.get("path")
    listed = path if isinstance(path, list) else [path]
    return [one.removesuffix("/") for one in listed if isinstance(one, str)]


def _resources(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The resources that are one file each, as those with checksums are."""
    return [one for one in _listed(files) if isinstance(one.get("path"), str)]


def _listed(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """The resources; whoever reads the descriptor says what is wrong with them."""
    try:
        resources: Any = json.loads(files[DESCRIPTOR].decode("utf-8-sig"))["resources"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    listed = resources if isinstance(resources, list) else []
    return [one for one in listed if isinstance(one, dict)]


def _check(files: Mapping[str, bytes]) -> list[Problem]:
    problems: list[Problem] = []
    for one in _resources(files):
        said = one.get("hash")
        if one["path"] not in files or not isinstance(said, str):
            continue
        kind, colon, digits = said.rpartition(":")
        kind = kind.lower() if colon else "md5"  # which the standard means where no kind is named
        if kind not in _SUMS:
            continue
        if hashlib.new(kind, files[one["path"]], usedforsecurity=False).hexdigest() != digits.lower():
            what = f"it is not the file that {DESCRIPTOR} has the checksum of"
            fix = "get the archive again; if the change is meant, delete the line 'hash'"
            problems.append(Problem(file=one["path"], what=what, fix=fix))
    return problems
