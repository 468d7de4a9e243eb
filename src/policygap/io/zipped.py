"""A data package's files come in and an archive with checksums goes out, or the other way round, checked."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ..errors import Problem, StudyError
from .archive import Archive
from .descriptor import DESCRIPTOR, PARQUET
from .limits import Limits

__all__ = ["pack", "unpack"]

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold; the same study, the same bytes
_SHA256: Final = "sha256:"


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
    """Write the descriptor and the tables of an archive into a folder, under their last names.

    Parameters
    ----------
    path
        A zip file whose ``datapackage.json`` stands at its top or in one folder.
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
        found = [name for name in archive.names if PurePosixPath(name).name == DESCRIPTOR]
        if len(found) != 1:
            what = f"it holds {len(found)} files called {DESCRIPTOR}, where an archive of a study holds one"
            raise StudyError([Problem(file=path.name, what=what, fix="zip the folder of one study")])
        top = PurePosixPath(found[0]).parent
        inside = [name for name in archive.names if PurePosixPath(name).parent == top]
        files = {PurePosixPath(name).name: archive.read(name) for name in inside if _is_wanted(name)}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return tuple(_check(files))


def _is_wanted(name: str) -> bool:
    return PurePosixPath(name).name == DESCRIPTOR or name.lower().endswith((".csv", PARQUET))


def _check(files: Mapping[str, bytes]) -> list[Problem]:
    try:
        resources: Any = json.loads(files[DESCRIPTOR].decode("utf-8-sig"))["resources"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []  # whoever reads the descriptor says what is wrong with it
    problems: list[Problem] = []
    for one in resources if isinstance(resources, list) else []:
        path, said = (one.get("path"), one.get("hash")) if isinstance(one, dict) else (None, None)
        if not isinstance(path, str) or path not in files or not isinstance(said, str) or not said.startswith(_SHA256):
            continue
        if hashlib.sha256(files[path]).hexdigest() != said.removeprefix(_SHA256).lower():
            what = f"it is not the file that {DESCRIPTOR} has the checksum of"
            fix = "get the archive again; if the change is meant, delete the line 'hash'"
            problems.append(Problem(file=path, what=what, fix=fix))
    return problems
