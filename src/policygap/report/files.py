"""A study and a folder come in; a report's files stand in the folder, whole, or nothing is changed."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__
from ..choices import Choices
from ..coverage import measure_coverage
from ..errors import Problem, UsageError
from ..escaping import flat, for_spreadsheet
from ..evidence import collect_evidence
from ..study import Study
from .content import Content, gather_content
from .markdown import render_markdown

__all__ = ["collect_tables", "to_csv", "write_report"]

MANIFEST = "report.json"
"""The file that marks a folder as a report, and lists what is in it."""


def write_report(
    study: Study,
    out: str | Path,
    *,
    language: str = "en",
    choices: Choices | None = None,
    force: bool = False,
    **options: Any,
) -> tuple[Path, ...]:
    """Write the report of a study: a Markdown document and a CSV file for each table behind it.

    Parameters
    ----------
    study
        The study.
    out
        A folder: new, empty, or a report that is then replaced.
    language
        ``en`` or ``nb``.
    force
        Write into a folder that holds other things; they are left alone.
    choices, **options
        How to count: see :class:`policygap.choices.Choices`.

    Returns
    -------
    tuple of Path
        The files, the Markdown document first. The same study gives the same bytes.

    Raises
    ------
    UsageError
        Where the folder holds something else, or can't be written.

    Examples
    --------
    >>> import tempfile, policygap as pg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = pg.write_report(pg.read_study("smabystrategi"), folder)
    >>> files[0].name
    'report.md'
    """
    return write_content(gather_content(study, language, choices, **options), out, force=force)


def write_content(content: Content, out: str | Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write what was gathered; see :func:`write_report`."""
    folder = Path(out)
    texts = {"report.md": render_markdown(content)}
    texts |= {f"{name}.csv": to_csv(table) for name, table in collect_tables(content).items()}
    texts[MANIFEST] = _manifest(content, sorted(texts))
    _refuse(folder, force=force)
    try:
        return _put(folder, texts)
    except OSError as error:
        what = f"the report can't be written ({error.strerror or error})"
        raise UsageError([Problem(file=str(folder), what=what, fix="choose another folder with --out")]) from None


def _refuse(folder: Path, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError([Problem(file=str(folder), what="it is a file, no folder", fix="choose another folder")])
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file() and not force:
        fix = "choose another folder, or force it"
        raise UsageError([Problem(file=str(folder), what="the folder holds something that is no report", fix=fix)])


def _put(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    """Write everything beside its place first, then move it there, so that a full disk leaves the old report whole."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as waiting:
        for name, text in texts.items():
            with (Path(waiting) / name).open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        _remove_old(folder, texts)
        for name in texts:
            (Path(waiting) / name).replace(folder / name)
    return tuple(folder / name for name in texts)


def _remove_old(folder: Path, texts: Mapping[str, str]) -> None:
    """Take away files of an earlier report that this one does not have, by its own list."""
    with contextlib.suppress(OSError, ValueError):
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("files", [])
        for name in listed:
            if isinstance(name, str) and name == Path(name).name and name not in texts:
                (folder / name).unlink(missing_ok=True)


def _manifest(content: Content, files: list[str]) -> str:
    choices = {name: flat_choice(value) for name, value in content.choices.as_dict().items()}
    data = {
        "policygap": __version__,
        "study": content.study.name,
        "fingerprint": content.study.fingerprint,
        "language": content.language,
        "choices": choices,
        "files": files,
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def flat_choice(value: Any) -> Any:
    """A choice as JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): flat_choice(part) for name, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def collect_tables(content: Content) -> dict[str, pd.DataFrame]:
    """The tables behind a report, by file name without suffix; an index becomes the column ``id``."""
    coverage = content.coverage
    tables = {
        "gaps": pd.DataFrame([gap.to_dict() for gap in content.gaps]),
        "themes": coverage.themes.reset_index(),
        "targets": coverage.targets.reset_index(),
        "left_out": coverage.left_out,
        "sides": content.sides.reset_index(),
        "claims": content.claims.reset_index(),
        "speakers": content.speakers,
        "conflicts": content.conflicts,
        "notices": _notices(content),
        "evidence": collect_evidence(content.study, content.choices),
    }
    breakdown = measure_coverage(content.study, content.choices, by="group").breakdown
    if breakdown is not None:
        tables["by_group"] = breakdown
    return tables | {f"matrix_{_file_name(kind)}": matrix.to_long() for kind, matrix in content.matrices.items()}


def _file_name(kind: str) -> str:
    """A kind of target as part of a file's name: letters, digits and underscores."""
    return "".join(char if char.isalnum() and char.isascii() else "_" for char in kind)


def _notices(content: Content) -> pd.DataFrame:
    lines = [
        {"kind": notice.kind, "subjects": notice.subjects, "notice": notice.sentence(content.language)}
        for notice in content.study.notices
    ]
    return pd.DataFrame(lines, columns=["kind", "subjects", "notice"])


def to_csv(table: pd.DataFrame) -> str:
    """A table as CSV that is safe to open in a spreadsheet: what would be a formula there gets an apostrophe."""
    plain = pd.DataFrame({name: [_cell(value) for value in table[name]] for name in table.columns}, dtype=object)
    return plain.to_csv(index=False, lineterminator="\n")


def _cell(value: Any) -> Any:
    value = flat(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return for_spreadsheet(value) if isinstance(value, str) else value
