"""Files to write and files to remove come in; either all of it happens or none."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

__all__ = ["replace_files"]


def replace_files(files: Mapping[Path, Callable[[BinaryIO], object]], stale: Sequence[Path] = ()) -> None:
    """Write files and remove others so that a failure at any point leaves the old ones whole.

    Everything is written under temporary names beside its target and forced to the disk first; only then each
    replaces its target, in the order given, and the stale files go. If anything raises, what was replaced is put back.

    Parameters
    ----------
    files
        For each target, the function that writes its bytes.
    stale
        Files to remove at the end.
    """
    ready: dict[Path, Path] = {}
    try:
        for target, write in files.items():
            ready[target] = _beside(target)
            with ready[target].open("xb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
        _swap(ready, [path for path in stale if path.is_file()])
        for folder in {target.parent for target in files}:
            _sync_folder(folder)
    finally:
        _forget(ready.values())


def _beside(target: Path) -> Path:
    return target.with_name(f".policygap-{secrets.token_hex(8)}.tmp")


def _swap(ready: Mapping[Path, Path], stale: Sequence[Path]) -> None:
    kept: dict[Path, Path | None] = {}
    try:
        for target, temporary in ready.items():
            kept[target] = _keep(target)
            temporary.replace(target)
        for path in stale:
            kept[path] = _keep(path)
            path.unlink()
    except BaseException:
        # Newest first: the descriptor, replaced last, is the first to be put back.
        for target, old in reversed(kept.items()):
            _put_back(target, old)
        raise
    _forget(old for old in kept.values() if old is not None)


def _keep(target: Path) -> Path | None:
    """A second name for the old file, so that its bytes stay when the first name goes to the new one."""
    if not os.path.lexists(target):
        return None
    old = _beside(target)
    try:
        os.link(target, old)
    except OSError:
        # Some file systems have no hard links.
        shutil.copy2(target, old)
    return old


def _put_back(target: Path, old: Path | None) -> None:
    if old is None:
        target.unlink(missing_ok=True)
    else:
        old.replace(target)
        # Renaming one name of a file to another of its names does nothing, and leaves both.
        old.unlink(missing_ok=True)


def _forget(temporaries: Iterable[Path]) -> None:
    # By now all is done or undone: a temporary file that can't be removed is no reason to say otherwise.
    for path in temporaries:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    # Forces the new names to the disk where the system can do that; the bytes are there already.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
