"""A folder's name comes in; a small study to start from stands in the folder."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from .errors import Problem, UsageError

__all__ = ["start_study"]


def start_study(folder: str | Path) -> tuple[str, ...]:
    """Write a small study of your own to start from.

    Parameters
    ----------
    folder
        A folder that is new or empty.

    Returns
    -------
    tuple of str
        What was written, and what to do next, a line each.

    Raises
    ------
    UsageError
        Where the folder holds something, or can't be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     lines = start_study(f"{parent}/mine")
    >>> lines[-1].startswith("Next:")
    True
    """
    place = Path(folder)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(
            [Problem(file=str(place), what="it is there already", fix="name a folder that is new or empty")]
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        names = [_copy(name, text, place) for name, text in _files()]
    except OSError as error:
        raise UsageError([Problem(file=str(place), what=f"it can't be written ({error.strerror})")]) from None
    return (*names, f"Next: read {place / 'README.md'}, then run: policygap report {place}")


def _files() -> Iterator[tuple[str, str]]:
    start = resources.files("policygap").joinpath("data/start")
    for entry in sorted(start.iterdir(), key=lambda entry: entry.name):
        yield entry.name, entry.read_text(encoding="utf-8")


def _copy(name: str, text: str, folder: Path) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="\n")
    return str(path)
