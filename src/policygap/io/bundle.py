"""A folder or a zip file comes in; the paths of the files in it and their bytes go out, bounded, nothing unpacked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Final

from ..errors import Problem, StudyError
from .archive import Archive
from .limits import Limits

__all__ = ["Folder", "is_bundle", "list_names", "open_bundle"]

_DEEPEST: Final = 6  # folders within each other that are looked into
_RAISE: Final = "if you trust it, raise the limit"


class Folder:
    """The files of a folder and the folders in it, by their paths from there; without those that start with a dot.

    Raises
    ------
    StudyError
        Where it holds more files than are read.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._limits, self._left = path, limits, limits.bytes
        names: list[str] = []
        for name in _walk(path, ""):
            names.append(name)
            if len(names) > limits.members:
                what = f"it holds more than the {limits.members:,} files that are looked at"
                raise StudyError([Problem(file=path.name, what=what, fix="give the folder that holds the study alone")])
        self.names = tuple(names)

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        place = self._path / name
        self._left -= place.stat().st_size
        if self._left < 0:
            what = f"its files have more than the {self._limits.bytes / 1e6:,.0f} MB that are read"
            raise StudyError([Problem(file=self._path.name, what=what, fix=_RAISE)])
        return place.read_bytes()


def _walk(folder: Path, before: str, depth: int = 0) -> Iterator[str]:
    """Files before folders, each in the order of their names; a folder that is a link may lead round in a circle."""
    with os.scandir(folder) as found:
        entries = sorted((one for one in found if not one.name.startswith(".")), key=lambda one: one.name)
    yield from (f"{before}{one.name}" for one in entries if one.is_file())
    for one in entries:
        if depth < _DEEPEST and one.is_dir(follow_symlinks=False):
            yield from _walk(Path(one.path), f"{before}{one.name}/", depth + 1)


def is_bundle(path: Path) -> bool:
    """Whether a path is that of a folder or of a zip file."""
    return path.is_dir() or (path.suffix.lower() == ".zip" and path.is_file())


def open_bundle(path: Path, limits: Limits) -> Folder | Archive:
    """Open a folder or a zip file."""
    return Folder(path, limits) if path.is_dir() else Archive(path, limits)


def list_names(path: Path, limits: Limits) -> tuple[str, ...]:
    """The paths of what a folder or zip file holds; none where it can't be opened, which whoever reads it will say.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "inputs").mkdir(), Path(folder, "inputs", "a.jsonl").write_bytes(b"")
    ...     list_names(Path(folder), Limits())
    ('inputs/a.jsonl',)
    """
    try:
        with open_bundle(path, limits) as found:
            return tuple(name for name in found.names if not _is_hidden(name))
    except (StudyError, OSError):
        return ()


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
