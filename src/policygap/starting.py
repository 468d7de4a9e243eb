"""A folder's name comes in; a small study to start from, or what another coder needs, stands in the folder."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from .errors import Problem, StudyError, UsageError
from .io import read_package, write_package
from .io.naming import slug
from .package import Package, RawTable
from .study import Study, read_study

__all__ = ["start_study"]

# What a coder who has to be blind may see of a statement: what was said, by whom, where, and in answer to what. The
# other columns are judgements of those who coded it before.
_SEEN = ("id", "speaker", "text", "source", "locator", "question", "voice", "quantifier")
_CODEBOOK = ("sources", "groups", "actors", "questions", "themes", "targets")
_EMPTY_STATEMENTS = "id,speaker,text,kind,source,locator\n"
_EMPTY_CODINGS = "statement,code,kind,coder,polarity,reading,note\n"


def start_study(
    folder: str | Path, *, source: str | Path | None = None, codebook_only: bool = False
) -> tuple[str, ...]:
    """Write a small study of your own to start from, or another study, whole or for a coder of your own.

    Parameters
    ----------
    folder
        A folder that is new or empty, or a workbook (``.xlsx``) that is new.
    source
        The study to start from: a path, or the id of a bundled one; or a codebook of a coding program (``.qdc``).
        ``None``: a small invented study.
    codebook_only
        Only what another coder may see: the codebook, the speakers and the statements, without any coding, link,
        response or claim, and without what earlier coders said of a statement (its kind, addressees and notes).

    Returns
    -------
    tuple of str
        What was written, and what to do next, a line each.

    Raises
    ------
    UsageError
        Where the folder holds something, or can't be written.
    StudyError
        Where the source has problems.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     lines = start_study(f"{parent}/mine")
    ...     blind = start_study(f"{parent}/blind", source="smabystrategi", codebook_only=True)
    >>> lines[-1].startswith("Next:")
    True
    >>> [Path(line).name for line in blind[:3]]
    ['README.md', 'actors.csv', 'codings.csv']
    """
    place = Path(folder)
    if place.suffix.lower() == ".xlsx" and not place.exists():
        return _start_workbook(place, source, codebook_only=codebook_only)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(
            [Problem(file=str(place), what="it is there already", fix="name a folder that is new or empty")]
        )
    if source is None and codebook_only:
        raise UsageError([Problem(file="codebook_only", what="there is no codebook", fix="name the study it is from")])
    if source is None:
        _write(place, _texts("start"))
        todo = f"read {place / 'README.md'}, then run: policygap report {place}"
    elif codebook_only:
        write_package(_for_a_coder(read_study(source)), place)
        _write(place, {**_texts("coder"), "codings.csv": _EMPTY_CODINGS})
        todo = f"read {place / 'README.md'}, then fill in {place / 'codings.csv'}"
    elif Path(source).suffix.lower() == ".qdc" and Path(source).is_file():
        _start_from_codes(Path(source), place)
        todo = f"fill in {place / 'statements.csv'} and {place / 'codings.csv'}"
    else:
        read_study(source).write(place)
        todo = f"change it, then run: policygap check {place}"
    return (*sorted(str(path) for path in place.iterdir()), f"Next: {todo}")


def _start_workbook(place: Path, source: str | Path | None, *, codebook_only: bool) -> tuple[str, ...]:
    """The same tables as in a folder, as sheets of a workbook."""
    with TemporaryDirectory() as folder:
        start_study(Path(folder, slug(place.stem)), source=source, codebook_only=codebook_only)
        package = read_package(Path(folder, slug(place.stem)))
    if package.problems:
        raise StudyError(package.problems)
    write_package(package, place)
    return (str(place), f"Next: fill it in, then run: policygap check {place}")


def _texts(name: str) -> dict[str, str]:
    files = resources.files("policygap").joinpath("data", name).iterdir()
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in sorted(texts.items()):
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError([Problem(file=str(folder), what=f"it can't be written ({error.strerror})")]) from None


def _start_from_codes(codebook: Path, place: Path) -> None:
    package = read_package(codebook)
    if package.problems:
        raise StudyError(package.problems)
    write_package(package, place)
    _write(place, {"statements.csv": _EMPTY_STATEMENTS, "codings.csv": _EMPTY_CODINGS})


def _for_a_coder(study: Study) -> Package:
    tables = {name: study.tables[name] for name in _CODEBOOK}
    statements = study.statements
    texts = [f"text_{language}" for language in study.languages]
    tables["statements"] = statements[[name for name in statements.columns if name in (*_SEEN, *texts)]]
    for name, frame in tables.items():
        tables[name] = _without_notes(frame, study.languages)
    meta = {key: value for key, value in study.meta.items() if key != "default_coder"}
    raw = {name: RawTable(file=name, frame=frame) for name, frame in tables.items()}
    return Package(name=study.name, meta=meta, tables=raw)


def _without_notes(frame: pd.DataFrame, languages: tuple[str, ...]) -> pd.DataFrame:
    notes = ["note", *(f"note_{language}" for language in languages)]
    return frame.drop(columns=[name for name in notes if name in frame])
