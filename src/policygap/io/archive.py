"""A zip file from a stranger comes in; its members go out, bounded, and nothing is ever unpacked to the disk."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import TracebackType
from typing import BinaryIO, Final

from ..errors import Problem, StudyError
from .limits import Limits

__all__ = ["Archive"]

# zipfile calls a compression that it does not know a NotImplementedError, and a password it lacks a RuntimeError.
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
_AGAIN: Final = "export it again from the program it was made with"
_SHOWN: Final = 5


class Archive:
    """The members of a zip file, after a look at what it claims to hold.

    Raises
    ------
    StudyError
        It is no zip file, is encrypted, holds too much, or names that lead out of it, twice the same, or links.
    """

    def __init__(self, path: Path | BinaryIO, limits: Limits, *, file: str | None = None) -> None:
        self._file = file or (path.name if isinstance(path, Path) else "archive")
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise self._failed(f"it is no zip file, or it is cut off ({error})") from error
        try:
            self._check(limits)
        except BaseException:
            self._zip.close()
            raise
        self.names = tuple(member.filename for member in self._zip.infolist() if not _is_folder(member))

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def read(self, name: str, most: int | None = None) -> bytes:
        """A member's bytes: never more than it claims to have, and nothing where that is more than ``most``."""
        size = self._zip.getinfo(name).file_size
        if most is not None and size > most:
            what = (
                f"its part {name!r} unpacks to {size / 1e6:,.0f} MB, more than the {most / 1e6:,.0f} MB that are read"
            )
            raise self._failed(what, "if you trust it, raise the limit")
        try:
            return self._zip.read(name)
        except _DAMAGED as error:
            raise self._failed(f"its part {name!r} is damaged ({error})") from error

    def _failed(self, what: str, fix: str = _AGAIN) -> StudyError:
        return StudyError([Problem(file=self._file, what=what, fix=fix)])

    def _check(self, limits: Limits) -> None:
        members = self._zip.infolist()
        if len(members) > limits.members:
            what = f"it holds {len(members):,} files, more than the {limits.members:,} that are read"
            raise self._failed(what, "if you trust it, raise the limit")
        size = sum(member.file_size for member in members)
        if size > limits.bytes:
            what = f"it unpacks to {size / 1e6:,.0f} MB, more than the {limits.bytes / 1e6:,.0f} MB that are read"
            raise self._failed(what, "take media out of it, or, if you trust it, raise the limit")
        twice = [name for name, count in Counter(member.filename for member in members).items() if count > 1]
        kinds: Mapping[str, list[str]] = {
            "is encrypted with a password": [member.filename for member in members if member.flag_bits & 1],
            "is a link": [member.filename for member in members if stat.S_ISLNK(member.external_attr >> 16)],
            "has a name that leads out of the archive": [
                member.filename for member in members if _leads_out(member.filename)
            ],
            "is there twice": twice,
            "has no name": [member.filename for member in members if not member.filename],
        }
        problems = [
            Problem(file=self._file, what=f"its part {name!r} {what}", fix=_AGAIN)
            for what, names in kinds.items()
            for name in names[:_SHOWN]
        ]
        if problems:
            raise StudyError(problems)


def _is_folder(member: zipfile.ZipInfo) -> bool:
    return member.filename.endswith("/")


def _leads_out(name: str) -> bool:
    windows = PureWindowsPath(name)
    return ".." in windows.parts or bool(windows.drive or windows.root) or PurePosixPath(name).is_absolute()
